/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The same flow with more zeros in it. Much of a flow can be told from the rest: how far ACKs
 * have come from how far the bytes have, times from other times, and most of what is left is as
 * in most flows. Folding takes off what can be told, so that little is left for squeeze.h; what
 * cannot be foreseen only makes it longer.
 */
#ifndef FLOW_SHAPE_H
#define FLOW_SHAPE_H

#include "flow/flows.h"

/* Whatever f says, shape_unfold() makes it again, but for pub.number: that is 0 afterwards, and
   must be back before. f->stand is left alone, and no early segment may be held. */
void shape_fold(const struct flows *fs, struct flow *f);
void shape_unfold(const struct flows *fs, struct flow *f);

/* A flow as most are, zeroed before. */
void shape_usual(struct flow *f);

#endif
