/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One direction of a connection: see reasm.h for the picture and the invariants.
 *
 * A segment is cut into pieces at `start`, `next` and `fin`, and each piece goes
 * one way: below start, among the told bytes and gaps, at next, or early. A hole is
 * passed when the peer has acknowledged something behind it (the receiver had those
 * bytes, the capture has not), when memory is short, and at the end. A passed hole
 * stays fillable for sinks that place bytes by offset.
 */
#include "reasm/policy.h"

#include "base/error.h"

#include <stddef.h>

enum { SYN_REACH = 1 << 20 }; /* how far before the first data a SYN may lie */

bool reasm_init(struct reasm *r, struct arena *a, size_t memory, struct chunk_pool *chunks)
{
	*r = (struct reasm){.chunks = chunks, .chunks_held_max = chunks->slab.count / 2};
	size_t gaps = memory / 4 / sizeof(struct gap);
	return slab_init(&r->gaps, a, sizeof(struct gap), gaps) &&
	       slab_init(&r->held, a, sizeof(struct held), memory / 4 * 3 / sizeof(struct held));
}

bool reasm_remember(struct reasm *r, struct arena *a, size_t memory)
{
	size_t eighth = memory / 8; /* conflicts are rare */
	return slab_init(&r->trails, a, sizeof(struct trail),
	                 (memory - eighth) / sizeof(struct trail)) &&
	       slab_init(&r->disputes, a, sizeof(struct disputes),
	                 eighth / sizeof(struct disputes));
}

void half_init(struct half *h, uint8_t dir)
{
	*h = (struct half){.fin = REASM_NO_FIN, .acked = REASM_NO_ACK, .dir = dir};
	h->forgotten = h->cut_end = h->late_end = INT64_MIN;
	h->edge = REASM_NO_EDGE;
}

static int64_t min64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Bytes of the segment that has just come are taken by no receiver. */
static void refuse(struct reasm *r, struct half *h, int64_t off, struct piece p,
                   enum tf_reject reason)
{
	r->refused = reason == TF_REJECT_OUTSIDE ? offsetof(struct tf_counters, bytes_outside)
	                                         : offsetof(struct tf_counters, bytes_after_close);
	tell_reject(r, h, off, p, reason);
}

static bool is_empty(const struct half *h)
{
	return h->next == h->start && h->queue.root == NULL;
}

/* -- telling what is in order ------------------------------------------------ */

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
			c->from = (uint16_t)(c->from + known);
			c->position += (uint64_t)known;
		}
		off += known + (int64_t)p.b.n;
		if (off > h->fin) { /* what lies beyond FIN is nobody's */
			int64_t beyond = min64(off - h->fin, (int64_t)p.b.n);
			struct piece rest_of = p;
			piece_skip(&rest_of, p.b.n - (size_t)beyond);
			tell_reject(r, h, off - beyond, rest_of, TF_REJECT_AFTER_CLOSE);
			p.b.n -= (size_t)beyond;
			c->to = (uint16_t)(c->to - beyond);
		}
		c->next = NULL;
		if (p.b.n > 0) {
			int64_t at = h->next;
			h->next += (int64_t)p.b.n;
			tell_data(r, h, at, p, false, &c);
		}
		if (c != NULL)
			chunk_give(r->chunks, c);
		c = rest;
	}
}

