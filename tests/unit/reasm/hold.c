/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Early bytes in memory: how much may be held, who gives way when it runs short, and
 * random schedules in hardly any memory, after which every byte must be accounted for.
 */
#include "world.h"

#include "lib/patience.h"

static struct world w;

enum { CHUNKS = 16, HELD = CHUNKS / 2 }; /* half of the pool may be held */

static void start(void)
{
	world_start(&w, 1 << 16, CHUNKS);
	for (int i = 0; i < HALVES; i++)
		world_syn(&w, i);
}

static void copies(void **state)
{
	(void)state;
	start();
	static uint8_t bytes[3 * CHUNK_ROOM + 5], got[sizeof bytes];
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	world_packet(&w, 0, 10, bytes, sizeof bytes, 0, 0);
	const struct held *n = queue_first(&w.half[0]);
	assert_int_equal(w.r.chunks_held, 4);
	static const size_t from[] = {
	        0, 1, CHUNK_ROOM - 1, CHUNK_ROOM, CHUNK_ROOM + 1, 3 * CHUNK_ROOM, sizeof bytes - 1};
	for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
		size_t rest = sizeof bytes - from[i];
		memset(got, 0, sizeof got);
		assert_int_equal(hold_copy(n, 10 + (int64_t)from[i], got, rest), rest);
		assert_memory_equal(got, bytes + from[i], rest);
		assert_int_equal(hold_copy(n, 10 + (int64_t)from[i], got, 1), 1);
		assert_int_equal(got[0], bytes[from[i]]);
	}
	assert_int_equal(hold_copy(n, 10 + (int64_t)sizeof bytes, got, 5), 0);
	say(&w, 0, "0123456789");
	assert_memory_equal(w.told[0].byte + LOW + 10, bytes, sizeof bytes);
	world_end(&w);
}

/* The chunk goes to whoever wants it; what stands before next does not go with it. */
static void loans(void **state)
{
	(void)state;
	start();
	w.takes_loans = true;
	say(&w, 3, "3456789");
	say(&w, 0, "01234");
	told(&w, 0, "0123456789");
	assert_non_null(w.loaned);
	assert_int_equal(chunk_span(w.loaned).n, 5);
	assert_memory_equal(chunk_span(w.loaned).p, "56789", 5);
	assert_int_equal(w.r.chunks_held, 0);
	assert_int_equal(w.chunks.slab.used, 1);
	world_end(&w);
}

/* What the limit for a stream cuts in two is nobody's to keep. */
static void no_loan_at_the_limit(void **state)
{
	(void)state;
	start();
	w.takes_loans = true;
	w.r.limits.flow_bytes = 7;
	say(&w, 3, "3456789");
	say(&w, 0, "012");
	told(&w, 0, "0123456...");
	assert_null(w.loaned);
	assert_int_equal(w.half[0].account.beyond_limit, 3);
	world_end(&w);
}

/* The half that has held longest goes on over its holes. */
static void oldest_spills(void **state)
{
	(void)state;
	start();
	for (int half = 0; half < HALVES; half++)
		for (int k = 0; k < HELD / HALVES; k++)
			say_at(&w, half, 10 + 10 * k, "early");
	assert_int_equal(w.r.chunks_held, HELD);
	assert_int_equal(w.counters.held_spilled, 0);
	assert_ptr_equal(w.r.holder_oldest, &w.half[0]);
	say_at(&w, 3, 50, "more");
	assert_int_equal(w.counters.held_spilled, 1);
	assert_null(w.half[0].queue.root);
	told_at(&w, 0, 0, "..........early.....early.....");
	assert_int_equal(w.half[0].gap_count, 2);
	told_at(&w, 1, 0, "....................");
	told_at(&w, 3, 50, "....");
	assert_ptr_equal(w.r.holder_oldest, &w.half[1]);
	say_at(&w, 0, 0, "0123456789");
	told_at(&w, 0, 0, "0123456789early.....early"); /* still fillable */
	world_end(&w);
}

/* The one that needs the memory is the one that has held longest. */
static void own_spill(void **state)
{
	(void)state;
	start();
	for (int k = 0; k < HELD; k++)
		say(&w, 10 + 10 * k, "early");
	say(&w, 5, "five!"); /* its place is passed while room is made for it */
	told(&w, 0, ".....five!early.....early");
	assert_int_equal(w.counters.held_spilled, 1);
	assert_null(w.half[0].queue.root);
	world_end(&w);
	assert_int_equal(w.half[0].account.evicted, 0);
	assert_int_equal(w.half[0].account.written, 5 * (HELD + 1));
}

