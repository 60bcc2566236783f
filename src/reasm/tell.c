/* SPDX-License-Identifier: BSD-3-Clause */
/* Events, and the account that goes with each. */
#include "reasm/inside.h"

#include "base/error.h"

#include <string.h>

/* How many of n bytes at off lie within the limit for a stream. */
static int64_t within_limit(const struct reasm *r, const struct half *h, int64_t off, int64_t n)
{
	int64_t before = off > h->start ? told_offset(h, off) - h->start : 0;
	int64_t room = r->limits.flow_bytes - before;
	return room < 0 ? 0 : room < n ? room : n;
}

/* The same for bytes that are about to be told: earlier ones that turned up late have
   moved the start, but there are not more bytes for it. */
static int64_t within_budget(const struct reasm *r, const struct half *h, int64_t off, int64_t n)
{
	int64_t told = within_limit(r, h, off, n);
	if (h->turns) /* then nothing turns up before the start */
		return told;
	int64_t left = r->limits.flow_bytes - h->account.written;
	return left < told ? left : told;
}

/* Bytes are told in order until the limit, and none behind it. */
static void note_limit(struct half *h, int64_t off, int64_t n, int64_t told, bool late)
{
	if (!late && told < n && h->limit_at == INT64_MAX)
		h->limit_at = off + told;
}

int64_t reasm_room(const struct reasm *r, const struct half *h, int64_t n)
{
	return within_budget(r, h, h->next, n);
}

/* The first `told` bytes of p. This and tell_piece() are inlined into all: a piece is large, and
   made where it is used. */
static inline void tell_bytes(struct reasm *r, struct half *h, int64_t off, const struct piece *p,
                              int64_t told, bool late, struct chunk **loan)
{
	struct tf_event *ev = &r->data; /* to clear one for each took longer than to fill it in */
	trail_note(r, h, off, p);
	ev->late = late;
	ev->stream = h->stream;
	ev->offset = told_offset(h, off);
	ev->length = told;
	ev->data = (struct tf_span){p->b.p, (size_t)told};
	ev->ts_ns = p->ts_ns;
	ev->source = p->source;
	ev->frame = p->frame;
	ev->position = p->position;
	ev->loan = loan;
	r->tell(r->arg, h, ev);
}

static inline void tell_piece(struct reasm *r, struct half *h, int64_t off, const struct piece *p,
                              bool late, struct chunk **loan)
{
	int64_t n = (int64_t)p->b.n, told = within_budget(r, h, off, n);
	h->account.beyond_limit += n - told;
	note_limit(h, off, n, told, late);
	if (told == 0)
		return;
	h->account.written += told;
	tell_bytes(r, h, off, p, told, late, told == n ? loan : NULL);
}

void tell_data(struct reasm *r, struct half *h, int64_t off, const struct piece *p, bool late,
               struct chunk **loan)
{
	tell_piece(r, h, off, p, late, loan);
}

void tell_packet(struct reasm *r, struct half *h, int64_t off, const struct tf_packet *pkt)
{
	const struct piece p = piece_of_packet(h, off, pkt);
	tell_piece(r, h, off, &p, false, NULL);
}

void reasm_tell(struct reasm *r, struct half *h, int64_t off, const struct tf_packet *pkt)
{
	struct piece p = piece_of_packet(h, off, pkt);
	p.late = false;
	tell_bytes(r, h, off, &p, (int64_t)p.b.n, false, NULL);
}

static void tell_gap_event(struct reasm *r, struct half *h, int64_t start, int64_t n,
                           enum tf_gap_cause cause, bool late, int64_t ts_ns)
{
	if (n <= 0) /* each stream's end asks; an event that is not told costs as much */
		return;
	struct tf_event ev = {
	        .kind = TF_GAP,
	        .late = late,
	        .stream = h->stream,
	        .offset = told_offset(h, start),
	        .length = n,
	        .ts_ns = ts_ns,
	        .cause = cause,
	};
	r->tell(r->arg, h, &ev);
}

