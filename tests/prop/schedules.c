/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Properties of reassembly over random schedules (schedule.h). Each is pushed through
 * two engines, one with listeners in memory, one with the recorder of files, and both
 * records are held against the truth (truth.h).
 *
 *	TCPFLOW_SEED       the first schedule's seed; as printed, to see a failure again
 *	TCPFLOW_SCHEDULES  how many (default 10000)
 */
#include "prop/folder.h"
#include "prop/truth.h"
#include "prop/witness.h"

#include "lib/recorder.h"
#include "reasm/reasm.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MIB        ((size_t)1 << 20)
#define GAPS_LEAST 2000 /* gaps that 8 MiB have room for, in all connections together */

/* What a property asks of each of its schedules. */
struct property {
	struct recipe recipe;
	bool splits;   /* hole_max is short: streams may end at holes */
	bool limits;   /* flow_bytes is set */
	bool squeezes; /* memory is short */
	bool ordered;  /* gaps are no holes: skipped, or marked */
	uint64_t spilled, restarted, conflicts, late; /* what all of its schedules met */
};

/* One schedule on its way through both engines. */
struct trial {
	struct property *property;
	struct schedule schedule;
	struct tf_config config;
	struct recorder placed, ordered;
	struct witness witness;
	struct tf_counters counters; /* of the first engine */
	char folder[FOLDER_PATH];
	unsigned files_max;
	enum tf_gaps gaps;
	bool squeezed; /* memory ran out */
	char why[400]; /* empty: all is well */
};

static uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	return text != NULL && *text != '\0' ? strtoull(text, NULL, 0) : otherwise;
}

__attribute__((format(printf, 2, 3))) static bool blame(struct trial *t, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	if (t->why[0] == '\0')
		(void)vsnprintf(t->why, sizeof t->why, format, ap);
	va_end(ap);
	return false;
}

/* -- through the engines --------------------------------------------------------- */

static bool push(struct trial *t, struct tf_engine *e, struct tf_counters *c)
{
	struct tf_error err = {0};
	bool ok = schedule_push(&t->schedule, e, &err) && tf_engine_finish(e, &err);
	tf_engine_counters(e, c);
	tf_engine_free(e);
	return ok || blame(t, "the engine failed: %s", err.text);
}

static struct tf_engine *engine(const struct trial *t)
{
	struct tf_error err;
	struct tf_engine *e = tf_engine_new(&t->config, &err);
	assert_non_null(e);
	return e;
}

static void run_listeners(struct trial *t)
{
	struct tf_engine *e = engine(t);
	recorder_init(&t->placed, TF_PLACED);
	recorder_init(&t->ordered, TF_STREAM);
	witness_init(&t->witness, &t->schedule);
	if (t->config.flow_bytes != INT64_MAX)
		t->placed.flow_bytes = t->ordered.flow_bytes = t->config.flow_bytes;
	assert_true(tf_engine_attach(e, &t->placed.sink, NULL));
	assert_true(tf_engine_attach(e, &t->witness.sink, NULL));
	assert_true(tf_engine_attach(e, &t->ordered.sink, NULL));
	if (!push(t, e, &t->counters))
		return;
	if (t->placed.fault[0] != '\0')
		(void)blame(t, "placed: %s", t->placed.fault);
	if (t->ordered.fault[0] != '\0')
		(void)blame(t, "ordered: %s", t->ordered.fault);
	bool replaces = t->config.overlap == TF_OVERLAP_LAST; /* which the witness does not know */
	if (t->witness.fault[0] != '\0' && !replaces)
		(void)blame(t, "witness: %s", t->witness.fault);
}

/* With too little memory the two need not agree. Where files are written in order, bytes before
   the latest gap are not compared, and those that come late are not written. */
static void compare_counters(struct trial *t, const struct tf_counters *c)
{
	const struct tf_counters *m = &t->counters;
	bool ordered = t->property->ordered;
	t->squeezed = c->held_spilled > 0 || m->held_spilled > 0;
	if (t->squeezed)
		return;
	if (c->bytes_written + c->bytes_late != m->bytes_written || c->gaps != m->gaps ||
	    c->conflicts > m->conflicts || (!ordered && c->conflicts != m->conflicts) ||
	    (!ordered && c->bytes_late != 0) || c->bytes_missing != m->bytes_missing)
		(void)blame(t,
		            "in files and in memory: %" PRIu64 " (and %" PRIu64
		            " late) and %" PRIu64 " bytes, %" PRIu64 " and %" PRIu64
		            " gaps, %" PRIu64 " and %" PRIu64 " conflicts",
		            c->bytes_written, c->bytes_late, m->bytes_written, c->gaps, m->gaps,
		            c->conflicts, m->conflicts);
	t->property->late += c->bytes_late;
}

