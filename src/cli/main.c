/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command: options in, an engine with a recorder, the capture files one after
 * the other, a summary, an exit code. All that is said to people is said here.
 */
#include "base/error.h"
#include "cli/configure.h"
#include "cli/confine.h"
#include "cli/help.h"
#include "cli/hooks.h"
#include "cli/listening.h"
#include "cli/machine.h"
#include "cli/mend.h"
#include "cli/message.h"
#include "cli/number.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/scanners.h"
#include "cli/signals.h"
#include "cli/sources.h"
#include "cli/stats.h"
#include "cli/summary.h"
#include "cli/watch.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A run of the program, from its options to its exit code. */
struct run {
	const struct options *options;
	struct confine confine;
	struct sources sources;
	struct tf_engine *engine;
	struct progress progress;
	struct hooks hooks;
	struct watch watch;
	struct facts facts;
	struct tf_error error; /* the latest */
	char said[sizeof((struct tf_error *)0)->text];
	enum tf_status status; /* the worst so far */
	enum tf_room room;     /* as it was told of */
	bool unread;           /* whoever read standard output has gone */
	uint64_t files;        /* descriptors for files of streams */
	int64_t start_ns;
};

/* -- errors -- */

/* Which of two is told as the exit code: the one that stands further down. */
static enum tf_status worse(enum tf_status a, enum tf_status b)
{
	static const enum tf_status order[] = {TF_OK,    TF_LOSSES, TF_DAMAGED,
	                                       TF_USAGE, TF_OUTPUT, TF_SANDBOX};
	enum tf_status worst = TF_OK;
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		if (order[i] == a || order[i] == b)
			worst = order[i];
	return worst;
}

/* Says run->error and remembers its status. The same failure may come back from
   the next call; it is said once. Always false. */
static bool fail(struct run *run)
{
	if (run->error.status == TF_OK) { /* nobody reads what is printed: nor would they this */
		run->unread = true;
		return false;
	}
	run->status = worse(run->status, run->error.status);
	if (strcmp(run->said, run->error.text) == 0)
		return false;
	memcpy(run->said, run->error.text, sizeof run->said);
	progress_erase(&run->progress);
	message_say(stderr, "%s", run->error.text);
	return false;
}

/* -- the steps of a run -- */

static void on_skipped(void *arg, const char *why)
{
	const struct run *run = arg;
	if (options_talkative(run->options) && run->options->debug > 1)
		message_say(stderr, "skipped: %s", why);
}

/* A file that is not there is told before anything is written. */
static bool look_at_sources(struct run *run)
{
	return sources_gather(&run->sources, run->options, on_skipped, run, &run->error) ||
	       fail(run);
}

static int64_t on_clock(void *arg)
{
	(void)arg;
	return machine_now_ns();
}

/* Each change is said once. */
static void tell_room(struct run *run)
{
	static const char *const sentences[] = {
	        [TF_ROOM_ENOUGH] = "there is room again: new connections are recorded",
	        [TF_ROOM_MAX_DISK] = "--max-disk is reached: new connections are only counted from "
	                             "now on",
	        [TF_ROOM_MIN_FREE] =
	                "--min-free is reached: new connections are only counted until "
	                "there is room again",
	};
	struct tf_moment now;
	tf_engine_moment(run->engine, &now);
	if (now.room == run->room)
		return;
	run->room = now.room;
	progress_erase(&run->progress);
	if (options_talkative(run->options))
		message_say(stderr, "%s", sentences[now.room]);
}

static bool has_limits(const struct options *o)
{
	return (o->disk_max | o->free_least | o->free_percent) != 0;
}

/* The recording goes on, whether others can watch it or not. */
static void look(struct run *run)
{
	if (!watch_look(&run->watch, run->engine, machine_now_ns(), &run->error))
		fail(run);
	if (has_limits(run->options))
		tell_room(run);
}

static void on_progress(void *arg, uint64_t position)
{
	struct run *run = arg;
	progress_tell(&run->progress, position, machine_now_ns());
	look(run);
}

/* About once a second. */
static void on_moment(void *arg, uint64_t position)
{
	struct run *run = arg;
	struct tf_moment now;
	char text[PROGRESS_TEXT];
	(void)position;
	look(run);
	tf_engine_moment(run->engine, &now);
	if (signals_take_question()) {
		progress_erase(&run->progress);
		progress_status(&run->progress, &now, machine_now_ns(), text);
		message_say(stderr, "%s", text);
		return;
	}
	progress_tell_live(&run->progress, &now, machine_now_ns());
}

