/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A line on a terminal that tells how far reading has come, or how a capture is
 * doing. It is rewritten at most 5 times a second and erased before anything else is said.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <tcpflow/tcpflow.h>

#include <stdint.h>
#include <stdio.h>

struct progress {
	FILE *to;         /* NULL: no progress is shown */
	uint64_t total;   /* bytes of all files to read */
	uint64_t before;  /* bytes of the files already read */
	int64_t start_ns; /* of a clock that nobody sets */
	int64_t next_ns;  /* no line before this time */
	int width;        /* columns that the line takes now */
	uint64_t frames;  /* at the latest line of a capture, */
	int64_t told_ns;  /* and when that was */
};

void progress_begin(struct progress *p, FILE *to, uint64_t total, int64_t now_ns);

/* Reading has come to position in its file. */
void progress_tell(struct progress *p, uint64_t position, int64_t now_ns);

/* A file of this many bytes was read; the next one follows. */
void progress_next(struct progress *p, uint64_t size);

#define PROGRESS_TEXT 160

/* What there is to say of a capture: packets, their rate since the latest such text, flows,
   drops. */
void progress_status(struct progress *p, const struct tf_moment *m, int64_t now_ns,
                     char to[PROGRESS_TEXT]);

/* Shows that, if p has where to. */
void progress_tell_live(struct progress *p, const struct tf_moment *m, int64_t now_ns);

void progress_erase(struct progress *p);

#endif
