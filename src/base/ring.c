/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/ring.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Sleeps while *word is still seen; may wake without a reason. */
static void futex_wait(_Atomic uint32_t *word, uint32_t seen)
{
	(void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word)
{
	(void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* Waits until *word differs from seen. */
static void wait_change(_Atomic uint32_t *word, uint32_t seen, _Atomic uint32_t *sleeps)
{
	while (atomic_load(word) == seen) {
		atomic_store(sleeps, 1);
		if (atomic_load(word) == seen)
			futex_wait(word, seen);
		atomic_store(sleeps, 0);
	}
}

void ring_init(struct ring *r)
{
	atomic_init(&r->put, 0);
	atomic_init(&r->taken, 0);
	atomic_init(&r->taker_sleeps, 0);
	atomic_init(&r->putter_sleeps, 0);
}

void ring_put(struct ring *r, void *item)
{
	uint32_t put = atomic_load_explicit(&r->put, memory_order_relaxed);
	if (put - atomic_load(&r->taken) == RING_SLOTS)
		wait_change(&r->taken, put - RING_SLOTS, &r->putter_sleeps);
	r->slot[put % RING_SLOTS] = item;
	atomic_store(&r->put, put + 1);
	if (atomic_load(&r->taker_sleeps))
		futex_wake(&r->put);
}

bool ring_try_take(struct ring *r, void **item)
{
	uint32_t taken = atomic_load_explicit(&r->taken, memory_order_relaxed);
	if (atomic_load(&r->put) == taken)
		return false;
	*item = r->slot[taken % RING_SLOTS];
	atomic_store(&r->taken, taken + 1);
	if (atomic_load(&r->putter_sleeps))
		futex_wake(&r->taken);
	return true;
}

void *ring_take(struct ring *r)
{
	void *item;
	while (!ring_try_take(r, &item))
		wait_change(&r->put, atomic_load_explicit(&r->taken, memory_order_relaxed),
		            &r->taker_sleeps);
	return item;
}
