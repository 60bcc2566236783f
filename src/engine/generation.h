/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Output generations: a run's record in parts, each a folder that is whole and not touched any
 * more once the next one has begun.
 *
 *	frame, frame | frame ...              the reader finds that a turn is due before a frame:
 *	             ^ out: batches go to all workers; each tells TURN of its connections;
 *	             |      when all came back nobody runs, and reports are finished
 *	             ^ in:  a folder is made, reports begin; the frame goes on its way
 *
 * Everything about a turn is done by whoever reads, between two frames, while all workers rest:
 * so it falls between the same two frames whatever their number is, and nothing is locked. What
 * decides is in the frames (their times, their bytes), but for tf_engine_turn().
 *
 * Folders are made beneath the one that was opened at the start, through its descriptor. A
 * generation's is new: where its name is taken it gets a number.
 *
 * Bounds: a turn takes the time that open connections' files take to be written and closed;
 * meanwhile nothing is read.
 *
 * Choices not taken: doc/adr/0028.
 */
#ifndef ENGINE_GENERATION_H
#define ENGINE_GENERATION_H

#include "engine/stamp.h"
#include "engine/tick.h"
#include "sink/outdir.h"

#include <stdatomic.h>

struct generation {
	bool set;              /* somebody wants generations, */
	bool watches;          /* and frames are looked at for them */
	bool fixed;            /* a report goes to what is no file: there is but one */
	struct outdir root;    /* fd -1: no folders are wanted */
	char *root_path;       /* ends without '/', but for the root */
	char form[STAMP_ROOM]; /* of folders beneath it; "": the first one is the root itself */
	struct outdir dir;     /* the folder now; fd -1 between two */
	char path[STAMP_ROOM + 4096];
	bool open;                 /* there is a generation now */
	bool turning;              /* one ends */
	int64_t every_ns;          /* 0: turns do not go by time */
	struct ticker ticker;      /* tells when one is due */
	uint64_t bytes_max;        /* 0: nor by size */
	uint64_t bytes_from;       /* that had been taken when this one began */
	int64_t latest_ns;         /* the time of the latest frame; at first that of the start */
	_Atomic bool asked;        /* for a turn, by tf_engine_turn() */
	struct tf_counters before; /* counted in those before */
	char *head;                /* of reports in XML */
	size_t head_n;
	bool failed;
	struct tf_error err;
};

/* Letters for those who give none. */
#define GENERATION_FORM "%Y%m%dT%H%M%SZ"

#endif