static void run_files(struct trial *t)
{
	struct tf_counters c;
	struct tf_engine *e = engine(t);
	const struct tf_recording how = {
	        .folder = t->folder, .files_max = t->files_max, .gaps = t->gaps};
	assert_true(tf_engine_record(e, &how, NULL));
	if (!push(t, e, &c))
		return;
	compare_counters(t, &c);
}

/* -- the records ------------------------------------------------------------------ */

static void name_file(const struct recorder_flow *f, unsigned dir, unsigned number, char *to,
                      size_t room)
{
	const struct tf_endpoint *a = &f->flow.end[dir], *b = &f->flow.end[!dir];
	const uint8_t *x = a->address.b + 12, *y = b->address.b + 12;
	int n = snprintf(to, room, "%03u.%03u.%03u.%03u.%05u-%03u.%03u.%03u.%03u.%05u", x[0], x[1],
	                 x[2], x[3], a->port, y[0], y[1], y[2], y[3], b->port);
	if (number > 0)
		(void)snprintf(to + n, room - (size_t)n, "c%u", number);
}

/* -> the bytes of a stream from its start to the last one told, zeros in gaps */
static uint8_t *bytes_of(const struct recorder_stream *s, size_t *n)
{
	int64_t start = recorder_start(s);
	const struct recorder_piece *last = &s->piece[s->pieces - 1];
	*n = (size_t)(last->offset + (int64_t)last->n - start);
	uint8_t *bytes = malloc(*n + 1);
	assert_non_null(bytes);
	(void)recorder_copy(s, start, bytes, *n);
	return bytes;
}

/* The same as they stand in a file without holes. */
static uint8_t *bytes_in_order(const struct recorder_stream *s, enum tf_gaps gaps, size_t *n)
{
	int64_t at = recorder_start(s);
	uint8_t *bytes = malloc((size_t)s->told + 64 * s->pieces);
	assert_non_null(bytes);
	*n = 0;
	for (size_t i = 0; i < s->pieces; i++) {
		const struct recorder_piece *p = &s->piece[i];
		if (p->offset > at && gaps == TF_GAPS_MARK)
			*n += (size_t)sprintf((char *)bytes + *n,
			                      "\n[tcpflow: %" PRId64 " byte%s missing]\n",
			                      p->offset - at, p->offset - at == 1 ? "" : "s");
		memcpy(bytes + *n, p->bytes, p->n);
		*n += p->n;
		at = p->offset + (int64_t)p->n;
	}
	return bytes;
}

/* -> whether all is the same, but for the versions of bytes when the later one counts: those before
   the latest gap were not replaced */
static bool alike(const struct trial *t, const uint8_t *told, const uint8_t *file, size_t n)
{
	uint8_t mask = t->config.overlap == TF_OVERLAP_LAST ? 0x1f : 0xff;
	for (size_t i = 0; i < n; i++)
		if (((told[i] ^ file[i]) & mask) != 0)
			return false;
	return true;
}

/* The file of a stream is what was told of it. */
static void check_file(struct trial *t, const struct recorder_flow *f, unsigned dir,
                       const struct recorder_stream *s, unsigned number)
{
	char name[FOLDER_PATH];
	size_t n = 0, m = 0;
	name_file(f, dir, number, name, sizeof name);
	bool ordered = t->property->ordered;
	uint8_t *told = ordered ? bytes_in_order(s, t->gaps, &n) : bytes_of(s, &n);
	uint8_t *file = folder_read(t->folder, name, &m);
	if (file == NULL)
		(void)blame(t, "there is no file %s", name);
	else if (n != m || !alike(t, told, file, n))
		(void)blame(t, "%s has %zu bytes, %zu were told, and they differ", name, m, n);
	free(told);
	free(file);
}

