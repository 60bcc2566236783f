/* SPDX-License-Identifier: BSD-3-Clause */
/* Holes that were passed: filled in part, closed when there are too many, told once. */
#include "world.h"

static struct world w;

static void start(void)
{
	world_start(&w, 1 << 20, 64);
	world_syn(&w, 0);
}

/* Passes count holes of 2 bytes, the first at 0, each followed by "ab". */
static void pass_holes(int count)
{
	for (int i = 0; i < count; i++) {
		say(&w, 4 * i + 2, "ab");
		ack(&w, 4 * i + 4);
	}
}

static void filled_whole(void **state)
{
	(void)state;
	start();
	pass_holes(3);
	told(&w, 0, "..ab..ab..ab");
	assert_int_equal(w.half[0].gap_count, 3);
	say(&w, 4, "cd");
	say(&w, 0, "xy");
	say(&w, 8, "ef");
	told(&w, 0, "xyabcdabefab");
	assert_int_equal(w.half[0].gap_count, 0);
	assert_int_equal(w.told[0].late, 6);
	assert_int_equal(w.told[0].passed, 3);
	world_end(&w);
	assert_int_equal(w.told[0].gaps, 0);
	assert_int_equal(w.half[0].account.missing, 0);
}

static const struct {
	int at;
	const char *text, *told; /* of the hole [0, 8) and "z" behind it */
	int left;                /* gaps */
} parts[] = {
        {0, "ab", "ab______z", 1},       {6, "ab", "______abz", 1}, {3, "ab", "___ab___z", 2},
        {0, "abcdefgh", "abcdefghz", 0}, {7, "az", "_______az", 1}, {0, "a", "a_______z", 1},
};

static void filled_in_part(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		start();
		say(&w, 8, "z");
		ack(&w, 9);
		say(&w, parts[i].at, parts[i].text);
		assert_int_equal(w.half[0].gap_count, parts[i].left);
		world_finish_half(&w, 0);
		told(&w, 0, parts[i].told);
		assert_int_equal(w.told[0].gaps, parts[i].left);
		assert_int_equal(w.counters.gaps, parts[i].left);
		world_end(&w);
	}
}

/* One segment over several gaps and told bytes: each piece goes its way. */
static void one_over_many(void **state)
{
	(void)state;
	start();
	pass_holes(4);
	say(&w, 1, "BabDEabFGabHIab!");
	told(&w, 0, ".BabDEabFGabHIab!");
	assert_int_equal(w.half[0].account.duplicate, 8);
	assert_int_equal(w.half[0].account.unchecked, 0);
	assert_int_equal(w.told[0].late, 7);
	assert_int_equal(w.half[0].gap_count, 1);
	world_end(&w);
}

static void finding(void **state)
{
	(void)state;
	start();
	pass_holes(3); /* [0,2) [4,6) [8,10) */
	struct half *h = &w.half[0];
	static const int64_t at[] = {0, 1, 2, 3, 4, 5, 6, 9}, found[] = {0, 0, 4, 4, 4, 4, 8, 8};
	for (size_t i = 0; i < sizeof at / sizeof *at; i++)
		assert_int_equal(gaps_find(h, at[i])->start, found[i]);
	assert_null(gaps_find(h, 10));
	assert_null(gaps_find(h, 1000));
	assert_int_equal(gaps_find(h, -5)->start, 0);
	world_end(&w);
}

/* Holes with one cause that touch are one; with different causes, two. */
static void touching(void **state)
{
	(void)state;
	start();
	world_packet(&w, 0, 0, "ab", 2, 3, 0); /* 2 to 5 cut */
	say(&w, 8, "z");                       /* 5 to 8 lost */
	ack(&w, 9);
	assert_int_equal(w.half[0].gap_count, 2);
	assert_int_equal(w.half[0].gap_low->cause, TF_GAP_SNAPLEN);
	assert_int_equal(w.half[0].gap_high->cause, TF_GAP_LOST);
	world_end(&w);
	assert_int_equal(w.half[0].account.missing, 6);
	assert_int_equal(w.half[0].account.cut, 3);
	assert_int_equal(w.told[0].gaps, 2);
	assert_int_equal(w.told[0].snaplen_gaps, 1);

	start();
	gaps_add(&w.r, &w.half[0], 0, 2, TF_GAP_LOST, 0);
	gaps_add(&w.r, &w.half[0], 2, 5, TF_GAP_LOST, 0);
	assert_int_equal(w.half[0].gap_count, 1);
	w.half[0].next = 5;
	world_end(&w);
	assert_int_equal(w.told[0].gap_end, 5);
}

/* One more than a half remembers: the lowest is final, and what comes for it later can
   be compared with nothing. */
