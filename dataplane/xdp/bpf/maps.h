/* SPDX-License-Identifier: GPL-2.0-only OR MIT
 * What the program is told (by package xdp, which mirrors these layouts) and
 * what it remembers. */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* Without CAP_PERFMON the verifier knows no variable offsets in packets: the
 * program that is built for that understands no options in IP headers. */
#ifdef GUARDED
#define guarded 1
#else
#define guarded 0
#endif

/* Set before the program is loaded. */
const volatile __u32 address_mask = 0; /* how many buckets addresses have, less one */
const volatile __u32 origin_mask = 0;  /* likewise */
const volatile __u32 embryonic_ms = 0; /* how long an unanswered TCP connection is remembered */
const volatile __u32 closing_ms = 0;   /* how long one that both sides have ended is */
const volatile __u8 own_clock = 0;     /* a test sets now_ms */

volatile __u32 clock_ms; /* for own_clock */

/* changes while the program runs */
struct globals {
	__u32 snat4, snat6; /* how many addresses there are in snat4 and snat6 */
	__u32 crowded;      /* when a connection found no room, in ms */
	__u32 direct;       /* somebody connects to an endpoint past its service */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct globals);
} settings SEC(".maps");

/* What an address is, beside a service's: bits of the value of {address, 0, 0}. */
enum { IS_VIP = 1, IS_SNAT = 2, IS_GATEWAY = 4 };

/* A bucket is a cache line. A key has two buckets in which it can be; 0 = free.
 * The key's last eight bytes are written last, in one store. */
struct bucket4 {
	__u64 key[4]; /* address, port << 32, protocol << 48 */
	__u32 value[4];
	__u64 pad[2];
};

struct slot6 {
	__u64 address[2];
	__u32 service; /* port, protocol << 16 */
	__u32 value;
};

struct bucket6 {
	struct slot6 slot[2];
	__u64 pad[2];
};

#define BUCKETS(name, kind)                       \
	struct {                                  \
		__uint(type, BPF_MAP_TYPE_ARRAY); \
		__uint(max_entries, 1);           \
		__uint(map_flags, BPF_F_MMAPABLE); \
		__type(key, __u32);               \
		__type(value, kind);              \
	} name SEC(".maps")

BUCKETS(addresses4, struct bucket4); /* what clients connect to -> service + 1, or IS_... */
BUCKETS(addresses6, struct bucket6);
BUCKETS(origins4, struct bucket4); /* where replies come from -> service + 1, ORIGIN_SHARED */
BUCKETS(origins6, struct bucket6);

enum { ORIGIN_SHARED = 1u << 31 }; /* of several services: a return entry says of which */

enum {
	TRACKS = 1, /* every connection is remembered */
	SNATS = 2,  /* one-arm */
	NEIGHBOURS = 8, /* some endpoints have clients in their own network: SNAT for these */
	SHARES = 4, /* its endpoints serve another service as well: replies are found by return entries */
};

struct service {
	__u64 rows;     /* number of the first one, their count << 32: changed in one step */
	__u64 old_rows; /* of the table before its size changed */
	__u32 endpoints; /* number of the endpoint with index 0, which is none */
	__u32 idle_ms;
	__u32 salt[2]; /* secret; of VIP, port and protocol */
	__u32 vip[4];
	__be16 port;
	__u8 protocol;
	__u8 flags;
	__u32 hairpins; /* it has had a connection with a SNAT address for its client is a neighbour */
	__u32 spare[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct service);
} services SEC(".maps");

/* A row: endpoint of new connections, of those from before the oldest open
 * change, and state. */
#define ROW_NOW(w) ((w) & 0x3fff)
#define ROW_BEFORE(w) ((w) >> 14 & 0x3fff)
#define ROW_STATE(w) ((w) >> 28 & 3)
enum { STABLE = 0, CHANGING = 1, EXCEPTED = 2 };
#define OLD_TABLE 0x3fff

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64); /* two rows: an array's values are as large */
} rows SEC(".maps");

enum { DOWN = 1, DRAINS = 2 };

