/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/merge.h"

#include "base/error.h"

#include <stdlib.h>

/* -- the heap ------------------------------------------------------------------------- */

static bool is_before(const struct lane *a, const struct lane *b)
{
	if (a->frame.ts_ns != b->frame.ts_ns)
		return a->frame.ts_ns < b->frame.ts_ns;
	return a->index < b->index;
}

/* The lane at i goes down to its place. */
static void sink(struct merge *m, unsigned i)
{
	struct lane *l = m->heap[i];
	for (;;) {
		unsigned child = 2 * i + 1;
		if (child + 1 < m->heap_count && is_before(m->heap[child + 1], m->heap[child]))
			child++;
		if (child >= m->heap_count || !is_before(m->heap[child], l))
			break;
		m->heap[i] = m->heap[child];
		i = child;
	}
	m->heap[i] = l;
}

/* -- lanes -------------------------------------------------------------------------------- */

static void note_damage(struct merge *m, const struct tf_error *err)
{
	if (m->damaged++ == 0)
		m->error = *err;
}

static bool refuse_more(const struct merge *m, struct tf_error *err)
{
	static const char many[] = "too many of the merged files overlap in time";
	if (m->scarce)
		return error_set(err, TF_USAGE, "%s: there are descriptors for %u", many, m->most);
	if (m->most + DISPATCH_BESIDE >= DISPATCH_BLOCKS)
		return error_set(err, TF_USAGE, "%s: %u can be open at a time", many, m->most);
	return error_set(err, TF_USAGE, "%s: --memory suffices for %u, and %u take %zuM", many,
	                 m->most, m->most + 1, dispatch_memory(m->most + 1) >> 20);
}

/* -> false with *err when it cannot be opened. What is no capture is damage: the lane then
   stays closed. */
static bool lane_open(struct merge *m, struct lane *l, struct tf_error *err)
{
	struct tf_error why;
	if (m->open == m->most)
		return refuse_more(m, err);
	bool ok = input_open(&l->input, m->dispatch, l->path, m->first_index + l->index, 0, &why);
	m->open += ok;
	if (!ok && why.status == TF_DAMAGED)
		note_damage(m, &why);
	else if (!ok && err != NULL)
		*err = why;
	return ok || why.status == TF_DAMAGED;
}

static void lane_close(struct merge *m, struct lane *l)
{
	if (l->input.source == NULL)
		return;
	input_close(&l->input);
	m->open--;
}

/* What the file said besides frames is counted once, when it has been read. */
static void lane_finish(struct merge *m, struct lane *l)
{
	if (l->input.source == NULL)
		return;
	const struct source_notes *notes = source_notes(l->input.source);
	m->comments += notes->comments;
	m->secrets += notes->secrets;
	lane_close(m, l);
}

/* -> whether the lane has another frame; else it is closed. */
static bool step(struct merge *m, struct lane *l)
{
	struct tf_error err;
	enum source_result r = source_next(l->input.source, &l->frame, &err);
	uint64_t progress = source_progress(l->input.source);
	m->progress += progress - l->progress;
	l->progress = progress;
	if (r == SOURCE_FRAME)
		return true;
	if (r == SOURCE_DAMAGED)
		note_damage(m, &err);
	lane_finish(m, l);
	return false;
}

/* The lane has a frame, and waits until it is due. */
static void park(struct merge *m, struct lane *l)
{
	lane_close(m, l);
	m->progress -= l->progress;
	l->progress = 0;
}

/* -- the public face ------------------------------------------------------------------------ */

/* -> false with *err when the lane cannot be opened. */
static bool add(struct merge *m, struct lane *l, bool many, struct tf_error *err)
{
	if (!lane_open(m, l, err))
		return false;
	if (l->input.source == NULL || !step(m, l))
		return true;
	if (many && source_is_file(l->input.source))
		park(m, l);
	m->heap[m->heap_count++] = l;
	return true;
}

bool merge_open(struct merge *m, const char *const *path, unsigned count, struct tf_error *err)
{
	m->lane = calloc(count, sizeof *m->lane);
	m->heap = calloc(count, sizeof(struct lane *));
	if (m->lane == NULL || m->heap == NULL)
		return error_set(err, TF_USAGE, "no memory to merge %u files", count);
	for (; m->lanes < count; m->lanes++) {
		struct lane *l = &m->lane[m->lanes];
		l->index = m->lanes;
		l->path = path[m->lanes];
		if (!add(m, l, count > m->most, err))
			return false;
	}
	for (unsigned i = m->heap_count / 2; i-- > 0;)
		sink(m, i);
	return true;
}

/* The first lane is parked: it is due. It may have nothing any more. */
static bool wake(struct merge *m, struct tf_error *err)
{
	struct lane *l = m->heap[0];
	if (!lane_open(m, l, err))
		return false;
	if (l->input.source == NULL || !step(m, l))
		m->heap[0] = m->heap[--m->heap_count];
	if (m->heap_count > 0)
		sink(m, 0); /* the file may have changed */
	return true;
}

struct lane *merge_first(struct merge *m, bool *failed, struct tf_error *err)
{
	*failed = false;
	while (m->heap_count > 0 && m->heap[0]->input.source == NULL) {
		*failed = !wake(m, err);
		if (*failed)
			return NULL;
	}
	return m->heap_count > 0 ? m->heap[0] : NULL;
}

void merge_advance(struct merge *m)
{
	if (!step(m, m->heap[0]))
		m->heap[0] = m->heap[--m->heap_count];
	if (m->heap_count > 0)
		sink(m, 0);
}

void merge_close(struct merge *m)
{
	for (unsigned i = 0; i < m->lanes; i++)
		lane_finish(m, &m->lane[i]);
	free(m->lane);
	free(m->heap);
	m->lane = NULL;
	m->heap = NULL;
	m->lanes = m->heap_count = 0;
}
