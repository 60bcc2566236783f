/* SPDX-License-Identifier: BSD-3-Clause */
/* Names stay beneath their folder: each test runs in both ways of opening, and what they
   say must be the same. The folder is "in"; all else in the scratch folder is outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/beneath.h"
#include "lib/scratch.h"

static struct beneath dir;

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static bool exists(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0;
}

static int open_descriptors(void)
{
	enum { SOME = 256 };
	int n = 0;
	for (int fd = 0; fd < SOME; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static int start(void **state)
{
	(void)folder_make();
	assert_int_equal(mkdir("in", 0777), 0);
	assert_int_equal(mkdir("out", 0777), 0);
	write_file("out/precious", "precious");
	dir = beneath_of(open("in", O_RDONLY | O_DIRECTORY));
	assert_true(dir.folder >= 0);
	if (*state != NULL)
		dir.way = *(beneath_way **)*state;
	return 0;
}

static int end(void **state)
{
	(void)state;
	char text[20] = "";
	FILE *f = fopen("out/precious", "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof text, f));
	(void)fclose(f);
	assert_string_equal(text, "precious");
	(void)close(dir.folder);
	folder_remove();
	return 0;
}

static const int MAKE = O_CREAT | O_EXCL | O_RDWR | O_NONBLOCK | O_NOCTTY;

/* -> 0 or errno; no descriptor is left */
static int opened(const char *name, int flags)
{
	int before = open_descriptors();
	int fd = beneath_open(&dir, name, flags, 0666);
	int cause = fd < 0 ? errno : 0;
	if (fd >= 0) {
		assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
		(void)close(fd);
	}
	assert_int_equal(open_descriptors(), before);
	return cause;
}

static int made_folders(const char *name)
{
	int before = open_descriptors();
	int cause = beneath_make_folders(&dir, name) ? 0 : errno;
	assert_int_equal(open_descriptors(), before);
	return cause;
}

static int removed(const char *name)
{
	int before = open_descriptors();
	int cause = beneath_remove(&dir, name) ? 0 : errno;
	assert_int_equal(open_descriptors(), before);
	return cause;
}

/* -- what it is for ----------------------------------------------------------------- */

