/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys, time, memory and counters of defragmentation; receiver.c has the overlaps. */
#include "unit/defrag/box.h"

enum { MEMORY = 1 << 20, FULL = 65535 };

static struct tf_fragment fragment(uint32_t from, uint32_t behind, bool more)
{
	return (struct tf_fragment){.protocol = 6,
	                            .hop_limit = 64,
	                            .id = 1,
	                            .offset = from,
	                            .more = more,
	                            .payload.n = behind - from};
}

static enum defrag_answer take(struct box *b, struct tf_fragment f)
{
	struct tf_datagram whole;
	return box_take(b, f, 'a', &whole);
}

/* -- keys ------------------------------------------------------------------------- */

static void change_src(struct tf_fragment *f)
{
	f->src.b[15] ^= 1;
}

static void change_dst(struct tf_fragment *f)
{
	f->dst.b[0] ^= 0x80;
}

static void change_id(struct tf_fragment *f)
{
	f->id ^= 0x80000000;
}

static void change_context(struct tf_fragment *f)
{
	f->context ^= UINT64_C(1) << 63;
}

static void change_family(struct tf_fragment *f)
{
	f->ip6 = !f->ip6;
}

static void change_protocol(struct tf_fragment *f)
{
	f->protocol = 17;
}

static void keys_apart(void **state)
{
	(void)state;
	static void (*const changes[])(struct tf_fragment *) = {
	        change_src, change_dst, change_id, change_context, change_family, change_protocol};
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		struct box b;
		box_open(&b, MEMORY, DEFRAG_AS_LINUX, DEFRAG_STRICT);
		struct tf_fragment other = fragment(16, 24, false);
		changes[i](&other);
		assert_int_equal(take(&b, fragment(0, 16, true)), DEFRAG_WAITING);
		assert_int_equal(take(&b, other), DEFRAG_WAITING);
		assert_int_equal(take(&b, fragment(16, 24, false)), DEFRAG_COMPLETE);
		box_close(&b);
		assert_int_equal(b.counters.datagrams, 1);
		assert_int_equal(b.counters.datagrams_unfinished, 1);
	}
}

/* IPv6 datagrams are told apart without it, and the first fragment's holds. */
static void protocol_of_ip6(void **state)
{
	(void)state;
	struct box b;
	box_open(&b, MEMORY, DEFRAG_AS_LINUX, DEFRAG_STRICT);
	struct tf_fragment first = fragment(0, 24, true), last = fragment(24, 32, false);
	struct tf_datagram whole;
	first.ip6 = last.ip6 = true;
	last.protocol = 17;
	last.hop_limit = 1;
	assert_int_equal(box_take(&b, first, 'a', &whole), DEFRAG_WAITING);
	assert_int_equal(box_take(&b, last, 'a', &whole), DEFRAG_COMPLETE);
	assert_int_equal(whole.protocol, 6);
	assert_int_equal(whole.hop_limit, 64);
	first.hop_limit = 3;
	assert_int_equal(box_take(&b, last, 'a', &whole), DEFRAG_WAITING);
	assert_int_equal(box_take(&b, first, 'a', &whole), DEFRAG_COMPLETE);
	assert_int_equal(whole.protocol, 6);
	assert_int_equal(whole.hop_limit, 3);
	box_close(&b);
}

/* -- size ------------------------------------------------------------------------- */

/* -> the place of step i: in order, backwards, or jumping about (3001 is prime, and no
   count is a multiple of it) */
static uint32_t order(unsigned how, uint32_t i, uint32_t count)
{
	return how == 0 ? i : how == 1 ? count - 1 - i : (uint32_t)((uint64_t)i * 3001 % count);
}