/* Also where no line is to be seen somebody may ask. */
static void begin_moments(struct run *run, struct tf_config *cfg)
{
	bool seen =
	        options_talkative(run->options) && !run->options->console && isatty(STDERR_FILENO);
	progress_begin(&run->progress, seen ? stderr : NULL, 0, run->start_ns);
	cfg->progress = on_moment;
	cfg->progress_arg = run;
}

static bool begin_progress(struct run *run)
{
	uint64_t total = run->options->follow_s > 0 ? 0 : sources_size(&run->sources);
	bool mixed = run->options->console; /* the same terminal, most often */
	if (total == 0 || mixed || !options_talkative(run->options) || !isatty(STDERR_FILENO))
		return false;
	progress_begin(&run->progress, stderr, total, run->start_ns);
	return true;
}

/* Captures that are merged are open at the same time: they get at most half of the
   descriptors. -> how many */
static unsigned sources_max(struct run *run)
{
	run->files = machine_files(machine_raise_descriptors());
	if (!run->options->merge)
		return 0;
	uint64_t half = run->files > 1 ? run->files / 2 : 1, known = run->sources.known;
	uint64_t sources = known < half ? known : half;
	run->files = run->files > sources ? run->files - sources : 1;
	return (unsigned)sources;
}

static unsigned files_max(const struct options *o, uint64_t files)
{
	if (o->files_max > files && options_talkative(o))
		message_say(stderr, "-f %" PRIu64 " is more than the system allows; using %" PRIu64,
		            o->files_max, files);
	if (o->files_max > 0 && o->files_max < files)
		return (unsigned)o->files_max;
	uint64_t most = o->files_max > 0 ? o->files_max : MACHINE_FILES_MAX;
	return (unsigned)(files < most ? files : most);
}

static unsigned workers(const struct options *o)
{
	/* A worker with less than 8 MiB would give flows up too soon. */
	uint64_t enough = o->memory >> 23, cores = machine_cores();
	if (o->disk_max > 0 && !options_live(o))
		return 1; /* which connections have room does not depend on -j, then */
	if (o->jobs > 0)
		return (unsigned)o->jobs;
	return (unsigned)(cores < enough ? cores : enough);
}

/* Before anything that the command should not have: threads, rights, descriptors. */
static bool begin_hooks(struct run *run)
{
	const struct options *o = run->options;
	uint64_t fd = o->tcp_alert_fd;
	if (!confine_choose(&run->confine, &run->error))
		return fail(run);
	if (fd != OPTION_NONE && (fd > INT_MAX || fcntl((int)fd, F_GETFD) < 0)) {
		error_set(&run->error, TF_USAGE,
		          "tcp_alert_fd: no descriptor %" PRIu64
		          " is open (the shell opens one with "
		          "%" PRIu64 ">FILE)",
		          fd, fd);
		return fail(run);
	}
	const struct identity *who = confine_command(&run->confine);
	return o->tcp_cmd == NULL || hooks_start(&run->hooks, o->tcp_cmd, who, &run->error) ||
	       fail(run);
}

static bool is_stopped(void *arg)
{
	(void)arg;
	return signals_stopped() != 0;
}

/* A capture that is to be read must not be emptied or replaced first, by the file that an option
   names. */
static bool is_free(struct run *run, const char *option, const char *path)
{
	struct stat to, st;
	if (stat(path, &to) != 0)
		return true;
	for (size_t i = 0; i < run->sources.count; i++) {
		if (sources_look(&run->sources, i, &st) != 0 || !S_ISREG(st.st_mode) ||
		    st.st_dev != to.st_dev || st.st_ino != to.st_ino)
			continue;
		error_set(&run->error, TF_USAGE, "%s would overwrite %s, which is to be read",
		          option, run->sources.path[i]);
		return false;
	}
	return true;
}

/* So is the text that is about to replace the file of --stats. */
static bool is_free_for_stats(struct run *run)
{
	const struct options *o = run->options;
	char path[PATH_MAX];
	if (o->stats == NULL)
		return true;
	const char *behind[] = {"", STATS_FRESH};
	for (size_t i = 0; i < sizeof behind / sizeof *behind; i++) {
		(void)snprintf(path, sizeof path, "%.*s%s", (int)o->stats_length, o->stats,
		               behind[i]);
		if (!is_free(run, "--stats", path))
			return false;
	}
	return true;
}

/* With the paths that will be opened: beneath the root folder that is to stay. */
static bool are_free(struct run *run)
{
	const struct options *o = run->options;
	return is_free_for_stats(run) &&
	       (o->unrecorded == NULL || is_free(run, "-w", o->unrecorded)) &&
	       (o->write == NULL || is_free(run, "--write", o->write));
}

