/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation
 *
 * What it does. Whoever wants to see the frames of datagrams that come to nothing needs
 * them as they were captured, headers and all, long after they came. So the frames of the
 * fragments that wait are kept with their datagram, one behind the other in a row of
 * cells, each as its struct tf_frame and its bytes:
 *
 *	kept.first -> |frame bytes... frame byt| -> |es... frame bytes| <- kept.last
 *	                                 used                        used
 *
 * When the datagram is complete its row is `carried` until it is known what became of what
 * it carried, which may be a fragment in its turn: then the row goes on to that one's
 * datagram.
 *
 * Invariant. A datagram is in the list from keeps_longest to keeps_latest exactly when its
 * row is not empty.
 *
 * Bounds. The cells are those that datagrams and pieces are made of, but a frame is kept in
 * cells that are free: it drives out no datagram, and when cells are short all frames go
 * before the first datagram does. A row has at most ROW_MOST bytes, so neither copies nor
 * fragments of a few bytes use it all up. A frame that is not kept, or no longer, is told as
 * it comes to that (DEFRAG_WAITING): every frame is told or recorded.
 */
#include "defrag/inside.h"

#include "base/error.h"

#include <string.h>

enum { FRAME_MOST = 80 * 1024, ROW_MOST = 256 * 1024 };

size_t kept_scratch(void)
{
	return FRAME_MOST;
}

static struct log *log_at(const struct defrag *d, uint32_t index)
{
	return slab_at(&d->cells, index);
}

static void give_from(struct defrag *d, uint32_t index)
{
	while (index != 0) {
		struct log *l = log_at(d, index);
		index = l->next;
		slab_give(&d->cells, l);
	}
}

static void forget(struct defrag *d, struct kept *k)
{
	give_from(d, k->first);
	*k = (struct kept){0};
}

/* -> the last cell, which has room; NULL: none is free */
static struct log *last_with_room(struct defrag *d, struct kept *k)
{
	struct log *last = log_at(d, k->last);
	if (last != NULL && last->used < sizeof last->data)
		return last;
	struct log *l = slab_take(&d->cells);
	if (l == NULL)
		return NULL;
	l->next = l->used = 0;
	k->last = slab_index(&d->cells, l);
	*(last != NULL ? &last->next : &k->first) = k->last;
	return l;
}

static bool append(struct defrag *d, struct kept *k, const void *p, size_t n)
{
	const uint8_t *from = p;
	while (n > 0) {
		struct log *l = last_with_room(d, k);
		if (l == NULL)
			return false;
		size_t part = sizeof l->data - l->used;
		part = part < n ? part : n;
		memcpy(l->data + l->used, from, part);
		l->used += (uint32_t)part;
		k->bytes += (uint32_t)part;
		from += part;
		n -= part;
	}
	return true;
}

/* Adds a frame -> false, with the row as it was: there is no room for it. */
static bool add(struct defrag *d, struct kept *k, const struct tf_frame *f)
{
	const struct kept before = *k;
	if (f->captured > FRAME_MOST || sizeof *f + f->captured > ROW_MOST - k->bytes)
		return false;
	struct log *last = log_at(d, k->last);
	uint32_t used = last != NULL ? last->used : 0;
	if (append(d, k, f, sizeof *f) && append(d, k, f->bytes, f->captured))
		return true;
	give_from(d, last != NULL ? last->next : k->first);
	*k = before;
	if (last != NULL) {
		last->next = 0;
		last->used = used;
	}
	return false;
}

/* A place in a row. */
struct place {
	struct log *log;
	size_t at;
};

static void read_on(const struct defrag *d, struct place *p, void *to, size_t n)
{
	uint8_t *out = to;
	while (n > 0) {
		MUST(p->log != NULL);
		if (p->at == p->log->used)
			*p = (struct place){.log = log_at(d, p->log->next)};
		MUST(p->log != NULL);
		size_t part = p->log->used - p->at;
		part = part < n ? part : n;
		memcpy(out, p->log->data + p->at, part);
		p->at += part;
		out += part;
		n -= part;
	}
}

