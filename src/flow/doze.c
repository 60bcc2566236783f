/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Flows of which nothing is heard, in little memory.
 *
 * The slab of struct flow is a cache of the flows that are heard of. When one more is needed,
 * a hand goes round the slab, clears front.stirs, and the first flow without it dozes: what its
 * sinks have of it is squeezed, too.
 *
 *	cell     | struct doze_head | bytes ...              of struct flow: folded (shape.h)
 *	  more   | more | bytes ...                          and squeezed (squeeze.h); then,
 *	    more | more | bytes ...                          of each sink that has doze(), two
 *	                                                     bytes of length and its own
 *
 * Connections that never have said a byte, and are heard of without waking up, are not squeezed,
 * but calm (calm.c): `n` is 0.
 *
 * At a turn of output generations (flows_turn()) it is expanded, told, and squeezed into its own
 * cells again, so that all can be told in the order of their lists.
 *
 * Its place in the table, its list and its idle slot does not change, so neither does the
 * order of anything. Pointers into the slabs of reasm/ stay; trails, which are many and large, go
 * when more than half of them are in use. A flow that holds early segments is left alone, unless
 * there is no other; then it goes on over its holes.
 *
 * Bounds: a flow that dozes has at most DOZE_CELLS cells, and usually 3 or 4; making room
 * looks at no more flows than packets have stirred, and FLOW_SWEEP at most.
 */
#include "flow/doze.h"

#include "base/error.h"
#include "base/squeeze.h"
#include "flow/calm.h"
#include "flow/front.h"
#include "flow/key.h"
#include "flow/linger.h"
#include "flow/shape.h"

#include <stddef.h>
#include <string.h>

struct dozing {
	struct doze_head head;
	uint8_t bytes[CELL - sizeof(struct doze_head)];
};

struct cell {
	uint32_t more;
	uint8_t bytes[CELL - sizeof(uint32_t)];
};

static_assert(sizeof(struct dozing) == CELL && sizeof(struct cell) == CELL, "cells of one size");

enum {
	IN_FIRST = sizeof((struct dozing *)NULL)->bytes,
	IN_MORE = sizeof((struct cell *)NULL)->bytes,
	LENGTH = 2,
	BYTES = IN_FIRST + (DOZE_CELLS - 1) * IN_MORE
};

struct doze_work {
	uint8_t bytes[BYTES + SQUEEZE_SLACK];
	struct flow *shown; /* slab.size bytes each, as */
	struct flow *copy;
	struct flow *usual; /* folded */
	struct flow *spare, *begun;
};

bool doze_init(struct flows *fs, struct arena *a)
{
	struct doze_work *w = arena_take(a, sizeof *w);
	if (w == NULL)
		return false;
	w->shown = arena_take(a, fs->slab.size);
	w->copy = arena_take(a, fs->slab.size);
	w->usual = arena_take(a, fs->slab.size);
	w->spare = arena_take(a, fs->slab.size);
	w->begun = arena_take(a, fs->slab.size);
	if (w->shown == NULL || w->copy == NULL || w->usual == NULL || w->spare == NULL ||
	    w->begun == NULL)
		return false;
	fs->work = w;
	shape_usual(w->usual);
	return true;
}

static struct dozing *dozing_at(const struct flows *fs, uint32_t ref)
{
	return cell_at(fs, ref);
}

/* -- squeezing --------------------------------------------------------------------------- */

/* The words of a flow behind its stand. */
static uint64_t *words_of(struct flow *f)
{
	return (uint64_t *)(void *)((char *)f + sizeof(struct stand));
}

static size_t words(const struct flows *fs)
{
	return (fs->slab.size - sizeof(struct stand)) / sizeof(uint64_t);
}

static_assert(sizeof(struct stand) % sizeof(uint64_t) == 0, "words begin behind it");

static void differ_from_usual(const struct flows *fs, struct flow *f)
{
	uint64_t *to = words_of(f);
	const uint64_t *usual = words_of(fs->work->usual);
	for (size_t i = 0; i < words(fs); i++)
		to[i] ^= usual[i];
}

