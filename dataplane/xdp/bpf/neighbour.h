/* SPDX-License-Identifier: GPL-2.0-only OR MIT
 * Addresses that are spoken for: ARP (RFC 826, 5227), neighbour discovery (RFC
 * 4861), and echo (RFC 792, 4443). They stand on no interface. */
#pragma once

#include "lookup.h"

enum { ARP_REQUEST = 1, ARP_REPLY };

struct arp4 {
	__be16 hardware, protocol;
	__u8 hardware_size, protocol_size;
	__be16 operation;
	__u8 sender_mac[6];
	__u8 sender[4];
	__u8 target_mac[6];
	__u8 target[4];
} __attribute__((packed));

inline_ struct mac *speaks(struct xdp_md *ctx, __be16 vlan, __u16 family, const __u32 *address)
{
	struct speaker who = { .ifindex = ctx->ingress_ifindex, .vlan = vlan, .family = family };

	who.address[0] = address[0];
	if (family == 6) {
		who.address[1] = address[1];
		who.address[2] = address[2];
		who.address[3] = address[3];
	}
	return bpf_map_lookup_elem(&speakers, &who);
}

/* Answers requests and probes for an address that is ours. */
__noinline int arp(struct xdp_md *ctx, __u32 offset, __u32 vlan)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct arp4 *a;
	__u32 target;
	struct mac *own;

	if (offset > sizeof(struct ethhdr) + sizeof(struct vlan_tag))
		return leave();
	a = l3_at(data, offset);
	if ((void *)(eth + 1) > end || (void *)(a + 1) > end)
		return leave();
	if (a->operation != bpf_htons(ARP_REQUEST) || a->protocol != bpf_htons(ETH_P_IP) || a->protocol_size != 4 || a->hardware_size != 6)
		return leave();
	__builtin_memcpy(&target, a->target, 4);
	own = speaks(ctx, vlan, 4, &target);
	if (!own || !__builtin_memcmp(a->sender, a->target, 4)) /* an announcement by somebody else is none to answer */
		return leave();
	__builtin_memcpy(eth->h_dest, a->sender_mac, 6);
	__builtin_memcpy(eth->h_source, own->bytes, 6);
	a->operation = bpf_htons(ARP_REPLY);
	__builtin_memcpy(a->target_mac, a->sender_mac, 6);
	__builtin_memcpy(a->target, a->sender, 4);
	__builtin_memcpy(a->sender_mac, own->bytes, 6);
	__builtin_memcpy(a->sender, &target, 4);
	return XDP_TX;
}

struct solicitation {
	struct icmp6hdr icmp;
	__u32 target[4];
};

enum { SOLICITED = 1 << 30, OVERRIDE = 1 << 29 };

struct link_option {
	__u8 type, length;
	__u8 mac[6];
};

/* The sum of so many bytes, a multiple of 4, from which end is at least as far. */
inline_ __u64 sum_of(const void *from, __u32 bytes)
{
	const __u32 *word = from;
	__u64 sum = 0;

#pragma unroll
	for (__u32 i = 0; i < bytes / 4; i++)
		sum += word[i];
	return sum;
}

/* Answers neighbour solicitations for an address that is ours. One without
 * room for the option with our MAC address, a DAD probe, gets the answer to all
 * nodes (RFC 4861 section 7.2.4), in a frame that grows by it. */
__noinline int solicited(struct xdp_md *ctx, __u32 offset, __u32 vlan)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ipv6hdr *ip;
	struct ethhdr *eth;
	struct solicitation *n;
	struct link_option *o;
	__u32 target[4], all_nodes[4] = { bpf_htonl(0xff020000), 0, 0, bpf_htonl(1) };
	struct mac *own;
	int probe, spare;

	if (offset > sizeof(struct ethhdr) + sizeof(struct vlan_tag))
		return leave();
	ip = l3_at(data, offset);
	n = (void *)(ip + 1);
	if ((void *)(n + 1) > end)
		return leave();
	if (ip->hop_limit != 255 || n->icmp.code) /* not from this link */
		return leave();
	__builtin_memcpy(target, n->target, 16);
	own = speaks(ctx, vlan, 6, target);
	if (!own)
		return leave();
	spare = bpf_ntohs(ip->payload_len) - (int)sizeof(*n); /* options, which the answer has but one of */
	if (spare < 0 || spare > 1024)
		return leave();
	if (bpf_xdp_adjust_tail(ctx, (int)sizeof(struct link_option) - spare))
		return drop(HEADROOM);
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	eth = data;
	ip = l3_at(data, offset);
	n = (void *)(ip + 1);
	o = (void *)(n + 1);
	if ((void *)(eth + 1) > end || (void *)(o + 1) > end)
		return drop(MALFORMED);
	probe = !(ip->saddr.s6_addr32[0] | ip->saddr.s6_addr32[1] | ip->saddr.s6_addr32[2] | ip->saddr.s6_addr32[3]);
	if (probe) {
		__builtin_memcpy(&ip->daddr, all_nodes, 16);
		eth->h_dest[0] = eth->h_dest[1] = 0x33;
		eth->h_dest[2] = eth->h_dest[3] = eth->h_dest[4] = 0;
		eth->h_dest[5] = 1;
	} else {
		__builtin_memcpy(&ip->daddr, &ip->saddr, 16);
		__builtin_memcpy(eth->h_dest, eth->h_source, 6);
	}
	__builtin_memcpy(&ip->saddr, target, 16);
	__builtin_memcpy(eth->h_source, own->bytes, 6);
	ip->payload_len = bpf_htons(sizeof(*n) + sizeof(*o));
	n->icmp.type = ADVERTISEMENT;
	n->icmp.checksum = 0;
	n->icmp.rest = bpf_htonl(probe ? OVERRIDE : OVERRIDE | SOLICITED);
	o->type = 2;
	o->length = 1;
	__builtin_memcpy(o->mac, own->bytes, 6);
	n->icmp.checksum = ~fold(sum_of(&ip->saddr, 32) + sum_of(n, sizeof(*n) + sizeof(*o)) +
				    bpf_htons(IPPROTO_ICMPV6) + bpf_htons(sizeof(*n) + sizeof(*o)));
	return XDP_TX;
}

inline_ void swap_macs(struct ethhdr *eth)
{
	__u8 mac[6];

	__builtin_memcpy(mac, eth->h_source, 6);
	__builtin_memcpy(eth->h_source, eth->h_dest, 6);
	__builtin_memcpy(eth->h_dest, mac, 6);
}