/* One connection, whose streams may have ended at holes: their files are numbered. */
static void check_files(struct trial *t)
{
	unsigned number[2] = {0};
	const struct recorder *told = t->property->ordered ? &t->ordered : &t->placed;
	for (size_t i = 0; i < told->flows; i++) {
		const struct recorder_flow *f = told->flow[i];
		for (unsigned d = 0; d < 2; d++) {
			unsigned *next = &number[f->flow.end[d].port == 80];
			for (size_t k = 0; k < f->dir[d].streams; k++)
				if (f->dir[d].stream[k].pieces > 0)
					check_file(t, f, d, &f->dir[d].stream[k], (*next)++);
		}
	}
	if (t->why[0] == '\0' && folder_count(t->folder) != number[0] + number[1])
		(void)blame(t, "%zu files, not %u", folder_count(t->folder), number[0] + number[1]);
}

/* -- against the truth -------------------------------------------------------------- */

static const struct recorder_stream *stream_of(struct trial *t, const struct truth *truth,
                                               const struct recorder_flow **flow, unsigned *dir)
{
	const struct tf_endpoint *end = t->schedule.talk[truth->talk].end;
	const struct recorder_stream *found = NULL;
	*flow = NULL;
	for (size_t i = 0; i < t->placed.flows; i++) {
		const struct recorder_flow *f = t->placed.flow[i];
		if (f->flow.end[0].port != end[0].port && f->flow.end[1].port != end[0].port)
			continue;
		if (*flow != NULL)
			(void)blame(t, "connection %zu became two flows", truth->talk);
		*flow = f;
		*dir = f->flow.end[0].port == end[truth->dir].port ? 0 : 1;
		if (f->dir[*dir].streams > 1)
			(void)blame(t, "connection %zu became two streams", truth->talk);
		if (f->dir[*dir].streams > 0)
			found = &f->dir[*dir].stream[0];
	}
	return found;
}

static void check_account(struct trial *t, const struct truth *truth,
                          const struct recorder_stream *s)
{
	const struct tf_account *a = &s->account;
	bool versions = t->property->recipe.versions > 1;
	bool rejected = a->rejected != 0 && !t->property->recipe.damage;
	if (a->outside != 0 || a->after_close != 0 || rejected || a->evicted != 0 ||
	    a->write_failed != 0)
		(void)blame(t, "dir %u: bytes were set aside for no reason", truth->dir);
	if (!versions && (a->conflicting != 0 || s->conflicts != 0))
		(void)blame(t, "dir %u: a conflict between equal bytes", truth->dir);
	if (!t->property->limits && a->beyond_limit != 0)
		(void)blame(t, "dir %u: bytes beyond no limit", truth->dir);
}

/* Where the stream starts and ends, and which bytes it has. */
static void check_stream(struct trial *t, const struct truth *truth,
                         const struct recorder_stream *s, bool exact)
{
	int64_t upto = truth->high, start = recorder_start(s), end = recorder_end(s);
	if (t->property->limits && upto - truth->low > t->config.flow_bytes)
		upto = truth->low + t->config.flow_bytes;
	if (truth->low < upto && start + truth->anchor != truth->low)
		(void)blame(t, "dir %u starts at %" PRId64 ", not at %" PRId64, truth->dir,
		            start + truth->anchor, truth->low);
	if (truth->low < upto && end + truth->anchor != upto)
		(void)blame(t, "dir %u ends at %" PRId64 ", not at %" PRId64, truth->dir,
		            end + truth->anchor, upto);
	if (t->why[0] != '\0')
		return;
	size_t n = (size_t)(end - start);
	uint8_t *record = malloc(n + 1);
	assert_non_null(record);
	(void)recorder_copy(s, start, record, n);
	int64_t at = truth_differs(truth, record, (int64_t)n, upto, exact);
	if (at != INT64_MIN)
		(void)blame(t, "dir %u: the record is wrong at %" PRId64, truth->dir, at);
	free(record);
	check_account(t, truth, s);
}

/* The two engines need not agree: each is held against the truth by itself. */
static void check_squeezed_file(struct trial *t, const struct truth *truth,
                                const struct recorder_flow *f, unsigned dir, bool exact)
{
	char name[FOLDER_PATH];
	size_t n = 0;
	name_file(f, dir, 0, name, sizeof name);
	uint8_t *file = folder_read(t->folder, name, &n);
	int64_t at = file == NULL ? truth->low
	                          : truth_differs(truth, file, (int64_t)n, truth->high, exact);
	if (at != INT64_MIN)
		(void)blame(t, "the file %s is wrong at %" PRId64, name, at);
	free(file);
}