/* -> bytes, or 0: it does not fit */
static size_t squeeze_flow(struct flows *fs, const struct flow *f)
{
	struct doze_work *w = fs->work;
	memcpy(w->copy, f, fs->slab.size);
	w->copy->front = (struct front){0};
	shape_fold(fs, w->copy);
	differ_from_usual(fs, w->copy);
	return squeeze(words_of(w->copy), words(fs), w->bytes, BYTES);
}

/* f's place is set -> bytes of fs->work->bytes that were used */
static size_t expand_flow(struct flows *fs, struct flow *f, uint64_t number)
{
	size_t n = squeeze_expand(fs->work->bytes, words_of(f), words(fs));
	differ_from_usual(fs, f);
	f->pub.number = number;
	shape_unfold(fs, f);
	return n;
}

static void put_length(uint8_t *to, size_t n)
{
	to[0] = (uint8_t)n;
	to[1] = (uint8_t)(n >> 8);
}

static size_t get_length(const uint8_t *from)
{
	return from[0] | (size_t)from[1] << 8;
}

/* The first so many outlets wake up; theirs begins behind n bytes. */
static void wake_sinks(struct flows *fs, struct flow *f, size_t n, unsigned outlets)
{
	const uint8_t *bytes = fs->work->bytes;
	for (unsigned i = 0; i < outlets; i++) {
		const struct outlet *o = &fs->outlet[i];
		if (o->sink->doze == NULL)
			continue;
		size_t k = get_length(bytes + n);
		o->sink->wake(o->self, &f->pub, f->slot[i], bytes + n + LENGTH, k);
		n += LENGTH + k;
	}
}

/* Sinks squeeze theirs behind the first n bytes -> bytes in all, or 0: it does not fit, and
   all are awake. */
static size_t doze_sinks(struct flows *fs, struct flow *f, size_t n)
{
	uint8_t *bytes = fs->work->bytes;
	const size_t start = n;
	for (unsigned i = 0; i < fs->outlets; i++) {
		const struct outlet *o = &fs->outlet[i];
		if (o->sink->doze == NULL)
			continue;
		size_t k = SIZE_MAX;
		if (n + LENGTH < BYTES)
			k = o->sink->doze(o->self, &f->pub, f->slot[i], bytes + n + LENGTH,
			                  BYTES - n - LENGTH);
		if (k == SIZE_MAX) {
			wake_sinks(fs, f, start, i);
			return 0;
		}
		put_length(bytes + n, k);
		n += LENGTH + k;
	}
	return n;
}

/* -- cells ------------------------------------------------------------------------------- */

/* Puts n bytes of fs->work into d, and into as many new cells as it takes. */
static void fill(struct flows *fs, struct dozing *d, size_t n)
{
	const uint8_t *from = fs->work->bytes;
	*d = (struct dozing){.head.n = (uint16_t)n};
	size_t part = n < IN_FIRST ? n : IN_FIRST;
	memcpy(d->bytes, from, part);
	uint32_t *link = &d->head.more;
	for (n -= part; n > 0; n -= part) {
		from += part;
		struct cell *c = slab_take(&fs->cells);
		MUST(c != NULL);
		part = n < IN_MORE ? n : IN_MORE;
		memcpy(c->bytes, from, part);
		c->more = 0;
		*link = slab_index(&fs->cells, c);
		link = &c->more;
	}
}

/* The bytes again, in fs->work. */
static void get(struct flows *fs, const struct dozing *d)
{
	uint8_t *to = fs->work->bytes;
	MUST(d != NULL);
	memcpy(to, d->bytes, IN_FIRST);
	to += IN_FIRST;
	for (const struct cell *c = slab_at(&fs->cells, d->head.more); c != NULL;
	     c = slab_at(&fs->cells, c->more)) {
		memcpy(to, c->bytes, IN_MORE);
		to += IN_MORE;
	}
}

