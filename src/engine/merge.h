/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several open sources as one, by packet time: the next frame is always the earliest
 * of those that the sources have next (of equal ones, that of the source named first).
 * A source whose own packets are not in order is taken as it is.
 */
#ifndef ENGINE_MERGE_H
#define ENGINE_MERGE_H

#include "engine/input.h"

struct lane {
	struct input input;
	struct tf_frame frame; /* its next */
	unsigned index;
	uint64_t progress;
};

/*
 * heap[0, heap_count) are the lanes that have a frame, as a binary heap: no lane is
 * earlier than the one above it.
 */
struct merge {
	struct lane *lane; /* [lanes] */
	struct lane **heap;
	unsigned lanes, opened, heap_count;
	uint64_t progress;     /* bytes of all files read */
	struct tf_error error; /* the first damage */
	unsigned damaged;      /* sources cut or damaged */
};

/* m is zeroed -> false with *err when one cannot be opened. What is no capture counts
   as damaged. Close in any case. */
bool merge_open(struct merge *m, struct dispatch *d, const char *const *path, unsigned count,
                uint32_t first_index, struct tf_error *err);

/* -> the lane with the earliest frame, or NULL: all have ended. */
static inline struct lane *merge_first(const struct merge *m)
{
	return m->heap_count > 0 ? m->heap[0] : NULL;
}

/* That lane goes on to its next frame. */
void merge_advance(struct merge *m);

void merge_close(struct merge *m);

#endif