/* A gap that has one cause. */
static void tell_gap_of(struct reasm *r, struct half *h, int64_t start, int64_t end,
                        enum tf_gap_cause cause, bool late, int64_t ts_ns)
{
	int64_t n = end - start;
	if (!late) {
		int64_t told = within_limit(r, h, start, n);
		note_limit(h, start, n, told, late);
		tell_gap_event(r, h, start, told, cause, late, ts_ns);
		return;
	}
	h->account.missing += n;
	h->account.cut += cause == TF_GAP_SNAPLEN ? n : 0;
	r->counters->gaps++;
	tell_gap_event(r, h, start, min64(end, h->limit_at) - start, cause, late, ts_ns);
}

void tell_gap(struct reasm *r, struct half *h, int64_t start, int64_t end, enum tf_gap_cause cause,
              bool late, int64_t ts_ns)
{
	while (start < end) {
		int64_t upto = end;
		enum tf_gap_cause why =
		        cause == TF_GAP_SNAPLEN ? cause : claims_cause(h, start, &upto, cause);
		tell_gap_of(r, h, start, upto, why, late, ts_ns);
		start = upto;
	}
}

void tell_limit(struct reasm *r, struct half *h, int64_t ts_ns)
{
	int64_t at = min64(h->limit_at, h->next);
	for (int late = 0; late < 2; late++)
		tell_gap_event(r, h, at, told_offset(h, h->next) - told_offset(h, at), TF_GAP_LIMIT,
		               late, ts_ns);
}

void tell_reject(struct reasm *r, struct half *h, int64_t off, struct piece p,
                 enum tf_reject reason)
{
	struct tf_event ev = {
	        .kind = TF_REJECT,
	        .stream = h->stream,
	        .offset = told_offset(h, off),
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
	  : reason == TF_REJECT_URGENT      ? &h->account.urgent
	                                    : &h->account.rejected) += (int64_t)p.b.n;
	if (p.b.n > 0)
		r->tell(r->arg, h, &ev);
	if (reason != TF_REJECT_URGENT)
		claims_note(r, h, off, off + (int64_t)p.b.n, TF_GAP_REJECTED);
}

/* What a piece is compared with. */
struct rival {
	const struct held *winner; /* NULL: what was told */
	const uint8_t *kept;       /* its bytes from off on */
	struct tf_copy copy;       /* the packet that brought the first of them */
	bool late;                 /* and whether that may have come after their ACK */
	bool rewrites;             /* the piece takes their place */
};

/* -> which of the two copies came first, as far as that is known */
static enum tf_kept which_came_first(const struct tf_copy *kept, const struct tf_copy *other)
{
	if (!kept->known || !other->known)
		return TF_KEPT_UNKNOWN;
	bool first = kept->source == other->source ? kept->frame <= other->frame
	                                           : kept->ts_ns <= other->ts_ns;
	return first ? TF_KEPT_FIRST : TF_KEPT_SECOND;
}

/* The packet that brought the winner's byte at off. *n is made less where others brought
   what follows. */
static struct tf_copy copy_of_winner(const struct half *h, const struct held *winner, int64_t off,
                                     size_t *n, bool *late)
{
	if (winner == NULL)
		return trail_find(h, off, n, late);
	int64_t end;
	const struct chunk *c = hold_at(winner, off, &end);
	MUST(c != NULL); /* it was compared with these bytes */
	struct piece p = piece_of_chunk(c);
	for (c = c->next; c != NULL && c->frame == p.frame && c->source == p.source; c = c->next)
		end += c->to - c->from;
	*n = end - off < (int64_t)*n ? (size_t)(end - off) : *n;
	*late = true;
	return copy_of(&p);
}

/* What is known of both sides of a conflict. */
static struct tf_conflict weigh(const struct half *h, const struct rival *v, int64_t off,
                                const struct piece *p)
{
	struct tf_copy now = copy_of(p);
	struct tf_conflict k = {
	        .kept = v->rewrites ? now : v->copy,
	        .other = v->rewrites ? v->copy : now,
	        .rewrites = v->rewrites,
	        .certain = TF_CERTAIN_POLICY,
	        .policy = (enum tf_overlap)h->policy,
	};
	k.which = which_came_first(&k.kept, &k.other);
	int apart = (int)v->copy.ttl - (int)now.ttl;
	k.ttl_apart = v->copy.known && (apart >= 2 || apart <= -2);
	/* An ACK that was there before its bytes says nothing of which copy it meant. */
	if (v->winner == NULL && off < h->acked && p->late && !v->late && k.which != TF_KEPT_SECOND)
		k.certain = TF_CERTAIN_ACKED;
	return k;
}

