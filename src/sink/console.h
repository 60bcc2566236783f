/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is printed: streams in order, packets as they came, or both directions of a
 * connection as one transcript; to a descriptor or, transcripts, to a file for each
 * connection. See console.c for how, and struct tf_printing for what.
 */
#ifndef SINK_CONSOLE_H
#define SINK_CONSOLE_H

#include "sink/name.h"
#include "sink/outdir.h"
#include "sink/share.h"

#include <stdatomic.h>

struct console_setup {
	struct tf_printing how;         /* its fd is open while the sink lives */
	bool terminal;                  /* fd is one */
	bool alone;                     /* nobody else records streams */
	const struct name_form *names;  /* of headers and files */
	const struct outdir *dir;       /* where the files of transcripts go; NULL: to fd */
	uint16_t community_seed;        /* of Community IDs in JSON */
	int64_t flow_bytes;             /* printed of each direction, with how.packets */
	const struct sink_share *share; /* [workers] */
	/* May be NULL. It is true when the run is to end: from then on fd gets 2 s to take more */
	const _Atomic bool *stopped;
};

/* What an instance takes from its arena: for each flow, and besides. */
size_t console_memory_per_flow(const struct console_setup *setup);
size_t console_memory_fixed(const struct console_setup *setup);

/* The sink; setup (which outlives it) becomes its arg. */
struct tf_sink console_sink(struct console_setup *setup);

#endif
