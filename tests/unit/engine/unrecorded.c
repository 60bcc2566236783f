/* SPDX-License-Identifier: BSD-3-Clause */
/* What is not recorded: each frame once, as it came, and with the true reason. */
#include "drive.h"

static struct tf_error err;

/* -- the file, read by hand: comments are what the library's own reader counts only -- */

enum { MOST = 300 };

static struct {
	int64_t ts_ns;
	uint32_t captured;
	const uint8_t *bytes;
	char comment[300];
} told[MOST];
static size_t tells;
static uint8_t file[16 << 20];

static uint32_t u32(const uint8_t *p)
{
	return p[0] | p[1] * 0x100U | p[2] * 0x10000U | p[3] * 0x1000000U;
}

static void take_packet(const uint8_t *p, uint32_t total)
{
	assert_true(tells < MOST);
	uint32_t n = u32(p + 20), padded = (n + 3) / 4 * 4;
	const uint8_t *option = p + 28 + padded;
	uint32_t length = option[2] + option[3] * 256U;
	assert_int_equal(option[0], 1);
	assert_true(length < sizeof told[0].comment && 28 + padded + 4 + length <= total);
	told[tells].ts_ns = (int64_t)((uint64_t)u32(p + 12) << 32 | u32(p + 16));
	told[tells].captured = n;
	told[tells].bytes = p + 28;
	memcpy(told[tells].comment, option + 4, length);
	told[tells].comment[length] = '\0';
	tells++;
}

static void read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	size_t n = fread(file, 1, sizeof file, f);
	assert_true(n < sizeof file);
	(void)fclose(f);
	tells = 0;
	for (size_t at = 0; at < n; at += u32(file + at + 4)) {
		assert_true(n - at >= 12 && u32(file + at + 4) >= 12);
		if (u32(file + at) == 6)
			take_packet(file + at, u32(file + at + 4));
	}
}

static void is_told(size_t i, const char *comment)
{
	assert_true(i < tells);
	assert_string_equal(told[i].comment, comment);
}

/* -- frames ------------------------------------------------------------------------------ */

static struct tf_engine *start(unsigned workers, size_t memory)
{
	struct tf_config c = config_of(workers, memory);
	struct tf_engine *e = engine_of(&c);
	assert_true(tf_engine_set_aside(e, "aside", &err));
	return e;
}

static struct tf_counters finish(struct tf_engine *e)
{
	struct tf_counters c;
	assert_true(tf_engine_finish(e, &err));
	tf_engine_counters(e, &c);
	tf_engine_free(e);
	read_file("aside");
	assert_int_equal(c.frames_set_aside, tells);
	return c;
}

static void push_bytes(struct tf_engine *e, const uint8_t *bytes, size_t n, uint32_t link_type)
{
	struct tf_frame f = {.bytes = bytes,
	                     .captured = (uint32_t)n,
	                     .length = (uint32_t)n,
	                     .ts_ns = drive_now += 1000,
	                     .link_type = link_type};
	assert_true(tf_engine_push(e, &f, &err));
}

/* Raw IPv4: bytes [from, to) of a payload whose byte i is i, as a fragment. */
static size_t fragment(uint8_t *f, uint8_t protocol, uint16_t id, unsigned from, unsigned to,
                       bool more)
{
	unsigned n = 20 + to - from, field = from / 8 | (more ? 0x2000U : 0);
	const uint8_t head[20] = {0x45,
	                          0,
	                          (uint8_t)(n >> 8),
	                          (uint8_t)n,
	                          (uint8_t)(id >> 8),
	                          (uint8_t)id,
	                          (uint8_t)(field >> 8),
	                          (uint8_t)field,
	                          64,
	                          protocol,
	                          0,
	                          0,
	                          10,
	                          0,
	                          0,
	                          1,
	                          10,
	                          0,
	                          0,
	                          2};
	memcpy(f, head, sizeof head);
	for (unsigned i = from; i < to; i++)
		f[20 + i - from] = (uint8_t)i;
	return n;
}

enum { RAW = 101, UDP = 17, TCP = 6 };

static void push_fragment(struct tf_engine *e, uint8_t protocol, uint16_t id, unsigned from,
                          unsigned to, bool more)
{
	uint8_t f[2000];
	push_bytes(e, f, fragment(f, protocol, id, from, to, more), RAW);
}

