/* SPDX-License-Identifier: GPL-2.0-only OR MIT
 * Return entries, and the ports that they hold (T3, T4). Included
 * once for each address family, with F(x) the name x of that family. */

/* The key of what an endpoint sends back. */
inline_ void F(return_key)(struct F(key) *k, const struct endpoint *e, const A *to, __be16 port, __u8 protocol)
{
	__builtin_memset(k, 0, sizeof(*k));
	__builtin_memcpy(&k->source, e->address, sizeof(A));
	k->source_port = e->port;
	__builtin_memcpy(&k->target, to, sizeof(A));
	k->target_port = port;
	k->protocol = protocol;
}

inline_ int F(is_same)(const struct F(key) *a, const struct F(key) *b)
{
	const __u32 *x = (const void *)a, *y = (const void *)b;
	__u32 differs = 0;

#pragma unroll
	for (__u32 i = 0; i < sizeof(*a) / 4; i++)
		differs |= x[i] ^ y[i];
	return !differs;
}

/* Makes the return entry, which is what holds a port. 0: it is another's. */
inline_ int F(claim)(const struct F(key) *back, const struct F(key) *key)
{
	struct F(key) *held = bpf_map_lookup_elem(&F(returns), back);

	if (held)
		return F(is_same)(held, key);
	if (!bpf_map_update_elem(&F(returns_new), back, key, BPF_NOEXIST))
		return 1;
	held = bpf_map_lookup_elem(&F(returns_new), back);
	return held && F(is_same)(held, key);
}

/* Of ports, and of SNAT addresses that may be retired. The verifier follows each
 * wrong turn of a CPU's speculation as well, if it has to. */
#define PROBES (guarded ? 2 : 16)

/* Takes a port of a SNAT address for a connection. */
inline_ __u32 F(take_port)(const struct F(segment) *g, const struct endpoint *e, struct flow *f, A *snat)
{
	__u32 zero = 0, which, size, start;
	struct globals *all = bpf_map_lookup_elem(&settings, &zero);
	struct F(snat) *pool = 0;
	struct F(key) back;

	if (!all || !all->F(snat))
		return NO_PORT;
	which = (__u64)g->hash * all->F(snat) >> 32;
	for (int i = 0; i < PROBES; i++) { /* some may be retired */
		pool = bpf_map_lookup_elem(&F(snats), &which);
		if (!pool || pool->first <= pool->last)
			break;
		if (++which >= all->F(snat))
			which = 0;
	}
	if (!pool || pool->first > pool->last)
		return NO_PORT;
	size = (__u32)pool->last - pool->first + 1;
	start = bpf_get_prandom_u32();
	__builtin_memcpy(snat, &pool->address, sizeof(A));
	F(return_key)(&back, e, snat, 0, g->key.protocol);
	for (int i = 0; i < PROBES; i++) {
		__u32 port = pool->first + (__u32)((__u64)(start + i * 0x9e3779b9) * size >> 32);

		back.target_port = bpf_htons(port);
		if (!F(claim)(&back, &g->key))
			continue;
		f->snat = which + 1;
		f->snat_port = back.target_port;
		return OK;
	}
	return NO_PORT;
}

/* The client's own address serves as return key where no port is taken. */
inline_ int F(claim_client)(const struct F(segment) *g, const struct endpoint *e)
{
	struct F(key) back;

	F(return_key)(&back, e, (const A *)&g->key.source, g->key.source_port, g->key.protocol);
	return F(claim)(&back, &g->key);
}

/* The key of a connection's return entry, if it has one. */
inline_ int F(own_return)(const struct F(segment) *g, const struct service *s, const struct flow *f, struct F(key) *back)
{
	struct endpoint *e = endpoint_of(s, f->endpoint);
	struct F(snat) *pool;
	__u32 which = f->snat - 1;

	if (!e)
		return 0;
	if (!f->snat) {
		F(return_key)(back, e, (const A *)&g->key.source, g->key.source_port, g->key.protocol);
		return 1;
	}
	pool = bpf_map_lookup_elem(&F(snats), &which);
	if (!pool)
		return 0;
	F(return_key)(back, e, (const A *)&pool->address, f->snat_port, g->key.protocol);
	return 1;
}

/* A young connection's return entry may have made room for another's. */
inline_ int F(still_claims)(const struct F(segment) *g, const struct service *s, const struct flow *f)
{
	struct F(key) back;

	if (!f->snat && !(s->flags & SHARES))
		return 1;
	return F(own_return)(g, s, f, &back) && F(claim)(&back, &g->key);
}

/* Ends what holds a connection's port. */
inline_ void F(give_back)(const struct F(segment) *g, const struct service *s, const struct flow *f)
{
	struct F(key) back, *held;

	if ((!f->snat && !(s->flags & SHARES)) || !F(own_return)(g, s, f, &back))
		return;
	held = bpf_map_lookup_elem(&F(returns), &back);
	if (held && F(is_same)(held, &g->key))
		bpf_map_delete_elem(&F(returns), &back);
	held = bpf_map_lookup_elem(&F(returns_new), &back);
	if (held && F(is_same)(held, &g->key))
		bpf_map_delete_elem(&F(returns_new), &back);
}

/* The return entry of an answered connection moves with it. */
inline_ int F(settle_return)(const struct F(segment) *g, const struct service *s, const struct flow *f)
{
	struct F(key) back, key = g->key;

	if (!f->snat && !(s->flags & SHARES))
		return 1;
	if (!F(own_return)(g, s, f, &back) || bpf_map_update_elem(&F(returns), &back, &key, BPF_ANY)) /* it is its own, or free */
		return 0;
	bpf_map_delete_elem(&F(returns_new), &back);
	return 1;
}
