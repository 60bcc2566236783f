/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The recorder: each direction of each connection in a file of its own, bytes
 * placed by offset. See files.c for how.
 */
#ifndef SINK_FILES_H
#define SINK_FILES_H

#include "base/chunk.h"
#include "sink/outdir.h"

/* What one worker's recorder draws on; all outlive the recorder. */
struct files_share {
	struct arena *arena;
	struct chunk_pool *chunks;
	size_t flows_max; /* flows at a time: two files each */
	uint64_t seed;    /* random */
};

struct files_setup {
	struct outdir dir;
	unsigned descriptors;      /* for all workers together; at least one each is used */
	struct files_share *share; /* [workers], filled in before files_sink is opened */
};

/* What the recorder takes from the arena: for each flow, and besides. */
size_t files_memory_per_flow(void);
size_t files_memory_fixed(void);

/* The sink; setup (which outlives it) becomes its arg. */
struct tf_sink files_sink(struct files_setup *setup);

#endif
