/* SPDX-License-Identifier: BSD-3-Clause */
/* Generations of output: when they end, what their folders are called, and what cannot be. */
#include "drive.h"

#define NOON INT64_C(1700049600000000000) /* 2023-11-15 12:00:00 */

static struct tf_error err;

static struct tf_engine *engine(unsigned workers, const struct tf_rotation *how)
{
	struct tf_config c = config_of(workers, 32 * MIB);
	struct tf_engine *e = engine_of(&c);
	struct tf_recording rec = {.folder = TF_GENERATION, .files_max = 10};
	struct tf_reporting rep = {.jsonl = true};
	assert_true(tf_engine_rotate(e, how, &err));
	assert_true(tf_engine_record(e, &rec, &err));
	assert_true(tf_engine_report(e, &rep, &err));
	return e;
}

static void done(struct tf_engine *e)
{
	assert_true(tf_engine_finish(e, &err));
	tf_engine_free(e);
}

#define THERE "/010.000.000.001.04000-010.009.009.009.00080"
#define BACK  "/010.009.009.009.00080-010.000.000.001.04000"

/* In the middle of a conversation. */
static void asked(void **state)
{
	(void)state;
	for (unsigned workers = 1; workers <= 2; workers++) {
		folder_make();
		drive_now = NOON;
		struct tf_engine *e =
		        engine(workers, &(struct tf_rotation){.folder = "out", .start_ns = NOON});
		for (int i = 0; i < 4; i++)
			assert_true(step(e, &err, 0, i));
		tf_engine_turn(e);
		drive_now = NOON + 1000000000;
		for (int i = 4; i < CONVERSATION; i++)
			assert_true(step(e, &err, 0, i));
		done(e);
		file_is("out" THERE, "question");
		file_is("out" BACK, "an answer");
		file_is("out/20231115T120001Z" THERE, "thanks");
		file_is("out/20231115T120001Z" BACK, "so be");
		assert_int_equal(access("out/20231115T120001Z/report.xml", F_OK), 0);
		folder_remove();
	}
}

static void by_time(void **state)
{
	(void)state;
	folder_make();
	drive_now = NOON - 5000;
	struct tf_engine *e = engine(
	        1, &(struct tf_rotation){.folder = "out/%H%M%S", .every_ns = INT64_C(60000000000)});
	assert_int_equal(access("out", F_OK), 0); /* what has no letters */
	for (int i = 0; i < CONVERSATION; i++)
		assert_true(step(e, &err, 0, i)); /* a microsecond each: noon is the fifth's time */
	done(e);
	assert_int_equal(names_in("out"), 2);
	file_is("out/115959" THERE, "question");
	file_is("out/120000" THERE, "thanks");
	folder_remove();
}

/* Something has the name, be it a link to elsewhere: another name is found. */
static void taken(void **state)
{
	(void)state;
	folder_make();
	assert_int_equal(mkdir("out", 0777) | mkdir("out/2023", 0777) | mkdir("elsewhere", 0777),
	                 0);
	assert_int_equal(symlink("../elsewhere", "out/2023.1"), 0);
	drive_now = NOON;
	struct tf_engine *e = engine(2, &(struct tf_rotation){.folder = "out/%Y", .bytes = 5});
	for (int i = 0; i < CONVERSATION; i++)
		assert_true(step(e, &err, 0, i));
	done(e);
	assert_int_equal(names_in("out/2023"), 0);
	assert_int_equal(names_in("elsewhere"), 0);
	file_is("out/2023.2" THERE, "question");
	file_is("out/2023.3" BACK, "an answer");
	file_is("out/2023.4" THERE, "thanks");
	folder_remove();
}

/* No packet came: there is a report of that. */
static void nothing(void **state)
{
	(void)state;
	folder_make();
	done(engine(2, &(struct tf_rotation){.folder = "out", .bytes = 1, .start_ns = NOON}));
	assert_int_equal(access("out/20231115T120000Z/report.xml", F_OK), 0);
	folder_remove();
}

/* The folder is gone: the run ends with a sentence. */
static void unable(void **state)
{
	(void)state;
	folder_make();
	drive_now = NOON;
	struct tf_engine *e = engine(2, &(struct tf_rotation){.folder = "out/%Y", .bytes = 1});
	assert_int_equal(rmdir("out"), 0);
	assert_false(step(e, &err, 0, 0));
	assert_int_equal(err.status, TF_OUTPUT);
	assert_non_null(strstr(err.text, "out/2023"));
	assert_false(tf_engine_finish(e, &err));
	tf_engine_free(e);
	folder_remove();
}

static void refused(void **state)
{
	(void)state;
	folder_make();
	struct tf_config c = config_of(1, 8 * MIB);
	static const struct tf_rotation bad[] = {
	        {.folder = "out/%Q"}, {.folder = "out/%Y/../x"}, {.folder = "out", .every_ns = -1}};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct tf_engine *e = engine_of(&c);
		assert_false(tf_engine_rotate(e, &bad[i], &err));
		assert_int_equal(err.status, TF_USAGE);
		tf_engine_free(e);
	}
	struct tf_engine *e = engine_of(&c);
	struct tf_recording rec = {.folder = TF_GENERATION, .files_max = 10};
	assert_false(tf_engine_record(e, &rec, &err)); /* there are no generations */
	rec.folder = "out";
	assert_true(tf_engine_record(e, &rec, &err));
	assert_false(
	        tf_engine_rotate(e, &(struct tf_rotation){.folder = "out"}, &err)); /* too late */
	tf_engine_free(e);
	folder_remove();
}

/* All frames, in a file for each generation. */
static void kept(void **state)
{
	(void)state;
	folder_make();
	drive_now = NOON;
	struct tf_config c = config_of(1, 8 * MIB);
	struct tf_engine *e = engine_of(&c);
	assert_true(tf_engine_rotate(e, &(struct tf_rotation){.bytes = 9}, &err));
	assert_true(tf_engine_keep(e, "all.pcapng", &err));
	assert_false(tf_engine_keep(e, "all.pcapng", &err));
	assert_true(converse(e, &err, 1));
	done(e);
	assert_int_equal(names_in("."), 3); /* 17, 11 and no bytes of payload */
	e = engine_of(&c);
	assert_true(tf_engine_read(e, "all.pcapng", &err));
	assert_true(tf_engine_read(e, "all.1.pcapng", &err));
	assert_true(tf_engine_read(e, "all.2.pcapng", &err));
	assert_true(tf_engine_finish(e, &err));
	struct tf_counters n;
	tf_engine_counters(e, &n);
	assert_int_equal(n.frames, CONVERSATION);
	assert_int_equal(n.bytes_written, 28);
	tf_engine_free(e);
	folder_remove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(asked),  cmocka_unit_test(by_time),
	                                   cmocka_unit_test(taken),  cmocka_unit_test(nothing),
	                                   cmocka_unit_test(unable), cmocka_unit_test(refused),
	                                   cmocka_unit_test(kept)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
