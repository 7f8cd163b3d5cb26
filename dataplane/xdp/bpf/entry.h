/* SPDX-License-Identifier: GPL-2.0-only OR MIT
 * Connections that are remembered (R6). Included
 * once for each address family, with F(x) the name x of that family. */

/* How long a connection may be silent. */
inline_ __u32 F(lifetime)(const struct flow *f, const struct service *s)
{
	if (f->flags & WAS_RESET || (f->flags & (CLIENT_ENDS | ENDPOINT_ENDS)) == (CLIENT_ENDS | ENDPOINT_ENDS))
		return closing_ms;
	if (f->flags & EMBRYONIC && s->protocol == IPPROTO_TCP)
		return embryonic_ms;
	return s->idle_ms;
}

inline_ struct flow *F(alive)(void *map, const struct F(key) *key, const struct service *s, __u32 now)
{
	struct flow *f = bpf_map_lookup_elem(map, key);

	if (!f || (__s32)(now - f->last) > (__s32)F(lifetime)(f, s))
		return 0;
	return f;
}

/* Its entry, if there is one that has not timed out. */
inline_ struct flow *F(find_flow)(void *old, void *young, const struct F(key) *key, const struct service *s, __u32 now)
{
	struct flow *f = F(alive)(old, key, s, now);

	return f ? f : F(alive)(young, key, s, now);
}

inline_ void F(forget)(void *old, void *young, const struct F(key) *key)
{
	bpf_map_delete_elem(old, key);
	bpf_map_delete_elem(young, key);
}

inline_ void F(set)(struct flow *f, __u32 flags)
{
	if ((f->flags & flags) != flags)
		set_bits(&f->flags, flags);
}

inline_ void F(clear)(struct flow *f, __u32 flags)
{
	if (f->flags & flags)
		clear_bits(&f->flags, flags);
}

/* A SYN begins another connection than the one that is remembered (R2). */
inline_ int F(is_over)(const struct flow *f, const struct service *s)
{
	struct endpoint *e = endpoint_of(s, f->endpoint);

	if (f->flags & WAS_RESET || (f->flags & (CLIENT_ENDS | ENDPOINT_ENDS)) == (CLIENT_ENDS | ENDPOINT_ENDS))
		return 1;
	return !e || e->flags & DOWN || (e->flags & DRAINS && f->flags & EMBRYONIC);
}

/* Takes in a client's packet. */
inline_ void F(client_sent)(struct flow *f, const struct F(segment) *g, __u32 now)
{
	if (g->syn) /* who begins anew has not ended */
		F(clear)(f, CLIENT_ENDS | ENDPOINT_ENDS);
	else if (!g->rst)
		F(clear)(f, EMBRYONIC);
	if (g->fin)
		F(set)(f, CLIENT_ENDS);
	if (f->last != now)
		f->last = now;
}

/* The way back to a client changes with the router that its packets come by. */
inline_ void F(follow)(struct flow *f, const struct F(segment) *g)
{
	if (f->ifindex != g->ifindex || f->vlan != g->vlan || *(__u32 *)f->mac != *(__u32 *)g->mac ||
	    *(__u16 *)&f->mac[4] != *(__u16 *)&g->mac[4]) {
		f->ifindex = g->ifindex;
		f->vlan = g->vlan;
		__builtin_memcpy(f->mac, g->mac, 6);
	}
}

/* An answered connection leaves the table of those whose place the next ones
 * take. If there is no room it stays. */
inline_ void F(settle)(void *old, void *young, const struct F(key) *key, const struct flow *f)
{
	struct flow copy = *f;

	if (bpf_map_update_elem(old, key, &copy, BPF_ANY))
		count(UNSETTLED);
	else
		bpf_map_delete_elem(young, key);
}

inline_ void F(crowd)(__u32 now)
{
	__u32 zero = 0;
	struct globals *g = bpf_map_lookup_elem(&settings, &zero);

	if (g)
		g->crowded = now;
	count(CROWDED);
}

inline_ struct flow F(new_flow)(const struct F(segment) *g, __u32 endpoint, __u32 now)
{
	struct flow f = { .last = now, .endpoint = endpoint, .ifindex = g->ifindex, .vlan = g->vlan };

	f.flags = (g->syn || g->key.protocol == IPPROTO_UDP ? EMBRYONIC : 0) | (g->fin ? CLIENT_ENDS : 0);
	__builtin_memcpy(f.mac, g->mac, 6);
	return f;
}

inline_ int F(is_down)(const struct service *s, __u32 index)
{
	struct endpoint *e;

	if (!index)
		return 1;
	e = endpoint_of(s, index);
	return !e || e->flags & DOWN;
}

/* Takes in an endpoint's packet; that of one which refuses a connection ends what
 * is remembered of it (R6). */
inline_ void F(endpoint_sent)(void *old, void *young, const struct F(key) *key, struct flow *f, __u8 fin, __u8 rst)
{
	__u32 now = now_ms();

	if (rst && !(f->flags & CONFIRMED)) {
		F(forget)(old, young, key);
		return;
	}
	F(clear)(f, EMBRYONIC | (rst ? 0 : WAS_RESET));
	F(set)(f, CONFIRMED | (fin ? ENDPOINT_ENDS : 0) | (rst ? WAS_RESET : 0));
	if (f->last != now)
		f->last = now;
}
