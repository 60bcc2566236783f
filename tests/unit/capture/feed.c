/* SPDX-License-Identifier: BSD-3-Clause */
/* The feed gives every byte once, in order, contiguous, whatever the pieces. */
#include "bytes.h"
#include "store.h"

#include "lib/patience.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

enum { TOTAL = 700000 };

static struct bytes data;
static struct store store;

static int set_up(void **state)
{
	(void)state;
	put_pattern(&data, 3, TOTAL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(data.p);
	return 0;
}

/* Takes records of random lengths, holding some, skipping some. */
static void go_through(size_t block, size_t piece, unsigned seed)
{
	struct pieces from = {.left = span_of(&data), .most = piece};
	struct feed f;
	size_t at = 0;

	store_init(&store, block, STORE_BLOCKS);
	assert_true(feed_open(&f, pieces_origin(&from), &store.as_store));
	while (at < TOTAL) {
		seed = seed * 1103515245 + 12345;
		size_t n = 1 + (seed >> 8) % (block < 3000 ? block : 3000);
		n = n < TOTAL - at ? n : TOTAL - at;
		assert_int_equal(f.position, at);
		if (seed >> 30 == 0) {
			assert_true(feed_skip(&f, n));
		} else {
			const uint8_t *p = feed_need(&f, n);
			assert_non_null(p);
			assert_memory_equal(p, data.p + at, n);
			store_hold(&store, f.block, p, n);
			feed_advance(&f, n);
		}
		at += n;
	}
	assert_null(feed_need(&f, 1));
	assert_int_equal(f.state, FEED_ENDED);
	assert_int_equal(feed_taken(&f), TOTAL);
	feed_close(&f);
	store_free(&store);
}

static void any_pieces(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 8; seed++) {
		go_through(4096, 100, seed);
		go_through(5000, 4096, seed);
		go_through(300 * 1024, 1 << 20, seed);
		go_through(64, 7, seed);
	}
}

/* Memory stays two blocks when nobody holds any. */
static void skips_are_flat(void **state)
{
	(void)state;
	struct pieces from = {.left = span_of(&data), .most = 5000};
	struct feed f;
	store_init(&store, 4096, 2);
	assert_true(feed_open(&f, pieces_origin(&from), &store.as_store));
	assert_non_null(feed_need(&f, 10));
	assert_true(feed_skip(&f, TOTAL - 6));
	assert_int_equal(f.position, TOTAL - 6);
	const uint8_t *p = feed_need(&f, 6);
	assert_non_null(p);
	assert_memory_equal(p, data.p + TOTAL - 6, 6);
	assert_false(feed_skip(&f, 7));
	assert_int_equal(f.position, TOTAL);
	feed_close(&f);
	store_free(&store);
}

/* What a skip throws away does not fall on bytes that somebody holds. */
static void skip_spares_frames(void **state)
{
	(void)state;
	struct pieces from = {.left = span_of(&data), .most = 1000};
	struct feed f;
	store_init(&store, 4096, STORE_BLOCKS);
	assert_true(feed_open(&f, pieces_origin(&from), &store.as_store));
	for (int i = 0; i < 20; i++) {
		const uint8_t *p = feed_need(&f, 700);
		assert_non_null(p);
		store_hold(&store, f.block, p, 700);
		feed_advance(&f, 700);
		assert_true(feed_skip(&f, 9000));
	}
	feed_close(&f);
	store_free(&store);
}

static void short_at_the_end(void **state)
{
	(void)state;
	struct feed f;
	store_init(&store, 4096, 4);
	assert_true(feed_open(&f, origin_memory((struct tf_span){data.p, 100}), &store.as_store));
	assert_null(feed_need(&f, 101));
	assert_int_equal(f.state, FEED_ENDED);
	assert_int_equal(feed_left(&f), 100);
	assert_non_null(feed_need(&f, 100));
	feed_close(&f);
	store_free(&store);
}

static void too_large(void **state)
{
	(void)state;
	struct feed f;
	store_init(&store, 4096, 4);
	assert_true(feed_open(&f, origin_memory(span_of(&data)), &store.as_store));
	assert_non_null(feed_need(&f, 4096));
	assert_null(feed_need(&f, 4097));
	assert_int_equal(f.state, FEED_TOO_LARGE);
	feed_close(&f);
	store_free(&store);
}

