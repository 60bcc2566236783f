/* SPDX-License-Identifier: BSD-3-Clause */
/* Several workers do what one does; when one fails, the run stops and nobody hangs. */
#include "drive.h"

#include <fcntl.h>
#include <unistd.h>

static struct tf_error err;

enum { HANG_S = 100 };

static int with_alarm(void **state)
{
	(void)state;
	give_up_after(HANG_S);
	return 0;
}

static int without_alarm(void **state)
{
	(void)state;
	(void)alarm(0);
	return 0;
}

static void one_to_four(void **state)
{
	(void)state;
	struct recorder first = {0};
	struct tf_counters counters[5];
	for (unsigned workers = 1; workers <= 4; workers++) {
		struct tf_config c = config_of(workers, 64 * MIB);
		struct tf_engine *e = engine_of(&c);
		struct recorder r;
		recorder_init(&r, TF_PLACED);
		assert_true(tf_engine_attach(e, &r.sink, &err));
		drive_now = 1;
		assert_true(converse(e, &err, 700));
		assert_true(tf_engine_finish(e, &err));
		tf_engine_counters(e, &counters[workers]);
		tf_engine_free(e);
		heard_all(&r, 700);
		char why[200] = "";
		if (workers > 1) {
			assert_true(recorder_same(&first, &r, why, sizeof why));
			assert_memory_equal(&counters[1], &counters[workers], sizeof counters[1]);
			recorder_free(&r);
		} else {
			first = r;
		}
	}
	recorder_free(&first);
}

/* The flows are shared out, and each instance hears whole ones. */
static void shares(void **state)
{
	(void)state;
	struct tf_config c = config_of(4, 64 * MIB);
	struct tallies t;
	tallies_init(&t);
	struct tf_engine *e = engine_of(&c);
	assert_true(tf_engine_attach(e, &t.sink, &err));
	assert_true(converse(e, &err, 1000));
	assert_true(tf_engine_finish(e, &err));
	struct tf_counters n;
	tf_engine_counters(e, &n);
	tf_engine_free(e);
	for (int i = 0; i < 4; i++) {
		assert_in_range(t.each[i].begun, 150, 350);
		assert_int_equal(t.each[i].begun, t.each[i].ended);
		assert_int_equal(t.each[i].bytes, 28 * t.each[i].begun);
		assert_int_equal(t.each[i].opened, 1);
		assert_int_equal(t.each[i].closed, 1);
	}
	assert_int_equal(n.writes, 1000);
	assert_int_equal(n.flows, 1000);
	assert_int_equal(sum_of_fates(&n), n.frames);
}

static void files_alike(void **state)
{
	(void)state;
	folder_make();
	for (unsigned workers = 1; workers <= 4; workers++) {
		struct tf_config c = config_of(workers, 32 * MIB);
		struct tf_engine *e = engine_of(&c);
		char folder[] = "0";
		folder[0] = (char)('0' + workers);
		assert_true(tf_engine_record(
		        e, &(struct tf_recording){.folder = folder, .files_max = workers},
		        &err)); /* one each */
		assert_true(converse(e, &err, 300));
		assert_true(tf_engine_finish(e, &err));
		tf_engine_free(e);
		assert_int_equal(names_in(folder), 600);
		if (workers > 1) {
			char command[50];
			(void)snprintf(command, sizeof command, "diff -r 1 %s", folder);
			assert_int_equal(system(command), 0);
		}
	}
	folder_remove();
}

