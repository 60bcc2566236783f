/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What becomes of a segment at the door: FIN, far segments, late SYNs, keep-alives,
 * limits; and that none of it can be made to loop, overflow or tell a byte twice.
 */
#include "world.h"

#include "lib/patience.h"

static struct world w;

static void start(bool syn)
{
	give_up_after(20); /* a queue that cannot be emptied is a hang */
	world_start(&w, 1 << 16, 256);
	if (syn)
		world_syn(&w, 0);
}

static void end(void)
{
	world_end(&w);
	(void)alarm(0);
}

static const struct tf_account *account(void)
{
	return &w.half[0].account;
}

/* -- FIN -------------------------------------------------------------------------- */

static void fin_in_order(void **state)
{
	(void)state;
	start(true);
	say(&w, 0, "all");
	fin(&w, 3);
	assert_false(reasm_done(&w.half[0]));
	ack(&w, 3);
	assert_false(reasm_done(&w.half[0]));
	ack(&w, 4);
	assert_true(reasm_done(&w.half[0]));
	say(&w, 3, "beyond");
	say(&w, 1, "llXX");
	assert_int_equal(account()->after_close, 8);
	assert_int_equal(account()->duplicate, 2);
	end();
	told(&w, 0, "all.......");
	assert_int_equal(account()->tail_missing, 0);
}

/* A joined segment may cover another that stays in the queue. FIN stands where the first
   ends: the other is left when all was told. */