static void no_block(void **state)
{
	(void)state;
	struct feed f;
	store_init(&store, 4096, 0);
	assert_false(feed_open(&f, origin_memory(span_of(&data)), &store.as_store));
	assert_int_equal(f.state, FEED_NO_BLOCK);
	feed_close(&f);
	store_init(&store, 4096, 1);
	assert_true(feed_open(&f, origin_memory(span_of(&data)), &store.as_store));
	assert_non_null(feed_need(&f, 10));
	feed_advance(&f, 10);
	assert_null(feed_need(&f, 4096));
	assert_int_equal(f.state, FEED_NO_BLOCK);
	feed_close(&f);
	store_free(&store);
}

static void failing_origin(void **state)
{
	(void)state;
	unsigned closed = 0;
	struct pieces from = {{data.p, 50}, 20, 0, EIO, &closed};
	struct feed f;
	store_init(&store, 4096, 2);
	assert_true(feed_open(&f, pieces_origin(&from), &store.as_store));
	assert_null(feed_need(&f, 51));
	assert_int_equal(f.state, FEED_FAILED);
	assert_int_equal(f.cause, EIO);
	assert_non_null(feed_need(&f, 50));
	feed_close(&f);
	assert_int_equal(closed, 1);
	store_free(&store);
}

/* A pipe that somebody made non-blocking. */
static void waits_for_a_pipe(void **state)
{
	(void)state;
	int ends[2];
	struct feed f;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		for (int i = 0; i < 3; i++) {
			(void)usleep(20000);
			if (write(ends[1], data.p + 10 * i, 10) != 10)
				_exit(1);
		}
		_exit(0);
	}
	assert_int_equal(close(ends[1]), 0);
	store_init(&store, 4096, 2);
	assert_true(feed_open(&f, origin_file(ends[0]), &store.as_store));
	const uint8_t *p = feed_need(&f, 30);
	assert_non_null(p);
	assert_memory_equal(p, data.p, 30);
	assert_null(feed_need(&f, 31));
	assert_int_equal(f.state, FEED_ENDED);
	feed_close(&f);
	assert_int_equal(close(ends[0]), -1); /* it was closed with the feed */
	store_free(&store);
}

/* An error other than "not now" is told, not tried again. */
static void failing_descriptor(void **state)
{
	(void)state;
	struct feed f;
	store_init(&store, 4096, 2);
	assert_true(feed_open(&f, origin_file(open("/dev/null", O_WRONLY)), &store.as_store));
	assert_null(feed_need(&f, 1));
	assert_int_equal(f.state, FEED_FAILED);
	assert_int_equal(f.cause, EBADF);
	feed_close(&f);
	store_free(&store);
}

static unsigned asked;

static bool after_twenty(void *arg)
{
	(void)arg;
	return ++asked > 20;
}

/* What is skipped makes no frame, after which others would ask whether to go on. */
static void stops_while_it_skips(void **state)
{
	(void)state;
	struct feed f;
	store_init(&store, 4096, 2);
	store.as_store.stopped = after_twenty;
	assert_true(feed_open(&f, origin_file(open("/dev/zero", O_RDONLY)), &store.as_store));
	give_up_after(20); /* the test hangs no longer than that */
	assert_false(feed_skip(&f, UINT64_MAX));
	(void)alarm(0);
	assert_int_equal(f.state, FEED_ENDED);
	assert_int_equal(asked, 21);
	feed_close(&f);
	store_free(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(any_pieces),         cmocka_unit_test(skips_are_flat),
	        cmocka_unit_test(skip_spares_frames), cmocka_unit_test(short_at_the_end),
	        cmocka_unit_test(too_large),          cmocka_unit_test(no_block),
	        cmocka_unit_test(failing_origin),     cmocka_unit_test(waits_for_a_pipe),
	        cmocka_unit_test(failing_descriptor), cmocka_unit_test(stops_while_it_skips),
	};
	return cmocka_run_group_tests_name("capture/feed", tests, set_up, tear_down);
}
