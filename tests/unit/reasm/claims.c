/* SPDX-License-Identifier: BSD-3-Clause */
/* Why bytes are missing: drops of the kernel, places of bytes that were not taken. */
#include "world.h"

static struct world w;

static void start(void)
{
	world_start(&w, 1 << 20, 64);
	world_remember(&w);
	world_syn(&w, 0);
}

/* A segment that its receiver would not take. */
static void reject(int64_t offset, const char *text)
{
	struct tf_packet pkt = {
	        .seq = BASE + (uint32_t)offset,
	        .flags = TCP_ACK,
	        .payload = {(const uint8_t *)text, strlen(text)},
	};
	reasm_reject(&w.r, &w.half[0], &pkt, TF_REJECT_TIMESTAMP);
	world_check(&w);
}

static enum tf_gap_cause cause_at(int64_t off, int64_t *end)
{
	return claims_cause(&w.half[0], off, end, TF_GAP_LOST);
}

static void kernel(void **state)
{
	(void)state;
	start();
	say(&w, 0, "ab");
	w.r.drops_rising = true;
	say(&w, 4, "ef"); /* shows the hole */
	w.r.drops_rising = false;
	say(&w, 8, "ij");
	world_finish_half(&w, 0);
	told(&w, 0, "ab__ef__ij");
	assert_int_equal(w.told[0].kernel_gaps, 1);
	assert_int_equal(w.told[0].gaps, 2);
	assert_int_equal(w.told[0].gap_cause, TF_GAP_LOST);
	assert_int_equal(w.half[0].account.missing, 4);
	world_end(&w);
}

/* The ACK that moved the window is one of the packets that were dropped. */
static void window_while_dropping(void **state)
{
	(void)state;
	start();
	ack(&w, 0);
	reasm_window(&w.r, &w.half[0], BASE, 6);
	say(&w, 0, "abcd");
	w.r.drops_rising = true;
	say(&w, 8, "ij");
	say(&w, 4, "ef"); /* within the window, which would speak against the other */
	w.r.drops_rising = false;
	world_finish_half(&w, 0);
	told(&w, 0, "abcdef__ij");
	assert_int_equal(w.told[0].kernel_gaps, 1);
	assert_int_equal(w.r.counters->rejected_window, 0);
	world_end(&w);
}

/* Without memory to hold what is early, the hole is passed at once. */
static void kernel_without_memory(void **state)
{
	(void)state;
	world_start(&w, 1 << 20, 0);
	world_syn(&w, 0);
	w.r.drops_rising = true;
	say(&w, 2, "cd");
	w.r.drops_rising = false;
	world_finish_half(&w, 0);
	told(&w, 0, "__cd");
	assert_int_equal(w.told[0].gap_cause, TF_GAP_KERNEL);
	world_end(&w);
}

/* What came and was rejected was not dropped by anybody. */
static void rejected_while_dropping(void **state)
{
	(void)state;
	start();
	w.r.drops_rising = true;
	reject(2, "cd");
	say(&w, 4, "ef");
	world_finish_half(&w, 0);
	assert_int_equal(w.told[0].gaps, 2);
	assert_int_equal(w.told[0].kernel_gaps, 1);
	assert_int_equal(w.told[0].gap_start, 2);
	assert_int_equal(w.told[0].gap_cause, TF_GAP_REJECTED);
	world_end(&w);
}

static void borders(void **state)
{
	int64_t end;
	(void)state;
	start();
	reject(10, "abcdef");
	reject(20, "abcdef");
	assert_int_equal(cause_at(5, (end = 100, &end)), TF_GAP_LOST);
	assert_int_equal(end, 10);
	assert_int_equal(cause_at(10, (end = 100, &end)), TF_GAP_REJECTED);
	assert_int_equal(end, 16);
	assert_int_equal(cause_at(15, (end = 100, &end)), TF_GAP_REJECTED);
	assert_int_equal(end, 16);
	assert_int_equal(cause_at(16, (end = 18, &end)), TF_GAP_LOST);
	assert_int_equal(end, 18);
	assert_int_equal(cause_at(26, (end = 100, &end)), TF_GAP_LOST);
	assert_int_equal(end, 100);
	world_end(&w);
}

/* Touching ones count as one, in both directions. */
static void joined(void **state)
{
	int64_t end = 100;
	(void)state;
	start();
	reject(10, "abcd");
	reject(14, "efgh");
	reject(8, "yz");
	reject(9, "zab");
	assert_int_equal(w.half[0].claims->next, 1);
	assert_int_equal(cause_at(8, &end), TF_GAP_REJECTED);
	assert_int_equal(end, 18);
	world_end(&w);
}

static void too_many(void **state)
{
	int64_t end = 1000;
	(void)state;
	start();
	for (int i = 0; i < REASM_CLAIMS; i++)
		reject(10 * i, "ab");
	assert_int_equal(w.counters.causes_forgotten, 0);
	assert_int_equal(cause_at(0, &end), TF_GAP_REJECTED);
	reject(500, "ab");
	assert_int_equal(w.counters.causes_forgotten, 1);
	assert_int_equal(cause_at(0, &end), TF_GAP_LOST);
	world_end(&w);
}

static void no_memory(void **state)
{
	int64_t end = 1000;
	(void)state;
	world_start(&w, 1 << 20, 64);
	world_syn(&w, 0);
	reject(10, "ab");
	assert_int_equal(w.counters.causes_forgotten, 1);
	assert_int_equal(cause_at(10, &end), TF_GAP_LOST);
	world_end(&w);
}

/* Where nothing is known of the stream, no place is known either. */
static void before_all(void **state)
{
	(void)state;
	world_start(&w, 1 << 20, 64);
	world_remember(&w);
	reject(10, "ab");
	assert_null(w.half[0].claims);
	assert_int_equal(w.counters.causes_forgotten, 0);
	world_end(&w);
}

static void names(void **state)
{
	static const char *const name[] = {"lost",    "snaplen",  "kernel",
	                                   "evicted", "rejected", "limit"};
	size_t count;
	const struct tf_gap_cause_row *row = tf_gap_cause_rows(&count);
	(void)state;
	assert_int_equal(count, sizeof name / sizeof *name);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(row[i].name, name[i]);
		assert_non_null(row[i].sentence);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(kernel),
	        cmocka_unit_test(window_while_dropping),
	        cmocka_unit_test(kernel_without_memory),
	        cmocka_unit_test(rejected_while_dropping),
	        cmocka_unit_test(borders),
	        cmocka_unit_test(joined),
	        cmocka_unit_test(too_many),
	        cmocka_unit_test(no_memory),
	        cmocka_unit_test(before_all),
	        cmocka_unit_test(names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