static void skip_hole(struct reasm *r, struct half *h, int64_t to, enum tf_gap_cause cause,
                      int64_t ts_ns)
{
	int64_t from = h->next;
	if (to <= from)
		return;
	gaps_add(r, h, from, to, cause, ts_ns);
	h->next = to;
	tell_gap(r, h, from, to, cause, false, ts_ns);
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

/* Tells held segments for as long as they follow on. */
static void drain(struct reasm *r, struct half *h, int64_t ts_ns)
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

void reasm_pass(struct reasm *r, struct half *h, int64_t ts_ns)
{
	struct held *n = queue_first(h);
	if (is_bare_fin(n)) {
		pass_bare_fin(r, h, n);
		return;
	}
	int64_t to = min64(n->start, h->fin);
	skip_cut(r, h, to, ts_ns);
	skip_hole(r, h, to, TF_GAP_LOST, ts_ns);
	drain(r, h, ts_ns);
}

/* No receiver has taken n, which is in no queue. */
static void reject_held(struct reasm *r, struct half *h, struct held *n, enum tf_reject reason)
{
	int64_t off = n->start;
	for (const struct chunk *c = n->head; c != NULL; c = c->next) {
		struct piece p = piece_of_chunk(c);
		tell_reject(r, h, off, p, reason);
		off += (int64_t)p.b.n;
	}
	hold_give(r, n);
}

void reasm_drop_beyond_fin(struct reasm *r, struct half *h)
{
	while (h->queue.root != NULL) {
		struct held *n = queue_first(h);
		queue_remove(r, h, n);
		reject_held(r, h, n, TF_REJECT_AFTER_CLOSE);
	}
}

/* -- one piece at a time: each -> bytes used ----------------------------------- */

/* Before the first byte known. */
static size_t take_before(struct reasm *r, struct half *h, int64_t off, struct piece p)
{
	p.b.n = (size_t)min64((int64_t)p.b.n, h->start - off);
	int64_t end = off + (int64_t)p.b.n;
	if (h->isn_known) {
		refuse(r, h, off, p, TF_REJECT_OUTSIDE);
		return p.b.n;
	}
	if (is_empty(h)) { /* only a FIN told where the stream is */
		h->start = h->next = off;
		return 0;
	}
	if (end < h->start)
		gaps_add_low(r, h, end, h->start, p.ts_ns);
	h->start = off;
	tell_data(r, h, off, p, true, NULL);
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
	tell_data(r, h, off, p, true, NULL);
	return p.b.n;
}

static size_t take_now(struct reasm *r, struct half *h, int64_t off, struct piece p)
{
	h->next = min64(off + (int64_t)p.b.n, h->fin);
	p.b.n = (size_t)(h->next - off);
	tell_data(r, h, off, p, false, NULL);
	return p.b.n;
}

/* What follows the bytes of a piece. */
struct tail {
	uint32_t cut; /* bytes that the snaplen cut off */
	bool fin;
};

/* -> whether bytes at next are to be weighed against held ones */
static bool is_contested(const struct half *h, struct piece p)
{
	return h->queue.root != NULL && policy_of(h)->settles &&
	       queue_first(h)->start < h->next + (int64_t)p.b.n;
}

/* Beyond a hole, contested, or beyond a FIN that may be forged. */
static size_t take_early(struct reasm *r, struct half *h, int64_t off, struct piece p,
                         struct tail tail)
{
	if (off >= h->fin && h->acked > h->fin) {
		refuse(r, h, off, p, TF_REJECT_AFTER_CLOSE);
		return p.b.n;
	}
	struct held *n = hold_take(r, off, p, tail.cut);
	if (n == NULL && off >= h->fin) {
		h->account.evicted += (int64_t)p.b.n;
		h->account.span += (int64_t)p.b.n; /* see reasm_finish() */
		return p.b.n;
	}
	if (n == NULL) {
		skip_hole(r, h, off, TF_GAP_LOST, p.ts_ns);
		return 0;
	}
	bool now = off == h->next && off < h->fin && !is_contested(h, p);
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
		bool now = off == h->next && off < h->fin && !is_contested(h, p);
		size_t used = off < h->start  ? take_before(r, h, off, p)
		              : off < h->next ? take_old(r, h, off, p)
		              : now           ? take_now(r, h, off, p)
		                              : take_early(r, h, off, p, tail);
		off += (int64_t)used;
		piece_skip(&p, used);
	}
	if (tail.cut > 0 && end <= max64(h->next, h->cut_end)) /* also where it repeats old bytes */
		h->cut_end = max64(h->cut_end, end + tail.cut);
	drain(r, h, p.ts_ns);
}

/* -- the door ------------------------------------------------------------------- */

