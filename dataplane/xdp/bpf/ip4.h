/* SPDX-License-Identifier: GPL-2.0-only OR MIT
 * IPv4 (RFC 791). */
#pragma once

#include "lookup.h"

struct addr4 {
	__u32 word[1];
};

inline_ __u32 service_at4(const struct addr4 *a, __be16 port, __u8 protocol)
{
	return find4(&addresses4, address_mask, a->word, port, protocol);
}

inline_ __u32 origin_at4(const struct addr4 *a, __be16 port, __u8 protocol)
{
	return find4(&origins4, origin_mask, a->word, port, protocol);
}

inline_ int is_neighbour4(const struct key4 *k, const struct endpoint *e)
{
	return !((k->source ^ e->address[0]) & e->mask[0]);
}

inline_ int is_address4(const __u32 *a, const struct addr4 *b)
{
	return a[0] == b->word[0];
}

inline_ void addresses_of4(const struct packet *p, struct key4 *k)
{
	const struct iphdr *ip = p->l3;

	k->source = ip->saddr;
	k->target = ip->daddr;
}

inline_ __u32 hash_of4(const struct packet *p, const __u32 *salt)
{
	const struct iphdr *ip = p->l3;

	return hash4(&ip->saddr, p->source_port, salt);
}

inline_ __u32 hash_of_key4(const struct key4 *k, const __u32 *salt)
{
	return hash4(&k->source, k->source_port, salt);
}

inline_ __u8 hops_left4(const struct packet *p)
{
	return ((const struct iphdr *)p->l3)->ttl;
}

inline_ __u8 is_whole4(const struct packet *p)
{
	return (((const struct iphdr *)p->l3)->frag_off & bpf_htons(0x4000)) != 0;
}

/* One hop less. */
inline_ void hop4(struct packet *p)
{
	struct iphdr *ip = p->l3;
	__u16 was = *(__u16 *)&ip->ttl;

	ip->ttl--;
	ip->check = resum(ip->check, changed16(was, *(__u16 *)&ip->ttl));
}

inline_ void set_ends4(struct packet *p, const struct addr4 *source, __be16 source_port, const struct addr4 *target, __be16 target_port)
{
	struct iphdr *ip = p->l3;
	struct udphdr *ports = p->l4; /* TCP's begins likewise */
	__u64 by = changed32(ip->saddr, source->word[0]) + changed32(ip->daddr, target->word[0]);

	ip->check = resum(ip->check, by);
	resum_l4(p, by + changed16(p->source_port, source_port) + changed16(p->target_port, target_port));
	ip->saddr = source->word[0];
	ip->daddr = target->word[0];
	ports->source = source_port;
	ports->dest = target_port;
}

inline_ void set_target4(struct packet *p, const struct endpoint *e, const struct addr4 *snat, __be16 snat_port)
{
	struct iphdr *ip = p->l3;
	struct udphdr *ports = p->l4;
	__u64 by = changed32(ip->daddr, e->address[0]);

	if (snat) {
		set_ends4(p, snat, snat_port, (const struct addr4 *)e->address, e->port);
		return;
	}
	ip->check = resum(ip->check, by);
	resum_l4(p, by + changed16(p->target_port, e->port));
	ip->daddr = e->address[0];
	ports->dest = e->port;
}

#define AF_INET 2

inline_ void fib_addresses4(struct bpf_fib_lookup *fib, const struct addr4 *source, const struct addr4 *target)
{
	fib->family = AF_INET;
	fib->ipv4_src = source->word[0];
	fib->ipv4_dst = target->word[0];
}
