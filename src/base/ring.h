/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A ring hands pointers from one thread to one other, in order. Who finds it
 * full or empty sleeps until the other side has moved on.
 *
 *	slot   0   1   2   3   4   5   6   7
 *	               ^taken      ^put            taken <= put <= taken + RING_SLOTS
 *
 * Both counters only grow; each is written by one side. The kernel is asked
 * (futex) only when a side really sleeps, so a ring that keeps moving makes no
 * system call. Sequentially consistent loads and stores make sure that either
 * the sleeper sees the new counter or the other side sees the sleeper.
 */
#ifndef BASE_RING_H
#define BASE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { RING_SLOTS = 16 };

struct ring {
	_Alignas(64) _Atomic uint32_t put;
	_Atomic uint32_t taker_sleeps;
	_Alignas(64) _Atomic uint32_t taken;
	_Atomic uint32_t putter_sleeps;
	_Alignas(64) void *slot[RING_SLOTS];
};

void ring_init(struct ring *r);

/* Waits while the ring is full. */
void ring_put(struct ring *r, void *item);

/* Waits while the ring is empty. */
void *ring_take(struct ring *r);

/* -> false when the ring is empty. */
bool ring_try_take(struct ring *r, void **item);

#endif
