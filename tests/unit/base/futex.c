/* SPDX-License-Identifier: BSD-3-Clause */
/* Sleeping on a word, in the two ways: nobody sleeps for ever, and not without a reason to. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/futex.h"
#include "lib/patience.h"

struct way {
	void (*wait)(_Atomic uint32_t *word, uint32_t seen, const struct timespec *most);
	void (*wake)(_Atomic uint32_t *word);
};

static struct way linux_way = {futex_wait, futex_wake},
                  posix_way = {futex_wait_posix, futex_wake_posix};

static int64_t now_ns(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void another_word(void **state)
{
	const struct way *w = *state;
	_Atomic uint32_t word = 7;
	w->wait(&word, 8, NULL); /* it has changed already */
	w->wake(&word);          /* nobody sleeps */
}

static void not_for_ever(void **state)
{
	const struct way *w = *state;
	_Atomic uint32_t word = 7;
	static const struct timespec most[] = {
	        {.tv_nsec = 30000000}, {.tv_nsec = 999999999}, {0}, {.tv_sec = 1}};
	for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
		int64_t before = now_ns(),
		        want = most[i].tv_sec * INT64_C(1000000000) + most[i].tv_nsec;
		w->wait(&word, 7, &most[i]);
		int64_t slept = now_ns() - before;
		assert_in_range(slept, want > 1000000 ? want - 1000000 : 0, want + 20000000000);
	}
}

enum { ROUNDS = 20000, PAIRS = 3 };

/* Two threads that count in turns. */
struct turns {
	const struct way *way;
	_Atomic uint32_t word;
	pthread_t thread;
};

/* Counts from each number of its kind to the next. */
static void count(struct turns *t, uint32_t odd)
{
	for (uint32_t i = odd; i < ROUNDS; i += 2) {
		uint32_t seen;
		while ((seen = atomic_load(&t->word)) != i)
			t->way->wait(&t->word, seen, NULL);
		atomic_store(&t->word, i + 1);
		t->way->wake(&t->word);
	}
}

static void *count_odd(void *arg)
{
	count(arg, 1);
	return NULL;
}

static void *count_even(void *arg)
{
	count(arg, 0);
	return NULL;
}

/* Some pairs at once; two of their words share a place where they are slept on. */
static void in_turns(void **state)
{
	static struct {
		_Alignas(1024) struct turns t;
	} pair[PAIRS];
	pthread_t other[PAIRS];
	give_up_after(60);
	for (size_t i = 0; i < PAIRS; i++) {
		pair[i].t.way = *state;
		atomic_store(&pair[i].t.word, 0);
		assert_int_equal(pthread_create(&pair[i].t.thread, NULL, count_odd, &pair[i].t), 0);
		assert_int_equal(pthread_create(&other[i], NULL, count_even, &pair[i].t), 0);
	}
	for (size_t i = 0; i < PAIRS; i++) {
		assert_int_equal(pthread_join(pair[i].t.thread, NULL), 0);
		assert_int_equal(pthread_join(other[i], NULL), 0);
		assert_int_equal(atomic_load(&pair[i].t.word), ROUNDS);
	}
	(void)alarm(0);
}

#define TEST(f)                                                                                    \
	{"linux: " #f, f, NULL, NULL, &linux_way},                                                 \
	{                                                                                          \
		"posix: " #f, f, NULL, NULL, &posix_way                                            \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(another_word), TEST(not_for_ever), TEST(in_turns)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