/* What takes rights is opened, rights are given up, what is written is opened, and then nothing
   more can be done than to record. */
static bool give_up_rights(struct run *run)
{
	const struct options *o = run->options;
	char first[TF_INTERFACE_ROOM];
	const char *line[LOCK_LINES];
	struct confine *c = &run->confine;
	if (options_live(o) && !listening_open(run->engine, o, first, &run->error))
		return fail(run);
	if (!confine_sources(c, &run->sources, is_stopped, &run->error))
		return fail(run);
	uint64_t early = sources_opened(&run->sources);
	run->files = run->files > early ? run->files - early : 1;
	const struct outputs to = {
	        .files = files_max(o, run->files), .hooks = run->hooks.fd, .facts = &run->facts};
	if (!confine_become(c, &run->error) || !are_free(run) ||
	    !watch_begin_stats(&run->watch, o, run->start_ns, &run->error) ||
	    !configure_outputs(run->engine, o, &to, &run->error) ||
	    !tf_engine_prepare(run->engine, &run->error) ||
	    !confine_lock(c, &run->sources, &run->error))
		return fail(run);
	for (unsigned i = 0; i < c->state.lines; i++)
		line[i] = c->state.line[i];
	confine_tell(c);
	if (options_live(o))
		listening_tell(o, first);
	return tf_engine_tell_privileges(run->engine, line, c->state.lines, &run->error) ||
	       fail(run);
}

static bool begin(struct run *run)
{
	const struct options *o = run->options;
	struct tf_config cfg;

	configure(&cfg, o);
	if (!machine_seed(&cfg.hash_seed, &run->error))
		return fail(run);
	cfg.clock = on_clock;
	cfg.open_capture = sources_take;
	cfg.open_arg = &run->sources;
	cfg.workers = workers(o);
	cfg.sources_max = sources_max(run);
	if (options_live(o)) {
		begin_moments(run, &cfg);
	} else if (begin_progress(run) || watch_wanted(&run->watch, o) || has_limits(o)) {
		cfg.progress = on_progress;
		cfg.progress_arg = run;
	}
	run->engine = tf_engine_new(&cfg, &run->error);
	if (run->engine == NULL)
		return fail(run);
	signals_reach(run->engine);
	return give_up_rights(run);
}

static struct tf_reading reading(const struct run *run, size_t i)
{
	const struct sources *s = &run->sources;
	bool last = i + 1 == s->known;
	return (struct tf_reading){
	        .known_only = i >= s->known,
	        .patience_ms = last ? (unsigned)run->options->follow_s * 1000 : 0,
	};
}

/* -> false when nothing more can be read. */
static bool read_source(struct run *run, size_t i)
{
	const char *path = run->sources.path[i];
	struct tf_reading how = reading(run, i);
	struct stat st;

	if (options_talkative(run->options) && run->options->debug > 1) {
		progress_erase(&run->progress);
		message_say(stderr, "reading %s", path);
	}
	if (!tf_engine_read_as(run->engine, path, &how, &run->error)) {
		fail(run);
		if (run->error.status != TF_DAMAGED)
			return false;
	}
	if (sources_stat(path, &st) == 0)
		progress_next(&run->progress, (uint64_t)st.st_size);
	return true;
}

/* -> false when nothing more can be read. */
static bool merge_sources(struct run *run)
{
	const struct sources *s = &run->sources;
	if (tf_engine_merge(run->engine, (const char *const *)s->path, s->known, &run->error))
		return true;
	fail(run);
	return run->error.status == TF_DAMAGED;
}

/* A signal that came before there was an engine has stopped nothing. */
static void capture(struct run *run)
{
	if (!signals_stopped() && !tf_engine_capture(run->engine, &run->error))
		fail(run);
}

static void read_sources(struct run *run)
{
	bool merge = run->options->merge;
	if (merge && (signals_stopped() || !merge_sources(run)))
		return;
	for (size_t i = merge ? run->sources.known : 0;
	     i < run->sources.count && !signals_stopped(); i++)
		if (!read_source(run, i))
			break;
}

static void tell(const struct options *o, const struct tf_counters *c, int64_t spent_ns)
{
	if (signals_stopped())
		message_say(stderr, "stopped; what was %s so far is recorded",
		            options_live(o) ? "captured" : "read");
	else if (c->frames - c->filtered - c->outside_time >= o->count)
		message_say(stderr, "read no more after %" PRIu64 " %s (--count)", o->count,
		            number_noun(o->count, "packet", "packets"));
	summary_write(stderr, c, spent_ns);
	if (o->debug >= 10)
		summary_counters(stderr, c);
}

