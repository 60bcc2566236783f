/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One direction of a connection: see reasm.h for the picture and the invariants.
 * This is the door: where sequence numbers become offsets, and ACKs are heard. What
 * becomes of the bytes is stream.c's; what is not believed at once, doubt.c's.
 */
#include "reasm/inside.h"

enum { SYN_REACH = 1 << 20 }; /* how far before the first data a SYN may lie */

bool reasm_init(struct reasm *r, struct arena *a, size_t memory, struct chunk_pool *chunks)
{
	*r = (struct reasm){.chunks = chunks,
	                    .chunks_held_max = chunks->slab.count / 2,
	                    .data = {.kind = TF_DATA}};
	size_t nodes =
	        memory / 4 / sizeof(struct held); /* nearly each has a chunk; gaps have none */
	return slab_init(&r->held, a, sizeof(struct held), nodes) &&
	       slab_init(&r->gaps, a, sizeof(struct gap), memory / 4 * 3 / sizeof(struct gap));
}

bool reasm_remember(struct reasm *r, struct arena *a, size_t memory)
{
	size_t eighth = memory / 8; /* conflicts and rejected segments are rare */
	return slab_init(&r->trails, a, sizeof(struct trail),
	                 (memory - 2 * eighth) / sizeof(struct trail)) &&
	       slab_init(&r->disputes, a, sizeof(struct disputes),
	                 eighth / sizeof(struct disputes)) &&
	       slab_init(&r->claims, a, sizeof(struct claims),
	                 eighth / 2 / sizeof(struct claims)) &&
	       slab_init(&r->urgents, a, sizeof(struct urgent), eighth / 2 / sizeof(struct urgent));
}

