/* SPDX-License-Identifier: BSD-3-Clause */
/* What is seen of threads that work: whole, never older than before, and right in the end. */
#include "drive.h"

#include "engine/inside.h"
#include "engine/view.h"

#include <pthread.h>

static struct tf_error err;
static struct view view;

enum { ROUNDS = 100000, HOSTS = 300 };

static struct glance all(uint64_t n)
{
	uint64_t word[VIEW_WORDS];
	struct glance g;
	for (int i = 0; i < VIEW_WORDS; i++)
		word[i] = n;
	memcpy(&g, word, sizeof g);
	return g;
}

static void *show_many(void *arg)
{
	(void)arg;
	for (uint64_t n = 1; n <= ROUNDS; n++) {
		struct glance g = all(n);
		view_show(&view, &g);
	}
	return NULL;
}

/* Each glance is of one moment. */
static void whole(void **state)
{
	pthread_t thread;
	struct glance g, same;
	uint64_t latest = 0;
	(void)state;
	view_look(&view, &g);
	assert_int_equal(g.counters.frames, 0);
	assert_int_equal(pthread_create(&thread, NULL, show_many, NULL), 0);
	while (latest < ROUNDS) {
		view_look(&view, &g);
		same = all(g.memory);
		assert_memory_equal(&g, &same, sizeof g);
		assert_true(g.memory >= latest);
		latest = g.memory;
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void sums(void **state)
{
	struct glance a = all(5), b = all(7);
	(void)state;
	a.latest_ns = -3;
	b.latest_ns = -8;
	glance_add(&a, &b);
	assert_int_equal(a.counters.frames, 12);
	assert_int_equal(a.counters.secrets, 12);
	assert_int_equal(a.memory, 12);
	assert_true(a.latest_ns == -3);
}

/* A second passes with each look at it. */
static int64_t on_clock(void *arg)
{
	int64_t *now_ns = arg;
	return *now_ns += INT64_C(1000000000);
}

/* While workers run, what they have counted is seen in time; nothing falls; and in the end all of
   it is there, once. */
static void in_a_run(void **state)
{
	(void)state;
	(void)folder_make();
	for (unsigned workers = 1; workers <= 3; workers++) {
		int64_t clock_ns = 0;
		struct tf_config c = config_of(workers, 64 * MIB);
		c.clock = on_clock;
		c.clock_arg = &clock_ns;
		struct tf_engine *e = engine_of(&c);
		struct tf_recording how = {.folder = "in", .files_max = 100};
		struct tf_counters now, before = {0};
		struct tf_moment moment;
		assert_true(tf_engine_record(e, &how, &err));
		for (int i = 0; i < CONVERSATION; i++) {
			for (unsigned host = 0; host < HOSTS; host++)
				assert_true(step(e, &err, host, i));
			dispatch_look_at_clock(&e->dispatch);
			tf_engine_counters(e, &now);
			assert_true(now.flows >= before.flows && now.files >= before.files);
			assert_int_equal(now.frames, (i + 1) * HOSTS);
			before = now;
		}
		dispatch_flush(&e->dispatch, false); /* the workers rest, and have shown all */
		tf_engine_counters(e, &now);
		assert_int_equal(now.flows, HOSTS);
		assert_int_equal(now.files, 2 * HOSTS);
		assert_true(now.writes > 0);
		tf_engine_moment(e, &moment);
		assert_int_equal(moment.frames, CONVERSATION * HOSTS);
		assert_int_equal(moment.flows, HOSTS);
		assert_true(moment.latest_ns == drive_now);
		assert_int_equal(moment.memory_max, 64 * MIB);
		assert_in_range(moment.memory, HOSTS * sizeof(struct flow), 16 * MIB);
		assert_true(tf_engine_finish(e, &err));
		tf_engine_counters(e, &now);
		assert_int_equal(now.files, 2 * HOSTS);
		assert_int_equal(now.bytes_written, 28 * HOSTS);
		tf_engine_free(e);
		assert_int_equal(system("rm -r in"), 0);
	}
	folder_remove();
}

static int64_t by_hand(void *arg)
{
	const int64_t *now_ns = arg;
	return *now_ns;
}

/* -> the descriptors of files after so many milliseconds more, in steps as live capture looks */
static uint64_t open_after(struct tf_engine *e, int64_t *now_ns, int ms)
{
	struct tf_moment moment;
	for (; ms > 0; ms -= 100) {
		*now_ns += INT64_C(100000000);
		dispatch_look_at_clock(&e->dispatch);
	}
	dispatch_flush(&e->dispatch, false);
	tf_engine_moment(e, &moment);
	return moment.files_open;
}

/* Connections that say nothing keep no descriptors for longer than some five seconds by the clock;
   then they go on. */
static void idle_files(void **state)
{
	(void)state;
	(void)folder_make();
	for (unsigned workers = 1; workers <= 3; workers++) {
		int64_t now_ns = INT64_C(1000000000);
		struct tf_config c = config_of(workers, 64 * MIB);
		c.clock = by_hand;
		c.clock_arg = &now_ns;
		struct tf_engine *e = engine_of(&c);
		struct tf_recording how = {.folder = "in", .files_max = 1000};
		struct tf_counters n;
		assert_true(tf_engine_record(e, &how, &err));
		for (int i = 0; i < 4; i++)
			for (unsigned host = 0; host < HOSTS; host++)
				assert_true(step(e, &err, host, i));
		assert_int_equal(open_after(e, &now_ns, 4000), 2 * HOSTS);
		for (unsigned host = 0; host < HOSTS / 3; host++)
			assert_true(step(e, &err, host, 4)); /* one direction of these */
		assert_int_equal(open_after(e, &now_ns, 3000), HOSTS / 3);
		assert_int_equal(open_after(e, &now_ns, 4000), 0);
		for (int i = 4; i < CONVERSATION; i++)
			for (unsigned host = i == 4 ? HOSTS / 3 : 0; host < HOSTS; host++)
				assert_true(step(e, &err, host, i));
		assert_true(tf_engine_finish(e, &err));
		tf_engine_counters(e, &n);
		assert_int_equal(n.files, 2 * HOSTS);
		file_is("in/010.000.001.050.04000-010.009.009.009.00080", "questionthanks");
		file_is("in/010.009.009.009.00080-010.000.000.001.04000", "an answerso be");
		tf_engine_free(e);
		assert_int_equal(
		        system("test 600 = $(find in -type f -size -15c -size +13c | wc -l)"), 0);
		assert_int_equal(system("rm -r in"), 0);
	}
	folder_remove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(whole),
	        cmocka_unit_test(sums),
	        cmocka_unit_test(in_a_run),
	        cmocka_unit_test(idle_files),
	};
	give_up_after(100);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
