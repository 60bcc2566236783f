/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bytes of a stream find their places.
 *
 * A segment is cut into pieces at `start`, `next` and `fin`, and each piece goes one way:
 * below start, among the told bytes and gaps, at next, or early. A hole is passed when the
 * peer has acknowledged something behind it (the receiver had those bytes, the capture has
 * not), when memory is short, and at the end. A passed hole stays fillable for sinks that
 * place bytes by offset.
 */
#include "reasm/policy.h"

#include <stddef.h>

void stream_refuse(struct reasm *r, struct half *h, int64_t off, struct piece p,
                   enum tf_reject reason)
{
	r->refused = reason == TF_REJECT_OUTSIDE ? offsetof(struct tf_counters, bytes_outside)
	                                         : offsetof(struct tf_counters, bytes_after_close);
	tell_reject(r, h, off, p, reason);
}

/* -- telling what is in order ------------------------------------------------------------ */

/* *c's bytes are next: tells them, but urgent ones. *c is NULL when a sink took it over. */
static void tell_next(struct reasm *r, struct half *h, struct chunk **c)
{
	struct piece p = piece_of_chunk(*c);
	while (p.b.n > 0) {
		int64_t at = h->next, n = (int64_t)p.b.n;
		int64_t before =
		        min64(waiting_mark(h), at + n) - at; /* bytes before an urgent one */
		struct piece part = p;
		part.b.n = (size_t)before;
		h->next += before;
		if (before == n) {
			tell_data(r, h, at, &p, false, c);
			return;
		}
		if (before > 0)
			tell_data(r, h, at, &part, false, NULL);
		piece_skip(&p, part.b.n);
		urgent_take(r, h, p);
		piece_skip(&p, 1);
		(*c)->from = (uint32_t)((*c)->from + before + 1);
		(*c)->position += (uint64_t)(before + 1);
	}
}

/* Tells the bytes of chunks from off on; those below next lost to what was told. */
static void tell_chunks(struct reasm *r, struct half *h, int64_t off, struct chunk *c)
{
	while (c != NULL) {
		struct chunk *rest = c->next;
		struct piece p = piece_of_chunk(c);
		int64_t known = min64(max64(h->next - off, 0), (int64_t)p.b.n);
		if (known > 0) {
			struct piece rival = p;
			rival.b.n = (size_t)known;
			tell_rival(r, h, NULL, off, rival);
			piece_skip(&p, (size_t)known);
			c->from = (uint32_t)(c->from + known);
			c->position += (uint64_t)known;
		}
		off += known + (int64_t)p.b.n;
		if (off > h->fin) { /* what lies beyond FIN is nobody's */
			int64_t beyond = min64(off - h->fin, (int64_t)p.b.n);
			struct piece rest_of = p;
			piece_skip(&rest_of, p.b.n - (size_t)beyond);
			tell_reject(r, h, off - beyond, rest_of, TF_REJECT_AFTER_CLOSE);
			c->to = (uint32_t)(c->to - beyond);
		}
		c->next = NULL;
		tell_next(r, h, &c);
		if (c != NULL)
			chunk_give(r->chunks, c);
		c = rest;
	}
}

static void skip_hole(struct reasm *r, struct half *h, int64_t to, enum tf_gap_cause cause,
                      int64_t ts_ns)
{
	while (h->next < to) {
		int64_t from = h->next, end = min64(to, waiting_mark(h));
		if (end == from) {
			urgent_miss(r, h, ts_ns);
			continue;
		}
		/* first, since it may lie across the limit */
		tell_gap(r, h, from, end, cause, false, ts_ns);
		gaps_add(r, h, from, end, cause, ts_ns);
		h->next = end;
	}
}

/* The bytes up to `to` were cut off by the snaplen, and something lies behind them. */
static void skip_cut(struct reasm *r, struct half *h, int64_t to, int64_t ts_ns)
{
	skip_hole(r, h, min64(to, h->cut_end), TF_GAP_SNAPLEN, ts_ns);
}

/* The stream ends at `at`, unless that is behind us or the receiver has shown that it does not. */
static void take_fin(struct half *h, int64_t at)
{
	if (h->fin == REASM_NO_FIN && at >= h->next && h->acked <= at + 1)
		h->fin = at;
}

static bool is_bare_fin(const struct held *n)
{
	return n->start == n->end;
}

/* As far as the sender's bytes have come, those that the snaplen cut off among them. */
static int64_t reach(const struct half *h)
{
	return max64(h->next, h->cut_end);
}

void stream_drain(struct reasm *r, struct half *h, int64_t ts_ns)
{
	while (h->queue.root != NULL && queue_first(h)->start < h->fin) {
		struct held *n = queue_first(h);
		if (!is_bare_fin(n))
			skip_cut(r, h, min64(n->start, h->fin), ts_ns);
		if (n->start > (is_bare_fin(n) ? reach(h) : h->next))
			break;
		int64_t start = n->start, end = n->end;
		bool fin = n->fin;
		if (n->cut > 0)
			h->cut_end = max64(h->cut_end, end);
		queue_remove(r, h, n);
		struct chunk *chunks = hold_open(r, n);
		hold_give(r, n);
		tell_chunks(r, h, start, chunks);
		if (fin)
			take_fin(h, end);
	}
}

