/* SPDX-License-Identifier: GPL-2.0-only OR MIT
 * Connections on rows that do not decide alone (R2 to R8). Included
 * once for each address family, with F(x) the name x of that family. */

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
