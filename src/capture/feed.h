/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A feed turns an origin of bytes (a file, a pipe, memory) into contiguous
 * records that lie in counted blocks. See feed.c for how.
 */
#ifndef CAPTURE_FEED_H
#define CAPTURE_FEED_H

#include "capture/block.h"
#include "capture/origin.h"

/* The longest record that may be asked for. Blocks are larger than this (at least
   512 KiB), or else long records cannot be read. */
enum { FEED_MOST = 448 * 1024 };

enum feed_state {
	FEED_OPEN,
	FEED_ENDED,     /* the origin has no more bytes; feed_left() of them are unused */
	FEED_FAILED,    /* the origin failed: errno is in cause, words perhaps in origin.why */
	FEED_NO_BLOCK,  /* the store had none */
	FEED_TOO_LARGE, /* more was asked for than a block holds */
};

struct feed {
	struct block_store store;
	struct origin origin;
	struct block *block; /* the feed's own use of it is counted */
	size_t at, end;      /* bytes [at, end) of block are read and not yet used */
	uint64_t position;   /* of bytes[at] in the origin */
	enum feed_state state;
	int cause;
};

/* Takes over the origin and a first block. A store needs two blocks for each
   feed: while a record moves from one to the next, both are held.
   -> false when the store has no block; feed_close() is due in any case. */
bool feed_open(struct feed *f, struct origin from, const struct block_store *store);
void feed_close(struct feed *f);

/* Goes on with another origin, from its first byte. All bytes that were there must
   have been given away; none is taken over. */
void feed_restart(struct feed *f, struct origin from);

/* The slow half of feed_need(). */
const uint8_t *feed_more(struct feed *f, size_t n);

/*
 * -> n (at most FEED_MOST) contiguous bytes at the current position, valid while f->block, as it is
 * after the call, has users; NULL when they cannot be had: state says why.
 * Waits for as many bytes as were asked for and no more.
 */
static inline const uint8_t *feed_need(struct feed *f, size_t n)
{
	return n <= f->end - f->at ? f->block->bytes + f->at : feed_more(f, n);
}

/* Bytes that were read and not yet used. */
static inline size_t feed_left(const struct feed *f)
{
	return f->end - f->at;
}

/* Moves on by n, at most feed_left(). */
static inline void feed_advance(struct feed *f, size_t n)
{
	f->at += n;
	f->position += n;
}

/* Moves on by any number of bytes -> false when the origin has fewer. */
bool feed_skip(struct feed *f, uint64_t n);

/* Bytes taken from the origin so far. */
static inline uint64_t feed_taken(const struct feed *f)
{
	return f->position + feed_left(f);
}

#endif
