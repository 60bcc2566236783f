/* SPDX-License-Identifier: BSD-3-Clause */
/* The public face of the library: see tcpflow/tcpflow.h. */
#include "base/error.h"
#include "capture/filter.h"
#include "capture/source.h"
#include "engine/dispatch.h"
#include "sink/files.h"

#include <stdlib.h>
#include <string.h>

enum { MEMORY_LEAST = 8 << 20, WORKERS_MOST = 256 };

struct tf_engine {
	struct tf_config config;
	struct filter *filter;
	struct dispatch dispatch;
	struct worker *worker; /* [config.workers] */
	struct tf_sink sink[FLOW_SINKS];
	unsigned sinks;
	struct files_setup files;
	char *folder;
	bool records;
	bool ready;   /* memory is split, sinks are open */
	bool started; /* a start was tried */
	bool broken;  /* and failed: why says how */
	bool finished;
	struct tf_error why;
	uint32_t sources;
	uint64_t pushed;
	struct tf_counters notes; /* comments and secrets of all sources */
};

void tf_config_init(struct tf_config *cfg)
{
	*cfg = (struct tf_config){
	        .workers = 1,
	        .memory = (size_t)512 << 20,
	        .flow_bytes = INT64_MAX,
	        .hole_max = 16 << 20,
	        .linger_ns = INT64_C(60000000000),
	        .decap = TF_DECAP_ALL,
	};
}

static bool check(const struct tf_config *c, struct tf_error *err)
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
	if (c->flow_bytes <= 0)
		return error_set(err, TF_USAGE,
		                 "the bytes recorded of a stream must be at least 1");
	return decode_check(c, err);
}

struct tf_engine *tf_engine_new(const struct tf_config *cfg, struct tf_error *err)
{
	if (!check(cfg, err))
		return NULL;
	struct tf_engine *e = calloc(1, sizeof *e);
	struct worker *workers =
	        aligned_alloc(_Alignof(struct worker), cfg->workers * sizeof *workers);
	if (e == NULL || workers == NULL) {
		free(e);
		free(workers);
		(void)error_set(err, TF_USAGE, "out of memory");
		return NULL;
	}
	memset(workers, 0, cfg->workers * sizeof *workers);
	e->config = *cfg;
	e->worker = workers;
	e->files.dir.fd = -1;
	if (cfg->filter != NULL && (e->filter = filter_new(cfg->filter, err)) == NULL) {
		tf_engine_free(e);
		return NULL;
	}
	e->config.filter = NULL; /* the caller's text may go */
	return e;
}

bool tf_engine_attach(struct tf_engine *e, const struct tf_sink *sink, struct tf_error *err)
{
	if (e->started)
		return error_set(err, TF_USAGE, "sinks must be attached before the first frame");
	if (e->sinks == FLOW_SINKS)
		return error_set(err, TF_USAGE, "no more than %d sinks", FLOW_SINKS);
	e->sink[e->sinks++] = *sink;
	return true;
}

bool tf_engine_record(struct tf_engine *e, const char *folder, unsigned files_max,
                      struct tf_error *err)
{
	if (e->records)
		return error_set(err, TF_USAGE, "one recorder is enough");
	free(e->folder); /* of a call that failed */
	free(e->files.share);
	e->folder = strdup(folder);
	e->files.share = calloc(e->config.workers, sizeof *e->files.share);
	if (e->folder == NULL || e->files.share == NULL)
		return error_set(err, TF_USAGE, "out of memory");
	if (!outdir_open(&e->files.dir, e->folder, err))
		return false;
	e->files.descriptors = files_max;
	e->records = true;
	struct tf_sink sink = files_sink(&e->files);
	return tf_engine_attach(e, &sink, err);
}

/* -- start -------------------------------------------------------------------------- */

static bool open_sinks(struct tf_engine *e, unsigned index, struct tf_error *err)
{
	struct flows *fs = &e->worker[index].flows;
	for (unsigned i = 0; i < e->sinks; i++) {
		const struct tf_sink *sink = &e->sink[i];
		void *self = sink->open(sink->arg, index, e->config.workers, err);
		if (self == NULL)
			return false;
		fs->outlet[fs->outlets++] = (struct outlet){.sink = sink, .self = self};
	}
	return true;
}

/* The memory is split here: an eighth for blocks, a sixteenth for fragments, the
   rest among the workers. */
