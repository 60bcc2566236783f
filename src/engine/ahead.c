/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation
 *
 * What it does. A thread reads pieces of up to PIECE bytes; they go to the reader
 * through one ring and come back empty through another:
 *
 *	thread: from --> piece ==full==> now --> reader's block
 *	                   ^               |
 *	                   +====empty======+
 *
 * Invariants
 *	I1  a piece is in one ring, or held by one side
 *	I2  the piece whose got is below 1 is the last; after it the thread touches
 *	    nothing more, so from.why may be read
 *	I3  a ring has more slots than there are pieces: putting never waits
 *
 * Bounds. PIECES times PIECE bytes for each such origin that is open, from the heap,
 * beside --memory; one copy of each byte more (a small part of what unpacking costs).
 *
 * Choices not taken. A pipe between the two (two copies and two system calls for each
 * 64 KiB, and the failure would need another way); unpacking into the blocks
 * themselves, which are the reader's (ADR 9).
 */
#include "engine/ahead.h"

#include "base/ring.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { PIECES = 4, PIECE = 64 * 1024 };

static_assert((int)PIECES < (int)RING_SLOTS, "I3");

struct piece {
	ssize_t got;    /* as read() gave it */
	int cause;      /* errno, when got is -1 */
	uint64_t taken; /* origin.taken after it */
	uint8_t bytes[PIECE];
};

struct ahead {
	struct ring full, empty;
	struct origin from;
	_Atomic bool *closing;
	pthread_t thread;
	struct piece *now; /* the reader's */
	size_t used;       /* of it */
	struct piece piece[PIECES];
};

static void read_piece(struct ahead *a, struct piece *p)
{
	do
		p->got = a->from.kind->read(&a->from, p->bytes, sizeof p->bytes);
	while (p->got < 0 && errno == EINTR && !watch_over(&a->from.watch) &&
	       !atomic_load(a->closing));
	p->cause = errno;
	p->taken = a->from.taken;
}

static void *work(void *arg)
{
	struct ahead *a = arg;
	bool last = false;
	while (!last) {
		struct piece *p = ring_take(&a->empty);
		if (atomic_load(a->closing))
			break;
		read_piece(a, p);
		last = p->got <= 0;
		ring_put(&a->full, p);
	}
	return NULL;
}

static ssize_t read_ahead(struct origin *o, void *to, size_t n)
{
	struct ahead *a = o->state;
	if (a->now == NULL) {
		a->now = ring_take(&a->full);
		a->used = 0;
		o->taken = a->now->taken;
	}
	if (a->now->got <= 0) { /* it stays: the end is the end */
		o->why = a->from.why;
		errno = a->now->cause;
		return a->now->got;
	}
	size_t left = (size_t)a->now->got - a->used;
	n = n < left ? n : left;
	memcpy(to, a->now->bytes + a->used, n);
	a->used += n;
	if (n == left) {
		ring_put(&a->empty, a->now);
		a->now = NULL;
	}
	return (ssize_t)n;
}

static void close_ahead(struct origin *o)
{
	struct ahead *a = o->state;
	void *p;
	atomic_store(a->closing, true);
	if (a->now != NULL)
		ring_put(&a->empty, a->now);
	/* The thread may wait for a piece; with one it sees that it is to end. */
	while (ring_try_take(&a->full, &p))
		ring_put(&a->empty, p);
	(void)pthread_join(a->thread, NULL);
	origin_close(&a->from);
	free(a);
}

static const struct origin_kind ahead_kind = {"read ahead", read_ahead, close_ahead};

static bool start_thread(struct ahead *a)
{
	sigset_t all, before;
	(void)sigfillset(&all); /* signals are the owner's */
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	bool ok = pthread_create(&a->thread, NULL, work, a) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ok;
}

void ahead_start(struct origin *o, _Atomic bool *closing)
{
	struct ahead *a = aligned_alloc(_Alignof(struct ahead), sizeof *a);
	if (a == NULL)
		return;
	ring_init(&a->full);
	ring_init(&a->empty);
	a->from = *o;
	a->closing = closing;
	a->now = NULL;
	a->used = 0;
	for (int i = 0; i < PIECES; i++)
		ring_put(&a->empty, &a->piece[i]);
	if (!start_thread(a)) {
		free(a);
		return;
	}
	*o = (struct origin){.kind = &ahead_kind, .fd = -1, .state = a, .taken = o->taken};
}
