//go:build ignore

// What the program under test is held against: the floor, and a connection
// table as most load balancers in XDP have it.

#include "packet.h"

char licence[] SEC("license") = "Dual MIT/GPL";

struct backend {
	__u8 macs[12]; /* destination and source, as in the frame */
	__be16 port;
	__u16 pad;
	__be32 address[4]; /* IPv4: the first */
};

struct flow4 {
	__be32 client, vip;
	__be32 ports;
	__u32 protocol;
};

struct flow6 {
	__be32 client[4], vip[4];
	__be32 ports;
	__u32 protocol;
};

struct service4 {
	__be32 vip;
	__be16 port;
	__u16 protocol;
};

struct service6 {
	__be32 vip[4];
	__be16 port;
	__u16 protocol;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1); /* Go knows how many */
	__type(key, struct flow4);
	__type(value, __u32);
} flows4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct flow6);
	__type(value, __u32);
} flows6 SEC(".maps");

/* Services have a number, and so many backends each. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct service4);
	__type(value, __u32);
} services4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct service6);
	__type(value, __u32);
} services6 SEC(".maps");

#define BACKENDS 4 /* of a service */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 32768 * BACKENDS);
	__type(key, __u32);
	__type(value, struct backend);
} backends SEC(".maps");

/* bare is the floor: it reads what every balancer has to read, and sends the frame back. */
SEC("xdp.frags")
int bare(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct tcphdr *tcp;

	if ((void *)(eth + 1) > end)
		return XDP_PASS;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl != 5 || ip->protocol != IPPROTO_TCP)
			return XDP_PASS;
		tcp = (void *)(ip + 1);
	} else if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end || ip->version != 6 || ip->nexthdr != IPPROTO_TCP)
			return XDP_PASS;
		tcp = (void *)(ip + 1);
	} else {
		return XDP_PASS;
	}
	if ((void *)(tcp + 1) > end || tcp->doff < 5)
		return XDP_PASS;
	return XDP_TX;
}

/* mixed is a hash of the ports and the client: good enough to choose by once. */
inline_always __u32 mixed(__be32 client, __be32 ports)
{
	__u32 hash = client ^ (ports * 2654435761u);

	hash ^= hash >> 15;
	return (hash * 2246822519u) >> 16;
}

inline_always void send_to(void *data, const struct backend *to)
{
	__builtin_memcpy(data, to->macs, sizeof(to->macs));
}

/* lru4 looks the connection up, and chooses a backend if there is none. */
SEC("xdp.frags")
int lru4(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp = (void *)(ip + 1);
	struct flow4 flow = {};
	struct backend *to;
	__u32 *known, index;
	__u64 sum;

	if ((void *)(tcp + 1) > end)
		return XDP_PASS;
	if (eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5 || ip->protocol != IPPROTO_TCP ||
	    ip->frag_off & bpf_htons(0x3fff) || ip->ttl <= 1)
		return XDP_PASS;
	flow.client = ip->saddr;
	flow.vip = ip->daddr;
	flow.ports = *(__be32 *)tcp;
	flow.protocol = IPPROTO_TCP;
	known = bpf_map_lookup_elem(&flows4, &flow);
	if (known) {
		index = *known;
	} else {
		struct service4 key = {.vip = ip->daddr, .port = tcp->dest, .protocol = IPPROTO_TCP};
		__u32 *service = bpf_map_lookup_elem(&services4, &key);

		if (!service)
			return XDP_PASS;
		index = *service * BACKENDS + mixed(flow.client, flow.ports) % BACKENDS;
		bpf_map_update_elem(&flows4, &flow, &index, BPF_ANY);
	}
	to = bpf_map_lookup_elem(&backends, &index);
	if (!to)
		return XDP_DROP;

	sum = (__u64)(__u16)~tcp->check + (__u32)~ip->daddr + (__u16)~tcp->dest + to->address[0] + to->port;
	tcp->check = ~fold(sum);
	sum = (__u64)(__u16)~ip->check + (__u32)~ip->daddr + to->address[0] + bpf_htons(0xfeff); /* one hop less */
	ip->check = ~fold(sum);
	ip->ttl--;
	ip->daddr = to->address[0];
	tcp->dest = to->port;
	send_to(data, to);
	return XDP_TX;
}

SEC("xdp.frags")
int lru6(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct ipv6hdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp = (void *)(ip + 1);
	struct flow6 flow = {};
	struct backend *to;
	__u32 *known, index, *from;
	__u64 sum;

	if ((void *)(tcp + 1) > end)
		return XDP_PASS;
	if (eth->h_proto != bpf_htons(ETH_P_IPV6) || ip->nexthdr != IPPROTO_TCP || ip->hop_limit <= 1)
		return XDP_PASS;
	__builtin_memcpy(flow.client, &ip->saddr, 16);
	__builtin_memcpy(flow.vip, &ip->daddr, 16);
	flow.ports = *(__be32 *)tcp;
	flow.protocol = IPPROTO_TCP;
	known = bpf_map_lookup_elem(&flows6, &flow);
	if (known) {
		index = *known;
	} else {
		struct service6 key = {.port = tcp->dest, .protocol = IPPROTO_TCP};
		__u32 *service;

		__builtin_memcpy(key.vip, &ip->daddr, 16);
		service = bpf_map_lookup_elem(&services6, &key);
		if (!service)
			return XDP_PASS;
		index = *service * BACKENDS + mixed(flow.client[3], flow.ports) % BACKENDS;
		bpf_map_update_elem(&flows6, &flow, &index, BPF_ANY);
	}
	to = bpf_map_lookup_elem(&backends, &index);
	if (!to)
		return XDP_DROP;

	from = (__u32 *)&ip->daddr;
	sum = (__u64)(__u16)~tcp->check + (__u16)~tcp->dest + to->port;
	sum += (__u64)(__u32)~from[0] + (__u32)~from[1] + (__u32)~from[2] + (__u32)~from[3];
	sum += (__u64)to->address[0] + to->address[1] + to->address[2] + to->address[3];
	tcp->check = ~fold(sum);
	ip->hop_limit--;
	from[0] = to->address[0];
	from[1] = to->address[1];
	from[2] = to->address[2];
	from[3] = to->address[3];
	tcp->dest = to->port;
	send_to(data, to);
	return XDP_TX;
}
