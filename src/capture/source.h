/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A source gives the frames of one capture file, whatever its format.
 *
 *	struct source *s = source_open(path, index, &store, &err);
 *	while (source_next(s, &frame) == SOURCE_FRAME)
 *		use(&frame, source_block(s));
 *	source_close(s);
 */
#ifndef CAPTURE_SOURCE_H
#define CAPTURE_SOURCE_H

#include "capture/block.h"

enum source_result {
	SOURCE_FRAME,  /* *frame is filled in */
	SOURCE_END,    /* the file ended where a record ends */
	SOURCE_DAMAGED /* cut or damaged: *err says what and at which byte */
};

struct source;

/*
 * Opens a capture file; "-" is standard input. index becomes tf_frame.source.
 * -> NULL with *err when it cannot be opened (TF_USAGE: no such file, a folder,
 * no permission) or does not start as a capture file does (TF_DAMAGED).
 */
struct source *source_open(const char *path, uint32_t index, const struct block_store *store,
                           struct tf_error *err);

/* The same for bytes from anywhere (capture/feed.h); name is for messages. Takes
   over *from, also when it fails. */
struct origin;
struct source *source_open_origin(const struct origin *from, const char *name, uint32_t index,
                                  const struct block_store *store, struct tf_error *err);

/* The next frame. frame->bytes lie in source_block(s), valid while that block
   has users; the next call may end the source's own use of it. */
enum source_result source_next(struct source *s, struct tf_frame *frame, struct tf_error *err);

/* The block of the latest frame. */
struct block *source_block(const struct source *s);

/* Bytes taken from the file so far (read, not necessarily parsed). */
uint64_t source_position(const struct source *s);

/* A kind of file that is read, for doc/LINKTYPES.md. */
struct source_kind {
	const char *name, *source; /* what it is, and who says so */
	uint8_t start[8];          /* its first bytes, */
	uint8_t n;                 /* how many of them there are, */
	bool either;               /* and whether they may stand the other way round */
};

/* -> false: there are not so many. */
bool source_kind(size_t index, struct source_kind *to);

/* What the file said besides frames (pcapng): kept for later use. */
struct source_notes {
	uint64_t comments;           /* opt_comment options */
	uint64_t secrets;            /* Decryption Secrets Blocks */
	size_t secrets_bytes;        /* of secrets kept, at most 1 MiB a source */
	const uint8_t *secrets_data; /* TLS key logs, one after the other */
};
const struct source_notes *source_notes(const struct source *s);

void source_close(struct source *s);

#endif
