/* SPDX-License-Identifier: GPL-2.0-only OR MIT
 * Reading and writing packets. */
#pragma once

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>

#include "maps.h"

#define inline_ static __always_inline
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* The kernel's own headers of these need a C library. */
struct icmphdr {
	__u8 type, code;
	__sum16 checksum;
	__be32 rest;
};

struct icmp6hdr {
	__u8 type, code;
	__sum16 checksum;
	__be32 rest;
};

enum { ECHO_REPLY = 0, UNREACHABLE = 3, ECHO = 8, TIME_EXCEEDED = 11, BAD_PARAMETER = 12 };
enum { UNREACHABLE6 = 1, PACKET_TOO_BIG6, TIME_EXCEEDED6, BAD_PARAMETER6, ECHO6 = 128, ECHO_REPLY6, SOLICITATION = 135, ADVERTISEMENT };

struct vlan_tag {
	__be16 tag, type;
};

/* What was found in a packet. The header pointers are good until the head is
 * adjusted. */
struct packet {
	struct ethhdr *eth;
	void *l3, *l4, *end;
	__u32 length, offset; /* of the IP packet, and where it begins in the frame */
	__u16 tagged;
	__be16 vlan; /* its number, if it is tagged */
	__be16 source_port, target_port;
	__u8 protocol;
	__u8 syn, fin, rst; /* of TCP; syn: the first packet of a connection */
};

inline_ __u32 now_ms(void)
{
	if (own_clock)
		return clock_ms;
	return bpf_ktime_get_coarse_ns() / 1000000;
}

inline_ void count(__u32 reason)
{
	__u64 *n = bpf_map_lookup_elem(&reasons, &reason);

	if (n)
		++*n;
}

inline_ int drop(__u32 reason)
{
	count(reason);
	return XDP_DROP;
}

/* What is none of a service's. */
inline_ int leave(void)
{
	count(LEFT_TO_HOST);
	return XDP_PASS;
}

/* Sums are of 16 bits in one's complement (RFC 1071), here in wider words. */
inline_ __u16 fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* A checksum after what it covers has changed by difference (RFC 1624). */
inline_ __u16 resum(__u16 sum, __u64 difference)
{
	return ~fold((__u64)(__u16)~sum + difference);
}

inline_ __u64 changed16(__u16 from, __u16 to)
{
	return (__u64)(__u16)~from + to;
}

inline_ __u64 changed32(__u32 from, __u32 to)
{
	return (__u64)(__u32)~from + to;
}

#define TAGGED (sizeof(struct ethhdr) + sizeof(struct vlan_tag))

/* A pointer moved by so many bytes, which the compiler does not know to be the
 * same thing as another such move: each is checked by itself. */
#define moved(pointer, bytes)                                             \
	({                                                                \
		void *at_ = (pointer);                                    \
		asm volatile("%0 += %1" : "+r"(at_) : "i"(bytes)); \
		at_;                                                      \
	})

/* Where the IP header is. */
inline_ void *l3_at(void *data, __u32 l3)
{
	if (!guarded)
		return data + l3;
	return l3 == TAGGED ? moved(data, TAGGED) : moved(data, sizeof(struct ethhdr));
}

/* Where the transport header is, behind an IP header of the usual size if that is
 * all that the verifier understands. */
#define l4_at(data, ip, l4, usual) (guarded ? moved((void *)(ip), usual) : (void *)(data) + (l4))

/* Keeps the compiler from doing with one variable offset what is written with
 * several fixed ones, and from computing a checked pointer anew. */
#define apart(x, i) asm volatile("" : "+r"(x) : "i"(i))

/* Ports and flags of TCP, or UDP. */
inline_ int parse_l4(struct packet *p)
{
	p->syn = p->fin = p->rst = 0;
	if (p->protocol == IPPROTO_TCP) {
		struct tcphdr *tcp = p->l4;

		if ((void *)(tcp + 1) > p->end)
			return MALFORMED;
		p->source_port = tcp->source;
		p->target_port = tcp->dest;
		p->fin = tcp->fin;
		p->rst = tcp->rst;
		p->syn = tcp->syn && !tcp->ack && !tcp->rst && !tcp->fin;
	} else {
		struct udphdr *udp = p->l4;

		if ((void *)(udp + 1) > p->end)
			return MALFORMED;
		p->source_port = udp->source;
		p->target_port = udp->dest;
	}
	return OK;
}

/* The L4 checksum after addresses and ports have changed. parse_l4 has looked at
 * the bounds; the verifier does not remember. */
inline_ void resum_l4(struct packet *p, __u64 difference)
{
	if (p->protocol == IPPROTO_TCP) {
		struct tcphdr *tcp = p->l4;

		if ((void *)(tcp + 1) <= p->end)
			tcp->check = resum(tcp->check, difference);
	} else {
		struct udphdr *udp = p->l4;

		if (udp->check) { /* 0 = none (RFC 768) */
			udp->check = resum(udp->check, difference);
			if (!udp->check)
				udp->check = 0xffff;
		}
	}
}

/* Other CPUs may do the same. The guarded program is built for an instruction set
 * without these: its registers have no 32-bit halves, whose spills the verifier
 * would not let take a pointer's place on the stack. */
#ifdef GUARDED
#define set_bits(word, bits) (*(word) |= (bits))
#define clear_bits(word, bits) (*(word) &= ~(bits))
#else
#define set_bits(word, bits) __sync_fetch_and_or(word, bits)
#define clear_bits(word, bits) __sync_fetch_and_and(word, ~(bits))
#endif

/* Where a frame goes. */
struct hop {
	__u32 ifindex;
	__be16 vlan;
	__u16 mtu; /* 0 = not known */
	__u8 mac[6];
	__u8 source[6];
};

/* Sends the frame: writes its link header, with or without a VLAN tag. */
inline_ int send(struct xdp_md *ctx, struct packet *p, const struct hop *to)
{
	struct ethhdr *eth = p->eth;
	__be16 type = eth->h_proto;

	if (unlikely(to->mtu && p->length > to->mtu))
		return drop(MTU);
	if (unlikely(p->tagged || to->vlan)) {
		if (p->tagged && !to->vlan) {
			if ((void *)(eth + 1) + sizeof(struct vlan_tag) > p->end)
				return drop(MALFORMED);
			type = ((struct vlan_tag *)(eth + 1))->type;
			if (bpf_xdp_adjust_head(ctx, sizeof(struct vlan_tag)))
				return drop(HEADROOM);
		} else if (!p->tagged) {
			if (bpf_xdp_adjust_head(ctx, -(int)sizeof(struct vlan_tag)))
				return drop(HEADROOM);
		}
		eth = (void *)(long)ctx->data;
		if ((void *)(eth + 1) + sizeof(struct vlan_tag) > (void *)(long)ctx->data_end)
			return drop(MALFORMED);
		if (to->vlan) {
			struct vlan_tag *tag = (void *)(eth + 1);

			if (!p->tagged) {
				tag->type = type;
				type = bpf_htons(ETH_P_8021Q);
			}
			tag->tag = to->vlan;
		}
		eth->h_proto = type;
	}
	__builtin_memcpy(eth->h_dest, to->mac, 6);
	__builtin_memcpy(eth->h_source, to->source, 6);
	if (to->ifindex == ctx->ingress_ifindex)
		return XDP_TX;
	return bpf_redirect(to->ifindex, 0);
}
