/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs in one thread: pushing, reading, several sinks and engines, failures, counters. */
#include "drive.h"

#include <signal.h>
#include <sys/resource.h>

static struct tf_error err;
static struct recorder recorder;

static struct tf_engine *start(const struct tf_config *c)
{
	struct tf_engine *e = engine_of(c);
	recorder_init(&recorder, TF_PLACED);
	assert_true(tf_engine_attach(e, &recorder.sink, &err));
	return e;
}

static void finish(struct tf_engine *e)
{
	assert_true(tf_engine_finish(e, &err));
	tf_engine_free(e);
}

static void pushes(void **state)
{
	(void)state;
	struct tf_config c = config_of(1, 8 * MIB);
	struct tf_engine *e = start(&c);
	assert_true(converse(e, &err, 20));
	finish(e);
	heard_all(&recorder, 20);
	recorder_free(&recorder);
}

static void nothing_at_all(void **state)
{
	(void)state;
	struct tf_config c = config_of(1, 8 * MIB);
	struct tallies t;
	tallies_init(&t);
	struct tf_engine *e = engine_of(&c);
	assert_true(tf_engine_attach(e, &t.sink, &err));
	struct tf_counters counters;
	tf_engine_counters(e, &counters);
	assert_int_equal(counters.frames, 0);
	finish(e); /* no frame came */
	assert_int_equal(tally_sum(&t).opened, 1);
	assert_int_equal(tally_sum(&t).closed, 1);

	e = engine_of(&c); /* no sink hears */
	assert_true(converse(e, &err, 2));
	finish(e);

	e = engine_of(&c);
	tf_engine_free(e); /* never used */
}

/* Given up in the middle: all is closed, and each flow's END was told. */
static void given_up(void **state)
{
	(void)state;
	struct tf_config c = config_of(1, 8 * MIB);
	struct tf_engine *e = start(&c);
	for (int i = 0; i < 4; i++)
		assert_true(step(e, &err, 0, i));
	tf_engine_free(e);
	assert_string_equal(recorder.fault, "");
	assert_int_equal(recorder.flows, 1);
	assert_int_equal(recorder.flow[0]->end, TF_END_INPUT);
	recorder_free(&recorder);
}

/* Frames of any length and with anything in them. */
static void odd_frames(void **state)
{
	(void)state;
	struct tf_config c = config_of(1, 8 * MIB);
	struct tf_engine *e = start(&c);
	static uint8_t bytes[3 << 20];
	memset(bytes, 0x45, sizeof bytes);
	struct tf_frame f = {.bytes = NULL, .link_type = 1};
	assert_true(tf_engine_push(e, &f, &err)); /* nothing captured */
	f.bytes = bytes;
	for (uint32_t n = 1; n < 2000; n += 7) {
		f.captured = f.length = n;
		f.link_type = n % 300;
		assert_true(tf_engine_push(e, &f, &err));
	}
	f.captured = f.length = sizeof bytes;
	assert_false(tf_engine_push(e, &f, &err)); /* longer than a block */
	assert_int_equal(err.status, TF_USAGE);
	assert_non_null(strstr(err.text, "3145728"));
	f.captured = UINT32_MAX;
	assert_false(tf_engine_push(e, &f, &err));
	f.captured = f.length = 400000;
	for (int i = 0; i < 30; i++) /* more than all blocks together */
		assert_true(tf_engine_push(e, &f, &err));
	assert_true(converse(e, &err, 2)); /* and it goes on */
	struct tf_counters counters;
	tf_engine_counters(e, &counters);
	assert_int_equal(counters.frames, 1 + 286 + 30 + 2 * CONVERSATION);
	assert_int_equal(sum_of_fates(&counters), counters.frames);
	finish(e);
	assert_int_equal(recorder.flows, 2);
	recorder_free(&recorder);
}