static bool make_workers(struct tf_engine *e, struct tf_error *err)
{
	const struct tf_config *c = &e->config;
	size_t blocks = c->memory / 8;
	struct worker_setup setup = {
	        .sink_per_flow = e->records ? files_memory_per_flow() : 0,
	        .sink_fixed = e->records ? files_memory_fixed() : 0,
	        .sinks = e->sinks,
	        .limits = {.flow_bytes = c->flow_bytes, .hole_max = c->hole_max},
	        .linger_ns = c->linger_ns,
	        .checksum = c->checksum,
	};
	if (!dispatch_init(&e->dispatch, blocks, c->memory / 16, e->worker, c, err))
		return false;
	size_t taken = e->dispatch.arena.size;
	setup.memory = (c->memory - taken) / c->workers;
	for (unsigned i = 0; i < c->workers; i++) {
		struct worker *w = &e->worker[i];
		if (!worker_init(w, &setup, err))
			return false;
		if (e->records)
			e->files.share[i] =
			        (struct files_share){.arena = &w->arena,
			                             .chunks = &w->chunks,
			                             .flows_max = flows_capacity(&w->flows),
			                             .seed = c->hash_seed};
		if (!open_sinks(e, i, err))
			return false;
	}
	return true;
}

static bool begin(struct tf_engine *e, struct tf_error *err)
{
	if (!make_workers(e, err))
		return false;
	e->ready = true;
	for (unsigned i = 0; e->config.workers > 1 && i < e->config.workers; i++)
		if (!worker_start(&e->worker[i], err))
			return false;
	return true;
}

/* The first frame is near: memory, sinks, threads. A start that has failed once is not
   tried again. */
static bool start(struct tf_engine *e, struct tf_error *err)
{
	if (e->finished)
		return error_set(err, TF_USAGE, "the run has ended");
	if (!e->started) {
		e->started = true;
		e->broken = !begin(e, &e->why);
	}
	if (e->broken && err != NULL)
		*err = e->why;
	return !e->broken;
}

/* -- frames --------------------------------------------------------------------------- */

/* Tells the first failure of a sink; the worker has stopped or stops soon. */
static bool sink_failed(struct tf_engine *e, struct tf_error *err)
{
	dispatch_flush(&e->dispatch, false); /* the workers rest: err can be read */
	for (unsigned i = 0; i < e->config.workers; i++) {
		if (e->worker[i].flows.failed) {
			if (err != NULL)
				*err = e->worker[i].flows.err;
			return true;
		}
	}
	return false;
}

static bool take_frame(struct tf_engine *e, const struct tf_frame *frame, struct block *b)
{
	if (e->filter != NULL && !filter_passes(e->filter, frame))
		dispatch_filtered(&e->dispatch, frame);
	else
		dispatch_frame(&e->dispatch, frame, b);
	return !dispatch_failed(&e->dispatch);
}

bool tf_engine_push(struct tf_engine *e, const struct tf_frame *frame, struct tf_error *err)
{
	if (!start(e, err))
		return false;
	uint8_t *room = dispatch_room(&e->dispatch, frame->captured);
	if (room == NULL)
		return error_set(err, TF_USAGE, "a frame of %u bytes is too long", frame->captured);
	struct tf_frame copy = *frame;
	if (frame->captured > 0)
		memcpy(room, frame->bytes, frame->captured);
	copy.bytes = room;
	copy.number = ++e->pushed;
	return take_frame(e, &copy, e->dispatch.room) || !sink_failed(e, err);
}

static bool read_frames(struct tf_engine *e, struct source *s, struct tf_error *err)
{
	uint64_t told = 0;
	struct tf_frame frame;
	enum source_result r = SOURCE_END;
	_Atomic bool *stop = &e->dispatch.stop;
	while (!atomic_load_explicit(stop, memory_order_relaxed) &&
	       (r = source_next(s, &frame, err)) == SOURCE_FRAME) {
		if (!take_frame(e, &frame, source_block(s)) && sink_failed(e, err))
			return false;
		uint64_t position = source_position(s);
		if (e->config.progress != NULL && position != told)
			e->config.progress(e->config.progress_arg, told = position);
	}
	return r != SOURCE_DAMAGED || atomic_load(stop);
}

