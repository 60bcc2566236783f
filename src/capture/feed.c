/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation
 *
 * What it does. Bytes come in pieces as large as a block and go out as whole records
 * of any length, without a copy for each record: a record is a pointer into the
 * block that was read into.
 *
 *	block->bytes  0            at          end             size
 *	              | given out  | not used  | never written |
 *
 * Reads go to [end, size). When a record does not fit between at and size, what
 * there is of it moves to the start of a fresh block, and the feed gives up its
 * use of the old one. That copy is a part of one record for each block; it makes
 * every record contiguous.
 *
 * Invariants
 *	I1  at <= end <= block->size
 *	I2  bytes [0, end) of a block are never written again by this feed, so
 *	    records given out earlier keep their bytes as long as they hold the block
 *	I3  the feed holds exactly one use of exactly one block, but for the moment
 *	    of moving, when it holds two
 *
 * Bounds. Memory is the store's. Nobody asks for a record longer than FEED_MOST,
 * and one that is longer than a block is refused. Bytes that are skipped are read into [end, size)
 * over and over: nobody points there (I2).
 *
 * Choices not taken. Mapping the file: no faster, memory in use grows with the
 * file, a file cut while it is read raises SIGBUS, and pipes need this anyway.
 */
#include "capture/feed.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>

/* The first read is a small one: it may have to be copied to an unpacker. */
enum { READ_FIRST = 64 * 1024, SKIP_SHORT = 64 * 1024 };

bool feed_open(struct feed *f, struct origin from, const struct block_store *store)
{
	*f = (struct feed){.store = *store, .origin = from};
	f->block = store->take(store->arg);
	if (f->block == NULL)
		f->state = FEED_NO_BLOCK;
	return f->block != NULL;
}

void feed_close(struct feed *f)
{
	if (f->block != NULL)
		f->store.give(f->store.arg, f->block);
	f->block = NULL;
	f->at = f->end = 0;
	origin_close(&f->origin);
}

void feed_restart(struct feed *f, struct origin from)
{
	f->origin = from;
	f->at = f->end = 0;
	f->position = 0;
	f->state = FEED_OPEN;
}

static bool is_stopped(const struct feed *f)
{
	return f->store.stopped != NULL && f->store.stopped(f->store.arg);
}

/* Reads once -> bytes that came to `to`; 0: state says why. Asks each time whether to stop:
   bytes that are skipped make no frame, after which others would ask. */
static size_t take_in(struct feed *f, uint8_t *to, size_t n)
{
	if (feed_taken(f) == 0 && n > READ_FIRST)
		n = READ_FIRST;
	ssize_t got = 0;
	bool again = true;
	if (f->store.rest != NULL)
		f->store.rest(f->store.arg);
	while (again && !is_stopped(f)) {
		got = f->origin.kind->read(&f->origin, to, n);
		again = got < 0 && errno == EINTR;
	}
	if (again) /* stopped */
		got = 0;
	if (got < 0) {
		f->state = FEED_FAILED;
		f->cause = errno;
		return 0;
	}
	MUST((size_t)got <= n);
	if (got == 0)
		f->state = FEED_ENDED;
	return (size_t)got;
}

/* Moves what is not used yet to the start of a fresh block. */
static bool move_on(struct feed *f)
{
	struct block *next = f->store.take(f->store.arg);
	size_t left = feed_left(f);
	if (next == NULL) {
		f->state = FEED_NO_BLOCK;
		return false;
	}
	MUST(left <= next->size);
	memcpy(next->bytes, f->block->bytes + f->at, left);
	f->store.give(f->store.arg, f->block);
	f->block = next;
	f->at = 0;
	f->end = left;
	return true;
}

const uint8_t *feed_more(struct feed *f, size_t n)
{
	if (f->state != FEED_OPEN)
		return NULL;
	if (n > f->block->size) {
		f->state = FEED_TOO_LARGE;
		return NULL;
	}
	if (n > f->block->size - f->at && !move_on(f))
		return NULL;
	while (feed_left(f) < n) {
		size_t got = take_in(f, f->block->bytes + f->end, f->block->size - f->end);
		if (got == 0)
			return NULL;
		f->end += got;
	}
	return f->block->bytes + f->at;
}

/* Reads n bytes over and over to where nobody looks. */
static bool discard(struct feed *f, uint64_t n)
{
	while (n > 0) {
		size_t room = f->block->size - f->end;
		if (room < n && room < f->block->size / 4) {
			if (!move_on(f))
				return false;
			room = f->block->size;
		}
		size_t got = take_in(f, f->block->bytes + f->end, n < room ? (size_t)n : room);
		if (got == 0)
			return false;
		f->position += got;
		n -= got;
	}
	return true;
}

bool feed_skip(struct feed *f, uint64_t n)
{
	size_t left = feed_left(f);
	if (n > left) {
		feed_advance(f, left);
		n -= left;
		if (f->state != FEED_OPEN)
			return false;
		/* What is short is read along with what follows it. */
		if (n > SKIP_SHORT || n > f->block->size / 4)
			return discard(f, n);
		if (feed_more(f, (size_t)n) == NULL) {
			feed_advance(f, feed_left(f));
			return false;
		}
	}
	feed_advance(f, (size_t)n);
	return true;
}
