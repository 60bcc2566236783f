/* SPDX-License-Identifier: BSD-3-Clause */
/* Files merged by time, seen through the file of what is not recorded: its frames
   stand in the order in which the engine took them. */
#include "../capture/packed.h"
#include "../capture/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static char folder[] = "/tmp/merge.XXXXXX";
static char aside[60];
static struct store store;

enum { FILES = 40, ROOM = 60 };

static char paths[FILES][ROOM];
static const char *names[FILES];

static int set_up(void **state)
{
	(void)state;
	store_init(&store, 600 * 1024, 8);
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(aside, sizeof aside, "%s/aside", folder);
	for (int i = 0; i < FILES; i++) {
		(void)snprintf(paths[i], ROOM, "%s/%d", folder, i);
		names[i] = paths[i];
	}
	return 0;
}

static int tear_down(void **state)
{
	char command[100];
	(void)state;
	store_free(&store);
	(void)snprintf(command, sizeof command, "rm -r %s", folder);
	return system(command);
}

static void write_file(const char *path, struct tf_span what)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, what.p, what.n), what.n);
	assert_int_equal(close(fd), 0);
}

/* Packet k (second k) goes to one of the files; some of these are packed, and with 0
   packets some are empty. Each frame is too short to be anything. */
static void scatter(unsigned files, uint32_t packets, size_t cut)
{
	for (unsigned i = 0; i < files; i++) {
		struct bytes b = {.little = true}, to = {0};
		put_pcap(&b, 0xa1b2c3d4, 1);
		for (uint32_t k = 0; k < packets; k++) {
			if ((k * 2654435761U >> 7) % files != i)
				continue;
			put_record(&b, k, 0, 700, 700);
			put_fill(&b, 0, 700);
		}
		if (i % 3 == 1)
			put_packed(&to, &packs[i % PACKS], span_of(&b));
		struct tf_span all = i % 3 == 1 ? span_of(&to) : span_of(&b);
		all.n -= i % 3 != 1 ? cut : 0;
		write_file(paths[i], all);
		free(b.p);
		free(to.p);
	}
}

static struct tf_config config_of(size_t memory, unsigned workers)
{
	struct tf_config c;
	tf_config_init(&c);
	c.memory = memory;
	c.workers = workers;
	return c;
}

static struct tf_engine *engine_of(const struct tf_config *c)
{
	struct tf_error err;
	struct tf_engine *e = tf_engine_new(c, &err);
	assert_non_null(e);
	assert_true(tf_engine_set_aside(e, aside, &err));
	assert_false(tf_engine_set_aside(e, aside, &err));
	return e;
}

static struct tf_engine *engine(size_t memory, unsigned workers)
{
	struct tf_config c = config_of(memory, workers);
	return engine_of(&c);
}

/* -> frames in the file, each no earlier than the one before */
static uint64_t in_order(void)
{
	struct tf_error err;
	struct tf_frame f;
	int64_t latest = -1;
	uint64_t n = 0;
	struct source *s = source_open(aside, 0, &store.as_store, &err);
	assert_non_null(s);
	for (; source_next(s, &f, &err) == SOURCE_FRAME; n++) {
		assert_true(f.ts_ns > latest);
		latest = f.ts_ns;
	}
	source_close(s);
	return n;
}

static void in_time(void **state)
{
	static const unsigned files[] = {1, 2, 3, 7, FILES};
	static const uint32_t packets[] = {0, 1, 5, 3000};
	(void)state;
	for (size_t i = 0; i < 5; i++) {
		for (size_t k = 0; k < 4; k++) {
			struct tf_error err;
			struct tf_counters c;
			struct tf_engine *e = engine((size_t)256 << 20, 1 + (unsigned)k % 2);
			scatter(files[i], packets[k], 0);
			assert_true(tf_engine_merge(e, names, files[i], &err));
			assert_true(tf_engine_finish(e, &err));
			tf_engine_counters(e, &c);
			assert_int_equal(c.frames, packets[k]);
			assert_int_equal(c.frames_set_aside, packets[k]);
			tf_engine_free(e);
			assert_int_equal(in_order(), packets[k]);
		}
	}
}

/* Files that are cut give what they have; the others go on. */
static void damaged(void **state)
{
	struct tf_error err;
	struct tf_counters c;
	(void)state;
	struct tf_engine *e = engine((size_t)256 << 20, 1);
	scatter(5, 1000, 100); /* 0, 2 and 3 are cut within their last frame */
	assert_false(tf_engine_merge(e, names, 5, &err));
	assert_int_equal(err.status, TF_DAMAGED);
	assert_non_null(strstr(err.text, " (and 2 more of the merged files are damaged)"));
	assert_true(tf_engine_finish(e, &err));
	tf_engine_counters(e, &c);
	assert_int_equal(c.frames, 1000 - 3);
	tf_engine_free(e);
	assert_int_equal(in_order(), 997);
}