/* The same where passing the holes leads up to FIN. */
static void own_spill_up_to_fin(void **state)
{
	(void)state;
	start();
	give_up_after(20); /* a queue that cannot be emptied */
	for (int k = 0; k < HELD; k++)
		say(&w, 10 + 10 * k, "early");
	fin(&w, 10 + 10 * (HELD - 1) + 5);
	say(&w, 5, "five!");
	told(&w, 0, ".....five!early");
	world_end(&w);
	(void)alarm(0);
	assert_int_equal(w.half[0].account.after_close, 0);
	assert_int_equal(w.half[0].account.written, 5 * (HELD + 1));
}

/* A segment that needs more chunks than may be held. */
static void too_long_to_hold(void **state)
{
	(void)state;
	start();
	static uint8_t bytes[(HELD + 1) * CHUNK_ROOM];
	memset(bytes, 'x', sizeof bytes);
	say_at(&w, 1, 10, "early");
	world_packet(&w, 0, 10, bytes, sizeof bytes, 0, 0);
	assert_int_equal(w.told[0].data, sizeof bytes); /* told behind its hole */
	assert_int_equal(w.half[0].next, 10 + sizeof bytes);
	assert_null(w.half[1].queue.root);
	assert_int_equal(w.r.chunks_held, 0);
	say(&w, 0, "0123456789");
	world_end(&w);
	assert_int_equal(w.half[0].account.missing, 0);
}

/* Nodes run out before chunks do. */
static void nodes_run_out(void **state)
{
	(void)state;
	world_start(&w, 2048, 512); /* a few nodes, more chunks */
	world_syn(&w, 0);
	world_syn(&w, 1);
	size_t nodes = w.r.held.count;
	assert_in_range(nodes, 4, 100);
	for (size_t k = 0; k < nodes; k++)
		say_at(&w, (int)(k % 2), 10 + 10 * (int64_t)k, "x");
	assert_int_equal(w.counters.held_spilled, 0);
	say_at(&w, 1, 10 + 10 * (int64_t)nodes, "x");
	assert_int_equal(w.counters.held_spilled, 1);
	assert_null(w.half[0].queue.root); /* whose oldest is the oldest of all */
	assert_non_null(w.half[1].queue.root);
	world_end(&w);
}

/* Beyond a FIN and nothing left to hold it in: counted, not told. */
static void no_room_beyond_fin(void **state)
{
	(void)state;
	start();
	say(&w, 0, "all");
	fin(&w, 3);
	struct chunk *taken = NULL, *c;
	while ((c = chunk_take(&w.chunks)) != NULL) {
		c->next = taken;
		taken = c;
	}
	say(&w, 3, "beyond");
	assert_int_equal(w.half[0].account.evicted, 6);
	chunk_give_chain(&w.chunks, taken);
	world_end(&w);
	assert_int_equal(w.half[0].account.span, 9);
}

/* An attacker sends single bytes that are joined, and repeats the last: finding it again
   must not take a walk over all of them. */
static void long_chains(void **state)
{
	(void)state;
	enum { BYTES = 60000, REPEATS = 20000 };
	world_start(&w, 1 << 20, 2 * BYTES + 10);
	world_syn(&w, 0);
	give_up_after(60);
	for (int i = 0; i < BYTES; i++) {
		struct tf_packet pkt = {.seq = BASE + 10 + (uint32_t)i,
		                        .payload = {(const uint8_t *)"x", 1}};
		reasm_segment(&w.r, &w.half[0], &pkt);
	}
	assert_int_equal(w.r.chunks_held, BYTES);
	assert_int_equal(w.r.held.used, (BYTES + REASM_CHAIN - 1) / REASM_CHAIN);
	for (int i = 0; i < REPEATS; i++) {
		struct tf_packet pkt = {.seq = BASE + 10 + BYTES - 2,
		                        .payload = {(const uint8_t *)"x", 1}};
		reasm_segment(&w.r, &w.half[0], &pkt);
	}
	assert_int_equal(w.half[0].account.duplicate, REPEATS);
	(void)alarm(0);
	world_end(&w);
}

/* Segments set aside because they are far from all others must not keep the others
   from being held. */
static void far_ones_give_way(void **state)
{
	(void)state;
	start();
	static uint8_t bytes[(HELD - 2) / 2 * CHUNK_ROOM];
	memset(bytes, 'f', sizeof bytes);
	say_at(&w, 0, 0, "a");
	say_at(&w, 1, 0, "b");
	world_packet(&w, 0, 1 << 28, bytes, sizeof bytes, 0, 0);
	world_packet(&w, 1, 1 << 28, bytes, sizeof bytes, 0, 0);
	for (int k = 0; k < 4; k++)
		say_at(&w, 2, 10 + 10 * k, "early");
	told_at(&w, 2, 0, "..............."); /* they wait in the queue, as they should */
	assert_int_equal(w.r.chunks_held <= HELD, true);
	world_end(&w);
}

