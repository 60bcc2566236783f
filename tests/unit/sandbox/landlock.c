/* SPDX-License-Identifier: BSD-3-Clause */
/* Each ABI that the kernel has, in a process of its own. */
#include "sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/tcpflow-landlock-XXXXXX";

static bool can(const char *name, int flags)
{
	int fd = open(name, flags | O_CLOEXEC, 0600);
	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

/* In the child: 0, or the line of the first fact that is none. */
#define FACT(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			return __LINE__;                                                           \
	} while (0)

static int confined(int abi)
{
	struct landlock l;
	FACT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	FACT(landlock_begin(&l, abi) && l.abi <= abi && l.abi >= 1);
	FACT(landlock_allow_writing(&l, "in"));
	FACT(landlock_allow_reading(&l, "file"));
	FACT(!landlock_allow_reading(&l, "nothing") && errno == ENOENT);
	FACT(can("other", O_RDONLY));
	FACT(landlock_restrict(&l) && l.fd < 0);
	FACT(can("in/new", O_RDWR | O_CREAT | O_EXCL));
	FACT(rename("in/new", "in/old") == 0 && unlink("in/old") == 0);
	FACT(mkdir("in/folder", 0700) == 0);
	FACT(can("file", O_RDONLY) && !can("file", O_RDWR) && errno == EACCES);
	FACT(!can("other", O_RDONLY) && errno == EACCES);
	FACT(!can("made", O_WRONLY | O_CREAT) && errno == EACCES);
	FACT(!can("in/link", O_WRONLY) && errno == EACCES);
	FACT(abi < 3 || (truncate("other", 0) != 0 && errno == EACCES));
	return 0;
}

static void each_abi(void **state)
{
	int most = landlock_abi();
	(void)state;
	if (most == 0)
		skip();
	for (int abi = 1; abi <= most && abi <= LANDLOCK_ABI_MOST; abi++) {
		int status;
		pid_t pid = fork();
		if (pid == 0) {
			int line = confined(abi);
			if (line != 0)
				(void)fprintf(stderr, "ABI %d: line %d: %s\n", abi, line,
				              strerror(errno));
			_exit(line != 0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		assert_int_equal(rmdir("in/folder"), 0);
	}
}

static int make(void **state)
{
	(void)state;
	bool ok = mkdtemp(folder) != NULL && chdir(folder) == 0 && mkdir("in", 0700) == 0 &&
	          can("file", O_WRONLY | O_CREAT) && can("other", O_WRONLY | O_CREAT) &&
	          symlink("../other", "in/link") == 0;
	return ok ? 0 : -1;
}

static int clear(void **state)
{
	(void)state;
	bool ok = unlink("in/link") == 0 && rmdir("in") == 0 && unlink("file") == 0 &&
	          unlink("other") == 0 && rmdir(folder) == 0;
	return ok ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_abi)};
	return cmocka_run_group_tests(tests, make, clear);
}
