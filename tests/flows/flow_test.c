/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs .flow scripts: packets written down by hand, and what must be recorded of
 * them. README.md beside this file describes the language.
 *
 *	flow_test SCRIPT|FOLDER...
 *
 * Each script is run four times: frames pushed into an engine with a sink that
 * places bytes; the same with a sink that wants order; and with both sinks, the
 * frames written to a classic capture file and read with one worker, and to a
 * pcapng file and read with three. The script's expectations are held against
 * the first two. Besides, for every script:
 *
 *	- the engine keeps the contract of tcpflow.h (lib/recorder.h says what is watched);
 *	- all four runs record the same;
 *	- what the ordered sink heard are the bytes that were placed, up to the same end;
 *	- the counters agree with the accounts of the streams.
 */
#include "expect.h"

#include "lib/pcapfile.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One engine's run over a script. */
struct run {
	const char *name;
	struct recorder placed, ordered;
	struct tf_counters counters;
};

static bool fail(const struct script *s, const struct run *u, const char *what)
{
	printf("FAIL %s:1: %s: %s\n", s->file, u->name, what);
	return false;
}

/* -- running ----------------------------------------------------------------- */

static bool push_all(struct tf_engine *e, const struct script *s, struct tf_error *err)
{
	for (size_t i = 0; i < s->frames; i++)
		if (!tf_engine_push(e, &s->frame[i], err))
			return false;
	return true;
}

static bool drive(struct tf_engine *e, const struct script *s, const struct run *u,
                  const char *path, struct tf_error *err)
{
	if (u->placed.sink.event && !tf_engine_attach(e, &u->placed.sink, err))
		return false;
	if (u->ordered.sink.event && !tf_engine_attach(e, &u->ordered.sink, err))
		return false;
	if (path != NULL ? !tf_engine_read(e, path, err) : !push_all(e, s, err))
		return false;
	return tf_engine_finish(e, err);
}

/* path NULL: pushes the frames. */
static bool run_engine(const struct script *s, struct run *u, const char *path, unsigned workers)
{
	struct tf_error err = {0};
	struct tf_config config = s->config;
	config.workers = workers;
	struct tf_engine *e = tf_engine_new(&config, &err);
	if (e == NULL)
		return fail(s, u, err.text);
	bool good = drive(e, s, u, path, &err);
	tf_engine_counters(e, &u->counters);
	tf_engine_free(e);
	if (!good)
		return fail(s, u, err.text);
	if (u->placed.fault[0] || u->ordered.fault[0])
		return fail(s, u, u->placed.fault[0] ? u->placed.fault : u->ordered.fault);
	return true;
}

static bool run_file(const struct script *s, struct run *u, enum pcapfile_format format,
                     unsigned workers)
{
	const char *folder = getenv("TMPDIR");
	char path[4096];
	snprintf(path, sizeof(path), "%s/flow_test.XXXXXX", folder ? folder : P_tmpdir);
	int fd = mkstemp(path);
	if (fd < 0)
		return fail(s, u, "no temporary file can be made");
	close(fd);
	struct pcapfile *f = pcapfile_new(path, format, BUILD_LINK_TYPE);
	for (size_t i = 0; f != NULL && i < s->frames; i++)
		pcapfile_write(f, &s->frame[i]);
	bool good = f != NULL && pcapfile_close(f);
	if (!good)
		fail(s, u, "the temporary file cannot be written");
	good = good && run_engine(s, u, path, workers);
	unlink(path);
	return good;
}

/* -- what holds for every script --------------------------------------------- */

static bool same_frames(const struct script *s, const struct run *u)
{
#define ADD(name, ...) +u->counters.name
	uint64_t fates = 0 TF_FATES(ADD);
#undef ADD
	return fates == s->frames && u->counters.frames == s->frames;
}

static bool checksums_add_up(const struct script *s, const struct run *u)
{
	const struct tf_counters *c = &u->counters;
	uint64_t sum = c->checksums_good + c->checksums_offloaded + c->checksums_bad +
	               c->checksums_unknown;
	bool looked = s->config.checksum != TF_CHECKSUM_IGNORE;
	return sum == (looked ? c->tcp_segments : 0) && c->checksums_rejected <= c->checksums_bad &&
	       c->bytes_bad_checksum <= c->bytes_rejected && c->bytes_rejected <= c->bytes_seen;
}

static bool counters_agree(const struct script *s, const struct run *u)
{
	const struct recorder *r = u->placed.sink.event ? &u->placed : &u->ordered;
	uint64_t written = 0, missing = 0, seen = 0;
	for (size_t i = 0; i < r->flows; i++) {
		for (int d = 0; d < 2; d++) {
			const struct recorder_dir *dir = &r->flow[i]->dir[d];
			for (size_t k = 0; k < dir->streams; k++) {
				written += (uint64_t)dir->stream[k].account.written;
				missing += (uint64_t)dir->stream[k].account.missing;
				seen += (uint64_t)dir->stream[k].account.seen;
			}
		}
	}
	if (!same_frames(s, u))
		return fail(s, u, "frames are not the sum of what became of them");
	if (!checksums_add_up(s, u))
		return fail(s, u, "segments are not the sum of what their checksums are");
	if (u->counters.flows != r->flows)
		return fail(s, u, "counter flows is not the number of flows told");
	if (u->counters.bytes_written != written || u->counters.bytes_missing != missing ||
	    u->counters.bytes_seen < seen)
		return fail(s, u, "the counters disagree with the accounts");
	return true;
}

