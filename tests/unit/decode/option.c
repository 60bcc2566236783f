/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP's options: the usual ones, in any order, cut anywhere, and nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decode/option.h"

static struct tcp_options read_options(const void *bytes, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1); /* so that a sanitizer sees what is read beyond */
	assert_non_null(copy);
	memcpy(copy, bytes, n);
	struct tcp_options o = tcp_options_read((struct tf_span){copy, n});
	free(copy);
	return o;
}

static void usual(void **state)
{
	(void)state;
	static const uint8_t stamps[] = {1, 1, 8, 10, 0x12, 0x34, 0x56, 0x78, 9, 9, 9, 9};
	struct tcp_options o = read_options(stamps, sizeof stamps);
	assert_true(o.has_stamp && !o.has_scale && !o.is_signed);
	assert_int_equal(o.stamp, 0x12345678);
	o = read_options(stamps, 0);
	assert_false(o.has_stamp || o.has_scale || o.is_signed);
}

/* Linux' SYN: MSS, SACK permitted, timestamps, NOP, window scale. */
static const uint8_t syn[] = {2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 1, 2, 0, 0, 0, 0, 1, 3, 3, 7};

static void all_of_a_syn(void **state)
{
	(void)state;
	struct tcp_options o = read_options(syn, sizeof syn);
	assert_true(o.has_stamp && o.has_scale && !o.is_signed);
	assert_int_equal(o.stamp, 258);
	assert_int_equal(o.scale, 7);
}

static void cut(void **state)
{
	(void)state;
	for (size_t n = 0; n <= sizeof syn; n++) {
		struct tcp_options o = read_options(syn, n);
		assert_int_equal(o.has_stamp, n >= 16);
		assert_int_equal(o.has_scale, n >= 20);
	}
}

/* What follows a length that cannot be, or the end, is not looked at; what has another length
   than its kind is left out. */
static void nonsense(void **state)
{
	(void)state;
	static const struct {
		uint8_t bytes[12];
		bool has_scale;
	} rows[] = {
	        {{3, 3, 2, 0}, true},
	        {{0, 3, 3, 2}, false},        /* behind the end */
	        {{9, 0, 3, 3, 2, 0}, false},  /* a length of 0, */
	        {{9, 1, 3, 3, 2, 0}, false},  /* of 1, */
	        {{9, 40, 3, 3, 2, 0}, false}, /* beyond the header */
	        {{9, 2, 3, 3, 2, 0}, true},
	        {{3, 4, 2, 2, 0}, false},
	        {{8, 4, 2, 2, 3, 3, 2, 0}, true},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct tcp_options o = read_options(rows[i].bytes, sizeof rows[i].bytes);
		assert_int_equal(o.has_scale, rows[i].has_scale);
		assert_false(o.has_stamp);
	}
}

/* RFC 7323, 2.3: more than 14 counts as 14. */
static void scales(void **state)
{
	(void)state;
	for (unsigned v = 0; v < 256; v++) {
		uint8_t option[] = {3, 3, (uint8_t)v, 0};
		assert_int_equal(read_options(option, sizeof option).scale, v < 14 ? v : 14);
	}
}

static void signatures(void **state)
{
	(void)state;
	uint8_t md5[20] = {1, 1, 19, 18}, other[16] = {29, 16}; /* TCP-AO: no rule of Linux */
	assert_true(read_options(md5, sizeof md5).is_signed);
	assert_false(read_options(other, sizeof other).is_signed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(usual),  cmocka_unit_test(all_of_a_syn),
	        cmocka_unit_test(cut),    cmocka_unit_test(nonsense),
	        cmocka_unit_test(scales), cmocka_unit_test(signatures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
