/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An origin gives bytes, as read(2) does: a file, a pipe, a network peer, memory,
 * or another origin's bytes unpacked (capture/unpack.h).
 */
#ifndef CAPTURE_ORIGIN_H
#define CAPTURE_ORIGIN_H

#include <tcpflow/tcpflow.h>

#include <sys/types.h>

struct origin;

/* A kind of origin. */
struct origin_kind {
	const char *name;
	/* As read(2): -> bytes, 0 at the end, -1 with errno; EINTR is tried again,
	   unless the run is to stop. */
	ssize_t (*read)(struct origin *o, void *to, size_t n);
	void (*close)(struct origin *o); /* may be NULL */
};

/* Asked about ten times a second while bytes are waited for, and after a signal
   -> whether to wait no longer. over may be NULL: never. waits may be NULL, too: it is
   called as often while bytes are waited for, and once before each such wait. */
struct watch {
	bool (*over)(void *arg);
	void (*waits)(void *arg);
	void *arg;
};

struct origin {
	const struct origin_kind *kind;
	int fd;
	bool waits;         /* fd is no plain file: reading it may take for ever */
	struct watch watch; /* of origins that wait */
	const char *path;   /* of a growing file, to see whether another takes its place; */
	unsigned patience;  /* ms without bytes after which it has ended, */
	unsigned idle;      /* and ms without bytes so far */
	bool replaced;
	struct tf_span left; /* of an origin in memory */
	void *state;         /* of other kinds */
	const char *why;     /* a failed read in words; NULL: errno says it */
	uint64_t taken;      /* bytes of the file that lies behind, when they are not those
	                        that read() gave; else 0 */
};

struct origin origin_file(int fd);     /* closes fd in the end */
struct origin origin_borrowed(int fd); /* leaves fd open */
struct origin origin_memory(struct tf_span bytes);
void origin_close(struct origin *o);

/*
 * Makes it one that waits for more bytes at its end, until none came for so long. A file
 * that is truncated meanwhile, or whose path (it outlives the origin) leads to another
 * one, cannot be read on: that is a failure. For plain files; others wait by themselves.
 */
void origin_follow(struct origin *o, const char *path, unsigned patience_ms);

static inline void watch_waits(const struct watch *w)
{
	if (w->waits != NULL)
		w->waits(w->arg);
}

static inline bool watch_over(const struct watch *w)
{
	return w->over != NULL && w->over(w->arg);
}

#endif