static void covered_one_below_fin(void **state)
{
	(void)state;
	start(true);
	say(&w, 10, "aaaaaaaaaa");
	say(&w, 30, "cccccccccc");
	say(&w, 20, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"); /* joined to a; c stays */
	fin(&w, 50);
	say(&w, 0, "0123456789");
	told(&w, 0, "0123456789aaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
	ack(&w, 51);
	assert_null(w.half[0].queue.root);
	assert_true(reasm_done(&w.half[0]));
	end();
	assert_int_equal(account()->conflicting, 10);
}

/* FIN within what a joined segment brought is dropped, as Linux does. */
static void fin_within_a_joined_one(void **state)
{
	(void)state;
	start(true);
	say(&w, 4, "aaaa");
	say(&w, 12, "cc");
	say(&w, 8, "bbbbbbbbbbbb");
	fin(&w, 16);
	ack(&w, 20);
	end();
	told(&w, 0, "____aaaabbbbbbbbbbbb");
	assert_int_equal(account()->after_close, 0);
	assert_int_equal(account()->conflicting, 2);
}

/* What lies beyond a FIN waits: an ACK tells whether that FIN was the sender's. */
static void forged_fin(void **state)
{
	(void)state;
	start(true);
	say(&w, 0, "abc");
	fin(&w, 3);
	say(&w, 3, "def");
	say(&w, 8, "ijk");
	told(&w, 0, "abc........");
	ack(&w, 6);
	told(&w, 0, "abcdef.....");
	assert_int_equal(w.half[0].fin, REASM_NO_FIN);
	fin(&w, 11);
	say(&w, 6, "gh");
	ack(&w, 12);
	end();
	told(&w, 0, "abcdefghijk");
	assert_int_equal(account()->after_close, 0);
}

static void true_fin(void **state)
{
	(void)state;
	start(true);
	say(&w, 0, "abc");
	fin(&w, 3);
	say(&w, 3, "def");
	ack(&w, 4);
	assert_null(w.half[0].queue.root);
	assert_int_equal(account()->after_close, 3);
	end();
	told(&w, 0, "abc...");
}

/* FIN shows where a stream is that starts in the middle; its bytes come later. The first
   of them is told in order: nothing was told before it. */
static void fin_before_all(void **state)
{
	(void)state;
	start(false);
	fin(&w, 20);
	world_packet(&w, 0, 0, "0123456789", 10, 0, 0);
	world_packet(&w, 0, 10, "abcdefghij", 10, 0, 0);
	told(&w, -20, "0123456789abcdefghij");
	assert_int_equal(w.told[0].late, 0);
	end();
	assert_int_equal(account()->missing, 0);
}

/* The same with a hole: it was lost, not cut, and may yet be filled. */
static void fin_before_a_hole(void **state)
{
	(void)state;
	start(false);
	fin(&w, 20);
	say(&w, 0, "0123456789");
	say(&w, 15, "fghij");
	told(&w, -20, "0123456789..........");
	say(&w, 10, "abcde");
	told(&w, -20, "0123456789abcdefghij");
	assert_int_equal(w.told[0].late, 0);
	fin(&w, 20);
	end();
	assert_int_equal(w.told[0].gaps, 0);
}

/* Then that FIN turns out forged: offsets are below 0 and there is no FIN. */
static void fin_before_all_forged(void **state)
{
	(void)state;
	start(false);
	fin(&w, 100);
	say(&w, 0, "0123456789");
	ack(&w, 110);
	say(&w, 10, "abcdefghij");
	told(&w, -100, "0123456789abcdefghij");
	end();

	start(false);
	fin(&w, 100);
	assert_int_equal(reasm_isn(&w.r, &w.half[0], BASE - 1, true, 0), ISN_NEW);
	ack(&w, 110);
	say(&w, 0, "0123456789");
	told(&w, -100, "0123456789..");
	end();
}

/* -- far segments ------------------------------------------------------------------- */

enum { FAR = 1 << 28 };

static void far_and_back(void **state)
{
	(void)state;
	start(true);
	say(&w, 0, "here");
	say(&w, FAR, "there");
	told(&w, 0, "here..");
	assert_non_null(w.half[0].far);
	say(&w, 4, " and on");
	assert_null(w.half[0].far);
	assert_int_equal(account()->outside, 5);
	end();
	told(&w, 0, "here and on");
	assert_int_equal(w.told[0].ends, 0);
	assert_int_equal(w.counters.streams_restarted, 0);
}

static void far_and_on(void **state)
{
	(void)state;
	start(true);
	say(&w, 0, "here");
	say(&w, FAR, "there");
	say(&w, FAR + 5, " and on");
	assert_int_equal(w.told[0].ends, 1);
	assert_int_equal(w.told[0].ended.written, 4);
	assert_int_equal(w.half[0].stream, 1);
	told(&w, 0, "there and on");
	end();
	assert_int_equal(account()->seen, 12);
	assert_int_equal(w.counters.streams_restarted, 1);
}

static void far_acknowledged(void **state)
{
	(void)state;
	start(true);
	say(&w, 0, "here");
	say(&w, FAR, "there");
	ack(&w, FAR); /* not behind it: tells nothing */
	assert_non_null(w.half[0].far);
	ack(&w, FAR + 5);
	told(&w, 0, "there");
	assert_int_equal(w.half[0].acked, 5);
	end();
}

static void far_at_the_end(void **state)
{
	(void)state;
	start(true);
	say(&w, 0, "here");
	world_packet(&w, 0, FAR, "there", 5, 7, TCP_FIN);
	end();
	told(&w, 0, "there");
	assert_int_equal(w.told[0].ends, 1);
	assert_int_equal(account()->tail_missing, 7);
}

static void far_twice(void **state)
{
	(void)state;
	start(true);
	say(&w, 0, "here");
	say(&w, FAR, "there");
	say(&w, 2 * FAR, "nowhere");
	assert_int_equal(account()->outside, 5);
	assert_int_equal(w.told[0].ends, 0);
	fin(&w, 3 * FAR); /* no byte to place */
	assert_int_equal(w.half[0].fin, REASM_NO_FIN);
	end();
	told(&w, 0, "nowhere");
}

static void near_enough(void **state)
{
	(void)state;
	start(true);
	w.r.limits.hole_max = 100;
	say(&w, 100, "just");
	assert_null(w.half[0].far);
	say(&w, 205, "far"); /* from behind "just": 101 */
	assert_non_null(w.half[0].far);
	assert_true(reasm_is_far(&w.r, &w.half[0], BASE + 205));
	assert_false(reasm_is_far(&w.r, &w.half[0], BASE + 204));
	assert_true(reasm_is_far(&w.r, &w.half[0], BASE - 101));
	assert_false(reasm_is_far(&w.r, &w.half[0], BASE - 100));
	assert_false(reasm_is_far(&w.r, &w.half[1], BASE + 205)); /* knows nothing */
	say(&w, 0, "x");
	end();
}

/* No memory to set it aside in. */
static void far_without_memory(void **state)
{
	(void)state;
	start(true);
	struct chunk *taken = NULL, *c;
	while ((c = chunk_take(&w.chunks)) != NULL) {
		c->next = taken;
		taken = c;
	}
	say(&w, 0, "here");
	say(&w, FAR, "there");
	assert_null(w.half[0].far);
	assert_int_equal(account()->outside, 5);
	chunk_give_chain(&w.chunks, taken);
	end();
}

/* -- SYN ------------------------------------------------------------------------------ */

static const struct {
	int64_t isn; /* of the byte before offset... */
	bool lenient;
	enum isn_fit fit;
} fits[] = {
        {0, false, ISN_NEW},
        {0, true, ISN_NEW},
        {-10, true, ISN_NEW},
        {-10, false, ISN_OTHER},
        {1, true, ISN_OTHER},
        {-(1 << 20), true, ISN_NEW},
        {-(1 << 20) - 1, true, ISN_OTHER},
        {1 << 30, true, ISN_OTHER},
};

static void late_syn(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof fits / sizeof *fits; i++) {
		start(false);
		say(&w, 0, "data");
		uint32_t isn = BASE + (uint32_t)fits[i].isn - 1;
		struct half before = w.half[0];
		assert_int_equal(reasm_isn(&w.r, &w.half[0], isn, fits[i].lenient, 0), fits[i].fit);
		world_check(&w);
		if (fits[i].fit != ISN_NEW) {
			assert_memory_equal(&w.half[0], &before, sizeof before);
			end();
			continue;
		}
		assert_int_equal(w.half[0].start, fits[i].isn);
		assert_int_equal(w.half[0].gap_count, fits[i].isn < 0);
		assert_int_equal(reasm_isn(&w.r, &w.half[0], isn, false, 0), ISN_SAME);
		assert_int_equal(reasm_isn(&w.r, &w.half[0], isn + 1, true, 0), ISN_OTHER);
		say(&w, fits[i].isn - 3, "___");
		assert_int_equal(account()->outside, 3);
		if (fits[i].isn == -10)
			say(&w, -10, "0123456789");
		if (fits[i].isn < -10) { /* too long for the listener's memory */
			gaps_find(&w.half[0], -100)->start = -100;
			w.half[0].start = -100;
		}
		end();
	}
	told(&w, 0, "data");
}

static void late_syn_fills(void **state)
{
	(void)state;
	start(false);
	say(&w, 0, "data");
	assert_int_equal(reasm_isn(&w.r, &w.half[0], BASE - 11, true, 0), ISN_NEW);
	say(&w, -10, "0123");
	say(&w, -6, "456789");
	told(&w, -10, "0123456789data");
	assert_int_equal(w.half[0].gap_count, 0);
	end();
}

/* A stream that was joined in the middle is found to have started earlier. */
static void earlier_data(void **state)
{
	(void)state;
	start(false);
	say(&w, 0, "data");
	say(&w, -4, "some");
	say(&w, -10, "01XXXXYYYYZZZZ"); /* over "somedata" too */
	told(&w, -10, "01XXXXsomedata");
	assert_int_equal(account()->conflicting, 8);
	assert_int_equal(w.told[0].late, 10);
	end();
}

static void alternative_isn(void **state)
{
	(void)state;
	static const struct {
		bool by_ack;
		uint32_t at;
		uint32_t base;
	} rows[] = {
	        {false, 5000001, 5000001}, {true, 5000001, 5000001}, {false, 1001, 1001},
	        {true, 1001, 1001},        {true, 9000001, 1001}, /* neither: the first stays */
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		start(false);
		struct half *h = &w.half[0];
		assert_int_equal(reasm_isn(&w.r, h, 1000, true, 0), ISN_NEW);
		reasm_alternative_isn(h, 5000000);
		assert_true(h->alt_known);
		if (rows[i].by_ack) {
			reasm_ack(&w.r, h, rows[i].at, 0);
		} else {
			struct tf_packet pkt = {.seq = rows[i].at,
			                        .payload = {(const uint8_t *)"abc", 3}};
			reasm_segment(&w.r, h, &pkt);
		}
		assert_false(h->alt_known);
		assert_int_equal(h->base, rows[i].base);
		h->next = h->start = 0;
		memset(&h->account, 0, sizeof h->account);
		world_check(&w);
		w.told[0].started = false;
		end();
	}
	start(true); /* decided: no alternative any more */
	ack(&w, 0);
	reasm_alternative_isn(&w.half[0], 5000000);
	assert_false(w.half[0].alt_known);
	end();
}

/* -- keep-alives ------------------------------------------------------------------------ */

static void keepalives(void **state)
{
	(void)state;
	start(true);
	world_packet(&w, 0, -1, "\0", 1, 0, 0); /* before the first byte */
	assert_int_equal(account()->rejected, 1);
	say(&w, 0, "abc");
	world_packet(&w, 0, 2, "X", 1, 0, 0); /* any value */
	assert_int_equal(account()->duplicate, 1);
	assert_int_equal(w.counters.keepalives, 2);
	say(&w, 5, "f");
	ack(&w, 6);
	world_packet(&w, 0, 5, "\0", 1, 0, 0);
	assert_int_equal(w.counters.keepalives, 3);
	world_packet(&w, 0, 2, "XY", 2, 0, 0); /* two bytes are no probe */
	assert_int_equal(account()->conflicting, 1);
	told(&w, 0, "abcY.f");
	end();
	assert_int_equal(w.told[0].conflicts, 1);
	assert_int_equal(w.counters.keepalives, 3);
}

static void keepalive_before_all(void **state)
{
	(void)state;
	start(false);
	ack(&w, 100);
	world_packet(&w, 0, 99, "\0", 1, 0, 0);
	assert_int_equal(w.counters.keepalives, 1);
	assert_int_equal(account()->rejected, 1);
	assert_false(w.half[0].based);
	world_packet(&w, 0, 99, "x", 1, 0, 0); /* a byte that says something */
	assert_true(w.half[0].based);
	told(&w, 0, "x");
	end();
}

/* -- limits -------------------------------------------------------------------------------- */

static void limit_in_order(void **state)
{
	(void)state;
	start(true);
	w.r.limits.flow_bytes = 5;
	say(&w, 0, "0123");
	say(&w, 4, "4567");
	say(&w, 8, "89");
	say(&w, 3, "3456");
	end();
	told(&w, 0, "01234.....");
	assert_int_equal(account()->beyond_limit, 5);
	assert_int_equal(account()->duplicate, 4);
	assert_int_equal(account()->span, 10);
}

/* Earlier bytes move the start, not the limit. */
static void limit_downwards(void **state)
{
	(void)state;
	start(false);
	w.r.limits.flow_bytes = 10;
	for (int i = 0; i < 10; i++)
		say(&w, -4 * i, "abcd");
	end();
	assert_int_equal(w.told[0].data, 10);
	assert_int_equal(account()->written, 10);
	assert_int_equal(account()->beyond_limit, 30);
}

static void limit_with_holes(void **state)
{
	(void)state;
	start(true);
	w.r.limits.flow_bytes = 6;
	say(&w, 4, "4567");
	ack(&w, 8);
	say(&w, 12, "c"); /* the hole begins beyond the limit: not told, but counted */
	ack(&w, 13);
	say(&w, 0, "01");
	world_finish_half(&w, 0);
	told(&w, 0, "01__45........");
	assert_int_equal(account()->missing, 6);
	assert_int_equal(account()->beyond_limit, 3);
	end();
}

/* -- snaplen --------------------------------------------------------------------------------- */

static void cut(void **state)
{
	(void)state;
	start(true);
	world_packet(&w, 0, 0, "abc", 3, 4, 0);
	say(&w, 7, "hij");
	told(&w, 0, "abc....hij");
	assert_int_equal(w.half[0].gap_low->cause, TF_GAP_SNAPLEN);
	world_packet(&w, 0, 10, "", 0, 5, 0); /* all of it cut */
	say(&w, 3, "d");                      /* sent again in smaller segments */
	say(&w, 15, "p");
	world_packet(&w, 0, 20, "", 0, 5, TCP_FIN);
	end();
	told(&w, 0, "abcd___hij_____p.........");
	assert_int_equal(account()->cut, 8);
	assert_int_equal(account()->missing, 8);
	assert_int_equal(account()->tail_missing, 9);
}

static void nothing_known(void **state)
{
	(void)state;
	start(false);
	ack(&w, 5);
	assert_true(reasm_is_next(&w.half[0], 77));
	assert_false(reasm_done(&w.half[0]));
	world_packet(&w, 0, 9, "", 0, 0, 0);
	assert_false(w.half[0].based);
	end();
	assert_int_equal(account()->span, 0);
	assert_int_equal(account()->tail_missing, 0);
}

/* Nobody acknowledged anything. */
static void no_ack(void **state)
{
	(void)state;
	start(true);
	say(&w, 0, "a");
	end();
	assert_int_equal(account()->tail_missing, 0);
	start(true);
	say(&w, 0, "a");
	ack(&w, 10);
	end();
	assert_in_range(account()->tail_missing, 8, 9); /* one of them may be FIN's */
}

/* An RST is obeyed at the next byte only. */
static void next_one(void **state)
{
	(void)state;
	start(true);
	say(&w, 0, "abc");
	assert_true(reasm_is_next(&w.half[0], BASE + 3));
	assert_false(reasm_is_next(&w.half[0], BASE + 4));
	assert_false(reasm_is_next(&w.half[0], BASE + 2));
	ack(&w, 2);
	assert_true(reasm_is_next(&w.half[0], BASE + 2));
	fin(&w, 3);
	assert_true(reasm_is_next(&w.half[0], BASE + 4));
	end();
}

/* A window that opens settles the doubt when it holds all of the segment. */
static void window_opens_in_part(void **state)
{
	(void)state;
	start(true);
	say(&w, 0, "abc");
	ack(&w, 3);
	reasm_window(&w.r, &w.half[0], BASE + 3, 10);
	say(&w, 20, "xyz");
	assert_non_null(w.half[0].far);
	reasm_window(&w.r, &w.half[0], BASE + 3, 19);
	assert_non_null(w.half[0].far);
	reasm_window(&w.r, &w.half[0], BASE + 3, 20);
	assert_null(w.half[0].far);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(window_opens_in_part),
	        cmocka_unit_test(fin_in_order),
	        cmocka_unit_test(covered_one_below_fin),
	        cmocka_unit_test(fin_within_a_joined_one),
	        cmocka_unit_test(forged_fin),
	        cmocka_unit_test(true_fin),
	        cmocka_unit_test(fin_before_all),
	        cmocka_unit_test(fin_before_a_hole),
	        cmocka_unit_test(fin_before_all_forged),
	        cmocka_unit_test(far_and_back),
	        cmocka_unit_test(far_and_on),
	        cmocka_unit_test(far_acknowledged),
	        cmocka_unit_test(far_at_the_end),
	        cmocka_unit_test(far_twice),
	        cmocka_unit_test(near_enough),
	        cmocka_unit_test(far_without_memory),
	        cmocka_unit_test(late_syn),
	        cmocka_unit_test(late_syn_fills),
	        cmocka_unit_test(earlier_data),
	        cmocka_unit_test(alternative_isn),
	        cmocka_unit_test(keepalives),
	        cmocka_unit_test(keepalive_before_all),
	        cmocka_unit_test(limit_in_order),
	        cmocka_unit_test(limit_downwards),
	        cmocka_unit_test(limit_with_holes),
	        cmocka_unit_test(cut),
	        cmocka_unit_test(nothing_known),
	        cmocka_unit_test(no_ack),
	        cmocka_unit_test(next_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