/* What cannot be decoded is named. */
static void tell_links(const struct tf_engine *e)
{
	struct tf_link link[TF_LINKS];
	size_t links = tf_engine_links(e, link);
	for (size_t i = 0; i < links; i++) {
		char frames[NUMBER_TEXT];
		message_say(stderr, "link type %" PRIu32 " (%s) is not decoded: %s %s left out",
		            link[i].type, link[i].name != NULL ? link[i].name : "unknown",
		            number_plain(link[i].frames, frames),
		            number_noun(link[i].frames, "frame", "frames"));
	}
}

static void finish(struct run *run)
{
	struct tf_counters c;

	if (!tf_engine_finish(run->engine, &run->error))
		fail(run);
	signals_reach(NULL);
	progress_erase(&run->progress);
	tell_room(run);
	if (!watch_end(&run->watch, run->engine, machine_now_ns(), &run->error))
		fail(run);
	tf_engine_counters(run->engine, &c);
	bool talks = options_talkative(run->options) && !run->unread;
	if (talks)
		tell_links(run->engine);
	/* Where nothing could be read, the error has said it all. */
	if (talks && (run->status == TF_OK || c.frames > 0))
		tell(run->options, &c, machine_now_ns() - run->start_ns);
	if (run->options->strict && summary_lossy(&c)) {
		error_set(&run->error, TF_LOSSES, "the record is not complete (--strict)");
		fail(run);
	}
}

/* A run that was stopped says so, unless it had failed. */
static int exit_code(const struct run *run)
{
	bool failed = worse(run->status, TF_DAMAGED) != TF_DAMAGED;
	return signals_stopped() && !failed ? 128 + signals_stopped() : (int)run->status;
}

/* What was given and does nothing. */
static void tell_notes(const struct options *o)
{
	for (unsigned i = 0; i < o->notes && options_talkative(o); i++)
		message_say(stderr, "%s", o->note[i]);
}

static int record(const struct options *o, int argc, char **argv)
{
	struct run run = {.options = o,
	                  .start_ns = machine_now_ns(),
	                  .hooks = {.fd = -1},
	                  .watch = {.stats = {.folder = -1}, .notify = {.fd = -1}}};

	signals_ignore();
	tell_notes(o);
	confine_begin(&run.confine, o);
	facts_gather(&run.facts, argc, argv, run.start_ns);
	run.facts.tell.shift_ns = o->shift_ns;
	if (look_at_sources(&run)) { /* till here a signal has nothing to put in order */
		signals_set(o);
		watch_open(&run.watch, run.start_ns);
		if (begin_hooks(&run) && begin(&run)) {
			watch_ready(&run.watch);
			if (options_live(o))
				capture(&run);
			else
				read_sources(&run);
			watch_stopping(&run.watch);
			finish(&run);
		}
	}
	signals_reach(NULL);
	tf_engine_free(run.engine);
	watch_close(&run.watch);
	if (!hooks_finish(&run.hooks, &run.error))
		fail(&run);
	sources_free(&run.sources);
	confine_free(&run.confine);
	facts_free(&run.facts);
	return exit_code(&run);
}

/* A text for people: the only thing that goes to standard output. */
static int show(enum action action)
{
	if (action == ACTION_HELP || action == ACTION_HELP_ALL)
		help_write(stdout, action == ACTION_HELP_ALL);
	else if (action == ACTION_SCANNERS)
		scanners_write(stdout);
	else
		(void)printf("tcpflow %s\n", tf_version());
	return fflush(stdout) == 0 ? TF_OK : TF_OUTPUT;
}

static bool is_standard(const char *path)
{
	return path != NULL && strcmp(path, "-") == 0;
}

/* -> whether standard output is for more than nothing */
static bool prints(const struct options *o)
{
	if (o->action == ACTION_RECORD)
		return o->console || is_standard(o->unrecorded) || is_standard(o->write);
	return o->action != ACTION_RECOVER;
}

int main(int argc, char **argv)
{
	struct options options;
	struct tf_error err;
	int code;

	unsigned closed = machine_fill_standard_streams();
	if (!options_parse(&options, argc, argv, &err)) {
		message_say(stderr, "%s", err.text);
		code = TF_USAGE;
	} else if ((closed >> STDOUT_FILENO & 1) != 0 && prints(&options)) {
		message_say(stderr, "cannot write what is printed: standard output is closed");
		code = TF_OUTPUT;
	} else if (options.action == ACTION_RECOVER) {
		code = mend(&options);
	} else if (options.action != ACTION_RECORD) {
		code = show(options.action);
	} else {
		code = record(&options, argc, argv);
	}
	options_free(&options);
	return code;
}
