/* SPDX-License-Identifier: BSD-3-Clause */
/* Pages of another size hold the same, from wherever to wherever they are wanted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/pages.h"

enum { SIZE = 9 << 20, STEP = 1000 };

static uint8_t at(size_t i)
{
	return (uint8_t)(i * 7 + i / 4096);
}

static void hold_the_same(void **state)
{
	(void)state;
	uint8_t *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	for (size_t i = 0; i < SIZE - STEP; i += STEP)
		p[i] = at(i);
	pages_join(p + 64, SIZE - 128);
	pages_join(p + 64, 100); /* less than a page */
	for (size_t i = 0; i < SIZE - STEP; i++)
		assert_int_equal(p[i], i % STEP == 0 ? at(i) : 0);
	assert_int_equal(munmap(p, SIZE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(hold_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
