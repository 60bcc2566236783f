/* SPDX-License-Identifier: BSD-3-Clause */
/* The captures of a folder: in the order of their times, and what is none is told. */
#include "packed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/folder.XXXXXX";
static char told[2000]; /* what was skipped, a line each */

static void write_file(const char *name, struct tf_span what)
{
	char path[100];
	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, what.p, what.n), what.n);
	assert_int_equal(close(fd), 0);
}

static void write_capture(const char *name, uint32_t seconds, bool packed)
{
	struct bytes b = {.little = true}, to = {0};
	put_pcap(&b, 0xa1b2c3d4, 1);
	if (seconds > 0)
		put_record(&b, seconds, 0, 0, 0);
	if (packed)
		put_packed(&to, &packs[seconds % PACKS], span_of(&b));
	write_file(name, packed ? span_of(&to) : span_of(&b));
	free(b.p);
	free(to.p);
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[100];
	(void)state;
	(void)snprintf(command, sizeof command, "rm -r %s", folder);
	return system(command);
}

static void on_skipped(void *arg, const char *why)
{
	assert_ptr_equal(arg, told);
	(void)strncat(told, why, sizeof told - strlen(told) - 1);
	(void)strncat(told, "\n", sizeof told - strlen(told) - 1);
}

static bool is_told(const char *end)
{
	char line[100];
	(void)snprintf(line, sizeof line, "%s/%s\n", folder, end);
	return strstr(told, line) != NULL;
}

static void all(void **state)
{
	static const char *const order[] = {"d", "c", "a", "a2", "e", "b"};
	char path[100];
	struct tf_captures found;
	struct tf_error err;
	(void)state;
	write_capture("a", 300, false);
	write_capture("a2", 300, true);
	write_capture("b", 0, true); /* no packet */
	write_capture("c", 201, true);
	write_capture("d", 100, false);
	write_capture("e", 400, false);
	write_file("text", (struct tf_span){(const uint8_t *)"hello, world", 12});
	write_file("none", (struct tf_span){NULL, 0});
	(void)snprintf(path, sizeof path, "%s/sub", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof path, "%s/pipe", folder);
	assert_int_equal(mkfifo(path, 0600), 0); /* nobody writes there: not opened */

	assert_true(tf_captures_find(&found, folder, on_skipped, told, &err));
	assert_int_equal(found.count, sizeof order / sizeof order[0]);
	for (size_t i = 0; i < found.count; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", folder, order[i]);
		assert_string_equal(found.path[i], path);
	}
	tf_captures_free(&found);
	assert_true(is_told("text is not a capture file (pcap or pcapng)"));
	assert_true(is_told("none is empty"));
	assert_true(is_told("sub is no plain file"));
	assert_true(is_told("pipe is no plain file"));

	assert_true(tf_captures_find(&found, folder, NULL, NULL, &err));
	tf_captures_free(&found);
}

static void no_folder(void **state)
{
	struct tf_captures found;
	struct tf_error err;
	char path[100];
	(void)state;
	assert_false(tf_captures_find(&found, "/nonexistent", NULL, NULL, &err));
	assert_int_equal(err.status, TF_USAGE);
	tf_captures_free(&found);
	/* A link to nowhere may be a capture that was lost: that is an error. */
	(void)snprintf(path, sizeof path, "%s/link", folder);
	assert_int_equal(symlink("nowhere", path), 0);
	assert_false(tf_captures_find(&found, folder, NULL, NULL, &err));
	assert_int_equal(err.status, TF_USAGE);
	tf_captures_free(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(all),
	        cmocka_unit_test(no_folder),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
