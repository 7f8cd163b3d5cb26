/* SPDX-License-Identifier: GPL-2.0-only OR MIT
 * Which of the rules hold for a packet. Included
 * once for each address family, with F(x) the name x of that family. */

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
