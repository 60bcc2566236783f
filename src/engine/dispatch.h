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
 * Where what is not recorded is asked for, defrag/ keeps the frames of fragments that wait,
 * and a packet goes to its (only) worker at once, so that what becomes of it is known while
 * its frame is there.
 *
 * Where connections end by their silence, a tick goes to all workers when a period of packet
 * time begins: all batches being filled are handed over, and it stands behind their packets.
 *
 * When no block is free, the batches being filled are handed over early and the
 * reader waits for batches that come back: nothing is lost, and memory stays within
 * its bound. A worker that takes a turn at reading (crew.h) does its own work first.
 */
#ifndef ENGINE_DISPATCH_H
#define ENGINE_DISPATCH_H

#include "decode/decode.h"
#include "defrag/defrag.h"
#include "engine/tick.h"
#include "engine/unrecorded.h"
#include "engine/worker.h"
#include "model/fate.h"

enum {
	DISPATCH_ROOM = 1 << 19, /* bytes of a block: no frame is longer */
	DISPATCH_SHARE = 8,      /* the part of --memory for blocks, as a divisor */
	DISPATCH_BURSTS = 4,     /* the same in live capture */
	DISPATCH_BLOCKS = 512,
	DISPATCH_BESIDE = 2, /* blocks besides the one that each open source holds: the room,
	                        and the one before it or for the source that moves on */
	DISPATCH_BUCKET_BITS = 12,
};

struct dispatch {
	struct arena arena;
	struct block block[DISPATCH_BLOCKS];
	unsigned blocks;
	struct worker *worker;
	unsigned workers;
	struct worker *self; /* in whose thread reading is done; NULL: in none's */
	uint64_t seed;
	uint16_t owner[1 << DISPATCH_BUCKET_BITS]; /* the worker that a bucket belongs to */
	uint64_t numbers;                          /* frames so far */
	uint64_t fate[FATES];
	uint64_t frame_bytes;
	uint64_t payload_bytes; /* of segments, as captured */
	struct ticker ticker;
	bool known_only;   /* frames now begin no flow */
	bool drops_rising; /* frames now come while the kernel drops others */
	bool rests;        /* sinks want to know when the input pauses */
	uint8_t place;     /* packets of the latest frame before the latest */
	int64_t latest_ns; /* the time of the latest packet */
	int (*open)(void *arg, const char *path); /* tf_config.open_capture; may be NULL */
	void *open_arg;
	int64_t (*clock)(void *arg); /* tf_config.clock; may be NULL */
	void *clock_arg;
	int64_t flushed_ns; /* by it */
	bool failed;        /* an output: the file of what is not recorded, or a sink of a worker,
	                       as its latest batch told */
	struct unrecorded *unrecorded; /* may be NULL */
	uint64_t set_aside;            /* the latest frame that was written there, */
	size_t why, detail;            /* and the counters that say why, as unrecorded_write()
	                                  wants them */
	struct defrag defrag;
	enum defrag_answer answer;   /* to the latest fragment */
	struct tf_counters counters; /* what defrag counts */
	struct block *room;          /* for copies: of pushed frames and whole datagrams */
	size_t room_used;
	struct block *spent; /* the room before it, in use until the frame is done */
	uint64_t aggregated; /* packets behind the first in their frame */
	struct decode decode;
	struct tf_packet packet; /* of the latest frame, where it is not made in its batch; not
	                            cleared for each, as a variable is */
	struct worker *latest;   /* who was given a packet, and will get the next, perhaps */
	struct tf_link link[TF_LINKS]; /* link types that are not decoded, */
	size_t links;                  /* and how many there were */
	_Atomic bool stop;             /* set from a signal handler: read no more */
	void (*waits)(void *arg);      /* the input does, and some time has passed */
	void *waits_arg;
	struct view view; /* for who looks from outside: shown when sinks flush */
};

struct dispatch_setup {
	size_t memory;    /* for blocks */
	bool bursts;      /* all of it: what comes does not wait */
	size_t fragments; /* for defragmentation, no part of it */
	unsigned sources; /* how many will be open at a time; there may be too little memory
	                     for so many (dispatch_sources()) */
	struct worker *worker;
	const struct tf_config *config; /* workers, hash_seed, and how to decode */
	struct unrecorded *unrecorded;  /* NULL: nobody asks for it */
};

/* d is zeroed. */
bool dispatch_init(struct dispatch *d, const struct dispatch_setup *s, struct tf_error *err);
void dispatch_free(struct dispatch *d);

/* -> how many sources can be open at a time. */
unsigned dispatch_sources(const struct dispatch *d);

/* The --memory, in bytes, of which blocks get enough for so many. */
size_t dispatch_memory(size_t sources);

/* The blocks as capture/ wants them. */
struct block_store dispatch_store(struct dispatch *d);

/* -> n bytes in d->room, which may be another block than before; NULL: none can be had */
uint8_t *dispatch_room(struct dispatch *d, size_t n);

/* The input has ended: gives the room back, and discards the fragments that wait. */
void dispatch_close(struct dispatch *d);

/* A frame that defrag/ kept comes to nothing. arg is the dispatcher. */
void dispatch_left_out(void *arg, const struct tf_frame *frame, enum defrag_answer answer);

/* Counts a frame that was left out before decoding. */
void dispatch_leave_out(struct dispatch *d, const struct tf_frame *frame, enum fate fate);

/* Decodes a frame, which lies in b, and hands its packets on. */
void dispatch_frame(struct dispatch *d, const struct tf_frame *frame, struct block *b);

/* Hands over the batches being filled, since no frame may come for a while, and waits for
   nothing. */
void dispatch_hand_over(struct dispatch *d);

/* When sinks are due to flush, hands over the batches being filled, with word of that, and shows
   how things are. */
void dispatch_look_at_clock(struct dispatch *d);

/* What the reader has counted and uses, by whoever reads. */
void dispatch_glance(const struct dispatch *d, struct glance *to);

/* All workers tell TURN, behind the frames so far, and have nothing to do when it returns. In
   whatever thread reads. */
void dispatch_turn(struct dispatch *d);

/* Hands over the batches being filled, and waits until all came back. last: tells
   the workers to end. */
void dispatch_flush(struct dispatch *d, bool last);

#endif
