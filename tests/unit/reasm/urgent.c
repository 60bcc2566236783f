/* SPDX-License-Identifier: BSD-3-Clause */
/* Urgent bytes out of band: places that leave the stream. */
#include "world.h"

#include "prop/random.h"

static struct world w;

static void start(void)
{
	world_start(&w, 1 << 20, 64);
	world_remember(&w);
	w.r.out_of_band = true;
	world_syn(&w, 0);
}

static void urgent(int64_t offset, const char *text, uint16_t pointer)
{
	struct tf_packet pkt = {
	        .seq = BASE + (uint32_t)offset,
	        .flags = TCP_ACK | TCP_URG,
	        .urgent = pointer,
	        .payload = {(const uint8_t *)text, strlen(text)},
	        .frame = ++w.frame,
	        .position = w.frame * 100000,
	};
	reasm_segment(&w.r, &w.half[0], &pkt);
	world_check(&w);
}

static const struct tf_account *account(void)
{
	return &w.half[0].account;
}

static void in_order(void **state)
{
	(void)state;
	start();
	urgent(0, "abcdef", 3);
	say(&w, 6, "ghi");
	world_finish_half(&w, 0);
	told(&w, 0, "abdefghi.");
	assert_int_equal(account()->urgent, 1);
	assert_int_equal(account()->written, 8);
	assert_int_equal(account()->span, 8);
	assert_int_equal(account()->seen, 9);
	assert_int_equal(w.counters.bytes_urgent, 1);
	world_end(&w);
}

static void inline_by_default(void **state)
{
	(void)state;
	start();
	w.r.out_of_band = false;
	urgent(0, "abcdef", 3);
	told(&w, 0, "abcdef");
	assert_null(w.half[0].urgent);
	world_end(&w);
}

/* A chunk with an urgent byte is not lent as a whole; what is behind the byte is. */
static void from_the_queue(void **state)
{
	(void)state;
	start();
	w.takes_loans = true;
	urgent(3, "defghi", 2);
	say(&w, 9, "jkl");
	say(&w, 0, "abc");
	told(&w, 0, "abcdfghijkl.");
	assert_int_equal(account()->urgent, 1);
	assert_int_equal(chunk_span(w.loaned->next).n, 4); /* the first that was lent */
	assert_memory_equal(chunk_span(w.loaned->next).p, "fghi", 4);
	world_end(&w);
}

/* Copies of what has left are duplicates that cannot be compared; others are compared. */
static void again(void **state)
{
	(void)state;
	start();
	urgent(0, "abcdef", 3);
	urgent(0, "abcdef", 3);
	say(&w, 0, "abXdeY");
	assert_int_equal(account()->urgent, 1);
	assert_int_equal(account()->duplicate, 11);
	assert_int_equal(account()->unchecked, 2);
	assert_int_equal(account()->conflicting, 1);
	assert_int_equal(w.told[0].conflict_at, 4); /* f, told at 4 */
	world_end(&w);
}

/* The mark lies in a hole that is passed: two gaps, which may be filled; the byte is none of
   the stream whenever it comes. */
static void lost(void **state)
{
	(void)state;
	start();
	urgent(0, "ab", 5);
	say(&w, 8, "ij");
	ack(&w, 10);
	assert_int_equal(w.half[0].gap_count, 2);
	say(&w, 3, "dEf");
	assert_int_equal(account()->urgent, 1);
	say(&w, 4, "E");
	assert_int_equal(account()->urgent, 1);
	assert_int_equal(account()->duplicate, 1);
	world_finish_half(&w, 0);
	told(&w, 0, "ab_df__ij.");
	assert_int_equal(account()->missing, 3);
	assert_int_equal(account()->span, 9);
	world_end(&w);
}

