/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections that are open and have never said a byte, in two cells each: see calm.c.
 */
#ifndef FLOW_CALM_H
#define FLOW_CALM_H

#include "flow/cells.h"

enum { CALM_CELLS = 3 }; /* at most */

/* pkt, in direction dir, is of ref, which is a SYN or calm -> whether that was all there is to do:
   ref is calm now. If not nothing has changed, and ref has to wake. */
bool calm_takes(struct flows *fs, uint32_t ref, unsigned dir, const struct tf_packet *pkt);

/* -> -1: pkt has another key; else its direction. */
int calm_direction(const struct flows *fs, uint32_t ref, const struct tf_packet *pkt);

/* Its cells are free. */
void calm_forget(struct flows *fs, uint32_t ref);
size_t calm_cells(const struct flows *fs, uint32_t ref);

/* f becomes what the flow is when it is awake, place and all, but for its hash. */
void calm_show(const struct flows *fs, const struct doze_head *head, struct flow *f);

/* The record goes on in another output generation (TURN): shown is the flow that has been told so;
   NULL: nobody wanted to hear it -> false: a sink keeps more of it than has room. */
bool calm_turn(struct flows *fs, uint32_t ref, const struct flow *shown);

#endif
