/* SPDX-License-Identifier: BSD-3-Clause */
/* Opening: files, pipes, what is no capture, and what is said about it. */
#include "bytes.h"
#include "store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/unpack.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct store store;
static char folder[] = "/tmp/source.XXXXXX";
static char path[64];

static int set_up(void **state)
{
	(void)state;
	store_init(&store, 300 * 1024, 8);
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof path, "%s/file", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)rmdir(folder);
	store_free(&store);
	return 0;
}

static void write_file(const void *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), n);
	assert_int_equal(close(fd), 0);
}

/* Each C library has words of its own for what went wrong. */
static const char *with_cause(const char *text, int cause)
{
	static char said[200];
	(void)snprintf(said, sizeof said, "%s: %s", text, strerror(cause));
	return said;
}

/* Opening the path fails with this status, and the message ends so. */
static void refused(const char *what, enum tf_status status, const char *said)
{
	struct tf_error err = {0};
	assert_null(source_open(what, 0, &store.as_store, &err));
	assert_int_equal(err.status, status);
	size_t n = strlen(err.text), m = strlen(said);
	assert_true(n >= m);
	assert_string_equal(err.text + n - m, said);
}

static void no_captures(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t n;
		const char *said;
	} cases[] = {
	        {"", 0, "/file is empty"},
	        {"\xd4\xc3\xb2", 3, "/file is not a capture file (pcap or pcapng)"},
	        {"hello, world", 12, "/file is not a capture file (pcap or pcapng)"},
	        {"\n\r\r\nhello, world", 16, "/file is not a capture file (pcap or pcapng)"},
	        {"\xd4\xc3\xb2\xa1\2\0\4\0", 8, "/file: cut off at byte 8, within its file header"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		write_file(cases[i].bytes, cases[i].n);
		refused(path, TF_DAMAGED, cases[i].said);
	}
}

/* What is listed as read can be opened, also backwards where it says so. */
static void kinds(void **state)
{
	(void)state;
	static const uint8_t rest[] = "\0\0\0\x1c\x1a\x2b\x3c\x4d\0\1\0\0"
	                              "\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\x1c";
	struct source_kind kind;
	size_t i = 0;
	for (; source_kind(i, &kind); i++) {
		if (kind.packed) {
			const char *packer = unpack_packer((struct tf_span){kind.start, kind.n});
			assert_string_equal(packer, kind.name);
			continue;
		}
		for (int turned = 0; turned <= kind.either; turned++) {
			uint8_t file[4 + sizeof rest - 1];
			struct tf_error err;
			assert_int_equal(kind.n, 4);
			for (unsigned k = 0; k < 4; k++)
				file[k] = kind.start[turned ? 3 - k : k];
			memcpy(file + 4, rest, sizeof rest - 1);
			write_file(file, sizeof file);
			struct source *s = source_open(path, 0, &store.as_store, &err);
			assert_non_null(s);
			source_close(s);
		}
	}
	assert_int_equal(i, 10);
}

static void no_file(void **state)
{
	(void)state;
	(void)unlink(path);
	refused(path, TF_USAGE, "/file: No such file or directory");
	refused(folder, TF_USAGE, " is a folder, not a capture file");
}

/* The end of a long path is what is said. */
static void long_path(void **state)
{
	(void)state;
	char name[5000];
	memset(name, 'a', sizeof name);
	memcpy(name + sizeof name - 5, "/end", 5);
	refused(name, TF_USAGE, with_cause("aaaa/end", ENAMETOOLONG));
}

static void make_pcap(struct bytes *b)
{
	b->little = true;
	put_pcap(b, 0xa1b2c3d4, 1);
	for (uint32_t i = 0; i < 1000; i++) {
		put_record(b, i, 0, i, i);
		put_pattern(b, i, i);
	}
}

static void check_frames(const char *what)
{
	struct tf_error err;
	struct tf_frame f;
	struct source *s = source_open(what, 3, &store.as_store, &err);
	assert_non_null(s);
	for (uint32_t i = 0; i < 1000; i++) {
		assert_int_equal(source_next(s, &f, &err), SOURCE_FRAME);
		assert_int_equal(f.source, 3);
		assert_int_equal(f.number, i + 1);
		assert_true(is_pattern(f.bytes, i, i));
		store_hold(&store, source_block(s), f.bytes, f.captured);
	}
	assert_int_equal(source_next(s, &f, &err), SOURCE_END);
	assert_int_equal(source_position(s), 24 + 1000 * 16 + 499500);
	source_close(s);
}

static void a_file(void **state)
{
	(void)state;
	struct bytes b = {0};
	make_pcap(&b);
	write_file(b.p, b.n);
	check_frames(path);
	free(b.p);
}

/* Standard input, a pipe; it is still open afterwards. */
static void a_pipe(void **state)
{
	(void)state;
	struct bytes b = {0};
	int ends[2];
	make_pcap(&b);
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		size_t at = 0;
		ssize_t n = 1;
		(void)close(ends[0]);
		for (; at < b.n && n > 0; at += (size_t)n)
			n = write(ends[1], b.p + at, b.n - at < 777 ? b.n - at : 777);
		_exit(at == b.n ? 0 : 1);
	}
	assert_int_equal(close(ends[1]), 0);
	assert_true(dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
	check_frames("-");
	assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
	assert_int_equal(close(ends[0]), 0);
	free(b.p);
	refused("-", TF_DAMAGED, "standard input is empty");
}

/* A failing disk: what came before counts, and the descriptor is closed. */
static void read_error(void **state)
{
	(void)state;
	struct bytes b = {.little = true};
	unsigned closed = 0;
	put_pcap(&b, 0xa1b2c3d4, 1);
	put_record(&b, 0, 0, 4, 4);
	put_fill(&b, 0, 4);
	struct pieces p = {span_of(&b), 11, 0, EIO, &closed};
	struct origin from = pieces_origin(&p);
	struct reading_result r = read_all(&from, &store, NULL, NULL);
	assert_int_equal(r.frames, 1);
	assert_int_equal(r.end, SOURCE_DAMAGED);
	assert_string_equal(r.err.text, with_cause("t.cap: cannot be read beyond byte 44", EIO));
	assert_int_equal(closed, 1);
	p.left = (struct tf_span){b.p, 2}; /* and before the format is known */
	r = read_all(&from, &store, NULL, NULL);
	assert_false(r.opened);
	assert_string_equal(r.err.text, with_cause("t.cap: cannot be read beyond byte 2", EIO));
	assert_int_equal(closed, 2);
	free(b.p);
}

static void no_memory(void **state)
{
	(void)state;
	struct store poor;
	struct bytes b = {0};
	make_pcap(&b);
	for (unsigned most = 0; most < 2; most++) {
		unsigned closed = 0;
		struct pieces p = {span_of(&b), 5000, 0, 0, &closed};
		struct origin from = pieces_origin(&p);
		store_init(&poor, 300 * 1024, most);
		struct reading_result r = read_all(&from, &poor, NULL, NULL);
		assert_int_equal(r.opened, most > 0);
		assert_int_equal(r.end, SOURCE_DAMAGED);
		assert_int_equal(r.err.status, TF_USAGE);
		assert_int_equal(closed, 1);
		store_free(&poor);
	}
	free(b.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(no_captures), cmocka_unit_test(no_file),
	        cmocka_unit_test(long_path),   cmocka_unit_test(a_file),
	        cmocka_unit_test(a_pipe),      cmocka_unit_test(read_error),
	        cmocka_unit_test(no_memory),   cmocka_unit_test(kinds),
	};
	return cmocka_run_group_tests_name("capture/source", tests, set_up, tear_down);
}
