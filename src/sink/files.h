/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The recorder: each direction of each connection in a file of its own, bytes
 * placed by offset. See files.c for how.
 */
#ifndef SINK_FILES_H
#define SINK_FILES_H

#include "sink/digest.h"
#include "sink/name.h"
#include "sink/outdir.h"
#include "sink/quota.h"
#include "sink/share.h"

struct files_setup {
	const struct outdir *dir;
	const struct name_form *names;
	enum tf_gaps gaps;
	unsigned descriptors;           /* for all workers together; at least one each is used */
	const struct sink_share *share; /* [workers] */
	struct alerts *alerts;          /* told of each file */
	struct quota *quota;            /* NULL: the disk is theirs */
	unsigned digests;               /* 1 << enum digest_kind of those that END tells */
	bool index;                     /* NAME.findx beside each file */
};

/* What the recorder takes from the arena: for each flow that is awake, and besides. */
size_t files_memory_per_flow(const struct files_setup *setup);
size_t files_memory_fixed(const struct files_setup *setup);

/* The sink; setup (which outlives it) becomes its arg. */
struct tf_sink files_sink(struct files_setup *setup);

#endif