static size_t check_direction(struct trial *t, size_t talk, unsigned d)
{
	struct truth truth;
	truth_init(&truth, &t->schedule, talk, d);
	/* More holes than are remembered: the oldest are closed, and stay empty. */
	bool exact = truth.segments <= REASM_GAPS - 2 && t->schedule.steps <= GAPS_LEAST;
	const struct recorder_flow *f;
	unsigned dir = 0;
	const struct recorder_stream *s = stream_of(t, &truth, &f, &dir);
	bool told = s != NULL && s->pieces > 0;
	size_t files = told || (s != NULL && s->account.beyond_limit > 0); /* an empty one */
	if (s == NULL && truth.seen > 0)
		(void)blame(t, "dir %u of connection %zu was not told", d, talk);
	if (s != NULL)
		check_stream(t, &truth, s, exact);
	if (told && t->squeezed)
		check_squeezed_file(t, &truth, f, dir, exact);
	else if (told)
		check_file(t, f, dir, s, 0);
	truth_free(&truth);
	return files;
}

static void check_counters(struct trial *t)
{
	const struct tf_counters *c = &t->counters;
	uint64_t payload = 0;
	for (size_t i = 0; i < t->schedule.steps; i++)
		payload += t->schedule.step[i].n;
	payload += t->schedule.damaged_seen;
	if (c->frames != t->schedule.frames || c->tcp_segments != c->frames)
		(void)blame(t, "%" PRIu64 " frames counted, %zu pushed", c->frames,
		            t->schedule.frames);
	if (c->checksums_rejected != t->schedule.damaged ||
	    c->bytes_rejected != t->schedule.damaged_seen ||
	    t->witness.rejected > c->bytes_rejected)
		(void)blame(t,
		            "of %zu damaged packets %" PRIu64 " were rejected, with %" PRIu64
		            " bytes",
		            t->schedule.damaged, c->checksums_rejected, c->bytes_rejected);
	if (c->bytes_seen != payload)
		(void)blame(t, "%" PRIu64 " payload bytes counted, %" PRIu64 " pushed",
		            c->bytes_seen, payload);
	if (c->conflicts != t->witness.conflicts)
		(void)blame(t, "conflicts are not told as they are counted");
	t->property->spilled += c->held_spilled;
	t->property->restarted += c->streams_restarted;
	t->property->conflicts += c->conflicts;
}

static void check_all(struct trial *t)
{
	size_t files = 0;
	check_counters(t);
	if (t->property->splits || t->property->ordered) {
		if (!t->squeezed)
			check_files(t);
		return;
	}
	for (size_t i = 0; i < t->schedule.talks; i++)
		for (unsigned d = 0; d < 2; d++)
			files += check_direction(t, i, d);
	if (t->why[0] == '\0' && folder_count(t->folder) != files)
		(void)blame(t, "%zu files, not %zu", folder_count(t->folder), files);
}

/* -- properties ------------------------------------------------------------------------ */

static void try_one(struct property *p, uint64_t seed, const char *folder)
{
	struct trial t = {.property = p};
	struct random r = {~seed};
	(void)snprintf(t.folder, sizeof t.folder, "%s", folder);
	schedule_make(&t.schedule, seed, &p->recipe);
	tf_config_init(&t.config);
	t.config.memory = p->squeezes ? 8 * MIB : 32 * MIB;
	t.config.hash_seed = seed;
	t.files_max = (unsigned)random_between(&r, 1, 4);
	if (p->splits)
		t.config.hole_max = random_between(&r, 0, random_chance(&r, 50) ? 50 : 5000);
	if (p->recipe.damage)
		t.config.checksum = TF_CHECKSUM_STRICT;
	if (p->ordered) {
		t.gaps = random_chance(&r, 50) ? TF_GAPS_SKIP : TF_GAPS_MARK;
		t.config.overlap = random_chance(&r, 50) ? TF_OVERLAP_LINUX : TF_OVERLAP_LAST;
		if (random_chance(&r, 30))
			t.config.hole_max = random_between(&r, 0, 5000);
	}
	if (p->limits || (p->ordered && random_chance(&r, 30)))
		t.config.flow_bytes = random_between(&r, 1, t.schedule.talk[0].side[0].length + 10);
	run_listeners(&t);
	run_files(&t);
	if (t.why[0] == '\0')
		check_all(&t);
	folder_empty(folder);
	recorder_free(&t.placed);
	recorder_free(&t.ordered);
	if (t.why[0] != '\0') {
		if (t.schedule.steps < 200)
			schedule_print(&t.schedule);
		print_error("again: TCPFLOW_SEED=%" PRIu64 " TCPFLOW_SCHEDULES=1\n", seed);
	}
	schedule_free(&t.schedule);
	if (t.why[0] != '\0')
		fail_msg("%s", t.why);
}

