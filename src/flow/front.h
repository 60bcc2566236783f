/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The front of a flow: header prediction. Most packets of a connection that is awake are either
 * the next bytes or an ACK of what was sent, and change little: counters, times, the next byte,
 * what is acknowledged, a window, a timestamp. All of that stands in two cache lines at the front
 * of struct flow, with the key and what such a packet is told by; there it is taken.
 *
 *	struct flow   stand, front  | pub, history, sums, gate, half ...
 *	  open        ahead           as they were when the front was opened
 *	  closed      nothing         as they are
 *
 * A front is opened behind a usual packet, when all else in the flow is as usual, too:
 *
 *	F1  both sides have acknowledged something, unsigned; the flow stands among the open
 *	    ones, so has not ended, and it has no rival
 *	F2  both halves are straight (reasm_is_straight()): nothing is held, in doubt, urgent,
 *	    disputed or beyond a limit
 *	F3  both directions have shown that their checksums are good, or no one asks
 *	F4  no one wants to hear of segments
 *
 * Any packet that is not usual closes it, before anything else looks at the flow; and so does
 * whoever looks at it for another reason. So each rule of life.c, gate.c and reasm/ is met here in
 * the one way that is usual, as it is in calm.c for those that never speak, and all others there.
 *
 * Bounds: an ACK touches two lines of its flow; bytes touch one of their half besides, its trail,
 * and the slot of the sink.
 *
 * Choices not taken: doc/adr/0035.
 */
#ifndef FLOW_FRONT_H
#define FLOW_FRONT_H

#include "flow/flows.h"

/* -> the direction of pkt, which has f's hash, or -1: it is of another flow. f is awake. */
int front_direction(const struct flow *f, const struct tf_packet *pkt);

/* pkt is of direction dir of f, whose front is open -> whether it was usual, and all of it is done.
   Else nothing has changed. */
bool front_takes(struct flows *fs, struct flow *f, unsigned dir, const struct tf_packet *pkt);

/* The latest packet of f, of direction dir, was usual: opens the front when all else is, too, and f
   is not so young that it may be over soon. */
void front_open(const struct flows *fs, struct flow *f, unsigned dir);

/* What the front is ahead by goes to where it belongs. Nothing happens when it is closed. */
void front_close(struct flow *f);

#endif
