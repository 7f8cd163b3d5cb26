/* SPDX-License-Identifier: GPL-2.0-only OR MIT
 * From an address to what stands behind it. */
#pragma once

#include "hash.h"

/* Package xdp places keys by the same function: MurmurHash3's finalizer (Austin
 * Appleby, public domain). */
inline_ __u64 spread(__u64 x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccd;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53;
	return x ^ x >> 33;
}

inline_ __u64 word4(__u32 address, __be16 port, __u8 protocol)
{
	return address | (__u64)port << 32 | (__u64)protocol << 48;
}

#define return_value4(b, i)                                             \
	if (*(volatile __u64 *)&(b)->key[i] == key) {                   \
		__u32 value = *(volatile __u32 *)&(b)->value[i];        \
		apart(value, i);                                        \
		return value;                                           \
	}

inline_ __u32 in_bucket4(void *map, __u32 number, __u64 key)
{
	struct bucket4 *b = bpf_map_lookup_elem(map, &number);

	if (!b)
		return 0;
	return_value4(b, 0);
	return_value4(b, 1);
	return_value4(b, 2);
	return_value4(b, 3);
	return 0;
}

inline_ __u32 find4(void *map, __u32 mask, const __u32 *address, __be16 port, __u8 protocol)
{
	__u64 key = word4(*address, port, protocol), h = spread(key);
	__u32 value = in_bucket4(map, h & mask, key);

	return likely(value) ? value : in_bucket4(map, h >> 32 & mask, key);
}

inline_ __u32 in_bucket6(void *map, __u32 number, const __u64 *address, __u32 service)
{
	struct bucket6 *b = bpf_map_lookup_elem(map, &number);

	if (!b)
		return 0;
#pragma unroll
	for (int i = 0; i < 2; i++) {
		struct slot6 *s = &b->slot[i];
		__u64 last = *(volatile __u64 *)&s->service;

		if ((__u32)last == service && s->address[0] == address[0] && s->address[1] == address[1])
			return last >> 32;
	}
	return 0;
}

inline_ __u32 find6(void *map, __u32 mask, const __u32 *address, __be16 port, __u8 protocol)
{
	__u64 a[2] = { address[0] | (__u64)address[1] << 32, address[2] | (__u64)address[3] << 32 };
	__u32 service = port | (__u32)protocol << 16;
	__u64 h = spread(spread(a[0] ^ service) + a[1]);
	__u32 value = in_bucket6(map, h & mask, a, service);

	return likely(value) ? value : in_bucket6(map, h >> 32 & mask, a, service);
}

inline_ struct service *service_of(__u32 value)
{
	__u32 number = value - 1;

	return bpf_map_lookup_elem(&services, &number);
}

inline_ struct endpoint *endpoint_of(const struct service *s, __u32 index)
{
	__u32 number = s->endpoints + index;

	return bpf_map_lookup_elem(&endpoints, &number);
}

/* The row of a table for a hash, or 0: endpoint none, stable. */
inline_ __u32 row_of(__u64 table, __u32 hash)
{
	__u32 number = (__u32)table + (__u32)((__u64)hash * (__u32)(table >> 32) >> 32), pair = number >> 1;
	__u64 *two = bpf_map_lookup_elem(&rows, &pair);

	if (!two)
		return 0;
	return ((volatile __u32 *)two)[number & 1];
}

/* The endpoint of new connections. While a table of another size is prepared
 * that is the old table's. */
inline_ __u32 present(const struct service *s, __u32 row, __u32 hash)
{
	if (likely(ROW_NOW(row) != OLD_TABLE))
		return ROW_NOW(row);
	row = row_of(s->old_rows, hash);
	return ROW_NOW(row) != OLD_TABLE ? ROW_NOW(row) : 0;
}

/* The endpoint of a connection from before all changes (R4). */
inline_ __u32 before(const struct service *s, __u32 row, __u32 hash)
{
	if (ROW_STATE(row) != CHANGING)
		return ROW_NOW(row);
	if (ROW_BEFORE(row) != OLD_TABLE)
		return ROW_BEFORE(row);
	row = row_of(s->old_rows, hash);
	row = ROW_STATE(row) == CHANGING ? ROW_BEFORE(row) : ROW_NOW(row);
	return row != OLD_TABLE ? row : 0;
}
