/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The threads of a run: one for each worker, and no other one. Reading is a turn that any
 * of them takes when it has nothing else to do: so N workers keep N cores busy whatever
 * the input asks for, and half of what two of them read they need not send to another
 * core.
 *
 *	thread of a worker:   a batch came?           -> work on it
 *	                      nobody reads, and
 *	                      there is more to read?  -> read, until BACKLOG batches of its
 *	                                                 own have piled up or the input ends
 *	                      else                    -> sleep
 *
 * Whoever reads owns the dispatcher: `led` is its lock. Instead of waiting for room it
 * works on what is its own (struct dispatch, self).
 *
 * What may keep the reader waiting for something other than a disk (a pipe, a network)
 * is read by the owner of the run, in whose thread signals arrive; so are pushed frames.
 */
#ifndef ENGINE_CREW_H
#define ENGINE_CREW_H

#include "engine/dispatch.h"

struct crew {
	struct dispatch *dispatch;
	bool (*read)(void *arg);
	void *arg;
	_Atomic bool led;       /* some thread reads */
	_Atomic uint32_t input; /* enum crew_input; the owner sleeps on it */
};

enum crew_input {
	CREW_NO_INPUT,
	CREW_INPUT, /* there is something to read */
	CREW_ENDED, /* not any more, but whoever has read is not done */
};

/* Starts the thread of a worker (of c->dispatch; all else in c is 0), which lives until
   a batch says that it is the last one -> false with *err. */
bool crew_start(struct crew *c, struct worker *w, struct tf_error *err);

/*
 * Calls read(arg) over and over, in any of the threads but never in two at a time, until
 * it answers false; it hands on a piece of the input each time, through the dispatcher.
 * tick(arg) is called in the caller's thread now and then, and at the end.
 */
void crew_read(struct crew *c, bool (*read)(void *arg), void (*tick)(void *arg), void *arg);

/* -> whether crew_read() goes on: then the dispatcher belongs to whoever reads. By the owner. */
static inline bool crew_is_reading(const struct crew *c)
{
	return atomic_load(&c->input) != CREW_NO_INPUT;
}

#endif