/* -- random schedules ------------------------------------------------------------- */

static unsigned dice = 1;

static int roll(int sides)
{
	dice = dice * 1103515245 + 12345;
	return (int)((dice >> 8) % (unsigned)sides);
}

enum { LENGTH = 600 };

/* Two versions of the stream, told apart by the case of their letters. */
static void random_segment(int half)
{
	static uint8_t bytes[LENGTH];
	int at = roll(LENGTH) - (roll(4) == 0 ? 40 : 0);
	int n = roll(4) == 0 ? roll(300) : roll(20);
	for (int i = 0; i < n; i++)
		bytes[i] = (uint8_t)((w.frame % 5 == 0 ? 'A' : 'a') + (at + i + 4000) % 26);
	uint32_t cut = roll(8) == 0 ? (uint32_t)roll(30) : 0;
	uint8_t flags = roll(40) == 0 ? TCP_FIN : 0;
	world_packet(&w, half, at, bytes, (size_t)n, cut, flags);
}

static void random_step(int half)
{
	int what = roll(40);
	if (what < 4)
		reasm_ack(&w.r, &w.half[half], BASE + (uint32_t)roll(LENGTH + 20), 0);
	else if (what == 4)
		(void)reasm_isn(&w.r, &w.half[half], BASE - 1 - (uint32_t)roll(60), roll(2), 0);
	else if (what == 5)
		world_packet(&w, half, (1 << 27) + roll(3) * 100, "far away", 8, 0, 0);
	else if (what == 6)
		world_packet(&w, half, w.half[half].next - 1, roll(2) ? "\0" : "k", 1, 0, 0);
	else
		random_segment(half);
	world_check(&w);
}

/* What was told is what was sent: the letter tells its place. */
static void check_letters(int half)
{
	const struct told_half *t = &w.told[half];
	int first = (int)(int32_t)(w.half[half].base - BASE); /* where offset 0 is */
	bool near = t->ends == 0 && first < 1 << 20;          /* else "far away" is in it */
	for (int i = -2 * LENGTH; near && i < 2 * LENGTH; i++)
		if (t->told[i + LOW] == DATA && t->byte[i + LOW] != '\0' && t->byte[i + LOW] != 'k')
			assert_int_equal((t->byte[i + LOW] | 0x20) - 'a', (first + i + 4000) % 26);
}

static void random_schedules(void **state)
{
	(void)state;
	static const size_t sizes[][2] = {{1 << 14, 4}, {700, 8}, {1 << 14, 16}, {1 << 16, 400}};
	static const int64_t limits[] = {INT64_MAX, INT64_MAX, 100, 1};
	for (unsigned round = 0; round < 3000; round++) {
		dice = round + 1;
		give_up_after(20);
		world_start(&w, sizes[round % 4][0], sizes[round % 4][1]);
		w.forgetful = round % 16 == 0;
		w.takes_loans = round % 3 == 0 && round % 4 == 3;
		w.r.limits.flow_bytes = limits[round / 4 % 4];
		for (int half = 0; half < HALVES; half++)
			if (roll(2))
				world_syn(&w, half);
		for (int step = roll(120); step > 0; step--)
			random_step(roll(HALVES));
		int64_t written = 0;
		for (int half = 0; half < HALVES; half++) {
			world_finish_half(&w, half);
			const struct tf_account *a = &w.half[half].account;
			assert_true(a->written >= 0 && a->duplicate >= a->unchecked);
			assert_true(a->missing >= a->cut && a->tail_missing >= 0);
			assert_true(a->written <= w.r.limits.flow_bytes);
			check_letters(half);
			written += w.told[half].data;
		}
		world_end(&w);
		assert_int_equal(w.counters.bytes_written, written);
	}
	(void)alarm(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(copies),
	        cmocka_unit_test(loans),
	        cmocka_unit_test(no_loan_at_the_limit),
	        cmocka_unit_test(oldest_spills),
	        cmocka_unit_test(own_spill),
	        cmocka_unit_test(own_spill_up_to_fin),
	        cmocka_unit_test(too_long_to_hold),
	        cmocka_unit_test(nodes_run_out),
	        cmocka_unit_test(no_room_beyond_fin),
	        cmocka_unit_test(long_chains),
	        cmocka_unit_test(far_ones_give_way),
	        cmocka_unit_test(random_schedules),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