/* The hole before a bare FIN is the stream's tail, unless there is more behind that FIN and
   nobody has acknowledged it. */
static void pass_bare_fin(struct reasm *r, struct half *h, struct held *n)
{
	int64_t at = n->end;
	queue_remove(r, h, n);
	hold_give(r, n);
	if (h->queue.root == NULL || h->acked == at + 1)
		take_fin(h, at);
}

void stream_pass(struct reasm *r, struct half *h, int64_t ts_ns)
{
	struct held *n = queue_first(h);
	if (is_bare_fin(n)) {
		pass_bare_fin(r, h, n);
		return;
	}
	int64_t to = min64(n->start, h->fin);
	enum tf_gap_cause loss = n->drops ? TF_GAP_KERNEL : TF_GAP_LOST;
	skip_cut(r, h, to, ts_ns);
	skip_hole(r, h, to, loss, ts_ns);
	stream_drain(r, h, ts_ns);
}

void stream_reject_held(struct reasm *r, struct half *h, struct held *n, enum tf_reject reason)
{
	int64_t off = n->start;
	for (const struct chunk *c = n->head; c != NULL; c = c->next) {
		struct piece p = piece_of_chunk(c);
		tell_reject(r, h, off, p, reason);
		off += (int64_t)p.b.n;
	}
	hold_give(r, n);
}

void stream_drop_beyond_fin(struct reasm *r, struct half *h)
{
	while (h->queue.root != NULL) {
		struct held *n = queue_first(h);
		queue_remove(r, h, n);
		stream_reject_held(r, h, n, TF_REJECT_AFTER_CLOSE);
	}
}

/* -- one piece at a time: each -> bytes used ----------------------------------- */

/* Before the first byte known. */
static size_t take_before(struct reasm *r, struct half *h, int64_t off, struct piece p)
{
	p.b.n = (size_t)min64((int64_t)p.b.n, h->start - off);
	int64_t end = off + (int64_t)p.b.n;
	if (h->isn_known || h->turns) {
		stream_refuse(r, h, off, p, TF_REJECT_OUTSIDE);
		return p.b.n;
	}
	if (half_is_empty(h)) { /* only a FIN told where the stream is */
		h->start = h->next = off;
		return 0;
	}
	if (end < h->start)
		gaps_add_low(r, h, end, h->start, p.ts_ns);
	h->start = off;
	tell_data(r, h, off, &p, true, NULL);
	return p.b.n;
}

/* Where bytes were told. What the receiver has acknowledged never changes. */
static void take_rival(struct reasm *r, struct half *h, int64_t off, struct piece p)
{
	bool all = !policy_of(h)->rewrites;
	int64_t n = (int64_t)p.b.n;
	int64_t sealed = all ? n : h->acked > off ? min64(h->acked - off, n) : 0;
	struct piece rest = p;
	piece_skip(&rest, (size_t)sealed);
	p.b.n = (size_t)sealed;
	tell_rival(r, h, NULL, off, p);
	tell_rewrite(r, h, off + sealed, rest);
}

/* Among the bytes that were told or passed. */
static size_t take_old(struct reasm *r, struct half *h, int64_t off, struct piece p)
{
	int64_t end = min64(off + (int64_t)p.b.n, h->next);
	struct gap *g = gaps_find(h, off);
	bool in_gap = g != NULL && g->start <= off;
	if (in_gap)
		end = min64(end, g->end);
	else if (g != NULL)
		end = min64(end, g->start);
	if (!in_gap && off < h->forgotten)
		end = min64(end, h->forgotten);
	p.b.n = (size_t)(end - off);
	if (!in_gap && off < h->forgotten) {
		h->account.duplicate += (int64_t)p.b.n;
		h->account.unchecked += (int64_t)p.b.n;
		return p.b.n;
	}
	if (!in_gap) {
		take_rival(r, h, off, p);
		return p.b.n;
	}
	gaps_fill(r, h, g, off, end, p.ts_ns);
	tell_data(r, h, off, &p, true, NULL);
	return p.b.n;
}

static size_t take_now(struct reasm *r, struct half *h, int64_t off, struct piece p)
{
	int64_t mark = waiting_mark(h);
	if (off == mark) {
		urgent_take(r, h, p);
		return 1;
	}
	h->next = min64(min64(off + (int64_t)p.b.n, h->fin), mark);
	p.b.n = (size_t)(h->next - off);
	tell_data(r, h, off, &p, false, NULL);
	return p.b.n;
}

/* -> whether bytes at next are to be weighed against held ones */
static bool is_contested(const struct half *h, const struct piece *p)
{
	return h->queue.root != NULL && policy_of(h)->settles &&
	       queue_first(h)->start < h->next + (int64_t)p->b.n;
}

