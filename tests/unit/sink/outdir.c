/* SPDX-License-Identifier: BSD-3-Clause */
/* Nothing is opened outside the folder, whatever was planted in it. */
#include "folder.h"

#include "sink/outdir.h"

#include <sys/wait.h>

static struct outdir dir;

static int start(void **state)
{
	(void)state;
	struct tf_error err;
	(void)folder_make();
	write_file("outside", "precious");
	if (!outdir_open(&dir, "in", &err))
		return -1;
	return 0;
}

static int end(void **state)
{
	(void)state;
	file_is("outside", "precious");
	outdir_close(&dir);
	folder_remove();
	return 0;
}

static void makes(void **state)
{
	(void)state;
	struct outfile_id id, other;
	int fd = outdir_create(&dir, "a", &id);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(pwrite(fd, "abc", 3, 0), 3);
	char back[3];
	assert_int_equal(pread(fd, back, 3, 0), 3); /* for reading too */
	(void)close(fd);
	file_is("in/a", "abc");
	struct stat st;
	mode_t mask = umask(0);
	(void)umask(mask);
	assert_int_equal(stat("in/a", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0666 & ~mask);
	assert_int_equal(outdir_create(&dir, "a", &other), -1);
	assert_int_equal(errno, EEXIST);
	fd = outdir_reopen(&dir, "a", &id);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "d", 1, 3), 1);
	(void)close(fd);
	file_is("in/a", "abcd"); /* not cut */
	outdir_remove(&dir, "a");
	assert_false(exists("in/a"));
	assert_int_equal(outdir_reopen(&dir, "a", &id), -1);
	assert_int_equal(errno, ENOENT);
}

/* What stands under the name already is not touched, whatever it is. */
static void planted_before(void **state)
{
	(void)state;
	assert_int_equal(symlink("../outside", "in/symlink"), 0);
	assert_int_equal(symlink("../nowhere", "in/dangling"), 0);
	assert_int_equal(link("outside", "in/hard"), 0);
	assert_int_equal(mkfifo("in/fifo", 0666), 0);
	assert_int_equal(mkdir("in/folder", 0777), 0);
	static const char *const names[] = {"symlink", "dangling", "hard", "fifo", "folder"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct outfile_id id;
		assert_int_equal(outdir_create(&dir, names[i], &id), -1);
		assert_int_equal(errno, EEXIST);
	}
	assert_false(exists("nowhere"));
	assert_int_equal(unlink("in/hard"), 0);
}

static void leads_out(void **state)
{
	(void)state;
	assert_int_equal(symlink("..", "in/up"), 0);
	assert_int_equal(mkdir("in/sub", 0777), 0);
	char absolute[300];
	(void)snprintf(absolute, sizeof absolute, "%s/made", scratch_path);
	const char *const names[] = {
	        "../made", "sub/../../made", absolute, "up/made", "/proc/self/cwd/made", "..", ".",
	        "",        "up/../made",     "sub"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct outfile_id id;
		struct stat st;
		assert_int_equal(stat("outside", &st), 0);
		assert_int_equal(outdir_create(&dir, names[i], &id), -1);
		id = (struct outfile_id){.device = st.st_dev, .inode = st.st_ino};
		assert_int_equal(outdir_reopen(&dir, names[i], &id), -1);
	}
	assert_false(exists("made"));
	assert_false(exists("in/made"));
}

/* A file of ours, made and closed. */
static struct outfile_id made(const char *name)
{
	struct outfile_id id;
	int fd = outdir_create(&dir, name, &id);
	assert_true(fd >= 0);
	(void)close(fd);
	return id;
}

static void refused(const char *name, const struct outfile_id *id, int cause, int other)
{
	int before = open_descriptors();
	assert_int_equal(outdir_reopen(&dir, name, id), -1);
	assert_true(errno == cause || errno == other);
	assert_int_equal(open_descriptors(), before);
}

