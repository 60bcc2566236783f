/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is remembered of connections that were given up for memory, so that they go on in their
 * files when they are heard of again (doc/adr/0031).
 *
 * A stub is a flow that dozes and has ended, in FLOW_STUB: key, where both halves had come to,
 * and what the recorder wants back. It has no more cells than the flow had, and there are no more
 * than one for each 32 cells; the oldest goes for the newest.
 */
#ifndef FLOW_STUB_H
#define FLOW_STUB_H

#include "flow/doze.h"

/* The flow, which dozes and has not ended, is given up: END is told. -> whether it has become a
   stub; if not, its place is still there. */
bool stub_leave(struct flows *fs, uint32_t ref);

/* -> whether pkt, in direction dir, goes on where the stub ended. */
bool stub_goes_on(struct flows *fs, uint32_t ref, unsigned dir, const struct tf_packet *pkt);

/* f was a stub and is awake, in no list: it begins again, with pkt. BEGIN is told. */
void stub_begin(struct flows *fs, struct flow *f, const struct tf_packet *pkt);

#endif
