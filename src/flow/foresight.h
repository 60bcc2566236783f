/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where there are many flows, each packet is of one that is not in the processor's caches: it
 * waits for its bucket in the table, then for the first of its chain, then for the next one; and
 * where memory is used up, the one that goes has as much to wait for. But which those are is known
 * before: the packets of a batch have their hashes, and those that go next stand in a list. So
 * is asked for what later ones will want, and most waits fall together with others:
 *
 *	packet    now ..                 + 16 ..            + 32 ..          + 47
 *	wants     the rest of its flow   its flow           its bucket
 *
 * That is done for so many packets at a time, each kind of memory in a row: what is in another
 * page than all that was used lately keeps the processor waiting for the page's address, and it
 * looks for several addresses at a time only when they are wanted one right behind the other.
 *
 * Where there are several threads, the bytes of packets are in the caches of the one that has read
 * them: those are asked for, too. Nothing but time depends on any of it.
 *
 * Bounds: a few steps for each packet, and for each flow that goes.
 *
 * Choices not taken: a table of whole lines that hold a part of each hash, so that only flows
 * that are meant are looked at. It takes twice the memory; links (flows.h) have a few bits of it
 * for nothing.
 */
#ifndef FLOW_FORESIGHT_H
#define FLOW_FORESIGHT_H

#include "base/prefetch.h"
#include "flow/cells.h"

enum {
	FORESIGHT_FLOWS = 4096, /* fewer are near anyway */
	FORESIGHT_STEP = 16     /* packets */
};

/* So are these, which come first; before foresight_packets() for the first FORESIGHT_STEP of them.
 */
void foresight_begin(const struct flows *fs, const struct tf_packet *pkt, size_t n);

/* These n packets are about to be looked at: one call for each FORESIGHT_STEP. */
void foresight_packets(const struct flows *fs, const struct tf_packet *pkt, size_t n);

/* The same for the bytes of the third packet from here, where another thread has read them. */
void foresight_bytes(const struct tf_packet *pkt, size_t n);

/* The flow in that place is looked at, and those newer in its list will be: most stand in order. */
static inline void foresight_newer(const struct place *p)
{
	prefetch((const char *)p + FORESIGHT_STEP * (size_t)CELL);
}

/* That flow is about to go for memory, and those newer in its list may be next. */
void foresight_evictions(struct flows *fs, uint32_t ref);

#endif
