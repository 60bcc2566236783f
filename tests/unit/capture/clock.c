/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
	uint8_t resolution;
	int64_t seconds;
	uint64_t ticks;
	int64_t ns;
} cases[] = {
        {6, 0, 1234567, 1234567000},
        {0, 0, 5, 5000000000},
        {9, 0, 77, 77},
        {9, 2, 77, 2000000077},
        {9, -2, 77, -1999999923},
        {12, 0, 123456789012, 123456789},
        {28, 0, UINT64_MAX, 1}, /* 1.8e-9 seconds */
        {29, 0, UINT64_MAX, 0},
        {127, 0, UINT64_MAX, 0},
        {127, 1, UINT64_MAX, 1000000000},
        {0x80 | 0, 0, 5, 5000000000},
        {0x80 | 1, 0, 5, 2500000000},
        {0x80 | 30, 0, (3ULL << 30) + (1ULL << 29), 3500000000},
        {0x80 | 63, 0, 3ULL << 62, 1500000000},
        {0x80 | 64, 0, 1ULL << 63, 500000000},
        {0x80 | 127, 0, UINT64_MAX, 0},
        {9, 0, INT64_MAX, INT64_MAX},
        {9, 0, UINT64_MAX, INT64_MAX}, /* held at the ends */
        {0, 0, UINT64_MAX, INT64_MAX},
        {0x80, 0, UINT64_MAX, INT64_MAX},
        {6, INT64_MAX, UINT64_MAX, INT64_MAX},
        {6, INT64_MIN, 0, INT64_MIN},
        {6, INT64_MIN, UINT64_MAX, INT64_MIN},
        {9, -9223372036, 0, -9223372036000000000},
        {9, -1, UINT64_MAX, INT64_MAX},
        {9, -9223372037, 145224192, INT64_MIN},
        {9, -9223372037, 145224191, INT64_MIN},
        {9, -9223372037, 145224193, INT64_MIN + 1},
};

static void all_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct clock c = clock_of(cases[i].resolution);
		c.seconds = cases[i].seconds;
		assert_int_equal(clock_ns(&c, cases[i].ticks), cases[i].ns);
	}
}

/* Time goes forwards on every clock. */
static void monotonic(void **state)
{
	(void)state;
	for (unsigned r = 0; r < 256; r++) {
		struct clock c = clock_of((uint8_t)r);
		int64_t before = clock_ns(&c, 0);
		assert_int_equal(before, 0);
		for (unsigned bit = 0; bit < 64; bit++) {
			int64_t now = clock_ns(&c, 1ULL << bit);
			assert_true(now >= before);
			before = now;
		}
	}
}

/* Any clock at any time says what wider numbers say, where there are some. */
static void as_wide(void **state)
{
	(void)state;
#ifdef __SIZEOF_INT128__
	__extension__ typedef __int128 wide;
	__extension__ typedef unsigned __int128 uwide;
	uint64_t x = 88172645463325252;
	for (int i = 0; i < 1000000; i++) {
		struct clock c = clock_of((uint8_t)i);
		uint64_t v[2];
		for (int k = 0; k < 2; k++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			v[k] = x >> (x >> 7) % 64;
		}
		c.seconds = (int64_t)v[0] * (i & 0x100 ? -1 : 1) / (i & 0x200 ? 2000000000 : 1);
		wide ns = (wide)((uwide)(v[1] / c.div) * c.mul >> c.shift) +
		          (wide)c.seconds * 1000000000;
		int64_t want = ns > INT64_MAX   ? INT64_MAX
		               : ns < INT64_MIN ? INT64_MIN
		                                : (int64_t)ns;
		assert_int_equal(clock_ns(&c, v[1]), want);
	}
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(all_cases), cmocka_unit_test(monotonic),
	                                   cmocka_unit_test(as_wide)};
	return cmocka_run_group_tests_name("capture/clock", tests, NULL, NULL);
}
