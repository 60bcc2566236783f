/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/slab.h"

#include "base/error.h"

#include <string.h>

#ifdef POISONS
enum { STRETCH = 1 << 16 };

static void hide_fresh(struct slab *s)
{
	uint8_t *end = s->base + s->size * s->count;
	uintptr_t mask = STRETCH - 1, first = ((uintptr_t)s->base + mask) & ~mask,
	          last = (uintptr_t)end & ~mask;
	if (first >= last) {
		POISON_HIDE(s->base, (size_t)(end - s->base));
		return;
	}
	s->sealed = s->base + (first - (uintptr_t)s->base);
	s->sealed_end = s->sealed + (last - first);
	POISON_HIDE(s->base, (size_t)(s->sealed - s->base));
	MUST(mprotect(s->sealed, last - first, PROT_NONE) == 0);
	POISON_HIDE(s->sealed_end, (size_t)(end - s->sealed_end));
}

/* Before what ends there is handed out. */
static void hide_further(struct slab *s, const uint8_t *end)
{
	while (s->sealed < s->sealed_end && s->sealed < end) {
		MUST(mprotect(s->sealed, STRETCH, PROT_READ | PROT_WRITE) == 0);
		POISON_HIDE(s->sealed, STRETCH);
		s->sealed += STRETCH;
	}
}
#else
#define hide_fresh(s)        ((void)(s))
#define hide_further(s, end) ((void)(s), (void)(end))
#endif

bool slab_init(struct slab *s, struct arena *a, size_t size, size_t count)
{
	size = (size + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
	uint8_t *base = arena_take(a, size * count);
	if (base == NULL)
		return false;
	*s = (struct slab){.base = base, .size = size, .count = count};
	hide_fresh(s);
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
		hide_further(s, (uint8_t *)object + s->size);
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
	POISON_HIDE(s->base, s->size * s->fresh);
	s->fresh = s->used = 0;
	s->free = NULL;
}