bool tf_engine_read(struct tf_engine *e, const char *path, struct tf_error *err)
{
	if (!start(e, err))
		return false;
	struct block_store store = dispatch_store(&e->dispatch);
	struct source *s = source_open(path, e->sources, &store, err);
	if (s == NULL)
		return atomic_load(&e->dispatch.stop); /* a signal, not the file's fault */
	e->sources++;
	bool ok = read_frames(e, s, err);
	const struct source_notes *notes = source_notes(s);
	e->notes.comments += notes->comments;
	e->notes.secrets += notes->secrets;
	source_close(s);
	return ok;
}

void tf_engine_stop(struct tf_engine *e)
{
	atomic_store(&e->dispatch.stop, true);
}

/* -- the end --------------------------------------------------------------------------- */

static bool close_sinks(struct tf_engine *e, struct tf_error *err)
{
	bool ok = true;
	for (unsigned i = 0; i < e->config.workers; i++) {
		struct flows *fs = &e->worker[i].flows;
		for (unsigned k = 0; k < fs->outlets; k++) {
			const struct outlet *o = &fs->outlet[k];
			if (o->sink->count != NULL)
				o->sink->count(o->self, &e->worker[i].counters);
			if (o->sink->close != NULL && !o->sink->close(o->self, ok ? err : NULL))
				ok = false;
		}
		if (fs->failed && ok) {
			if (err != NULL)
				*err = fs->err;
			ok = false;
		}
	}
	return ok;
}

/* Each packet came to one end. */
static void check_fates(const struct dispatch *d)
{
	uint64_t sum = 0;
	for (int i = 0; i < FATES; i++)
		sum += d->fate[i];
	MUST(sum == d->numbers + d->aggregated);
	MUST(d->defrag.waiting == 0 && d->defrag.lost <= d->fate[FATE_fragments]);
}

static bool finish(struct tf_engine *e, struct tf_error *err)
{
	dispatch_close(&e->dispatch);
	dispatch_flush(&e->dispatch, true);
	for (unsigned i = 0; i < e->config.workers; i++)
		if (e->worker[i].threaded)
			(void)pthread_join(e->worker[i].thread, NULL);
	e->finished = true;
	check_fates(&e->dispatch);
	return close_sinks(e, err);
}

bool tf_engine_finish(struct tf_engine *e, struct tf_error *err)
{
	return start(e, err) && finish(e, err);
}

static void add(struct tf_counters *to, const struct tf_counters *c)
{
	size_t rows;
	const struct tf_counter_row *row = tf_counter_rows(&rows);
	for (size_t i = 0; i < rows; i++)
		*(uint64_t *)(void *)((char *)to + row[i].offset) +=
		        *(const uint64_t *)(const void *)((const char *)c + row[i].offset);
}

void tf_engine_counters(const struct tf_engine *e, struct tf_counters *out)
{
	*out = e->notes;
	add(out, &e->dispatch.counters);
	for (unsigned i = 0; i < e->config.workers; i++)
		add(out, &e->worker[i].counters);
	const struct dispatch *d = &e->dispatch;
	out->frames = d->numbers;
	out->frame_bytes = d->frame_bytes;
	out->packets_aggregated = d->aggregated;
#define ADD_FATE(name, ...) out->name = d->fate[FATE_##name];
	TF_FATES(ADD_FATE)
#undef ADD_FATE
	out->fragments -= d->defrag.lost;
	out->drop_fragments += d->defrag.lost;
}

size_t tf_engine_links(const struct tf_engine *e, struct tf_link to[TF_LINKS])
{
	memcpy(to, e->dispatch.link, sizeof e->dispatch.link);
	return e->dispatch.links;
}

/* A run that was given up: its threads end, and its sinks are closed. */
static void give_up(struct tf_engine *e)
{
	if (e->ready)
		(void)finish(e, NULL);
	else
		(void)close_sinks(e, NULL);
}

void tf_engine_free(struct tf_engine *e)
{
	if (e == NULL)
		return;
	if (!e->finished)
		give_up(e);
	for (unsigned i = 0; i < e->config.workers; i++)
		worker_free(&e->worker[i]);
	dispatch_free(&e->dispatch);
	filter_free(e->filter);
	outdir_close(&e->files.dir);
	free(e->files.share);
	free(e->folder);
	free(e->worker);
	free(e);
}

const char *tf_version(void)
{
	return TF_VERSION;
}
