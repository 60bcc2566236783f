/* SPDX-License-Identifier: BSD-3-Clause */
/* What one worker's sinks draw on. The engine fills it in before they are opened, and it
   outlives them. */
#ifndef SINK_SHARE_H
#define SINK_SHARE_H

#include "base/arena.h"
#include "base/chunk.h"

struct sink_share {
	struct arena *arena;
	struct chunk_pool *chunks;
	size_t flows_max;   /* flows at a time, */
	size_t flows_awake; /* of which so many are not dozing (tf_sink.doze) */
	uint64_t seed;      /* random */
};

#endif
