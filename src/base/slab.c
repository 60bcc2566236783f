/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/slab.h"

#include "base/poison.h"

#include <string.h>

bool slab_init(struct slab *s, struct arena *a, size_t size, size_t count)
{
	size = (size + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
	uint8_t *base = arena_take(a, size * count);
	if (base == NULL)
		return false;
	*s = (struct slab){.base = base, .size = size, .count = count};
	POISON_HIDE(base, size * count);
	return true;
}

void *slab_take(struct slab *s)
{
	void *object = s->free;
	if (object != NULL) {
		POISON_SHOW(object, s->size);
		memcpy(&s->free, object, sizeof s->free);
	} else if (s->fresh < s->count) {
		object = s->base + s->fresh++ * s->size;
		POISON_SHOW(object, s->size);
	} else {
		return NULL;
	}
	s->used++;
	return object;
}

void slab_give(struct slab *s, void *object)
{
	memcpy(object, &s->free, sizeof s->free);
	s->free = object;
	s->used--;
	POISON_HIDE(object, s->size);
}

void slab_clear(struct slab *s)
{
	s->fresh = s->used = 0;
	s->free = NULL;
	POISON_HIDE(s->base, s->size * s->count);
}
