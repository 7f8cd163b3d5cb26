/* SPDX-License-Identifier: GPL-2.0-only OR MIT
 * The packet that an ICMPv6 error quotes (RFC 4443). */
#pragma once

#include "ip6.h"

#define MAX_EXTENSIONS 256

inline_ int read_quote6(struct xdp_md *ctx, __u32 l3, __u32 l4, struct quote6 *q)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ipv6hdr *ip, *quoted;
	struct ports *ports;

	if (l3 > MAX_L3 || l4 > MAX_L3 + sizeof(*ip) + MAX_EXTENSIONS)
		return 0;
	ip = l3_at(data, l3);
	quoted = l4_at(data, ip, l4, sizeof(*ip)) + sizeof(struct icmp6hdr);
	ports = (void *)(quoted + 1);
	if ((void *)(ip + 1) > end || (void *)(ports + 1) > end)
		return 0;
	if (quoted->version != 6 || (quoted->nexthdr != IPPROTO_TCP && quoted->nexthdr != IPPROTO_UDP))
		return 0;
	q->hops = ip->hop_limit;
	__builtin_memcpy(&q->source, &ip->saddr, 16);
	__builtin_memcpy(&q->target, &ip->daddr, 16);
	__builtin_memcpy(q->key.source, &quoted->saddr, 16);
	__builtin_memcpy(q->key.target, &quoted->daddr, 16);
	q->key.source_port = ports->source;
	q->key.target_port = ports->target;
	q->key.protocol = quoted->nexthdr;
	return 1;
}

inline_ int write_quote6(struct xdp_md *ctx, __u32 l3, __u32 l4, const struct quote6 *q, const struct quoted6 *w, struct packet *p)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ipv6hdr *ip, *quoted;
	struct icmp6hdr *icmp;
	struct ports *ports;
	__u64 by;

	if (l3 > MAX_L3 || l4 > MAX_L3 + sizeof(*ip) + MAX_EXTENSIONS)
		return 0;
	ip = l3_at(data, l3);
	icmp = l4_at(data, ip, l4, sizeof(*ip));
	quoted = (void *)(icmp + 1);
	ports = (void *)(quoted + 1);
	if (data + sizeof(struct ethhdr) > end || (void *)(ip + 1) > end || (void *)(ports + 1) > end)
		return 0;
	p->eth = data;
	p->l3 = ip;
	p->l4 = icmp;
	p->end = end;
	p->length = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	p->offset = l3;
	by = changed128(ip->saddr.s6_addr32, w->source.word) + changed128(ip->daddr.s6_addr32, w->target.word) +
	     changed128(quoted->saddr.s6_addr32, w->quoted_source.word) + changed128(quoted->daddr.s6_addr32, w->quoted_target.word) +
	     changed16(ports->source, w->source_port) + changed16(ports->target, w->target_port);
	icmp->checksum = resum(icmp->checksum, by);
	__builtin_memcpy(&ip->saddr, &w->source, 16);
	__builtin_memcpy(&ip->daddr, &w->target, 16);
	__builtin_memcpy(&quoted->saddr, &w->quoted_source, 16);
	__builtin_memcpy(&quoted->daddr, &w->quoted_target, 16);
	ports->source = w->source_port;
	ports->target = w->target_port;
	hop6(p);
	return 1;
}
