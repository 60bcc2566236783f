/* SPDX-License-Identifier: BSD-3-Clause */
/* Holes and room, whatever the system makes of them: the bytes are right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/space.h"
#include "lib/scratch.h"

enum { SIZE = 200000, ROOM = 300000 };

static char text[SIZE], back[SIZE + ROOM];

static int start(void **state)
{
	(void)state;
	(void)folder_make();
	memset(text, 'x', sizeof text);
	return 0;
}

static int end(void **state)
{
	(void)state;
	folder_remove();
	return 0;
}

static int filled(void)
{
	int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0666);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, SIZE), SIZE);
	return fd;
}

static int64_t length(int fd)
{
	struct stat st;
	assert_int_equal(fstat(fd, &st), 0);
	return st.st_size;
}

static void punches(void **state)
{
	(void)state;
	enum { FROM = 5000, N = 100000 };
	static bool (*const punches[])(int fd, int64_t position, int64_t n) = {space_punch,
	                                                                       space_punch_posix};
	for (size_t i = 0; i < 2; i++) {
		int fd = filled();
		bool hole = punches[i](fd, FROM, N);
		assert_int_equal(length(fd), SIZE);
		assert_int_equal(pread(fd, back, SIZE, 0), SIZE);
		if (hole)
			memset(text + FROM, 0, N);
		assert_memory_equal(back, text, SIZE);
		assert_true(punches[i](fd, SIZE, N)); /* behind the end is nothing */
		assert_true(punches[i](fd, SIZE - 1, N) == hole);
		assert_int_equal(length(fd), SIZE);
		memset(text, 0, SIZE);
		assert_int_equal(pwrite(fd, text, SIZE, 0), SIZE);
		assert_true(punches[i](fd, 0, SIZE));
		assert_true(punches[i](fd, 1, SIZE));
		memset(text, 'x', SIZE);
		(void)close(fd);
	}
}

static bool (*const ways[])(int fd, int64_t length, int64_t n) = {space_append, space_append_posix};

static void appends(void **state)
{
	(void)state;
	static const char nothing[ROOM];
	for (size_t i = 0; i < 2; i++) {
		int fd = filled();
		assert_true(ways[i](fd, SIZE, ROOM));
		assert_int_equal(length(fd), SIZE + ROOM);
		assert_int_equal(pread(fd, back, sizeof back, 0), sizeof back);
		assert_memory_equal(back, text, SIZE);
		assert_memory_equal(back + SIZE, nothing, ROOM);
		(void)close(fd);
	}
}

/* A file may not get that long: it stays as it was. */
static void no_room(void **state)
{
	(void)state;
	struct rlimit before, limit;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = SIZE + ROOM / 2;
	(void)signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < 2; i++) {
		int fd = filled();
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		errno = 0;
		bool ok = ways[i](fd, SIZE, ROOM);
		int cause = errno;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
		assert_false(ok);
		assert_int_equal(cause, EFBIG);
		assert_int_equal(length(fd), SIZE);
		(void)close(fd);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(punches), TEST(appends), TEST(no_room)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