static void give_more(struct flows *fs, uint32_t more)
{
	while (more != 0) {
		struct cell *c = slab_at(&fs->cells, more);
		more = c->more;
		slab_give(&fs->cells, c);
	}
}

void doze_forget(struct flows *fs, uint32_t ref)
{
	struct dozing *d = dozing_at(fs, ref);
	if (d->head.n == 0) {
		calm_forget(fs, ref);
		return;
	}
	give_more(fs, d->head.more);
	slab_give(&fs->cells, d);
}

size_t doze_size(const struct flows *fs, uint32_t ref, size_t *cells)
{
	const struct dozing *d = dozing_at(fs, ref);
	*cells = 1;
	if (d->head.n == 0) {
		*cells = calm_cells(fs, ref);
		return 0;
	}
	for (uint32_t more = d->head.more; more != 0; (*cells)++)
		more = ((const struct cell *)slab_at(&fs->cells, more))->more;
	return d->head.n;
}

/* -- falling asleep ------------------------------------------------------------------------- */

static void give_trail(struct reasm *r, struct half *h)
{
	if (h->trail != NULL)
		slab_give(&r->trails, h->trail);
	h->trail = NULL;
}

static bool is_holder(const struct flow *f)
{
	return f->half[0].is_holder || f->half[1].is_holder;
}

/* f holds nothing -> whether it dozes now; else it does not fit */
static bool doze(struct flows *fs, struct flow *f)
{
	struct reasm *r = &fs->reasm;
	front_close(f);
	if (r->trails.used > r->trails.count / 2) {
		give_trail(r, &f->half[0]);
		give_trail(r, &f->half[1]);
	}
	size_t n = squeeze_flow(fs, f);
	if (n == 0 || (n = doze_sinks(fs, f, n)) == 0)
		return false;
	struct dozing *d = slab_take(&fs->cells);
	MUST(d != NULL);
	fill(fs, d, n);
	d->head.stand = f->stand;
	d->head.number = f->pub.number;
	d->head.ended = f->ended;
	places_replace(fs, ref_of(fs, f), REF_DOZING | slab_index(&fs->cells, d), f->stand.hash);
	slab_give(&fs->slab, f);
	return true;
}

static struct flow *next_at_hand(struct flows *fs)
{
	struct flow *f = flow_at(fs, (uint32_t)(fs->hand + 1));
	fs->hand = fs->hand + 1 < fs->slab.count ? fs->hand + 1 : 0;
	return f;
}

struct flow *doze_one(struct flows *fs)
{
	struct flow *quiet = NULL; /* and holds something */
	for (int i = 0; i < FLOW_SWEEP; i++) {
		struct flow *f = next_at_hand(fs);
		bool stirs = f->front.stirs;
		f->front.stirs = false;
		if (stirs)
			continue;
		if (!is_holder(f))
			return doze(fs, f) ? NULL : f;
		quiet = quiet != NULL ? quiet : f;
	}
	if (quiet == NULL)
		quiet = next_at_hand(fs);
	for (unsigned d = 0; d < 2; d++)
		if (quiet->half[d].is_holder)
			reasm_spill(&fs->reasm, &quiet->half[d], quiet->pub.last_ns);
	return doze(fs, quiet) ? NULL : quiet;
}

/* -- waking up -------------------------------------------------------------------------------- */

/* Of fixed form -> whether it is */
static bool show_fixed(const struct flows *fs, const struct dozing *d, struct flow *f)
{
	if (d->head.n == 0)
		calm_show(fs, &d->head, f);
	else if (d->head.n == LINGERS)
		linger_show(fs, &d->head, f);
	else
		return false;
	return true;
}

static void expand(struct flows *fs, const struct dozing *d, struct flow *f)
{
	if (show_fixed(fs, d, f))
		return;
	get(fs, d);
	f->stand = d->head.stand;
	size_t n = expand_flow(fs, f, d->head.number);
	wake_sinks(fs, f, n, fs->outlets);
}

