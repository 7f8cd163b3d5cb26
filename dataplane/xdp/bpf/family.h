/* SPDX-License-Identifier: GPL-2.0-only OR MIT
 * A packet's way. Included once for each address family, after what differs
 * (ip4.h, ip6.h). */

inline_ struct counters *F(traffic_of)(const struct service *s, __u32 index)
{
	__u32 number = s->endpoints + index;

	return bpf_map_lookup_elem(&traffic, &number);
}

/* The frame's way to an endpoint, with its addresses as decided. */
inline_ int F(send_to)(struct xdp_md *ctx, struct packet *p, const struct service *s, const struct endpoint *e, __u32 index,
		       const A *snat, __be16 snat_port, __u32 is_new)
{
	struct counters *t;
	struct hop to;

	if (unlikely(!e->ifindex))
		return drop(NO_NEXT_HOP);
	if (unlikely(F(hops_left)(p) <= 1))
		return drop(TTL);
	F(set_target)(p, e, snat, snat_port);
	F(hop)(p);
	t = F(traffic_of)(s, index);
	if (t) {
		t->packets++;
		t->bytes += p->offset + p->length;
		t->connections += is_new;
	}
	to.ifindex = e->ifindex;
	to.vlan = e->vlan;
	to.mtu = e->mtu;
	__builtin_memcpy(to.mac, e->mac, 6);
	__builtin_memcpy(to.source, e->source, 6);
	return send(ctx, p, &to);
}

/* Takes note of a client's packet to an endpoint, or, if its target is a VIP, to
 * the endpoint that it goes to: then it connects by way of the service. */
__noinline int F(note_direct)(const struct F(key) *key, const struct endpoint *by_way_of)
{
	__u32 zero = 0;
	struct globals *g = bpf_map_lookup_elem(&settings, &zero);
	struct F(key) back = {};

	if (!key || !g || (by_way_of && !g->direct))
		return 0;
	__builtin_memcpy(&back.target, &key->source, sizeof(A));
	back.target_port = key->source_port;
	back.protocol = key->protocol;
	if (by_way_of) {
		__builtin_memcpy(&back.source, by_way_of->address, sizeof(A));
		back.source_port = by_way_of->port;
		bpf_map_delete_elem(&F(direct), &back);
		return 0;
	}
	__builtin_memcpy(&back.source, &key->target, sizeof(A));
	back.source_port = key->target_port;
	if (!bpf_map_lookup_elem(&F(direct), &back))
		bpf_map_update_elem(&F(direct), &back, &zero, BPF_ANY);
	if (!g->direct)
		g->direct = 1;
	return 0;
}

/* A packet on a row that does not decide alone, or of a connection that has to
 * be remembered. */
inline_ int F(forward_slowly)(struct xdp_md *ctx, struct packet *p, const struct service *s, __u32 value, __u32 hash, __u32 row, int hairpin)
{
	struct F(scratch) *x = F(scratch_of)();
	struct F(decision) *d;
	struct F(segment) *g;
	struct endpoint *e;

	if (!x)
		return drop(NO_ROOM);
	g = &x->segment;
	d = &x->decision;
	F(addresses_of)(p, &g->key);
	g->key.source_port = p->source_port;
	g->key.target_port = p->target_port;
	g->key.protocol = p->protocol;
	g->service = value;
	g->hash = hash;
	g->row = row;
	g->syn = p->syn;
	g->fin = p->fin;
	g->rst = p->rst;
	g->hairpin = hairpin;
	g->vlan = p->vlan;
	g->ifindex = ctx->ingress_ifindex;
	__builtin_memcpy(g->mac, p->eth->h_source, 6);
	F(choose)(g, d);
	if (d->reason)
		return drop(d->reason);
	e = endpoint_of(s, d->endpoint);
	if (!e)
		return drop(NO_ENDPOINT);
	if (p->syn && !d->snats)
		F(note_direct)(&g->key, e);
	return F(send_to)(ctx, p, s, e, d->endpoint, d->snats ? &d->snat : 0, d->snat_port, d->is_new);
}