static void tell_conflict(struct reasm *r, struct half *h, const struct rival *v, int64_t off,
                          struct piece p)
{
	const struct tf_conflict k = weigh(h, v, off, &p);
	struct tf_span told = {v->kept, p.b.n};
	struct tf_counters *c = r->counters;
	c->conflicts++;
	c->conflicts_acked += k.certain == TF_CERTAIN_ACKED;
	c->conflicts_ttl += k.ttl_apart;
	c->conflicts_unknown += !k.kept.known || !k.other.known;
	c->bytes_rewritten += v->rewrites ? p.b.n : 0;
	h->account.conflicting += (int64_t)p.b.n;
	struct tf_event ev = {
	        .kind = TF_CONFLICT,
	        .stream = h->stream,
	        .offset = told_offset(h, off),
	        .length = (int64_t)p.b.n,
	        .data = v->rewrites ? p.b : told,
	        .other = v->rewrites ? told : p.b,
	        .ts_ns = p.ts_ns,
	        .source = p.source,
	        .frame = p.frame,
	        .position = p.position,
	        .conflict = &k,
	};
	if (v->rewrites)
		trail_note(r, h, off, &p);
	trail_dispute(r, h, off, &ev);
	r->tell(r->arg, h, &ev);
}

/* Compares n bytes of p with v's, at most up to where another packet brought those ->
   how many bytes that were. The stretch from the first to the last difference is the
   conflict, the rest are duplicates. */
static size_t compare(struct reasm *r, struct half *h, struct rival v, int64_t off, struct piece p,
                      size_t n)
{
	size_t from = 0, to;
	if (memcmp(v.kept, p.b.p, n) == 0) {
		h->account.duplicate += (int64_t)n;
		return n;
	}
	while (v.kept[from] == p.b.p[from])
		from++;
	size_t reach = n - from;
	v.copy = copy_of_winner(h, v.winner, off + (int64_t)from, &reach, &v.late);
	to = n = from + reach;
	while (v.kept[to - 1] == p.b.p[to - 1])
		to--;
	h->account.duplicate += (int64_t)(n - (to - from));
	v.kept += from;
	piece_skip(&p, from);
	p.b.n = to - from;
	tell_conflict(r, h, &v, off + (int64_t)from, p);
	return n;
}

/* A sink may answer in pieces; what is compared must not depend on where they end. */
static size_t recall(struct reasm *r, struct half *h, int64_t off, uint8_t *to, size_t want)
{
	size_t n = 0, more;
	int64_t told = told_offset(h, off);
	do {
		more = r->recall(r->arg, h, told + (int64_t)n, to + n, want - n);
		MUST(more <= want - n);
		n += more;
	} while (more > 0 && n < want);
	return n;
}

/* How many of n bytes at off are all sealed, or all not, and none is an urgent one. */
static size_t alike(const struct half *h, int64_t off, size_t n)
{
	n = (size_t)(min64(next_place(h, off), off + (int64_t)n) - off);
	bool divided = off < h->acked && h->acked - off < (int64_t)n;
	return divided ? (size_t)(h->acked - off) : n;
}

static void tell_against(struct reasm *r, struct half *h, struct rival v, int64_t off,
                         struct piece p)
{
	while (p.b.n > 0) {
		size_t want = p.b.n < sizeof r->scratch ? p.b.n : sizeof r->scratch;
		want = v.winner != NULL ? want : alike(h, off, want);
		size_t n = v.winner != NULL ? hold_copy(v.winner, off, r->scratch, want)
		                            : recall(r, h, off, r->scratch, want);
		if (want == 0) {
			n = 1;
			urgent_again(r, h, off, p);
		} else if (n > 0) {
			v.kept = r->scratch;
			n = compare(r, h, v, off, p, n);
		} else {
			n = want;
			h->account.duplicate += (int64_t)n;
			h->account.unchecked += (int64_t)n;
		}
		off += (int64_t)n;
		piece_skip(&p, n);
	}
}

void tell_rival(struct reasm *r, struct half *h, const struct held *winner, int64_t off,
                struct piece p)
{
	tell_against(r, h, (struct rival){.winner = winner}, off, p);
}

void tell_rewrite(struct reasm *r, struct half *h, int64_t off, struct piece p)
{
	tell_against(r, h, (struct rival){.rewrites = true}, off, p);
}