/* Each file is told of twice, in whole lines, whatever worker makes it. */
static void alerts(void **state)
{
	(void)state;
	folder_make();
	for (unsigned workers = 1; workers <= 4; workers += 3) {
		struct tf_config c = config_of(workers, 32 * MIB);
		struct tf_engine *e = engine_of(&c);
		struct tf_recording how = {.folder = "told", .files_max = workers};
		int fd = open("lines", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
		assert_false(tf_engine_alert(e, fd, TF_ALERT_OPEN, &err)); /* nobody records */
		assert_true(tf_engine_record(e, &how, &err));
		assert_true(tf_engine_alert(e, fd, TF_ALERT_OPEN | TF_ALERT_CLOSE, &err));
		assert_true(converse(e, &err, 300));
		assert_false(tf_engine_alert(e, fd, TF_ALERT_OPEN, &err)); /* too late */
		assert_true(tf_engine_finish(e, &err));
		tf_engine_free(e);
		assert_int_equal(close(fd), 0);
		assert_int_equal(
		        system("test $(grep -c '^open\ttold/010' lines) = 600 && "
		               "test $(wc -l <lines) = 1200 && "
		               "sed -n 's/^close\ttold.//p' lines | LC_ALL=C sort >closed && "
		               "ls told | LC_ALL=C sort | cmp - closed && rm -r told"),
		        0);
	}
	folder_remove();
}

/* Who does not listen any more is told of at the end; the files are complete. */
static void alerts_fail(void **state)
{
	(void)state;
	folder_make();
	struct tf_config c = config_of(2, 32 * MIB);
	struct tf_engine *e = engine_of(&c);
	struct tf_recording how = {.folder = "told", .files_max = 2};
	int fd = open("/dev/full", O_WRONLY);
	assert_true(tf_engine_record(e, &how, &err));
	for (unsigned i = 0; i < 4; i++)
		assert_true(tf_engine_alert(e, fd, TF_ALERT_CLOSE, &err));
	assert_false(tf_engine_alert(e, fd, TF_ALERT_CLOSE, &err));
	assert_true(converse(e, &err, 300));
	assert_false(tf_engine_finish(e, &err));
	assert_int_equal(err.status, TF_OUTPUT);
	tf_engine_free(e);
	assert_int_equal(close(fd), 0);
	assert_int_equal(names_in("told"), 600);
	folder_remove();
}

/* Any of the workers may be the one whose sink fails. */
static void one_fails(void **state)
{
	(void)state;
	for (unsigned which = 0; which < 3; which++) {
		struct tf_config c = config_of(3, 64 * MIB);
		struct tallies t;
		tallies_init(&t);
		t.each[which].fail_after = 500;
		struct tf_engine *e = engine_of(&c);
		assert_true(tf_engine_attach(e, &t.sink, &err));
		memset(&err, 0, sizeof err);
		bool ok = true;
		unsigned pushed = 0;
		for (; ok && pushed < 1000000; pushed++)
			ok = step(e, &err, pushed % 5000, (int)(pushed / 5000 % CONVERSATION));
		assert_false(ok); /* the run stops */
		assert_int_equal(err.status, TF_OUTPUT);
		assert_string_equal(err.text, "enough after 500");
		struct tf_error last = {0};
		assert_false(tf_engine_finish(e, &last));
		assert_string_equal(last.text, err.text);
		tf_engine_free(e);
		assert_int_equal(tally_sum(&t).begun, tally_sum(&t).ended);
		assert_int_equal(tally_sum(&t).closed, 3);
	}
}

/* It fails when END is told: finish says so. */
static void fails_at_the_end(void **state)
{
	(void)state;
	struct tf_config c = config_of(3, 64 * MIB);
	struct tallies t;
	tallies_init(&t);
	for (int i = 0; i < 3; i++)
		t.each[i].end_fails = true;
	struct tf_engine *e = engine_of(&c);
	assert_true(tf_engine_attach(e, &t.sink, &err));
	for (unsigned host = 0; host < 30; host++)
		assert_true(step(e, &err, host, 0));
	memset(&err, 0, sizeof err);
	assert_false(tf_engine_finish(e, &err));
	assert_int_equal(err.status, TF_OUTPUT);
	tf_engine_free(e);
	assert_int_equal(tally_sum(&t).ended, 30);
}

static void given_up(void **state)
{
	(void)state;
	for (unsigned workers = 2; workers <= 4; workers++) {
		struct tf_config c = config_of(workers, 64 * MIB);
		struct tallies t;
		tallies_init(&t);
		struct tf_engine *e = engine_of(&c);
		assert_true(tf_engine_attach(e, &t.sink, &err));
		for (unsigned host = 0; host < 2000; host++)
			assert_true(step(e, &err, host, 0));
		tf_engine_free(e); /* without finish */
		assert_int_equal(tally_sum(&t).begun, 2000);
		assert_int_equal(tally_sum(&t).ended, 2000);
		assert_int_equal(tally_sum(&t).closed, workers);

		e = engine_of(&c);
		tf_engine_free(e); /* not even started */
		e = engine_of(&c);
		assert_true(tf_engine_finish(e, &err)); /* without a frame */
		tf_engine_free(e);
	}
}

/* Long frames: blocks run short before batches do, and the reader waits for them. No
   block is filled anew while a worker still reads it. */
static void long_frames(unsigned workers, size_t memory)
{
	enum { LETTERS = 60000, HOSTS = 50, FRAMES = 2000 };
	struct tf_config c = config_of(workers, memory);
	struct tallies t;
	tallies_init(&t);
	for (int i = 0; i < TALLIES; i++)
		t.each[i].letters = LETTERS;
	struct tf_engine *e = engine_of(&c);
	assert_true(tf_engine_attach(e, &t.sink, &err));
	static char text[LETTERS + 1];
	for (unsigned i = 0; i < FRAMES; i++) {
		memset(text, 'a' + (int)(i / HOSTS % 26), LETTERS);
		assert_true(push(e, &err, i % HOSTS, 0, ACK, LETTERS * (i / HOSTS), 1, text));
	}
	assert_true(tf_engine_finish(e, &err));
	tf_engine_free(e);
	assert_int_equal(tally_sum(&t).bytes, FRAMES * LETTERS);
	for (int i = 0; i < TALLIES; i++)
		assert_int_equal(t.each[i].misread, 0);
}

static void blocks_run_short(void **state)
{
	(void)state;
	long_frames(4, 16 * MIB);   /* four blocks: a batch may hold all of them */
	long_frames(16, 128 * MIB); /* more than a batch can hold, each with few of its packets */
}

/* Two engines with threads in one process. */
static void two_engines(void **state)
{
	(void)state;
	struct tf_config c = config_of(2, 64 * MIB);
	struct recorder r[2];
	struct tf_engine *e[2];
	for (int i = 0; i < 2; i++) {
		e[i] = engine_of(&c);
		recorder_init(&r[i], TF_STREAM);
		assert_true(tf_engine_attach(e[i], &r[i].sink, &err));
	}
	for (int k = 0; k < CONVERSATION; k++)
		for (unsigned host = 0; host < 200; host++)
			for (int i = 0; i < 2; i++)
				assert_true(step(e[i], &err, host, k));
	for (int i = 0; i < 2; i++) {
		assert_true(tf_engine_finish(e[i], &err));
		tf_engine_free(e[i]);
		heard_all(&r[i], 200);
		recorder_free(&r[i]);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, with_alarm, without_alarm)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(one_to_four),      TEST(shares),      TEST(files_alike),      TEST(alerts),
	        TEST(alerts_fail),      TEST(one_fails),   TEST(fails_at_the_end), TEST(given_up),
	        TEST(blocks_run_short), TEST(two_engines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
