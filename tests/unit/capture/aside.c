/* SPDX-License-Identifier: BSD-3-Clause */
/* What is written aside is read back by our own reader, bit for bit. */
#include "bytes.h"
#include "store.h"

#include "capture/aside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

static char path[] = "/tmp/aside.XXXXXX";
static struct store store;

static int set_up(void **state)
{
	(void)state;
	store_init(&store, 600 * 1024, 8);
	int fd = mkstemp(path);
	return fd >= 0 && write(fd, "old", 3) == 3 && close(fd) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	store_free(&store);
	return unlink(path);
}

/* Frame i: any length, link type and time. */
static struct tf_frame frame(const uint8_t *bytes, uint32_t i)
{
	static const uint32_t lengths[] = {0, 1, 2, 3, 4, 1500, 65535, 65536, 262144};
	uint32_t n = lengths[i % 9];
	return (struct tf_frame){
	        .bytes = bytes + i,
	        .captured = n,
	        .length = n + i,
	        .ts_ns = i == 0 ? INT64_MAX : (int64_t)i * 1234567891011,
	        .link_type = i * i * 7 % 65536,
	};
}

enum { FRAMES = 100 };

static void there_and_back(void **state)
{
	struct bytes b = {0};
	struct tf_error err;
	struct tf_frame f;
	char comment[1300];
	(void)state;
	put_pattern(&b, 3, 262144 + FRAMES);
	memset(comment, 'x', sizeof comment);
	struct aside *a = aside_open(path, &err);
	assert_non_null(a);
	for (uint32_t i = 0; i < FRAMES; i++) {
		f = frame(b.p, i);
		comment[i * 12] = '\0';
		assert_true(aside_write(a, &f, comment));
		comment[i * 12] = 'x';
	}
	f = frame(b.p, 1);
	f.ts_ns = -5; /* before 1970 */
	assert_true(aside_write(a, &f, "x"));
	assert_true(aside_close(a, &err));

	struct source *s = source_open(path, 0, &store.as_store, &err);
	assert_non_null(s);
	for (uint32_t i = 0; i < FRAMES; i++) {
		struct tf_frame want = frame(b.p, i);
		assert_int_equal(source_next(s, &f, &err), SOURCE_FRAME);
		assert_int_equal(f.captured, want.captured);
		assert_int_equal(f.length, want.length);
		assert_int_equal(f.ts_ns, want.ts_ns);
		assert_int_equal(f.link_type, want.link_type);
		if (f.captured > 0)
			assert_memory_equal(f.bytes, want.bytes, f.captured);
	}
	assert_int_equal(source_next(s, &f, &err), SOURCE_FRAME);
	assert_int_equal(f.ts_ns, 0);
	assert_int_equal(source_next(s, &f, &err), SOURCE_END);
	assert_int_equal(source_notes(s)->comments, FRAMES + 1);
	source_close(s);
	free(b.p);
}

static void no_room(void **state)
{
	struct tf_error err;
	struct tf_frame f = {.bytes = (const uint8_t *)"x", .captured = 1, .length = 1};
	bool ok = true;
	(void)state;
	struct aside *a = aside_open("/dev/full", &err);
	assert_non_null(a);
	for (int i = 0; i < 10000; i++)
		ok = aside_write(a, &f, "why") && ok;
	assert_false(ok);
	assert_false(aside_close(a, &err));
	assert_int_equal(err.status, TF_OUTPUT);
	assert_string_equal(err.text, "cannot write to /dev/full: No space left on device");
	/* A little waits for the end, and fails there. */
	a = aside_open("/dev/full", &err);
	assert_true(aside_write(a, &f, "why"));
	assert_false(aside_close(a, NULL));
	assert_null(aside_open("/nonexistent/x", &err));
	assert_string_equal(err.text, "cannot write to /nonexistent/x: No such file or directory");
	assert_true(aside_close(NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(there_and_back),
	        cmocka_unit_test(no_room),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
