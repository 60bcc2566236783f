/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv4 fragments that overlap, by policy: what is recorded of the segment in them. */
#include "drive.h"

static struct tf_error err;

enum { RAW = 101, HEADERS = 34, OVERLAP = 24, END = 32 };

#define TEXT  "abcdefghijklmnopqrst" /* behind 20 bytes of TCP header: e to l overlap */
#define OTHER "abcdXXXXXXXXmnopqrst"

static void push_part(struct tf_engine *e, const uint8_t *whole, size_t from, size_t to, bool more)
{
	uint8_t part[BUILD_ROOM];
	unsigned field = (unsigned)(from / 8) | (more ? 0x2000U : 0);
	memcpy(part, whole + 14, 20);
	part[3] = (uint8_t)(20 + to - from);
	part[6] = (uint8_t)(field >> 8);
	part[7] = (uint8_t)field;
	memcpy(part + 20, whole + HEADERS + from, to - from);
	const struct tf_frame f = {.bytes = part,
	                           .captured = (uint32_t)(20 + to - from),
	                           .length = (uint32_t)(20 + to - from),
	                           .ts_ns = drive_now += 1000,
	                           .link_type = RAW};
	assert_true(tf_engine_push(e, &f, &err));
}

/* Records a segment in two fragments, of which the second has other bytes where they overlap. */
static struct tf_counters record(enum tf_fragments policy, unsigned workers, const char *text)
{
	uint8_t whole[BUILD_ROOM];
	struct tf_config c = config_of(workers, 32 * MIB);
	c.fragments = policy;
	c.checksum = TF_CHECKSUM_IGNORE;
	struct recorder r;
	struct tf_counters counters;
	recorder_init(&r, TF_PLACED);
	struct tf_engine *e = engine_of(&c);
	assert_true(tf_engine_attach(e, &r.sink, &err));
	assert_true(step(e, &err, 0, 0) && step(e, &err, 0, 1));
	size_t n = frame_bytes(0, 0, ACK, 100, 500, TEXT, whole) - HEADERS;
	push_part(e, whole, 0, END, true);
	memset(whole + HEADERS + OVERLAP, 'X', END - OVERLAP);
	push_part(e, whole, OVERLAP, n, false);
	assert_true(tf_engine_finish(e, &err));
	tf_engine_counters(e, &counters);
	assert_int_equal(counters.bytes_written, strlen(text));
	assert_int_equal(sum_of_fates(&counters), counters.frames);
	assert_string_equal(r.fault, "");
	uint8_t got[sizeof TEXT];
	if (*text != '\0') {
		assert_int_equal(recorder_copy(&r.flow[0]->dir[0].stream[0], 0, got, strlen(text)),
		                 strlen(text));
		assert_memory_equal(got, text, strlen(text));
	}
	recorder_free(&r);
	tf_engine_free(e);
	return counters;
}

static void policies(void **state)
{
	static const struct {
		enum tf_fragments policy;
		const char *text;
		unsigned overlaps;
	} rows[] = {{TF_FRAGMENTS_DROP, "", 1},
	            {TF_FRAGMENTS_FIRST, TEXT, 0},
	            {TF_FRAGMENTS_LAST, OTHER, 0}};
	(void)state;
	for (unsigned workers = 1; workers < 4; workers += 2) {
		for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
			struct tf_counters c = record(rows[i].policy, workers, rows[i].text);
			assert_int_equal(c.datagrams_overlap, rows[i].overlaps);
			assert_int_equal(c.datagrams, 1 - rows[i].overlaps);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(policies)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
