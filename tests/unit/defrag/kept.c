/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames of fragments that wait: each is told once, as it came, or belongs to what was
   recorded; and with whatever memory, they keep no datagram from being put together. */
#include "box.h"

#include "base/error.h"

enum { FRAMES = 4000, LONGEST = 100000 };

static struct box b;
static unsigned told[FRAMES]; /* by number */
static enum defrag_answer reason[FRAMES];
static uint64_t latest; /* number told */
static uint8_t pattern[LONGEST + FRAMES];

static void left_out(void *arg, const struct tf_frame *f, enum defrag_answer why)
{
	assert_ptr_equal(arg, &b);
	assert_true(f->number < FRAMES);
	assert_memory_equal(f->bytes, pattern + f->number, f->captured);
	assert_int_equal(f->ts_ns, (int64_t)f->number * 1000);
	assert_int_equal(f->length, f->captured + 1);
	told[f->number]++;
	reason[f->number] = why;
	latest = f->number;
}

static void begin(size_t memory)
{
	struct defrag_setup s = {.seed = 7,
	                         .ip4 = DEFRAG_AS_LINUX,
	                         .ip6 = DEFRAG_STRICT,
	                         .ip4_timeout_ns = 30 * SECOND,
	                         .ip6_timeout_ns = 60 * SECOND,
	                         .counters = &b.counters,
	                         .left_out = left_out,
	                         .arg = &b};
	b = (struct box){.counters = {0}};
	memset(told, 0, sizeof told);
	for (size_t i = 0; i < sizeof pattern; i++)
		pattern[i] = (uint8_t)(i * 7 + i / 256);
	assert_true(arena_init(&b.arena, memory, NULL));
	assert_true(defrag_init(&b.d, &b.arena, memory, &s));
}

static void keep(uint64_t number, uint32_t n)
{
	struct tf_frame f = {.bytes = pattern + number,
	                     .captured = n,
	                     .length = n + 1,
	                     .ts_ns = (int64_t)number * 1000,
	                     .number = number};
	defrag_keep(&b.d, &f);
	assert_true(defrag_check(&b.d));
}

/* Bytes [from, to) of datagram id; 1600 is the last. */
static enum defrag_answer take(uint32_t id, uint32_t from, uint32_t to)
{
	struct tf_datagram whole;
	struct tf_fragment f = {.id = id, .header = 20, .protocol = 6};
	f.offset = from;
	f.payload.n = to - from;
	f.more = to != 1600;
	return box_take(&b, f, 'a', &whole);
}

static void fates(void **state)
{
	(void)state;
	begin((size_t)1 << 20);
	assert_int_equal(take(1, 0, 800), DEFRAG_WAITING);
	keep(1, 900);
	assert_int_equal(take(2, 0, 800), DEFRAG_WAITING);
	keep(2, 0);
	assert_int_equal(take(1, 0, 800), DEFRAG_WAITING); /* a copy */
	keep(3, 65000);
	assert_int_equal(take(1, 800, 1600), DEFRAG_COMPLETE);
	defrag_release(&b.d, true);
	assert_true(defrag_check(&b.d));
	assert_int_equal(told[1] + told[2] + told[3], 0);
	assert_int_equal(take(2, 800, 1600), DEFRAG_COMPLETE);
	defrag_release(&b.d, false);
	assert_int_equal(told[2], 1);
	assert_int_equal(reason[2], DEFRAG_COMPLETE);

	/* What one carried waits with the next. */
	assert_int_equal(take(3, 0, 800), DEFRAG_WAITING);
	keep(10, 100);
	assert_int_equal(take(4, 0, 800), DEFRAG_WAITING);
	keep(11, 100);
	assert_int_equal(take(3, 800, 1600), DEFRAG_COMPLETE);
	assert_int_equal(take(4, 400, 1000), DEFRAG_OVERLAP);
	assert_int_equal(told[10], 0);
	assert_int_equal(reason[11], DEFRAG_OVERLAP);
	assert_int_equal(take(4, 0, 1000), DEFRAG_WAITING);
	keep(12, 100);
	assert_int_equal(told[10], 0);
	defrag_release(&b.d, true); /* nothing is carried now */
	defrag_finish(&b.d);
	assert_int_equal(told[10] + told[11] + told[12], 3);
	assert_int_equal(latest, 12);
	assert_int_equal(reason[10], DEFRAG_UNFINISHED);
	box_close(&b);
}

