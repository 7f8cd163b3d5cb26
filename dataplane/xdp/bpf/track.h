/* SPDX-License-Identifier: GPL-2.0-only OR MIT
 * Services all of whose connections are remembered (T1, T2, T5). Included
 * once for each address family, with F(x) the name x of that family. */

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
