/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The reader's clock: which period of packet time (flow/idle.h) it is. Time is the latest of
 * all frames, so it never goes back. A frame whose time lies more than the timeout ahead is
 * not believed before the next frame's does, too: one wrong time stamp ends no connection.
 */
#ifndef ENGINE_TICK_H
#define ENGINE_TICK_H

#include <stdbool.h>
#include <stdint.h>

struct ticker {
	int64_t idle_ns; /* 0: nobody asks for ticks */
	int64_t length;  /* of a period */
	bool begun;
	bool doubts; /* doubted_ns is a time that was not believed yet */
	int64_t latest_ns, doubted_ns;
	uint64_t period; /* it is now, modulo 2^64 */
};

void ticker_init(struct ticker *t, int64_t idle_ns);

/* A frame comes -> whether a period begins before it: t->period. */
bool ticker_frame(struct ticker *t, int64_t ts_ns);

#endif
