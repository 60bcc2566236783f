/* SPDX-License-Identifier: BSD-3-Clause */
/* Segments in doubt: set aside until something shows whether they are of their stream. */
#include "reasm/inside.h"

#include <stddef.h>

/* -> the segment in doubt, which is in doubt no more; its bytes count as seen. */
static struct held *take_out_of_doubt(struct reasm *r, struct half *h)
{
	struct held *n = h->far;
	h->far = NULL;
	holders_note(r, h);
	h->account.seen += n->end - n->cut - n->start;
	return n;
}

void doubt_disown(struct reasm *r, struct half *h)
{
	if (h->far == NULL)
		return;
	r->counters->rejected_window += h->doubt == DOUBT_WINDOW;
	r->counters->rejected_syn_data += h->doubt == DOUBT_SYN;
	stream_reject_held(r, h, take_out_of_doubt(r, h),
	                   h->doubt == DOUBT_SYN ? TF_REJECT_SYN_DATA : TF_REJECT_OUTSIDE);
}

void doubt_evict(struct reasm *r, struct half *h)
{
	if (h->far == NULL || h->doubt == DOUBT_FAR) {
		doubt_disown(r, h);
		return;
	}
	struct held *n = take_out_of_doubt(r, h);
	h->account.evicted += n->end - n->cut - n->start;
	h->account.span += n->end - n->cut - n->start; /* see stream_finish() */
	claims_note(r, h, n->start, n->end - n->cut, TF_GAP_EVICTED);
	hold_give(r, n);
}

/* A segment that was in doubt is put to where it belongs. */
static void place(struct reasm *r, struct half *h, struct held *n)
{
	int64_t off = n->start;
	const struct tail tail = {.cut = (uint32_t)n->cut, .fin = n->fin};
	if (n->marks)
		urgent_hear(r, h, off, n->end + n->fin, n->urgent);
	struct chunk *chunks = hold_open(r, n);
	hold_give(r, n);
	stream_place(r, h, off, piece_of_chunk(chunks), chunks->next, tail);
	chunk_give_chain(r->chunks, chunks);
}

void doubt_believe(struct reasm *r, struct half *h)
{
	struct held *n = take_out_of_doubt(r, h);
	if (h->doubt == DOUBT_WINDOW)
		h->edge = REASM_NO_EDGE; /* the ACKs that moved it were not captured */
	place(r, h, n);
}

/* Sets the segment aside until something settles the doubt, and what was in doubt before
   belonged elsewhere -> false: there is no memory for it */