/* RFC 1122, 4.2.3.6: a probe repeats the byte before the next one, with any value. */
static bool take_keepalive(struct reasm *r, struct half *h, int64_t off,
                           const struct tf_packet *pkt)
{
	if (pkt->payload.n != 1 || pkt->cut > 0 || off != h->next - 1)
		return false;
	struct gap *g = gaps_find(h, off);
	bool recorded = off >= h->start && !(g != NULL && g->start <= off);
	bool before_all = off < h->start && h->isn_known;
	if (!recorded && !before_all && (pkt->payload.p[0] != 0 || h->acked != h->next))
		return false;
	r->counters->keepalives++;
	*(recorded ? &h->account.duplicate : &h->account.rejected) += 1;
	return true;
}

/* The same before this direction has said anything: one NUL byte that the peer has
   acknowledged already. */
static bool is_first_keepalive(const struct half *h, const struct tf_packet *pkt)
{
	return !h->based && h->ack_known && pkt->payload.n == 1 && pkt->cut == 0 &&
	       pkt->payload.p[0] == 0 && (pkt->flags & (TCP_SYN | TCP_FIN)) == 0 &&
	       pkt->seq + 1 == h->ack_raw;
}

/* Data and ACKs decide between two SYN-ACKs with different sequence numbers. A FIN, and
   bytes that were cut, had their places by the one that is given up. */
static void choose_isn(struct half *h, uint32_t seq)
{
	if (!h->alt_known || !is_empty(h))
		return;
	uint32_t first = h->base + (uint32_t)h->start, other = h->alt_isn + 1;
	h->alt_known = false;
	if (seq - first <= SYN_REACH || seq - other > SYN_REACH)
		return;
	h->base = other - (uint32_t)h->start;
	h->fin = REASM_NO_FIN;
	h->cut_end = INT64_MIN;
	h->edge = REASM_NO_EDGE;
}

int64_t reasm_top(const struct half *h)
{
	return h->last != NULL ? max64(h->next, h->last->end) : h->next;
}

/* -> whether off lies more than hole_max away from this direction's bytes */
static bool is_far(const struct reasm *r, const struct half *h, int64_t off, int64_t n)
{
	int64_t top = reasm_top(h);
	return off > top + r->limits.hole_max || off + n < h->start - r->limits.hole_max;
}

bool reasm_is_far(const struct reasm *r, const struct half *h, uint32_t seq)
{
	return h->based && is_far(r, h, reasm_offset(h, seq), 0);
}

/* -- segments in doubt -------------------------------------------------------------- */

/* -> the segment in doubt, which is in doubt no more; its bytes count as seen. */
static struct held *take_out_of_doubt(struct reasm *r, struct half *h)
{
	struct held *n = h->far;
	h->far = NULL;
	holders_note(r, h);
	h->account.seen += n->end - n->cut - n->start;
	return n;
}

/* The direction went on where it was: the segment in doubt, if any, is not of it. */
static void disown(struct reasm *r, struct half *h)
{
	if (h->far == NULL)
		return;
	r->counters->rejected_window += h->doubt == DOUBT_WINDOW;
	r->counters->rejected_syn_data += h->doubt == DOUBT_SYN;
	reject_held(r, h, take_out_of_doubt(r, h),
	            h->doubt == DOUBT_SYN ? TF_REJECT_SYN_DATA : TF_REJECT_OUTSIDE);
}

