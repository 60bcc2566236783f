/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/slab.h"

#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISONS 1
#endif
#endif

#ifdef POISONS
#include <sanitizer/asan_interface.h>
#define HIDE(p, n) __asan_poison_memory_region(p, n)
#define SHOW(p, n) __asan_unpoison_memory_region(p, n)
#else
#define HIDE(p, n) ((void)(p), (void)(n))
#define SHOW(p, n) ((void)(p), (void)(n))
#endif

bool slab_init(struct slab *s, struct arena *a, size_t size, size_t count)
{
	size = (size + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
	uint8_t *base = arena_take(a, size * count);
	if (base == NULL)
		return false;
	*s = (struct slab){.base = base, .size = size, .count = count};
	HIDE(base, size * count);
	return true;
}

void *slab_take(struct slab *s)
{
	void *object = s->free;
	if (object != NULL) {
		SHOW(object, s->size);
		memcpy(&s->free, object, sizeof s->free);
	} else if (s->fresh < s->count) {
		object = s->base + s->fresh++ * s->size;
		SHOW(object, s->size);
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
	HIDE(object, s->size);
}
