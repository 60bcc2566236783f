/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/ring.h"

#include "base/error.h"
#include "base/futex.h"

void ring_init(struct ring *r)
{
	atomic_init(&r->put, 0);
	atomic_init(&r->news, 0);
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
	atomic_fetch_add(&r->news, 1);
	uint32_t wanted = atomic_load(&r->wanted);
	if (wanted > 0 && there + 1 >= wanted)
		futex_wake(&r->news);
}

void ring_nudge(struct ring *r)
{
	atomic_fetch_add(&r->news, 1);
	if (atomic_load(&r->wanted) > 0)
		futex_wake(&r->news);
}

uint32_t ring_count(const struct ring *r)
{
	return atomic_load(&r->put) - atomic_load(&r->taken);
}

uint32_t ring_mark(const struct ring *r)
{
	return atomic_load(&r->news);
}

static void sleep_for(struct ring *r, uint32_t n, uint32_t mark)
{
	atomic_store(&r->wanted, n);
	if (atomic_load(&r->news) == mark)
		futex_wait(&r->news, mark, NULL);
	atomic_store(&r->wanted, 0);
}

void ring_sleep(struct ring *r, uint32_t mark)
{
	sleep_for(r, 1, mark);
}

void ring_await(struct ring *r, uint32_t n)
{
	for (;;) {
		uint32_t mark = ring_mark(r);
		if (ring_count(r) >= n)
			return;
		sleep_for(r, n, mark);
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