void reasm_evict_far(struct reasm *r, struct half *h)
{
	if (h->far == NULL || h->doubt == DOUBT_FAR) {
		disown(r, h);
		return;
	}
	struct held *n = take_out_of_doubt(r, h);
	h->account.evicted += n->end - n->cut - n->start;
	h->account.span += n->end - n->cut - n->start; /* see reasm_finish() */
	hold_give(r, n);
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

/* The segment in doubt has its place in the stream after all. */
static void believe(struct reasm *r, struct half *h)
{
	struct held *n = take_out_of_doubt(r, h);
	int64_t off = n->start, end = n->end;
	const struct tail last = {.cut = (uint32_t)n->cut, .fin = waits_as_fin(h, h->far_fin, end)};
	if (h->doubt == DOUBT_WINDOW)
		h->edge = REASM_NO_EDGE; /* the ACKs that moved it were not captured */
	if (last.fin && off <= reach(h))
		take_fin(h, end);
	struct chunk *chunks = hold_open(r, n);
	hold_give(r, n);
	for (const struct chunk *c = chunks; c != NULL; c = c->next) {
		struct piece p = piece_of_chunk(c);
		take(r, h, off, p, c->next == NULL ? last : (struct tail){0});
		off += (int64_t)p.b.n;
	}
	chunk_give_chain(r->chunks, chunks);
	if (last.fin && h->fin == REASM_NO_FIN && end <= reach(h))
		take_fin(h, end);
}

/* Sets the segment aside until something settles the doubt, and what was in doubt before
   belonged elsewhere -> false: there is no memory for it */
static bool set_aside(struct reasm *r, struct half *h, int64_t off, const struct tf_packet *pkt,
                      enum doubt why)
{
	disown(r, h);
	h->far = hold_take(r, off, piece_of_packet(h, off, pkt), pkt->cut);
	h->doubt = (uint8_t)why;
	h->doubt_denied = false;
	h->far_fin = (pkt->flags & TCP_FIN) != 0;
	holders_note(r, h);
	return h->far != NULL;
}

static void tell_stream_end(struct reasm *r, struct half *h, int64_t ts_ns)
{
	struct tf_event ev = {
	        .kind = TF_END,
	        .stream = h->stream,
	        .ts_ns = ts_ns,
	        .end = TF_END_HOLE,
	        .account = &h->account,
	};
	r->tell(r->arg, h, &ev);
	reasm_settle(r, &h->account);
}

static void finish_stream(struct reasm *r, struct half *h, int64_t ts_ns);

/* The direction goes on at the far segment: what was before is one stream, and a
   new one begins there. */
static void follow_far(struct reasm *r, struct half *h, int64_t ts_ns)
{
	struct held *far = h->far;
	uint32_t base = h->base + (uint32_t)far->start, stream = h->stream;
	bool fin = h->far_fin;
	h->far = NULL;
	finish_stream(r, h, ts_ns);
	tell_stream_end(r, h, ts_ns);
	holders_note(r, h);
	uint8_t policy = h->policy;
	half_init(h, h->dir);
	h->policy = policy;
	h->base = base;
	h->based = true;
	h->stream = stream + 1;
	r->counters->streams_restarted++;

	int64_t end = far->end - far->start;
	h->account.seen = end - far->cut;
	struct chunk *chunks = hold_open(r, far);
	hold_give(r, far);
	tell_chunks(r, h, 0, chunks);
	h->cut_end = end;
	if (fin)
		take_fin(h, end);
}

/* A segment far from all others: set aside until the next one shows where the
   direction is. -> false: it belongs to the stream now (again) */
static bool take_far(struct reasm *r, struct half *h, int64_t off, const struct tf_packet *pkt)
{
	int64_t n = (int64_t)pkt->payload.n + pkt->cut;
	if (!is_far(r, h, off, n)) {
		if (h->far != NULL && h->doubt == DOUBT_FAR)
			disown(r, h);
		return false;
	}
	if (pkt->payload.n == 0)
		return true; /* no byte to place, and a FIN that nobody can believe */
	if (h->far != NULL && h->doubt == DOUBT_FAR && off <= h->far->end + r->limits.hole_max &&
	    off + n >= h->far->start - r->limits.hole_max) {
		follow_far(r, h, pkt->ts_ns);
		return false;
	}
	if (!set_aside(r, h, off, pkt, DOUBT_FAR)) {
		h->account.seen += (int64_t)pkt->payload.n;
		refuse(r, h, off, piece_of_packet(h, off, pkt), TF_REJECT_OUTSIDE);
	}
	return true;
}

/* A SYN with bytes: whether its receiver has taken them is what the answer acknowledges
   (RFC 7413, 4.2) -> false: that is known, and it has, or it cannot become known */
static bool take_syn_data(struct reasm *r, struct half *h, int64_t off, const struct tf_packet *pkt)
{
	if ((pkt->flags & TCP_SYN) == 0 || pkt->payload.n == 0 || !is_empty(h) || off != h->start)
		return false;
	int64_t end = off + (int64_t)pkt->payload.n;
	bool again = h->far != NULL && h->doubt == DOUBT_SYN;
	if (again || (h->acked != REASM_NO_ACK && h->acked < end)) {
		r->refused = offsetof(struct tf_counters, rejected_syn_data);
		r->counters->rejected_syn_data++;
		reasm_reject(r, h, pkt, TF_REJECT_SYN_DATA);
		return true;
	}
	return h->acked == REASM_NO_ACK && set_aside(r, h, off, pkt, DOUBT_SYN);
}

enum { NEAR = 1 << 16 }; /* bytes between two segments that bear each other out */

/* -> whether the direction's next segment, of n bytes at off, shows that the one in doubt is of
   it: it lies right behind or before that one, or the answer to a SYN was not captured. */
static bool bears_out(const struct half *h, int64_t off, int64_t n)
{
	const struct held *far = h->far;
	if (h->doubt == DOUBT_SYN)
		return true;
	if (off + n <= far->start)
		return far->start - (off + n) <= NEAR && off > h->edge;
	return off >= far->end && off - far->end <= NEAR;
}

static void settle(struct reasm *r, struct half *h, int64_t off, int64_t n)
{
	if (bears_out(h, off, n))
		believe(r, h);
	else if (off <= h->edge && off + n > h->next)
		disown(r, h);
}

/* -> whether the segment was set aside, since it lies beyond the window. A FIN there is not
   believed. */
static bool take_beyond(struct reasm *r, struct half *h, int64_t off, const struct tf_packet *pkt)
{
	if (h->edge == REASM_NO_EDGE)
		r->counters->unjudged_window += pkt->payload.n > 0;
	if (off <= h->edge)
		return false;
	if (pkt->payload.n > 0)
		return set_aside(r, h, off, pkt, DOUBT_WINDOW);
	r->counters->rejected_window++;
	return true;
}

/* -> whether the segment waits until a doubt is settled */
static bool take_in_doubt(struct reasm *r, struct half *h, int64_t off, const struct tf_packet *pkt)
{
	int64_t n = (int64_t)pkt->payload.n + pkt->cut;
	if (take_syn_data(r, h, off, pkt))
		return true;
	if (h->far != NULL && h->doubt != DOUBT_FAR && n > 0)
		settle(r, h, off, n);
	return take_far(r, h, off, pkt) || take_beyond(r, h, off, pkt);
}

void reasm_segment(struct reasm *r, struct half *h, const struct tf_packet *pkt)
{
	bool fin = (pkt->flags & TCP_FIN) != 0;
	uint32_t seq = pkt->seq + ((pkt->flags & TCP_SYN) != 0);
	if (pkt->payload.n == 0 && pkt->cut == 0 && !fin)
		return;
	if (is_first_keepalive(h, pkt)) {
		r->counters->keepalives++;
		h->account.seen++;
		h->account.rejected++;
		return;
	}
	choose_isn(h, seq);
	if (!h->based) {
		h->base = seq;
		h->based = true;
	}
	if (take_in_doubt(r, h, reasm_offset(h, seq), pkt))
		return;
	int64_t off = reasm_offset(h, seq); /* in the stream as it is now */
	h->account.seen += (int64_t)pkt->payload.n;
	int64_t end = off + (int64_t)pkt->payload.n + pkt->cut;
	fin = waits_as_fin(h, fin, end);
	if (fin && off <= reach(h))
		take_fin(h, end);
	if (!take_keepalive(r, h, off, pkt))
		take(r, h, off, piece_of_packet(h, off, pkt), (struct tail){pkt->cut, fin});
	if (fin && h->fin == REASM_NO_FIN &&
	    end <= reach(h)) /* making room passed what was early */
		take_fin(h, end);
	else if (fin && pkt->payload.n == 0)
		take_early_fin(r, h, end, piece_of_packet(h, end, pkt));
}

void reasm_reject(struct reasm *r, struct half *h, const struct tf_packet *pkt,
                  enum tf_reject reason)
{
	uint32_t seq = pkt->seq + ((pkt->flags & TCP_SYN) != 0);
	int64_t off = h->based ? reasm_offset(h, seq) : 0;
	h->account.seen += (int64_t)pkt->payload.n;
	tell_reject(r, h, off, piece_of_packet(h, off, pkt), reason);
}

enum isn_fit reasm_isn_fit(const struct half *h, uint32_t isn, bool lenient)
{
	uint32_t seq = isn + 1;
	uint32_t reach = lenient ? SYN_REACH : 0;
	if (!h->based)
		return h->ack_known && h->ack_raw - seq > reach ? ISN_OTHER : ISN_NEW;
	int64_t off = reasm_offset(h, seq);
	if (h->isn_known)
		return off == h->start ? ISN_SAME : ISN_OTHER;
	return off > h->start || h->start - off > reach ? ISN_OTHER : ISN_NEW;
}

enum isn_fit reasm_isn(struct reasm *r, struct half *h, uint32_t isn, bool lenient, int64_t ts_ns)
{
	enum isn_fit fit = reasm_isn_fit(h, isn, lenient);
	if (fit != ISN_NEW)
		return fit;
	h->isn_known = true;
	if (!h->based) {
		h->base = isn + 1;
		h->based = true;
		return fit;
	}
	int64_t off = reasm_offset(h, isn + 1);
	if (is_empty(h))
		h->next = off;
	else if (off < h->start)
		gaps_add_low(r, h, off, h->start, ts_ns);
	h->start = off;
	return fit;
}

void reasm_alternative_isn(struct half *h, uint32_t isn)
{
	if (!h->isn_known || !is_empty(h) || h->acked != REASM_NO_ACK)
		return;
	h->alt_isn = isn;
	h->alt_known = true;
}

/* What the peer's ACK up to off says of the segment in doubt. */
static void settle_by_ack(struct reasm *r, struct half *h, int64_t off)
{
	if (h->doubt == DOUBT_SYN && off >= h->start)
		(off >= h->far->end - h->far->cut ? believe : disown)(r, h);
	else if (h->doubt == DOUBT_WINDOW && off > reasm_top(h) + 1)
		believe(r, h); /* much was not captured */
	else if (h->doubt == DOUBT_WINDOW)
		h->doubt_denied = true;
}

void reasm_window(struct reasm *r, struct half *h, uint32_t ack, int64_t window)
{
	if (h->acked == REASM_NO_ACK || reasm_offset(h, ack) != h->acked)
		return;
	int64_t edge = h->acked + window;
	if (h->edge == REASM_NO_EDGE || edge > h->edge)
		h->edge = edge;
	if (h->far != NULL && h->doubt == DOUBT_WINDOW && h->far->end <= h->edge)
		believe(r, h);
}

void reasm_ack(struct reasm *r, struct half *h, uint32_t ack, int64_t ts_ns)
{
	h->ack_raw = ack;
	h->ack_known = true;
	if (!h->based)
		return;
	choose_isn(h, ack);
	int64_t off = reasm_offset(h, ack);
	if (h->far != NULL && h->doubt != DOUBT_FAR)
		settle_by_ack(r, h, off);
	if (is_far(r, h, off, 0)) {
		if (h->far == NULL || h->doubt != DOUBT_FAR || off <= h->far->start ||
		    off > h->far->end + r->limits.hole_max)
			return;
		follow_far(r, h, ts_ns);
		off = reasm_offset(h, ack);
	}
	if (off <= h->acked)
		return;
	h->acked = off;
	if (h->fin != REASM_NO_FIN && off > h->fin + 1) {
		h->fin = REASM_NO_FIN; /* the receiver has more: that FIN was not the sender's */
		r->counters->fin_void++;
	}
	drain(r, h, ts_ns);
	while (h->queue.root != NULL && queue_first(h)->start < min64(off, h->fin))
		reasm_pass(r, h, ts_ns);
	if (off > h->fin)
		reasm_drop_beyond_fin(r, h);
}

void reasm_duplicate(struct reasm *r, struct half *h, uint32_t left, uint32_t right,
                     const struct tf_packet *pkt)
{
	if (h->based)
		trail_settle(r, h, reasm_offset(h, left), reasm_offset(h, right), pkt);
}

bool reasm_is_next(const struct half *h, uint32_t seq)
{
	if (!h->based)
		return true;
	int64_t off = reasm_offset(h, seq);
	return off == h->next || off == h->acked || (h->fin != REASM_NO_FIN && off == h->fin + 1);
}

bool reasm_done(const struct half *h)
{
	return h->fin != REASM_NO_FIN && h->next == h->fin && h->gap_count == 0 &&
	       h->acked == h->fin + 1;
}

/* -- the end ---------------------------------------------------------------------- */

static void finish_stream(struct reasm *r, struct half *h, int64_t ts_ns)
{
	while (h->queue.root != NULL && queue_first(h)->start < h->fin)
		reasm_pass(r, h, ts_ns);
	reasm_drop_beyond_fin(r, h);
	gaps_close(r, h, ts_ns);
	trail_end(r, h);
	h->account.span += h->next - h->start;
	/* An ACK one beyond the last byte is that of a FIN which was not captured. */
	int64_t sent = max64(h->acked, max64(h->next, h->cut_end) + 1) - 1;
	if (h->fin != REASM_NO_FIN)
		sent = h->fin;
	h->account.tail_missing = h->based ? sent - h->next : 0;
}

void reasm_finish(struct reasm *r, struct half *h, int64_t ts_ns)
{
	if (h->far != NULL && h->doubt == DOUBT_FAR)
		follow_far(r, h, ts_ns);
	if (h->far != NULL)
		(h->doubt_denied ? disown : believe)(r, h);
	finish_stream(r, h, ts_ns);
}

void reasm_settle(struct reasm *r, const struct tf_account *a)
{
	MUST(a->seen == a->written + a->duplicate + a->conflicting + a->outside + a->after_close +
	                        a->rejected + a->beyond_limit + a->evicted + a->write_failed);
	MUST(a->span == a->written + a->missing + a->beyond_limit + a->evicted + a->write_failed);
	struct tf_counters *c = r->counters;
	c->bytes_seen += (uint64_t)a->seen;
	c->bytes_written += (uint64_t)a->written;
	c->bytes_duplicate += (uint64_t)a->duplicate;
	c->bytes_unchecked += (uint64_t)a->unchecked;
	c->bytes_conflicting += (uint64_t)a->conflicting;
	c->bytes_outside += (uint64_t)a->outside;
	c->bytes_after_close += (uint64_t)a->after_close;
	c->bytes_rejected += (uint64_t)a->rejected;
	c->bytes_beyond_limit += (uint64_t)a->beyond_limit;
	c->bytes_evicted += (uint64_t)a->evicted;
	c->bytes_write_failed += (uint64_t)a->write_failed;
	c->bytes_missing += (uint64_t)a->missing;
	c->bytes_cut += (uint64_t)a->cut;
	c->bytes_tail_missing += (uint64_t)a->tail_missing;
}

bool reasm_check(const struct reasm *r, const struct half *h)
{
	bool ok = h->start <= h->next && h->next <= h->fin; /* I1 */
	int64_t at = h->start;
	for (const struct gap *g = h->gap_low; g != NULL; g = g->higher) { /* I2 */
		ok = ok && g->start >= at && g->start < g->end && g->end <= h->next;
		at = g->end;
	}
	ok = ok && tree_check(&h->queue); /* I3 */
	for (const struct tree_node *n = tree_first(&h->queue); n != NULL; n = tree_next(n)) {
		const struct held *s = (const struct held *)(const void *)n;
		const struct tree_node *m = tree_next(n);
		ok = ok && s->end + s->fin > h->next;
		ok = ok && (m == NULL || ((const struct held *)(const void *)m)->start > s->start);
	}
	bool listed = h->holder_older != NULL || h->holder_newer != NULL || r->holder_oldest == h;
	return ok && listed == (h->queue.root != NULL || h->far != NULL); /* I4 */
}