#define COMPLETE "not_tcp: IP packets that carry something other than TCP"
#define DROPPED  "drop_fragments: IP fragments of datagrams that were discarded; "

static void each_fate(void **state)
{
	(void)state;
	struct tf_engine *e = start(4, 16 * MIB); /* becomes one worker */
	static const uint8_t arp[60] = {[12] = 8, [13] = 6},
	                     ip[60] = {[12] = 8, [14] = 0x45, [17] = 10};
	uint8_t udp[100];
	push_bytes(e, arp, sizeof arp, 1);
	assert_true(step(e, &err, 0, 0)); /* recorded */
	push_bytes(e, udp, fragment(udp, UDP, 1, 0, 30, false), RAW);
	push_bytes(e, arp, sizeof arp, 147);
	push_bytes(e, ip, sizeof ip, 1);
	push_bytes(e, ip, 20, 1);
	push_bytes(e, NULL, 0, 1);
	struct tf_counters c = finish(e);
	assert_int_equal(c.frames, 7);
	assert_int_equal(tells, 6);
	is_told(0, "not_ip: frames without IP (ARP, spanning tree, ...)");
	is_told(1, COMPLETE);
	is_told(2, "drop_link_type: frames of a link type that is not decoded");
	is_told(3, "drop_bad_ip: frames whose IP header contradicts itself");
	is_told(4, "drop_short: frames in which a header runs past the captured bytes");
	is_told(5, "drop_short: frames in which a header runs past the captured bytes");
	assert_int_equal(told[0].captured, sizeof arp);
	assert_memory_equal(told[0].bytes, arp, sizeof arp);
	for (size_t i = 1; i < tells; i++)
		assert_true(told[i].ts_ns > told[i - 1].ts_ns);
}

/* A frame that was told has nanoseconds, and stands where it came in. */
static void refused(void **state)
{
	(void)state;
	struct tf_engine *e = start(1, 16 * MIB);
	for (int i = 0; i < CONVERSATION; i++)
		assert_true(step(e, &err, 0, i));
	assert_true(push(e, &err, 0, 0, ACK, 114, 515, "late"));
	assert_true(push(e, &err, 0, 0, ACK, 114, 515, "")); /* nothing in it */
	for (int i = 0; i < 3; i++)
		assert_true(step(e, &err, 1, i));
	assert_true(push(e, &err, 1, 0, ACK, 95, 500, "befo"));      /* before the first byte */
	assert_true(push(e, &err, 1, 0, ACK, 100, 500, "question")); /* a copy */
	assert_true(push(e, &err, 1, 1, RST | ACK, 700, 108, "no!"));
	assert_true(push(e, &err, 1, 1, SYN | ACK, 90000, 100, "stray"));
	assert_true(push(e, &err, 1, 0, FIN | ACK, 108, 500, ""));
	assert_true(push(e, &err, 1, 1, ACK, 500, 109, ""));
	assert_true(push(e, &err, 1, 0, ACK, 109, 500, "beyond"));
	struct tf_counters c = finish(e);
	is_told(0, "bytes_after_close: bytes after the end of their stream");
	assert_memory_equal(told[0].bytes + told[0].captured - 4, "late", 4);
	is_told(1, "bytes_outside: bytes outside the receiver's window");
	is_told(2, "bytes_rejected: bytes in segments that no receiver takes");
	is_told(3, "synack_ignored: SYN-ACKs that nobody waited for");
	assert_memory_equal(told[3].bytes + told[3].captured - 5, "stray", 5);
	is_told(4, "bytes_after_close: bytes after the end of their stream");
	assert_int_equal(tells, 5);
	assert_int_equal(c.bytes_after_close + c.bytes_outside + c.bytes_rejected,
	                 4 + 4 + 3 + 5 + 6);
	assert_int_equal(sum_of_fates(&c), c.frames);
}