/* As many as memory allows, and not one more. */
static void too_many(void **state)
{
	struct tf_error err;
	(void)state;
	scatter(3, 300, 0);
	struct tf_engine *e = engine((size_t)8 << 20, 1);
	assert_true(tf_engine_merge(e, names, 2, &err));
	tf_engine_free(e);
	e = engine((size_t)8 << 20, 1);
	assert_false(tf_engine_merge(e, names, 3, &err));
	assert_int_equal(err.status, TF_USAGE);
	assert_string_equal(err.text, "too many of the merged files overlap in time: "
	                              "--memory suffices for 2, and 3 take 20M");
	tf_engine_free(e);
	e = engine((size_t)20 << 20, 1);
	assert_true(tf_engine_merge(e, names, 3, &err));
	tf_engine_free(e);

	struct tf_config c = config_of((size_t)20 << 20, 1);
	c.sources_max = 2; /* descriptors */
	e = engine_of(&c);
	assert_false(tf_engine_merge(e, names, 3, &err));
	assert_string_equal(err.text, "too many of the merged files overlap in time: "
	                              "there are descriptors for 2");
	tf_engine_free(e);
}

/* -> descriptors that are open */
static int descriptors(void)
{
	int n = 0;
	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static int most_open;

static void on_progress(void *arg, uint64_t position)
{
	int n = descriptors();
	(void)arg;
	(void)position;
	most_open = n > most_open ? n : most_open;
}

/* Packet k goes to file k / each, and every ninth to the file after that: so only two
   overlap at a time, however many there are. */
static uint32_t rotate(unsigned files, uint32_t each)
{
	uint32_t n = 0;
	for (unsigned i = 0; i < files; i++) {
		struct bytes b = {.little = true}, to = {0};
		put_pcap(&b, 0xa1b2c3d4, 1);
		for (uint32_t k = i > 0 ? (i - 1) * each : 0; k < (i + 1) * each; k++) {
			bool next = k % 9 == 0 && k / each + 1 < files;
			if (k / each + next != i)
				continue;
			put_record(&b, k, 0, 700, 700);
			put_fill(&b, 0, 700);
			n++;
		}
		if (i % 3 == 1)
			put_packed(&to, &packs[i % PACKS], span_of(&b));
		write_file(paths[i], i % 3 == 1 ? span_of(&to) : span_of(&b));
		free(b.p);
		free(to.p);
	}
	return n;
}

static void many_in_turn(void **state)
{
	(void)state;
	for (unsigned bound = 0; bound < 2; bound++) {
		struct tf_error err;
		struct tf_counters n;
		struct tf_config c = config_of(bound ? (size_t)256 << 20 : (size_t)8 << 20, 1);
		c.sources_max = bound ? 2 : 0;
		c.progress = on_progress;
		struct tf_engine *e = engine_of(&c);
		int before = descriptors();
		most_open = 0;
		uint32_t packets = rotate(FILES, 100);
		assert_int_equal(packets, FILES * 100);
		assert_true(tf_engine_merge(e, names, FILES, &err));
		assert_true(tf_engine_finish(e, &err));
		assert_int_equal(most_open, before + 2);
		tf_engine_counters(e, &n);
		assert_int_equal(n.frames, packets);
		tf_engine_free(e);
		assert_int_equal(in_order(), packets);
	}
}

/* On the first progress, so when all have been looked into: the later ones change. */
static void spoil(void *arg, uint64_t position)
{
	const int *how = arg;
	(void)position;
	for (int i = 30; i < FILES; i++) {
		if (*how == 0)
			(void)unlink(paths[i]);
		else
			write_file(paths[i], (struct tf_span){(const uint8_t *)"nothing", 7});
	}
}

static void changed_meanwhile(void **state)
{
	(void)state;
	for (int how = 0; how < 2; how++) {
		struct tf_error err;
		struct tf_counters n;
		struct tf_config c = config_of((size_t)8 << 20, 1);
		c.progress = spoil;
		c.progress_arg = &how;
		struct tf_engine *e = engine_of(&c);
		(void)rotate(FILES, 100);
		assert_false(tf_engine_merge(e, names, FILES, &err));
		assert_int_equal(err.status, how == 0 ? TF_USAGE : TF_DAMAGED);
		assert_non_null(strstr(err.text, how == 0 ? "cannot open" : " (and 9 more"));
		assert_true(tf_engine_finish(e, &err));
		tf_engine_counters(e, &n);
		/* What files 0 to 29 have; of a missing one's time on, nothing. */
		assert_in_range(n.frames, 2900, 3000);
		tf_engine_free(e);
		assert_int_equal(in_order(), n.frames);
	}
}

static void missing(void **state)
{
	struct tf_error err;
	(void)state;
	scatter(3, 300, 0);
	assert_int_equal(unlink(paths[2]), 0);
	struct tf_engine *e = engine((size_t)64 << 20, 1);
	assert_false(tf_engine_merge(e, names, 3, &err));
	assert_int_equal(err.status, TF_USAGE);
	tf_engine_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(in_time),           cmocka_unit_test(damaged),
	        cmocka_unit_test(too_many),          cmocka_unit_test(many_in_turn),
	        cmocka_unit_test(changed_meanwhile), cmocka_unit_test(missing),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
