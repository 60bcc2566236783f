/* SPDX-License-Identifier: BSD-3-Clause */
/* One's complement sums against a sum made word by word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/sum.h"

/* As RFC 1071 says it, most significant byte first, carries put back at once -> in the
   machine's byte order */
static uint16_t naive(const uint8_t *p, size_t n)
{
	uint32_t s = 0;
	for (size_t i = 0; i < n; i += 2) {
		s += (uint32_t)p[i] << 8 | (i + 1 < n ? p[i + 1] : 0U);
		s = (s & 0xffff) + (s >> 16);
	}
	const uint8_t wire[2] = {(uint8_t)(s >> 8), (uint8_t)s};
	return sum_field(wire);
}

/* By all instructions that this processor has, and by those that all have. */
static void check(const uint8_t *p, size_t n)
{
	uint16_t wanted = naive(p, n);
	assert_int_equal(sum_bytes(p, n), wanted);
	assert_int_equal(sum_fold(sum_words_plain(p, n)), wanted);
}

static void fill(uint8_t *p, size_t n, unsigned kind)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(kind == 0 ? 0 : kind == 1 ? 0xff : rand());
}

/* Every length that ends anywhere in a step, at every place in it. The bytes end where
   their allocation does, so that a sanitizer sees every read beyond. */
static void lengths(void **state)
{
	(void)state;
	for (size_t n = 0; n <= 200; n++) {
		for (size_t at = 1; at <= 64; at++) {
			uint8_t *p = malloc(at + n);
			assert_non_null(p);
			for (unsigned kind = 0; kind < 3; kind++) {
				fill(p, at + n, kind);
				check(p + at, n);
			}
			free(p);
		}
	}
}

/* Lanes whose sums carry, up to what no accumulator of 32 bits could hold. */
static void long_ones(void **state)
{
	(void)state;
	static uint8_t bytes[(1 << 20) + 3];
	for (unsigned kind = 0; kind < 3; kind++) {
		fill(bytes, sizeof bytes, kind);
		for (size_t n = sizeof bytes - 40; n <= sizeof bytes; n++)
			check(bytes, n);
	}
}

static void random_ones(void **state)
{
	(void)state;
	static uint8_t bytes[9000];
	for (int i = 0; i < 2000; i++) {
		size_t at = (size_t)rand() % 64, n = (size_t)rand() % (sizeof bytes - 64);
		fill(bytes, 64 + n, 2);
		check(bytes + at, n);
	}
}

/* RFC 1071, 3: the example. */
static void example(void **state)
{
	(void)state;
	static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	static const uint8_t sum[] = {0xdd, 0xf2};
	assert_int_equal(sum_bytes(bytes, sizeof bytes), sum_field(sum));
}

static void folds(void **state)
{
	(void)state;
	assert_int_equal(sum_fold(0), 0);
	assert_int_equal(sum_fold(0xffff), 0xffff);
	assert_int_equal(sum_fold(0x10000), 1);
	assert_int_equal(sum_fold(UINT32_MAX), 0xffff);
	assert_int_equal(sum_fold(UINT64_MAX), 0xffff);
	assert_int_equal(sum_fold(UINT64_MAX - 1), 0xfffe);
	assert_int_equal(sum_add(UINT64_MAX, 1), 1);
	assert_int_equal(sum_add(UINT64_MAX, UINT64_MAX), UINT64_MAX);
	for (unsigned v = 0; v < 0x10000; v++) /* what is taken away again is as if it never was */
		assert_int_equal(sum_fold(UINT64_C(0x1234) + v + sum_negative((uint16_t)v)),
		                 0x1234);
}

/* Sums that fold to 0xffff, of all sizes, and what lies next to them. */
static void ones(void **state)
{
	(void)state;
	assert_false(sum_is_ones(0));
	for (uint64_t s = 0xffff; s < UINT64_MAX / 3; s = s * 3 / 0xffff * 0xffff) {
		assert_true(sum_is_ones(s));
		assert_int_equal(sum_fold(s), 0xffff);
		assert_int_equal(sum_fold(s + 1), 1);
		assert_int_equal(sum_fold(s - 1), 0xfffe);
		assert_false(sum_is_ones(s + 1) || sum_is_ones(s - 1));
	}
	for (int i = 0; i < 100000; i++) {
		uint64_t s = (uint64_t)rand() << 33 ^ (uint64_t)rand() << 11 ^ (uint64_t)rand();
		assert_int_equal(sum_fold(s), s % 0xffff == 0 && s > 0 ? 0xffff : s % 0xffff);
		assert_int_equal(sum_is_ones(s), sum_fold(s) == 0xffff);
	}
	assert_true(sum_is_ones(UINT32_MAX) && sum_is_ones(UINT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(lengths),     cmocka_unit_test(long_ones),
	        cmocka_unit_test(random_ones), cmocka_unit_test(example),
	        cmocka_unit_test(folds),       cmocka_unit_test(ones),
	};
	srand(1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
