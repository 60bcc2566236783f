/* SPDX-License-Identifier: BSD-3-Clause */
/* When a period of packet time begins, whatever times frames bear. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/tick.h"
#include "flow/idle.h"

#define SECOND INT64_C(1000000000)
#define BASE   (1700000000 * SECOND)

static struct ticker t;

/* -> how many periods of a second have gone by at the tick that comes before this frame, since
   BASE; -1: none comes */
static int64_t frame(int64_t after_ns)
{
	static uint64_t base;
	if (!ticker_frame(&t, BASE + after_ns))
		return -1;
	if (after_ns == 0)
		base = t.period;
	return (int64_t)(t.period - base);
}

static void periods(void **state)
{
	(void)state;
	assert_int_equal(idle_period(80 * SECOND), 10 * SECOND);
	assert_int_equal(idle_period(8 * SECOND), SECOND);
	assert_int_equal(idle_period(1), SECOND);
	ticker_init(&t, 5 * SECOND);
	assert_int_equal(frame(0), 0);
	assert_int_equal(frame(SECOND - 1), -1);
	assert_int_equal(frame(SECOND), 1);
	assert_int_equal(frame(SECOND), -1);
	assert_int_equal(frame(SECOND / 2), -1); /* steps back */
	assert_int_equal(frame(2 * SECOND - 1), -1);
	assert_int_equal(frame(5 * SECOND), 5);
}

static void nobody_asks(void **state)
{
	(void)state;
	ticker_init(&t, 0);
	assert_int_equal(frame(0), -1);
	assert_int_equal(frame(1000 * SECOND), -1);
}

/* One that stands alone far ahead is not believed; the earlier of two is. */
static void far_ahead(void **state)
{
	(void)state;
	ticker_init(&t, 5 * SECOND);
	assert_int_equal(frame(0), 0);
	assert_int_equal(frame(1000000 * SECOND), -1);
	assert_int_equal(frame(SECOND), 1);
	assert_int_equal(frame(1000000 * SECOND), -1);
	assert_int_equal(frame(SECOND), -1); /* not later: what was in doubt was wrong */
	assert_int_equal(frame(2000000 * SECOND), -1);
	assert_int_equal(frame(100 * SECOND), 100);
	assert_int_equal(frame(105 * SECOND), 105);
	assert_int_equal(frame(200 * SECOND), -1);
	assert_int_equal(frame(201 * SECOND), 200);
	assert_int_equal(frame(202 * SECOND), 202);
}

/* As far apart as can be. */
static void extremes(void **state)
{
	(void)state;
	static const int64_t idle[] = {1, SECOND, 60 * SECOND, INT64_MAX};
	for (size_t i = 0; i < sizeof idle / sizeof *idle; i++) {
		ticker_init(&t, idle[i]);
		(void)ticker_frame(&t, INT64_MIN);
		(void)ticker_frame(&t, INT64_MAX);
		(void)ticker_frame(&t, INT64_MAX - 1);
		assert_int_equal(t.latest_ns, INT64_MAX - 1);
		assert_false(ticker_frame(&t, INT64_MIN));
		assert_false(ticker_frame(&t, 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(periods),
	        cmocka_unit_test(nobody_asks),
	        cmocka_unit_test(far_ahead),
	        cmocka_unit_test(extremes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
