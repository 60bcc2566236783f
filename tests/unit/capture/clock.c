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

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(all_cases),
	                                   cmocka_unit_test(monotonic)};
	return cmocka_run_group_tests_name("capture/clock", tests, NULL, NULL);
}
