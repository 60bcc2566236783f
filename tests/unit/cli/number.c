/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers as typed and as told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/number.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t n;
	} good[] = {
	        {"0", 0},
	        {"1", 1},
	        {"007", 7},
	        {"4096", 4096},
	        {"1K", 1024},
	        {"64k", 65536},
	        {"16M", 16777216},
	        {"3m", 3145728},
	        {"2G", 2147483648},
	        {"5g", 5368709120},
	        {"0G", 0},
	        {"18446744073709551615", UINT64_MAX},
	        {"18446744073709551616", UINT64_MAX},
	        {"99999999999999999999999999", UINT64_MAX},
	        {"17179869183G", UINT64_MAX - 1073741823},
	        {"17179869184G", UINT64_MAX},
	        {"18014398509481984K", UINT64_MAX},
	};
	static const char *const bad[] = {"",   "x5",  "5x",  "-1",  "+1",      " 1",
	                                  "1 ", "K",   "1KK", "1.5", "0x10",    "1KB",
	                                  "1T", "1e3", "M1",  "1-",  "\xd9\xa1"};
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		uint64_t n = 42;
		if (!number_parse(good[i].text, &n) || n != good[i].n)
			fail_msg("%s is %ju", good[i].text, (uintmax_t)n);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		uint64_t n = 42;
		if (number_parse(bad[i], &n) || n != 42)
			fail_msg("'%s' is %ju", bad[i], (uintmax_t)n);
	}
}

static void plain(void **state)
{
	char to[NUMBER_TEXT];
	(void)state;
	assert_string_equal(number_plain(0, to), "0");
	assert_string_equal(number_plain(999, to), "999");
	assert_string_equal(number_plain(1000, to), "1,000");
	assert_string_equal(number_plain(12345, to), "12,345");
	assert_string_equal(number_plain(123456, to), "123,456");
	assert_string_equal(number_plain(1000123, to), "1,000,123");
	assert_string_equal(number_plain(UINT64_MAX, to), "18,446,744,073,709,551,615");
}

static void bytes(void **state)
{
	static const struct {
		uint64_t n;
		const char *text;
	} rows[] = {
	        {0, "0 bytes"},
	        {1, "1 byte"},
	        {999, "999 bytes"},
	        {1000, "1.0 kB"},
	        {1049, "1.0 kB"},
	        {1050, "1.1 kB"},
	        {9949, "9.9 kB"},
	        {9950, "10 kB"},
	        {10499, "10 kB"},
	        {10500, "11 kB"},
	        {999499, "999 kB"},
	        {999500, "1.0 MB"},
	        {1234567, "1.2 MB"},
	        {120000000, "120 MB"},
	        {1500000000, "1.5 GB"},
	        {7000000000000, "7.0 TB"},
	        {UINT64_MAX, "18 EB"},
	        {999499999999999999, "999 PB"},
	        {999500000000000000, "1.0 EB"},
	};
	char to[NUMBER_TEXT];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(number_bytes(rows[i].n, to), rows[i].text);
}

static void times(void **state)
{
	const int64_t s = 1000000000;
	char to[NUMBER_TEXT];
	(void)state;
	assert_string_equal(number_seconds(-1, to), "0.00 s");
	assert_string_equal(number_seconds(s / 100, to), "0.01 s");
	assert_string_equal(number_seconds(12 * s + s / 2, to), "12.5 s");
	assert_string_equal(number_seconds(125 * s, to), "2 min 05 s");
	assert_string_equal(number_seconds(3600 * s + 125 * s, to), "1 h 02 min");
	assert_string_equal(number_clock(0, to), "0:00");
	assert_string_equal(number_clock(-5 * s, to), "0:00");
	assert_string_equal(number_clock(3 * s, to), "0:03");
	assert_string_equal(number_clock(754 * s, to), "12:34");
	assert_string_equal(number_clock(3723 * s, to), "1:02:03");
	assert_true(strlen(number_seconds(INT64_MAX, to)) < NUMBER_TEXT);
}

static void rates(void **state)
{
	(void)state;
	assert_int_equal(number_rate(1000, 500000000), 2000);
	assert_int_equal(number_rate(0, 500000000), 0);
	assert_int_equal(number_rate(1000, 0), 0);
	assert_int_equal(number_rate(1000, -7), 0);
	assert_int_equal(number_rate(UINT64_MAX, 1000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(sizes), cmocka_unit_test(plain), cmocka_unit_test(bytes),
	        cmocka_unit_test(times), cmocka_unit_test(rates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
