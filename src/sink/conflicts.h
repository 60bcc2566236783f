/* SPDX-License-Identifier: BSD-3-Clause */
/* conflicts.jsonl: a line for each conflict, and for each rejected segment if wanted.
   See conflicts.c for how. */
#ifndef SINK_CONFLICTS_H
#define SINK_CONFLICTS_H

#include "sink/journal.h"

enum { CONFLICTS_FLOW_MAX = 64 * 1024, CONFLICTS_LINE_MAX = 4096 };

struct conflicts_setup {
	bool keep_rejected;
	struct journal journal; /* dir, part and share are the caller's to fill in, and workers */
};

/* What an instance takes from its arena. */
size_t conflicts_memory(void);

/* The sink; setup (which outlives it) becomes its arg. */
struct tf_sink conflicts_sink(struct conflicts_setup *setup);

#endif
