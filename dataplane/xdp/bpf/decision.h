/* SPDX-License-Identifier: GPL-2.0-only OR MIT
 * What functions tell each other about packets. Included
 * once for each address family, with F(x) the name x of that family. */

/* What was decided about a packet: an endpoint, or a reason to drop it. */
struct F(decision) {
	__u32 reason;
	__u32 endpoint;
	__u32 is_new;
	__u16 snats; /* the packet's source becomes: */
	__be16 snat_port;
	A snat;
};

/* An error message, as far as it was understood. */
struct F(quote) {
	struct F(key) key;  /* of the packet that it quotes */
	struct F(key) flow; /* of the connection, as its client has it */
	A source, target;  /* of the message */
	__u32 offset;      /* of the quoted packet's ports, in the frame */
	__u32 hops;        /* that the message has left */
};

/* What the message and its quote get for addresses and ports. */
struct F(quoted) {
	A source, target;
	A quoted_source, quoted_target;
	__be16 source_port, target_port;
};

/* A client's packet, as far as a connection is concerned. */
struct F(segment) {
	struct F(key) key;
	__u32 service; /* its number + 1 */
	__u32 hash, row;
	__u32 ifindex; /* where it came from */
	__u8 mac[6];
	__be16 vlan;
	__u8 syn, fin, rst;
	__u8 hairpin; /* its endpoint would answer the client directly */
};

/* What becomes of an endpoint's packet. */
struct F(answer) {
	__u32 verdict; /* XDP_TX: it goes to hop; XDP_PASS: it is left to the host, rewritten if rewrites */
	__u32 reason;
	__u32 rewrites;
	A source, target;
	__be16 source_port, target_port;
	struct hop hop;
};

/* What an endpoint has sent. */
struct F(sent) {
	struct F(key) key;
	__u32 origin; /* whose endpoint it is */
	__u32 length;
	__u8 fin, rst;
	__u8 whole; /* it may not be cut into fragments */
};

/* Room that the stack does not have. A program is alone on its CPU. */
struct F(scratch) {
	struct F(segment) segment;
	struct F(decision) decision;
	struct F(sent) sent;
	struct F(answer) answer;
	struct F(quote) quote;
	struct F(quoted) quoted;
	struct hop hop;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct F(scratch));
} F(scratches) SEC(".maps");

inline_ struct F(scratch) *F(scratch_of)(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&F(scratches), &zero);
}
