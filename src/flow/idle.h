/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which flows have been silent for too long (tf_config.idle_ns).
 *
 * The reader cuts packet time into periods, an eighth of the timeout but at least a second
 * each, and tells all workers when a new one begins: a tick. Flows stand in slots, one for
 * each tick of the last few:
 *
 *	slot of tick    21          22        ...    29 (now)
 *	              [f3 f9]      [f1]            [f7 f4 f2]
 *	heard in      21  27        29              29 29 29
 *
 * A packet does not move its flow; it writes the slot of now into it, one byte. When a slot is
 * due (21 is), flows that were heard of since move on to the slot where that was, and the
 * others have been silent for longer than the timeout, by less than two periods.
 *
 * So a tick looks at flows that end, and at those that had a packet since they were last
 * looked at. Which flows end at it depends on their own packets and on ticks, not on who shares
 * their worker; they end in the order of their numbers.
 *
 * Choices not taken: doc/adr/0016.
 */
#ifndef FLOW_IDLE_H
#define FLOW_IDLE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	IDLE_PARTS = 8,  /* periods in a timeout, if they are no shorter than a second */
	IDLE_SLOTS = 16, /* of which two more than those are in use at a time */
	IDLE_NOWHERE = 0
};

#define IDLE_PERIOD_LEAST INT64_C(1000000000)

/* How long a period is, in nanoseconds. */
static inline int64_t idle_period(int64_t idle_ns)
{
	int64_t part = idle_ns / IDLE_PARTS;
	return part > IDLE_PERIOD_LEAST ? part : IDLE_PERIOD_LEAST;
}

/* A flow's place. Zeroed: none. */
struct idle_place {
	uint32_t before, after; /* neighbours in its slot, as references */
};

/* All slots of a worker. */
struct idle {
	int64_t ns;       /* the timeout; 0: none, and all of this is unused */
	uint64_t periods; /* of silence that reach it */
	uint8_t now;      /* the slot of the latest tick */
	struct {
		uint32_t first;
		uint64_t period; /* that began with its tick */
	} slot[1 + IDLE_SLOTS];
};

struct flows;

void idle_init(struct idle *idle, int64_t idle_ns);

/* A flow gets a place in the slot of the tick before its latest packet, or loses it (nothing
   happens when it has none). SYNs alone have no places: they stand in the order of their age. */
void idle_place(struct flows *fs, uint32_t ref, uint8_t slot);
void idle_leave(struct flows *fs, uint32_t ref);

/* That period has begun -> the flows that have been silent for too long, chained by `after`
   in the order of their numbers: they have no place any more. 0: none. *due: the slots, as
   bits, of which each flow that was not heard of later has been silent for too long. */
uint32_t idle_tick(struct flows *fs, uint64_t period, uint32_t *due);

#endif
