/* SPDX-License-Identifier: BSD-3-Clause */
/* Files that the workers read in turns: what one worker records, whatever happens. */
#include "drive.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>

static struct tf_error err;

enum { HANG_S = 100, HOSTS = 400, LONG = 60000, LONG_FRAMES = 600 };

static int begin(void **state)
{
	(void)state;
	give_up_after(HANG_S);
	folder_make();
	return 0;
}

static int end(void **state)
{
	(void)state;
	(void)alarm(0);
	folder_remove();
	return 0;
}

/* Conversations of that many hosts, all at the same time. */
static void write_talk(const char *path, unsigned hosts)
{
	struct pcapfile *f = pcapfile_new(path, PCAPFILE_CLASSIC, BUILD_LINK_TYPE);
	assert_non_null(f);
	drive_now = 1;
	for (int i = 0; i < CONVERSATION; i++) {
		for (unsigned host = 0; host < hosts; host++) {
			struct tf_frame frame = frame_of(host, conversation[i].dir,
			                                 conversation[i].flags, conversation[i].seq,
			                                 conversation[i].ack, conversation[i].text);
			pcapfile_write(f, &frame);
		}
	}
	assert_true(pcapfile_close(f));
}

/* One stream of long segments for each host. */
static void write_long(const char *path, unsigned hosts)
{
	static char text[LONG + 1];
	struct pcapfile *f = pcapfile_new(path, PCAPFILE_CLASSIC, BUILD_LINK_TYPE);
	assert_non_null(f);
	for (unsigned i = 0; i < LONG_FRAMES; i++) {
		memset(text, 'a' + (int)(i / hosts % 26), LONG);
		struct tf_frame frame = frame_of(i % hosts, 0, ACK, LONG * (i / hosts), 1, text);
		pcapfile_write(f, &frame);
	}
	assert_true(pcapfile_close(f));
}

/* The record, and every counter, do not depend on how many there are. */
static void one_to_five(void **state)
{
	(void)state;
	struct recorder first = {0};
	struct tf_counters counters[6];
	write_talk("1.pcap", HOSTS);
	write_talk("2.pcap", 0);
	for (unsigned workers = 1; workers <= 5; workers++) {
		struct tf_config c = config_of(workers, 64 * MIB);
		struct tf_engine *e = engine_of(&c);
		struct recorder r;
		recorder_init(&r, TF_PLACED);
		assert_true(tf_engine_attach(e, &r.sink, &err));
		assert_true(tf_engine_read(e, "1.pcap", &err));
		assert_true(tf_engine_read(e, "2.pcap", &err)); /* that ends at once */
		assert_true(tf_engine_finish(e, &err));
		tf_engine_counters(e, &counters[workers]);
		tf_engine_free(e);
		heard_all(&r, HOSTS);
		char why[200] = "";
		if (workers == 1) {
			first = r;
			continue;
		}
		assert_true(recorder_same(&first, &r, why, sizeof why));
		assert_memory_equal(&counters[1], &counters[workers], sizeof counters[1]);
		recorder_free(&r);
	}
	recorder_free(&first);
}

/* Blocks run short before batches do: who reads has to do its own work, or to wait.
   With one host all of it belongs to one worker. */
static void long_frames(void **state)
{
	(void)state;
	for (unsigned hosts = 1; hosts <= 25; hosts += 12) {
		write_long("long.pcap", hosts);
		for (unsigned workers = 2; workers <= 16; workers *= 2) {
			struct tf_config c = config_of(workers, workers * 4 * MIB + 8 * MIB);
			struct tallies t;
			tallies_init(&t);
			for (int i = 0; i < TALLIES; i++)
				t.each[i].letters = LONG;
			struct tf_engine *e = engine_of(&c);
			assert_true(tf_engine_attach(e, &t.sink, &err));
			assert_true(tf_engine_read(e, "long.pcap", &err));
			assert_true(tf_engine_finish(e, &err));
			tf_engine_free(e);
			assert_int_equal(tally_sum(&t).bytes, LONG_FRAMES * LONG);
			for (int i = 0; i < TALLIES; i++)
				assert_int_equal(t.each[i].misread, 0);
		}
	}
}

/* A few long connections are shared out evenly, whatever their addresses are. */
static void spread(void **state)
{
	(void)state;
	write_long("long.pcap", 4);
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct tf_config c = config_of(2, 64 * MIB);
		struct tallies t;
		tallies_init(&t);
		c.hash_seed = seed;
		struct tf_engine *e = engine_of(&c);
		assert_true(tf_engine_attach(e, &t.sink, &err));
		assert_true(tf_engine_read(e, "long.pcap", &err));
		assert_true(tf_engine_finish(e, &err));
		tf_engine_free(e);
		assert_int_equal(t.each[0].begun, 2);
		assert_int_equal(t.each[1].begun, 2);
	}
}

/* Any of the workers may be the one whose sink fails; reading stops soon. */
static void one_fails(void **state)
{
	(void)state;
	write_talk("1.pcap", HOSTS);
	for (unsigned which = 0; which < 3; which++) {
		struct tf_config c = config_of(3, 64 * MIB);
		struct tallies t;
		tallies_init(&t);
		t.each[which].fail_after = 50;
		struct tf_engine *e = engine_of(&c);
		assert_true(tf_engine_attach(e, &t.sink, &err));
		memset(&err, 0, sizeof err);
		bool ok = true;
		for (int i = 0; ok && i < 1000; i++)
			ok = tf_engine_read(e, "1.pcap", &err);
		assert_false(ok);
		assert_int_equal(err.status, TF_OUTPUT);
		assert_string_equal(err.text, "enough after 50");
		assert_false(tf_engine_finish(e, NULL));
		tf_engine_free(e);
		assert_int_equal(tally_sum(&t).begun, tally_sum(&t).ended);
	}
}