void half_init(struct half *h, uint8_t dir)
{
	*h = (struct half){.fin = REASM_NO_FIN, .acked = REASM_NO_ACK, .dir = dir};
	h->forgotten = h->cut_end = h->late_end = INT64_MIN;
	h->edge = REASM_NO_EDGE;
	h->limit_at = INT64_MAX;
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
static void choose_isn(struct reasm *r, struct half *h, uint32_t seq)
{
	if (!h->alt_known || !half_is_empty(h))
		return;
	uint32_t first = h->base + (uint32_t)h->start, other = h->alt_isn + 1;
	h->alt_known = false;
	if (seq - first <= SYN_REACH || seq - other > SYN_REACH)
		return;
	h->base = other - (uint32_t)h->start;
	h->fin = REASM_NO_FIN;
	h->cut_end = INT64_MIN;
	h->edge = REASM_NO_EDGE;
	urgent_end(r, h); /* so far there are only marks */
}

int64_t reasm_top(const struct half *h)
{
	return h->last != NULL ? max64(h->next, h->last->end) : h->next;
}

bool half_is_far(const struct reasm *r, const struct half *h, int64_t off, int64_t n)
{
	int64_t top = reasm_top(h);
	return off > top + r->limits.hole_max || off + n < h->start - r->limits.hole_max;
}

bool reasm_is_far(const struct reasm *r, const struct half *h, uint32_t seq)
{
	return h->based && half_is_far(r, h, reasm_offset(h, seq), 0);
}

/* A pointer may come ahead of its byte. */
static void hear_bare_mark(struct reasm *r, struct half *h, const struct tf_packet *pkt)
{
	if (!h->based || !has_mark(r, pkt))
		return;
	int64_t off = reasm_offset(h, pkt->seq);
	if (off <= h->edge && !half_is_far(r, h, off, 0))
		urgent_hear(r, h, off, off, pkt->urgent);
}

/* -> whether pkt is like most: all of its bytes are the next ones of a stream of which nothing
   waits, is in doubt or is urgent, and they lie within the window. Then doubt.c and stream.c
   would only tell them. */
static bool goes_on(const struct reasm *r, const struct half *h, const struct tf_packet *pkt)
{
	int64_t end = h->next + (int64_t)pkt->payload.n;
	return h->based && pkt->seq == h->base + (uint32_t)h->next && pkt->payload.n > 0 &&
	       pkt->cut == 0 && (pkt->flags & (TCP_SYN | TCP_FIN)) == 0 && end <= h->fin &&
	       h->queue.root == NULL && h->far == NULL && h->urgent == NULL && !has_mark(r, pkt) &&
	       h->next <= h->edge && h->cut_end <= h->next && !h->alt_known;
}

void reasm_segment(struct reasm *r, struct half *h, const struct tf_packet *pkt)
{
	if (goes_on(r, h, pkt)) {
		int64_t off = h->next;
		r->counters->unjudged_window += h->edge == REASM_NO_EDGE;
		h->account.seen += (int64_t)pkt->payload.n;
		h->next += (int64_t)pkt->payload.n;
		tell_packet(r, h, off, pkt);
		return;
	}
	bool fin = (pkt->flags & TCP_FIN) != 0;
	uint32_t seq = pkt->seq + ((pkt->flags & TCP_SYN) != 0);
	if (pkt->payload.n == 0 && pkt->cut == 0 && !fin) {
		hear_bare_mark(r, h, pkt);
		return;
	}
	if (is_first_keepalive(h, pkt)) {
		r->counters->keepalives++;
		h->account.seen++;
		h->account.rejected++;
		return;
	}
	choose_isn(r, h, seq);
	if (!h->based) {
		h->base = seq;
		h->based = true;
	}
	if (doubt_takes(r, h, reasm_offset(h, seq), pkt))
		return;
	int64_t off = reasm_offset(h, seq); /* in the stream as it is now */
	h->account.seen += (int64_t)pkt->payload.n;
	if (has_mark(r, pkt))
		urgent_hear(r, h, off, off + (int64_t)pkt->payload.n + pkt->cut + fin, pkt->urgent);
	struct piece p = piece_of_packet(h, off, pkt);
	if (take_keepalive(r, h, off, pkt)) {
		piece_skip(&p, 1);
		off++;
	}
	stream_place(r, h, off, p, NULL, (struct tail){pkt->cut, fin});
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

void reasm_first_isn(struct half *h, uint32_t isn)
{
	h->isn_known = h->based = true;
	h->base = isn + 1;
}

enum isn_fit reasm_isn(struct reasm *r, struct half *h, uint32_t isn, bool lenient, int64_t ts_ns)
{
	enum isn_fit fit = reasm_isn_fit(h, isn, lenient);
	if (fit != ISN_NEW)
		return fit;
	if (!h->based) {
		reasm_first_isn(h, isn);
		return fit;
	}
	h->isn_known = true;
	int64_t off = reasm_offset(h, isn + 1);
	if (half_is_empty(h))
		h->next = off;
	else if (off < h->start && !h->turns)
		gaps_add_low(r, h, off, h->start, ts_ns);
	h->start = off;
	return fit;
}

void reasm_alternative_isn(struct half *h, uint32_t isn)
{
	if (!h->isn_known || !half_is_empty(h) || h->acked != REASM_NO_ACK)
		return;
	h->alt_isn = isn;
	h->alt_known = true;
}

void reasm_window(struct reasm *r, struct half *h, uint32_t ack, int64_t window)
{
	if (h->acked == REASM_NO_ACK || reasm_offset(h, ack) != h->acked)
		return;
	int64_t edge = h->acked + window;
	if (h->edge == REASM_NO_EDGE || edge > h->edge)
		h->edge = edge;
	if (h->far != NULL && h->doubt == DOUBT_WINDOW && h->far->end <= h->edge)
		doubt_believe(r, h);
}

void reasm_ack(struct reasm *r, struct half *h, uint32_t ack, int64_t ts_ns)
{
	h->ack_raw = ack;
	h->ack_known = true;
	if (!h->based)
		return;
	choose_isn(r, h, ack);
	int64_t off = reasm_offset(h, ack);
	if (h->far != NULL && h->doubt != DOUBT_FAR)
		doubt_hear_ack(r, h, off);
	if (half_is_far(r, h, off, 0)) {
		if (h->far == NULL || h->doubt != DOUBT_FAR || off <= h->far->start ||
		    off > h->far->end + r->limits.hole_max)
			return;
		doubt_follow(r, h, ts_ns);
		off = reasm_offset(h, ack);
	}
	if (off <= h->acked)
		return;
	h->acked = off;
	if (h->fin != REASM_NO_FIN && off > h->fin + 1) {
		h->fin = REASM_NO_FIN; /* the receiver has more: that FIN was not the sender's */
		r->counters->fin_void++;
	}
	if (h->queue.root == NULL)
		return;
	stream_drain(r, h, ts_ns);
	while (h->queue.root != NULL && queue_first(h)->start < min64(off, h->fin))
		stream_pass(r, h, ts_ns);
	if (off > h->fin)
		stream_drop_beyond_fin(r, h);
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

/* -- what others do --------------------------------------------------------------- */

/* A window is below WINDOW. So far from next may acked be, and an edge that lies before it: the
   edge that the next ACK brings is then near enough to this one for sequence numbers to tell them
   apart. */
#define WINDOW (INT64_C(1) << 30)
#define REACH  (INT64_C(1) << 29)

bool reasm_is_straight(const struct half *h)
{
	if (h->limit_at != INT64_MAX || h->queue.root != NULL || h->far != NULL ||
	    h->urgent != NULL || h->disputes != NULL || h->alt_known || !h->based ||
	    !h->ack_known || h->fin != REASM_NO_FIN)
		return false;
	return h->cut_end <= h->next && h->start <= h->acked && h->acked <= h->next &&
	       h->next - h->acked < REACH && h->ack_raw == h->base + (uint32_t)h->acked &&
	       h->edge > h->next - REACH && h->edge < h->next + WINDOW;
}

void reasm_catch_up(struct half *h, uint32_t next, uint32_t acked, uint32_t edge)
{
	int64_t off = reasm_offset_beyond(h, next), n = off - h->next;
	h->account.seen += n;
	h->account.written += n;
	h->next = off;
	h->ack_raw = acked;
	h->acked = off + (int32_t)(acked - next);
	h->edge = off + (int32_t)(edge - next);
}

/* -- the end ---------------------------------------------------------------------- */

void reasm_finish(struct reasm *r, struct half *h, int64_t ts_ns)
{
	if (h->far != NULL && h->doubt == DOUBT_FAR)
		doubt_follow(r, h, ts_ns);
	if (h->far != NULL)
		(h->doubt_denied ? doubt_disown : doubt_believe)(r, h);
	stream_finish(r, h, ts_ns);
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