/* Somebody put something else in the file's place while it was closed. */
static void planted_between(void **state)
{
	(void)state;
	struct outfile_id id = made("a");
	assert_int_equal(rename("in/a", "in/b"), 0);
	write_file("in/a", "other");
	refused("a", &id, ESTALE, 0);
	assert_int_equal(unlink("in/a"), 0);
	assert_int_equal(symlink("b", "in/a"), 0); /* even one that leads to the file itself */
	refused("a", &id, ELOOP, 0);
	assert_int_equal(unlink("in/a"), 0);
	assert_int_equal(symlink("../outside", "in/a"), 0);
	refused("a", &id, ELOOP, 0);
	assert_int_equal(unlink("in/a"), 0);
	assert_int_equal(mkfifo("in/a", 0666), 0);
	refused("a", &id, ESTALE, ENXIO); /* and does not wait for a reader */
	assert_int_equal(unlink("in/a"), 0);
	assert_int_equal(mkdir("in/a", 0777), 0);
	refused("a", &id, EISDIR, ESTALE);
	assert_int_equal(rmdir("in/a"), 0);
	assert_int_equal(link("outside", "in/a"), 0);
	refused("a", &id, ESTALE, 0);
	assert_int_equal(unlink("in/a"), 0);
	assert_int_equal(rename("in/b", "in/a"), 0);
	assert_int_equal(link("in/a", "second"), 0); /* a second name for our own */
	refused("a", &id, ESTALE, 0);
	assert_int_equal(unlink("second"), 0);
	int fd = outdir_reopen(&dir, "a", &id);
	assert_true(fd >= 0); /* and now it is ours again */
	(void)close(fd);
}

/* The folder itself is renamed: files go on into the folder that was opened. */
static void folder_moves(void **state)
{
	(void)state;
	assert_int_equal(rename("in", "moved"), 0);
	assert_int_equal(symlink(".", "in"), 0);
	(void)made("a");
	assert_true(exists("moved/a"));
	assert_false(exists("a"));
	assert_int_equal(unlink("in"), 0);
}

/* -- the folder itself ---------------------------------------------------------------- */

static void makes_folders(void **state)
{
	(void)state;
	struct outdir d;
	struct tf_error err;
	char absolute[300];
	(void)snprintf(absolute, sizeof absolute, "%s/x/y", scratch_path);
	const char *const paths[] = {"p/q/r", "p//q/./s/", absolute, "in", "."};
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		assert_true(outdir_open(&d, paths[i], &err));
		struct outfile_id id;
		int fd = outdir_create(&d, "file", &id);
		assert_true(fd >= 0);
		(void)close(fd);
		outdir_close(&d);
		assert_int_equal(d.fd, -1);
		outdir_close(&d);
	}
	assert_true(exists("p/q/r/file") && exists("p/q/s/file") && exists("x/y/file"));
}

static void no_folder(void **state)
{
	(void)state;
	static char too_long[5000];
	memset(too_long, 'a', sizeof too_long - 1);
	const char *const paths[] = {"", "outside", "outside/in", "/proc/x", too_long};
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct outdir d;
		struct tf_error err = {0};
		int before = open_descriptors();
		assert_false(outdir_open(&d, paths[i], &err));
		assert_int_equal(err.status, TF_OUTPUT);
		assert_non_null(strstr(err.text, "output folder"));
		assert_int_equal(d.fd, -1);
		assert_int_equal(open_descriptors(), before);
	}
}

/* In a child of its own, which is nobody when the test is run by root. */
static void not_writable(void **state)
{
	(void)state;
	assert_int_equal(chmod(".", 0755), 0);
	assert_int_equal(mkdir("closed", 0555), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		enum { NOBODY = 65534 };
		struct outdir d;
		struct tf_error err = {0};
		if (geteuid() == 0 && setresuid(NOBODY, NOBODY, NOBODY) != 0)
			_exit(2);
		bool ok = !outdir_open(&d, "closed", &err) && err.status == TF_OUTPUT &&
		          strstr(err.text, "cannot write") != NULL && d.fd == -1;
		ok = ok && !outdir_open(&d, "closed/a", &err) &&
		     strstr(err.text, "Permission denied") != NULL;
		ok = ok && !outdir_open(&d, "closed/a/b", &err) &&
		     strstr(err.text, "Permission denied") != NULL;
		_exit(ok ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(makes),        TEST(planted_before), TEST(leads_out), TEST(planted_between),
	        TEST(folder_moves), TEST(makes_folders),  TEST(no_folder), TEST(not_writable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
