/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The reader's side: blocks for sources, frames to packets, packets to workers.
 *
 *	block ---- frame ---- packet ---- batch ==ring==> worker
 *	  ^                                 |
 *	  +------ users fall to 0 <==ring===+
 *
 * Which worker gets a packet depends on its two endpoints alone, so both directions
 * of a connection, and connections with like file names, meet in one worker.
 *
 * A fragment goes to defrag/ instead. When its datagram is complete, that is copied into
 * a block (`room`), decoded as if it had come in one frame, and handed on in its place.
 * So each frame still has one fate: that of the datagram for the fragment that completed
 * it, FATE_fragments for the others; those that waited in vain are defrag.lost, and count
 * as FATE_drop_fragments instead.
 *
 * When no block is free, the batches being filled are handed over early and the
 * reader waits for batches that come back: nothing is lost, and memory stays within
 * its bound.
 */
#ifndef ENGINE_DISPATCH_H
#define ENGINE_DISPATCH_H

#include "decode/decode.h"
#include "defrag/defrag.h"
#include "engine/worker.h"
#include "model/fate.h"

enum { DISPATCH_BLOCKS = 16 };

struct dispatch {
	struct arena arena;
	struct block block[DISPATCH_BLOCKS];
	unsigned blocks;
	unsigned next_block; /* where the search for a free one starts */
	struct worker *worker;
	unsigned workers;
	uint64_t seed;
	uint64_t numbers; /* frames so far */
	uint64_t fate[FATES];
	uint64_t frame_bytes;
	struct defrag defrag;
	struct tf_counters counters; /* what defrag counts */
	struct block *room;          /* for copies: of pushed frames and whole datagrams */
	size_t room_used;
	struct block *spent; /* the room before it, in use until the frame is done */
	uint64_t aggregated; /* packets behind the first in their frame */
	struct decode decode;
	struct tf_packet packet; /* of the latest frame; not cleared for each, as a variable is */
	struct tf_link link[TF_LINKS]; /* link types that are not decoded, */
	size_t links;                  /* and how many there were */
	_Atomic bool stop;             /* set from a signal handler: read no more */
};

/* d is zeroed. memory: for blocks; fragments: for defragmentation, no part of it. cfg: workers,
 * hash_seed, and how to decode. */
bool dispatch_init(struct dispatch *d, size_t memory, size_t fragments, struct worker *worker,
                   const struct tf_config *cfg, struct tf_error *err);
void dispatch_free(struct dispatch *d);

/* The blocks as capture/ wants them. */
struct block_store dispatch_store(struct dispatch *d);

/* -> n bytes in d->room, which may be another block than before; NULL: none can be had */
uint8_t *dispatch_room(struct dispatch *d, size_t n);

/* The input has ended: gives the room back, and discards the fragments that wait. */
void dispatch_close(struct dispatch *d);

/* Counts a frame that was left out before decoding. */
void dispatch_filtered(struct dispatch *d, const struct tf_frame *frame);

/* Decodes a frame, which lies in b, and hands its packet on. */
void dispatch_frame(struct dispatch *d, const struct tf_frame *frame, struct block *b);

/* Hands over the batches being filled, and waits until all came back. last: tells
   the workers to end. */
void dispatch_flush(struct dispatch *d, bool last);

/* -> whether some worker's sink has failed. */
bool dispatch_failed(const struct dispatch *d);

#endif
