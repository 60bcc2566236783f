/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Digests of files that are computed as their bytes go by. The algorithms are fetched and
 * the contexts made when the sink is opened; a file borrows one of each while it is
 * written. When all are lent, a file goes without, and is read back when it ends.
 */
#ifndef SINK_DIGEST_H
#define SINK_DIGEST_H

#include "base/slab.h"

enum digest_kind { DIGEST_MD5, DIGEST_SHA256, DIGEST_KINDS };
enum { DIGEST_ROOM = 32, DIGEST_LOANS = 1024 };

struct digests; /* what a worker has of them */

/* How far the digest of one file has come. Zeroed: nothing of it is known. */
struct digest {
	uint32_t loan; /* contexts, as an index; 0: none */
	bool broken;   /* what was fed is not how the file begins */
	int64_t fed;   /* bytes from the file's start */
};

struct digest_result {
	bool has[DIGEST_KINDS];
	uint8_t value[DIGEST_KINDS][DIGEST_ROOM];
};

/* What digests_open() takes from the arena. */
size_t digests_memory(void);

/* wanted: 1 << enum digest_kind -> NULL with *err. */
struct digests *digests_open(struct arena *a, unsigned wanted, struct tf_error *err);

/* d may be NULL, as in all that follows: then nothing is wanted. */
void digests_close(struct digests *d);

/* n bytes are written at a position of the file; zeros, where none ever were. What does not
   go on where the last ones ended, or behind them, breaks the digest. */
void digest_write(struct digests *d, struct digest *f, int64_t position, const uint8_t *p,
                  size_t n);

/* The file's bytes change, or their places: it must be read back. */
void digest_break(struct digests *d, struct digest *f);

/* -> whether all of the file's `size` bytes can be fed, those behind fed being zeros: it
   need not be read back. */
bool digest_is_good(const struct digests *d, const struct digest *f, int64_t size);

/* Starts anew, for the file is read back -> false: it cannot be. */
bool digest_restart(struct digests *d, struct digest *f);

/* Ends it. to (which may be NULL) gets the digests, or none if it is broken. */
void digest_end(struct digests *d, struct digest *f, int64_t size, struct digest_result *to);

#endif
