/* SPDX-License-Identifier: BSD-3-Clause */
/* Rings: in order, nothing lost, nobody sleeps for ever. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/ring.h"
#include "lib/patience.h"

enum { ITEMS = 100000, LIMIT_S = 60 };

static void *item_of(uintptr_t n)
{
	return (void *)n;
}

static void in_order(void **state)
{
	(void)state;
	static struct ring r;
	void *got;
	ring_init(&r);
	assert_false(ring_try_take(&r, &got));
	uintptr_t put = 0, taken = 0;
	for (int round = 0; round < 1000; round++) {
		for (int n = round % RING_SLOTS; n >= 0 && put - taken < RING_SLOTS; n--)
			ring_put(&r, item_of(++put));
		for (int n = (round * 7) % RING_SLOTS; n >= 0 && ring_try_take(&r, &got); n--)
			assert_ptr_equal(got, item_of(++taken));
	}
	while (taken < put)
		assert_ptr_equal(ring_take(&r), item_of(++taken));
	assert_false(ring_try_take(&r, &got));
}

static void all_slots(void **state)
{
	(void)state;
	static struct ring r;
	ring_init(&r);
	for (uintptr_t i = 1; i <= RING_SLOTS; i++)
		ring_put(&r, item_of(i)); /* dies if there are fewer */
	for (uintptr_t i = 1; i <= RING_SLOTS; i++)
		assert_ptr_equal(ring_take(&r), item_of(i));
}

/* The counters may wrap. */
static void wraps(void **state)
{
	(void)state;
	static struct ring r;
	ring_init(&r);
	atomic_store(&r.put, UINT32_MAX - 5);
	atomic_store(&r.taken, UINT32_MAX - 5);
	for (int round = 0; round < 3; round++) {
		for (uintptr_t i = 1; i <= RING_SLOTS; i++)
			ring_put(&r, item_of(i));
		for (uintptr_t i = 1; i <= RING_SLOTS; i++)
			assert_ptr_equal(ring_take(&r), item_of(i));
	}
}

/* The putter never waits; whoever puts too much has counted wrongly. */
static void too_many(void **state)
{
	(void)state;
	static struct ring r;
	ring_init(&r);
	for (uintptr_t i = 1; i <= RING_SLOTS; i++)
		ring_put(&r, item_of(i));
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)signal(SIGABRT, SIG_DFL);
		(void)close(STDERR_FILENO);
		ring_put(&r, item_of(1));
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

struct pair {
	struct ring there, back;
	unsigned lazy_putter, lazy_taker; /* rests after so many items; 0: never */
	uintptr_t wrong;
};

static void rest(uintptr_t i, unsigned every)
{
	if (every > 0 && i % every == 0)
		(void)usleep(100);
	else if (i % 64 == 0)
		(void)sched_yield();
}

static void *taker(void *arg)
{
	struct pair *p = arg;
	for (uintptr_t i = 1; i <= ITEMS; i++) {
		int *value = ring_take(&p->there);
		p->wrong += *value != (int)(i % 1000); /* plain data changes hands with it */
		*value = -1;
		rest(i, p->lazy_taker);
		ring_put(&p->back, value);
	}
	return NULL;
}

static void two_threads(void **state)
{
	(void)state;
	static const unsigned lazy[][2] = {{0, 0}, {500, 0}, {0, 500}, {700, 300}};
	static int value[2 * RING_SLOTS];
	for (size_t k = 0; k < sizeof lazy / sizeof *lazy; k++) {
		static struct pair p;
		pthread_t thread;
		ring_init(&p.there);
		ring_init(&p.back);
		p.lazy_putter = lazy[k][0];
		p.lazy_taker = lazy[k][1];
		give_up_after(LIMIT_S); /* a lost wake-up shows as one */
		assert_int_equal(pthread_create(&thread, NULL, taker, &p), 0);
		uintptr_t returned = 0, wrong = 0;
		for (uintptr_t i = 1; i <= ITEMS; i++) {
			if (i - returned > RING_SLOTS) {
				int *v = ring_take(&p.back);
				wrong += *v != -1;
				returned++;
			}
			value[i % (2 * RING_SLOTS)] = (int)(i % 1000);
			ring_put(&p.there, &value[i % (2 * RING_SLOTS)]);
			rest(i, p.lazy_putter);
		}
		for (; returned < ITEMS; returned++)
			(void)ring_take(&p.back);
		assert_int_equal(pthread_join(thread, NULL), 0);
		(void)alarm(0);
		assert_int_equal(p.wrong + wrong, 0);
	}
}

enum { WISH = 5 };

static void *putter(void *arg)
{
	struct ring *r = arg;
	for (uintptr_t i = 1; i <= 1000 * WISH; i++) {
		while (atomic_load(&r->put) - atomic_load(&r->taken) >= RING_SLOTS)
			(void)sched_yield();
		ring_put(r, item_of(i));
		rest(i, 101);
	}
	return NULL;
}

/* When ring_await() returns, so many are there. */
static void awaits(void **state)
{
	(void)state;
	static struct ring r;
	pthread_t thread;
	ring_init(&r);
	give_up_after(LIMIT_S);
	assert_int_equal(pthread_create(&thread, NULL, putter, &r), 0);
	uintptr_t taken = 0;
	for (int round = 0; round < 1000; round++) {
		ring_await(&r, WISH);
		for (int i = 0; i < WISH; i++) {
			void *got;
			assert_true(ring_try_take(&r, &got));
			assert_ptr_equal(got, item_of(++taken));
		}
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	(void)alarm(0);
}

/* A nudge that comes after the mark keeps the taker awake, or wakes it. */
static void *nudger(void *arg)
{
	struct ring *r = arg;
	for (int i = 0; i < 1000; i++) {
		while (atomic_load(&r->wanted) == 0)
			(void)sched_yield();
		ring_nudge(r);
	}
	ring_put(r, item_of(1));
	return NULL;
}

static void nudges(void **state)
{
	(void)state;
	static struct ring r;
	pthread_t thread;
	void *got;
	ring_init(&r);
	give_up_after(LIMIT_S);
	uint32_t mark = ring_mark(&r);
	ring_nudge(&r);
	ring_sleep(&r, mark);
	mark = ring_mark(&r);
	ring_put(&r, item_of(7));
	ring_sleep(&r, mark);
	assert_int_equal(ring_count(&r), 1);
	assert_ptr_equal(ring_take(&r), item_of(7));
	assert_int_equal(ring_count(&r), 0);

	assert_int_equal(pthread_create(&thread, NULL, nudger, &r), 0);
	while (mark = ring_mark(&r), !ring_try_take(&r, &got))
		ring_sleep(&r, mark);
	assert_ptr_equal(got, item_of(1));
	assert_int_equal(pthread_join(thread, NULL), 0);
	(void)alarm(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(in_order), cmocka_unit_test(all_slots),
	        cmocka_unit_test(wraps),    cmocka_unit_test(too_many),
	        cmocka_unit_test(awaits),   cmocka_unit_test(two_threads),
	        cmocka_unit_test(nudges),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
