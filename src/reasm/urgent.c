/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Urgent bytes, taken out of the stream as a receiver takes them that reads at once
 * (doc/adr/0015; Linux, net/ipv4/tcp_input.c tcp_check_urg(), measured on 6.18).
 *
 *	offset of sequence numbers   a b c d e f g h       d was urgent:  place = 3
 *	offset told                  a b c   d e f g  ...  "abcefgh", told = offset - places before
 *
 * The urgent pointer marks a place, whoever brings the byte for it. A mark counts only when
 * it lies at or beyond `next`, comes with a segment that is not all acknowledged before, and lies
 * beyond the mark that waits: what that one marked stays in line. When `next` comes to the mark,
 * its place leaves the stream.
 *
 * Inside reasm/ all offsets are those of sequence numbers; tell.c takes places off where
 * events are made. No DATA or GAP lies across a place, and none is told below `below`.
 *
 * Bounds: REASM_URGENT places of a half. When one more comes, all that is below the lowest
 * is closed as by too many gaps (half.forgotten), so that only their number matters. Without
 * memory the byte stays in line (urgent_inline).
 */
#include "reasm/inside.h"

/* The TCP header's pointer counts from the segment's sequence number, and marks the byte
   before (Linux; 0 is taken for 1). */
static int64_t marked_by(int64_t seq, uint16_t pointer)
{
	return seq + (pointer > 0 ? pointer - 1 : 0);
}

void urgent_hear(struct reasm *r, struct half *h, int64_t seq, int64_t end, uint16_t pointer)
{
	int64_t mark = marked_by(seq, pointer);
	struct urgent *u = h->urgent;
	if (end < h->acked || mark < h->next)
		return;
	if (u != NULL && u->waiting != REASM_NO_MARK && mark <= u->waiting)
		return;
	if (u == NULL) {
		u = slab_take(&r->urgents);
		if (u == NULL) {
			r->counters->urgent_inline++;
			return;
		}
		*u = (struct urgent){.waiting = REASM_NO_MARK, .below = INT64_MIN};
		h->urgent = u;
	}
	r->counters->urgent_inline += u->waiting != REASM_NO_MARK;
	u->waiting = mark;
}

int64_t urgent_told(const struct urgent *u, int64_t off)
{
	int64_t before = off >= u->below ? u->gone : 0;
	before += u->waiting < off;
	for (uint32_t i = u->count; i > 0; i--)
		before += u->place[i - 1].at < off;
	return off - before;
}

int64_t urgent_next_place(const struct urgent *u, int64_t off)
{
	for (uint32_t i = 0; i < u->count; i++)
		if (u->place[i].at >= off)
			return u->place[i].at;
	return INT64_MAX;
}

/* The lowest place is remembered no more, only that it was there. */
static void forget_lowest(struct reasm *r, struct half *h, int64_t ts_ns)
{
	struct urgent *u = h->urgent;
	int64_t end = u->place[0].at + 1;
	gaps_forget(r, h, end, ts_ns);
	u->gone++;
	u->below = end;
	u->count--;
	for (uint32_t i = 0; i < u->count; i++)
		u->place[i] = u->place[i + 1];
}

/* The place that waited, at next, leaves the stream. */
static void leave(struct reasm *r, struct half *h, bool came, int64_t ts_ns)
{
	struct urgent *u = h->urgent;
	if (u->count == REASM_URGENT)
		forget_lowest(r, h, ts_ns);
	u->place[u->count++] = (struct urgent_place){.at = h->next, .came = came};
	u->waiting = REASM_NO_MARK;
	h->next++;
}

void urgent_miss(struct reasm *r, struct half *h, int64_t ts_ns)
{
	leave(r, h, false, ts_ns);
}

void urgent_take(struct reasm *r, struct half *h, struct piece p)
{
	p.b.n = 1;
	tell_reject(r, h, h->next, p, TF_REJECT_URGENT);
	leave(r, h, true, p.ts_ns);
}

void urgent_again(struct reasm *r, struct half *h, int64_t off, struct piece p)
{
	struct urgent *u = h->urgent;
	uint32_t i = 0;
	while (u->place[i].at != off)
		i++;
	p.b.n = 1;
	if (u->place[i].came) {
		h->account.duplicate++;
		h->account.unchecked++;
		return;
	}
	u->place[i].came = true;
	tell_reject(r, h, off, p, TF_REJECT_URGENT);
}

void urgent_end(struct reasm *r, struct half *h)
{
	if (h->urgent != NULL)
		slab_give(&r->urgents, h->urgent);
	h->urgent = NULL;
}
