/* SPDX-License-Identifier: BSD-3-Clause */
#include "sandbox/strays.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* In a process of its own, since the test has descriptors, too. -> a bit for each that is open */
static int left(const int *keep, size_t n)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		int bits = 0;
		for (int fd = 20; fd < 27; fd++)
			if (dup2(0, fd) != fd)
				_exit(255);
		strays_close(keep, n);
		for (int i = 0; i < 7; i++)
			bits |= is_open(20 + i) << i;
		_exit(is_open(0) && is_open(1) && is_open(2) ? bits : 254);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void close_all_others(void **state)
{
	(void)state;
	assert_int_equal(left(NULL, 0), 0);
	assert_int_equal(left((const int[]){20}, 1), 1);
	assert_int_equal(left((const int[]){26, 22, 22, 1}, 4), 1 << 2 | 1 << 6);
	assert_int_equal(left((const int[]){23, -1, 21, 900}, 4), 1 << 1 | 1 << 3);
	assert_int_equal(left((const int[]){20, 21, 22, 23, 24, 25, 26}, 7), 127);
}

static void no_cores(void **state)
{
	int status;
	pid_t pid = fork(); /* a sanitizer could not look into this process any more */
	(void)state;
	if (pid == 0) {
		struct rlimit limit = {1, 1};
		strays_no_cores();
		_exit(getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_cur != 0 ||
		      limit.rlim_max != 0 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(close_all_others),
	                                   cmocka_unit_test(no_cores)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