struct endpoint {
	__u32 address[4];
	__u32 mask[4]; /* of its network: clients in it would be answered directly */
	__u8 mac[6];   /* of the next hop */
	__be16 vlan;   /* 0 = none */
	__u8 source[6];
	__u16 mtu;
	__u32 ifindex; /* 0: the next hop is not known */
	__be16 port;
	__u8 flags;
	__u8 spare[9];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct endpoint);
} endpoints SEC(".maps");

struct counters {
	__u64 packets, bytes, connections, replies;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counters);
} traffic SEC(".maps");

/* Why a packet was dropped. Package xdp has the names. */
enum reason {
	OK = 0,
	MALFORMED,
	FRAGMENT,
	NO_SERVICE,
	NO_ENDPOINT,
	NO_FLOW,
	NO_PORT,
	NO_ROOM,
	NO_NEXT_HOP,
	HAIRPIN,
	COLLISION,
	TTL,
	MTU,
	OPTIONS,
	HEADROOM,
	LEFT_TO_HOST, /* no drop: what was none of a service's */
	CROWDED,      /* no drop: a connection that should be remembered was not */
	UNSETTLED,    /* no drop: an answered connection stays among those that make room */
	REASONS
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, REASONS);
	__type(key, __u32);
	__type(value, __u64);
} reasons SEC(".maps");

/* An interface that frames can leave by: the device below a VLAN's, and the tag. */
struct port {
	__u32 ifindex;
	__be16 vlan;
	__u16 mtu;
	__u8 mac[6];
	__u16 spare;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct port);
} ports SEC(".maps");

/* Who may be spoken for on which interface, and with which MAC address. */
struct speaker {
	__u32 ifindex;
	__be16 vlan;
	__u16 family; /* 4 or 6 */
	__u32 address[4];
};

struct mac {
	__u8 bytes[6];
	__u16 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct speaker);
	__type(value, struct mac);
} speakers SEC(".maps");

/* A remembered connection. */
enum {
	EMBRYONIC = 1,     /* nothing but SYNs was seen of it */
	CONFIRMED = 2,     /* it was answered */
	CLIENT_ENDS = 4,   /* has sent a FIN */
	ENDPOINT_ENDS = 8, /* likewise */
	WAS_RESET = 16,    /* by the endpoint */
};

struct flow {
	__u32 last; /* when its last packet came, in ms */
	__u32 flags;
	__u16 endpoint;
	__be16 snat_port;
	__u32 snat; /* number of the address + 1; 0: none */
	__u32 ifindex; /* where its client's packets come from */
	__u8 mac[6];
	__be16 vlan;
};

struct snat4 {
	__be32 address;
	__u16 first, last;
};

struct snat6 {
	__u32 address[4];
	__u16 first, last;
};

struct key4 {
	__u32 source, target;
	__be16 source_port, target_port;
	__u8 protocol;
	__u8 zero[3];
};

struct key6 {
	__u32 source[4], target[4];
	__be16 source_port, target_port;
	__u8 protocol;
	__u8 zero[3];
};

#define FLOWS(name, kind, k, v)            \
	struct {                           \
		__uint(type, kind);        \
		__uint(max_entries, 1);    \
		__type(key, k);            \
		__type(value, v);          \
	} name SEC(".maps")

#define FAMILY_MAPS(n)                                                                    \
	FLOWS(exceptions##n, BPF_MAP_TYPE_HASH, struct key##n, struct flow);              \
	FLOWS(exceptions_new##n, BPF_MAP_TYPE_LRU_HASH, struct key##n, struct flow);      \
	FLOWS(flows##n, BPF_MAP_TYPE_HASH, struct key##n, struct flow);                   \
	FLOWS(flows_new##n, BPF_MAP_TYPE_LRU_HASH, struct key##n, struct flow);           \
	FLOWS(returns##n, BPF_MAP_TYPE_HASH, struct key##n, struct key##n);               \
	FLOWS(returns_new##n, BPF_MAP_TYPE_LRU_HASH, struct key##n, struct key##n);       \
	FLOWS(direct##n, BPF_MAP_TYPE_LRU_HASH, struct key##n, __u32);                    \
	FLOWS(snats##n, BPF_MAP_TYPE_ARRAY, __u32, struct snat##n)

FAMILY_MAPS(4);
FAMILY_MAPS(6);
