/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A slab hands out objects of one size from memory that was set aside at the
 * start. Objects given back are handed out again first, while they are warm.
 * "The slab is empty" is an ordinary answer.
 *
 * Under AddressSanitizer free objects are poisoned, so that a use after free
 * shows although the memory never goes back to the system. Of those that were
 * never handed out, a stretch is poisoned, and behind it nobody may touch the
 * pages: to poison all would write an eighth of the memory at each start.
 */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include "base/arena.h"
#include "base/poison.h"

struct slab {
	uint8_t *base;
	size_t size;  /* of an object */
	size_t count; /* objects in all */
	size_t fresh; /* objects never handed out start here */
	size_t used;  /* objects handed out now */
	void *free;   /* given back, each holding the next */
#ifdef POISONS
	uint8_t *sealed, *sealed_end; /* pages that nobody may touch yet */
#endif
};

/* Takes room for count objects from the arena -> false when it has too little. */
bool slab_init(struct slab *s, struct arena *a, size_t size, size_t count);

/* -> an object with undefined contents, or NULL when the slab is empty. */
void *slab_take(struct slab *s);
void slab_give(struct slab *s, void *object);

/* All are given back. */
void slab_clear(struct slab *s);

/* Objects as numbers from 1 to count; 0 means none. */
static inline uint32_t slab_index(const struct slab *s, const void *object)
{
	return object == NULL
	               ? 0
	               : (uint32_t)((size_t)((const uint8_t *)object - s->base) / s->size + 1);
}

static inline void *slab_at(const struct slab *s, uint32_t index)
{
	return index == 0 ? NULL : s->base + (size_t)(index - 1) * s->size;
}

#endif
