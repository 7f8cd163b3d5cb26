/* SPDX-License-Identifier: GPL-2.0-only OR MIT
 * The load balancer's program for XDP. See docs/dataplane.md for a packet's way
 * through it. */
#include "neighbour.h"

#include "ip4.h"
#define A struct addr4
#define F(x) x##4
#include "decision.h"
#include "entry.h"
#include "except.h"
#include "ports.h"
#include "track.h"
#include "choose.h"
#include "family.h"
#include "quote4.h"
#include "icmp.h"
#undef A
#undef F

#include "ip6.h"
#define A struct addr6
#define F(x) x##6
#include "decision.h"
#include "entry.h"
#include "except.h"
#include "ports.h"
#include "track.h"
#include "choose.h"
#include "family.h"
#include "quote6.h"
#include "icmp.h"
#undef A
#undef F

/* Answers an echo request for an address that is ours. */
__noinline int echo4(struct xdp_md *ctx, __u32 l3, __u32 l4)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct iphdr *ip;
	struct icmphdr *icmp;
	__u32 source;
	__u16 was;

	if (l3 > MAX_L3 || l4 > MAX_L3 + MAX_IP4)
		return XDP_DROP;
	ip = l3_at(data, l3);
	icmp = l4_at(data, ip, l4, sizeof(*ip));
	if (data + sizeof(struct ethhdr) > end || (void *)(ip + 1) > end || (void *)(icmp + 1) > end)
		return drop(MALFORMED);
	source = ip->saddr;
	ip->saddr = ip->daddr;
	ip->daddr = source;
	was = *(__u16 *)&ip->ttl;
	ip->ttl = 64;
	ip->check = resum(ip->check, changed16(was, *(__u16 *)&ip->ttl));
	was = *(__u16 *)icmp;
	icmp->type = ECHO_REPLY;
	icmp->checksum = resum(icmp->checksum, changed16(was, *(__u16 *)icmp));
	swap_macs(data);
	return XDP_TX;
}

__noinline int echo6(struct xdp_md *ctx, __u32 l3, __u32 l4)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ipv6hdr *ip;
	struct icmp6hdr *icmp;
	struct in6_addr source;
	__u16 was;

	if (l3 > MAX_L3 || l4 > MAX_L3 + sizeof(*ip) + MAX_EXTENSIONS)
		return XDP_DROP;
	ip = l3_at(data, l3);
	icmp = l4_at(data, ip, l4, sizeof(*ip));
	if (data + sizeof(struct ethhdr) > end || (void *)(ip + 1) > end || (void *)(icmp + 1) > end)
		return drop(MALFORMED);
	source = ip->saddr;
	ip->saddr = ip->daddr;
	ip->daddr = source;
	ip->hop_limit = 64;
	was = *(__u16 *)icmp;
	icmp->type = ECHO_REPLY6;
	icmp->checksum = resum(icmp->checksum, changed16(was, *(__u16 *)icmp));
	swap_macs(data);
	return XDP_TX;
}

/* A frame for many, such as one that a switch floods, may be another's. */
inline_ int is_to_group(const struct packet *p)
{
	return p->eth->h_dest[0] & 1;
}

inline_ int icmp4(struct xdp_md *ctx, struct packet *p)
{
	struct iphdr *ip = p->l3;
	struct icmphdr *icmp = p->l4;
	__u32 l3 = p->offset, l4 = l3 + ip->ihl * 4, ours;

	ours = service_at4((const struct addr4 *)&ip->daddr, 0, 0);
	if ((void *)(icmp + 1) > p->end)
		return ours ? drop(MALFORMED) : leave();
	switch (icmp->type) {
	case ECHO:
		return ours ? echo4(ctx, l3, l4) : leave();
	case UNREACHABLE:
	case TIME_EXCEEDED:
	case BAD_PARAMETER:
		return error4(ctx, l3, l4, p->vlan | (__u32)p->tagged << 16);
	}
	return ours ? drop(NO_SERVICE) : leave();
}

inline_ int icmp6(struct xdp_md *ctx, struct packet *p, __u32 l4)
{
	struct ipv6hdr *ip = p->l3;
	struct icmp6hdr *icmp = p->l4;
	__u32 l3 = p->offset, ours;

	if ((void *)(icmp + 1) > p->end)
		return leave();
	if (icmp->type == SOLICITATION)
		return solicited(ctx, l3, p->vlan);
	if (is_to_group(p))
		return leave();
	ours = service_at6((const struct addr6 *)&ip->daddr, 0, 0);
	switch (icmp->type) {
	case ECHO6:
		return ours ? echo6(ctx, l3, l4) : leave();
	case UNREACHABLE6:
	case PACKET_TOO_BIG6:
	case TIME_EXCEEDED6:
	case BAD_PARAMETER6:
		return error6(ctx, l3, l4, p->vlan | (__u32)p->tagged << 16);
	}
	return ours ? drop(NO_SERVICE) : leave();
}