void doze_wake(struct flows *fs, uint32_t ref, struct flow *f, uint64_t hash)
{
	expand(fs, dozing_at(fs, ref), f);
	f->stand.hash = hash;
	places_replace(fs, ref, ref_of(fs, f), hash);
	doze_forget(fs, ref);
}

struct flow *doze_show(struct flows *fs, uint32_t ref)
{
	expand(fs, dozing_at(fs, ref), fs->work->shown);
	return fs->work->shown;
}

struct flow *doze_room(const struct flows *fs)
{
	return fs->work->shown;
}

struct flow *doze_spare(const struct flows *fs)
{
	return fs->work->spare;
}

struct flow *doze_begun(const struct flows *fs)
{
	return fs->work->begun;
}

/* Puts what the sinks with doze() are to be given back behind n bytes: the first gets it all. ->
   bytes in all */
static size_t put_kept(struct flows *fs, size_t n, const uint8_t *bytes, size_t size)
{
	for (unsigned i = 0; i < fs->outlets; i++) {
		if (fs->outlet[i].sink->doze == NULL)
			continue;
		put_length(fs->work->bytes + n, size);
		n += LENGTH;
		memcpy(fs->work->bytes + n, bytes, size);
		n += size;
		size = 0;
	}
	return n;
}

bool doze_again(struct flows *fs, uint32_t ref, const struct flow *stub, const uint8_t *bytes,
                size_t size)
{
	struct dozing *d = dozing_at(fs, ref);
	size_t n = squeeze_flow(fs, stub), cells;
	(void)doze_size(fs, ref, &cells);
	if (n == 0 || n + size + (size_t)fs->outlets * LENGTH > IN_FIRST + (cells - 1) * IN_MORE)
		return false;
	n = put_kept(fs, n, bytes, size);
	idle_leave(fs, ref);
	list_remove(fs, ref);
	const struct stand stand = d->head.stand;
	give_more(fs, d->head.more); /* so there are cells for it */
	d->head.more = 0;
	fill(fs, d, n);
	d->head.stand = stand;
	d->head.number = stub->pub.number;
	d->head.ended = true;
	list_add(fs, ref, FLOW_STUB);
	return true;
}

bool doze_back(struct flows *fs, uint32_t ref)
{
	struct flow *f = fs->work->shown;
	struct dozing *d = dozing_at(fs, ref);
	size_t n = squeeze_flow(fs, f);
	if (n == 0 || (n = doze_sinks(fs, f, n)) == 0)
		return false;
	const struct stand stand = d->head.stand;
	give_more(fs, d->head.more);
	fill(fs, d, n);
	d->head.stand = stand;
	d->head.number = f->pub.number;
	return true;
}

/* -- of all forms but a SYN ------------------------------------------------------------------- */

uint64_t doze_number(const struct flows *fs, uint32_t ref)
{
	return ref_form(ref) == REF_DOZING ? head_at(fs, ref)->number
	                                   : flow_at(fs, ref)->pub.number;
}

bool doze_ended(const struct flows *fs, uint32_t ref)
{
	return ref_form(ref) == REF_DOZING ? head_at(fs, ref)->ended : flow_at(fs, ref)->ended;
}

const struct flow *doze_look(struct flows *fs, uint32_t ref)
{
	struct flow *f = fs->work->copy;
	const struct dozing *d = dozing_at(fs, ref);
	if (show_fixed(fs, d, f))
		return f;
	get(fs, d);
	f->stand = d->head.stand;
	(void)expand_flow(fs, f, d->head.number);
	return f;
}

int doze_direction(struct flows *fs, uint32_t ref, const struct tf_packet *pkt)
{
	if (is_calm(fs, ref))
		return calm_direction(fs, ref, pkt);
	if (is_lingering(fs, ref))
		return linger_direction(fs, ref, pkt);
	return key_direction(&doze_look(fs, ref)->pub, pkt);
}
