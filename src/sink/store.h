/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stream files as they stand in the output folder: made under a name that is free,
 * opened again when their descriptor was needed elsewhere, written and read at stream
 * offsets, and closed with the time of their direction's first packet.
 *
 *	NAME       0 ...................... end        origin: the stream offset that
 *	           | written, with holes    |          stands at position 0
 *	NAME.head        ... low === origin            bytes before it, if any
 *
 * Bytes before the origin turn up when a capture starts in the middle. Before the file
 * is made, the origin just moves (stored_lower()). Afterwards they are gathered in a
 * second file and put in front when the stream ends: one pass over the data, however
 * many such pieces there were (doc/adr/0008).
 *
 * Descriptors are held by the files that were used last and given up in that order: when another
 * file needs one, or when a file was not used for IDLE ticks of store_tick(), which closes at most
 * SHUT of them, so that a tick costs the same however many are open.
 *
 * Digests are computed as the file grows. What changes bytes that were digested, or comes
 * before them, breaks the digest; the file is then read back once, when it ends. That a
 * descriptor was given up in between changes nothing: the file that is opened again is the
 * one that was made.
 *
 * Invariants: S1 a file stands in `open` exactly when fd >= 0; S2 low <= origin; S3 in `open`
 * `used` rises from the oldest to the newest.
 *
 * A file that was closed may be gone when it is wanted again, or another stand in its place: people
 * move files. Then one is made anew, and bytes go to their places in it; what only follows on one
 * another (`anew`) goes on at its start.
 *
 * A file that cannot be written keeps what it has; from then on its bytes count as
 * lost. The first failure of a store is kept in `err`.
 */
#ifndef SINK_STORE_H
#define SINK_STORE_H

#include "base/arena.h"
#include "sink/alert.h"
#include "sink/digest.h"
#include "sink/name.h"
#include "sink/outdir.h"
#include "sink/quota.h"

#include <sys/uio.h>

struct stored {
	struct named who;
	const char *suffix;     /* of its name, or NULL */
	const int64_t *when_ns; /* its time, once it is closed */
	struct stored *of;      /* NULL, or the file that it goes with: it has that one's name
	                           with its suffix behind it, and no digest */
	/* NULL, or its bytes have no places, but follow one another, and what a file wants before
	   they go on in it, at most room bytes -> how many */
	size_t (*anew)(const struct stored *f, uint8_t *to, size_t room);
	int64_t origin, low; /* stream offsets */
	int64_t end;         /* position behind the highest byte written */
	int64_t head_bytes;  /* bytes in NAME.head */
	int64_t lost;        /* bytes that could not be written */
	int64_t away;        /* position below which bytes are in a file that was taken away */
	struct outfile_id id, head_id;
	struct digest digest;
	uint32_t number; /* files of this name before it */
	uint32_t used;   /* store.ticks when it was used last; 0 when it is not open */
	int fd;
	bool made, head_made, failed;
	bool garbled;                 /* its bytes are not where they should be, so all are lost */
	struct stored *older, *newer; /* in store.open */
};

struct store {
	const struct outdir *dir;
	struct alerts *alerts;          /* hear of each file that is made */
	struct quota *quota;            /* counts descriptors; may be NULL */
	struct stored *oldest, *newest; /* open ones */
	unsigned open_count, open_max;
	uint32_t ticks; /* calls of store_tick(), modulo 2^32 */
	uint64_t seed;
	uint64_t made;                      /* files, without those that go with others, */
	uint64_t remade, writes, read_back; /* and what else was counted */
	struct digests *digests;            /* NULL: none are wanted */
	bool failed;
	struct tf_error err;
	struct number *number;
	uint8_t *copy;
	const struct stored *named; /* an open file, or NULL: */
	char name[NAME_ROOM];       /* its name */
};

/* What store_init() takes from the arena. */
size_t store_memory(void);

/* open_max: descriptors, at least 1 -> false: the arena has too little. */
bool store_init(struct store *s, struct arena *a, const struct outdir *dir, unsigned open_max,
                uint64_t seed);

/* The file of a stream; nothing is made yet. */
void stored_init(struct stored *f, const struct named *who);

/* For stored.anew: what follows wants nothing before it. */
size_t stored_needs_nothing(const struct stored *f, uint8_t *to, size_t room);

/* The stream starts at offset low (or before): there are bytes or a hole. */
void stored_lower(struct stored *f, int64_t low);

/* All offsets from here on are higher by so many, as against positions; nothing lies before the
   origin. */
void stored_shift(struct stored *f, int64_t by);

/* Makes the file longer, if it is shorter: behind its last byte there is a hole of the stream. */
void store_extend(struct store *s, struct stored *f, int64_t end);

/* Makes or opens the file -> false: it has failed. */
bool store_ready(struct store *s, struct stored *f);

/* Writes n bytes at stream offset off; they do not cross the origin of a file that was
   made. What cannot be written is added to lost. iov is used up. */
void store_write(struct store *s, struct stored *f, struct iovec *iov, int count, int64_t off,
                 size_t n);

/* Writes other bytes where some were written before; they may cross the origin. Of a file
   that has failed nothing changes. -> how many of them this call is done with */
size_t store_rewrite(struct store *s, struct stored *f, int64_t off, const uint8_t *p, size_t n);

/* -> how many bytes, at most n, could be read back from stream offset off on. */
size_t store_read(struct store *s, struct stored *f, int64_t off, uint8_t *to, size_t n);

/* Closes its descriptor, if it is open: it is opened again when it is needed. */
void store_shut(struct store *s, struct stored *f);

/* About half a second has passed: files that were not used for some five seconds lose their
   descriptors, as by store_shut(). */
void store_tick(struct store *s);

/* The file has failed, for a reason that errno tells; what could not be done. */
void store_fail(struct store *s, struct stored *f, const char *what);

/* The stream has ended: puts NAME.head in front, sets the time, closes. *to gets the digests
   that store.digests makes of the file as it stands on disk then: none when it is not what it
   should be. -> the name that the file has, until the store is called again; NULL: it was not
   made */
const char *store_finish(struct store *s, struct stored *f, struct digest_result *to);

#endif