/* A packet without a transport header that could be read. */
inline_ int opaque(__u32 ours, __u32 reason)
{
	return ours ? drop(reason) : leave();
}

inline_ int ip4(struct xdp_md *ctx, struct packet *p)
{
	struct iphdr *ip = p->l3;

	if ((void *)(ip + 1) > p->end || ip->version != 4 || ip->ihl < 5 || is_to_group(p))
		return leave();
	p->protocol = ip->protocol;
	p->length = bpf_ntohs(ip->tot_len);
	if (guarded && ip->ihl != 5)
		return opaque(service_at4((const struct addr4 *)&ip->daddr, 0, 0), OPTIONS);
	p->l4 = l4_at(p->l3, ip, ip->ihl * 4, sizeof(*ip));
	if (unlikely(ip->frag_off & bpf_htons(0x3fff)))
		return opaque(service_at4((const struct addr4 *)&ip->daddr, 0, 0), FRAGMENT);
	if (p->protocol == IPPROTO_TCP || p->protocol == IPPROTO_UDP)
		return transport4(ctx, p);
	if (p->protocol == IPPROTO_ICMP)
		return icmp4(ctx, p);
	return opaque(service_at4((const struct addr4 *)&ip->daddr, 0, 0), NO_SERVICE);
}

struct extension {
	__u8 next, length; /* in units of 8 bytes, less one */
};

#define EXTENSIONS 6

inline_ int ip6(struct xdp_md *ctx, struct packet *p)
{
	struct ipv6hdr *ip = p->l3;
	__u32 at = sizeof(*ip);
	__u8 next;

	if ((void *)(ip + 1) > p->end || ip->version != 6)
		return leave();
	next = ip->nexthdr;
	if (unlikely(next != IPPROTO_TCP && next != IPPROTO_UDP && next != IPPROTO_ICMPV6)) {
		if (guarded)
			return opaque(service_at6((const struct addr6 *)&ip->daddr, 0, 0), next == IPPROTO_FRAGMENT ? FRAGMENT : OPTIONS);
		for (int i = 0; i < EXTENSIONS; i++) {
			struct extension *x;

			if (next == IPPROTO_FRAGMENT)
				return opaque(service_at6((const struct addr6 *)&ip->daddr, 0, 0), FRAGMENT);
			if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS)
				break;
			if (at > sizeof(*ip) + MAX_EXTENSIONS - 8)
				break;
			x = p->l3 + at;
			if ((void *)(x + 1) > p->end)
				return opaque(service_at6((const struct addr6 *)&ip->daddr, 0, 0), MALFORMED);
			next = x->next;
			at += (x->length + 1) * 8;
		}
		if (at > sizeof(*ip) + MAX_EXTENSIONS || (next != IPPROTO_TCP && next != IPPROTO_UDP && next != IPPROTO_ICMPV6))
			return opaque(service_at6((const struct addr6 *)&ip->daddr, 0, 0), NO_SERVICE);
	}
	p->protocol = next;
	p->length = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	p->l4 = l4_at(p->l3, ip, at, sizeof(*ip));
	if (likely(next != IPPROTO_ICMPV6))
		return is_to_group(p) ? leave() : transport6(ctx, p);
	return icmp6(ctx, p, p->offset + at);
}

SEC("xdp.frags")
int balance(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	struct packet p = { .eth = data, .end = (void *)(long)ctx->data_end };
	__u32 offset = sizeof(struct ethhdr);
	__be16 type;

	if ((void *)(p.eth + 1) > p.end)
		return leave();
	type = p.eth->h_proto;
	if (unlikely(type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD))) {
		struct vlan_tag *tag = data + sizeof(struct ethhdr);

		if ((void *)(tag + 1) > p.end)
			return leave();
		p.tagged = 1;
		p.vlan = tag->tag & bpf_htons(0x0fff);
		type = tag->type;
		offset += sizeof(*tag);
	}
	p.offset = offset;
	p.l3 = l3_at(data, offset);
	if (type == bpf_htons(ETH_P_IP))
		return ip4(ctx, &p);
	if (type == bpf_htons(ETH_P_IPV6))
		return ip6(ctx, &p);
	if (type == bpf_htons(ETH_P_ARP))
		return arp(ctx, offset, p.vlan);
	return leave();
}

char _license[] SEC("license") = "Dual MIT/GPL";
