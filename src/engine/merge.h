/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several sources as one, by packet time: the next frame is always the earliest of those
 * that the sources have next (of equal ones, that of the source named first). A source
 * whose own packets are not in order is taken as it is.
 *
 * When there are more than can be open at a time, each plain file is looked into, to see
 * when its first frame is, and closed (parked) until that is due; a source that has ended
 * is closed at once. So only those that overlap in time are open together.
 */
#ifndef ENGINE_MERGE_H
#define ENGINE_MERGE_H

#include "engine/input.h"

struct lane {
	struct input input; /* source NULL: parked, or it has ended */
	const char *path;
	struct tf_frame frame; /* its next; of a parked one only the time */
	unsigned index;
	uint64_t progress;
};

/*
 * heap[0, heap_count) are the lanes that have a frame, as a binary heap: no lane is
 * earlier than the one above it.
 */
struct merge {
	struct dispatch *dispatch;
	uint32_t first_index; /* of the first lane's source */
	unsigned most;        /* sources open at a time */
	bool scarce;          /* it is descriptors that bound it, not memory */
	struct lane *lane;    /* [lanes] */
	struct lane **heap;
	unsigned lanes, open, heap_count;
	uint64_t progress;          /* bytes of all files read */
	uint64_t comments, secrets; /* of the sources that are closed */
	struct tf_error error;      /* the first damage */
	unsigned damaged;           /* sources cut or damaged */
};

/* m is zeroed but for its first four fields -> false with *err when one cannot be opened.
   What is no capture counts as damaged. Close in any case. */
bool merge_open(struct merge *m, const char *const *path, unsigned count, struct tf_error *err);

/* -> the lane with the earliest frame; NULL: all have ended, or one cannot be opened again
   (or no more at a time), with *failed and *err. */
struct lane *merge_first(struct merge *m, bool *failed, struct tf_error *err);

/* That lane goes on to its next frame. */
void merge_advance(struct merge *m);

void merge_close(struct merge *m);

#endif
