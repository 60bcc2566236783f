/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets change hands in batches. A batch holds the blocks that its packets
 * point into, so their bytes stay where they are until the worker is done.
 */
#ifndef ENGINE_BATCH_H
#define ENGINE_BATCH_H

#include "capture/block.h"
#include "model/packet.h"

enum { BATCH_PACKETS = 256, BATCH_BLOCKS = 16 };

struct batch {
	unsigned packets, blocks;
	bool last;  /* the worker's work ends with it */
	bool ticks; /* behind its packets a period of packet time begins (flow/idle.h): */
	uint64_t period, tick_turn;
	bool turns; /* behind it an output generation ends */
	bool rest;  /* the input may pause behind it */
	bool flush; /* sinks are to flush behind it */
	bool drops; /* of its packets some came while the kernel dropped others */
	struct block *block[BATCH_BLOCKS];
	struct tf_packet packet[BATCH_PACKETS];
};

#endif