static bool set_aside(struct reasm *r, struct half *h, int64_t off, const struct tf_packet *pkt,
                      enum doubt why)
{
	doubt_disown(r, h);
	h->far = hold_take(r, off, piece_of_packet(h, off, pkt), pkt->cut);
	h->doubt = (uint8_t)why;
	h->doubt_denied = false;
	if (h->far != NULL) {
		h->far->fin = (pkt->flags & TCP_FIN) != 0;
		h->far->marks = has_mark(r, pkt);
		h->far->urgent = pkt->urgent;
	}
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

void doubt_follow(struct reasm *r, struct half *h, int64_t ts_ns)
{
	struct held *far = h->far;
	uint32_t base = h->base + (uint32_t)far->start, stream = h->stream;
	h->far = NULL;
	stream_finish(r, h, ts_ns);
	tell_stream_end(r, h, ts_ns);
	holders_note(r, h);
	uint8_t policy = h->policy;
	half_init(h, h->dir);
	h->policy = policy;
	h->base = base;
	h->based = true;
	h->stream = stream + 1;
	r->counters->streams_restarted++;
	far->end -= far->start;
	far->start = 0;
	h->account.seen = far->end - far->cut;
	place(r, h, far);
}

/* The direction's next segment, which ends at `end`, is not far: neither is the one in doubt if the
   stream comes near to it by that; else that belonged elsewhere. */
static void settle_far(struct reasm *r, struct half *h, int64_t end)
{
	int64_t top = max64(reasm_top(h), end);
	bool near = h->far->start <= top + r->limits.hole_max &&
	            h->far->end >= h->start - r->limits.hole_max;
	if (!near)
		doubt_disown(r, h);
	else if (h->far->start > h->edge)
		h->doubt = DOUBT_WINDOW;
	else
		doubt_believe(r, h);
}

/* A segment far from all others: set aside until the next one shows where the
   direction is. -> false: it belongs to the stream now (again) */
static bool take_far(struct reasm *r, struct half *h, int64_t off, const struct tf_packet *pkt)
{
	int64_t n = (int64_t)pkt->payload.n + pkt->cut;
	if (!half_is_far(r, h, off, n)) {
		if (h->far != NULL && h->doubt == DOUBT_FAR)
			settle_far(r, h, off + n);
		return false;
	}
	if (pkt->payload.n == 0)
		return true; /* no byte to place, and a FIN that nobody can believe */
	if (h->far != NULL && h->doubt == DOUBT_FAR && off <= h->far->end + r->limits.hole_max &&
	    off + n >= h->far->start - r->limits.hole_max) {
		doubt_follow(r, h, pkt->ts_ns);
		return false;
	}
	if (!set_aside(r, h, off, pkt, DOUBT_FAR)) {
		h->account.seen += (int64_t)pkt->payload.n;
		stream_refuse(r, h, off, piece_of_packet(h, off, pkt), TF_REJECT_OUTSIDE);
	}
	return true;
}

/* A SYN with bytes: whether its receiver has taken them is what the answer acknowledges
   (RFC 7413, 4.2) -> false: that is known, and it has, or it cannot become known */
static bool take_syn_data(struct reasm *r, struct half *h, int64_t off, const struct tf_packet *pkt)
{
	if ((pkt->flags & TCP_SYN) == 0 || pkt->payload.n == 0 || !half_is_empty(h) ||
	    off != h->start)
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

static void weigh(struct reasm *r, struct half *h, int64_t off, int64_t n)
{
	if (bears_out(h, off, n))
		doubt_believe(r, h);
	else if (off <= h->edge && off + n > h->next)
		doubt_disown(r, h);
}

/* -> whether the segment was set aside, since it lies beyond the window. A FIN there is not
   believed. While the kernel drops packets, ACKs that moved the window are among them. */
static bool take_beyond(struct reasm *r, struct half *h, int64_t off, const struct tf_packet *pkt)
{
	if (off > h->edge && r->drops_rising)
		h->edge = REASM_NO_EDGE;
	if (h->edge == REASM_NO_EDGE)
		r->counters->unjudged_window += pkt->payload.n > 0;
	if (off <= h->edge)
		return false;
	if (pkt->payload.n > 0)
		return set_aside(r, h, off, pkt, DOUBT_WINDOW);
	r->counters->rejected_window++;
	return true;
}

bool doubt_takes(struct reasm *r, struct half *h, int64_t off, const struct tf_packet *pkt)
{
	int64_t n = (int64_t)pkt->payload.n + pkt->cut;
	if (take_syn_data(r, h, off, pkt))
		return true;
	if (h->far != NULL && h->doubt != DOUBT_FAR && n > 0)
		weigh(r, h, off, n);
	return take_far(r, h, off, pkt) || take_beyond(r, h, off, pkt);
}

void doubt_hear_ack(struct reasm *r, struct half *h, int64_t off)
{
	if (h->doubt == DOUBT_SYN && off >= h->start)
		(off >= h->far->end - h->far->cut ? doubt_believe : doubt_disown)(r, h);
	else if (h->doubt == DOUBT_WINDOW && off > reasm_top(h) + 1)
		doubt_believe(r, h); /* much was not captured */
	else if (h->doubt == DOUBT_WINDOW)
		h->doubt_denied = true;
}
