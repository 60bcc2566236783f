/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/worker.h"

#include "base/error.h"
#include "base/pages.h"

/* How a worker's memory is split, in hundredths of what the batches leave. */
enum { FLOWS_SHARE = 70 }; /* flows, table, queue nodes, gaps, sinks; the rest: chunks, */
enum { LARGE_SHARE = 8 };  /* a part of which, as a divisor, are large */

static unsigned count_batches(const struct worker_setup *s)
{
	size_t many = s->memory / 16 / sizeof(struct batch);
	if (!s->bursts || many < WORKER_BATCHES)
		return WORKER_BATCHES;
	return many < WORKER_BATCHES_MOST ? (unsigned)many : WORKER_BATCHES_MOST;
}

static bool take_batches(struct worker *w)
{
	for (unsigned i = 0; i < w->batches; i++) {
		w->idle[i] = arena_take(&w->arena, sizeof(struct batch));
		if (w->idle[i] == NULL)
			return false;
	}
	w->idles = w->batches;
	return true;
}

static bool make_chunks(struct worker *w, size_t memory)
{
	size_t large = memory / LARGE_SHARE / CHUNK_LARGE_SIZE;
	return chunk_pool_init(&w->chunks, &w->arena,
	                       (memory - large * CHUNK_LARGE_SIZE) / CHUNK_SIZE) &&
	       chunk_pool_enlarge(&w->chunks, &w->arena, large);
}

bool worker_init(struct worker *w, const struct worker_setup *s, struct tf_error *err)
{
	unsigned batches = count_batches(s);
	size_t fixed = sizeof(struct batch) * batches + s->sink_fixed + (size_t)64 * 1024;
	*w = (struct worker){.batches = batches};
	if (s->memory < fixed + (size_t)1024 * 1024)
		return error_set(
		        err, TF_USAGE,
		        "--memory is too little for so many workers: give more, or fewer with -j");
	if (!arena_init(&w->arena, s->memory + PAGES_LARGE, err)) /* so many lie idle */
		return false;
	size_t rest = s->memory - fixed, state = rest / 100 * FLOWS_SHARE;
	struct flows_setup fs = {
	        .arena = &w->arena,
	        .memory = state,
	        .sink_awake = s->sink_per_awake,
	        .sink_flow = s->sink_per_flow,
	        .doze = s->doze,
	        .live = s->bursts,
	        .chunks = &w->chunks,
	        .sinks = s->sinks,
	        .limits = s->limits,
	        .linger_ns = s->linger_ns,
	        .idle_ns = s->idle_ns,
	        .checksum = s->checksum,
	        .urgent = s->urgent,
	        .overlaps = s->overlaps,
	        .numbered = s->numbered,
	        .counters = &w->counters,
	};
	if (!take_batches(w) || !make_chunks(w, rest - state) || !flows_init(&w->flows, &fs))
		return error_set(err, TF_USAGE, "--memory is too little: give at least 8M");
	ring_init(&w->full);
	ring_init(&w->empty);
	return true;
}

void worker_glance(const struct worker *w, bool sinks, struct glance *to)
{
	const struct flows *fs = &w->flows;
	*to = (struct glance){
	        .counters = w->counters,
	        .memory = fs->slab.used * fs->slab.size + fs->cells.used * fs->cells.size +
	                  chunk_pool_used(&w->chunks),
	};
	for (unsigned i = 0; sinks && i < fs->outlets; i++)
		if (fs->outlet[i].sink->count != NULL)
			fs->outlet[i].sink->count(fs->outlet[i].self, &to->counters);
}

/* Apart, so that batches do without its room on the stack. */
static __attribute__((noinline)) void show(struct worker *w)
{
	struct glance now;
	worker_glance(w, true, &now);
	view_show(&w->view, &now);
}

void worker_run(struct worker *w, const struct batch *b)
{
	w->flows.reasm.drops_rising = b->drops;
	flows_packets(&w->flows, b->packet, b->packets);
	if (b->ticks && !w->flows.failed)
		flows_tick(&w->flows, b->period, b->tick_turn);
	if (b->turns && !w->flows.failed)
		flows_turn(&w->flows);
	if (b->last)
		flows_end_all(&w->flows);
	if (b->rest && !b->last)
		flows_rest(&w->flows);
	if (b->flush && !b->last) {
		flows_flush(&w->flows);
		show(w);
	}
	atomic_store_explicit(&w->flows_now, w->flows.count, memory_order_relaxed);
	if (w->flows.failed)
		atomic_store(&w->failed, true);
}

void worker_free(struct worker *w)
{
	arena_free(&w->arena);
}
