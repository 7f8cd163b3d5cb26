/* SPDX-License-Identifier: GPL-2.0-only OR MIT
 * ICMP errors, and echo. Included once for each address family, after what
 * differs. */

/* Towards the endpoint of a client: a router, or the client, could not deliver
 * what the VIP sent. */
inline_ int F(error_to_endpoint)(struct F(quote) *q, __u32 value, struct F(quoted) *w, struct hop *to)
{
	struct service *s = service_of(value);
	struct endpoint *e;
	struct flow *f;
	__u32 endpoint, excepted;

	if (!s)
		return NO_SERVICE;
	__builtin_memcpy(&q->flow.source, &q->key.target, sizeof(A));
	__builtin_memcpy(&q->flow.target, &q->key.source, sizeof(A));
	q->flow.source_port = q->key.target_port;
	q->flow.target_port = q->key.source_port;
	q->flow.protocol = q->key.protocol;
	endpoint = F(peek)(&q->flow, s, &f, &excepted);
	e = endpoint_of(s, endpoint);
	if (!endpoint || !e)
		return NO_FLOW;
	if (!e->ifindex)
		return NO_NEXT_HOP;
	__builtin_memcpy(&w->target, e->address, sizeof(A));
	__builtin_memcpy(&w->quoted_source, e->address, sizeof(A));
	w->source_port = e->port;
	if (f && f->snat) {
		__u32 which = f->snat - 1;
		struct F(snat) *pool = bpf_map_lookup_elem(&F(snats), &which);

		if (!pool)
			return NO_FLOW;
		__builtin_memcpy(&w->quoted_target, &pool->address, sizeof(A));
		w->target_port = f->snat_port;
	}
	to->ifindex = e->ifindex;
	to->vlan = e->vlan;
	to->mtu = 0;
	__builtin_memcpy(to->mac, e->mac, 6);
	__builtin_memcpy(to->source, e->source, 6);
	return OK;
}

/* Towards a client, about what went to an endpoint from a SNAT address. */
inline_ int F(error_to_client)(struct F(quote) *q, struct F(quoted) *w, struct hop *to)
{
	struct F(key) *of;
	struct service *s;
	struct flow *f;

	__builtin_memcpy(&q->flow.source, &q->key.target, sizeof(A));
	__builtin_memcpy(&q->flow.target, &q->key.source, sizeof(A));
	q->flow.source_port = q->key.target_port;
	q->flow.target_port = q->key.source_port;
	q->flow.protocol = q->key.protocol;
	of = F(returns_to)(&q->flow);
	if (!of)
		return NO_FLOW;
	q->flow = *of;
	s = service_of(F(service_at)((const A *)&q->flow.target, q->flow.target_port, q->flow.protocol));
	if (!s)
		return NO_FLOW;
	f = F(find_flow)(&F(flows), &F(flows_new), &q->flow, s, now_ms());
	if (!f || f->snat_port != q->key.source_port)
		return NO_FLOW;
	if (!F(hop_back)(f, to))
		return NO_NEXT_HOP;
	if (F(is_address)((const __u32 *)&q->key.target, &q->source))
		__builtin_memcpy(&w->source, &q->flow.target, sizeof(A)); /* the endpoint itself says so */
	__builtin_memcpy(&w->target, &q->flow.source, sizeof(A));
	__builtin_memcpy(&w->quoted_source, &q->flow.source, sizeof(A));
	__builtin_memcpy(&w->quoted_target, &q->flow.target, sizeof(A));
	w->source_port = q->flow.source_port;
	w->target_port = q->flow.target_port;
	return OK;
}

/* Towards a client, about what went to an endpoint from its own address. The
 * client knows the VIP only. 0: it is none of a service's. */
