/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Room for flows: who goes, or dozes, when there is none. The order is that of flows.h; what is
 * left of whom, stub.h's.
 */
#ifndef FLOW_ROOM_H
#define FLOW_ROOM_H

#include "flow/flows.h"

/* Room for so many cells, and for one more flow that pkt begins or wakes -> false: there is nobody
   to go. */
bool room_make(struct flows *fs, size_t cells, const struct tf_packet *pkt);

/* -> a struct flow, of undefined contents. There always is one to be had. */
struct flow *room_take(struct flows *fs, const struct tf_packet *pkt);

/* That flow makes room for pkt's (NULL: for what others have become, and no stub is left). */
void room_evict(struct flows *fs, uint32_t ref, const struct tf_packet *pkt);

#endif
