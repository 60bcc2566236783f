/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where there are many flows, each packet is of one that is not in the processor's caches: it
 * waits for its bucket in the table, then for the first of its chain, then for the next one; and
 * where memory is used up, the one that goes has as much to wait for. But which those are is known
 * before: the packets of a batch have their hashes, and those that go next stand in a list. So
 * each step asks for what a later one will want,
 *
 *	packet    now   ..  + 4       ..  + 8      ..  + 12
 *	wants           ..  second    ..  first    ..  bucket     (of the chain)
 *
 * and most waits fall together with others. Nothing but time depends on it. Where there are
 * several threads, the bytes of packets are in the caches of the one that has read them: those
 * are asked for, too.
 *
 * Bounds: a few steps for each packet, and for each flow that goes.
 *
 * Choices not taken: a table of whole lines that hold a part of each hash, so that only flows
 * that are meant are looked at. It takes twice the memory.
 */
#ifndef FLOW_FORESIGHT_H
#define FLOW_FORESIGHT_H

#include "flow/places.h"

enum { FORESIGHT_FLOWS = 4096 }; /* fewer are near anyway */

/* pkt is about to be looked at, and so are the n - 1 behind it. */
void foresight_packets(const struct flows *fs, const struct tf_packet *pkt, size_t n);

/* The same where another thread has read them. */
void foresight_bytes(const struct tf_packet *pkt, size_t n);

/* That flow is about to go for memory, and those newer in its list may be next. */
void foresight_evictions(const struct flows *fs, uint32_t ref);

#endif