inline_ int F(error_about_endpoint)(struct xdp_md *ctx, struct F(quote) *q, __u32 value, struct F(quoted) *w, struct hop *to, __u32 length)
{
	struct endpoint *e;
	struct flow *f;
	__u32 endpoint, excepted;
	struct service *s = service_of(value & ~ORIGIN_SHARED);
	int direct;

	__builtin_memcpy(&q->flow.source, &q->key.target, sizeof(A));
	__builtin_memcpy(&q->flow.target, &q->key.source, sizeof(A));
	q->flow.source_port = q->key.target_port;
	q->flow.target_port = q->key.source_port;
	q->flow.protocol = q->key.protocol;
	direct = F(is_direct)(&q->flow);
	if (value & ORIGIN_SHARED) {
		struct F(key) *of = F(returns_to)(&q->flow);

		if (of)
			s = service_of(F(service_at)((const A *)&of->target, of->target_port, of->protocol));
	}
	if (!s)
		return 0;
	__builtin_memcpy(&q->flow.source, &q->key.source, sizeof(A));
	__builtin_memcpy(&q->flow.target, s->vip, sizeof(A));
	q->flow.source_port = q->key.source_port;
	q->flow.target_port = s->port;
	q->flow.protocol = q->key.protocol;
	endpoint = F(peek)(&q->flow, s, &f, &excepted);
	e = endpoint_of(s, endpoint);
	if (!endpoint || (!f && direct) || !F(is_from)(e, (const A *)&q->key.target, q->key.target_port))
		return 0;
	if (F(is_address)((const __u32 *)&q->key.target, &q->source))
		__builtin_memcpy(&w->source, s->vip, sizeof(A));
	__builtin_memcpy(&w->quoted_target, s->vip, sizeof(A));
	w->target_port = s->port;
	switch (F(route)(ctx, &w->source, &q->target, IPPROTO_ICMP, length, to)) {
	case BPF_FIB_LKUP_RET_SUCCESS:
		return 1;
	case BPF_FIB_LKUP_RET_NOT_FWDED:
		return 0; /* to the host itself */
	}
	to->ifindex = 0; /* the host finds the way */
	return 1;
}

/* Rewrites and sends an error message; one that is none of ours is left. */
__noinline int F(error)(struct xdp_md *ctx, __u32 l3, __u32 l4, __u32 vlan)
{
	struct F(scratch) *x = F(scratch_of)();
	struct F(quote) *q;
	struct F(quoted) *w;
	struct packet p = { .vlan = vlan & 0xffff, .tagged = vlan >> 16 };
	__u32 value;
	int reason;

	if (!x)
		return drop(NO_ROOM);
	q = &x->quote;
	w = &x->quoted;
	if (!F(read_quote)(ctx, l3, l4, q))
		return leave();
	w->source = q->source;
	w->target = q->target;
	__builtin_memcpy(&w->quoted_source, &q->key.source, sizeof(A));
	__builtin_memcpy(&w->quoted_target, &q->key.target, sizeof(A));
	w->source_port = q->key.source_port;
	w->target_port = q->key.target_port;
	value = F(service_at)(&q->target, 0, 0);
	if (value & IS_SNAT) {
		reason = F(error_to_client)(q, w, &x->hop);
	} else if (value) {
		value = F(service_at)((const A *)&q->key.source, q->key.source_port, q->key.protocol);
		if (!value || !F(is_address)((const __u32 *)&q->key.source, &q->target))
			return drop(NO_SERVICE);
		reason = F(error_to_endpoint)(q, value, w, &x->hop);
	} else {
		value = F(origin_at)((const A *)&q->key.target, q->key.target_port, q->key.protocol);
		if (!value || !F(error_about_endpoint)(ctx, q, value, w, &x->hop, 0))
			return leave();
		reason = OK;
	}
	if (reason)
		return drop(reason);
	if (q->hops <= 1)
		return drop(TTL);
	if (!F(write_quote)(ctx, l3, l4, q, w, &p))
		return drop(MALFORMED);
	if (!x->hop.ifindex)
		return XDP_PASS;
	return send(ctx, &p, &x->hop);
}
