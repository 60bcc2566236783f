/* SPDX-License-Identifier: BSD-3-Clause */
/* The public face of the library: see tcpflow/tcpflow.h. */
#include "base/error.h"
#include "engine/inside.h"

#include <stdlib.h>
#include <string.h>

struct tf_engine *tf_engine_new(const struct tf_config *cfg, struct tf_error *err)
{
	if (!engine_check(cfg, err))
		return NULL;
	struct tf_engine *e = calloc(1, sizeof *e);
	struct worker *workers =
	        aligned_alloc(_Alignof(struct worker), cfg->workers * sizeof *workers);
	struct sink_share *share = calloc(cfg->workers, sizeof *share);
	if (e == NULL || workers == NULL || share == NULL) {
		free(share);
		free(e);
		free(workers);
		(void)error_set(err, TF_USAGE, "out of memory");
		return NULL;
	}
	memset(workers, 0, cfg->workers * sizeof *workers);
	e->config = *cfg;
	e->worker = workers;
	e->share = share;
	e->dir.fd = e->report_dir.fd = e->print_dir.fd = e->packets_dir.fd = -1;
	e->generation.root.fd = e->generation.dir.fd = e->keep.root.fd = -1;
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

bool engine_attach(struct tf_engine *e, struct tf_sink sink, size_t per_flow, size_t fixed,
                   struct tf_error *err)
{
	e->sink_per_flow += per_flow;
	e->sink_fixed += fixed;
	return tf_engine_attach(e, &sink, err);
}

static void free_record(struct tf_engine *e)
{
	free(e->conflicts.journal.part);
	free(e->folder);
}

bool tf_engine_record(struct tf_engine *e, const struct tf_recording *how, struct tf_error *err)
{
	if (e->records)
		return error_set(err, TF_USAGE, "one recorder is enough");
	bool turns = how->folder[0] == '\0';
	struct outdir *dir = turns ? generation_folder(e, err) : &e->dir;
	if (dir == NULL)
		return false;
	if (!name_form_init(&e->names, how->names, err))
		return false;
	e->names.community_seed = e->config.community_seed;
	if (e->names.one_worker)
		e->config.workers = 1;
	free_record(e); /* of a call that failed */
	e->folder = strdup(how->folder);
	e->conflicts = (struct conflicts_setup){
	        .keep_rejected = e->config.keep_rejected,
	        .journal = {.dir = dir,
	                    .part = calloc(e->config.workers, sizeof(struct journal_part *)),
	                    .share = e->share},
	};
	if (e->folder == NULL || e->conflicts.journal.part == NULL)
		return error_set(err, TF_USAGE, "out of memory");
	if (!turns && !outdir_open(&e->dir, e->folder, err))
		return false;
	e->alerts = (struct alerts){.folder = turns ? e->generation.path : e->folder};
	if (!quota_init(&e->quota, how, turns ? e->generation.root.fd : e->dir.fd, err))
		return false;
	e->files = (struct files_setup){
	        .dir = dir,
	        .names = &e->names,
	        .gaps = how->gaps,
	        .descriptors = how->files_max,
	        .share = e->share,
	        .alerts = &e->alerts,
	        .quota = &e->quota,
	        .digests =
	                (how->md5 ? 1U << DIGEST_MD5 : 0) | (how->sha256 ? 1U << DIGEST_SHA256 : 0),
	        .index = how->index,
	};
	e->records = true;
	e->sink_per_awake += files_memory_per_flow(&e->files);
	return engine_attach(e, conflicts_sink(&e->conflicts), 0, conflicts_memory(), err) &&
	       engine_attach(e, files_sink(&e->files), 0, files_memory_fixed(&e->files), err);
}

bool tf_engine_alert(struct tf_engine *e, int fd, unsigned what, struct tf_error *err)
{
	if (e->started || !e->records)
		return error_set(err, TF_USAGE,
		                 "who is to be told of files comes behind the recorder, and before "
		                 "the first frame");
	if (e->alerts.count == ALERTS)
		return error_set(err, TF_USAGE, "no more than %d are told of files", ALERTS);
	unsigned i = e->alerts.count++;
	e->alerts.to[i].fd = fd;
	e->alerts.to[i].what = what;
	return true;
}

bool tf_engine_set_aside(struct tf_engine *e, const char *path, struct tf_error *err)
{
	if (e->started)
		return error_set(err, TF_USAGE, "frames must be set aside from the first on");
	if (e->unrecorded.file != NULL)
		return error_set(err, TF_USAGE, "one file for what is not recorded is enough");
	if (!unrecorded_open(&e->unrecorded, path, &e->dispatch.stop, err))
		return false;
	e->config.workers = 1;
	return true;
}

bool tf_engine_push(struct tf_engine *e, const struct tf_frame *frame, struct tf_error *err)
{
	struct tf_frame numbered = *frame;
	if (!engine_start(e, err))
		return false;
	if (frame->captured > DISPATCH_ROOM)
		return error_set(err, TF_USAGE, "a frame of %u bytes is too long", frame->captured);
	generation_look(e);
	numbered.number = ++e->pushed;
	return (engine_copy(e, &numbered) && !e->dispatch.failed) || !engine_failed(e, err);
}

/* -- the end --------------------------------------------------------------------------- */

/* All of them, before the first is closed: the report tells of what they have counted. */
static void count_sinks(struct tf_engine *e)
{
	for (unsigned i = 0; i < e->config.workers; i++) {
		const struct flows *fs = &e->worker[i].flows;
		for (unsigned k = 0; k < fs->outlets; k++) {
			const struct outlet *o = &fs->outlet[k];
			if (o->sink->count != NULL)
				o->sink->count(o->self, &e->worker[i].counters);
		}
	}
}

static bool close_sinks(struct tf_engine *e, struct tf_error *err)
{
	bool ok = true;
	count_sinks(e);
	for (unsigned i = 0; i < e->config.workers; i++) {
		struct flows *fs = &e->worker[i].flows;
		for (unsigned k = 0; k < fs->outlets; k++) {
			const struct outlet *o = &fs->outlet[k];
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
	generation_last(e);
	dispatch_flush(&e->dispatch, true);
	for (unsigned i = 0; i < e->config.workers; i++)
		if (e->worker[i].threaded)
			(void)pthread_join(e->worker[i].thread, NULL);
	e->finished = true;
	check_fates(&e->dispatch);
	bool ok = !generation_failed(e, err);
	engine_tell_drops(e);
	ok = keep_end(&e->keep, ok ? err : NULL) && ok;
	bool aside_ok = unrecorded_close(&e->unrecorded, ok ? err : NULL) && ok;
	bool sinks_ok = close_sinks(e, aside_ok ? err : NULL) && aside_ok;
	return alerts_close(&e->alerts, sinks_ok ? err : NULL) && sinks_ok;
}

bool tf_engine_finish(struct tf_engine *e, struct tf_error *err)
{
	return engine_start(e, err) && finish(e, err);
}

/* The run as it is; where other threads work on it, as they have shown it. */
static struct glance look(const struct tf_engine *e)
{
	struct glance sum = {.counters = e->notes}, part;
	if (crew_is_reading(&e->crew))
		view_look(&e->dispatch.view, &part);
	else
		dispatch_glance(&e->dispatch, &part);
	glance_add(&sum, &part);
	for (unsigned i = 0; i < e->config.workers; i++) {
		const struct worker *w = &e->worker[i];
		if (w->threaded && !e->finished)
			view_look(&w->view, &part);
		else
			worker_glance(w, !e->finished, &part);
		glance_add(&sum, &part);
	}
	sum.counters.frames_set_aside = e->unrecorded.frames;
	return sum;
}

void tf_engine_counters(const struct tf_engine *e, struct tf_counters *out)
{
	*out = look(e).counters;
}

void tf_engine_moment(const struct tf_engine *e, struct tf_moment *to)
{
	struct glance now = look(e);
	*to = (struct tf_moment){.frames = now.counters.frames,
	                         .frame_bytes = now.counters.frame_bytes,
	                         .drops_kernel = now.counters.drops_kernel,
	                         .drops_interface = now.counters.drops_interface,
	                         .latest_ns = now.latest_ns,
	                         .memory = now.memory,
	                         .memory_max = e->config.memory,
	                         .files_open = atomic_load(&e->quota.open),
	                         .room = (enum tf_room)atomic_load(&e->quota.now)};
	for (unsigned i = 0; i < e->config.workers; i++)
		to->flows += atomic_load_explicit(&e->worker[i].flows_now, memory_order_relaxed);
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
	(void)unrecorded_close(&e->unrecorded, NULL);
	ears_close(&e->ears);
	dispatch_free(&e->dispatch);
	filter_free(e->filter);
	report_free(e);
	generation_free(e);
	keep_free(&e->keep);
	outdir_close(&e->dir);
	outdir_close(&e->packets_dir);
	free_record(e);
	print_free(e);
	free(e->packets_folder);
	free(e->share);
	free(e->worker);
	free(e);
}

const char *tf_version(void)
{
	return TF_VERSION;
}