static void counts(void **state)
{
	(void)state;
	struct tf_config c = config_of(1, 8 * MIB);
	c.filter = "less 30 or not port 4444";
	struct tallies t;
	tallies_init(&t);
	struct tf_engine *e = engine_of(&c);
	c.filter = "gone";
	assert_true(tf_engine_attach(e, &t.sink, &err));
	assert_true(converse(e, &err, 10));
	struct tf_frame f = frame_of(1, 0, ACK, 1, 1, "x");
	uint8_t copy[100];
	memcpy(copy, f.bytes, f.captured);
	copy[34] = 4444 >> 8; /* source port */
	copy[35] = 4444 & 0xff;
	f.bytes = copy;
	assert_true(tf_engine_push(e, &f, &err));
	copy[12] = 0x08; /* ARP */
	copy[13] = 0x06;
	assert_true(tf_engine_push(e, &f, &err));
	f.captured = f.length = 20;
	copy[13] = 0x00;
	assert_true(tf_engine_push(e, &f, &err));
	assert_true(tf_engine_finish(e, &err));
	struct tf_counters n;
	tf_engine_counters(e, &n);
	tf_engine_free(e);
	assert_int_equal(n.frames, 10 * CONVERSATION + 3);
	assert_int_equal(sum_of_fates(&n), n.frames);
	assert_int_equal(n.tcp_segments, 10 * CONVERSATION);
	assert_int_equal(n.filtered, 1);
	assert_int_equal(n.not_ip, 1);
	assert_int_equal(n.drop_short, 1);
	assert_int_equal(n.flows, 10);
	assert_int_equal(n.flows_finished, 10);
	assert_int_equal(n.bytes_seen, 280);
	assert_int_equal(n.bytes_written, 280);
	assert_int_equal(n.writes, 10); /* what the sink counts itself */
}

/* Several engines at a time know nothing of one another. */
static void two_engines(void **state)
{
	(void)state;
	struct tf_config c = config_of(1, 8 * MIB);
	struct recorder r[2];
	struct tf_engine *e[2];
	for (int i = 0; i < 2; i++) {
		e[i] = engine_of(&c);
		recorder_init(&r[i], i ? TF_STREAM : TF_PLACED);
		assert_true(tf_engine_attach(e[i], &r[i].sink, &err));
	}
	for (int k = 0; k < CONVERSATION; k++)
		for (int i = 0; i < 2; i++)
			for (unsigned host = 0; host < 5u + 5u * (unsigned)i; host++)
				assert_true(step(e[i], &err, host, k));
	finish(e[1]);
	finish(e[0]);
	heard_all(&r[0], 5);
	heard_all(&r[1], 10);
	recorder_free(&r[0]);
	recorder_free(&r[1]);
	for (int i = 0; i < 20; i++) { /* and one after the other */
		struct tf_config other = config_of(1, (8 + (size_t)i % 3) * MIB);
		struct tf_engine *f = start(&other);
		assert_true(converse(f, &err, 3));
		finish(f);
		heard_all(&recorder, 3);
		recorder_free(&recorder);
	}
}

