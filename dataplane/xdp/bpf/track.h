/* SPDX-License-Identifier: GPL-2.0-only OR MIT
 * What is remembered of connections. Included once for each address family,
 * with F(x) the name x of that family. */

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

/* The endpoint of a TCP packet on a row that does not decide alone (R2-R8), or
 * 0: dropped for *reason. */
inline_ __u32 F(except)(const struct F(segment) *g, const struct service *s, __u32 *reason)
{
	__u32 now = now_ms(), to;
	struct flow *f = F(alive)(&F(exceptions), &g->key, s, now), fresh;
	int young = 0;

	if (!f) {
		f = F(alive)(&F(exceptions_new), &g->key, s, now);
		young = 1;
	}
	if (f && !(g->syn && F(is_over)(f, s))) {
		F(client_sent)(f, g, now);
		to = f->endpoint;
		if (young && f->flags & CONFIRMED && !g->syn && !g->rst)
			F(settle)(&F(exceptions), &F(exceptions_new), &g->key, f);
		return to;
	}
	F(forget)(&F(exceptions), &F(exceptions_new), &g->key);
	to = g->syn ? present(s, g->row, g->hash) : before(s, g->row, g->hash);
	if (!to || (g->syn && F(is_down)(s, to))) {
		*reason = NO_ENDPOINT;
		return 0;
	}
	if (ROW_STATE(g->row) != CHANGING || g->rst) /* the last packet needs no entry */
		return to;
	fresh = F(new_flow)(g, to, now);
	if (g->syn) {
		if (bpf_map_update_elem(&F(exceptions_new), &g->key, &fresh, BPF_ANY)) {
			*reason = NO_ROOM;
			return 0;
		}
	} else if (bpf_map_update_elem(&F(exceptions), &g->key, &fresh, BPF_ANY)) {
		F(crowd)(now); /* windows stay open for another idle timeout (R7) */
	}
	return to;
}

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

/* Fills in a decision from an entry. */
inline_ void F(decide)(struct F(decision) *d, const struct flow *f)
{
	d->endpoint = f->endpoint;
	d->snats = 0;
	if (f->snat) {
		__u32 which = f->snat - 1;
		struct F(snat) *pool = bpf_map_lookup_elem(&F(snats), &which);

		if (!pool) {
			d->reason = NO_FLOW;
			return;
		}
		d->snats = 1;
		d->snat_port = f->snat_port;
		__builtin_memcpy(&d->snat, &pool->address, sizeof(A));
	}
	d->reason = OK;
}

/* Connections of an untracked service go where its table says, also those that
 * have a SNAT address as hairpins. */
inline_ int F(follows_table)(const struct service *s)
{
	return s->protocol == IPPROTO_UDP && !(s->flags & TRACKS);
}

/* Decides about a packet of a service all of whose connections are remembered,
 * and of clients that share the endpoint's network (hairpin). to is where a new
 * connection goes. */