/* A file that ends within a record: all before it is recorded, and the next file too. */
static void damaged(void **state)
{
	(void)state;
	write_talk("1.pcap", HOSTS);
	assert_int_equal(system("head -c -5 1.pcap > cut.pcap"), 0);
	struct tf_config c = config_of(4, 64 * MIB);
	struct tallies t;
	tallies_init(&t);
	struct tf_engine *e = engine_of(&c);
	assert_true(tf_engine_attach(e, &t.sink, &err));
	assert_false(tf_engine_read(e, "cut.pcap", &err));
	assert_int_equal(err.status, TF_DAMAGED);
	assert_false(tf_engine_read(e, "none.pcap", &err));
	assert_int_equal(err.status, TF_USAGE);
	assert_true(tf_engine_read(e, "1.pcap", &err));
	assert_true(tf_engine_finish(e, &err));
	struct tf_counters n;
	tf_engine_counters(e, &n);
	tf_engine_free(e);
	assert_int_equal(n.frames, 2 * HOSTS * CONVERSATION - 1);
}

/* -- what the owner's thread has to do ------------------------------------------------- */

struct watcher {
	struct tf_engine *engine;
	pthread_t owner;
	uint64_t position;
	unsigned calls;
	bool stops;
};

static void watch(void *arg, uint64_t position)
{
	struct watcher *w = arg;
	assert_true(pthread_equal(pthread_self(), w->owner));
	assert_true(position >= w->position);
	w->position = position;
	w->calls++;
	if (w->stops && position > 0)
		tf_engine_stop(w->engine);
}

static void progress(void **state)
{
	(void)state;
	struct stat st;
	write_talk("1.pcap", HOSTS);
	assert_int_equal(stat("1.pcap", &st), 0);
	for (unsigned workers = 1; workers <= 3; workers++) {
		struct watcher w = {.owner = pthread_self()};
		struct tf_config c = config_of(workers, 64 * MIB);
		c.progress = watch;
		c.progress_arg = &w;
		struct tf_engine *e = engine_of(&c);
		assert_true(tf_engine_read(e, "1.pcap", &err));
		assert_true(tf_engine_finish(e, &err));
		tf_engine_free(e);
		assert_true(w.calls > 0);
		assert_int_equal(w.position, st.st_size);
	}
}

/* A pipe is read by the owner: who waits for its bytes can be stopped. */
static void *feed_pipe(void *arg)
{
	FILE *from = fopen("1.pcap", "r"), *to = fopen(arg, "w");
	int c;
	assert_true(from != NULL && to != NULL);
	while ((c = getc(from)) != EOF)
		(void)putc(c, to);
	(void)fclose(from);
	(void)fclose(to);
	return NULL;
}

static void pipes(void **state)
{
	(void)state;
	char name[] = "pipe";
	write_talk("1.pcap", HOSTS);
	assert_int_equal(mkfifo(name, 0600), 0);
	for (int stops = 0; stops < 2; stops++) {
		struct watcher w = {.owner = pthread_self(), .stops = stops != 0};
		struct tf_config c = config_of(3, 64 * MIB);
		c.progress = watch;
		c.progress_arg = &w;
		struct tf_engine *e = w.engine = engine_of(&c);
		pthread_t feeder;
		(void)signal(SIGPIPE, SIG_IGN);
		assert_int_equal(pthread_create(&feeder, NULL, feed_pipe, name), 0);
		assert_true(tf_engine_read(e, name, &err));
		assert_int_equal(pthread_join(feeder, NULL), 0);
		assert_true(tf_engine_finish(e, &err));
		struct tf_counters n;
		tf_engine_counters(e, &n);
		tf_engine_free(e);
		if (stops)
			assert_in_range(n.frames, 1, HOSTS * CONVERSATION - 1);
		else
			assert_int_equal(n.frames, HOSTS * CONVERSATION);
	}
}

/* Threads whose stacks find no room cannot be started: bad use of -j, and all is given back. */
static void no_threads(void **state)
{
	(void)state;
	pthread_attr_t usual, huge;
	assert_int_equal(pthread_getattr_default_np(&usual), 0);
	assert_int_equal(pthread_attr_init(&huge), 0);
	if (pthread_attr_setstacksize(&huge, SIZE_MAX / 4 * 3) != 0)
		skip(); /* this C library starts none that large: musl */
	write_talk("1.pcap", 1);
	struct recorder r;
	struct tf_config c = config_of(3, 64 * MIB);
	struct tf_engine *e = engine_of(&c);
	recorder_init(&r, TF_PLACED);
	assert_true(tf_engine_attach(e, &r.sink, &err));
	assert_int_equal(pthread_setattr_default_np(&huge), 0);
	bool ok = tf_engine_read(e, "1.pcap", &err);
	assert_int_equal(pthread_setattr_default_np(&usual), 0);
	assert_false(ok);
	assert_int_equal(err.status, TF_USAGE);
	assert_string_equal(err.text, "cannot start a thread (see -j)");
	assert_false(tf_engine_finish(e, &err));
	tf_engine_free(e);
	recorder_free(&r);
	(void)pthread_attr_destroy(&usual);
	(void)pthread_attr_destroy(&huge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(one_to_five, begin, end),
	        cmocka_unit_test_setup_teardown(long_frames, begin, end),
	        cmocka_unit_test_setup_teardown(spread, begin, end),
	        cmocka_unit_test_setup_teardown(one_fails, begin, end),
	        cmocka_unit_test_setup_teardown(damaged, begin, end),
	        cmocka_unit_test_setup_teardown(progress, begin, end),
	        cmocka_unit_test_setup_teardown(pipes, begin, end),
	        cmocka_unit_test_setup_teardown(no_threads, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
