/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What tells one connection from another: both endpoints, in either order, and
 * the VLAN ids and the network ids of tunnels. The endpoints alone choose the worker, so flows
 * whose file names are alike meet in one place.
 */
#ifndef FLOW_KEY_H
#define FLOW_KEY_H

#include "model/packet.h"

/* Sets pkt->hash (of the whole key) -> the hash of the endpoints alone. */
uint64_t key_hash(struct tf_packet *pkt, uint64_t seed);

/* -> 0 when pkt was sent by f->end[0], 1 by f->end[1], -1: not of this flow. */
int key_direction(const struct tf_flow *f, const struct tf_packet *pkt);

#endif
