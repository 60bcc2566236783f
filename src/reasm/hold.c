/* SPDX-License-Identifier: BSD-3-Clause */
/* Early segments in memory, and what happens when there is too little of it. */
#include "reasm/inside.h"

#include <string.h>

static void list(struct reasm *r, struct half *h)
{
	h->holder_older = r->holder_newest;
	h->holder_newer = NULL;
	*(r->holder_newest != NULL ? &r->holder_newest->holder_newer : &r->holder_oldest) = h;
	r->holder_newest = h;
}

static void unlist(struct reasm *r, struct half *h)
{
	*(h->holder_older != NULL ? &h->holder_older->holder_newer : &r->holder_oldest) =
	        h->holder_newer;
	*(h->holder_newer != NULL ? &h->holder_newer->holder_older : &r->holder_newest) =
	        h->holder_older;
	h->holder_older = h->holder_newer = NULL;
}

void holders_note(struct reasm *r, struct half *h)
{
	bool holds = h->queue.root != NULL || h->far != NULL;
	if (holds == h->is_holder)
		return;
	(holds ? list : unlist)(r, h);
	h->is_holder = holds;
}

void reasm_spill(struct reasm *r, struct half *h, int64_t ts_ns)
{
	doubt_evict(r, h);
	r->counters->held_spilled += h->queue.root != NULL;
	while (h->queue.root != NULL && queue_first(h)->start < h->fin)
		stream_pass(r, h, ts_ns);
	stream_drop_beyond_fin(r, h); /* which nobody has contradicted */
}

/* The half that has held longest does -> false: none holds. */
static bool spill(struct reasm *r, int64_t ts_ns)
{
	if (r->holder_oldest == NULL)
		return false;
	reasm_spill(r, r->holder_oldest, ts_ns);
	return true;
}

/* -> a chunk counted as held, or NULL */
static struct chunk *take_chunk(struct reasm *r)
{
	if (r->chunks_held >= r->chunks_held_max)
		return NULL;
	struct chunk *c = chunk_take(r->chunks);
	r->chunks_held += c != NULL;
	return c;
}

/* Appends p's bytes to n's chunks -> false: no chunk to be had */
static bool fill(struct reasm *r, struct held *n, struct piece p)
{
	while (p.b.n > 0) {
		struct chunk *c = take_chunk(r);
		if (c == NULL)
			return false;
		size_t size = p.b.n < CHUNK_ROOM ? p.b.n : CHUNK_ROOM;
		memcpy(c->data, p.b.p, size);
		c->to = (uint32_t)size;
		c->source = p.source;
		c->ttl = p.ttl;
		c->late = p.late;
		c->frame = p.frame;
		c->position = p.position;
		c->ts_ns = p.ts_ns;
		*(n->tail != NULL ? &n->tail->next : &n->head) = c;
		n->tail = c;
		n->chunks++;
		piece_skip(&p, size);
	}
	return true;
}

struct held *hold_take(struct reasm *r, int64_t off, struct piece p, uint32_t cut)
{
	for (;;) {
		struct held *n = slab_take(&r->held);
		if (n != NULL) {
			*n = (struct held){.start = off,
			                   .end = off + (int64_t)p.b.n + cut,
			                   .cut = cut,
			                   .drops = r->drops_rising};
			if (fill(r, n, p))
				return n;
			hold_give(r, n);
		}
		if (!spill(r, p.ts_ns))
			return NULL;
	}
}

struct chunk *hold_open(struct reasm *r, struct held *n)
{
	struct chunk *c = n->head;
	r->chunks_held -= n->chunks;
	n->head = n->tail = NULL;
	n->chunks = 0;
	return c;
}

void hold_give(struct reasm *r, struct held *n)
{
	chunk_give_chain(r->chunks, hold_open(r, n));
	slab_give(&r->held, n);
}

size_t hold_copy(const struct held *n, int64_t off, uint8_t *to, size_t size)
{
	return chunk_copy(n->head, (size_t)(off - n->start), to, size);
}

const struct chunk *hold_at(const struct held *n, int64_t off, int64_t *end)
{
	const struct chunk *c = n->head;
	*end = n->start;
	while (c != NULL && (*end += c->to - c->from) <= off)
		c = c->next;
	return c;
}

/* The bytes of c from skip on, in a chunk of their own -> NULL: none to be had */
static struct chunk *second_half(struct reasm *r, const struct chunk *c, uint32_t skip)
{
	struct chunk *d = take_chunk(r);
	if (d == NULL)
		return NULL;
	struct tf_span b = chunk_span(c);
	d->next = c->next;
	d->to = (uint32_t)(b.n - skip);
	d->source = c->source;
	d->ttl = c->ttl;
	d->late = c->late;
	d->frame = c->frame;
	d->position = c->position + skip;
	d->ts_ns = c->ts_ns;
	memcpy(d->data, b.p + skip, d->to);
	return d;
}

struct held *hold_part(struct reasm *r, struct held *n, int64_t off)
{
	struct held *rest = slab_take(&r->held);
	if (rest == NULL)
		return NULL;
	*rest = (struct held){.start = off, .end = n->end, .cut = n->cut, .tail = n->tail};
	struct chunk **link = &n->head;
	int64_t at = n->start;
	uint32_t before = 0; /* whole chunks before off */
	for (; at + ((*link)->to - (*link)->from) <= off; before++) {
		at += (*link)->to - (*link)->from;
		link = &(*link)->next;
	}
	rest->head = *link;
	if (off > at) {
		rest->head = second_half(r, *link, (uint32_t)(off - at));
		if (rest->head == NULL) {
			slab_give(&r->held, rest);
			return NULL;
		}
		rest->tail = rest->head->next == NULL ? rest->head : n->tail;
		link = &(*link)->next;
		before++;
	}
	rest->chunks = n->chunks - before + (off > at);
	*link = NULL;
	n->chunks = before;
	return rest;
}
