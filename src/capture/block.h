/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocks: the pieces of memory that capture files are read into. Frames point
 * into them, so a block lives until no packet made from it is in use any more.
 * Only the reader's thread counts users; workers hand whole batches back.
 */
#ifndef CAPTURE_BLOCK_H
#define CAPTURE_BLOCK_H

#include <tcpflow/tcpflow.h>

struct block {
	uint8_t *bytes;
	size_t size;
	uint32_t users; /* batches (and the feed) that hold it; 0: free */
};

/* Where a feed gets its blocks. The engine is the one that knows when a block is
   free again. */
struct block_store {
	void *arg;
	/* -> a block with users 1 (the feed's); waits for one; NULL: none to be had */
	struct block *(*take)(void *arg);
	/* the feed's own use ends: users-- */
	void (*give)(void *arg, struct block *b);
	/* May be NULL. Asked before each read -> whether to read no more, as if the file
	   had ended there */
	bool (*stopped)(void *arg);
	/* May be NULL. Called before each read, which may have to wait: all frames read so
	   far were taken */
	void (*rest)(void *arg);
};

#endif
