/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A ring hands pointers from one thread to one other, in order. The taker may sleep
 * until there are as many as it wants, or until somebody nudges it; the putter never
 * waits: whoever uses a ring sees to it that no more than RING_SLOTS items are about.
 *
 *	slot   0   1   2   3   4   5   6   7
 *	               ^taken      ^put            taken <= put <= taken + RING_SLOTS
 *
 * Both counters only grow; each is written by one side. The kernel is asked (futex)
 * only when the taker really sleeps, and it is woken only when its wish is met.
 * Sequentially consistent loads and stores make sure that either the sleeper sees that
 * `news` has changed or the putter sees the sleeper.
 */
#ifndef BASE_RING_H
#define BASE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { RING_SLOTS = 256 };

struct ring {
	_Alignas(64) _Atomic uint32_t put;
	_Atomic uint32_t news; /* grows with each item and each nudge */
	_Alignas(64) _Atomic uint32_t taken;
	_Atomic uint32_t wanted; /* items that the sleeping taker waits for; 0: awake */
	_Alignas(64) void *slot[RING_SLOTS];
};

void ring_init(struct ring *r);

/* There must be a free slot. */
void ring_put(struct ring *r, void *item);

/* Waits until n items are there; 1 <= n <= RING_SLOTS. */
void ring_await(struct ring *r, uint32_t n);

/* Waits while the ring is empty. */
void *ring_take(struct ring *r);

/* For a taker that waits for other things too: it asks for the mark, finds that there is
   nothing to do, and sleeps until there is an item or a nudge that came after the mark.
   May wake without a reason. */
uint32_t ring_mark(const struct ring *r);
void ring_sleep(struct ring *r, uint32_t mark);

/* Wakes the taker though there is nothing to take; from any thread. */
void ring_nudge(struct ring *r);

/* -> the items that the taker has not taken yet; exact in either of the two threads
   while the other one rests. */
uint32_t ring_count(const struct ring *r);

/* -> false when the ring is empty. */
bool ring_try_take(struct ring *r, void **item);

#endif
