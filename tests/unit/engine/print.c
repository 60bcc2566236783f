/* SPDX-License-Identifier: BSD-3-Clause */
/* tf_engine_print(): what it refuses, and when it writes. */
#include "drive.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>

static struct tf_error err;

static struct tf_engine *engine(unsigned workers)
{
	struct tf_config c = config_of(workers, 16 * MIB);
	return engine_of(&c);
}

static void refused(struct tf_printing how, const char *why)
{
	struct tf_engine *e = engine(1);
	how.fd = -1;
	assert_false(tf_engine_print(e, &how, &err));
	assert_int_equal(err.status, TF_USAGE);
	assert_string_equal(err.text, why);
	tf_engine_free(e);
}

static void what_does_not_go_together_is_refused(void **state)
{
	(void)state;
	static char longest[5000];
	memset(longest, 'a', sizeof longest - 1);
	refused((struct tf_printing){.sessions = true, .packets = true},
	        "transcripts are of streams, not of packets: print the one or the other");
	refused((struct tf_printing){.sessions = true, .form = TF_FORM_RAW},
	        "transcripts cannot hold bytes as they are");
	refused((struct tf_printing){.folder = "x"}, "only transcripts have files of their own");
	refused((struct tf_printing){.form = (enum tf_form)9}, "there is no such form to print in");
	refused((struct tf_printing){.prefix = longest},
	        "what stands before each name is too long");
	struct tf_engine *e = engine(1);
	const struct tf_printing how = {.fd = STDERR_FILENO};
	assert_true(tf_engine_print(e, &how, &err));
	assert_false(tf_engine_print(e, &how, &err));
	assert_string_equal(err.text, "one way to print is enough");
	tf_engine_free(e);
}

/* The conversations of 20 hosts, whatever the number of workers asked for. */
static void the_order_is_that_of_the_packets(void **state)
{
	(void)state;
	static char got[2][40000];
	size_t n[2];
	for (unsigned i = 0; i < 2; i++) {
		(void)folder_make();
		struct tf_engine *e = engine(i == 0 ? 1 : 4);
		const struct tf_printing how = {.fd = open("out", O_CREAT | O_RDWR, 0600)};
		assert_true(tf_engine_print(e, &how, &err));
		assert_true(converse(e, &err, 20));
		assert_true(tf_engine_finish(e, &err));
		tf_engine_free(e);
		n[i] = (size_t)pread(how.fd, got[i], sizeof got[i], 0);
		(void)close(how.fd);
		folder_remove();
	}
	assert_int_equal(n[0], n[1]);
	assert_memory_equal(got[0], got[1], n[0]);
	static const char first[] = "010.000.000.001.04000-010.009.009.009.00080: question\n"
	                            "010.000.000.002.04000-010.009.009.009.00080: question\n";
	assert_memory_equal(got[0], first, sizeof first - 1);
}

/* What was written with how, which may go; by several workers. */
static void transcripts_are_files(void **state)
{
	(void)state;
	(void)folder_make();
	struct tf_engine *e = engine(3);
	char folder[] = "deep/down";
	const struct tf_printing how = {.fd = -1, .sessions = true, .folder = folder};
	assert_true(tf_engine_print(e, &how, &err));
	memset(folder, 'x', sizeof folder - 1);
	assert_true(converse(e, &err, 20));
	assert_true(tf_engine_finish(e, &err));
	struct tf_counters c;
	tf_engine_counters(e, &c);
	assert_int_equal(c.files, 20);
	tf_engine_free(e);
	assert_int_equal(names_in("deep/down"), 20);
	folder_remove();
}

/* -- pauses ------------------------------------------------------------------------------ */

/* A capture of a conversation that stops in the middle of it, as a program would write it that
   waits for the rest. */
struct feeder {
	int go_on[2]; /* a pipe: a byte allows the rest */
};

static void write_capture(const char *path)
{
	struct pcapfile *f = pcapfile_new(path, PCAPFILE_CLASSIC, BUILD_LINK_TYPE);
	for (int i = 0; i < CONVERSATION; i++) {
		struct tf_frame frame =
		        frame_of(0, conversation[i].dir, conversation[i].flags, conversation[i].seq,
		                 conversation[i].ack, conversation[i].text);
		pcapfile_write(f, &frame);
	}
	assert_true(pcapfile_close(f));
}

