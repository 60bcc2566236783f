/* SPDX-License-Identifier: BSD-3-Clause */
/* Sentences about failures. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"

static void says(void **state)
{
	(void)state;
	struct tf_error err;
	memset(&err, 0xff, sizeof err);
	assert_false(error_set(&err, TF_DAMAGED, "%s at byte %d", "cut", 7));
	assert_int_equal(err.status, TF_DAMAGED);
	assert_string_equal(err.text, "cut at byte 7");
	errno = ENOSPC;
	assert_false(error_sys(&err, TF_OUTPUT, "cannot write %s", "x"));
	assert_int_equal(err.status, TF_OUTPUT);
	assert_string_equal(err.text, "cannot write x: No space left on device");
}

static void nobody_listens(void **state)
{
	(void)state;
	errno = ENOENT;
	assert_false(error_set(NULL, TF_USAGE, "%s", "x"));
	assert_false(error_sys(NULL, TF_USAGE, "%s", "x"));
}

/* File names come from strangers. */
static void disarms(void **state)
{
	(void)state;
	struct tf_error err;
	(void)error_set(&err, TF_USAGE, "a%sb", "\x1b[31m\n\r\t\x7f\x01");
	assert_string_equal(err.text, "a?[31m?????b");
	errno = ENOENT;
	(void)error_sys(&err, TF_USAGE, "a%sb", "\n\x1b");
	assert_string_equal(err.text, "a??b: No such file or directory");
}

/* A long name is cut; the reason behind it is not. */
static void long_names(void **state)
{
	(void)state;
	struct tf_error err;
	char name[2 * sizeof err.text];
	memset(name, 'n', sizeof name);
	name[sizeof name - 1] = '\0';
	(void)error_set(&err, TF_USAGE, "%s", name);
	assert_int_equal(strlen(err.text), sizeof err.text - 1);
	errno = EACCES;
	(void)error_sys(&err, TF_USAGE, "cannot open %s", name);
	assert_true(strlen(err.text) < sizeof err.text);
	assert_non_null(strstr(err.text, "n: Permission denied"));
}

/* What must hold is checked in every build. */
static void dies(void **state)
{
	(void)state;
	int out[2];
	assert_int_equal(pipe(out), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)signal(SIGABRT, SIG_DFL);
		(void)dup2(out[1], STDERR_FILENO);
		MUST(1 + 1 == 2);
		MUST(1 + 1 == 3);
		_exit(0);
	}
	(void)close(out[1]);
	char text[300] = {0};
	assert_true(read(out[0], text, sizeof text - 1) > 0);
	(void)close(out[0]);
	assert_non_null(strstr(text, "1 + 1 == 3"));
	assert_non_null(strstr(text, "please report"));
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(says),    cmocka_unit_test(nobody_listens),
	        cmocka_unit_test(disarms), cmocka_unit_test(long_names),
	        cmocka_unit_test(dies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