/* A sink that places and one that wants order hear the same stream, each in its way. */
static void placed_and_ordered(void **state)
{
	(void)state;
	struct tf_config c = config_of(1, 8 * MIB);
	struct recorder ordered;
	struct tf_engine *e = start(&c);
	recorder_init(&ordered, TF_STREAM);
	assert_true(tf_engine_attach(e, &ordered.sink, &err));
	assert_true(push(e, &err, 0, 0, SYN, 99, 0, ""));
	assert_true(push(e, &err, 0, 1, SYN | ACK, 499, 100, ""));
	assert_true(push(e, &err, 0, 0, ACK, 100, 500, "abc"));
	assert_true(push(e, &err, 0, 0, ACK, 106, 500, "ghi")); /* early */
	assert_true(push(e, &err, 0, 1, ACK, 500, 109, "")); /* acknowledged: the hole is passed */
	assert_true(push(e, &err, 0, 0, ACK, 103, 500, "def")); /* late */
	assert_true(push(e, &err, 0, 0, ACK, 103, 500, "dXf"));
	finish(e);
	assert_string_equal(recorder.fault, "");
	assert_string_equal(ordered.fault, "");
	const struct recorder_stream *p = &recorder.flow[0]->dir[0].stream[0];
	const struct recorder_stream *o = &ordered.flow[0]->dir[0].stream[0];
	uint8_t got[9];
	assert_int_equal(recorder_copy(p, 0, got, 9), 9);
	assert_memory_equal(got, "abcdefghi", 9);
	assert_int_equal(p->gaps, 0);
	assert_int_equal(p->conflicts, 1);
	assert_int_equal(recorder_copy(o, 0, got, 9), 6);
	assert_memory_equal(got, "abc\0\0\0ghi", 9);
	assert_int_equal(o->gaps, 1);
	assert_int_equal(o->gap[0].offset, 3);
	recorder_free(&recorder);
	recorder_free(&ordered);
}

/* The first failure stops the run; END is told of each flow all the same. */
static void sink_fails(void **state)
{
	(void)state;
	struct tf_config c = config_of(1, 8 * MIB);
	struct tallies t, other;
	tallies_init(&t);
	tallies_init(&other);
	t.each[0].fail_after = 700;
	struct tf_engine *e = engine_of(&c);
	assert_true(tf_engine_attach(e, &t.sink, &err));
	assert_true(tf_engine_attach(e, &other.sink, &err));
	memset(&err, 0, sizeof err);
	assert_false(converse(e, &err, 400));
	assert_int_equal(err.status, TF_OUTPUT);
	assert_string_equal(err.text, "enough after 700");
	assert_false(step(e, &err, 1000, 0)); /* and stays so */
	assert_string_equal(err.text, "enough after 700");
	memset(&err, 0, sizeof err);
	assert_false(tf_engine_finish(e, &err));
	assert_string_equal(err.text, "enough after 700");
	tf_engine_free(e);
	struct tally s = tally_sum(&t);
	assert_int_equal(s.begun, 400);
	assert_int_equal(s.ended, 400);
	assert_int_equal(s.closed, 1);
	assert_int_equal(tally_sum(&other).ended, 400);
	assert_int_equal(tally_sum(&other).bytes, s.bytes);
}

static void close_fails(void **state)
{
	(void)state;
	struct tf_config c = config_of(1, 8 * MIB);
	struct tallies t;
	tallies_init(&t);
	t.each[0].close_fails = true;
	struct tf_engine *e = engine_of(&c);
	assert_true(tf_engine_attach(e, &t.sink, &err));
	assert_true(converse(e, &err, 2));
	assert_false(tf_engine_finish(e, &err));
	assert_string_equal(err.text, "cannot close");
	tf_engine_free(e);
	assert_int_equal(tally_sum(&t).closed, 1);
}

/* -- with files -------------------------------------------------------------------------- */

static void records_and_tells(void **state)
{
	(void)state;
	folder_make();
	for (int files_first = 0; files_first < 2; files_first++) {
		char folder[2] = {(char)('a' + files_first), '\0'};
		struct tf_config c = config_of(1, 8 * MIB);
		struct tf_engine *e = engine_of(&c);
		recorder_init(&recorder, TF_STREAM);
		if (files_first)
			assert_true(tf_engine_record(
			        e, &(struct tf_recording){.folder = folder, .files_max = 10},
			        &err));
		assert_true(tf_engine_attach(e, &recorder.sink, &err));
		if (!files_first)
			assert_true(tf_engine_record(
			        e, &(struct tf_recording){.folder = folder, .files_max = 10},
			        &err));
		assert_true(push(e, &err, 0, 0, SYN, 99, 0, ""));
		assert_true(push(e, &err, 0, 0, ACK, 104, 1, "early")); /* lent, if it may be */
		assert_true(push(e, &err, 0, 0, ACK, 100, 1, "some"));
		assert_true(push(e, &err, 0, 0, ACK, 104, 1, "eaXly")); /* compared */
		assert_true(tf_engine_finish(e, &err));
		struct tf_counters n;
		tf_engine_counters(e, &n);
		tf_engine_free(e);
		assert_int_equal(n.files, 1);
		assert_int_equal(n.writes, 1);
		assert_int_equal(n.conflicts, 1);
		assert_string_equal(recorder.fault, "");
		assert_int_equal(recorder.flow[0]->dir[0].stream[0].told, 9);
		recorder_free(&recorder);
		assert_int_equal(chdir(folder), 0);
		file_is("010.000.000.001.04000-010.009.009.009.00080", "someearly");
		assert_int_equal(chdir(".."), 0);
	}
	folder_remove();
}