/* The fragments of a datagram share its fate, whenever that turns out. */
static void fragments(void **state)
{
	(void)state;
	struct tf_engine *e = start(1, 16 * MIB);
	push_fragment(e, UDP, 1, 0, 800, true);
	push_fragment(e, UDP, 2, 0, 800, true); /* never completed */
	push_fragment(e, UDP, 1, 800, 1600, true);
	push_fragment(e, UDP, 1, 1600, 1700, false); /* 1 is complete */
	push_fragment(e, UDP, 3, 0, 800, true);
	push_fragment(e, UDP, 3, 792, 900, false); /* overlaps */
	push_fragment(e, UDP, 4, 65528, 65528 + 800, true);
	drive_now += INT64_C(100000000000);
	push_fragment(e, UDP, 5, 0, 800, true); /* 2 has waited too long */
	struct tf_counters c = finish(e);
	assert_int_equal(tells, 8);
	for (size_t i = 0; i < 3; i++) {
		is_told(i, COMPLETE);
		assert_int_equal(told[i].captured, i < 2 ? 820 : 120);
		assert_int_equal(told[i].bytes[21], (uint8_t)(i * 800 + 1));
	}
	is_told(3, DROPPED "datagrams_overlap: discarded: their fragments overlap");
	is_told(4, DROPPED "datagrams_overlap: discarded: their fragments overlap");
	is_told(5, DROPPED "fragments_too_big: fragments that reach beyond 65,535 bytes");
	is_told(6, DROPPED "datagrams_timeout: discarded: incomplete for too long");
	is_told(7, DROPPED "datagrams_unfinished: incomplete when the input ended");
	assert_int_equal(c.not_tcp, 1);
	assert_int_equal(c.fragments, 2);
	assert_int_equal(c.drop_fragments, 5);
}

/* A TCP segment in fragments is recorded, so none of them is told; one that is refused takes
   all of them along. */
static void segment_in_fragments(void **state)
{
	(void)state;
	struct tf_engine *e = start(1, 16 * MIB);
	uint8_t whole[BUILD_ROOM], part[BUILD_ROOM];
	for (int again = 0; again < 2; again++) {
		const char *text = again ? "this is late, and nobody takes it" : "question";
		size_t n = frame_bytes(0, 0, ACK, 100, 500, text, whole);
		for (int i = again ? 3 : 0; i < (again ? CONVERSATION : 2); i++)
			assert_true(step(e, &err, 0, i));
		for (size_t from = 0, to; from < n - 34; from = to) {
			to = from + 16 < n - 34 ? from + 16 : n - 34;
			memcpy(part, whole + 14, 20);
			unsigned field = (unsigned)(from / 8) | (to < n - 34 ? 0x2000U : 0);
			part[2] = 0;
			part[3] = (uint8_t)(20 + to - from);
			part[6] = (uint8_t)(field >> 8);
			part[7] = (uint8_t)field;
			memcpy(part + 20, whole + 34 + from, to - from);
			push_bytes(e, part, 20 + to - from, RAW);
		}
	}
	struct tf_counters c = finish(e);
	assert_int_equal(c.datagrams, 2);
	assert_int_equal(c.bytes_written, 28);
	assert_int_equal(tells, 4); /* 20 bytes of header and 33 of text, 16 in each */
	for (size_t i = 0; i < tells; i++)
		is_told(i, "bytes_after_close: bytes after the end of their stream");
}

/* IP in IP, and both in fragments. The outer fragments share the fate of the inner. */
static void nested(void **state)
{
	enum { IPIP = 4 };
	(void)state;
	struct tf_engine *e = start(1, 16 * MIB);
	uint8_t inner[200], outer[200];
	for (unsigned i = 0; i < 3; i++) { /* the third inner fragment does not come */
		size_t n = fragment(inner, UDP, 9, i * 64, i * 64 + 64, true);
		for (size_t from = 0; from < n; from += 48) {
			size_t to = from + 48 < n ? from + 48 : n;
			size_t all = fragment(outer, IPIP, (uint16_t)(20 + i), (unsigned)from,
			                      (unsigned)to, to < n);
			memcpy(outer + 20, inner + from, to - from);
			push_bytes(e, outer, all, RAW);
		}
	}
	struct tf_counters c = finish(e);
	assert_int_equal(c.datagrams, 3);
	assert_int_equal(tells, 6);
	for (size_t i = 0; i < tells; i++) {
		is_told(i, DROPPED "datagrams_unfinished: incomplete when the input ended");
		assert_true(i == 0 || told[i].ts_ns > told[i - 1].ts_ns);
	}
	assert_int_equal(c.frames, 6);
}

