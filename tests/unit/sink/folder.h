/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests of sink/: a folder for each test, what is in it, and its removal. */
#ifndef TESTS_SINK_FOLDER_H
#define TESTS_SINK_FOLDER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

/* The test's folder holds "in" (the output folder) and what lies outside of it. */
static char folder_path[200];

static inline const char *folder_make(void)
{
	const char *tmp = getenv("TMPDIR");
	(void)snprintf(folder_path, sizeof folder_path, "%s/tcpflow-sink-XXXXXX",
	               tmp != NULL ? tmp : "/tmp");
	assert_non_null(mkdtemp(folder_path));
	assert_int_equal(chdir(folder_path), 0);
	return folder_path;
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
	assert_int_equal(nftw(folder_path, folder_unlink, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static inline void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* -> its size, with the first `room` bytes read */
static inline size_t read_file(const char *path, void *to, size_t room)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW);
	assert_true(fd >= 0);
	struct stat st;
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	size_t want = (size_t)st.st_size < room ? (size_t)st.st_size : room, done = 0;
	while (done < want) {
		ssize_t n = read(fd, (char *)to + done, want - done);
		assert_true(n > 0);
		done += (size_t)n;
	}
	(void)close(fd);
	return (size_t)st.st_size;
}

static inline void file_is(const char *path, const char *text)
{
	char got[4096];
	size_t n = read_file(path, got, sizeof got);
	assert_int_equal(n, strlen(text));
	assert_memory_equal(got, text, n);
}

static inline bool exists(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0;
}

/* -> how many names there are in a folder */
static inline int names_in(const char *path)
{
	DIR *d = opendir(path);
	assert_non_null(d);
	int n = 0;
	const struct dirent *e;
	while ((e = readdir(d)) != NULL)
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	(void)closedir(d);
	return n;
}

/* -> how many descriptors this process has open */
static inline int open_descriptors(void)
{
	return names_in("/proc/self/fd") - 1;
}

#endif
