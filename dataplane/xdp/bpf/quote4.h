/* SPDX-License-Identifier: GPL-2.0-only OR MIT
 * The packet that an ICMP error quotes (RFC 792). */
#pragma once

#include "ip4.h"

#define MAX_L3 (sizeof(struct ethhdr) + sizeof(struct vlan_tag))
#define MAX_IP4 60

struct ports {
	__be16 source, target;
};

/* Reads what an error message is about. 0: nothing of ours. */
inline_ int read_quote4(struct xdp_md *ctx, __u32 l3, __u32 l4, struct quote4 *q)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct iphdr *ip, *quoted;
	struct ports *ports;
	__u32 length;

	if (l3 > MAX_L3 || l4 > MAX_L3 + MAX_IP4)
		return 0;
	ip = l3_at(data, l3);
	quoted = l4_at(data, ip, l4, sizeof(*ip)) + sizeof(struct icmphdr);
	if ((void *)(ip + 1) > end || (void *)(quoted + 1) > end)
		return 0;
	length = quoted->ihl * 4;
	if (quoted->version != 4 || length < sizeof(*quoted) || (guarded && length != sizeof(*quoted)) || quoted->frag_off & bpf_htons(0x1fff))
		return 0;
	if (quoted->protocol != IPPROTO_TCP && quoted->protocol != IPPROTO_UDP)
		return 0;
	length += l4 + sizeof(struct icmphdr);
	q->offset = length;
	if (length > MAX_L3 + 2 * MAX_IP4 + sizeof(struct icmphdr))
		return 0;
	ports = l4_at(data, quoted, length, sizeof(*quoted));
	if ((void *)(ports + 1) > end)
		return 0;
	q->hops = ip->ttl;
	q->source.word[0] = ip->saddr;
	q->target.word[0] = ip->daddr;
	q->key.source = quoted->saddr;
	q->key.target = quoted->daddr;
	q->key.source_port = ports->source;
	q->key.target_port = ports->target;
	q->key.protocol = quoted->protocol;
	return 1;
}

inline_ int write_quote4(struct xdp_md *ctx, __u32 l3, __u32 l4, const struct quote4 *q, const struct quoted4 *w, struct packet *p)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct iphdr *ip, *quoted;
	struct icmphdr *icmp;
	struct ports *ports;
	__u64 by, inner;
	__u32 offset = q->offset;
	__u16 was;

	apart(offset, 1); /* it is checked here */
	if (l3 > MAX_L3 || l4 > MAX_L3 + MAX_IP4 || offset > MAX_L3 + 2 * MAX_IP4 + sizeof(struct icmphdr))
		return 0;
	ip = l3_at(data, l3);
	icmp = l4_at(data, ip, l4, sizeof(*ip));
	quoted = (void *)(icmp + 1);
	ports = l4_at(data, quoted, offset, sizeof(*quoted));
	apart(ports, 0);
	if (data + sizeof(struct ethhdr) > end || (void *)(ip + 1) > end || (void *)(quoted + 1) > end || (void *)(ports + 1) > end)
		return 0;
	p->eth = data;
	p->l3 = ip;
	p->l4 = icmp;
	p->end = end;
	p->length = bpf_ntohs(ip->tot_len);
	p->offset = l3;
	by = changed32(ip->saddr, w->source.word[0]) + changed32(ip->daddr, w->target.word[0]);
	ip->check = resum(ip->check, by);
	ip->saddr = w->source.word[0];
	ip->daddr = w->target.word[0];
	inner = changed32(quoted->saddr, w->quoted_source.word[0]) + changed32(quoted->daddr, w->quoted_target.word[0]);
	was = quoted->check;
	quoted->check = resum(was, inner);
	quoted->saddr = w->quoted_source.word[0];
	quoted->daddr = w->quoted_target.word[0];
	by = inner + changed16(was, quoted->check) + changed16(ports->source, w->source_port) + changed16(ports->target, w->target_port);
	icmp->checksum = resum(icmp->checksum, by);
	ports->source = w->source_port;
	ports->target = w->target_port;
	hop4(p);
	return 1;
}