static void largest(void **state)
{
	(void)state;
	static const uint32_t sizes[] = {8, 16, 504, 512, 520, 1480, 65528};
	for (unsigned k = 0; k < sizeof sizes / sizeof *sizes * 3; k++) {
		struct box b;
		uint32_t size = sizes[k / 3], count = (FULL + size - 1) / size;
		char told[9000];
		size_t memory = defrag_memory_least();
		box_open(&b, memory, DEFRAG_AS_LINUX, DEFRAG_AS_LINUX);
		for (uint32_t i = 0; i < count; i++) {
			uint32_t from = order(k % 3, i, count) * size;
			bool last = from + size >= FULL;
			struct tf_fragment f = fragment(from, last ? FULL : from + size, !last);
			struct tf_datagram whole;
			uint8_t bytes[65528];
			for (size_t at = 0; at < f.payload.n; at++)
				bytes[at] = box_byte('a', from + at);
			f.payload.p = bytes;
			assert_int_equal(defrag_take(&b.d, &f, &whole),
			                 i + 1 < count ? DEFRAG_WAITING : DEFRAG_COMPLETE);
		}
		assert_true(defrag_check(&b.d));
		box_tell(&b, FULL, told);
		assert_memory_equal(told, "65535:aaaa", 10);
		assert_int_equal(strspn(told + 6, "a"), 8192);
		box_close(&b);
	}
}

/* 65,535 counts the header where there is one. */
static void too_big(void **state)
{
	(void)state;
	static const struct {
		uint16_t header;
		uint32_t to;
		enum defrag_answer answer;
	} rows[] = {{0, 65535, DEFRAG_WAITING},  {0, 65536, DEFRAG_TOO_BIG},
	            {20, 65515, DEFRAG_WAITING}, {20, 65516, DEFRAG_TOO_BIG},
	            {60, 65475, DEFRAG_WAITING}, {60, 65476, DEFRAG_TOO_BIG}};
	for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
		struct box b;
		box_open(&b, MEMORY, DEFRAG_AS_LINUX, DEFRAG_STRICT);
		struct tf_fragment f = fragment(65472, rows[i / 2].to, false);
		f.header = rows[i / 2].header;
		f.ip6 = i % 2;
		assert_int_equal(take(&b, f), rows[i / 2].answer);
		assert_int_equal(b.counters.fragments_too_big,
		                 rows[i / 2].answer == DEFRAG_TOO_BIG);
		box_close(&b);
	}
}

/* Lengths that no packet has must not wrap. */
static void huge(void **state)
{
	(void)state;
	static const uint8_t byte[8] = {0};
	struct box b;
	box_open(&b, MEMORY, DEFRAG_AS_LINUX, DEFRAG_STRICT);
	for (int ip6 = 0; ip6 < 2; ip6++) {
		struct tf_fragment f = fragment(65528, 65536, false);
		struct tf_datagram whole;
		f.ip6 = ip6;
		f.payload.p = byte;
		f.cut = UINT32_MAX;
		assert_int_equal(defrag_take(&b.d, &f, &whole), DEFRAG_TOO_BIG);
		f.more = true;
		assert_int_equal(defrag_take(&b.d, &f, &whole), DEFRAG_TOO_BIG);
		assert_true(defrag_check(&b.d));
	}
	box_close(&b);
}

/* -- the snaplen --------------------------------------------------------------------- */

static void cut(void **state)
{
	(void)state;
	struct box b;
	box_open(&b, MEMORY, DEFRAG_AS_LINUX, DEFRAG_STRICT);
	struct tf_fragment f = fragment(16, 30, true);
	f.cut = 2;
	assert_int_equal(take(&b, fragment(0, 16, true)), DEFRAG_WAITING);
	assert_int_equal(take(&b, f), DEFRAG_CUT);
	assert_int_equal(b.d.lost, 1);
	assert_int_equal(b.d.cells.used, 1);
	/* what comes of it later has no chance, and takes no memory */
	assert_int_equal(take(&b, fragment(16, 32, true)), DEFRAG_CUT);
	assert_int_equal(take(&b, fragment(0, 16, true)), DEFRAG_CUT);
	assert_int_equal(take(&b, fragment(32, 40, false)), DEFRAG_CUT);
	assert_int_equal(b.d.cells.used, 1);
	assert_int_equal(b.d.lost, 1);
	box_close(&b);
	assert_int_equal(b.counters.datagrams_cut, 1);
	assert_int_equal(b.counters.datagrams_unfinished, 0);
}

