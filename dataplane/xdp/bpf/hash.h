/* SPDX-License-Identifier: GPL-2.0-only OR MIT
 * Bob Jenkins' lookup3 (public domain, http://burtleburtle.net/bob/c/lookup3.c),
 * as package xdp computes it as well. */
#pragma once

#include "packet.h"

inline_ __u32 rol(__u32 x, int n)
{
	return x << n | x >> (32 - n);
}

#define jhash_mix(a, b, c)                \
	do {                              \
		a -= c; a ^= rol(c, 4);  c += b; \
		b -= a; b ^= rol(a, 6);  a += c; \
		c -= b; c ^= rol(b, 8);  b += a; \
		a -= c; a ^= rol(c, 16); c += b; \
		b -= a; b ^= rol(a, 19); a += c; \
		c -= b; c ^= rol(b, 4);  b += a; \
	} while (0)

#define jhash_final(a, b, c)          \
	do {                          \
		c ^= b; c -= rol(b, 14); \
		a ^= c; a -= rol(c, 11); \
		b ^= a; b -= rol(a, 25); \
		c ^= b; c -= rol(b, 16); \
		a ^= c; a -= rol(c, 4);  \
		b ^= a; b -= rol(a, 14); \
		c ^= b; c -= rol(b, 24); \
	} while (0)

/* The number of a connection, from its client's address and port. What it
 * connects to is in the salt. */
inline_ __u32 hash4(const __u32 *client, __be16 port, const __u32 *salt)
{
	__u32 a = *client + salt[0], b = salt[1], c = port;

	jhash_final(a, b, c);
	return c;
}

inline_ __u32 hash6(const __u32 *client, __be16 port, const __u32 *salt)
{
	__u32 a = client[0] + salt[0], b = client[1] + salt[1], c = client[2];

	jhash_mix(a, b, c);
	a += client[3];
	b += port;
	jhash_final(a, b, c);
	return c;
}
