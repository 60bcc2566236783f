/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The byte index of a stream's file: NAME.findx says when which bytes of it came.
 *
 *	offset|seconds.microseconds|length
 *
 * One line for each run of bytes that one packet brought, in the order of their offsets.
 */
#ifndef SINK_FINDX_H
#define SINK_FINDX_H

#include "sink/gather.h"

struct findx_run {
	int64_t offset; /* in the stream, or in the file */
	int64_t sec;
	uint32_t usec;
	uint32_t length;
};

struct findx {
	struct gathered file;
	struct findx_run last; /* not put yet; length 0: there is none */
	uint64_t frame;        /* that brought it */
	uint32_t source;
	int64_t base; /* stream offset that the lines put so far count from */
	int64_t size; /* bytes of these lines */
	int64_t next; /* the next line's offset must not be lower */
	bool places;  /* lines tell places in the file; it is written in order, not by offset */
	bool mend;    /* some line stands behind one with a higher offset */
};

enum { FINDX_ROOM = 64 * 1024 };

/* x is zeroed; of: the stream's file, which outlives it. in_order: it has no holes. */
void findx_init(struct findx *x, struct stored *of, bool in_order);

/* Bytes have been put into the stream's file. */
void findx_note(struct findx *x, struct gather *g, const struct tf_event *ev);

/* The stream has ended, its bytes are written. work: FINDX_ROOM bytes to work in. */
void findx_finish(struct findx *x, struct gather *g, void *work);

/* -- findx_sort.c: lines, and their order -- */

enum { FINDX_LINE = 64 }; /* room for any line */

/* -> bytes of the line */
size_t findx_line(const struct findx_run *run, char to[FINDX_LINE]);

/* Puts the lines of a file in order, `size` bytes of them, and adds shift to each offset.
   work: FINDX_ROOM bytes, aligned to 8 -> false with errno; *size: as it is now */
bool findx_sort(int fd, int64_t *size, int64_t shift, void *work);

#endif
