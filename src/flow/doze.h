/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Flows that doze: see doze.c.
 */
#ifndef FLOW_DOZE_H
#define FLOW_DOZE_H

#include "flow/cells.h"

enum { DOZE_CELLS = 24 }; /* of one flow, at most */

/* What is taken of the arena besides cells, and three times struct flow with its slots. */
enum { DOZE_FIXED = 8192 };

/* Room to work in -> false: the arena has too little. Cells are there. */
bool doze_init(struct flows *fs, struct arena *a);

/* All flows of the slab are in use, and DOZE_CELLS cells are free. One that was not heard of for
   long dozes, so that its struct flow is free -> NULL, or one that would not fit. */
struct flow *doze_one(struct flows *fs);

/* The flow, of that hash, becomes f, which is from the slab: awake, in the same place, its cells
   free. */
void doze_wake(struct flows *fs, uint32_t ref, struct flow *f, uint64_t hash);

/* -> the flow as it is when it is awake, to be ended. It lives until the next such call, and has
   no place: ref has it. */
struct flow *doze_show(struct flows *fs, uint32_t ref);

/* -> bytes that were squeezed of it (0: it is calm), and in how many cells it is. */
size_t doze_size(const struct flows *fs, uint32_t ref, size_t *cells);

/* -> what there is of it besides sinks, until the next call of this or doze_direction(). */
const struct flow *doze_look(struct flows *fs, uint32_t ref);

/* Where doze_show() puts it. */
struct flow *doze_room(const struct flows *fs);

/* Room for one more flow, and one. */
struct flow *doze_spare(const struct flows *fs);
struct flow *doze_begun(const struct flows *fs);

/* The flow becomes stub, with so many bytes that the recorder wants back, and moves to FLOW_STUB
   -> false: it does not fit, and nothing has changed. */
bool doze_again(struct flows *fs, uint32_t ref, const struct flow *stub, const uint8_t *bytes,
                size_t n);

/* The flow, as the latest doze_show() and what came then have left it, dozes on in the same place.
   DOZE_CELLS cells are free. -> false: it does not fit, and is shown still. */
bool doze_back(struct flows *fs, uint32_t ref);

/* Its cells are free. */
void doze_forget(struct flows *fs, uint32_t ref);

/* Of flows that doze or are awake: what pub.number and ended say. */
uint64_t doze_number(const struct flows *fs, uint32_t ref);
bool doze_ended(const struct flows *fs, uint32_t ref);

/* -> -1: it has another key; else the direction of pkt. The flow dozes, and has pkt's hash if it is
   not calm. */
int doze_direction(struct flows *fs, uint32_t ref, const struct tf_packet *pkt);

#endif
