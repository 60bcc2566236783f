/* SPDX-License-Identifier: BSD-3-Clause */
/* The clock of a pcapng interface (draft-ietf-opsawg-pcapng, 4.2). */
#ifndef CAPTURE_CLOCK_H
#define CAPTURE_CLOCK_H

#include <tcpflow/tcpflow.h>

/* Whole seconds are ticks / second; what is left are (ticks / div * mul) >> shift
   nanoseconds. */
struct clock {
	uint64_t second; /* 0: more ticks than a uint64_t has */
	uint64_t div, mul;
	unsigned shift;
	int64_t seconds; /* if_tsoffset */
};

/* From if_tsresol: the top bit says powers of 2, the others the negative
   exponent. 6 (microseconds) is the default. */
struct clock clock_of(uint8_t resolution);

/* -> nanoseconds since 1970, held within what an int64_t can say. */
int64_t clock_ns(const struct clock *c, uint64_t ticks);

#endif
