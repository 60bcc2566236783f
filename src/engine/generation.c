/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/generation.h"

#include "base/error.h"
#include "engine/inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOUR INT64_C(3600000000000)

enum { TRIES = 100000 };

/* -- what is wanted -------------------------------------------------------------------- */

static char *copy_root(const char *folder, size_t n)
{
	return n > 0 ? strndup(folder, n) : strdup(folder[0] == '/' ? "/" : ".");
}

/* Takes the folder apart: what has no letters is opened now. */
static bool open_root(struct generation *g, const char *folder, struct tf_error *err)
{
	bool letters = stamp_has(folder);
	size_t n = letters ? stamp_root(folder) : strlen(folder);
	const char *form = folder + n + strspn(folder + n, "/");
	if (letters && !stamp_check(form, err))
		return false;
	if (letters)
		memcpy(g->form, form, strlen(form) + 1);
	free(g->root_path); /* of a call that failed */
	g->root_path = copy_root(folder, n);
	if (g->root_path == NULL)
		return error_set(err, TF_USAGE, "out of memory");
	if (strlen(g->root_path) + STAMP_ROOM >= sizeof g->path)
		return error_set(err, TF_USAGE, "the output folder %.60s... has too long a name",
		                 g->root_path);
	return outdir_open(&g->root, g->root_path, err);
}

/* The first generation is in the folder itself, and there from the start. */
static void be_in_root(struct generation *g)
{
	memcpy(g->path, g->root_path, strlen(g->root_path) + 1);
	g->dir.fd = g->root.fd;
	g->open = true;
}

bool tf_engine_rotate(struct tf_engine *e, const struct tf_rotation *how, struct tf_error *err)
{
	struct generation *g = &e->generation;
	bool due = how->every_ns != 0 || how->bytes != 0;
	if (e->started || g->set || e->sinks > 0)
		return error_set(err, TF_USAGE, "output generations come before all outputs");
	if (how->every_ns < 0)
		return error_set(err, TF_USAGE, "an output generation takes longer than no time");
	if (how->folder != NULL && !open_root(g, how->folder, err))
		return false;
	g->dir.path = g->path;
	if (due && g->form[0] == '\0')
		memcpy(g->form, GENERATION_FORM, sizeof GENERATION_FORM);
	if (how->folder != NULL && g->form[0] == '\0')
		be_in_root(g);
	g->every_ns = how->every_ns;
	g->bytes_max = how->bytes;
	g->latest_ns = how->start_ns;
	ticker_init(&g->ticker, how->every_ns);
	if (how->every_ns != 0) /* a wrong time stamp makes no generation */
		g->ticker.idle_ns = how->every_ns > HOUR ? how->every_ns : HOUR;
	g->ticker.length = how->every_ns;
	g->set = true;
	g->open = g->open || (how->folder == NULL && !due);
	g->watches = due || !g->open;
	return true;
}

void tf_engine_turn(struct tf_engine *e)
{
	atomic_store(&e->generation.asked, true);
}

struct outdir *generation_folder(struct tf_engine *e, struct tf_error *err)
{
	if (e->generation.root.fd >= 0)
		return &e->generation.dir;
	(void)error_set(err, TF_USAGE, "output generations have no folder");
	return NULL;
}

const char *generation_path(const struct tf_engine *e)
{
	return strcmp(e->generation.path, ".") != 0 ? e->generation.path : NULL;
}

/* -- counters -------------------------------------------------------------------------- */

/* Of the whole run till now, while nobody works on it. */
static void count_all(const struct tf_engine *e, struct tf_counters *to)
{
	struct glance sum = {.counters = e->notes}, part;
	dispatch_glance(&e->dispatch, &part);
	glance_add(&sum, &part);
	for (unsigned i = 0; i < e->config.workers; i++) {
		worker_glance(&e->worker[i], !e->finished, &part);
		glance_add(&sum, &part);
	}
	sum.counters.frames_set_aside = e->unrecorded.frames;
	*to = sum.counters;
}

void generation_counters(const struct tf_engine *e, struct tf_counters *to)
{
	size_t rows;
	const struct tf_counter_row *row = tf_counter_rows(&rows);
	count_all(e, to);
	for (size_t i = 0; i < rows; i++) {
		uint64_t *now = (uint64_t *)(void *)((char *)to + row[i].offset);
		uint64_t before =
		        *(const uint64_t *)(const void *)((const char *)&e->generation.before +
		                                          row[i].offset);
		/* Fragments that wait in vain are counted as such later. */
		*now = *now > before ? *now - before : 0;
	}
}

/* -- turns ----------------------------------------------------------------------------- */

static bool fail(struct tf_engine *e)
{
	e->generation.failed = true;
	e->dispatch.failed = true;
	return false;
}

