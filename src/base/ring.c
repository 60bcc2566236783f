/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/ring.h"

#include "base/error.h"

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

void ring_init(struct ring *r)
{
	atomic_init(&r->put, 0);
	atomic_init(&r->taken, 0);
	atomic_init(&r->wanted, 0);
}

void ring_put(struct ring *r, void *item)
{
	uint32_t put = atomic_load_explicit(&r->put, memory_order_relaxed);
	uint32_t there = put - atomic_load(&r->taken);
	MUST(there < RING_SLOTS);
	r->slot[put % RING_SLOTS] = item;
	atomic_store(&r->put, put + 1);
	uint32_t wanted = atomic_load(&r->wanted);
	if (wanted > 0 && there + 1 >= wanted)
		futex_wake(&r->put);
}

void ring_await(struct ring *r, uint32_t n)
{
	uint32_t taken = atomic_load_explicit(&r->taken, memory_order_relaxed), put;
	while ((put = atomic_load(&r->put)) - taken < n) {
		atomic_store(&r->wanted, n);
		if (atomic_load(&r->put) == put)
			futex_wait(&r->put, put);
		atomic_store(&r->wanted, 0);
	}
}

bool ring_try_take(struct ring *r, void **item)
{
	uint32_t taken = atomic_load_explicit(&r->taken, memory_order_relaxed);
	if (atomic_load(&r->put) == taken)
		return false;
	*item = r->slot[taken % RING_SLOTS];
	atomic_store(&r->taken, taken + 1);
	return true;
}

void *ring_take(struct ring *r)
{
	void *item = NULL;
	ring_await(r, 1);
	MUST(ring_try_take(r, &item));
	return item;
}
