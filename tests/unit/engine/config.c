/* SPDX-License-Identifier: BSD-3-Clause */
/* Engines that cannot be made, started, or used that way; and what they leave behind. */
#include "drive.h"

static struct tf_error err;

static void refused(struct tf_config c, const char *why)
{
	memset(&err, 0, sizeof err);
	assert_null(tf_engine_new(&c, &err));
	assert_int_equal(err.status, TF_USAGE);
	assert_non_null(strstr(err.text, why));
	assert_null(tf_engine_new(&c, NULL)); /* nobody wants to know */
}

static void defaults(void **state)
{
	(void)state;
	struct tf_config c;
	memset(&c, 0xff, sizeof c);
	tf_config_init(&c);
	assert_int_equal(c.workers, 1);
	assert_int_equal(c.memory, 512 * MIB);
	assert_int_equal(c.hole_max, 16 * MIB);
	assert_int_equal(c.linger_ns, INT64_C(60000000000));
	assert_true(c.flow_bytes == INT64_MAX);
	assert_null(c.filter);
	assert_null(c.progress);
	tf_engine_free(engine_of(&c));
	tf_engine_free(NULL);
	assert_string_equal(tf_version(), TF_VERSION);
}

static void limits(void **state)
{
	(void)state;
	struct tf_config good = config_of(1, 8 * MIB), c;
	c = good, c.workers = 0, refused(c, "workers");
	c = good, c.workers = 257, refused(c, "workers");
	c = good, c.memory = 8 * MIB - 1, refused(c, "--memory");
	c = good, c.memory = 0, refused(c, "--memory");
	c = good, c.hole_max = -1, refused(c, "hole");
	c = good, c.hole_max = INT64_C(1) << 31, refused(c, "hole");
	c = good, c.flow_bytes = -1, refused(c, "stream");
	c = good, c.linger_ns = -1, refused(c, "remembered");
	c = good, c.start_ns = c.stop_ns, refused(c, "between --start and --stop");
	c = good, c.stop_ns = INT64_MIN, refused(c, "between --start and --stop");
	c = good, c.overlap = (enum tf_overlap)6, refused(c, "policy");
	c = good, c.overlap_rules = TF_OVERLAP_RULES + 1, refused(c, "policy");
	c = good, c.overlap_rules = 1, c.overlap_rule[0].prefix = 129, refused(c, "policy");
	c = good, c.checksum = (enum tf_checksum)3, refused(c, "checksums");
	c = good, c.key = (enum tf_key)2, refused(c, "key");
	c = good, c.urgent = (enum tf_urgent)2, refused(c, "urgent");
	c = good, c.fragments = (enum tf_fragments)3, refused(c, "fragments");
	c = good, c.filter = "tcp and and", refused(c, "");
	c = good, c.hole_max = 0, tf_engine_free(engine_of(&c));
	c = good, c.hole_max = INT32_MAX, tf_engine_free(engine_of(&c));
	c = good, c.idle_ns = -1, refused(c, "silent");
	c = good, c.idle_ns = INT64_MAX, tf_engine_free(engine_of(&c));
	c = good, c.linger_ns = 0, tf_engine_free(engine_of(&c));
	c = good, c.workers = 256, tf_engine_free(engine_of(&c));
	c = good, c.filter = "port 80", tf_engine_free(engine_of(&c));
}

/* The least memory does for one worker, with the recorder and three sinks. */
static void least_memory(void **state)
{
	(void)state;
	folder_make();
	struct tf_config c = config_of(1, 8 * MIB);
	struct tf_engine *e = engine_of(&c);
	struct recorder r[3];
	for (int i = 0; i < 3; i++) {
		recorder_init(&r[i], i == 1 ? TF_STREAM : TF_PLACED);
		assert_true(tf_engine_attach(e, &r[i].sink, &err));
	}
	assert_true(tf_engine_record(e, &(struct tf_recording){.folder = "out", .files_max = 10},
	                             &err));
	assert_true(converse(e, &err, 50));
	assert_true(tf_engine_finish(e, &err));
	tf_engine_free(e);
	for (int i = 0; i < 3; i++) {
		heard_all(&r[i], 50);
		recorder_free(&r[i]);
	}
	assert_int_equal(names_in("out"), 100);
	folder_remove();
}

/* Too little for so many workers shows when the run starts, and stays so. */
static void too_little_for_many(void **state)
{
	(void)state;
	struct tf_config c = config_of(16, 8 * MIB);
	struct tallies t;
	tallies_init(&t);
	struct tf_engine *e = engine_of(&c);
	assert_true(tf_engine_attach(e, &t.sink, &err));
	assert_false(step(e, &err, 0, 0));
	assert_int_equal(err.status, TF_USAGE);
	assert_non_null(strstr(err.text, "--memory"));
	memset(&err, 0, sizeof err);
	assert_false(step(e, &err, 0, 1));
	assert_true(err.text[0] != '\0'); /* says why each time */
	memset(&err, 0, sizeof err);
	assert_false(tf_engine_read(e, "/dev/null", &err));
	assert_true(err.text[0] != '\0');
	memset(&err, 0, sizeof err);
	assert_false(tf_engine_finish(e, &err));
	assert_true(err.text[0] != '\0');
	struct tf_counters counters;
	tf_engine_counters(e, &counters);
	assert_int_equal(counters.frames, 0);
	tf_engine_free(e);
	assert_int_equal(tally_sum(&t).opened, tally_sum(&t).closed);
}

