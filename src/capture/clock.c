/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/clock.h"

/* Wide enough for 2^64 ticks of a second, in nanoseconds (2^94). */
__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 uwide;

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
		c.mul = BILLION;
		c.shift = e;
	} else if (e <= 9) {
		c.mul = power_of_10(9 - e);
	} else if (e <= 9 + 19) {
		c.div = power_of_10(e - 9);
	} else {
		c.mul = 0; /* 2^64 ticks are less than a nanosecond */
	}
	return c;
}

int64_t clock_ns(const struct clock *c, uint64_t ticks)
{
	wide ns = (wide)((uwide)(ticks / c->div) * c->mul >> c->shift);
	ns += (wide)c->seconds * BILLION;
	return ns > INT64_MAX ? INT64_MAX : ns < INT64_MIN ? INT64_MIN : (int64_t)ns;
}
