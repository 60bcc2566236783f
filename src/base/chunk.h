/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Chunks hold payload that must outlive its packet: early segments in the
 * receive queue, and bytes gathered for a write. Both draw on one pool, so a
 * chunk goes from the queue to the file without being copied again.
 *
 * Most are small. A few are large, for bytes of streams that say much: what is written from
 * one piece of memory costs the kernel less than what is written from thirty.
 */
#ifndef BASE_CHUNK_H
#define BASE_CHUNK_H

#include "base/slab.h"

enum {
	CHUNK_HEAD = 48,
	CHUNK_SIZE = 2048,
	CHUNK_ROOM = CHUNK_SIZE - CHUNK_HEAD,
	CHUNK_LARGE_ROOM = 64 * 1024,
	CHUNK_LARGE_SIZE = CHUNK_HEAD + CHUNK_LARGE_ROOM
};

struct chunk {
	uint64_t frame; /* where the bytes stood: see struct tf_event */
	uint64_t position;
	int64_t ts_ns;
	struct chunk *next;
	uint32_t from, to; /* the bytes are data[from, to) */
	uint32_t source;   /* like frame */
	uint8_t ttl;       /* of their packet */
	bool late;         /* see struct piece in reasm/inside.h */
	bool large;        /* of CHUNK_LARGE_ROOM bytes; else of CHUNK_ROOM */
	_Alignas(8) uint8_t data[];
};

static inline struct tf_span chunk_span(const struct chunk *c)
{
	return (struct tf_span){.p = c->data + c->from, .n = (size_t)(c->to - c->from)};
}

/* -> how many bytes can be added to it */
static inline size_t chunk_left(const struct chunk *c)
{
	return (size_t)(c->large ? CHUNK_LARGE_ROOM : CHUNK_ROOM) - c->to;
}

struct chunk_pool {
	struct slab slab, large;
	/* May be NULL. Asked when the pool is empty: writes gathered bytes out, so
	   that chunks come back -> whether any did. */
	bool (*reclaim)(void *arg);
	void *reclaim_arg;
};

bool chunk_pool_init(struct chunk_pool *p, struct arena *a, size_t count);

/* So many large chunks besides; without it there are none. */
bool chunk_pool_enlarge(struct chunk_pool *p, struct arena *a, size_t count);

/* -> the bytes of memory that are in use. */
size_t chunk_pool_used(const struct chunk_pool *p);

/* -> an empty chunk (next NULL, from and to 0), or NULL when none can be had. */
struct chunk *chunk_take(struct chunk_pool *p);

/* The same for a large one, for which nobody is asked to give any back. */
struct chunk *chunk_take_large(struct chunk_pool *p);

/* c: of either kind. */
void chunk_give(struct chunk_pool *p, struct chunk *c);

/* Copies what the chunks from c on hold, less their first skip bytes -> bytes copied, at
   most n. */
size_t chunk_copy(const struct chunk *c, size_t skip, uint8_t *to, size_t n);

/* Gives back c and all that follow it. */
void chunk_give_chain(struct chunk_pool *p, struct chunk *c);

#endif
