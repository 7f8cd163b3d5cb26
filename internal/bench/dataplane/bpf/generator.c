//go:build ignore

// Turns one replayed frame into many flows, and hands it to the program that is
// measured. What that program rewrote last time is written anew: the kernel
// repeats a test run with the same buffer.

#include "packet.h"

char licence[] SEC("license") = "Dual MIT/GPL";

/* stream says which frames to make. Go writes it. */
struct {
	__u64 frame[10];     /* the frame, without what differs; its length is the test run's */
	__u64 network_sum;   /* IPv4 header, without the addresses */
	__u64 transport_sum; /* TCP header and pseudo header, without addresses and client port */
	__u32 client;        /* first client address, or its last four bytes; host order */
	__u32 vip;           /* first VIP, likewise */
	__u32 flows;         /* how many */
	__u32 stride;        /* from one flow to the next; no divisor in common with flows */
	__u32 vips;          /* how many */
	__u32 at;            /* the next flow */
} stream;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} measured SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} received SEC(".maps");

/* A frame that comes in from a network is in the caches, and no longer on its
 * way there: an atomic operation waits until it is. */
__u64 made;

inline_always void arrive(void)
{
	__sync_fetch_and_add(&made, 1);
}

/* next_flow goes through all flows, in an order that no prefetcher follows once
 * it is hashed. */
inline_always __u32 next_flow(void)
{
	__u32 flow = stream.at, next = flow + stream.stride;

	if (next >= stream.flows)
		next -= stream.flows;
	stream.at = next;
	return flow;
}

/* Each flow has a client address and port of its own ... */
inline_always __be32 client_of(__u32 flow)
{
	return bpf_htonl(stream.client + (flow & 0xffff));
}

inline_always __be16 port_of(__u32 flow)
{
	return bpf_htons(1024 + ((flow >> 16) & 0x7fff));
}

/* ... and always the same VIP. */
inline_always __be32 vip_of(__u32 flow)
{
	return bpf_htonl(stream.vip + (__u32)(((__u64)(flow * 2654435761u) * stream.vips) >> 32));
}

SEC("xdp.frags")
int generate4(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u64 *words = data, addresses;
	__be32 client, vip;
	__be16 port;
	__u32 flow;

	if (data + 60 > end)
		return XDP_ABORTED;
	flow = next_flow();
	client = client_of(flow);
	vip = vip_of(flow);
	port = port_of(flow);
	addresses = (__u64)client + vip;

	words[0] = stream.frame[0];
	words[1] = stream.frame[1];
	words[2] = stream.frame[2];
	words[3] = stream.frame[3];
	words[4] = stream.frame[4];
	words[5] = stream.frame[5];
	words[6] = stream.frame[6];
	field(data, IPV4_CHECK, __u16) = ~fold(stream.network_sum + addresses);
	field(data, IPV4_SOURCE, __be32) = client;
	field(data, IPV4_DESTINATION, __be32) = vip;
	field(data, IPV4_PORTS, __be16) = port;
	field(data, IPV4_TCP_CHECK, __u16) = ~fold(stream.transport_sum + addresses + port);
	arrive();
	bpf_tail_call_static(ctx, &measured, 0);
	return XDP_ABORTED;
}

SEC("xdp.frags")
int generate6(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u64 *words = data;
	__be32 client, vip;
	__be16 port;
	__u32 flow;

	if (data + 74 > end)
		return XDP_ABORTED;
	flow = next_flow();
	client = client_of(flow);
	vip = vip_of(flow);
	port = port_of(flow);

	words[0] = stream.frame[0];
	words[1] = stream.frame[1];
	words[2] = stream.frame[2];
	words[3] = stream.frame[3];
	words[4] = stream.frame[4];
	words[5] = stream.frame[5];
	words[6] = stream.frame[6];
	words[7] = stream.frame[7];
	words[8] = stream.frame[8];
	field(data, IPV6_SOURCE_TAIL, __be32) = client;
	field(data, IPV6_DESTINATION_TAIL, __be32) = vip;
	field(data, IPV6_PORTS, __be16) = port;
	field(data, IPV6_TCP_CHECK, __u16) = ~fold(stream.transport_sum + client + vip + port);
	arrive();
	bpf_tail_call_static(ctx, &measured, 0);
	return XDP_ABORTED;
}

/* back returns at once: what is left is the generator's own cost. */
SEC("xdp.frags")
int back(struct xdp_md *ctx)
{
	return XDP_TX;
}

/* pass leaves the frame to the kernel. */
SEC("xdp.frags")
int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

/* sink counts frames that have come through, and ends them. */
SEC("xdp.frags")
int sink(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *count = bpf_map_lookup_elem(&received, &key);

	if (count)
		(*count)++;
	return XDP_DROP;
}
