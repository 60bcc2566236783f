/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Chunks hold payload that must outlive its packet: early segments in the
 * receive queue, and bytes gathered for a write. Both draw on one pool, so a
 * chunk goes from the queue to the file without being copied again.
 */
#ifndef BASE_CHUNK_H
#define BASE_CHUNK_H

#include "base/slab.h"

enum { CHUNK_SIZE = 2048, CHUNK_ROOM = CHUNK_SIZE - 48 };

struct chunk {
	struct chunk *next;
	uint16_t from, to; /* the bytes are data[from, to) */
	uint32_t source;   /* where they stood: see struct tf_event */
	uint64_t frame;
	uint64_t position;
	int64_t ts_ns;
	uint8_t ttl; /* of their packet */
	bool late;   /* see struct piece in reasm/inside.h */
	uint8_t data[CHUNK_ROOM];
};

static inline struct tf_span chunk_span(const struct chunk *c)
{
	return (struct tf_span){.p = c->data + c->from, .n = (size_t)(c->to - c->from)};
}

struct chunk_pool {
	struct slab slab;
	/* May be NULL. Asked when the pool is empty: writes gathered bytes out, so
	   that chunks come back -> whether any did. */
	bool (*reclaim)(void *arg);
	void *reclaim_arg;
};

bool chunk_pool_init(struct chunk_pool *p, struct arena *a, size_t count);

/* -> an empty chunk (next NULL, from and to 0), or NULL when none can be had. */
struct chunk *chunk_take(struct chunk_pool *p);
void chunk_give(struct chunk_pool *p, struct chunk *c);

/* Copies what the chunks from c on hold, less their first skip bytes -> bytes copied, at
   most n. */
size_t chunk_copy(const struct chunk *c, size_t skip, uint8_t *to, size_t n);

/* Gives back c and all that follow it. */
void chunk_give_chain(struct chunk_pool *p, struct chunk *c);

#endif
