/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections that have ended, and are remembered for what may still come of them: see linger.c.
 */
#ifndef FLOW_LINGER_H
#define FLOW_LINGER_H

#include "flow/cells.h"

/* f has ended, is awake, and is not looked at any more: it moves into cells, and its struct flow is
   free. Nothing happens where flows do not doze, where cells are short, and to a flow that does
   not fit. */
void linger(struct flows *fs, struct flow *f);

/* -> -1: pkt has another key; else its direction. */
int linger_direction(const struct flows *fs, uint32_t ref, const struct tf_packet *pkt);

/* f becomes what is left of the flow, place and all: enough to judge late packets by. */
void linger_show(const struct flows *fs, const struct doze_head *head, struct flow *f);

#endif