static void leave_folder(struct generation *g)
{
	if (g->dir.fd >= 0 && g->dir.fd != g->root.fd)
		outdir_close(&g->dir);
	g->dir.fd = -1;
}

/* The generation is finished: nothing is written to it any more. */
static bool out(struct tf_engine *e)
{
	struct generation *g = &e->generation;
	dispatch_turn(&e->dispatch);
	if (e->dispatch.failed)
		return false;
	bool ok = true;
	g->turning = true;
	if (e->records)
		ok = journal_finish(&e->conflicts.journal, &g->err);
	if (e->reports)
		ok = report_finish(&e->report, ok ? &g->err : NULL) && ok;
	if (!e->keep.straight) {
		engine_tell_drops(e);
		ok = keep_end(&e->keep, ok ? &g->err : NULL) && ok;
	}
	count_all(e, &g->before);
	leave_folder(g);
	g->turning = g->open = false;
	g->watches = true;
	return ok || fail(e);
}

/* Makes the folder of a generation that begins at ts_ns: a new one. */
static bool make_folder(struct generation *g, int64_t ts_ns)
{
	char name[STAMP_ROOM];
	const char *form = g->form[0] != '\0' ? g->form : GENERATION_FORM;
	unsigned number = 0;
	do
		stamp_write(form, ts_ns, number, false, name);
	while ((g->dir.fd = outdir_new(&g->root, name)) < 0 && errno == EEXIST && number++ < TRIES);
	int cause = errno;
	bool here = strcmp(g->root_path, ".") == 0, top = strcmp(g->root_path, "/") == 0;
	struct text path = text_in(g->path, sizeof g->path);
	text_string(&path, here ? "" : g->root_path);
	text_string(&path, here || top ? "" : "/");
	text_string(&path, name);
	errno = cause;
	return g->dir.fd >= 0 ||
	       error_sys(&g->err, TF_OUTPUT, "cannot make the output folder %s", g->path);
}

static bool begin_keep(struct tf_engine *e, int64_t ts_ns)
{
	struct generation *g = &e->generation;
	g->watches = g->every_ns != 0 || g->bytes_max != 0;
	if (!keep_waits(&e->keep))
		return true;
	if (!keep_begin(&e->keep, ts_ns, &g->err))
		return fail(e);
	engine_name_interfaces(e);
	return true;
}

static bool in(struct tf_engine *e, int64_t ts_ns)
{
	struct generation *g = &e->generation;
	g->open = true;
	g->dir.generation++;
	g->bytes_from = e->dispatch.payload_bytes;
	if (!begin_keep(e, ts_ns))
		return false;
	if (g->root.fd < 0)
		return true;
	if (!make_folder(g, ts_ns))
		return fail(e);
	e->alerts.folder = g->path;
	e->report.folder = generation_path(e);
	return !e->reports ||
	       report_begin_again(&e->report, g->head != NULL ? g->head : "", g->head_n, &g->err) ||
	       fail(e);
}

static bool is_due(struct tf_engine *e, int64_t ts_ns)
{
	struct generation *g = &e->generation;
	bool period = g->every_ns != 0 && ticker_frame(&g->ticker, ts_ns);
	return period ||
	       (g->bytes_max != 0 && e->dispatch.payload_bytes - g->bytes_from >= g->bytes_max);
}

void generation_frame(struct tf_engine *e, int64_t ts_ns)
{
	struct generation *g = &e->generation;
	bool due = is_due(e, ts_ns);
	if (g->failed || e->dispatch.failed)
		return;
	g->latest_ns = ts_ns;
	if (g->open && due && !out(e))
		return;
	if (!g->open)
		(void)in(e, ts_ns);
	else if (keep_waits(&e->keep))
		(void)begin_keep(e, ts_ns);
}

void generation_look(struct tf_engine *e)
{
	struct generation *g = &e->generation;
	if (!atomic_load_explicit(&g->asked, memory_order_relaxed))
		return;
	atomic_store(&g->asked, false);
	if (g->set && !g->fixed && g->open && !g->failed && !e->dispatch.failed)
		(void)out(e);
}

void generation_last(struct tf_engine *e)
{
	struct generation *g = &e->generation;
	if (!g->set || g->failed || !e->ready)
		return;
	if (!g->open)
		(void)in(e, g->latest_ns);
	else if (keep_waits(&e->keep))
		(void)begin_keep(e, g->latest_ns);
}

bool generation_failed(const struct tf_engine *e, struct tf_error *err)
{
	if (e->generation.failed && err != NULL)
		*err = e->generation.err;
	return e->generation.failed;
}

void generation_free(struct tf_engine *e)
{
	struct generation *g = &e->generation;
	leave_folder(g);
	outdir_close(&g->root);
	free(g->root_path);
	free(g->head);
}
