/* Frames as the programs here know them: Ethernet, IPv4 or IPv6, TCP. */
#pragma once

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* Offsets of what is rewritten, in frames without options. */
#define IPV4_CHECK 24
#define IPV4_SOURCE 26
#define IPV4_DESTINATION 30
#define IPV4_PORTS 34
#define IPV4_TCP_CHECK 50
#define IPV6_SOURCE_TAIL 34 /* the last four bytes */
#define IPV6_DESTINATION_TAIL 50
#define IPV6_PORTS 54
#define IPV6_TCP_CHECK 70

#define inline_always static __attribute__((always_inline))

#define field(data, offset, type) (*(type *)((char *)(data) + (offset)))

/* fold makes a sum of 16-bit words one such word. */
inline_always __u16 fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}