inline_ int F(forward)(struct xdp_md *ctx, struct packet *p, const struct service *s, __u32 value)
{
	__u32 hash = F(hash_of)(p, s->salt), row = row_of(s->rows, hash);
	struct endpoint *e;
	struct F(key) key = {};

	if (unlikely(s->flags & TRACKS || ROW_STATE(row) != STABLE))
		return F(forward_slowly)(ctx, p, s, value, hash, row, 0);
	e = endpoint_of(s, ROW_NOW(row));
	if (unlikely(!ROW_NOW(row) || !e))
		return drop(NO_ENDPOINT);
	F(addresses_of)(p, &key);
	if (unlikely(F(is_neighbour)(&key, e)))
		return F(forward_slowly)(ctx, p, s, value, hash, row, 1);
	if (unlikely(p->syn || p->protocol == IPPROTO_UDP)) {
		key.source_port = p->source_port;
		key.protocol = p->protocol;
		F(note_direct)(&key, e);
	}
	return F(send_to)(ctx, p, s, e, ROW_NOW(row), 0, 0, p->syn);
}

/* The next hop to a client, by the host's routes: what bpf_fib_lookup returns,
 * or -1 for an interface that frames cannot be sent by from here. */
inline_ int F(route)(struct xdp_md *ctx, const A *source, const A *target, __u8 protocol, __u32 length, struct hop *to)
{
	struct bpf_fib_lookup fib = {};
	struct port *port;
	int found;

	F(fib_addresses)(&fib, source, target);
	fib.ifindex = ctx->ingress_ifindex;
	fib.l4_protocol = protocol;
	fib.tot_len = length;
	found = bpf_fib_lookup(ctx, &fib, sizeof(fib), 0);
	if (found != BPF_FIB_LKUP_RET_SUCCESS)
		return found;
	port = bpf_map_lookup_elem(&ports, &fib.ifindex);
	if (!port)
		return -1;
	to->ifindex = port->ifindex;
	to->vlan = port->vlan;
	to->mtu = 0; /* the routes know */
	__builtin_memcpy(to->mac, fib.dmac, 6);
	__builtin_memcpy(to->source, fib.smac, 6);
	return BPF_FIB_LKUP_RET_SUCCESS;
}

/* The way back to the client whence its packets came. */
inline_ int F(hop_back)(const struct flow *f, struct hop *to)
{
	struct port *port = bpf_map_lookup_elem(&ports, &f->ifindex);

	if (!port)
		return 0;
	to->ifindex = f->ifindex;
	to->vlan = f->vlan;
	to->mtu = port->mtu;
	__builtin_memcpy(to->mac, f->mac, 6);
	__builtin_memcpy(to->source, port->mac, 6);
	return 1;
}

inline_ int F(is_from)(const struct endpoint *e, const A *address, __be16 port)
{
	return e && e->port == port && F(is_address)(e->address, address);
}

inline_ struct F(key) *F(returns_to)(const struct F(key) *seen)
{
	struct F(key) *of = bpf_map_lookup_elem(&F(returns), seen);

	return of ? of : bpf_map_lookup_elem(&F(returns_new), seen);
}

/* The endpoint that a client's packets go to, without any change to what is
 * remembered; 0: none. *flow is the connection's entry, if it has one, among the
 * exceptions if *excepted. */
