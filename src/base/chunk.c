/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/chunk.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static_assert(sizeof(struct chunk) <= CHUNK_HEAD && offsetof(struct chunk, data) <= CHUNK_HEAD,
              "a chunk fills its slot");

bool chunk_pool_init(struct chunk_pool *p, struct arena *a, size_t count)
{
	*p = (struct chunk_pool){0};
	return slab_init(&p->slab, a, CHUNK_SIZE, count);
}

bool chunk_pool_enlarge(struct chunk_pool *p, struct arena *a, size_t count)
{
	return slab_init(&p->large, a, CHUNK_LARGE_SIZE, count);
}

size_t chunk_pool_used(const struct chunk_pool *p)
{
	return p->slab.used * CHUNK_SIZE + p->large.used * CHUNK_LARGE_SIZE;
}

/* c may be NULL. */
static struct chunk *empty(struct chunk *c, bool large)
{
	if (c == NULL)
		return NULL;
	c->next = NULL;
	c->from = c->to = 0;
	c->large = large;
	return c;
}

struct chunk *chunk_take(struct chunk_pool *p)
{
	struct chunk *c = slab_take(&p->slab);
	if (c == NULL && p->reclaim != NULL && p->reclaim(p->reclaim_arg))
		c = slab_take(&p->slab);
	return empty(c, false);
}

struct chunk *chunk_take_large(struct chunk_pool *p)
{
	return empty(slab_take(&p->large), true);
}

void chunk_give(struct chunk_pool *p, struct chunk *c)
{
	slab_give(c->large ? &p->large : &p->slab, c);
}

void chunk_give_chain(struct chunk_pool *p, struct chunk *c)
{
	while (c != NULL) {
		struct chunk *next = c->next;
		chunk_give(p, c);
		c = next;
	}
}

size_t chunk_copy(const struct chunk *c, size_t skip, uint8_t *to, size_t n)
{
	size_t done = 0;
	for (; c != NULL && done < n; c = c->next) {
		struct tf_span s = chunk_span(c);
		if (skip >= s.n) {
			skip -= s.n;
			continue;
		}
		size_t part = s.n - skip < n - done ? s.n - skip : n - done;
		memcpy(to + done, s.p + skip, part);
		done += part;
		skip = 0;
	}
	return done;
}
