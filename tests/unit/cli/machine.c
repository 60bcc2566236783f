/* SPDX-License-Identifier: BSD-3-Clause */
/* What the machine gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/machine.h"

static void files(void **state)
{
	static const struct {
		uint64_t limit, files;
	} rows[] = {
	        {0, 1},
	        {1, 1},
	        {8, 1},
	        {9, 1},
	        {12, 4},
	        {16, 8},
	        {20, 10},
	        {63, 32},
	        {64, 32},
	        {65, 33},
	        {1024, 992},
	        {1048576, 1048544},
	        {UINT64_MAX, UINT64_MAX - 32},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_true(machine_files(rows[i].limit) == rows[i].files);
}

static void facts(void **state)
{
	uint64_t a = 0, b = 0;
	struct tf_error err;
	(void)state;
	assert_in_range(machine_cores(), 1, MACHINE_CORES_MAX);
	assert_true(machine_seed(&a, &err) && machine_seed(&b, &err));
	assert_true(a != b);
	int64_t then = machine_now_ns();
	assert_true(then > 0 && machine_now_ns() >= then);
	assert_true(machine_raise_descriptors() >= 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(files), cmocka_unit_test(facts)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
