/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An arena is one mapping, made when the program starts and cut into slabs and
 * arrays; nothing is given back before the end. Pages cost memory only once they
 * are touched, so an arena may be generous.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <tcpflow/tcpflow.h>

struct arena {
	uint8_t *base;
	size_t size, used;
};

/* -> false with *err when the address space cannot be had. */
bool arena_init(struct arena *a, size_t size, struct tf_error *err);
void arena_free(struct arena *a);

/* -> n zeroed bytes aligned to 64, or NULL when fewer are left. */
void *arena_take(struct arena *a, size_t n);

/* The same, from where a large page (pages.h) could begin: what was left before that, fewer than
   PAGES_LARGE bytes, is nobody's, and never touched. */
void *arena_take_pages(struct arena *a, size_t n);

#endif
