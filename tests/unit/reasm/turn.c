/* SPDX-License-Identifier: BSD-3-Clause */
/* An account ends within a stream, and another begins there. */
#include "world.h"

static struct world w;

/* Both sums of the account are checked. */
static struct tf_account turn(void)
{
	struct tf_account a;
	reasm_turn(&w.r, &w.half[0], 0, &a);
	world_check(&w);
	reasm_settle(&w.r, &a);
	return a;
}

static void in_order(void **state)
{
	(void)state;
	world_start(&w, 1 << 20, 64);
	world_syn(&w, 0);
	say(&w, 0, "abc");
	struct tf_account a = turn();
	assert_int_equal(a.offset, 0);
	assert_int_equal(a.span, 3);
	assert_int_equal(a.written, 3);
	say(&w, 3, "defg");
	a = turn();
	assert_int_equal(a.offset, 3);
	assert_int_equal(a.span, 4);
	a = turn();
	assert_int_equal(a.offset, 7);
	assert_int_equal(a.span + a.seen, 0);
	world_end(&w);
	assert_int_equal(w.half[0].account.offset, 7);
	assert_int_equal(w.counters.bytes_written, 7);
}

/* What is held early belongs to the account in which it is told, and gets its place. */
static void held(void **state)
{
	(void)state;
	world_start(&w, 1 << 20, 64);
	world_syn(&w, 0);
	say(&w, 0, "ab");
	say(&w, 4, "ef");
	struct tf_account a = turn();
	assert_int_equal(a.seen, 2);
	assert_int_equal(a.span, 2);
	say(&w, 2, "cd");
	told(&w, 0, "abcdef");
	world_end(&w);
	assert_int_equal(w.half[0].account.seen, 4);
	assert_int_equal(w.half[0].account.written, 4);
	assert_int_equal(w.half[0].account.missing, 0);
}

/* A gap that was passed is final; what comes for it later is not recorded. */
static void passed(void **state)
{
	(void)state;
	world_start(&w, 1 << 20, 64);
	world_syn(&w, 0);
	say(&w, 2, "cd");
	ack(&w, 4);
	told(&w, 0, "..cd");
	struct tf_account a = turn();
	assert_int_equal(a.missing, 2);
	assert_int_equal(a.span, 4);
	told(&w, 0, "__cd");
	say(&w, 0, "abXY");
	told(&w, 0, "__cd");
	assert_int_equal(w.told[0].conflicts, 0);
	world_end(&w);
	assert_int_equal(w.half[0].account.unchecked, 4);
}

/* Where the stream has no known beginning, it has one after a turn. */
static void before(void **state)
{
	(void)state;
	world_start(&w, 1 << 20, 64);
	say(&w, 100, "xyz");
	(void)turn();
	say(&w, 50, "abc");
	assert_int_equal(w.told[0].late, 0);
	assert_int_equal(reasm_isn(&w.r, &w.half[0], BASE + 40, true, 0), ISN_NEW);
	world_end(&w);
	assert_int_equal(w.half[0].account.outside, 3);
	assert_int_equal(w.half[0].account.missing, 0);
	assert_int_equal(w.half[0].account.span, 0);
}

/* Before the first byte a turn decides nothing. */
static void empty(void **state)
{
	(void)state;
	world_start(&w, 1 << 20, 64);
	struct tf_account a = turn();
	assert_int_equal(a.span, 0);
	say(&w, 100, "xyz");
	say(&w, 98, "vw");
	world_end(&w);
	assert_int_equal(w.half[0].account.written, 5);
	assert_int_equal(w.half[0].account.offset, -2);
}

/* The limit is one for the stream, and its gap is told in parts. */
static void limited(void **state)
{
	(void)state;
	world_start(&w, 1 << 20, 64);
	w.r.limits.flow_bytes = 4;
	world_syn(&w, 0);
	say(&w, 0, "abc");
	(void)turn();
	say(&w, 3, "def");
	struct tf_account a = turn();
	assert_int_equal(a.written, 1);
	assert_int_equal(a.beyond_limit, 2);
	assert_int_equal(w.told[0].limit_start, 4);
	say(&w, 6, "ghi");
	told(&w, 0, "abcd.....");
	world_end(&w);
	assert_int_equal(w.told[0].limits, 2);
	assert_int_equal(w.told[0].limit_start, 6);
	assert_int_equal(w.half[0].account.beyond_limit, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(in_order), cmocka_unit_test(held),
	                                   cmocka_unit_test(passed),   cmocka_unit_test(before),
	                                   cmocka_unit_test(empty),    cmocka_unit_test(limited)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