/* A sink whose third instance cannot be opened: the others are closed, once. */
static void open_fails(void **state)
{
	(void)state;
	for (unsigned at = 1; at < 4; at++) {
		struct tf_config c = config_of(4, 64 * MIB);
		struct tallies t;
		tallies_init(&t);
		for (int i = 0; i < TALLIES; i++)
			t.each[i].open_fails_at = at;
		struct tf_engine *e = engine_of(&c);
		assert_true(tf_engine_attach(e, &t.sink, &err));
		assert_false(step(e, &err, 0, 0));
		assert_non_null(strstr(err.text, "no instance"));
		assert_false(step(e, &err, 0, 0));
		assert_false(tf_engine_finish(e, &err));
		tf_engine_free(e);
		assert_int_equal(tally_sum(&t).opened, at);
		assert_int_equal(tally_sum(&t).closed, at);
	}
}

static void attaching(void **state)
{
	(void)state;
	struct tf_config c = config_of(1, 8 * MIB);
	struct tf_engine *e = engine_of(&c);
	struct tallies t[9];
	for (int i = 0; i < 9; i++) {
		tallies_init(&t[i]);
		assert_int_equal(tf_engine_attach(e, &t[i].sink, &err), i < 8);
	}
	assert_int_equal(err.status, TF_USAGE);
	assert_non_null(strstr(err.text, "sinks"));
	assert_true(step(e, &err, 0, 0));
	assert_false(tf_engine_attach(e, &t[8].sink, &err));
	assert_true(tf_engine_finish(e, &err));
	tf_engine_free(e);
	for (int i = 0; i < 9; i++) {
		assert_int_equal(tally_sum(&t[i]).begun, i < 8);
		assert_int_equal(tally_sum(&t[i]).closed, i < 8);
	}

	e = engine_of(&c);
	assert_true(step(e, &err, 0, 0));
	assert_false(tf_engine_attach(e, &t[8].sink, &err)); /* after the first frame */
	assert_non_null(strstr(err.text, "first frame"));
	tf_engine_free(e);
}

static void recording(void **state)
{
	(void)state;
	folder_make();
	struct tf_config c = config_of(1, 8 * MIB);
	struct tf_engine *e = engine_of(&c);
	FILE *f = fopen("plain", "w");
	assert_non_null(f);
	(void)fclose(f);
	memset(&err, 0, sizeof err);
	assert_false(tf_engine_record(e, &(struct tf_recording){.folder = "plain", .files_max = 10},
	                              &err)); /* a file is in the way */
	assert_int_equal(err.status, TF_OUTPUT);
	assert_false(
	        tf_engine_record(e, &(struct tf_recording){.folder = "", .files_max = 10}, &err));
	assert_true(tf_engine_record(e, &(struct tf_recording){.folder = "a/b", .files_max = 10},
	                             &err)); /* elsewhere it goes */
	assert_false(
	        tf_engine_record(e, &(struct tf_recording){.folder = "c", .files_max = 10}, &err));
	assert_non_null(strstr(err.text, "one recorder"));
	assert_true(converse(e, &err, 1));
	assert_true(tf_engine_finish(e, &err));
	tf_engine_free(e);
	file_is("a/b/010.000.000.001.04000-010.009.009.009.00080", "questionthanks");
	file_is("a/b/010.009.009.009.00080-010.000.000.001.04000", "an answerso be");
	folder_remove();
}

static void after_the_end(void **state)
{
	(void)state;
	for (unsigned workers = 1; workers <= 2; workers++) {
		give_up_after(30); /* an engine whose threads are gone could wait for them */
		struct tf_config c = config_of(workers, 32 * MIB);
		struct tallies t;
		tallies_init(&t);
		struct tf_engine *e = engine_of(&c);
		assert_true(tf_engine_attach(e, &t.sink, &err));
		assert_true(converse(e, &err, 3));
		assert_true(tf_engine_finish(e, &err));
		memset(&err, 0, sizeof err);
		assert_false(step(e, &err, 0, 0));
		assert_int_equal(err.status, TF_USAGE);
		assert_false(tf_engine_read(e, "/dev/null", &err));
		assert_false(tf_engine_finish(e, &err));
		tf_engine_free(e);
		assert_int_equal(tally_sum(&t).closed, workers);
		assert_int_equal(tally_sum(&t).ended, 3);
		(void)alarm(0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(defaults),     cmocka_unit_test(limits),
	        cmocka_unit_test(least_memory), cmocka_unit_test(too_little_for_many),
	        cmocka_unit_test(open_fails),   cmocka_unit_test(attaching),
	        cmocka_unit_test(recording),    cmocka_unit_test(after_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