/* No room on the disk: one message, and bytes that count as lost. */
static void disk_full(void **state)
{
	(void)state;
	folder_make();
	struct tf_config c = config_of(1, 8 * MIB);
	struct tf_engine *e = engine_of(&c);
	recorder_init(&recorder, TF_PLACED);
	assert_true(tf_engine_record(e, &(struct tf_recording){.folder = "out", .files_max = 10},
	                             &err));
	static char text[1001];
	memset(text, 'x', sizeof text - 1);
	struct rlimit was, limit;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	limit = (struct rlimit){.rlim_cur = 100000, .rlim_max = was.rlim_max};
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	bool ok = true;
	uint32_t pushed = 0;
	for (; ok && pushed < 5000; pushed++)
		ok = push(e, &err, 0, 0, ACK, 100 + 1000 * pushed, 1, text);
	struct tf_error last = {0};
	bool finished = tf_engine_finish(e, &last);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_false(ok);
	assert_false(finished);
	assert_int_equal(err.status, TF_OUTPUT);
	assert_non_null(strstr(err.text, "File too large"));
	assert_string_equal(err.text, last.text);
	struct tf_counters n;
	tf_engine_counters(e, &n);
	tf_engine_free(e);
	assert_true(n.bytes_write_failed > 0);
	assert_int_equal(n.bytes_seen, n.bytes_written + n.bytes_write_failed);
	struct stat st;
	assert_int_equal(stat("out/010.000.000.001.04000-010.009.009.009.00080", &st), 0);
	assert_true((uint64_t)st.st_size >= n.bytes_written);
	folder_remove();
}

/* -- reading ------------------------------------------------------------------------------- */

static void write_capture(const char *path, int from, int to, unsigned hosts)
{
	struct pcapfile *f = pcapfile_new(path, PCAPFILE_CLASSIC, BUILD_LINK_TYPE);
	assert_non_null(f);
	for (int i = from; i < to; i++)
		for (unsigned host = 0; host < hosts; host++) {
			struct tf_frame frame = frame_of(host, conversation[i].dir,
			                                 conversation[i].flags, conversation[i].seq,
			                                 conversation[i].ack, conversation[i].text);
			pcapfile_write(f, &frame);
		}
	assert_true(pcapfile_close(f));
}

static uint64_t progressed;

static void progress(void *arg, uint64_t position)
{
	assert_ptr_equal(arg, &progressed);
	assert_true(position >= progressed);
	progressed = position;
}

