/* SPDX-License-Identifier: BSD-3-Clause */
/* Paths with letters of the time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "engine/stamp.h"

#define SECOND INT64_C(1000000000)

static void roots(void **state)
{
	(void)state;
	static const struct {
		const char *path, *root;
	} rows[] = {
	        {"%Y", ""},         {"flows/%Y", "flows"},       {"flows-%H", ""},
	        {"/%Y", ""},        {"/var/a%m/b/%d", "/var"},   {"a//%Y", "a"},
	        {"all.pcapng", ""}, {"/var/all.pcapng", "/var"}, {"/all", ""},
	        {"x/y-%s/z", "x"},  {"a/b/c.pcapng", "a/b"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t n = strlen(rows[i].root);
		assert_int_equal(stamp_root(rows[i].path), n);
		assert_memory_equal(rows[i].path, rows[i].root, n);
	}
	assert_true(stamp_has("a/%Y"));
	assert_false(stamp_has("a/Y"));
}

static void checked(void **state)
{
	(void)state;
	static const char *const good[] = {"%Y%y%m%d%H%M%S%j%F%s%%", "%Y-%m-%d/%H", "...", "a.b"};
	static const char *const bad[] = {"",      "%",     "%Y%",    "%Q",  "%n",          "a//b",
	                                  "../%Y", "%Y/..", "%Y/./a", "%Y/", "%Y/../../etc"};
	static char long_one[300];
	struct tf_error err;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(stamp_check(good[i], &err));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_false(stamp_check(bad[i], &err));
		assert_int_equal(err.status, TF_USAGE);
	}
	memset(long_one, 'a', sizeof long_one - 1);
	assert_false(stamp_check(long_one, &err));
	assert_false(stamp_check("x%", &err));
	assert_non_null(strstr(err.text, "which is none of"));
}

/* What is accepted has room when it is written, whatever its letters become. */
static void accepted_fits(void **state)
{
	(void)state;
	static const char letters[] = "YymdHMSjFs";
	char form[2 * STAMP_ROOM] = "", to[STAMP_ROOM];
	struct tf_error err;
	for (size_t i = 0; letters[i] != '\0'; i++) {
		size_t n = 0;
		do {
			form[n++] = '%';
			form[n++] = letters[i];
			form[n] = '\0';
			if (!stamp_check(form, &err))
				break;
			stamp_write(form, INT64_MIN, 99999, true, to);
			stamp_write(form, INT64_MAX, 99999, false, to);
		} while (n + 3 < sizeof form);
		assert_in_range(n, 30, 200);
	}
}

static void written(void **state)
{
	(void)state;
	static const struct {
		const char *form;
		int64_t ts_ns;
		unsigned number;
		bool inside;
		const char *is;
	} rows[] = {
	        {"%Y-%m-%d/%H%M%S", 1700000000 * SECOND, 0, false, "2023-11-14/221320"},
	        {"%F_%j_%y_%s_%%", 1700000000 * SECOND + 999999999, 0, false,
	         "2023-11-14_318_23_1700000000_%"},
	        {"%F", 1700000000 * SECOND, 3, false, "2023-11-14.3"},
	        {"%s", -1, 0, false, "-1"},
	        {"%Y", -1, 0, false, "1969"},
	        {"all.pcapng", 0, 0, true, "all.pcapng"},
	        {"all.pcapng", 0, 2, true, "all.2.pcapng"},
	        {"a.b/all", 0, 2, true, "a.b/all.2"},
	        {"a.b/.all", 0, 2, true, "a.b/.all.2"},
	        {"%H.%M", 0, 1, true, "00.1.00"},
	        {"%Y", INT64_MAX, 0, false, "2262"},
	        {"%Y", INT64_MIN, 0, false, "1677"},
	};
	char to[STAMP_ROOM];
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		stamp_write(rows[i].form, rows[i].ts_ns, rows[i].number, rows[i].inside, to);
		assert_string_equal(to, rows[i].is);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(roots), cmocka_unit_test(checked),
	                                   cmocka_unit_test(accepted_fits),
	                                   cmocka_unit_test(written)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
