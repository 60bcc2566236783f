/* SPDX-License-Identifier: BSD-3-Clause */
/* What every system gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/system.h"

static void times(void **state)
{
	(void)state;
	static const struct {
		int64_t ns, sec;
		long rest;
	} rows[] = {
	        {0, 0, 0},
	        {1, 0, 1},
	        {-1, -1, 999999999},
	        {-1000000000, -1, 0},
	        {-1000000001, -2, 999999999},
	        {1234567890123456789, 1234567890, 123456789},
	        {INT64_MAX, 9223372036, 854775807},
	        {INT64_MIN, -9223372037, 145224192},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t want = rows[i].sec;
		if (sizeof(time_t) < sizeof(int64_t)) /* until 2038, and no further */
			want = want > INT32_MAX ? INT32_MAX : want < -INT32_MAX ? -INT32_MAX : want;
		struct timespec t = system_time(rows[i].ns);
		assert_int_equal(t.tv_sec, want);
		assert_int_equal(t.tv_nsec, rows[i].rest);
	}
}

static void randoms(void **state)
{
	(void)state;
	char a[256] = {0}, b[256] = {0};
	assert_true(system_random(a, sizeof a) && system_random(b, sizeof b));
	assert_memory_not_equal(a, b, sizeof a);
	assert_memory_not_equal(a + 240, b + 240, 16);
}

static void pipes(void **state)
{
	(void)state;
	int ends[2];
	char back[3];
	assert_true(system_pipe(ends));
	for (int i = 0; i < 2; i++)
		assert_int_equal(fcntl(ends[i], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(write(ends[1], "abc", 3), 3);
	assert_int_equal(read(ends[0], back, 3), 3);
	assert_memory_equal(back, "abc", 3);
	(void)close(ends[0]);
	(void)close(ends[1]);
	assert_true(system_cores() >= 1);
}

static void descriptors(void **state)
{
	(void)state;
	assert_int_equal(system_descriptor("/dev/stdin"), 0);
	assert_int_equal(system_descriptor("/dev/stdout"), 1);
	assert_int_equal(system_descriptor("/dev/stderr"), 2);
	assert_int_equal(system_descriptor("/dev/fd/63"), 63);
	assert_int_equal(system_descriptor("/proc/self/fd/7"), 7);
	assert_int_equal(system_descriptor("/dev/fd/"), -1);
	assert_int_equal(system_descriptor("/dev/fd/x"), -1);
	assert_int_equal(system_descriptor("/dev/fd/1x"), -1);
	assert_int_equal(system_descriptor("/dev/fd/99999999999999"), -1);
	assert_int_equal(system_descriptor("dev/fd/1"), -1);
	assert_int_equal(system_descriptor("/dev/null"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(times), cmocka_unit_test(randoms),
	                                   cmocka_unit_test(pipes), cmocka_unit_test(descriptors)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
