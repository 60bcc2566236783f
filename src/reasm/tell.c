/* SPDX-License-Identifier: BSD-3-Clause */
/* Events, and the account that goes with each. */
#include "reasm/inside.h"

#include "base/error.h"

#include <string.h>

struct piece piece_of_packet(const struct tf_packet *pkt)
{
	return (struct piece){.b = pkt->payload,
	                      .ts_ns = pkt->ts_ns,
	                      .source = pkt->source,
	                      .frame = pkt->frame,
	                      .position = pkt->position};
}

struct piece piece_of_chunk(const struct chunk *c)
{
	return (struct piece){.b = chunk_span(c),
	                      .ts_ns = c->ts_ns,
	                      .source = c->source,
	                      .frame = c->frame,
	                      .position = c->position};
}

void piece_skip(struct piece *p, size_t n)
{
	p->b.p += n;
	p->b.n -= n;
	p->position += n;
}

/* How many of n bytes at off lie within the limit for a stream. */
static int64_t within_limit(const struct reasm *r, const struct half *h, int64_t off, int64_t n)
{
	int64_t before = off > h->start ? off - h->start : 0;
	int64_t room = r->limits.flow_bytes - before;
	return room < 0 ? 0 : room < n ? room : n;
}

/* The same for bytes that are about to be told: earlier ones that turned up late have
   moved the start, but there are not more bytes for it. */
static int64_t within_budget(const struct reasm *r, const struct half *h, int64_t off, int64_t n)
{
	int64_t told = within_limit(r, h, off, n);
	int64_t left = r->limits.flow_bytes - h->account.written;
	return left < told ? left : told;
}

void tell_data(struct reasm *r, struct half *h, int64_t off, struct piece p, bool late,
               struct chunk **loan)
{
	int64_t n = (int64_t)p.b.n, told = within_budget(r, h, off, n);
	h->account.beyond_limit += n - told;
	if (told == 0)
		return;
	h->account.written += told;
	struct tf_event ev = {
	        .kind = TF_DATA,
	        .late = late,
	        .stream = h->stream,
	        .offset = off,
	        .length = told,
	        .data = {p.b.p, (size_t)told},
	        .ts_ns = p.ts_ns,
	        .source = p.source,
	        .frame = p.frame,
	        .position = p.position,
	        .loan = told == n ? loan : NULL,
	};
	r->tell(r->arg, h, &ev);
}

void tell_gap(struct reasm *r, struct half *h, int64_t start, int64_t end, enum tf_gap_cause cause,
              bool late, int64_t ts_ns)
{
	if (late) {
		h->account.missing += end - start;
		if (cause == TF_GAP_SNAPLEN)
			h->account.cut += end - start;
		r->counters->gaps++;
	}
	int64_t told = within_limit(r, h, start, end - start);
	if (told == 0)
		return;
	struct tf_event ev = {
	        .kind = TF_GAP,
	        .late = late,
	        .stream = h->stream,
	        .offset = start,
	        .length = told,
	        .ts_ns = ts_ns,
	        .cause = cause,
	};
	r->tell(r->arg, h, &ev);
}

void tell_reject(struct reasm *r, struct half *h, int64_t off, struct piece p,
                 enum tf_reject reason)
{
	struct tf_event ev = {
	        .kind = TF_REJECT,
	        .stream = h->stream,
	        .offset = off,
	        .length = (int64_t)p.b.n,
	        .other = p.b,
	        .ts_ns = p.ts_ns,
	        .source = p.source,
	        .frame = p.frame,
	        .position = p.position,
	        .reject = reason,
	};
	*(reason == TF_REJECT_OUTSIDE       ? &h->account.outside
	  : reason == TF_REJECT_AFTER_CLOSE ? &h->account.after_close
	                                    : &h->account.rejected) += (int64_t)p.b.n;
	if (p.b.n > 0)
		r->tell(r->arg, h, &ev);
}

static void tell_conflict(struct reasm *r, struct half *h, int64_t off, const uint8_t *kept,
                          const struct piece *p, size_t from, size_t to)
{
	r->counters->conflicts++;
	h->account.conflicting += (int64_t)(to - from);
	struct tf_event ev = {
	        .kind = TF_CONFLICT,
	        .stream = h->stream,
	        .offset = off + (int64_t)from,
	        .length = (int64_t)(to - from),
	        .data = {kept + from, to - from},
	        .other = {p->b.p + from, to - from},
	        .ts_ns = p->ts_ns,
	        .source = p->source,
	        .frame = p->frame,
	        .position = p->position + from,
	};
	r->tell(r->arg, h, &ev);
}

/* Compares n bytes of p with kept; the stretch from the first to the last
   difference is the conflict, the rest are duplicates. */
static void compare(struct reasm *r, struct half *h, int64_t off, const uint8_t *kept,
                    const struct piece *p, size_t n)
{
	size_t from = 0, to = n;
	if (memcmp(kept, p->b.p, n) == 0)
		from = n;
	while (from < n && kept[from] == p->b.p[from])
		from++;
	while (to > from && kept[to - 1] == p->b.p[to - 1])
		to--;
	h->account.duplicate += (int64_t)(n - (to - from));
	if (to > from)
		tell_conflict(r, h, off, kept, p, from, to);
}

/* A sink may answer in pieces; what is compared must not depend on where they end. */
static size_t recall(struct reasm *r, struct half *h, int64_t off, uint8_t *to, size_t want)
{
	size_t n = 0, more;
	do {
		more = r->recall(r->arg, h, off + (int64_t)n, to + n, want - n);
		MUST(more <= want - n);
		n += more;
	} while (more > 0 && n < want);
	return n;
}

void tell_rival(struct reasm *r, struct half *h, const struct held *winner, int64_t off,
                struct piece p)
{
	while (p.b.n > 0) {
		uint8_t *kept = r->scratch;
		size_t want = p.b.n < sizeof r->scratch ? p.b.n : sizeof r->scratch;
		size_t n = winner != NULL ? hold_copy(winner, off, kept, want)
		                          : recall(r, h, off, kept, want);
		if (n > 0) {
			compare(r, h, off, kept, &p, n);
		} else {
			n = want;
			h->account.duplicate += (int64_t)n;
			h->account.unchecked += (int64_t)n;
		}
		off += (int64_t)n;
		piece_skip(&p, n);
	}
}
