/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/arena.h"

#include "base/error.h"
#include "base/pages.h"
#include "base/poison.h"

#include <sys/mman.h>

#ifndef MAP_NORESERVE /* where it is missing, nothing is reserved anyway */
#define MAP_NORESERVE 0
#endif

enum { ALIGN = 64 };

bool arena_init(struct arena *a, size_t size, struct tf_error *err)
{
	*a = (struct arena){0};
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return error_sys(err, TF_USAGE, "cannot reserve %zu bytes (see --memory)", size);
	*a = (struct arena){.base = p, .size = size};
	return true;
}

void arena_free(struct arena *a)
{
	if (a->base != NULL) {
		POISON_SHOW_ALL(a->base, a->size); /* others may be given this place */
		(void)munmap(a->base, a->size);
	}
	*a = (struct arena){0};
}

void *arena_take(struct arena *a, size_t n)
{
	if (n > a->size - a->used)
		return NULL;
	void *p = a->base + a->used;
	size_t rounded = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	a->used = rounded > a->size - a->used ? a->size : a->used + rounded;
	return p;
}

void *arena_take_pages(struct arena *a, size_t n)
{
	uintptr_t at = (uintptr_t)a->base + a->used;
	size_t before = (size_t)(-at & (PAGES_LARGE - 1));
	if (before > a->size - a->used || n > a->size - a->used - before)
		return NULL;
	a->used += before;
	return arena_take(a, n);
}