/* Connections go on from one file to the next, and from files to pushed frames. */
static void reads(void **state)
{
	(void)state;
	folder_make();
	write_capture("1.pcap", 0, 4, 300);
	write_capture("2.pcap", 4, 6, 300);
	struct tf_config c = config_of(1, 8 * MIB);
	c.progress = progress;
	c.progress_arg = &progressed;
	struct tf_engine *e = start(&c);
	progressed = 0;
	assert_true(tf_engine_read(e, "1.pcap", &err));
	struct stat st;
	assert_int_equal(stat("1.pcap", &st), 0);
	assert_int_equal(progressed, st.st_size);
	progressed = 0;
	assert_false(tf_engine_read(e, "none.pcap", &err));
	assert_int_equal(err.status, TF_USAGE);
	assert_true(tf_engine_read(e, "2.pcap", &err));
	for (int i = 6; i < CONVERSATION; i++)
		for (unsigned host = 0; host < 300; host++)
			assert_true(step(e, &err, host, i));
	finish(e);
	heard_all(&recorder, 300);
	recorder_free(&recorder);
	folder_remove();
}

/* Cut anywhere: TF_DAMAGED, what was readable is taken, and another file may be read. */
static void damaged(void **state)
{
	(void)state;
	folder_make();
	write_capture("whole.pcap", 0, CONVERSATION, 3);
	struct stat st;
	assert_int_equal(stat("whole.pcap", &st), 0);
	for (off_t size = 25; size < st.st_size; size += 53) {
		char command[100];
		(void)snprintf(command, sizeof command, "head -c %lld whole.pcap > cut.pcap",
		               (long long)size);
		assert_int_equal(system(command), 0);
		struct tf_config c = config_of(1, 8 * MIB);
		struct tf_engine *e = start(&c);
		memset(&err, 0, sizeof err);
		if (!tf_engine_read(e, "cut.pcap", &err))
			assert_int_equal(err.status, TF_DAMAGED);
		assert_true(tf_engine_read(e, "whole.pcap", &err));
		assert_true(tf_engine_finish(e, &err));
		tf_engine_free(e);
		assert_string_equal(recorder.fault, "");
		assert_in_range(recorder.flows, 3, 6);
		recorder_free(&recorder);
	}
	folder_remove();
}

static struct tf_engine *to_stop;

static void stop_it(void *arg, uint64_t position)
{
	(void)arg;
	(void)position;
	tf_engine_stop(to_stop);
}

static void stops(void **state)
{
	(void)state;
	folder_make();
	write_capture("1.pcap", 0, CONVERSATION, 300);
	struct tf_config c = config_of(1, 8 * MIB);
	c.progress = stop_it;
	struct tf_engine *e = to_stop = start(&c);
	assert_true(tf_engine_read(e, "1.pcap", &err)); /* as if the file had ended */
	struct tf_counters n;
	tf_engine_counters(e, &n);
	assert_in_range(n.frames, 1, 300 * CONVERSATION - 1);
	finish(e);
	assert_string_equal(recorder.fault, "");
	recorder_free(&recorder);
	folder_remove();
}

/* Once it is stopped nothing is opened: a pipe without a writer would be waited for. */
static void stopped_before(void **state)
{
	static const char *const pipe = "pipe";
	(void)state;
	folder_make();
	assert_int_equal(mkfifo(pipe, 0600), 0);
	struct tf_config c = config_of(1, 8 * MIB);
	struct tf_engine *e = start(&c);
	tf_engine_stop(e);
	give_up_after(20); /* the test hangs no longer than that */
	assert_true(tf_engine_read(e, pipe, &err));
	assert_true(tf_engine_merge(e, &pipe, 1, &err));
	(void)alarm(0);
	finish(e);
	recorder_free(&recorder);
	folder_remove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(pushes),
	        cmocka_unit_test(nothing_at_all),
	        cmocka_unit_test(given_up),
	        cmocka_unit_test(odd_frames),
	        cmocka_unit_test(counts),
	        cmocka_unit_test(two_engines),
	        cmocka_unit_test(placed_and_ordered),
	        cmocka_unit_test(sink_fails),
	        cmocka_unit_test(close_fails),
	        cmocka_unit_test(records_and_tells),
	        cmocka_unit_test(disk_full),
	        cmocka_unit_test(reads),
	        cmocka_unit_test(damaged),
	        cmocka_unit_test(stops),
	        cmocka_unit_test(stopped_before),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