/* Adds a packet of an A-MSDU -> the bytes it takes. */
static size_t subframe(uint8_t *to, uint16_t type, const uint8_t *bytes, size_t n)
{
	const uint8_t snap[8] = {0xaa, 0xaa, 3, 0, 0, 0, (uint8_t)(type >> 8), (uint8_t)type};
	memset(to, 0, 14);
	to[13] = (uint8_t)(8 + n);
	memcpy(to + 14, snap, sizeof snap);
	memcpy(to + 22, bytes, n);
	return (22 + n + 3) / 4 * 4;
}

/* Frames of several packets are told once, when any of these is not recorded. */
static void aggregated(void **state)
{
	(void)state;
	enum { WIFI = 105, IP = 0x800, ARP = 0x806 };
	static const bool tcp[][2] = {{true, true}, {true, false}, {false, true}, {false, false}};
	struct tf_engine *e = start(1, 16 * MIB);
	for (size_t i = 0; i < 4; i++) {
		uint8_t f[400] = {0x88, 1, [24] = 0x80}, segment[BUILD_ROOM];
		size_t n = 26, all = frame_bytes(0, 0, ACK, 100, 500, "question", segment);
		for (int k = 0; k < 2; k++)
			n += subframe(f + n, tcp[i][k] ? IP : ARP, segment + 14, all - 14);
		push_bytes(e, f, n, WIFI);
	}
	struct tf_counters c = finish(e);
	assert_int_equal(c.frames, 4);
	assert_int_equal(c.packets_aggregated, 4);
	assert_int_equal(c.tcp_segments, 4);
	assert_int_equal(c.not_ip, 4);
	assert_int_equal(tells, 3);
}

/* More fragments than memory holds: each is told all the same, once. */
static void flood(void **state)
{
	(void)state;
	static uint8_t seen[20000];
	struct tf_config config = config_of(1, 8 * MIB);
	struct tf_engine *e = engine_of(&config);
	assert_true(tf_engine_set_aside(e, "aside", &err));
	for (unsigned i = 0; i < sizeof seen; i++) {
		uint8_t f[300];
		size_t n =
		        fragment(f, UDP, (uint16_t)i, i % 3 * 8, i % 3 * 8 + 8 + i % 25 * 8, true);
		push_bytes(e, f, n, RAW);
	}
	assert_true(tf_engine_finish(e, &err));
	struct tf_counters c;
	tf_engine_counters(e, &c);
	tf_engine_free(e);
	assert_int_equal(c.frames_set_aside, sizeof seen);
	FILE *f = fopen("aside", "r");
	assert_non_null(f);
	size_t n = fread(file, 1, sizeof file, f);
	(void)fclose(f);
	memset(seen, 0, sizeof seen);
	for (size_t at = 0; at < n; at += u32(file + at + 4))
		if (u32(file + at) == 6)
			seen[file[at + 28 + 4] * 256 + file[at + 28 + 5]]++;
	for (size_t i = 0; i < sizeof seen; i++)
		assert_int_equal(seen[i], 1);
}

static void full(void **state)
{
	(void)state;
	struct tf_config config = config_of(1, 8 * MIB);
	struct tf_engine *e = engine_of(&config);
	assert_true(tf_engine_set_aside(e, "/dev/full", &err));
	static const uint8_t arp[1400] = {[12] = 8, [13] = 6};
	struct tf_frame f = {.bytes = arp, .captured = 1400, .length = 1400, .link_type = 1};
	bool ok = true;
	for (int i = 0; ok && i < 1000; i++)
		ok = tf_engine_push(e, &f, &err);
	assert_false(ok);
	assert_int_equal(err.status, TF_OUTPUT);
	assert_string_equal(err.text, "cannot write to /dev/full: No space left on device");
	memset(&err, 0, sizeof err);
	assert_false(tf_engine_finish(e, &err)); /* says it again */
	assert_string_equal(err.text, "cannot write to /dev/full: No space left on device");
	tf_engine_free(e);
	e = engine_of(&config);
	assert_true(step(e, &err, 0, 0));
	assert_false(tf_engine_set_aside(e, "aside", &err)); /* too late */
	tf_engine_free(e);
}

static int set_up(void **state)
{
	(void)state;
	(void)folder_make();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	folder_remove();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_fate),
	        cmocka_unit_test(refused),
	        cmocka_unit_test(fragments),
	        cmocka_unit_test(nested),
	        cmocka_unit_test(segment_in_fragments),
	        cmocka_unit_test(flood),
	        cmocka_unit_test(aggregated),
	        cmocka_unit_test(full),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
