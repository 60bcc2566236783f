/* SPDX-License-Identifier: BSD-3-Clause */
/* The file of what is not recorded: see tf_engine_set_aside(). Its frames are told why
   they are there by a counter's name and sentence. */
#ifndef ENGINE_UNRECORDED_H
#define ENGINE_UNRECORDED_H

#include <tcpflow/tcpflow.h>

struct unrecorded {
	struct aside *file; /* NULL: nobody asks for it */
	uint64_t frames;    /* that were written */
	bool failed;
	struct tf_error why; /* once it is closed */
};

/* u is zeroed; *stopped: see aside_heed() -> false with *err (TF_OUTPUT). */
bool unrecorded_open(struct unrecorded *u, const char *path, const _Atomic bool *stopped,
                     struct tf_error *err);

/* Writes a frame. row: the counter that it was counted in, as its offset in struct
   tf_counters; detail: another one that says more, or 0. */
void unrecorded_write(struct unrecorded *u, const struct tf_frame *frame, size_t row,
                      size_t detail);

/* -> false with *err when not all is in the file, as often as it is called. Also of one
   that was never opened. */
bool unrecorded_close(struct unrecorded *u, struct tf_error *err);

#endif
