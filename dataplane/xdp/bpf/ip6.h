/* SPDX-License-Identifier: GPL-2.0-only OR MIT
 * IPv6 (RFC 8200). */
#pragma once

#include "lookup.h"

struct addr6 {
	__u32 word[4];
};

inline_ __u32 service_at6(const struct addr6 *a, __be16 port, __u8 protocol)
{
	return find6(&addresses6, address_mask, a->word, port, protocol);
}

inline_ __u32 origin_at6(const struct addr6 *a, __be16 port, __u8 protocol)
{
	return find6(&origins6, origin_mask, a->word, port, protocol);
}

inline_ int is_neighbour6(const struct key6 *k, const struct endpoint *e)
{
	return !(((k->source[0] ^ e->address[0]) & e->mask[0]) | ((k->source[1] ^ e->address[1]) & e->mask[1]) |
		 ((k->source[2] ^ e->address[2]) & e->mask[2]) | ((k->source[3] ^ e->address[3]) & e->mask[3]));
}

inline_ int is_address6(const __u32 *a, const struct addr6 *b)
{
	return !((a[0] ^ b->word[0]) | (a[1] ^ b->word[1]) | (a[2] ^ b->word[2]) | (a[3] ^ b->word[3]));
}

inline_ void addresses_of6(const struct packet *p, struct key6 *k)
{
	const struct ipv6hdr *ip = p->l3;

	__builtin_memcpy(k->source, &ip->saddr, 16);
	__builtin_memcpy(k->target, &ip->daddr, 16);
}

inline_ __u32 hash_of6(const struct packet *p, const __u32 *salt)
{
	const struct ipv6hdr *ip = p->l3;

	return hash6(ip->saddr.s6_addr32, p->source_port, salt);
}

inline_ __u32 hash_of_key6(const struct key6 *k, const __u32 *salt)
{
	return hash6(k->source, k->source_port, salt);
}

inline_ __u8 hops_left6(const struct packet *p)
{
	return ((const struct ipv6hdr *)p->l3)->hop_limit;
}

inline_ __u8 is_whole6(const struct packet *p)
{
	return 1;
}

inline_ void hop6(struct packet *p)
{
	((struct ipv6hdr *)p->l3)->hop_limit--;
}

inline_ __u64 changed128(const __u32 *from, const __u32 *to)
{
	return changed32(from[0], to[0]) + changed32(from[1], to[1]) + changed32(from[2], to[2]) + changed32(from[3], to[3]);
}

inline_ void set_ends6(struct packet *p, const struct addr6 *source, __be16 source_port, const struct addr6 *target, __be16 target_port)
{
	struct ipv6hdr *ip = p->l3;
	struct udphdr *ports = p->l4;
	__u64 by = changed128(ip->saddr.s6_addr32, source->word) + changed128(ip->daddr.s6_addr32, target->word);

	resum_l4(p, by + changed16(p->source_port, source_port) + changed16(p->target_port, target_port));
	__builtin_memcpy(&ip->saddr, source, 16);
	__builtin_memcpy(&ip->daddr, target, 16);
	ports->source = source_port;
	ports->dest = target_port;
}

inline_ void set_target6(struct packet *p, const struct endpoint *e, const struct addr6 *snat, __be16 snat_port)
{
	struct ipv6hdr *ip = p->l3;
	struct udphdr *ports = p->l4;

	if (snat) {
		set_ends6(p, snat, snat_port, (const struct addr6 *)e->address, e->port);
		return;
	}
	resum_l4(p, changed128(ip->daddr.s6_addr32, e->address) + changed16(p->target_port, e->port));
	__builtin_memcpy(&ip->daddr, e->address, 16);
	ports->dest = e->port;
}

#define AF_INET6 10

inline_ void fib_addresses6(struct bpf_fib_lookup *fib, const struct addr6 *source, const struct addr6 *target)
{
	fib->family = AF_INET6;
	__builtin_memcpy(fib->ipv6_src, source, 16);
	__builtin_memcpy(fib->ipv6_dst, target, 16);
}