inline_ __u32 F(peek)(const struct F(key) *key, const struct service *s, struct flow **flow, __u32 *excepted)
{
	__u32 hash = F(hash_of_key)(key, s->salt), row = row_of(s->rows, hash), now = now_ms();

	*flow = 0;
	*excepted = 0;
	if (s->flags & TRACKS || s->hairpins)
		*flow = F(find_flow)(&F(flows), &F(flows_new), key, s, now);
	if (*flow && F(follows_table)(s) && (*flow)->endpoint != ROW_NOW(row))
		*flow = 0;
	if (!*flow && s->protocol == IPPROTO_TCP && !(s->flags & SNATS) && ROW_STATE(row) != STABLE) {
		*flow = F(find_flow)(&F(exceptions), &F(exceptions_new), key, s, now);
		*excepted = 1;
	}
	if (*flow)
		return (*flow)->endpoint;
	if (s->flags & TRACKS && (s->flags & SNATS || s->protocol == IPPROTO_UDP))
		return 0;
	return before(s, row, hash);
}

/* Whether a client has connected to the endpoint itself, past the service. */
inline_ int F(is_direct)(const struct F(key) *sent)
{
	__u32 zero = 0;
	struct globals *g = bpf_map_lookup_elem(&settings, &zero);

	return g && g->direct && bpf_map_lookup_elem(&F(direct), sent);
}

/* Decides about what an endpoint sends to a client's own address. It is a reply
 * only if the client's packets go to this endpoint; else it is left to the host. */
__noinline int F(answer_client)(struct xdp_md *ctx, const struct F(sent) *sent, struct F(answer) *w)
{
	struct F(key) key = {};
	struct counters *t;
	struct service *s;
	struct flow *f;
	__u32 endpoint, excepted;
	int found;

	if (!sent || !w)
		return 0;
	w->verdict = XDP_PASS;
	s = service_of(sent->origin & ~ORIGIN_SHARED);
	if (sent->origin & ORIGIN_SHARED) {
		struct F(key) *of = F(returns_to)(&sent->key);

		if (of)
			s = service_of(F(service_at)((const A *)&of->target, of->target_port, of->protocol));
	}
	if (!s)
		return 0;
	__builtin_memcpy(&key.source, &sent->key.target, sizeof(A));
	__builtin_memcpy(&key.target, s->vip, sizeof(A));
	key.source_port = sent->key.target_port;
	key.target_port = s->port;
	key.protocol = sent->key.protocol;
	endpoint = F(peek)(&key, s, &f, &excepted);
	if (!endpoint || (f && f->snat) || !F(is_from)(endpoint_of(s, endpoint), (const A *)&sent->key.source, sent->key.source_port))
		return 0;
	if (!f && F(is_direct)(&sent->key))
		return 0;
	found = F(route)(ctx, (const A *)s->vip, (const A *)&sent->key.target, key.protocol, sent->length, &w->hop);
	if (found == BPF_FIB_LKUP_RET_NOT_FWDED)
		return 0; /* to the host itself, which connects to the endpoint as a probe does */
	if (found == BPF_FIB_LKUP_RET_FRAG_NEEDED && sent->whole)
		return 0; /* the host tells the endpoint, which knows what it has sent itself */
	if (f && excepted)
		F(endpoint_sent)(&F(exceptions), &F(exceptions_new), &key, f, sent->fin, sent->rst);
	else if (f)
		F(endpoint_sent)(&F(flows), &F(flows_new), &key, f, sent->fin, sent->rst);
	t = F(traffic_of)(s, endpoint);
	if (t)
		t->replies++;
	w->rewrites = 1;
	__builtin_memcpy(&w->source, s->vip, sizeof(A));
	w->source_port = s->port;
	__builtin_memcpy(&w->target, &sent->key.target, sizeof(A));
	w->target_port = sent->key.target_port;
	if (found == BPF_FIB_LKUP_RET_SUCCESS)
		w->verdict = XDP_TX; /* else with the VIP as its source: the host forwards it */
	return 0;
}