static void makes(void **state)
{
	(void)state;
	struct stat st;
	mode_t mask = umask(027);
	assert_int_equal(opened("a", MAKE), 0);
	assert_int_equal(opened("x/y/z/a", MAKE), ENOENT);
	assert_int_equal(made_folders("x/y/z/a"), 0);
	assert_int_equal(made_folders("x/y/z/a"), 0); /* they are there */
	assert_int_equal(opened("x/y/z/a", MAKE), 0);
	assert_int_equal(opened("x/y/z/a", MAKE), EEXIST);
	assert_int_equal(opened("x/y/z/a", O_RDWR), 0);
	(void)umask(mask);
	assert_int_equal(stat("in/a", &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	assert_int_equal(stat("in/x/y/z/a", &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	assert_int_equal(stat("in/x/y", &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0750);
	assert_true(beneath_has(&dir, "x/y/z/a") && beneath_has(&dir, "x/y") &&
	            beneath_has(&dir, "a"));
	assert_false(beneath_has(&dir, "b") || beneath_has(&dir, "x/b") ||
	             beneath_has(&dir, "b/x"));
	assert_int_equal(removed("x/y/z/a"), 0);
	assert_int_equal(removed("x/y/z/a"), ENOENT);
	assert_int_equal(removed("b/a"), ENOENT);
	assert_false(exists("in/x/y/z/a"));
	assert_true(exists("in/x/y/z"));
	assert_int_equal(made_folders("a"), 0); /* needs none */
}

static void is_not_plain(void **state)
{
	(void)state;
	assert_int_equal(mkdir("in/sub", 0777), 0);
	write_file("in/sub/a", "");
	char absolute[300];
	(void)snprintf(absolute, sizeof absolute, "%s/in/sub/a", scratch_path);
	const char *const names[] = {
	        "",         ".",       "..",     "../in/sub/a", "sub/../sub/a", absolute,
	        "sub/./a",  "./sub/a", "sub//a", "sub/",        "sub/a/",       "/",
	        "sub/a/..", "sub/..",  "/sub/a", "../out/b",    "//",           "sub/."};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		assert_int_equal(opened(names[i], O_RDONLY), EINVAL);
		assert_int_equal(opened(names[i], MAKE), EINVAL);
		assert_int_equal(made_folders(names[i]), EINVAL);
		assert_int_equal(removed(names[i]), EINVAL);
		assert_false(beneath_has(&dir, names[i]));
	}
	/* Others with dots are names as good as any. */
	const char *const good[] = {"....", ".a",      "..a",     "a..",
	                            "a.",   ".../..b", "sub/...", ".d/.e"};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_int_equal(made_folders(good[i]), 0);
		assert_int_equal(opened(good[i], MAKE), 0);
		assert_true(beneath_has(&dir, good[i]));
	}
	assert_false(exists("out/b"));
}

static void is_too_long(void **state)
{
	(void)state;
	static char part[300], path[3 * PATH_MAX];
	memset(part, 'a', sizeof part - 1);
	assert_int_equal(opened(part, MAKE), ENAMETOOLONG);
	(void)snprintf(path, sizeof path, "%s/b", part);
	assert_int_equal(opened(path, MAKE), ENAMETOOLONG);
	assert_int_equal(made_folders(path), ENAMETOOLONG);
	assert_int_equal(removed(path), ENAMETOOLONG);
	(void)snprintf(path, sizeof path, "b/%s/b", part);
	assert_int_equal(opened(path, MAKE), ENOENT); /* the first fault counts */
	for (size_t i = 0; i < sizeof path - 1; i++)
		path[i] = i % 2 ? '/' : 'a';
	assert_int_equal(opened(path, MAKE), ENAMETOOLONG);
	assert_int_equal(made_folders(path), ENAMETOOLONG);
	assert_int_equal(removed(path), ENAMETOOLONG);
	assert_false(exists("in/a"));
	part[255] = '\0';
	(void)snprintf(path, sizeof path, "%s/%s", part, part);
	assert_int_equal(made_folders(path), 0);
	assert_int_equal(opened(path, MAKE), 0);
}

/* -- what was planted ------------------------------------------------------------------ */

static void plant(void)
{
	assert_int_equal(mkdir("in/sub", 0777), 0);
	for (int i = 0; i < 2; i++) {
		if (i == 1)
			assert_int_equal(chdir("in/sub"), 0);
		const char *const in = i == 0 ? "in/" : "", *const up = i == 0 ? ".." : "../..";
		char name[50], to[50];
		(void)snprintf(name, sizeof name, "%slink", in);
		(void)snprintf(to, sizeof to, "%s/out/precious", up);
		assert_int_equal(symlink(to, name), 0);
		(void)snprintf(name, sizeof name, "%sdangling", in);
		(void)snprintf(to, sizeof to, "%s/out/new", up);
		assert_int_equal(symlink(to, name), 0);
		(void)snprintf(name, sizeof name, "%sfolder", in);
		(void)snprintf(to, sizeof to, "%s/out", up);
		assert_int_equal(symlink(to, name), 0);
		(void)snprintf(name, sizeof name, "%sinside", in);
		assert_int_equal(symlink(".", name), 0);
		(void)snprintf(name, sizeof name, "%sloop", in);
		assert_int_equal(symlink("loop", name), 0);
		(void)snprintf(name, sizeof name, "%smagic", in);
		assert_int_equal(symlink("/proc/self/cwd", name), 0);
		(void)snprintf(name, sizeof name, "%sfile", in);
		write_file(name, "");
		(void)snprintf(name, sizeof name, "%sfifo", in);
		assert_int_equal(mkfifo(name, 0666), 0);
	}
	assert_int_equal(chdir(scratch_path), 0);
}

/* Whatever is planted, at the end of a name or in the middle: what is said of it. */
static void planted(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int last, folder; /* errno where it is the last component; where it is a folder */
	} rows[] = {
	        {"link", ELOOP, ELOOP},   {"dangling", ELOOP, ELOOP}, {"folder", ELOOP, ELOOP},
	        {"inside", ELOOP, ELOOP}, {"loop", ELOOP, ELOOP},     {"magic", ELOOP, ELOOP},
	        {"file", 0, ENOTDIR},     {"fifo", 0, ENOTDIR},       {"sub", EISDIR, ENOENT},
	};
	plant();
	for (int deep = 0; deep < 2; deep++)
		for (size_t i = 0; i < sizeof rows / sizeof *rows - (size_t)deep; i++) {
			char name[50], below[60];
			(void)snprintf(name, sizeof name, "%s%s", deep ? "sub/" : "", rows[i].name);
			(void)snprintf(below, sizeof below, "%s/new", name);
			assert_int_equal(opened(name, MAKE), EEXIST);
			assert_int_equal(opened(name, O_RDWR | O_NONBLOCK), rows[i].last);
			assert_int_equal(opened(name, O_CREAT | O_TRUNC | O_RDWR | O_NONBLOCK),
			                 rows[i].last);
			assert_true(beneath_has(&dir, name));
			assert_false(beneath_has(&dir, below));
			assert_int_equal(removed(below), rows[i].folder);
			if (rows[i].folder == ENOENT)
				continue;
			assert_int_equal(opened(below, MAKE), rows[i].folder);
			assert_int_equal(opened(below, O_RDWR), rows[i].folder);
			assert_int_equal(made_folders(below), rows[i].folder);
			(void)snprintf(below, sizeof below, "%s/x/y/new", name);
			assert_int_equal(made_folders(below), rows[i].folder);
			assert_int_equal(opened(below, MAKE), rows[i].folder);
		}
	assert_int_equal(opened("folder/precious", O_RDWR), ELOOP);
	assert_int_equal(removed("folder/precious"), ELOOP);
	assert_int_equal(removed("link"), 0); /* the link itself */
	assert_false(exists("in/link"));
	assert_false(exists("out/new") || exists("out/x") || exists("new") || exists("x"));
}

/* A hard link is a second name of a file: nobody can tell by the name, but what must
   not exist is not made, and the number of names tells the rest. */
static void hard_links(void **state)
{
	(void)state;
	struct stat st;
	assert_int_equal(link("out/precious", "in/hard"), 0);
	assert_int_equal(opened("hard", MAKE), EEXIST);
	int fd = beneath_open(&dir, "hard", O_RDWR, 0);
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	assert_int_equal(st.st_nlink, 2);
	(void)close(fd);
	assert_int_equal(removed("hard"), 0);
}

static void not_ours(void **state)
{
	(void)state;
	if (geteuid() == 0) { /* who may do everything */
		assert_int_equal(setegid(65534), 0);
		assert_int_equal(chmod(".", 0755), 0);
		assert_int_equal(mkdir("in/walk", 0711), 0);
		assert_int_equal(mkdir("in/walk/own", 0777), 0);
		assert_int_equal(chmod("in/walk/own", 0777), 0);
		assert_int_equal(mkdir("in/shut", 0700), 0);
		assert_int_equal(seteuid(65534), 0);
		int causes[] = {opened("walk/a", MAKE), opened("shut/a", MAKE), opened("a", MAKE),
		                made_folders("walk/b/a"), made_folders("shut/b/a")};
		int own = opened("walk/own/a", MAKE); /* through a folder that may not be read */
		assert_int_equal(seteuid(0), 0);
		assert_int_equal(setegid(0), 0);
		for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
			assert_int_equal(causes[i], EACCES);
#if defined O_PATH && !defined TF_PORTABLE
		assert_int_equal(own, 0);
#else
		assert_true(own == 0 || own == EACCES);
#endif
	}
}

/* -- races ---------------------------------------------------------------------------- */

static _Atomic bool enough;

/* Exchanges a folder for a link to the outside and back, as fast as it can. */
static void *exchange(void *arg)
{
	(void)arg;
	while (!atomic_load(&enough)) {
		(void)rename("in/a", "in/away");
		(void)rename("in/trap", "in/a");
		(void)rename("in/a", "in/trap");
		(void)rename("in/away", "in/a");
	}
	return NULL;
}

static void races(void **state)
{
	(void)state;
	enum { ROUNDS = 3000 };
	pthread_t thread;
	int made = 0;
	assert_int_equal(symlink("../out", "in/trap"), 0);
	assert_int_equal(mkdir("in/a", 0777), 0);
	atomic_store(&enough, false);
	assert_int_equal(pthread_create(&thread, NULL, exchange, NULL), 0);
	for (int i = 0; i < ROUNDS; i++) {
		char name[50];
		(void)snprintf(name, sizeof name, "a/b%d/c", i % 100);
		(void)beneath_make_folders(&dir, name);
		int fd = beneath_open(&dir, name, O_CREAT | O_RDWR, 0666);
		made += fd >= 0;
		if (fd >= 0)
			(void)close(fd);
		(void)snprintf(name, sizeof name, "a/precious");
		assert_false(beneath_has(&dir, name));
		assert_false(beneath_remove(&dir, name));
		assert_true(beneath_open(&dir, name, O_RDWR, 0) < 0);
	}
	atomic_store(&enough, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(made > 0);
	DIR *d = opendir("out");
	assert_non_null(d);
	int names = 0;
	while (readdir(d) != NULL)
		names++;
	(void)closedir(d);
	assert_int_equal(names, 3); /* ".", "..", "precious" */
}

/* Many threads make the same folders at once. */
static void *make_them(void *arg)
{
	int *failed = arg;
	for (int i = 0; i < 200; i++) {
		char name[50];
		(void)snprintf(name, sizeof name, "r%d/s/t/a", i);
		*failed += !beneath_make_folders(&dir, name);
	}
	return NULL;
}

static void together(void **state)
{
	(void)state;
	pthread_t thread[4];
	int failed[4] = {0};
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, make_them, &failed[i]), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(thread[i], NULL), 0);
		assert_int_equal(failed[i], 0);
	}
	assert_true(exists("in/r199/s/t"));
}

