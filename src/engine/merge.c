/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/merge.h"

#include "base/error.h"

#include <stdlib.h>

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

static void note_damage(struct merge *m, const struct tf_error *err)
{
	if (m->damaged++ == 0)
		m->error = *err;
}

/* -> whether the lane has another frame. */
static bool step(struct merge *m, struct lane *l)
{
	struct tf_error err;
	enum source_result r = source_next(l->input.source, &l->frame, &err);
	uint64_t progress = source_progress(l->input.source);
	m->progress += progress - l->progress;
	l->progress = progress;
	if (r == SOURCE_DAMAGED)
		note_damage(m, &err);
	return r == SOURCE_FRAME;
}

bool merge_open(struct merge *m, struct dispatch *d, const char *const *path, unsigned count,
                uint32_t first_index, struct tf_error *err)
{
	m->lane = calloc(count, sizeof *m->lane);
	m->heap = calloc(count, sizeof(struct lane *));
	if (m->lane == NULL || m->heap == NULL)
		return error_set(err, TF_USAGE, "no memory to merge %u files", count);
	m->lanes = count;
	for (; m->opened < count; m->opened++) {
		struct lane *l = &m->lane[m->opened];
		l->index = m->opened;
		struct tf_error why;
		if (input_open(&l->input, d, path[m->opened], first_index + m->opened, 0, &why))
			continue;
		note_damage(m, &why);
		if (why.status != TF_DAMAGED) {
			if (err != NULL)
				*err = why;
			return false;
		}
	}
	for (unsigned i = 0; i < count; i++)
		if (m->lane[i].input.source != NULL && step(m, &m->lane[i]))
			m->heap[m->heap_count++] = &m->lane[i];
	for (unsigned i = m->heap_count / 2; i-- > 0;)
		sink(m, i);
	return true;
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
	for (unsigned i = 0; i < m->opened; i++)
		input_close(&m->lane[i].input);
	free(m->lane);
	free(m->heap);
	*m = (struct merge){0};
}