/* Beyond a hole, contested, or beyond a FIN that may be forged. */
static size_t take_early(struct reasm *r, struct half *h, int64_t off, struct piece p,
                         struct tail tail)
{
	if (off >= h->fin && h->acked > h->fin) {
		stream_refuse(r, h, off, p, TF_REJECT_AFTER_CLOSE);
		return p.b.n;
	}
	struct held *n = hold_take(r, off, p, tail.cut);
	if (n == NULL && off >= h->fin) {
		h->account.evicted += (int64_t)p.b.n;
		h->account.span += (int64_t)p.b.n; /* see stream_finish() */
		claims_note(r, h, off, off + (int64_t)p.b.n, TF_GAP_EVICTED);
		return p.b.n;
	}
	if (n == NULL) {
		skip_hole(r, h, off, r->drops_rising ? TF_GAP_KERNEL : TF_GAP_LOST, p.ts_ns);
		return 0;
	}
	bool now = off == h->next && off < h->fin && !is_contested(h, &p);
	if (off < h->next || now) { /* making room passed it */
		hold_give(r, n);
		return 0;
	}
	n->fin = tail.fin;
	policy_of(h)->insert(r, h, n);
	return p.b.n;
}

/* A FIN beyond a hole that has no captured bytes. */
static void take_early_fin(struct reasm *r, struct half *h, int64_t at, struct piece p)
{
	struct held *n = hold_take(r, at, p, 0);
	if (n == NULL || at <= reach(h)) {
		if (n != NULL)
			hold_give(r, n);
		take_fin(h, at);
		return;
	}
	n->fin = true;
	queue_insert(r, h, n);
}

static void take(struct reasm *r, struct half *h, int64_t off, struct piece p, struct tail tail)
{
	int64_t end = off + (int64_t)p.b.n;
	if (p.b.n > 0 && h->next < h->cut_end)
		skip_cut(r, h, min64(off, h->fin), p.ts_ns);
	while (p.b.n > 0) {
		bool now = off == h->next && off < h->fin && !is_contested(h, &p);
		size_t used = off < h->start  ? take_before(r, h, off, p)
		              : off < h->next ? take_old(r, h, off, p)
		              : now           ? take_now(r, h, off, p)
		                              : take_early(r, h, off, p, tail);
		off += (int64_t)used;
		piece_skip(&p, used);
	}
	if (tail.cut > 0 && end <= max64(h->next, h->cut_end)) /* also where it repeats old bytes */
		h->cut_end = max64(h->cut_end, end + tail.cut);
	stream_drain(r, h, p.ts_ns);
}

/* -> whether a FIN is one that the receive queue has to place. Where it is settled at once
   (policy.h), a FIN is believed that lies behind all that has come. */
static bool waits_as_fin(struct half *h, bool fin, int64_t at)
{
	if (!fin || h->fin != REASM_NO_FIN)
		return false;
	if (!policy_of(h)->settles)
		return true;
	if (at >= reasm_top(h))
		h->fin = at;
	return false;
}

static int64_t chain_length(const struct chunk *c)
{
	int64_t n = 0;
	for (; c != NULL; c = c->next)
		n += c->to - c->from;
	return n;
}

void stream_place(struct reasm *r, struct half *h, int64_t off, struct piece p,
                  const struct chunk *more, struct tail tail)
{
	int64_t end = off + (int64_t)p.b.n + chain_length(more) + tail.cut;
	tail.fin = waits_as_fin(h, tail.fin, end);
	if (tail.fin && off <= reach(h))
		take_fin(h, end);
	for (; more != NULL; more = more->next) {
		take(r, h, off, p, (struct tail){0});
		off += (int64_t)p.b.n;
		p = piece_of_chunk(more);
	}
	take(r, h, off, p, tail);
	if (!tail.fin || h->fin != REASM_NO_FIN)
		return;
	if (end <= reach(h)) /* making room passed what was early */
		take_fin(h, end);
	else if (p.b.n == 0)
		take_early_fin(r, h, end, p);
}

/* -- the end -------------------------------------------------------------------------- */

void stream_finish(struct reasm *r, struct half *h, int64_t ts_ns)
{
	while (h->queue.root != NULL && queue_first(h)->start < h->fin)
		stream_pass(r, h, ts_ns);
	stream_drop_beyond_fin(r, h);
	gaps_close(r, h, ts_ns);
	tell_limit(r, h, ts_ns);
	trail_end(r, h);
	claims_end(r, h);
	h->account.offset = account_offset(h);
	h->account.span += told_offset(h, h->next) - h->account.offset;
	urgent_end(r, h);
	/* An ACK one beyond the last byte is that of a FIN which was not captured. */
	int64_t sent = max64(h->acked, max64(h->next, h->cut_end) + 1) - 1;
	if (h->fin != REASM_NO_FIN)
		sent = h->fin;
	h->account.tail_missing = h->based ? sent - h->next : 0;
}
