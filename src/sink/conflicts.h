/* SPDX-License-Identifier: BSD-3-Clause */
/* conflicts.jsonl: a line for each conflict, and for each rejected segment if wanted.
   See conflicts.c for how. */
#ifndef SINK_CONFLICTS_H
#define SINK_CONFLICTS_H

#include "sink/outdir.h"
#include "sink/share.h"

enum { CONFLICTS_FLOW_MAX = 64 * 1024, CONFLICTS_LINE_MAX = 4096 };

struct conflicts;

struct conflicts_setup {
	const struct outdir *dir; /* outlives the sink */
	bool keep_rejected;
	unsigned workers;               /* filled in by the engine before the sink is opened, */
	struct conflicts **part;        /* [workers], zeroed */
	const struct sink_share *share; /* [workers] */
	unsigned closed;
};

/* What an instance takes from its arena. */
size_t conflicts_memory(void);

/* The sink; setup (which outlives it) becomes its arg. */
struct tf_sink conflicts_sink(struct conflicts_setup *setup);

#endif
