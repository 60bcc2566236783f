/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files that are written in large pieces. A file's bytes are gathered in chunks until
 * some 64 KiB follow on one another, then written with one call; a small file is one open, one
 * write, one close. Bytes that are already in chunks are taken over as they are. The files
 * themselves are store.h's.
 *
 *	| written | chunk -> chunk -> chunk |
 *	          ^run       pending
 *
 * A stream that says much gets large chunks, as long as there are any, and its runs end where
 * pages of the file do: a page in two pieces costs the kernel two visits.
 *
 * Files with pending bytes stand in `dirty`, the oldest first, and are written out in
 * that order when chunks run short.
 *
 * Invariants: F1 pending bytes are one run; F2 a run never crosses the origin of a file
 * that was made; F3 a file stands in `dirty` exactly when pending > 0; F4 left is 0 when
 * pending is, and never more than the last chunk has room for.
 */
#ifndef SINK_GATHER_H
#define SINK_GATHER_H

#include "sink/share.h"
#include "sink/store.h"

struct gathered {
	struct stored stored;
	struct chunk *head, *tail; /* bytes not written yet */
	int64_t run;               /* stream offset of the first of them */
	uint32_t pending;          /* how many they are */
	uint32_t left;             /* so many more have their room behind them */
	uint16_t chunks;
	bool busy;                      /* what was written last was much */
	struct gathered *older, *newer; /* in gather.dirty, */
	uint64_t since;                 /* and gather.flushes when it came there */
};

struct gather {
	struct store *store;
	struct chunk_pool *chunks;
	struct gathered *oldest, *newest; /* dirty ones, */
	size_t dirty;                     /* and how many they are */
	uint64_t flushes;                 /* how often gather_flush_old() was called */
	bool (*next_reclaim)(void *arg);  /* who else gives chunks back */
	void *next_arg;
};

/* g must not move afterwards: the pool asks it when chunks run short. */
void gather_init(struct gather *g, struct store *store, struct chunk_pool *chunks);

/* Puts b at stream offset off, where no bytes have been put before. loan: NULL, or the
   chunk that holds b; *loan is NULL afterwards when it was taken over. */
void gather_put(struct gather *g, struct gathered *f, int64_t off, struct tf_span b,
                struct chunk **loan);

/* The stream has n bytes at offset off, behind all that was put, that take no room in the file:
   mark does, which may be empty, and counts as no byte of the stream. What was put before can
   be read and rewritten no more. */
void gather_skip(struct gather *g, struct gathered *f, int64_t off, int64_t n, struct tf_span mark);

/* Writes what is pending. */
void gather_flush(struct gather *g, struct gathered *f);

/* Writes what is pending; what is left of f is struct stored. */
void gather_settle(struct gather *g, struct gathered *f);

/* Writes what has waited since before the latest call. About twice a second: then files that have
   got nothing for some seconds are closed, too (store_tick()). */
void gather_flush_old(struct gather *g);

/* Replaces bytes that were put before. */
void gather_rewrite(struct gather *g, struct gathered *f, int64_t off, struct tf_span b);

/* -> how many bytes, at most n, are known from stream offset off on. */
size_t gather_read(struct gather *g, struct gathered *f, int64_t off, uint8_t *to, size_t n);

#endif
