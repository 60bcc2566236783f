/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/clock.h"

enum { BILLION = 1000000000 };

static uint64_t power_of_10(unsigned n)
{
	uint64_t v = 1;
	while (n-- > 0)
		v *= 10;
	return v;
}

struct clock clock_of(uint8_t resolution)
{
	unsigned e = resolution & 0x7f;
	struct clock c = {.div = 1, .mul = 1};

	if (resolution & 0x80) {
		c.second = e < 64 ? UINT64_C(1) << e : 0;
		c.mul = BILLION;
		c.shift = e;
		return c;
	}
	c.second = e <= 19 ? power_of_10(e) : 0;
	if (e <= 9)
		c.mul = power_of_10(9 - e);
	else if (e <= 9 + 19)
		c.div = power_of_10(e - 9);
	else
		c.mul = 0; /* 2^64 ticks are less than a nanosecond */
	return c;
}

/* -> (v * mul) >> shift, where the product may have 94 bits and the result has 64;
   32-bit machines have nothing wider to put it in */
static uint64_t scale(uint64_t v, uint64_t mul, unsigned shift)
{
	if (shift < 32) /* a power of 10, or v < 2^32: the product fits */
		return v * mul >> shift;
	uint64_t high = (v >> 32) * mul + ((v & UINT32_MAX) * mul >> 32);
	return shift < 96 ? high >> (shift - 32) : 0;
}

int64_t clock_ns(const struct clock *c, uint64_t ticks)
{
	uint64_t whole = c->second > 0 ? ticks / c->second : 0;
	uint64_t rest = c->second > 0 ? ticks % c->second : ticks;
	uint64_t units = c->div == 1 ? rest : rest / c->div; /* dividing takes long */
	int64_t ns = (int64_t)scale(units, c->mul, c->shift), seconds, sum;

	if (__builtin_add_overflow(whole, c->seconds, &seconds))
		return INT64_MAX;
	if (seconds < 0 && ns > 0) { /* towards 0, so that nothing overflows on the way */
		seconds++;
		ns -= BILLION;
	}
	if (__builtin_mul_overflow(seconds, BILLION, &sum) || __builtin_add_overflow(sum, ns, &sum))
		return seconds < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}
