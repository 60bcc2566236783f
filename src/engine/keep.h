/* SPDX-License-Identifier: BSD-3-Clause */
/* The packets of a run in one pcapng file, or one for each output generation: --write. */
#ifndef ENGINE_KEEP_H
#define ENGINE_KEEP_H

#include "engine/stamp.h"
#include "sink/outdir.h"

struct keep {
	struct aside *file; /* NULL: nobody asks for it, or between two generations */
	bool wanted;
	bool straight;      /* to standard output: there is but one */
	struct outdir root; /* of files that are made later; fd -1: there are none */
	char *root_path;
	char form[STAMP_ROOM]; /* their names beneath it */
	bool failed;
	struct tf_error err; /* and why, once it is closed */
};

/* -> whether a file is to be made with the next frame */
static inline bool keep_waits(const struct keep *k)
{
	return k->wanted && !k->straight && k->file == NULL;
}

/* The first generation's file may be made now (`now`); others are beneath a folder that is.
   -> false with *err */
bool keep_open(struct keep *k, const char *path, bool turns, bool now, struct tf_error *err);

/* A generation begins at ts_ns: its file is a new one -> false with *err */
bool keep_begin(struct keep *k, int64_t ts_ns, struct tf_error *err);

/* -> false with *err when not all could be written, as often as it is called. Also when there is
   no file. */
bool keep_end(struct keep *k, struct tf_error *err);

void keep_free(struct keep *k);

#endif
