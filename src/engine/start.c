/* SPDX-License-Identifier: BSD-3-Clause */
/* From a configuration to workers that wait for frames: here memory is split. */
#include "base/error.h"
#include "engine/inside.h"

enum { MEMORY_LEAST = 8 << 20, WORKERS_MOST = 256 };

void tf_config_init(struct tf_config *cfg)
{
	*cfg = (struct tf_config){
	        .workers = 1,
	        .memory = (size_t)512 << 20,
	        .flow_bytes = INT64_MAX,
	        .hole_max = 16 << 20,
	        .linger_ns = INT64_C(60000000000),
	        .decap = TF_DECAP_ALL,
	        .start_ns = INT64_MIN,
	        .stop_ns = INT64_MAX,
	        .count = UINT64_MAX,
	};
}

bool engine_check(const struct tf_config *c, struct tf_error *err)
{
	if (c->workers < 1 || c->workers > WORKERS_MOST)
		return error_set(err, TF_USAGE, "the number of workers must lie between 1 and %d",
		                 WORKERS_MOST);
	if (c->memory < MEMORY_LEAST)
		return error_set(err, TF_USAGE, "--memory must be at least 8M");
	if (c->hole_max < 0 || c->hole_max > INT32_MAX)
		return error_set(err, TF_USAGE, "the longest hole must be below 2G");
	if (c->linger_ns < 0)
		return error_set(err, TF_USAGE,
		                 "closed connections cannot be remembered for less than no time");
	if (c->idle_ns < 0)
		return error_set(err, TF_USAGE,
		                 "connections cannot have ended before they were silent");
	if (c->flow_bytes < 0)
		return error_set(err, TF_USAGE,
		                 "the bytes recorded of a stream cannot be less than none");
	size_t policies;
	(void)tf_overlap_rows(&policies);
	bool known = (unsigned)c->overlap < policies && c->overlap_rules <= TF_OVERLAP_RULES;
	for (unsigned i = 0; known && i < c->overlap_rules; i++)
		known = (unsigned)c->overlap_rule[i].overlap < policies &&
		        c->overlap_rule[i].prefix <= 128;
	if (!known)
		return error_set(err, TF_USAGE, "there is no such overlap policy");
	if ((unsigned)c->checksum > TF_CHECKSUM_IGNORE)
		return error_set(err, TF_USAGE, "there is no such policy for checksums");
	if ((unsigned)c->key > TF_KEY_5TUPLE)
		return error_set(err, TF_USAGE, "there is no such key of flows");
	if ((unsigned)c->urgent > TF_URGENT_OOB)
		return error_set(err, TF_USAGE, "there is no such policy for urgent bytes");
	if ((unsigned)c->fragments > TF_FRAGMENTS_LAST)
		return error_set(err, TF_USAGE, "there is no such policy for fragments");
	if (c->start_ns >= c->stop_ns)
		return error_set(err, TF_USAGE,
		                 "no packet lies between --start and --stop: the "
		                 "one is not before the other");
	return decode_check(c, err);
}

static bool open_sinks(struct tf_engine *e, unsigned index, struct tf_error *err)
{
	struct flows *fs = &e->worker[index].flows;
	for (unsigned i = 0; i < e->sinks; i++) {
		const struct tf_sink *sink = &e->sink[i];
		e->dispatch.rests = e->dispatch.rests || sink->rest != NULL;
		void *self = sink->open(sink->arg, index, e->config.workers, err);
		if (self == NULL)
			return false;
		flows_attach(fs, sink, self);
	}
	return true;
}

static bool make_worker(struct tf_engine *e, unsigned index, const struct worker_setup *setup,
                        struct tf_error *err)
{
	struct worker *w = &e->worker[index];
	if (!worker_init(w, setup, err))
		return false;
	e->share[index] = (struct sink_share){.arena = &w->arena,
	                                      .chunks = &w->chunks,
	                                      .flows_max = flows_capacity(&w->flows),
	                                      .flows_awake = flows_awake(&w->flows),
	                                      .seed = e->config.hash_seed};
	return open_sinks(e, index, err);
}