/* -- time ---------------------------------------------------------------------------- */

static void timeout(void **state)
{
	(void)state;
	static const struct {
		bool ip6;
		int64_t first, last;
		enum defrag_answer answer;
	} rows[] = {
	        {true, 0, 60 * SECOND, DEFRAG_COMPLETE},
	        {true, 0, 60 * SECOND + 1, DEFRAG_WAITING},
	        {true, 60 * SECOND, 0, DEFRAG_COMPLETE},
	        {true, 60 * SECOND + 1, 0, DEFRAG_WAITING},
	        {false, 0, 30 * SECOND, DEFRAG_COMPLETE},
	        {false, 0, 30 * SECOND + 1, DEFRAG_WAITING},
	        {false, 30 * SECOND, 0, DEFRAG_COMPLETE},
	        {false, 30 * SECOND + 1, 0, DEFRAG_WAITING},
	        {false, INT64_MIN, INT64_MAX, DEFRAG_WAITING},
	        {false, INT64_MAX, INT64_MIN, DEFRAG_WAITING},
	        {false, INT64_MIN, INT64_MIN, DEFRAG_COMPLETE},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct box b;
		box_open(&b, MEMORY, DEFRAG_AS_LINUX, DEFRAG_STRICT);
		struct tf_fragment f = fragment(0, 24, true), g = fragment(24, 32, false);
		f.ip6 = g.ip6 = rows[i].ip6;
		f.ts_ns = rows[i].first;
		g.ts_ns = rows[i].last;
		assert_int_equal(take(&b, f), DEFRAG_WAITING);
		assert_int_equal(take(&b, g), rows[i].answer);
		bool late = rows[i].answer == DEFRAG_WAITING;
		assert_int_equal(b.counters.datagrams_timeout, late);
		assert_int_equal(b.d.lost, late);
		box_close(&b);
		assert_int_equal(b.counters.datagrams_unfinished, late);
	}
}

/* A fragment that is not in the sweep's reach is not too late for another datagram, and
   the clock runs from the first fragment, not the latest. */
static void timeout_by_age(void **state)
{
	(void)state;
	struct box b;
	box_open(&b, MEMORY, DEFRAG_AS_LINUX, DEFRAG_STRICT);
	for (uint32_t i = 0; i < 10; i++) {
		struct tf_fragment f = fragment(0, 24, true);
		f.ip6 = true;
		f.id = i;
		f.ts_ns = i * SECOND;
		assert_int_equal(take(&b, f), DEFRAG_WAITING);
		f = fragment(24, 32, true);
		f.ip6 = true;
		f.id = i;
		f.ts_ns = (i + 30) * SECOND;
		assert_int_equal(take(&b, f), DEFRAG_WAITING);
	}
	struct tf_fragment f = fragment(32, 40, false);
	f.ip6 = true;
	f.ts_ns = 65 * SECOND;
	f.id = 4; /* began 61 s ago, behind four that are older */
	assert_int_equal(take(&b, f), DEFRAG_WAITING);
	assert_int_equal(b.counters.datagrams_timeout, 3); /* two swept, and this one */
	f.id = 5;
	assert_int_equal(take(&b, f), DEFRAG_COMPLETE);
	assert_int_equal(b.counters.datagrams_timeout, 5);
	assert_int_equal(b.d.lost, 10);
	box_close(&b);
}

/* After 64 others that went the same way, and not before, a datagram of IPv4 is begun anew.
   Those of other ways do not count, and copies of its own do not either, though each of them
   is one of the others to the others. */