/* More places than are remembered: those below the lowest are closed, and all stay right. */
static void more_than_remembered(void **state)
{
	enum { MANY = 3 * REASM_URGENT };
	char text[MANY + 1];
	(void)state;
	start();
	say(&w, 2, "cd");
	ack(&w, 4); /* a hole, [0, 2) */
	for (int i = 0; i < MANY; i++) {
		urgent(4 + 2 * i, "uv", 1);
		text[i] = 'v';
		assert_true(w.half[0].urgent->count <= REASM_URGENT);
		assert_int_equal(w.half[0].gap_count, i < REASM_URGENT);
	}
	text[MANY] = '\0';
	told(&w, 4, text);
	say(&w, 0, "ab"); /* too late */
	assert_int_equal(account()->unchecked, 2);
	say(&w, 4 + 2 * MANY, "end");
	told(&w, 4 + MANY, "end");
	say(&w, 4 + 2 * MANY, "enD"); /* compared where it was told */
	assert_int_equal(account()->conflicting, 1);
	assert_int_equal(w.told[0].conflict_at, 4 + MANY + 2);
	world_finish_half(&w, 0);
	assert_int_equal(account()->urgent, MANY);
	assert_int_equal(account()->span, 4 + MANY + 3);
	world_end(&w);
}

static void no_memory(void **state)
{
	(void)state;
	world_start(&w, 1 << 20, 64);
	w.r.out_of_band = true;
	world_syn(&w, 0);
	urgent(0, "abcdef", 3);
	told(&w, 0, "abcdef");
	assert_int_equal(account()->urgent, 0);
	assert_int_equal(w.counters.urgent_inline, 1);
	world_end(&w);
}

/* Of two that are marked before the first has come, the second leaves. */
static void moved_on(void **state)
{
	(void)state;
	start();
	urgent(0, "abc", 5);
	urgent(3, "", 5);
	say(&w, 3, "defghi");
	told(&w, 0, "abcdefgi.");
	assert_int_equal(w.counters.urgent_inline, 1);
	world_end(&w);
}

static void in_doubt(void **state)
{
	(void)state;
	start();
	say(&w, 0, "abc");
	ack(&w, 3);
	reasm_window(&w.r, &w.half[0], BASE + 3, 10);
	urgent(20, "uvw", 2); /* beyond the window */
	assert_non_null(w.half[0].far);
	assert_null(w.half[0].urgent);
	say(&w, 23, "xyz"); /* follows on to it */
	world_finish_half(&w, 0);
	told(&w, 17, "___uwxyz");
	assert_int_equal(account()->urgent, 1);
	world_end(&w);
}

static void limit(void **state)
{
	(void)state;
	start();
	w.r.limits.flow_bytes = 4;
	urgent(0, "abcdef", 2);
	urgent(6, "ghi", 2);
	world_finish_half(&w, 0);
	told(&w, 0, "acde....");
	assert_int_equal(w.told[0].limit_start, 4);
	assert_int_equal(w.told[0].limit_end, 7);
	assert_int_equal(account()->beyond_limit, 3);
	assert_int_equal(account()->urgent, 2);
	world_end(&w);
}

/* Any segments in any order, marks among them: the world holds the contract, and the sums
   hold at the end. */
static void at_random(void **state)
{
	(void)state;
	struct random r = {7};
	uint64_t left = 0, places = 0;
	for (int round = 0; round < 3000; round++) {
		start();
		static const enum tf_overlap policy[] = {TF_OVERLAP_LINUX, TF_OVERLAP_FIRST,
		                                         TF_OVERLAP_SOLARIS, TF_OVERLAP_BSD};
		w.half[0].policy = (uint8_t)policy[random_below(&r, 4)];
		for (int i = 0; i < 60; i++) {
			char text[9];
			int64_t off = random_between(&r, 0, 150), n = random_between(&r, 0, 8);
			memset(text, random_chance(&r, 95) ? 'a' : 'b', sizeof text);
			text[n] = '\0';
			if (random_chance(&r, 40))
				urgent(off, text, (uint16_t)random_below(&r, 12));
			else
				say(&w, off, text);
			if (random_chance(&r, 10))
				ack(&w, random_between(&r, 0, 150));
		}
		places += w.half[0].urgent != NULL ? (uint64_t)w.half[0].urgent->count : 0;
		world_finish_half(&w, 0);
		left += (uint64_t)account()->urgent;
		assert_int_equal(w.told[0].data, account()->written);
		world_end(&w);
	}
	assert_true(left > 1000 && places > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(in_order),       cmocka_unit_test(inline_by_default),
	        cmocka_unit_test(from_the_queue), cmocka_unit_test(again),
	        cmocka_unit_test(lost),           cmocka_unit_test(more_than_remembered),
	        cmocka_unit_test(no_memory),      cmocka_unit_test(moved_on),
	        cmocka_unit_test(in_doubt),       cmocka_unit_test(limit),
	        cmocka_unit_test(at_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
