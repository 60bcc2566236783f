/* SPDX-License-Identifier: BSD-3-Clause */
/* Where reports are written, and what they are told of the run. */
#include "base/error.h"
#include "base/system.h"
#include "engine/inside.h"
#include "sink/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD_MAX = 256 * 1024, NAME_MAX_HERE = 60 /* and a number behind it */ };

static const char *ended(void *arg)
{
	const struct tf_engine *e = arg;
	if (e->generation.turning)
		return "rotated";
	for (unsigned i = 0; i < e->config.workers; i++)
		if (e->worker[i].flows.failed)
			return "failed";
	return atomic_load_explicit(&e->dispatch.stop, memory_order_relaxed) ? "stopped" : "input";
}

static void counters(void *arg, struct tf_counters *to)
{
	generation_counters(arg, to);
}

/* As stat(); what is open already needs no right to be looked at. */
static int look(const char *path, struct stat *st)
{
	int fd = system_descriptor(path);
	return fd >= 0 ? fstat(fd, st) : stat(path, st);
}

/* -> whether it is a place where everything vanishes */
static bool is_void(const struct stat *st)
{
	struct stat none;
	return stat("/dev/null", &none) == 0 && S_ISCHR(st->st_mode) && st->st_rdev == none.st_rdev;
}

/* The report lies in another folder, which is opened.  */
static bool open_folder(struct tf_engine *e, const char *path, struct tf_error *err)
{
	const char *slash = strrchr(path, '/');
	e->report_base = strdup(slash != NULL ? slash + 1 : path);
	e->report_path = slash == NULL   ? strdup(".")
	                 : slash == path ? strdup("/")
	                                 : strndup(path, (size_t)(slash - path));
	if (e->report_base == NULL || e->report_path == NULL)
		return error_set(err, TF_USAGE, "out of memory");
	size_t n = strlen(e->report_base);
	if (n == 0 || n > NAME_MAX_HERE)
		return error_set(err, TF_USAGE,
		                 "the report's name, %s, must have from 1 to %d bytes",
		                 e->report_base, NAME_MAX_HERE);
	if (!outdir_open(&e->report_dir, e->report_path, err))
		return false;
	e->report.xml.dir = &e->report_dir;
	e->report.xml.base = e->report_base;
	return true;
}

/* What is no file (a pipe, a terminal), or lies behind a link, is written to as it is; parts of
   several workers lie in the recorder's folder. */
static bool use_special(struct tf_engine *e, const char *path, const struct text *head,
                        struct tf_error *err)
{
	if (e->config.workers > 1 && !e->records)
		return error_set(err, TF_USAGE, "a report to %s takes one worker (-j 1)", path);
	if (e->generation.set && !e->generation.open)
		return error_set(err, TF_USAGE,
		                 "each output generation has its report: %s, which is no file, "
		                 "cannot be that",
		                 path);
	e->report_path = strdup(path);
	if (e->report_path == NULL)
		return error_set(err, TF_USAGE, "out of memory");
	e->report.xml.base = "report.xml";
	e->report.xml.path = e->report_path;
	int own = system_descriptor(path);
	int fd = own >= 0 ? fcntl(own, F_DUPFD_CLOEXEC, 3)
	                  : open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return error_sys(err, TF_OUTPUT, "cannot open %s", path);
	e->generation.fixed = true;
	return journal_use(&e->report.xml, fd, head->to, head->n, err);
}

/* -> whether path is a link (/dev/stdout may be one to a file), which is not given another name as
   an older report is */
static bool is_link(const char *path)
{
	struct stat st;
	return system_descriptor(path) >= 0 || (lstat(path, &st) == 0 && S_ISLNK(st.st_mode));
}

/* A generation that has not begun makes its report then, with this head. */
static bool make_journal(struct tf_engine *e, const struct text *head, struct tf_error *err)
{
	struct generation *g = &e->generation;
	g->head = strndup(head->to, head->n);
	g->head_n = head->n;
	if (g->head == NULL)
		return error_set(err, TF_USAGE, "out of memory");
	return (g->set && !g->open) || journal_make(&e->report.xml, head->to, head->n, err);
}

static bool make_xml(struct tf_engine *e, const char *path, const struct text *head,
                     struct tf_error *err)
{
	struct journal *j = &e->report.xml;
	struct stat st;
	if (path == NULL) {
		j->base = "report.xml";
		return make_journal(e, head, err);
	}
	if (look(path, &st) != 0)
		return open_folder(e, path, err) && make_journal(e, head, err);
	if (S_ISDIR(st.st_mode))
		return error_set(err, TF_USAGE, "%s is a folder, not a file for the report", path);
	if (S_ISREG(st.st_mode) && is_link(path) && st.st_size > 0)
		return error_set(err, TF_USAGE,
		                 "%s is a link to a file that is not empty, and stays as it is: "
		                 "name a file for the report",
		                 path);
	if (!S_ISREG(st.st_mode) || is_link(path))
		return use_special(e, path, head, err);
	return open_folder(e, path, err) && make_journal(e, head, err);
}