/* Tells the frames of a row, which is empty then. */
static void tell(struct defrag *d, struct kept *k, enum defrag_answer why)
{
	struct place p = {.log = log_at(d, k->first)};
	struct tf_frame f;
	for (uint32_t left = k->bytes; left > 0; left -= (uint32_t)sizeof f + f.captured) {
		read_on(d, &p, &f, sizeof f);
		MUST(f.captured <= FRAME_MOST);
		read_on(d, &p, d->scratch, f.captured);
		f.bytes = d->scratch;
		d->setup.left_out(d->setup.arg, &f, why);
	}
	forget(d, k);
}

/* Puts the row k behind `to`, and leaves it empty. */
static void join(struct defrag *d, struct kept *to, struct kept *k)
{
	if (k->first == 0)
		return;
	if (to->bytes + k->bytes > ROW_MOST)
		tell(d, to, DEFRAG_WAITING);
	if (to->first == 0) {
		*to = *k;
	} else {
		log_at(d, to->last)->next = k->first;
		to->last = k->last;
		to->bytes += k->bytes;
	}
	*k = (struct kept){0};
}

/* -- the datagrams that keep frames ------------------------------------------------------ */

static void list(struct defrag *d, struct datagram *g)
{
	uint32_t index = slab_index(&d->cells, g);
	struct datagram *before = datagram_at(d, d->keeps_latest);
	g->before = d->keeps_latest;
	g->after = 0;
	*(before != NULL ? &before->after : &d->keeps_longest) = index;
	d->keeps_latest = index;
}

static void unlist(struct defrag *d, const struct datagram *g)
{
	struct datagram *before = datagram_at(d, g->before), *after = datagram_at(d, g->after);
	*(before != NULL ? &before->after : &d->keeps_longest) = g->after;
	*(after != NULL ? &after->before : &d->keeps_latest) = g->before;
}

void kept_drop(struct defrag *d, struct datagram *g, enum defrag_answer why)
{
	if (g->kept.first == 0)
		return;
	unlist(d, g);
	tell(d, &g->kept, why);
}

void kept_carry(struct defrag *d, struct datagram *g)
{
	if (g->kept.first == 0)
		return;
	unlist(d, g);
	join(d, &d->carried, &g->kept);
}

bool kept_give_way(struct defrag *d)
{
	struct datagram *g = datagram_at(d, d->keeps_longest);
	if (g != NULL)
		kept_drop(d, g, DEFRAG_WAITING);
	else if (d->carried.first != 0)
		tell(d, &d->carried, DEFRAG_WAITING);
	else
		return false;
	return true;
}

size_t kept_keepers(const struct defrag *d)
{
	size_t keepers = 0;
	uint32_t before = 0;
	const struct datagram *g = datagram_at(d, d->keeps_longest);
	for (; g != NULL; g = datagram_at(d, g->after), keepers++) {
		if (g->before != before || g->kept.first == 0)
			return SIZE_MAX;
		before = slab_index(&d->cells, g);
	}
	return before == d->keeps_latest ? keepers : SIZE_MAX;
}

size_t kept_cells(const struct defrag *d, const struct kept *k)
{
	size_t cells = 0, bytes = 0;
	for (const struct log *l = log_at(d, k->first); l != NULL; l = log_at(d, l->next)) {
		cells++;
		bytes += l->used;
		if (l->used == 0 || (l->next == 0) != (slab_index(&d->cells, l) == k->last))
			return SIZE_MAX;
	}
	return bytes == k->bytes ? cells : SIZE_MAX;
}

/* -- the public face ------------------------------------------------------------------ */

void defrag_keep(struct defrag *d, const struct tf_frame *frame)
{
	struct datagram *g = datagram_at(d, d->latest);
	MUST(g != NULL);
	bool listed = g->kept.first != 0;
	join(d, &g->kept, &d->carried);
	bool kept = add(d, &g->kept, frame);
	if (!listed && g->kept.first != 0)
		list(d, g);
	if (!kept)
		d->setup.left_out(d->setup.arg, frame, DEFRAG_WAITING);
}

void defrag_release(struct defrag *d, bool recorded)
{
	if (recorded)
		forget(d, &d->carried);
	else
		tell(d, &d->carried, DEFRAG_COMPLETE);
}