inline_ int F(track)(const struct F(segment) *g, struct service *s, __u32 to, struct F(decision) *d)
{
	__u32 now = now_ms(), snats = s->flags & SNATS;
	struct flow *f = F(alive)(&F(flows), &g->key, s, now), fresh;
	int young = 0, over, begins = g->syn || g->key.protocol == IPPROTO_UDP;
	struct endpoint *e;

	if (!f) {
		f = F(alive)(&F(flows_new), &g->key, s, now);
		young = 1;
		if (f && !F(still_claims)(g, s, f))
			f = 0;
	}
	over = f && ((begins && F(is_over)(f, s)) || (F(follows_table)(s) && f->endpoint != to));
	if (f && !over) {
		F(client_sent)(f, g, now);
		if (f->snat)
			F(follow)(f, g);
		F(decide)(d, f);
		if (young && f->flags & CONFIRMED && !g->syn && !g->rst && d->reason == OK) {
			if (F(settle_return)(g, s, f))
				F(settle)(&F(flows), &F(flows_new), &g->key, f);
			else
				count(UNSETTLED);
		}
		return 0;
	}
	if (f)
		F(give_back)(g, s, f);
	F(forget)(&F(flows), &F(flows_new), &g->key);
	if (ROW_STATE(g->row) != STABLE)
		F(forget)(&F(exceptions), &F(exceptions_new), &g->key);
	d->reason = NO_ENDPOINT;
	if (!to)
		return 0;
	e = endpoint_of(s, to);
	if (!e || (begins && e->flags & DOWN))
		return 0;
	if (!snats && F(is_neighbour)(&g->key, e)) {
		snats = 1;
		if (!s->hairpins)
			s->hairpins = 1;
	}
	d->reason = NO_FLOW;
	if (snats && !begins)
		return 0; /* its port is not known any more */
	fresh = F(new_flow)(g, to, now);
	if (snats) {
		d->reason = F(take_port)(g, e, &fresh, &d->snat);
		if (d->reason) {
			if (!(s->flags & SNATS))
				d->reason = HAIRPIN;
			return 0;
		}
	} else if (s->flags & SHARES && !F(claim_client)(g, e)) {
		d->reason = COLLISION; /* the client's port is in use with this endpoint, by way of another VIP */
		if (!F(take_port)(g, e, &fresh, &d->snat))
			d->reason = OK;
		if (d->reason)
			return 0;
	}
	if (bpf_map_update_elem(&F(flows_new), &g->key, &fresh, BPF_ANY)) {
		d->reason = NO_ROOM;
		return 0;
	}
	F(decide)(d, &fresh);
	return 1;
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

/* Whether a connection became an exception before its service came to remember
 * all. */
inline_ int F(is_excepted)(const struct F(segment) *g, const struct service *s)
{
	__u32 now = now_ms();
	struct flow *f;

	if (s->flags & SNATS || s->protocol != IPPROTO_TCP || ROW_STATE(g->row) == STABLE)
		return 0;
	if (F(find_flow)(&F(flows), &F(flows_new), &g->key, s, now))
		return 0;
	f = F(find_flow)(&F(exceptions), &F(exceptions_new), &g->key, s, now);
	return f && !(g->syn && F(is_over)(f, s));
}

/* Whether a connection has, or gets, a SNAT address since its client is the
 * endpoint's neighbour. One that is an exception already stays what it is. */
inline_ int F(hairpins)(const struct F(segment) *g, const struct service *s, __u32 to)
{
	__u32 now = now_ms();
	struct endpoint *e;
	struct flow *f;

	if (s->hairpins && F(find_flow)(&F(flows), &F(flows_new), &g->key, s, now))
		return 1;
	e = endpoint_of(s, to);
	if (!to || !e || !F(is_neighbour)(&g->key, e))
		return 0;
	f = F(find_flow)(&F(exceptions), &F(exceptions_new), &g->key, s, now);
	if (f && !(g->syn && F(is_over)(f, s)))
		return 0;
	F(forget)(&F(exceptions), &F(exceptions_new), &g->key);
	return 1;
}

/* Decides about a packet on a row that does not decide alone, or of a
 * connection that has to be remembered. */
__noinline int F(choose)(const struct F(segment) *g, struct F(decision) *d)
{
	struct service *s;
	__u32 to;

	if (!g || !d)
		return 0;
	s = service_of(g->service);
	d->reason = NO_SERVICE;
	d->endpoint = d->snats = d->is_new = 0;
	if (!s)
		return 0;
	to = g->syn || g->key.protocol == IPPROTO_UDP ? present(s, g->row, g->hash) : before(s, g->row, g->hash);
	if (g->hairpin || (s->flags & TRACKS && !F(is_excepted)(g, s)) || (s->flags & NEIGHBOURS && !(s->flags & TRACKS) && F(hairpins)(g, s, to))) {
		d->is_new = F(track)(g, s, to, d);
		return 0;
	}
	d->is_new = g->syn;
	d->reason = OK;
	d->endpoint = F(except)(g, s, &d->reason);
	return 0;
}
