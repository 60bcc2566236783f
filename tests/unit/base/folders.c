/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/folders.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char box[] = "/tmp/tcpflow-folders-XXXXXX";

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(box) != NULL && chdir(box) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[sizeof box + 10];
	(void)state;
	(void)snprintf(command, sizeof command, "rm -rf %s", box);
	return system(command);
}

struct heard {
	char paths[100];
	bool likes;
};

static bool hear(void *arg, const char *path)
{
	struct heard *h = arg;
	(void)strcat(strcat(h->paths, path), " ");
	errno = EACCES; /* which would be passed over, were it mkdir's */
	return h->likes;
}

static void some_are_missing(void **state)
{
	struct heard h = {.likes = true};
	int refused = 1;
	(void)state;
	assert_true(folders_make("a//b/", &refused, hear, &h));
	assert_int_equal(refused, 0);
	assert_string_equal(h.paths, "a a//b ");
	h.paths[0] = '\0';
	assert_true(folders_make("a/b/c", &refused, hear, &h));
	assert_string_equal(h.paths, "a/b/c ");
	assert_true(folders_make("a/b/d", &refused, NULL, NULL));
	assert_int_equal(access("a/b/d", F_OK), 0);
}

static void what_is_not_liked_is_the_last(void **state)
{
	struct heard h = {.likes = false};
	int refused;
	(void)state;
	assert_false(folders_make("x/y", &refused, hear, &h));
	assert_string_equal(h.paths, "x ");
	assert_int_not_equal(access("x/y", F_OK), 0);
}

static void what_cannot_be(void **state)
{
	static char name[PATH_MAX + 1];
	int refused;
	(void)state;
	assert_false(folders_make("", &refused, NULL, NULL));
	assert_int_equal(errno, ENOENT);
	memset(name, 'a', PATH_MAX);
	assert_false(folders_make(name, &refused, NULL, NULL));
	assert_int_equal(errno, ENAMETOOLONG);
	FILE *f = fopen("file", "w");
	assert_non_null(f);
	(void)fclose(f);
	assert_false(folders_make("file/a", &refused, NULL, NULL));
	assert_int_equal(errno, ENOTDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(some_are_missing),
	                                   cmocka_unit_test(what_is_not_liked_is_the_last),
	                                   cmocka_unit_test(what_cannot_be)};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
