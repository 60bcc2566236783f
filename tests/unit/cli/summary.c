/* SPDX-License-Identifier: BSD-3-Clause */
/* What a run's end says for given counters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/summary.h"

static void expect(const struct tf_counters *c, int64_t spent_ns, const char *want)
{
	char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);
	summary_write(to, c, spent_ns);
	assert_int_equal(fclose(to), 0);
	assert_string_equal(text, want);
	free(text);
}

static void nothing(void **state)
{
	(void)state;
	expect(&(struct tf_counters){0}, 0,
	       "tcpflow: 0 packets (0 bytes) in 0.00 s\n"
	       "         0 flows, 0 files, 0 bytes recorded\n");
}

static void one_of_each(void **state)
{
	(void)state;
	expect(&(struct tf_counters){.frames = 1,
	                             .tcp_segments = 1,
	                             .frame_bytes = 1,
	                             .flows = 1,
	                             .files = 1,
	                             .bytes_written = 1,
	                             .bytes_missing = 1,
	                             .gaps = 1,
	                             .bytes_conflicting = 1,
	                             .conflicts = 1},
	       1000000000,
	       "tcpflow: 1 packet (1 byte) in 1.00 s, 1 byte/s\n"
	       "         1 flow, 1 file, 1 byte recorded\n"
	       "         missing      1 bytes that were never captured, in 1 gap\n"
	       "         conflicting  1 bytes that differ from the record, set aside, in 1 "
	       "overlap\n");
}

static void full(void **state)
{
	(void)state;
	expect(&(struct tf_counters){.frames = 1234,
	                             .tcp_segments = 1200,
	                             .frame_bytes = 1234567,
	                             .not_ip = 3,
	                             .drop_short = 31,
	                             .flows = 12,
	                             .files = 20,
	                             .bytes_written = 1000123,
	                             .bytes_missing = 1460000,
	                             .bytes_cut = 50,
	                             .gaps = 1002,
	                             .drops_kernel = 8,
	                             .drops_interface = 9,
	                             .bytes_duplicate = 77},
	       10000000,
	       "tcpflow: 1,234 packets (1.2 MB) in 0.01 s, 123 MB/s\n"
	       "         12 flows, 20 files, 1,000,123 bytes recorded\n"
	       "         missing      1,460,000 bytes that were never captured, in 1,002 gaps\n"
	       "                             50 of these, bytes cut off by the snaplen\n"
	       "         dropped              8 packets that the kernel dropped: its buffer was "
	       "full (--ring)\n"
	       "                              9 packets that the network interface dropped\n"
	       "         duplicate           77 retransmitted bytes, same as recorded\n"
	       "         skipped              3 frames without IP (ARP, spanning tree, ...)\n"
	       "                             31 frames in which a header runs past the captured "
	       "bytes\n");
}

/* Each fate but the wanted ones is told with its sentence when it is not 0. */
static void each_fate(void **state)
{
	struct tf_counters all = {0};
	char *text = NULL;
	size_t n = 0;
	(void)state;
#define SET(name, ...) all.name = 7;
	TF_FATES(SET)
#undef SET
	FILE *to = open_memstream(&text, &n);
	summary_write(to, &all, 0);
	assert_int_equal(fclose(to), 0);
#define TOLD(name, sentence)                                                                       \
	assert_true((strstr(text, "7 " sentence "\n") != NULL) ==                                  \
	            (strcmp(#name, "tcp_segments") != 0 && strcmp(#name, "fragments") != 0));
	TF_FATES(TOLD)
#undef TOLD
	free(text);
}

static void every_counter(void **state)
{
	struct tf_counters all = {.frames = 1234567};
	char *text = NULL, *end;
	size_t n = 0, count, lines = 0;
	const struct tf_counter_row *rows = tf_counter_rows(&count);
	(void)state;
	FILE *to = open_memstream(&text, &n);
	summary_counters(to, &all);
	assert_int_equal(fclose(to), 0);
	for (char *line = text; (end = strchr(line, '\n')) != NULL; line = end + 1, lines++) {
		char name[40], number[40];
		*end = '\0';
		assert_int_equal(sscanf(line, " %39s %39s", name, number), 2);
		assert_string_equal(name, rows[lines].name);
		assert_string_equal(number, strcmp(name, "frames") ? "0" : "1,234,567");
		assert_non_null(strstr(line, rows[lines].sentence));
	}
	assert_int_equal(lines, count);
	free(text);
}

static void losses(void **state)
{
	(void)state;
	assert_false(summary_lossy(&(struct tf_counters){.frames = 5,
	                                                 .tcp_segments = 5,
	                                                 .not_ip = 5,
	                                                 .bytes_duplicate = 5,
	                                                 .bytes_beyond_limit = 5,
	                                                 .bytes_written = 5,
	                                                 .keepalives = 5}));
	assert_true(summary_lossy(&(struct tf_counters){.bytes_missing = 1}));
	assert_true(summary_lossy(&(struct tf_counters){.bytes_conflicting = 1}));
	assert_true(summary_lossy(&(struct tf_counters){.bytes_evicted = 1}));
	assert_true(summary_lossy(&(struct tf_counters){.flows_evicted = 1}));
	assert_true(summary_lossy(&(struct tf_counters){.datagrams_evicted = 1}));
	assert_true(summary_lossy(&(struct tf_counters){.bytes_write_failed = 1}));
	assert_true(summary_lossy(&(struct tf_counters){.streams_restarted = 1}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(nothing),       cmocka_unit_test(one_of_each),
	        cmocka_unit_test(full),          cmocka_unit_test(each_fate),
	        cmocka_unit_test(every_counter), cmocka_unit_test(losses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