static void others_between(void **state)
{
	(void)state;
	static const struct {
		unsigned others;
		bool ip6, elsewhere, own;
		enum defrag_answer answer;
	} rows[] = {
	        {63, false, false, false, DEFRAG_COMPLETE},
	        {64, false, false, false, DEFRAG_WAITING},
	        {500, false, false, false, DEFRAG_WAITING},
	        {500, true, false, false, DEFRAG_COMPLETE},
	        {500, false, true, false, DEFRAG_COMPLETE},
	        {500, false, false, true, DEFRAG_COMPLETE},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct box b;
		box_open(&b, MEMORY, DEFRAG_AS_LINUX, DEFRAG_STRICT);
		struct tf_fragment f = fragment(0, 24, true), g = fragment(24, 32, false);
		f.ip6 = g.ip6 = rows[i].ip6;
		assert_int_equal(take(&b, f), DEFRAG_WAITING);
		for (unsigned k = 0; k < rows[i].others; k++) {
			struct tf_fragment other = f;
			other.id = rows[i].own ? 1 : 2 + k;
			other.src.b[15] = rows[i].elsewhere;
			assert_int_equal(take(&b, other), DEFRAG_WAITING);
		}
		assert_int_equal(take(&b, g), rows[i].answer);
		bool anew = rows[i].answer == DEFRAG_WAITING;
		assert_int_equal(b.counters.datagrams_distant, anew);
		assert_int_equal(b.d.lost, anew);
		assert_int_equal(take(&b, f), anew ? DEFRAG_COMPLETE : DEFRAG_WAITING);
		box_close(&b);
	}
}

/* What is left of each datagram would be taken for a part of the next with its id, for ever:
   a sender who has sent 65,536 others begins again. */
static void ids_used_again(void **state)
{
	(void)state;
	enum { IDS = 65536, ROUNDS = 3 };
	struct box b;
	box_open(&b, 16 * MEMORY, DEFRAG_AS_LINUX, DEFRAG_STRICT);
	unsigned complete = 0;
	for (uint32_t i = 0; i < ROUNDS * IDS; i++) {
		struct tf_fragment f = fragment(0, 24, true), g = fragment(24, 32, false);
		struct tf_datagram whole;
		uint8_t bytes[24] = {0};
		f.id = g.id = i % IDS;
		f.ts_ns = g.ts_ns = i * INT64_C(10000);
		f.payload.p = g.payload.p = bytes;
		if (i % 1000 != 0) /* the first fragment of every thousandth is lost */
			assert_int_equal(defrag_take(&b.d, &f, &whole), DEFRAG_WAITING);
		enum defrag_answer answer = defrag_take(&b.d, &g, &whole);
		assert_int_equal(answer, i % 1000 == 0 ? DEFRAG_WAITING : DEFRAG_COMPLETE);
		complete += answer == DEFRAG_COMPLETE;
	}
	assert_int_equal(b.counters.datagrams, complete);
	box_close(&b);
}

/* -- memory --------------------------------------------------------------------------- */

static void memory_least(void **state)
{
	(void)state;
	struct arena a;
	struct tf_counters counters;
	struct defrag_setup s = {.counters = &counters};
	struct defrag d;
	size_t least = defrag_memory_least();
	assert_true(arena_init(&a, least, NULL));
	assert_false(defrag_init(&d, &a, least - 1, &s));
	assert_true(defrag_init(&d, &a, least, &s));
	assert_true(a.used <= least);
	assert_false(defrag_init(&d, &a, least, &s));
	box_free(&a);
}

static void share_is_kept(void **state)
{
	(void)state;
	for (size_t memory = defrag_memory_least(); memory < 200000; memory += 77) {
		struct arena a;
		struct tf_counters counters;
		struct defrag_setup s = {.counters = &counters};
		struct defrag d;
		assert_true(arena_init(&a, 1 << 20, NULL));
		assert_true(defrag_init(&d, &a, memory, &s));
		assert_true(a.used <= memory && a.used + 5000 > memory);
		box_free(&a);
	}
}

