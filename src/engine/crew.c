/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/crew.h"

#include "base/error.h"
#include "base/futex.h"

#include <signal.h>

enum {
	BACKLOG = 8,        /* batches: with more, others have waited long enough */
	TICK_NS = 100000000 /* between two ticks */
};

/* Whoever sleeps may read now. */
static void nudge(const struct crew *c)
{
	for (unsigned i = 0; i < c->dispatch->workers; i++)
		ring_nudge(&c->dispatch->worker[i].full);
}

/* Reads until w has enough to do -> false: to the end of the input */
static bool read_on(const struct crew *c, struct worker *w)
{
	bool more = true;
	c->dispatch->self = w;
	while (more && ring_count(&w->full) < BACKLOG)
		more = c->read(c->arg);
	c->dispatch->self = NULL;
	return more;
}

/* Reads in the thread of w -> false: it is not its turn, or there is nothing to read. */
static bool lead(struct crew *c, struct worker *w)
{
	if (atomic_load(&c->input) != CREW_INPUT || atomic_exchange(&c->led, true))
		return false;
	/* The input may have ended meanwhile; then the dispatcher is the owner's again. */
	bool ends = atomic_load(&c->input) == CREW_INPUT && !read_on(c, w);
	if (ends)
		atomic_store(&c->input, CREW_ENDED);
	atomic_store(&c->led, false);
	if (ends) {
		atomic_store(&c->input, CREW_NO_INPUT);
		futex_wake(&c->input);
	} else {
		nudge(c);
	}
	return true;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	for (;;) {
		uint32_t mark = ring_mark(&w->full);
		void *item;
		if (ring_try_take(&w->full, &item)) {
			struct batch *b = item;
			bool last = b->last;
			worker_run(w, b);
			ring_put(&w->empty, b);
			if (last)
				return NULL;
		} else if (!lead(w->crew, w)) {
			ring_sleep(&w->full, mark);
		}
	}
}

bool crew_start(struct crew *c, struct worker *w, struct tf_error *err)
{
	sigset_t all, before;
	w->crew = c;
	(void)sigfillset(&all); /* signals are the owner's */
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	w->threaded = pthread_create(&w->thread, NULL, work, w) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return w->threaded || error_set(err, TF_USAGE, "cannot start a thread (see -j)");
}

void crew_read(struct crew *c, bool (*read)(void *arg), void (*tick)(void *arg), void *arg)
{
	const struct timespec most = {.tv_nsec = TICK_NS};
	uint32_t input;
	c->read = read;
	c->arg = arg;
	atomic_store(&c->input, CREW_INPUT);
	nudge(c);
	do {
		input = atomic_load(&c->input);
		if (input != CREW_NO_INPUT)
			futex_wait(&c->input, input, &most);
		tick(arg);
	} while (input != CREW_NO_INPUT);
}
