/* SPDX-License-Identifier: BSD-3-Clause */
/* Random numbers that a seed repeats (splitmix64). */
#ifndef PROP_RANDOM_H
#define PROP_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

static inline uint64_t random_next(struct random *r)
{
	uint64_t x = r->state += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/* -> 0..n-1; n is at least 1 */
static inline uint64_t random_below(struct random *r, uint64_t n)
{
	return random_next(r) % n;
}

static inline size_t random_size(struct random *r, size_t n)
{
	return (size_t)random_below(r, n);
}

static inline int64_t random_between(struct random *r, int64_t from, int64_t to)
{
	return from + (int64_t)random_below(r, (uint64_t)(to - from) + 1);
}

static inline bool random_chance(struct random *r, unsigned percent)
{
	return random_below(r, 100) < percent;
}

#endif