/* The oldest goes, and only as many as must. */
static void eviction(void **state)
{
	(void)state;
	struct box b;
	box_open(&b, defrag_memory_least(), DEFRAG_AS_LINUX, DEFRAG_STRICT);
	struct tf_fragment f = fragment(0, 16, true);
	unsigned room = (unsigned)b.d.cells.count / 2;
	for (f.id = 0; f.id < 3 * room; f.id++) {
		assert_int_equal(take(&b, f), DEFRAG_WAITING);
		uint64_t gone = f.id < room ? 0 : f.id - room + 1;
		assert_int_equal(b.counters.datagrams_evicted, gone);
		assert_int_equal(b.d.lost, gone);
	}
	struct tf_fragment last = fragment(16, 24, false);
	last.id = 2 * room; /* the oldest left */
	assert_int_equal(take(&b, last), DEFRAG_COMPLETE);
	last.id = 2 * room - 1;
	assert_int_equal(take(&b, last), DEFRAG_WAITING);
	box_close(&b);
	assert_int_equal(b.counters.datagrams_unfinished, room);
}

/* One that grows beyond all memory while it is the oldest goes itself. */
static void eviction_of_itself(void **state)
{
	(void)state;
	struct box b;
	box_open(&b, defrag_memory_least(), DEFRAG_AS_LINUX, DEFRAG_STRICT);
	struct tf_fragment other = fragment(0, 16, true);
	other.id = 2;
	assert_int_equal(take(&b, fragment(0, 8, true)), DEFRAG_WAITING);
	assert_int_equal(take(&b, other), DEFRAG_WAITING);
	assert_int_equal(take(&b, fragment(8, 65528, true)), DEFRAG_EVICTED);
	assert_int_equal(b.d.lost, 1);
	assert_int_equal(b.d.waiting, 1);
	other.offset = 16;
	other.more = false;
	assert_int_equal(take(&b, other), DEFRAG_COMPLETE);
	box_close(&b);
	assert_int_equal(b.counters.datagrams_evicted, 1);
}

/* -- counters -------------------------------------------------------------------------- */

static void counters(void **state)
{
	(void)state;
	struct box b;
	char told[256];
	box_open(&b, MEMORY, DEFRAG_AS_LINUX, DEFRAG_STRICT);
	box_run(&b, false, 1, "0-16+ 0-16+ 8-24+", told);         /* a copy, an overlap */
	box_run(&b, true, 1, "0-16+ 8-24+ 16-24. 0-8+", told);    /* an overlap, two too late */
	box_run(&b, false, 2, "0-16+ 16-24. 24-32+ 0-19+", told); /* complete; odd and tiny */
	box_run(&b, true, 2, "16-24. 24-32. 0-19+", told);        /* a bad end; odd */
	assert_int_equal(b.counters.fragments_copied, 1);
	assert_int_equal(b.counters.datagrams_overlap, 2);
	assert_int_equal(b.counters.datagrams_bad_end, 1);
	assert_int_equal(b.counters.datagrams, 1);
	assert_int_equal(b.counters.fragments_odd, 2);
	/* each first fragment of TCP but the copy */
	assert_int_equal(b.counters.fragments_tiny, 3);
	assert_int_equal(b.d.lost, 2 + 1 + 1);
	box_close(&b);
	assert_int_equal(b.counters.datagrams_unfinished, 1);
	assert_int_equal(b.d.lost, 2 + 1 + 1 + 2);
}

