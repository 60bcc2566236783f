/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv4 fragments: what is recorded of what they carry, be it by policy when they overlap. */
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

/* -- several packets in one datagram ------------------------------------------------------ */

enum { HOSTS = 8, FILLERS = 2000, FILL = 1400, IP = 20, UDP = 8 };

static uint8_t *put(uint8_t *to, const void *p, size_t n)
{
	memcpy(to, p, n);
	return to + n;
}

/* Step i of a conversation; of the last host's, which has none: an ACK */
static size_t step_bytes(unsigned host, int i, uint8_t to[BUILD_ROOM])
{
	if (host == HOSTS)
		return frame_bytes(host, 0, ACK, 0, 1, "", to);
	return frame_bytes(host, conversation[i].dir, conversation[i].flags, conversation[i].seq,
	                   conversation[i].ack, conversation[i].text, to);
}

/* A packet of an A-MSDU. */
static uint8_t *put_subframe(uint8_t *to, unsigned host, int i)
{
	static const uint8_t snap[] = {0xaa, 0xaa, 3, 0, 0, 0, 8, 0};
	uint8_t segment[BUILD_ROOM];
	size_t n = step_bytes(host, i, segment) - 14;
	memset(to, 0, 14);
	to[13] = (uint8_t)(sizeof snap + n);
	(void)put(put(to + 14, snap, sizeof snap), segment + 14, n);
	return to + (14 + sizeof snap + n + 3) / 4 * 4;
}

/* What an access point hands on, in UDP: one step of each conversation; the last host's first. */
static size_t tunnelled(uint8_t *to, int i)
{
	static const uint8_t head[] = {0x14, 0x7f, 0x14, 0x7f, [UDP + 1] = 0x10, 3, [15] = 0},
	                     wifi[26] = {0x88, 1, [24] = 0x80};
	uint8_t *at = put(put(to, head, sizeof head), wifi, sizeof wifi);
	for (unsigned host = 0; host <= HOSTS; host++)
		at = put_subframe(at, (host + HOSTS) % (HOSTS + 1), i);
	to[4] = (uint8_t)((at - to) >> 8);
	to[5] = (uint8_t)(at - to);
	return (size_t)(at - to);
}

static void write_frame(struct pcapfile *f, const uint8_t *p, size_t n)
{
	pcapfile_write(f, &(struct tf_frame){.bytes = p,
	                                     .captured = (uint32_t)n,
	                                     .length = (uint32_t)n,
	                                     .ts_ns = drive_now += 1000,
	                                     .link_type = RAW});
}

/* In two fragments; ends: addresses. */
static void write_parts(struct pcapfile *f, uint8_t protocol, const uint8_t ends[8],
                        const uint8_t *p, size_t n)
{
	static uint8_t id;
	id++;
	for (size_t from = 0; from < n; from += 64 * 8) {
		size_t part = from > 0 || n < 64 * 8 ? n - from : 64 * 8;
		uint8_t whole[IP + 2 * FILL] = {0x45, 0, 0, 0, 0, id, [8] = 64, [9] = protocol};
		whole[2] = (uint8_t)((IP + part) >> 8);
		whole[3] = (uint8_t)(IP + part);
		whole[6] = from + part < n ? 0x20 : 0;
		whole[7] = (uint8_t)(from / 8);
		(void)put(put(whole + 12, ends, 8), p + from, part);
		write_frame(f, whole, IP + part);
		if (from > 0)
			break;
	}
}

static void write_steps(struct pcapfile *f, int from, int to)
{
	uint8_t bytes[BUILD_ROOM];
	for (int i = from; i < to; i++) {
		for (unsigned host = 0; host < HOSTS; host++) {
			size_t n = step_bytes(host, i, bytes);
			write_frame(f, bytes + 14, n - 14);
		}
	}
}

/* The last host's packets, in datagrams that take all memory for these many times. */
static void write_fillers(struct pcapfile *f)
{
	static char text[FILL + 1];
	uint8_t bytes[BUILD_ROOM];
	memset(text, '!', FILL);
	for (uint32_t i = 0; i < FILLERS; i++) {
		size_t n = frame_bytes(HOSTS, 0, ACK, i * FILL, 1, text, bytes) - HEADERS;
		write_parts(f, 6, bytes + 26, bytes + HEADERS, n);
	}
}

/* Each packet of the datagram is that of another conversation, and lasts as long as it is wanted
   by whoever has it. */
static void aggregate(void **state)
{
	(void)state;
	(void)folder_make();
	uint8_t bytes[4096];
	struct pcapfile *f = pcapfile_new("capture", PCAPFILE_CLASSIC, RAW);
	assert_non_null(f);
	write_steps(f, 0, 2);
	write_parts(f, 17, (const uint8_t[8]){10}, bytes, tunnelled(bytes, 2));
	write_fillers(f);
	write_steps(f, 3, CONVERSATION);
	assert_true(pcapfile_close(f));
	for (unsigned workers = 1; workers < 4; workers += 2) {
		struct tf_config c = config_of(workers, 32 * MIB);
		struct tf_counters counters;
		struct recorder r;
		recorder_init(&r, TF_PLACED);
		struct tf_engine *e = engine_of(&c);
		assert_true(tf_engine_attach(e, &r.sink, &err));
		assert_true(tf_engine_read(e, "capture", &err));
		assert_true(tf_engine_finish(e, &err));
		tf_engine_counters(e, &counters);
		assert_int_equal(counters.packets_aggregated, HOSTS);
		assert_int_equal(counters.tcp_segments, HOSTS * CONVERSATION + 1 + FILLERS);
		assert_int_equal(counters.checksums_bad, 0);
		assert_int_equal(r.flows, HOSTS + 1);
		r.flows = HOSTS;
		heard_all(&r, HOSTS);
		r.flows++;
		recorder_free(&r);
		tf_engine_free(e);
	}
	folder_remove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(policies),
	        cmocka_unit_test(aggregate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
