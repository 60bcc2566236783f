/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A capture file for each direction of a connection, or for each connection: all of its
 * packets, as they were captured. See packets.c for how.
 */
#ifndef SINK_PACKETS_H
#define SINK_PACKETS_H

#include "sink/name.h"
#include "sink/outdir.h"
#include "sink/share.h"

struct packets_setup {
	const struct outdir *dir;
	unsigned descriptors; /* for all workers together; at least one each is used */
	const struct name_form *names;
	enum tf_packets_format format;
	bool both;                      /* directions in one file */
	const struct sink_share *share; /* [workers] */
};

/* What it takes from the arena: for each flow, and besides. */
size_t packets_memory_per_flow(const struct packets_setup *setup);
size_t packets_memory_fixed(void);

/* The sink; setup (which outlives it) becomes its arg. */
struct tf_sink packets_sink(struct packets_setup *setup);

#endif