/* Only of TCP, only when more follows, only under 20 bytes. */
static void tiny(void **state)
{
	(void)state;
	struct box b;
	box_open(&b, MEMORY, DEFRAG_AS_LINUX, DEFRAG_STRICT);
	struct tf_fragment f = fragment(0, 24, true);
	assert_int_equal(take(&b, f), DEFRAG_WAITING);
	f = fragment(0, 16, true);
	f.protocol = 17;
	assert_int_equal(take(&b, f), DEFRAG_WAITING);
	f = fragment(8, 16, true);
	f.id = 5;
	assert_int_equal(take(&b, f), DEFRAG_WAITING);
	assert_int_equal(b.counters.fragments_tiny, 0);
	f = fragment(0, 16, true);
	f.id = 6;
	assert_int_equal(take(&b, f), DEFRAG_WAITING);
	assert_int_equal(b.counters.fragments_tiny, 1);
	f.ip6 = true; /* left out; the datagram takes a longer one */
	assert_int_equal(take(&b, f), DEFRAG_TINY);
	assert_int_equal(b.counters.fragments_tiny, 2);
	f = fragment(0, 24, true);
	f.ip6 = true;
	assert_int_equal(take(&b, f), DEFRAG_WAITING);
	box_close(&b);
}

/* Of the ECN bits of two fragments, 0 goes with 0 only. The datagram is discarded when it is
   complete, and may come again. */
static void ecn(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 32; i++) {
		struct box b;
		box_open(&b, MEMORY, DEFRAG_AS_LINUX, DEFRAG_STRICT);
		uint8_t x = i & 3, y = i >> 2 & 3;
		struct tf_fragment f = fragment(0, 24, true), g = fragment(24, 32, false);
		f.ip6 = g.ip6 = i >= 16;
		f.ecn = x;
		g.ecn = y;
		bool mixed = (x == 0) != (y == 0);
		assert_int_equal(take(&b, f), DEFRAG_WAITING);
		f.ecn = y; /* a copy's do not matter */
		assert_int_equal(take(&b, f), DEFRAG_WAITING);
		assert_int_equal(take(&b, g), mixed ? DEFRAG_ECN : DEFRAG_COMPLETE);
		assert_int_equal(b.counters.datagrams_ecn, mixed);
		assert_int_equal(b.d.lost, mixed ? 2 : 0);
		assert_int_equal(take(&b, f), DEFRAG_WAITING);
		assert_int_equal(take(&b, g), DEFRAG_COMPLETE);
		box_close(&b);
	}
}

/* A stone's time is counted from the datagram's beginning, and it is not counted twice. */
static void stones(void **state)
{
	(void)state;
	struct box b;
	char told[256];
	box_open(&b, MEMORY, DEFRAG_AS_LINUX, DEFRAG_STRICT);
	box_run(&b, true, 1, "0-16+ 8-24+", told);
	struct tf_fragment f = fragment(0, 24, true);
	f.ip6 = true;
	f.ts_ns = 60 * SECOND;
	assert_int_equal(take(&b, f), DEFRAG_OVERLAP);
	f.ts_ns++;
	assert_int_equal(take(&b, f), DEFRAG_WAITING);
	assert_int_equal(b.counters.datagrams_timeout, 0);
	assert_int_equal(b.counters.datagrams_overlap, 1);
	box_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(keys_apart),
	        cmocka_unit_test(protocol_of_ip6),
	        cmocka_unit_test(largest),
	        cmocka_unit_test(too_big),
	        cmocka_unit_test(huge),
	        cmocka_unit_test(cut),
	        cmocka_unit_test(timeout),
	        cmocka_unit_test(timeout_by_age),
	        cmocka_unit_test(memory_least),
	        cmocka_unit_test(share_is_kept),
	        cmocka_unit_test(eviction),
	        cmocka_unit_test(eviction_of_itself),
	        cmocka_unit_test(counters),
	        cmocka_unit_test(tiny),
	        cmocka_unit_test(ecn),
	        cmocka_unit_test(others_between),
	        cmocka_unit_test(ids_used_again),
	        cmocka_unit_test(stones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