static bool all_let_doze(const struct tf_engine *e)
{
	for (unsigned i = 0; i < e->sinks; i++)
		if (!e->sink[i].lets_doze)
			return false;
	return true;
}

/* An eighth for blocks (live, a quarter), a sixteenth for fragments (an eighth, when their frames
   are kept), the rest among the workers. */
static bool split_memory(struct tf_engine *e, struct tf_error *err)
{
	const struct tf_config *c = &e->config;
	bool whole = e->unrecorded.file != NULL, live = e->ears.count > 0;
	const struct dispatch_setup dispatch = {
	        .memory = c->memory / (live ? DISPATCH_BURSTS : DISPATCH_SHARE),
	        .bursts = live,
	        .fragments = c->memory / (whole ? 8 : 16),
	        .sources = e->open_at_a_time,
	        .worker = e->worker,
	        .config = c,
	        .unrecorded = whole ? &e->unrecorded : NULL,
	};
	e->conflicts.journal.workers = c->workers;
	e->report.xml.workers = e->report.jsonl.workers = c->workers;
	struct worker_setup worker = {
	        .bursts = live,
	        .sink_per_flow = e->sink_per_flow,
	        .sink_per_awake = e->sink_per_awake,
	        .doze = all_let_doze(e),
	        .sink_fixed = e->sink_fixed,
	        .sinks = e->sinks,
	        .limits = {.flow_bytes = c->flow_bytes, .hole_max = c->hole_max},
	        .linger_ns = c->linger_ns,
	        .idle_ns = c->idle_ns,
	        .checksum = c->checksum,
	        .urgent = c->urgent,
	        .overlaps = {c->overlap, c->overlap_rule, c->overlap_rules},
	        .numbered = c->workers == 1,
	};
	if (!dispatch_init(&e->dispatch, &dispatch, err))
		return false;
	worker.memory = (c->memory - e->dispatch.arena.size) / c->workers;
	for (unsigned i = 0; i < c->workers; i++)
		if (!make_worker(e, i, &worker, err))
			return false;
	return true;
}

/* Once, so that what nobody asked for costs nothing for each frame. */
static void note_selection(struct tf_engine *e)
{
	const struct tf_config *c = &e->config;
	e->selects = e->filter != NULL || c->start_ns != INT64_MIN || c->stop_ns != INT64_MAX ||
	             c->count != UINT64_MAX;
	e->left = c->count;
}

/* How many captures are merged is known by now, or the first call says it. */
static bool prepare(struct tf_engine *e, struct tf_error *err)
{
	unsigned most = e->config.sources_max;
	if (e->open_at_a_time == 0)
		e->open_at_a_time = most < DISPATCH_BLOCKS ? most : DISPATCH_BLOCKS;
	note_selection(e);
	e->print.alone = !e->records;
	if (!split_memory(e, err))
		return false;
	e->crew.dispatch = &e->dispatch;
	e->dispatch.waits = engine_waits;
	e->dispatch.waits_arg = e;
	e->ready = true;
	return true;
}

static bool begin(struct tf_engine *e, struct tf_error *err)
{
	/* Packets do not wait: whoever takes them off the ring does nothing else. */
	bool threads = e->config.workers > 1 || (e->ears.count > 0 && e->unrecorded.file == NULL);
	for (unsigned i = 0; threads && i < e->config.workers; i++)
		if (!crew_start(&e->crew, &e->worker[i], err))
			return false;
	return true;
}

bool tf_engine_prepare(struct tf_engine *e, struct tf_error *err)
{
	if (e->finished)
		return error_set(err, TF_USAGE, "the run has ended");
	if (!e->started) {
		e->started = true;
		e->broken = !prepare(e, &e->why);
	}
	if (e->broken && err != NULL)
		*err = e->why;
	return !e->broken;
}

bool engine_start(struct tf_engine *e, struct tf_error *err)
{
	if (!tf_engine_prepare(e, err))
		return false;
	if (!e->running) {
		e->running = true;
		e->broken = !begin(e, &e->why);
	}
	if (e->broken && err != NULL)
		*err = e->why;
	return !e->broken;
}
