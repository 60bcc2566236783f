/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker owns its share of the flows: their table, memory, counters and the
 * sinks' instances. With one worker its work is done in the reader's thread; else it
 * has a thread of its own (crew.h) and two rings: full batches come, empty ones go back.
 */
#ifndef ENGINE_WORKER_H
#define ENGINE_WORKER_H

#include "base/ring.h"
#include "engine/batch.h"
#include "engine/view.h"
#include "flow/flows.h"

#include <pthread.h>

enum {
	WORKER_BATCHES = 16,
	WORKER_BATCHES_MOST = RING_SLOTS /* a returned batch always finds room */
};

struct worker {
	struct arena arena;
	struct chunk_pool chunks;
	struct flows flows;
	struct tf_counters counters;
	struct batch *filling;                   /* the reader's: not handed over yet */
	struct batch *idle[WORKER_BATCHES_MOST]; /* the reader's, empty */
	unsigned idles, batches;                 /* of so many in all */
	uint64_t load; /* the reader's: bytes of the frames that it was given */
	bool threaded;
	pthread_t thread;
	struct crew *crew; /* that the thread belongs to */
	struct ring full, empty;
	_Atomic uint64_t flows_now; /* likewise, after each batch */
	_Atomic bool failed;        /* flows.err says why, once the worker has ended */
	struct view view;           /* for who looks from outside: shown when sinks flush */
};

struct worker_setup {
	size_t memory;
	bool bursts; /* a sixteenth of it for batches, if that is more than the usual ones */
	size_t sink_per_flow, sink_per_awake, sink_fixed; /* of it, for sinks */
	bool doze;                                        /* all of them let flows doze */
	unsigned sinks;
	struct reasm_limits limits;
	int64_t linger_ns, idle_ns;
	enum tf_checksum checksum;
	enum tf_urgent urgent;
	struct overlaps overlaps;
	bool numbered; /* it is the only one */
};

/* -> false with *err: too little memory. */
bool worker_init(struct worker *w, const struct worker_setup *s, struct tf_error *err);

/* Does the work of a batch; in the worker's thread, if it has one. */
void worker_run(struct worker *w, const struct batch *b);

/* What the worker has counted and uses, in its own thread or when that rests. sinks: with what its
   sinks have counted, unless that was added to its counters. */
void worker_glance(const struct worker *w, bool sinks, struct glance *to);

void worker_free(struct worker *w);

#endif
