/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which packets brought the bytes that were told last. A half gets its trail with its
 * first byte; when there is no memory for it, or the ring has gone round, the packet of
 * a told byte is not known any more, and is said to be unknown (conflicts_unknown).
 */
#include "reasm/inside.h"

void trail_note(struct reasm *r, struct half *h, int64_t off, const struct piece *p)
{
	if (p->late && off + (int64_t)p->b.n > h->late_end)
		h->late_end = off + (int64_t)p->b.n;
	struct trail *t = h->trail;
	if (t == NULL) {
		t = slab_take(&r->trails);
		if (t == NULL)
			return;
		t->next = 0;
		h->trail = t;
	}
	/* next stays below 2 * REASM_TRAIL once the ring is full, so that it never wraps */
	t->next = t->next < 2 * REASM_TRAIL ? t->next : REASM_TRAIL;
	t->told[t->next++ % REASM_TRAIL] = (struct brought){
	        .start = off, .length = (uint32_t)p->b.n, .late = p->late, .copy = copy_of(p)};
}

struct tf_copy trail_find(const struct half *h, int64_t off, size_t *n, bool *late)
{
	const struct trail *t = h->trail;
	const struct brought *found = NULL;
	int64_t end = off + (int64_t)*n;
	uint32_t count = t == NULL ? 0 : t->next < REASM_TRAIL ? t->next : REASM_TRAIL;
	for (uint32_t i = 1; i <= count && found == NULL; i++) { /* the newest first */
		const struct brought *b = &t->told[(t->next - i) % REASM_TRAIL];
		int64_t ends = b->start + b->length, border = b->start > off ? b->start : ends;
		if (border > off && border < end)
			end = border;
		if (b->start <= off && ends > off)
			found = b;
	}
	*n = (size_t)(end - off);
	*late = found != NULL ? found->late : off < h->late_end;
	return found != NULL ? found->copy : (struct tf_copy){0};
}

void trail_end(struct reasm *r, struct half *h)
{
	if (h->trail != NULL)
		slab_give(&r->trails, h->trail);
	h->trail = NULL;
	if (h->disputes != NULL)
		slab_give(&r->disputes, h->disputes);
	h->disputes = NULL;
}

/* -- what the receiver says of conflicts ------------------------------------------- */

void trail_dispute(struct reasm *r, struct half *h, int64_t off, const struct tf_event *ev)
{
	struct disputes *d = h->disputes;
	if (d == NULL) {
		d = slab_take(&r->disputes);
		if (d == NULL)
			return;
		*d = (struct disputes){0};
		h->disputes = d;
	}
	d->latest[d->next++ % REASM_DISPUTES] = (struct dispute){
	        .offset = off, .told = ev->offset, .length = ev->length, .what = *ev->conflict};
}

static void tell_proof(struct reasm *r, struct half *h, struct dispute *d,
                       const struct tf_packet *pkt)
{
	d->what.certain = TF_CERTAIN_DSACK;
	struct tf_event ev = {
	        .kind = TF_PROOF,
	        .stream = h->stream,
	        .offset = d->told,
	        .length = d->length,
	        .ts_ns = pkt->ts_ns,
	        .source = pkt->source,
	        .frame = pkt->frame,
	        .position = pkt->position,
	        .conflict = &d->what,
	};
	r->counters->conflicts_dsack++;
	r->tell(r->arg, h, &ev);
	d->length = 0;
}

void trail_settle(struct reasm *r, struct half *h, int64_t from, int64_t to,
                  const struct tf_packet *pkt)
{
	for (uint32_t i = 0; h->disputes != NULL && i < REASM_DISPUTES; i++) {
		struct dispute *d = &h->disputes->latest[(h->disputes->next + i) % REASM_DISPUTES];
		if (d->length > 0 && from <= d->offset && d->offset + d->length <= to)
			tell_proof(r, h, d, pkt);
	}
}