/* Too long, or too much of it for one datagram: told at once. */
static void too_much(void **state)
{
	(void)state;
	begin((size_t)2 << 20);
	assert_int_equal(take(1, 0, 8), DEFRAG_WAITING);
	keep(0, 80 * 1024);
	keep(1, 80 * 1024 + 1);
	assert_int_equal(told[0], 0);
	assert_int_equal(told[1], 1);
	assert_int_equal(reason[1], DEFRAG_WAITING);
	for (uint64_t i = 2; i < 100; i++) {
		assert_int_equal(take(1, 0, 8), DEFRAG_WAITING);
		keep(i, 4000);
	}
	unsigned at_once = 0;
	for (int i = 2; i < 100; i++)
		at_once += told[i];
	assert_int_equal(at_once, 98 - (256 - 80) * 1024 / (4000 + sizeof(struct tf_frame)));

	/* Two rows that are too much together: the earlier one goes. */
	for (uint64_t i = 100; i < 140; i++) {
		assert_int_equal(take(2, 0, 800), DEFRAG_WAITING);
		keep(i, 4000);
	}
	assert_int_equal(take(2, 800, 1600), DEFRAG_COMPLETE);
	assert_int_equal(take(1, 0, 8), DEFRAG_WAITING);
	keep(140, 4000);
	assert_int_equal(told[0], 1);
	assert_int_equal(told[100] + told[139] + told[140], 0);
	defrag_finish(&b.d);
	for (int i = 0; i <= 140; i++)
		assert_int_equal(told[i], 1);
	box_close(&b);
}

/* The least memory, and one datagram of full size: its frames go, it does not. */
static void least(void **state)
{
	(void)state;
	size_t memory = defrag_memory_least() + 80 * 1024;
	struct tf_datagram whole;
	begin(memory);
	for (uint32_t i = 0; i < 64; i++) {
		struct tf_fragment f = {.id = 1, .header = 0, .protocol = 6, .offset = i * 1024};
		f.payload.n = i < 63 ? 1024 : 1023;
		f.more = i < 63;
		assert_int_equal(box_take(&b, f, 'a', &whole),
		                 i < 63 ? DEFRAG_WAITING : DEFRAG_COMPLETE);
		if (i < 63)
			keep(i, 1058);
	}
	uint8_t *bytes = malloc(whole.payload.n);
	defrag_gather(&b.d, bytes);
	for (size_t i = 0; i < whole.payload.n; i++)
		assert_int_equal(bytes[i], box_byte('a', i));
	free(bytes);
	/* Carried frames give way as well. */
	assert_int_equal(take(2, 0, 800), DEFRAG_WAITING);
	defrag_release(&b.d, false);
	for (int i = 0; i < 63; i++)
		assert_int_equal(told[i], 1);
	box_close(&b);

	/* Without room for one frame's copy there is no start. */
	struct defrag d;
	struct arena a;
	struct defrag_setup s = {.counters = &b.counters, .left_out = left_out};
	assert_true(arena_init(&a, memory, NULL));
	assert_false(defrag_init(&d, &a, memory - 1, &s));
	box_free(&a);
}

/* One fragment of at_random() -> what it was answered. */
static enum defrag_answer take_some(uint64_t r, uint64_t number)
{
	uint32_t from = (uint32_t)(r >> 40) % 8 * 200;
	uint32_t n = (uint32_t)(r >> 33) % 64 == 0 ? 90000 : (uint32_t)(r >> 50) % 2000;
	enum defrag_answer answer = take((uint32_t)(r >> 60), from, from + 200);
	if (answer == DEFRAG_WAITING)
		keep(number, n);
	else if (answer != DEFRAG_COMPLETE || r % 4 < 2) /* else it is carried on */
		defrag_release(&b.d, r % 4 == 0);
	assert_true(defrag_check(&b.d));
	return answer;
}

static void at_random(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		uint64_t r = seed, waits = 0, tells = 0;
		begin((size_t)(80 + 101 + seed * seed * 3) * 1024);
		for (uint64_t i = 0; i < FRAMES; i++) {
			r = r * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			waits += take_some(r, i) == DEFRAG_WAITING;
		}
		defrag_finish(&b.d);
		defrag_release(&b.d, false);
		for (int i = 0; i < FRAMES; i++) {
			assert_true(told[i] <= 1);
			tells += told[i];
		}
		assert_true(b.d.lost <= tells && tells < waits);
		box_close(&b);
	}
}

/* What is answered does not depend on whether frames are kept. */
static void changes_nothing(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		uint64_t r = seed, evicted = 0;
		size_t memory = (size_t)(101 + seed * seed) * 1024;
		static struct box plain;
		begin(memory + 80 * 1024);
		box_open(&plain, memory, DEFRAG_AS_LINUX, DEFRAG_STRICT);
		for (uint64_t i = 0; i < FRAMES; i++) {
			struct tf_datagram whole;
			r = r * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			struct tf_fragment f = {.id = (uint32_t)(r >> 55), .ip6 = true};
			f.offset = (uint32_t)(r >> 40) % 8 * 200;
			f.payload.n = 200;
			f.more = f.offset < 1400;
			enum defrag_answer answer = box_take(&b, f, 'a', &whole);
			assert_int_equal(box_take(&plain, f, 'a', &whole), answer);
			if (answer == DEFRAG_WAITING)
				keep(i, (uint32_t)(r >> 50) % 2000);
			else
				defrag_release(&b.d, r % 2);
		}
		evicted = b.counters.datagrams_evicted;
		assert_int_equal(plain.counters.datagrams_evicted, evicted);
		assert_true(evicted > 0);
		box_close(&plain);
		box_close(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(fates),           cmocka_unit_test(too_much),
	        cmocka_unit_test(least),           cmocka_unit_test(at_random),
	        cmocka_unit_test(changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