/* Decides about what an endpoint sends to a SNAT address. */
__noinline int F(answer_snat)(const struct F(sent) *sent, struct F(answer) *w)
{
	struct F(key) *of, key;
	struct counters *t;
	struct service *s;
	struct flow *f;

	if (!sent || !w)
		return 0;
	w->verdict = XDP_DROP;
	w->reason = NO_FLOW;
	of = F(returns_to)(&sent->key);
	if (!of)
		return 0;
	key = *of;
	s = service_of(F(service_at)((const A *)&key.target, key.target_port, key.protocol));
	if (!s)
		return 0;
	f = F(find_flow)(&F(flows), &F(flows_new), &key, s, now_ms());
	if (!f || !f->snat || f->snat_port != sent->key.target_port)
		return 0;
	if (!F(is_from)(endpoint_of(s, f->endpoint), (const A *)&sent->key.source, sent->key.source_port))
		return 0;
	w->reason = NO_NEXT_HOP;
	if (!F(hop_back)(f, &w->hop))
		return 0;
	t = F(traffic_of)(s, f->endpoint);
	if (t)
		t->replies++;
	F(endpoint_sent)(&F(flows), &F(flows_new), &key, f, sent->fin, sent->rst);
	__builtin_memcpy(&w->source, &key.target, sizeof(A));
	w->source_port = key.target_port;
	__builtin_memcpy(&w->target, &key.source, sizeof(A));
	w->target_port = key.source_port;
	w->rewrites = 1;
	w->verdict = XDP_TX;
	return 0;
}

/* An endpoint's packet: to a SNAT address, or of one of the origins. */
inline_ int F(reply)(struct xdp_md *ctx, struct packet *p, __u32 origin)
{
	struct F(scratch) *x = F(scratch_of)();
	struct F(answer) *w;
	struct F(sent) *sent;

	if (!x)
		return drop(NO_ROOM);
	w = &x->answer;
	sent = &x->sent;
	w->rewrites = 0;
	F(addresses_of)(p, &sent->key);
	sent->key.source_port = p->source_port;
	sent->key.target_port = p->target_port;
	sent->key.protocol = p->protocol;
	sent->origin = origin;
	sent->length = p->length;
	sent->fin = p->fin;
	sent->rst = p->rst;
	sent->whole = F(is_whole)(p);
	if (origin)
		F(answer_client)(ctx, sent, w);
	else
		F(answer_snat)(sent, w);
	if (w->verdict == XDP_DROP)
		return drop(w->reason);
	if (!w->rewrites)
		return leave();
	if (w->verdict == XDP_TX && F(hops_left)(p) <= 1)
		return drop(TTL);
	F(set_ends)(p, &w->source, w->source_port, &w->target, w->target_port);
	if (w->verdict == XDP_PASS)
		return XDP_PASS;
	F(hop)(p);
	return send(ctx, p, &w->hop);
}

/* TCP and UDP. */
inline_ int F(transport)(struct xdp_md *ctx, struct packet *p)
{
	struct F(key) key = {};
	struct service *s;
	__u32 value;

	F(addresses_of)(p, &key);
	if (unlikely(parse_l4(p))) {
		value = F(service_at)((const A *)&key.target, 0, 0);
		return value ? drop(MALFORMED) : leave();
	}
	value = F(service_at)((const A *)&key.target, p->target_port, p->protocol);
	if (likely(value)) {
		s = service_of(value);
		if (unlikely(!s))
			return drop(NO_SERVICE);
		return F(forward)(ctx, p, s, value);
	}
	value = F(service_at)((const A *)&key.target, 0, 0);
	if (value & IS_SNAT)
		return F(reply)(ctx, p, 0);
	if (value)
		return drop(NO_SERVICE);
	value = F(origin_at)((const A *)&key.source, p->source_port, p->protocol);
	if (value)
		return F(reply)(ctx, p, value);
	if (F(origin_at)((const A *)&key.target, p->target_port, p->protocol)) {
		key.source_port = p->source_port;
		key.target_port = p->target_port;
		key.protocol = p->protocol;
		F(note_direct)(&key, 0);
	}
	return leave();
}
