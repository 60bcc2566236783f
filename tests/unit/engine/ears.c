/* SPDX-License-Identifier: BSD-3-Clause */
/* Which of several rings is read next, and until what time. */
#include "drive.h"

#include "engine/inside.h"

#define SECOND INT64_C(1000000000)
#define NOW    (1000 * SECOND)

/* A ring that holds no frame */
#define EMPTY INT64_MIN

static struct ears_turn choose(unsigned n, const int64_t *held_ns)
{
	static struct ears ears;
	ears.count = n;
	for (unsigned i = 0; i < n; i++) {
		ears.ear[i] = (struct ear){.holds = held_ns[i] != EMPTY};
		ears.ear[i].held.ts_ns = held_ns[i];
	}
	return ears_choose(&ears, NOW);
}

#define CHOOSE(...)                                                                                \
	choose(sizeof(int64_t[]){__VA_ARGS__} / sizeof(int64_t), (const int64_t[]){__VA_ARGS__})

static void expect(struct ears_turn t, unsigned ear, int64_t until_ns)
{
	assert_int_equal(t.ear, ear);
	assert_false(t.waits);
	assert_int_equal(t.until_ns, until_ns);
}

static void expect_wait(struct ears_turn t)
{
	assert_int_equal(t.ear, EARS);
	assert_true(t.waits);
}

static void earliest(void **state)
{
	(void)state;
	expect(CHOOSE(NOW), 0, INT64_MAX);
	expect(CHOOSE(NOW - 1, NOW), 0, NOW);
	expect(CHOOSE(NOW, NOW - 1), 1, NOW);
	expect(CHOOSE(NOW, NOW), 0, NOW);
	expect(CHOOSE(NOW - 3, NOW - 5, NOW - 4), 1, NOW - 4);
	expect(CHOOSE(NOW - 4, NOW - 3, NOW - 5), 2, NOW - 4);
}

/* An empty ring may get what is as old as that. */
static void empty(void **state)
{
	(void)state;
	const int64_t sure = NOW - LIVE_LATE_NS;
	const struct ears_turn none = CHOOSE(EMPTY, EMPTY);
	assert_int_equal(none.ear, EARS);
	assert_false(none.waits);
	expect_wait(CHOOSE(NOW, EMPTY));
	expect_wait(CHOOSE(EMPTY, sure + 1));
	expect(CHOOSE(EMPTY, sure), 1, sure);
	expect(CHOOSE(EMPTY, sure - 9, sure - 5), 1, sure - 5);
	expect(CHOOSE(EMPTY, sure - 9, sure + 5), 1, sure);
}

/* A clock that was set back: nothing waits for what seems to come. */
static void stepped(void **state)
{
	(void)state;
	expect(CHOOSE(NOW, NOW + 5 * SECOND), 1, INT64_MIN);
	expect(CHOOSE(NOW, NOW + SECOND), 0, NOW + SECOND);
	expect(CHOOSE(EMPTY, NOW + 9 * SECOND), 1, INT64_MIN);
	expect_wait(CHOOSE(EMPTY, NOW + SECOND));
	expect(CHOOSE(INT64_MAX, INT64_MIN + 1), 0, INT64_MIN);
}

/* Whoever reads was kept for long: what waits in the rings keeps its order. */
static void late(void **state)
{
	(void)state;
	expect(CHOOSE(NOW - 5 * SECOND, NOW), 0, NOW);
	expect(CHOOSE(NOW - SECOND, NOW - 9 * SECOND, EMPTY), 1, NOW - SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(earliest),
	        cmocka_unit_test(empty),
	        cmocka_unit_test(stepped),
	        cmocka_unit_test(late),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