/* After "an answer". */
static size_t half(void)
{
	return PCAPFILE_HEAD + 4 * PCAPFILE_RECORD + 4 * 54 + strlen("question") +
	       strlen("an answer");
}

static void *feed(void *arg)
{
	const struct feeder *f = arg;
	char bytes[4096], go;
	FILE *from = fopen("capture", "r");
	size_t n = fread(bytes, 1, sizeof bytes, from), part = half();
	(void)fclose(from);
	int fd = open("fifo", O_WRONLY);
	ssize_t done = write(fd, bytes, part);
	if (read(f->go_on[0], &go, 1) == 1)
		done += write(fd, bytes + part, n - part);
	(void)close(fd);
	return done == (ssize_t)n ? arg : NULL;
}

static void *read_output(void *arg)
{
	const int *end = arg;
	static char got[4096];
	size_t n = 0;
	ssize_t more = 1;
	/* "an answer" has to come before the rest may go. */
	while (strstr(got, "an answer") == NULL && more > 0) {
		struct pollfd p = {.fd = end[0], .events = POLLIN};
		more = poll(&p, 1, 20000) == 1 ? read(end[0], got + n, 4000 - n) : -1;
		n += more > 0 ? (size_t)more : 0;
	}
	return write(end[2], "g", 1) == 1 && more > 0 ? got : NULL;
}

static void lines_are_seen_at_once(void **state)
{
	(void)state;
	struct feeder f = {0};
	int end[3];
	pthread_t feeder, reader;
	(void)folder_make();
	write_capture("capture");
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(pipe(f.go_on) | pipe(end), 0);
	end[2] = f.go_on[1];
	assert_int_equal(pthread_create(&feeder, NULL, feed, &f), 0);
	assert_int_equal(pthread_create(&reader, NULL, read_output, end), 0);
	struct tf_engine *e = engine(1);
	assert_true(tf_engine_print(e, &(struct tf_printing){.fd = end[1]}, &err));
	assert_true(tf_engine_read(e, "fifo", &err));
	assert_true(tf_engine_finish(e, &err));
	tf_engine_free(e);
	void *got, *fed;
	assert_int_equal(pthread_join(reader, &got) | pthread_join(feeder, &fed), 0);
	assert_non_null(got);
	assert_non_null(fed);
	for (int i = 0; i < 2; i++)
		(void)close(end[i]), (void)close(f.go_on[i]);
	folder_remove();
}

/* -- failures ------------------------------------------------------------------------------ */

/* Of a long file no more is read than need be. */
static void a_reader_that_leaves_ends_the_run(void **state)
{
	(void)state;
	int end[2];
	(void)folder_make();
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(end), 0);
	(void)close(end[0]);
	struct pcapfile *f = pcapfile_new("capture", PCAPFILE_CLASSIC, BUILD_LINK_TYPE);
	static char text[1001];
	memset(text, 'a', sizeof text - 1);
	for (unsigned i = 0; i < 20000; i++) {
		struct tf_frame frame = frame_of(0, 0, ACK, i * 1000, 1, text);
		pcapfile_write(f, &frame);
	}
	assert_true(pcapfile_close(f));
	struct tf_engine *e = engine(1);
	assert_true(tf_engine_print(e, &(struct tf_printing){.fd = end[1]}, &err));
	assert_false(tf_engine_read(e, "capture", &err));
	assert_int_equal(err.status, TF_OK);
	memset(&err, 0xff, sizeof err);
	assert_false(tf_engine_finish(e, &err));
	assert_int_equal(err.status, TF_OK);
	struct tf_counters c;
	tf_engine_counters(e, &c);
	assert_true(c.frames < 2000);
	tf_engine_free(e);
	(void)close(end[1]);
	folder_remove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_does_not_go_together_is_refused),
	        cmocka_unit_test(the_order_is_that_of_the_packets),
	        cmocka_unit_test(transcripts_are_files),
	        cmocka_unit_test(lines_are_seen_at_once),
	        cmocka_unit_test(a_reader_that_leaves_ends_the_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
