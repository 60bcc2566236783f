/* SPDX-License-Identifier: BSD-3-Clause */
/* What is written aside is read back by our own reader, bit for bit. */
#include "bytes.h"
#include "store.h"

#include "capture/aside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char path[] = "/tmp/aside.XXXXXX";
static struct store store;

static int set_up(void **state)
{
	(void)state;
	store_init(&store, 600 * 1024, 8);
	int fd = mkstemp(path);
	return fd >= 0 && write(fd, "old", 3) == 3 && close(fd) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	store_free(&store);
	return unlink(path);
}

/* Frame i: any length, link type and time. */
static struct tf_frame frame(const uint8_t *bytes, uint32_t i)
{
	static const uint32_t lengths[] = {0, 1, 2, 3, 4, 1500, 65535, 65536, 262144};
	uint32_t n = lengths[i % 9];
	return (struct tf_frame){
	        .bytes = bytes + i,
	        .captured = n,
	        .length = n + i,
	        .ts_ns = i == 0 ? INT64_MAX : (int64_t)i * 1234567891011,
	        .link_type = i * i * 7 % 65536,
	};
}

enum { FRAMES = 100 };

static void there_and_back(void **state)
{
	struct bytes b = {0};
	struct tf_error err;
	struct tf_frame f;
	char comment[1300];
	(void)state;
	put_pattern(&b, 3, 262144 + FRAMES);
	memset(comment, 'x', sizeof comment);
	struct aside *a = aside_open(path, &err);
	assert_non_null(a);
	for (uint32_t i = 0; i < FRAMES; i++) {
		f = frame(b.p, i);
		comment[i * 12] = '\0';
		assert_true(aside_write(a, &f, comment));
		comment[i * 12] = 'x';
	}
	f = frame(b.p, 1);
	f.ts_ns = -5; /* before 1970 */
	assert_true(aside_write(a, &f, "x"));
	assert_true(aside_close(a, &err));

	struct source *s = source_open(path, 0, &store.as_store, &err);
	assert_non_null(s);
	for (uint32_t i = 0; i < FRAMES; i++) {
		struct tf_frame want = frame(b.p, i);
		assert_int_equal(source_next(s, &f, &err), SOURCE_FRAME);
		assert_int_equal(f.captured, want.captured);
		assert_int_equal(f.length, want.length);
		assert_int_equal(f.ts_ns, want.ts_ns);
		assert_int_equal(f.link_type, want.link_type);
		if (f.captured > 0)
			assert_memory_equal(f.bytes, want.bytes, f.captured);
	}
	assert_int_equal(source_next(s, &f, &err), SOURCE_FRAME);
	assert_int_equal(f.ts_ns, 0);
	assert_int_equal(source_next(s, &f, &err), SOURCE_END);
	assert_int_equal(source_notes(s)->comments, FRAMES + 1);
	source_close(s);
	free(b.p);
}

