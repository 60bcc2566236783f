/* SPDX-License-Identifier: BSD-3-Clause */
/* A folder of the test's own, which is the working folder while it lasts. */
#ifndef LIB_SCRATCH_H
#define LIB_SCRATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char scratch_path[200];

static inline const char *folder_make(void)
{
	const char *tmp = getenv("TMPDIR");
	(void)snprintf(scratch_path, sizeof scratch_path, "%s/tcpflow-test-XXXXXX",
	               tmp != NULL ? tmp : "/tmp");
	assert_non_null(mkdtemp(scratch_path));
	assert_int_equal(chdir(scratch_path), 0);
	return scratch_path;
}

static inline int folder_unlink(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static inline void folder_remove(void)
{
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(nftw(scratch_path, folder_unlink, 8, FTW_DEPTH | FTW_PHYS), 0);
}

#endif