/* Tries part/whole of all the schedules. */
static void try_all(struct property *p, unsigned part, unsigned whole)
{
	char folder[FOLDER_PATH];
	uint64_t seed = number_from("TCPFLOW_SEED", 1); /* the same in every run of the checks */
	uint64_t count = number_from("TCPFLOW_SCHEDULES", 10000);
	count = count * part > whole ? count * part / whole : 1;
	print_message("%" PRIu64 " schedules, TCPFLOW_SEED=%" PRIu64 "\n", count, seed);
	folder_make(folder);
	for (uint64_t i = 0; i < count; i++)
		try_one(p, seed + i * 7919, folder);
	folder_remove(folder);
}

static bool many(void)
{
	return number_from("TCPFLOW_SCHEDULES", 10000) >= 1000;
}

static void the_record_is_the_stream_less_its_gaps(void **state)
{
	(void)state;
	struct property p = {.recipe = {.talks = 1, .length_most = 20000, .versions = 1}};
	try_all(&p, 50, 100);
	assert_int_equal(p.conflicts, 0);
}

static void several_connections_do_not_mix(void **state)
{
	(void)state;
	struct property p = {.recipe = {.talks = 4, .length_most = 5000, .versions = 1}};
	try_all(&p, 5, 100);
}

static void what_is_settled_does_not_change(void **state)
{
	(void)state;
	struct property p = {.recipe = {.talks = 1, .length_most = 5000, .versions = 4}};
	try_all(&p, 25, 100);
	assert_true(p.conflicts > 0 || !many());
}

/* As the first property, though each packet is preceded by a damaged copy. */
static void damage_is_as_if_it_never_came(void **state)
{
	(void)state;
	struct property p = {
	        .recipe = {.talks = 2, .length_most = 5000, .versions = 1, .damage = true}};
	try_all(&p, 5, 100);
	assert_int_equal(p.conflicts, 0);
}

static void nothing_beyond_the_limit_is_told(void **state)
{
	(void)state;
	struct property p = {
	        .recipe = {.talks = 1, .length_most = 20000, .versions = 1, .syn = true},
	        .limits = true};
	try_all(&p, 10, 100);
}

static void long_holes_split_streams(void **state)
{
	(void)state;
	struct property p = {.recipe = {.talks = 1, .length_most = 20000, .versions = 2},
	                     .splits = true};
	try_all(&p, 10, 100);
	assert_true(p.restarted > 0 || !many());
}

/* Skipped or marked gaps, with conflicts, limits and streams that are split. */
static void files_in_order_are_what_was_told_in_order(void **state)
{
	(void)state;
	struct property p = {.recipe = {.talks = 1, .length_most = 10000, .versions = 3},
	                     .ordered = true};
	try_all(&p, 25, 100);
	assert_true((p.restarted > 0 && p.conflicts > 0 && p.late > 0) || !many());
}

/* Bytes that wait fill more than all memory. */
static void little_memory_loses_no_byte(void **state)
{
	(void)state;
	struct property p = {.recipe = {.talks = 54,
	                                .length_most = 60000,
	                                .segment_most = 700,
	                                .versions = 1,
	                                .wild = true},
	                     .squeezes = true};
	try_all(&p, 1, 200);
	assert_true(p.spilled > 0 || !many());
}

static void little_memory_and_short_segments(void **state)
{
	(void)state;
	struct property p = {.recipe = {.talks = 2,
	                                .length_most = 3000,
	                                .segment_most = 2,
	                                .versions = 4,
	                                .wild = true},
	                     .squeezes = true};
	try_all(&p, 1, 200);
	assert_true(p.spilled > 0 || !many());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_record_is_the_stream_less_its_gaps),
	        cmocka_unit_test(several_connections_do_not_mix),
	        cmocka_unit_test(what_is_settled_does_not_change),
	        cmocka_unit_test(damage_is_as_if_it_never_came),
	        cmocka_unit_test(nothing_beyond_the_limit_is_told),
	        cmocka_unit_test(long_holes_split_streams),
	        cmocka_unit_test(files_in_order_are_what_was_told_in_order),
	        cmocka_unit_test(little_memory_loses_no_byte),
	        cmocka_unit_test(little_memory_and_short_segments),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