static void too_many(void **state)
{
	(void)state;
	start();
	pass_holes(REASM_GAPS);
	assert_int_equal(w.told[0].gaps, 0);
	pass_holes(REASM_GAPS + 1);
	assert_int_equal(w.half[0].gap_count, REASM_GAPS);
	assert_int_equal(w.told[0].gaps, 1);
	assert_int_equal(w.counters.gaps_forgotten, 1);
	assert_int_equal(w.told[0].gap_start, 0);
	assert_int_equal(w.half[0].account.missing, 2);
	int64_t repeated = w.half[0].account.duplicate;
	say(&w, 0, "xy");
	told(&w, 0, "__ab..");
	assert_int_equal(w.half[0].account.duplicate, repeated + 2);
	assert_int_equal(w.half[0].account.unchecked, w.half[0].account.conflicting + 2);
	say(&w, 4, "cd"); /* the next one is open still */
	told(&w, 0, "__abcd");
	world_end(&w);
	assert_int_equal(w.told[0].conflicts, 0);
}

/* A file gives NULs for a hole. They are nobody's bytes. */
static size_t recall_file(void *arg, struct half *h, int64_t offset, uint8_t *to, size_t n)
{
	(void)arg;
	(void)h;
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)((offset + (int64_t)i) % 4 < 2 ? 0
		                                                : "ab"[(offset + (int64_t)i) % 2]);
	return n;
}

static void closed_gap_in_a_file(void **state)
{
	(void)state;
	start();
	w.r.recall = recall_file;
	pass_holes(REASM_GAPS + 1);
	say(&w, 0, "xyab");
	assert_int_equal(w.told[0].conflicts, 0);
	assert_int_equal(w.half[0].account.conflicting, 0);
	assert_int_equal(w.half[0].account.duplicate,
	                 w.half[0].account.seen - w.half[0].account.written);
	world_end(&w);
}

/* A gap that would have to become two, and there is no room. */
static void no_room_to_split(void **state)
{
	(void)state;
	start();
	say(&w, 8, "ab"); /* hole [0,8) */
	ack(&w, 10);
	for (int i = 1; i < REASM_GAPS; i++) {
		say(&w, 8 + 4 * i, "ab");
		ack(&w, 10 + 4 * i);
	}
	assert_int_equal(w.half[0].gap_count, REASM_GAPS);
	say(&w, 3, "x");
	told(&w, 0, "...x____ab..");
	assert_int_equal(w.half[0].gap_count, REASM_GAPS);
	say(&w, 0, "abc");
	told(&w, 0, "abcx____ab..");
	world_end(&w);
}

/* No gap can be had at all: holes are final at once. */
static void no_memory(void **state)
{
	(void)state;
	start();
	static void *taken[1 << 15];
	size_t n = 0;
	while (n < sizeof taken / sizeof *taken && (taken[n] = slab_take(&w.r.gaps)) != NULL)
		n++;
	pass_holes(3);
	told(&w, 0, "__ab__ab__ab");
	assert_int_equal(w.half[0].gap_count, 0);
	assert_int_equal(w.told[0].gaps, 3);
	slab_give(&w.r.gaps, taken[--n]); /* one can be had */
	say(&w, 14, "ab");
	ack(&w, 16);
	say(&w, 18, "ab");
	ack(&w, 20);
	assert_int_equal(w.half[0].gap_count, 1); /* the lower was given up for it */
	told(&w, 12, "__ab..ab");
	assert_int_equal(w.counters.gaps_forgotten, 3 + 1);
	while (n > 0)
		slab_give(&w.r.gaps, taken[--n]);
	world_end(&w);
}

/* Earlier and earlier bytes of a stream that was joined in the middle. Each hole is told,
   also those for which there is no room. */
static void downwards(void **state)
{
	(void)state;
	enum { PIECES = REASM_GAPS + 50 };
	world_start(&w, 1 << 20, 64);
	say(&w, 0, "ab");
	for (int i = 1; i < PIECES; i++)
		say(&w, -4 * i, "ab");
	assert_int_equal(w.half[0].gap_count, REASM_GAPS);
	world_end(&w);
	assert_int_equal(w.told[0].gaps, PIECES - 1);
	assert_int_equal(w.half[0].account.missing, 2 * (PIECES - 1));
	for (int i = 1; i < PIECES; i++)
		told(&w, -4 * i, "ab__");
}

/* A SYN that comes late shows that bytes are missing; where there is no room to remember the
   gap it is told at once, with the time of the SYN. */
static void shown_by_a_late_syn(void **state)
{
	(void)state;
	world_start(&w, 1 << 20, 64);
	for (int i = 0; i <= REASM_GAPS; i++)
		say(&w, -4 * i, "ab");
	assert_int_equal(w.half[0].gap_count, REASM_GAPS);
	uint32_t isn = BASE - 4 * REASM_GAPS - 11;
	assert_int_equal(reasm_isn(&w.r, &w.half[0], isn, true, 77), ISN_NEW);
	assert_int_equal(w.told[0].gaps, 1);
	told(&w, -4 * REASM_GAPS - 10, "__________ab..");
	assert_int_equal(w.told[0].gap_ns, 77);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(filled_whole),
	        cmocka_unit_test(filled_in_part),
	        cmocka_unit_test(one_over_many),
	        cmocka_unit_test(finding),
	        cmocka_unit_test(touching),
	        cmocka_unit_test(too_many),
	        cmocka_unit_test(closed_gap_in_a_file),
	        cmocka_unit_test(no_room_to_split),
	        cmocka_unit_test(no_memory),
	        cmocka_unit_test(downwards),
	        cmocka_unit_test(shown_by_a_late_syn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