/* -> the 32 bits at that place of the file */
static uint32_t word_at(FILE *f, long place)
{
	uint8_t b[4] = {0};
	assert_int_equal(fseek(f, place, SEEK_SET) | (fread(b, 1, 4, f) != 4), 0);
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* Interfaces with names: each frame has that of its source, whatever its link type. */
static void named(void **state)
{
	(void)state;
	struct tf_error err;
	struct tf_frame f = {.bytes = (const uint8_t *)"abcd", .captured = 4, .length = 9};
	struct aside *a = aside_open(path, &err);
	assert_non_null(a);
	aside_name(a, 7, 1, 1500, "eth0");
	aside_name(a, 3, 101, 0, "tunnel0");
	for (uint32_t source = 3; source <= 7; source += 4) {
		f.source = source;
		f.link_type = source == 7 ? 1 : 101;
		assert_true(aside_write(a, &f, NULL));
	}
	aside_drops(a, 7, 1, 5, (uint64_t)6 << 32);
	assert_true(aside_close(a, &err));

	struct source *s = source_open(path, 0, &store.as_store, &err);
	assert_non_null(s);
	assert_int_equal(source_next(s, &f, &err), SOURCE_FRAME);
	assert_int_equal(f.link_type, 101);
	assert_int_equal(source_next(s, &f, &err), SOURCE_FRAME);
	assert_int_equal(f.link_type, 1);
	assert_int_equal(source_next(s, &f, &err), SOURCE_END);
	assert_int_equal(source_notes(s)->comments, 0);
	source_close(s);

	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	assert_int_equal(word_at(file, 28 + 4), 40);          /* the first interface: its size, */
	assert_int_equal(word_at(file, 28 + 12), 1500);       /* snaplen, */
	assert_int_equal(word_at(file, 28 + 20), 0x30687465); /* and name */
	long statistics = 28 + 40 + 44 + 2 * 36;
	assert_int_equal(word_at(file, statistics), 5);
	assert_int_equal(word_at(file, statistics + 8), 0);
	assert_int_equal(word_at(file, statistics + 24), 5);
	assert_int_equal(word_at(file, statistics + 40), 6);
	(void)fclose(file);
}

static void no_room(void **state)
{
	struct tf_error err;
	struct tf_frame f = {.bytes = (const uint8_t *)"x", .captured = 1, .length = 1};
	bool ok = true;
	(void)state;
	struct aside *a = aside_open("/dev/full", &err);
	assert_non_null(a);
	for (int i = 0; i < 10000; i++)
		ok = aside_write(a, &f, "why") && ok;
	assert_false(ok);
	assert_false(aside_close(a, &err));
	assert_int_equal(err.status, TF_OUTPUT);
	assert_string_equal(err.text, "cannot write to /dev/full: No space left on device");
	/* A little waits for the end, and fails there. */
	a = aside_open("/dev/full", &err);
	assert_true(aside_write(a, &f, "why"));
	assert_false(aside_close(a, NULL));
	assert_null(aside_open("/nonexistent/x", &err));
	assert_string_equal(err.text, "cannot write to /nonexistent/x: No such file or directory");
	assert_true(aside_close(NULL, NULL));
}

static void refused(const char *name, const char *end)
{
	struct tf_error err;
	char text[200];
	(void)snprintf(text, sizeof text, "%s%s", name, end);
	assert_null(aside_open(name, &err));
	assert_int_equal(err.status, TF_OUTPUT);
	assert_string_equal(err.text, text);
}

/* Whatever somebody has put in the file's place: nothing else is written to. */
static void in_the_way(void **state)
{
	struct tf_error err;
	struct stat before, after;
	char link_name[60], other[60], pipe_name[60], text[200];
	(void)state;
	(void)snprintf(link_name, sizeof link_name, "%s.link", path);
	(void)snprintf(other, sizeof other, "%s.other", path);
	(void)snprintf(pipe_name, sizeof pipe_name, "%s.pipe", path);
	assert_int_equal(stat(path, &before), 0);
	assert_true(before.st_size > 0);
	assert_int_equal(symlink(path, link_name), 0);
	refused(link_name, " is a symbolic link: it is not followed");
	assert_int_equal(unlink(link_name), 0);
	assert_int_equal(symlink("nowhere", link_name), 0);
	refused(link_name, " is a symbolic link: it is not followed");
	assert_int_equal(link(path, other), 0);
	refused(other, " has other names: it is not overwritten");
	assert_int_equal(unlink(other), 0);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(after.st_size, before.st_size);

	/* A pipe is for whoever reads it, and waited for by nobody. */
	assert_int_equal(mkfifo(pipe_name, 0600), 0);
	(void)snprintf(text, sizeof text, "cannot write to %s: No such device or address",
	               pipe_name);
	assert_null(aside_open(pipe_name, &err));
	assert_string_equal(err.text, text);
	int fd = open(pipe_name, O_RDONLY | O_NONBLOCK);
	struct aside *a = aside_open(pipe_name, &err);
	assert_non_null(a);
	assert_true(aside_close(a, &err));
	assert_int_equal(read(fd, text, sizeof text), 28); /* a section without packets */
	assert_int_equal(close(fd), 0);
	assert_int_equal(unlink(pipe_name), 0);
	assert_int_equal(unlink(link_name), 0);
	assert_null(aside_open("/tmp", &err));
	assert_string_equal(err.text, "cannot write to /tmp: Is a directory");
}

/* "-" is standard output, which may be slow and non-blocking, or a terminal. */
static void to_stdout(void **state)
{
	struct tf_error err;
	static uint8_t bytes[200000];
	struct tf_frame f = {.bytes = bytes, .captured = sizeof bytes, .length = sizeof bytes};
	int ends[2], own = dup(STDOUT_FILENO);
	size_t got = 0;
	ssize_t n;
	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		bool ok = dup2(ends[1], STDOUT_FILENO) >= 0 && close(ends[1]) == 0 &&
		          close(ends[0]) == 0 && fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK) == 0;
		struct aside *a = ok ? aside_open("-", &err) : NULL;
		ok = a != NULL && aside_write(a, &f, "why") && aside_write(a, &f, "why");
		_exit(aside_close(a, &err) && ok ? 0 : 1);
	}
	assert_int_equal(close(ends[1]), 0);
	while ((n = read(ends[0], bytes, sizeof bytes)) > 0)
		got += (size_t)n;
	assert_int_equal(got, 28 + 32 + 2 * (32 + sizeof bytes + 12));
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(close(ends[0]), 0);

	int terminal = posix_openpt(O_RDWR | O_NOCTTY);
	if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0)
		skip();
	int side = open(ptsname(terminal), O_RDWR | O_NOCTTY);
	assert_true(side >= 0 && dup2(side, STDOUT_FILENO) >= 0);
	struct aside *a = aside_open("-", &err);
	assert_true(dup2(own, STDOUT_FILENO) >= 0);
	assert_null(a);
	assert_string_equal(err.text, "a capture is not for a terminal: redirect it");
	(void)close(side);
	(void)close(terminal);
	(void)close(own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(there_and_back), cmocka_unit_test(named),
	        cmocka_unit_test(no_room),        cmocka_unit_test(in_the_way),
	        cmocka_unit_test(to_stdout),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
