/* SPDX-License-Identifier: BSD-3-Clause */
/* The cursor: never past the end, and it remembers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cursor.h"

static const uint8_t bytes[] = {0x01, 0x82, 0x03, 0x84, 0x05, 0xf6, 0x07};

static struct cursor over(size_t n)
{
	return cursor_over((struct tf_span){bytes, n});
}

static void reads(void **state)
{
	(void)state;
	struct cursor c = over(7);
	assert_int_equal(cursor_peek(&c, 1), 0x82);
	assert_int_equal(cursor_u8(&c), 0x01);
	assert_int_equal(cursor_u16(&c), 0x8203);
	assert_int_equal(cursor_u32(&c), 0x8405f607);
	assert_int_equal(c.n, 0);
	assert_false(c.bad);
}

/* All that is read behind the end is 0, and nothing is read again. */
static void past_the_end(void **state)
{
	(void)state;
	for (size_t n = 0; n < 4; n++) {
		struct cursor c = over(n);
		assert_int_equal(cursor_u32(&c), 0);
		assert_true(c.bad);
		assert_int_equal(c.n, 0);
		assert_ptr_equal(c.p, bytes + n);
		assert_int_equal(cursor_u8(&c), 0);
		assert_int_equal(cursor_u16(&c), 0);
		assert_null(cursor_take(&c, 1));
		assert_non_null(cursor_take(&c, 0)); /* nothing fits, but it stays bad */
		assert_true(c.bad);
	}
	struct cursor c = over(1);
	assert_int_equal(cursor_u16(&c), 0);
	assert_true(c.bad);
}

static void takes_and_skips(void **state)
{
	(void)state;
	struct cursor c = over(7);
	assert_ptr_equal(cursor_take(&c, 2), bytes);
	cursor_skip(&c, 5);
	assert_false(c.bad);
	cursor_skip(&c, 0);
	assert_false(c.bad);
	cursor_skip(&c, 1);
	assert_true(c.bad);
	c = over(7);
	assert_null(cursor_take(&c, SIZE_MAX));
	assert_true(c.bad);
	assert_int_equal(c.n, 0);
}

static void clips(void **state)
{
	(void)state;
	struct cursor c = over(7);
	cursor_clip(&c, 8);
	assert_int_equal(c.n, 7);
	cursor_clip(&c, 2);
	assert_int_equal(c.n, 2);
	assert_int_equal(cursor_u16(&c), 0x0182);
	assert_int_equal(cursor_u8(&c), 0);
	assert_true(c.bad);
}

/* Bytes behind the span are not touched: they are not there. */
static void peeks(void **state)
{
	(void)state;
	uint8_t *own = malloc(2);
	assert_non_null(own);
	memcpy(own, "ab", 2);
	struct cursor c = cursor_over((struct tf_span){own, 2});
	assert_int_equal(cursor_peek(&c, 0), 'a');
	assert_int_equal(cursor_peek(&c, 1), 'b');
	assert_int_equal(cursor_peek(&c, 2), 0);
	assert_int_equal(cursor_peek(&c, SIZE_MAX), 0);
	assert_int_equal(c.n, 2);
	assert_false(c.bad);
	assert_int_equal(cursor_u32(&c), 0);
	free(own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads),           cmocka_unit_test(past_the_end),
	        cmocka_unit_test(takes_and_skips), cmocka_unit_test(clips),
	        cmocka_unit_test(peeks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
