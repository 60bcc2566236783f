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
#include "capture/origin.h"

enum source_result {
	SOURCE_FRAME,  /* *frame is filled in */
	SOURCE_END,    /* the file ended where a record ends */
	SOURCE_DAMAGED /* cut or damaged: *err says what and at which byte */
};

struct source;

/* How to open a source. All but the store may be 0. */
struct opening {
	uint32_t index; /* becomes tf_frame.source */
	const struct block_store *store;
	struct watch watch; /* for what has to wait */
	/* For a file that is still being written: it has ended when nothing came for so
	   many ms. 0: at its end. (The path must outlive the source then.) */
	unsigned patience_ms;
	/* May be NULL: by open(2), or by connecting. -> a descriptor, or -1 with errno */
	int (*open)(void *arg, const char *path);
	void *open_arg;
	/* May be NULL. Is given an origin whose reads are work (unpacking), and may put
	   one in its place that has the work done elsewhere. */
	void (*apart)(void *arg, struct origin *o);
	void *arg;
};

/*
 * Opens a capture file, which gzip, zstd, xz, lz4 or bzip2 may have packed; "-" is
 * standard input.
 * -> NULL with *err when it cannot be opened (TF_USAGE: no such file, a folder,
 * no permission) or does not start as a capture file does (TF_DAMAGED).
 */
struct source *source_open_as(const char *path, const struct opening *how, struct tf_error *err);

/* The same with nothing special. */
struct source *source_open(const char *path, uint32_t index, const struct block_store *store,
                           struct tf_error *err);

/* The same for bytes from anywhere; name is for messages. Takes over *from, also
   when it fails. */
struct source *source_open_origin(const struct origin *from, const char *name, uint32_t index,
                                  const struct block_store *store, struct tf_error *err);

/* The next frame. frame->bytes lie in source_block(s), valid while that block
   has users; the next call may end the source's own use of it. */
enum source_result source_next(struct source *s, struct tf_frame *frame, struct tf_error *err);

/*
 * The next frames, all in one block: the first as source_next() gives it, and after SOURCE_FRAME
 * those behind it that are there by now, so that nothing is waited for. most: at least 1.
 * -> what the first one is; *count: how many were filled in.
 */
enum source_result source_frames(struct source *s, struct tf_frame *frame, unsigned most,
                                 unsigned *count, struct tf_error *err);

/* The block of the latest frame. */
struct block *source_block(const struct source *s);

/* Bytes taken so far (read, not necessarily parsed), of a packed file unpacked ones:
   what tf_frame.position counts. */
uint64_t source_position(const struct source *s);

/* The same, of a packed file packed ones: how far in the file it is. */
uint64_t source_progress(const struct source *s);

/* -> whether it is a plain file whose next bytes depend on nobody's work. */
bool source_never_waits(const struct source *s);

/* -> whether it is a plain file, opened by its path: one that can be opened again. */
bool source_is_file(const struct source *s);

/* A kind of file that is read, for doc/LINKTYPES.md. */
struct source_kind {
	const char *name, *source; /* what it is, and who says so */
	uint8_t start[8];          /* its first bytes, */
	uint8_t n;                 /* how many of them there are, */
	bool either;               /* and whether they may stand the other way round */
	bool packed;               /* a file of another kind is in it */
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
