/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections that have said no more than one SYN, in 64 bytes each: see syn.c.
 */
#ifndef FLOW_SYN_H
#define FLOW_SYN_H

#include "flow/checksum.h"
#include "flow/doze.h"

/* Room for the Ethernet addresses of many of them -> false: the arena has too little. */
bool syn_init(struct flows *fs, struct arena *a);

/* -> whether pkt, of no flow that is known, can begin one in this form; a cell is free. */
bool syn_fits(struct flows *fs, const struct tf_packet *pkt);

/* It does: all is counted that counts, and BEGIN is told if a sink wants it. -> false: a sink
   keeps more of it than has room; *shown is the flow, and is to be kept as it is, but has no
   place yet. */
bool syn_begin(struct flows *fs, const struct tf_packet *pkt, enum checksum checksum,
               struct flow **shown);

/* The record goes on in another output generation (TURN): shown is the flow that has been told so;
   NULL: nobody wanted to hear it -> false: a sink keeps more of it than has room. */
bool syn_turn(struct flows *fs, uint32_t ref, const struct flow *shown);

/* -> -1: it has another key; else the direction of pkt. */
int syn_direction(const struct flows *fs, uint32_t ref, const struct tf_packet *pkt);

/* The flow becomes f, which is from the slab: awake, in the same place, its cell free. */
void syn_wake(struct flows *fs, uint32_t ref, struct flow *f, uint64_t hash);

/* f gets what there is of it, but for its place: to be ended. */
void syn_show(const struct flows *fs, uint32_t ref, struct flow *f);

uint64_t syn_number(const struct flows *fs, uint32_t ref);
uint8_t syn_slot(const struct flows *fs, uint32_t ref);

#endif