static bool begin_xml(struct tf_engine *e, const struct tf_reporting *how, struct tf_error *err)
{
	char *room = malloc(HEAD_MAX);
	if (room == NULL)
		return error_set(err, TF_USAGE, "out of memory");
	struct text head = text_in(room, HEAD_MAX);
	report_xml_head(&how->facts, &head);
	bool ok = !head.full
	                  ? make_xml(e, how->path, &head, err)
	                  : error_set(err, TF_USAGE, "the command line is too long to be reported");
	free(room);
	return ok;
}

static struct journal_part **parts(const struct tf_engine *e)
{
	return calloc(e->config.workers, sizeof(struct journal_part *));
}

static bool prepare(struct tf_engine *e, const struct tf_reporting *how, struct tf_error *err)
{
	struct stat st;
	bool to_void = how->path != NULL && look(how->path, &st) == 0 && is_void(&st);
	struct generation *g = &e->generation;
	struct outdir *dir = g->root.fd >= 0 ? &g->dir : &e->dir;
	bool here = e->folder != NULL && strcmp(e->folder, ".") != 0;
	e->report = (struct report_setup){
	        .xml = {.dir = dir, .part = parts(e), .share = e->share, .fd = -1},
	        .jsonl = {.dir = dir,
	                  .base = "flows.jsonl",
	                  .part = parts(e),
	                  .share = e->share,
	                  .fd = -1},
	        .has_xml = (how->path == NULL || how->path[0] != '\0') && !to_void,
	        .has_jsonl = how->jsonl,
	        .folder = g->set ? generation_path(e)
	                  : here ? e->folder
	                         : NULL,
	        .seed = e->config.community_seed,
	        .ended = ended,
	        .counters = counters,
	        .arg = e,
	        .usage = how->usage,
	        .usage_arg = how->usage_arg,
	};
	return (e->report.xml.part != NULL && e->report.jsonl.part != NULL) ||
	       error_set(err, TF_USAGE, "out of memory");
}

bool tf_engine_report(struct tf_engine *e, const struct tf_reporting *how, struct tf_error *err)
{
	if (e->started || e->reports)
		return error_set(err, TF_USAGE, "one report, before the first frame, is enough");
	bool lies = e->records || e->generation.root.fd >= 0;
	if (!lies && (how->path == NULL || how->jsonl))
		return error_set(err, TF_USAGE, "a report lies in the folder of the recorder");
	e->reports = true;
	if (!prepare(e, how, err))
		return false;
	struct report_setup *s = &e->report;
	if (s->has_xml && !begin_xml(e, how, err))
		return false;
	bool waits = e->generation.set && !e->generation.open;
	if (s->has_jsonl && !waits && !journal_make(&s->jsonl, "", 0, err))
		return false;
	if (!s->has_xml && !s->has_jsonl)
		return true;
	e->sink_per_awake += report_memory_per_awake();
	return engine_attach(e, report_sink(s), report_memory_per_flow(s), report_memory_fixed(s),
	                     err);
}

/* Reports of generations that are to come begin with it, too. */
static bool add_to_head(struct tf_engine *e, const struct text *t, struct tf_error *err)
{
	struct generation *g = &e->generation;
	if (g->head == NULL)
		return true;
	char *head = realloc(g->head, g->head_n + t->n);
	if (head == NULL)
		return error_set(err, TF_USAGE, "out of memory");
	memcpy(head + g->head_n, t->to, t->n);
	g->head = head;
	g->head_n += t->n;
	return true;
}

bool tf_engine_tell_privileges(struct tf_engine *e, const char *const *line, size_t n,
                               struct tf_error *err)
{
	enum { ROOM = 8192 };
	char room[ROOM];
	const struct journal *j = &e->report.xml;
	const struct generation *g = &e->generation;
	if (!e->reports || !e->report.has_xml || n == 0)
		return true;
	if (e->running)
		return error_set(err, TF_USAGE, "privileges are told before the first frame");
	struct text t = text_in(room, sizeof room);
	report_xml_privileges(line, n, &t);
	if (!add_to_head(e, &t, err))
		return false;
	bool waits = g->set && !g->open;
	return !t.full && (waits || system_write(j->fd, t.to, t.n) ||
	                   error_sys(err, TF_OUTPUT, "cannot write %s", j->name));
}

void report_free(struct tf_engine *e)
{
	if (!e->reports)
		return;
	journal_give_up(&e->report.xml);
	journal_give_up(&e->report.jsonl);
	outdir_close(&e->report_dir);
	free(e->report_path);
	free(e->report_base);
	free(e->report.xml.part);
	free(e->report.jsonl.part);
}

bool tf_report_recover(const char *folder, unsigned *mended, struct tf_error *err)
{
	struct outdir d;
	*mended = 0;
	struct stat st;
	if (stat(folder, &st) != 0)
		return error_sys(err, TF_OUTPUT, "cannot look into %s", folder);
	if (!outdir_open(&d, folder, err))
		return false;
	bool ok = recover_folder(&d, mended, err);
	outdir_close(&d);
	return ok;
}