static bool stream_agrees(const struct recorder_stream *placed,
                          const struct recorder_stream *ordered)
{
	for (size_t i = 0; i < ordered->pieces; i++) {
		const struct recorder_piece *p = &ordered->piece[i];
		uint8_t *other = malloc(p->n);
		bool good = other != NULL &&
		            recorder_copy(placed, p->offset, other, p->n) == p->n &&
		            memcmp(other, p->bytes, p->n) == 0;
		free(other);
		if (!good)
			return false;
	}
	return recorder_end(placed) == recorder_end(ordered);
}

/* What was heard in order are bytes that were placed, up to the same end. */
static bool orders_agree(const struct recorder *placed, const struct recorder *ordered)
{
	if (placed->flows != ordered->flows)
		return false;
	for (size_t i = 0; i < placed->flows; i++) {
		for (int d = 0; d < 2; d++) {
			const struct recorder_dir *p = &placed->flow[i]->dir[d];
			const struct recorder_dir *o = &ordered->flow[i]->dir[d];
			if (p->streams != o->streams)
				return false;
			for (size_t k = 0; k < p->streams; k++)
				if (!stream_agrees(&p->stream[k], &o->stream[k]))
					return false;
		}
	}
	return true;
}

static bool same_as(const struct script *s, const struct run *u, const struct recorder *first,
                    const struct recorder *now)
{
	char why[160], text[240];
	if (recorder_same(first, now, why, sizeof(why)))
		return true;
	snprintf(text, sizeof(text), "not recorded as when pushed: %s", why);
	return fail(s, u, text);
}

/* -- a script ----------------------------------------------------------------- */

enum { PLACED, ORDERED, FILE_1, FILE_3, RUNS };

static void runs_init(const struct script *s, struct run u[RUNS])
{
	static const char *const name[RUNS] = {"pushed, placed", "pushed, in order",
	                                       "pcap, 1 worker", "pcapng, 3 workers"};
	for (int i = 0; i < RUNS; i++) {
		u[i] = (struct run){.name = name[i]};
		if (i != ORDERED)
			recorder_init(&u[i].placed, TF_PLACED);
		if (i != PLACED)
			recorder_init(&u[i].ordered, TF_STREAM);
		int64_t limit = s->config.flow_bytes == INT64_MAX ? 0 : s->config.flow_bytes;
		u[i].placed.flow_bytes = u[i].ordered.flow_bytes = limit;
	}
}

/* Every engine runs, whatever the others did: more to learn from a failure. */
static bool run_all(const struct script *s, struct run u[RUNS])
{
	bool good = run_engine(s, &u[PLACED], NULL, 1);
	good = run_engine(s, &u[ORDERED], NULL, 1) && good;
	good = run_file(s, &u[FILE_1], PCAPFILE_CLASSIC, 1) && good;
	return run_file(s, &u[FILE_3], PCAPFILE_NG, 3) && good;
}

static bool check_all(const struct script *s, const struct run u[RUNS])
{
	bool good = true;
	for (int i = 0; i < RUNS; i++)
		good = counters_agree(s, &u[i]) && good;
	for (int i = FILE_1; i < RUNS; i++) {
		good = same_as(s, &u[i], &u[PLACED].placed, &u[i].placed) && good;
		good = same_as(s, &u[i], &u[ORDERED].ordered, &u[i].ordered) && good;
	}
	if (!orders_agree(&u[PLACED].placed, &u[ORDERED].ordered))
		good = fail(s, &u[ORDERED], "not the bytes that were placed");
	return good;
}

static bool run_script(const char *file)
{
	static struct run u[RUNS];
	struct script *s = script_read(file);
	if (s == NULL)
		return false;
	runs_init(s, u);
	bool good = run_all(s, u);
	struct outcome o = {&u[PLACED].placed, &u[ORDERED].ordered, &u[PLACED].counters};
	good = expect_check(s, &o) && good;
	good = good && check_all(s, u);
	for (int i = 0; i < RUNS; i++) {
		recorder_free(&u[i].placed);
		recorder_free(&u[i].ordered);
	}
	script_free(s);
	if (good)
		printf("ok %s\n", file);
	return good;
}

/* -- all of them --------------------------------------------------------------- */

struct tally {
	unsigned passed, failed;
};

static void run_one(struct tally *t, const char *file)
{
	if (run_script(file))
		t->passed++;
	else
		t->failed++;
}

static int is_script(const struct dirent *d)
{
	size_t n = strlen(d->d_name);
	return n > 5 && strcmp(d->d_name + n - 5, ".flow") == 0;
}

static void run_folder(struct tally *t, const char *folder)
{
	struct dirent **entry;
	int n = scandir(folder, &entry, is_script, alphasort);
	for (int i = 0; i < n; i++) {
		char path[4096];
		snprintf(path, sizeof(path), "%s/%s", folder, entry[i]->d_name);
		run_one(t, path);
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
	if (n <= 0) {
		printf("FAIL %s:0: no scripts\n", folder);
		t->failed++;
	}
}

int main(int argc, char **argv)
{
	struct tally t = {0};
	for (int i = 1; i < argc; i++) {
		struct stat st;
		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			run_folder(&t, argv[i]);
		else
			run_one(&t, argv[i]);
	}
	printf("%u passed, %u failed\n", t.passed, t.failed);
	return t.failed > 0 || t.passed == 0;
}
