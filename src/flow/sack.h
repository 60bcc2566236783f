/* SPDX-License-Identifier: BSD-3-Clause */
/* The option by which a receiver says what it has got twice. */
#ifndef FLOW_SACK_H
#define FLOW_SACK_H

#include "model/packet.h"

/*
 * Looks for a D-SACK (RFC 2883, 4): a first SACK block (RFC 2018) that lies below the
 * packet's ACK, or within its second block -> whether there is one: *left is the first
 * sequence number of it, *right the one behind its last.
 */
bool sack_duplicate(const struct tf_packet *pkt, uint32_t *left, uint32_t *right);

#endif