/* A folder is new, or it is none. */
static void new_folders(void **state)
{
	(void)state;
	assert_int_equal(symlink("../out", "in/link"), 0);
	int before = open_descriptors(), fd = beneath_new_folder(&dir, "a/b/c");
	assert_true(fd >= 0 && exists("in/a/b/c"));
	assert_int_equal(mkdirat(fd, "d", 0777), 0);
	assert_true(exists("in/a/b/c/d"));
	assert_int_equal(close(fd), 0);
	static const struct {
		const char *name;
		int why;
	} rows[] = {{"a/b/c", EEXIST},    {"a", EEXIST},      {"link", EEXIST}, {"link/x", ELOOP},
	            {"../out/x", EINVAL}, {"/tmp/x", EINVAL}, {"", EINVAL},     {"a/..", EINVAL}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(beneath_new_folder(&dir, rows[i].name), -1);
		assert_int_equal(errno, rows[i].why);
	}
	assert_false(exists("out/x"));
	assert_int_equal(open_descriptors(), before);
}

static beneath_way *linux_way = beneath_linux, *posix_way = beneath_posix;

#define TEST(f)                                                                                    \
	{"linux: " #f, f, start, end, &linux_way},                                                 \
	{                                                                                          \
		"posix: " #f, f, start, end, &posix_way                                            \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(makes),   TEST(is_not_plain), TEST(is_too_long),
	        TEST(planted), TEST(hard_links),   TEST(not_ours),
	        TEST(races),   TEST(together),     TEST(new_folders),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
