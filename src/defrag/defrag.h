/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Puts IP datagrams together from their fragments, which come in any order, twice,
 * overlapping, or never. What it does with them is what a Linux 6.18 receiver was
 * measured to do, unless another policy is chosen.
 *
 *	answer = defrag_take(d, &fragment, &whole)
 *	DEFRAG_WAITING    others must come first (or the fragment was a copy)
 *	DEFRAG_COMPLETE   get whole.payload.n bytes of room, defrag_gather(d, room)
 *	all others        why the fragment, and mostly its datagram, was discarded
 *
 * Frames: one that was answered with DEFRAG_WAITING is part of its datagram until that
 * is discarded; `lost` counts those. Together with the frames that were discarded at
 * once, these are the fragments that came to nothing. On request frames are kept, as they
 * were captured, until it is known what becomes of them (kept.c).
 *
 * One thread. Nothing is allocated after defrag_init().
 */
#ifndef DEFRAG_DEFRAG_H
#define DEFRAG_DEFRAG_H

#include "base/slab.h"
#include "model/fragment.h"

/* What fragments that overlap do to their datagram. */
enum defrag_policy {
	DEFRAG_AS_LINUX, /* One that lies inside a run of those before it is taken for a
	                    copy, unseen; any other overlap discards the datagram, and the
	                    next fragment begins it anew. */
	DEFRAG_STRICT,   /* Only exact copies are taken for copies; any other overlap discards
	                    the datagram and what may still come of it (RFC 5722, 4). */
	DEFRAG_FIRST,    /* The bytes that came first stay. */
	DEFRAG_LAST      /* The bytes that come last stay. */
};

enum defrag_answer {
	DEFRAG_WAITING,
	DEFRAG_COMPLETE,
	DEFRAG_OVERLAP,   /* see the policy */
	DEFRAG_BAD_END,   /* two ends, bytes behind the end, or no bytes at all */
	DEFRAG_TOO_BIG,   /* reaches beyond 65,535 bytes: the fragment only */
	DEFRAG_ODD,       /* IPv6: not the last, and no multiple of 8 bytes: the fragment only
	                     (IPv4: the odd bytes are left out) */
	DEFRAG_TINY,      /* IPv6: the first, without all of TCP's header: the fragment only */
	DEFRAG_ECN,       /* some fragments are not ECN-capable, others are (RFC 3168, 5.3) */
	DEFRAG_CUT,       /* the snaplen cut a fragment, so the datagram cannot be had */
	DEFRAG_EVICTED,   /* the oldest, when memory was used up */
	DEFRAG_TIMEOUT,   /* never an answer: of a datagram that waited too long */
	DEFRAG_DISTANT,   /* never an answer: of one whose sender went on to too many others */
	DEFRAG_UNFINISHED /* never an answer: of those that wait when the input ends */
};

struct defrag_setup {
	uint64_t seed; /* random: keeps the table safe from chosen keys */
	enum defrag_policy ip4, ip6;
	int64_t ip4_timeout_ns, ip6_timeout_ns; /* packet time from the first that came */
	struct tf_counters *counters; /* the rows datagrams* and fragments_* are counted here */
	/* Told each frame of defrag_keep() that was not recorded; NULL: none is kept. why: what
	   its datagram was discarded for; DEFRAG_COMPLETE: see defrag_release();
	   DEFRAG_WAITING: it could not be kept until that was known. */
	void (*left_out)(void *arg, const struct tf_frame *frame, enum defrag_answer why);
	void *arg;
};

/* A row of kept frames: see kept.c. */
struct kept {
	uint32_t first, last, bytes;
};

struct defrag {
	struct slab cells;
	uint32_t *bucket; /* [mask + 1]: heads of chains of datagrams */
	uint32_t mask;
	uint32_t oldest, youngest; /* datagrams by when they began */
	uint32_t ready;            /* complete and out of the table, for defrag_gather() */
	uint64_t waiting;          /* frames of the datagrams in the table */
	uint64_t lost;             /* frames that waited for nothing */
	uint32_t latest;           /* the datagram of a fragment answered with DEFRAG_WAITING */
	uint32_t *sent;            /* fragments of IPv4 by their ends: see is_distant() */
	struct kept carried;       /* frames of datagrams that became complete */
	uint32_t keeps_longest, keeps_latest; /* datagrams that keep frames */
	uint8_t *scratch;
	struct defrag_setup setup;
};

/* Bytes of arena that hold one datagram of full size: the least to ask for. */
size_t defrag_memory_least(void);

/* Takes at most memory bytes from the arena -> false: too little of either. */
bool defrag_init(struct defrag *d, struct arena *a, size_t memory, const struct defrag_setup *s);

/*
 * Takes a fragment in; its payload is copied. f->offset is a multiple of 8, below 65,536.
 * -> see above. With DEFRAG_COMPLETE *whole is filled in, but for whole->payload.p.
 */
enum defrag_answer defrag_take(struct defrag *d, const struct tf_fragment *f,
                               struct tf_datagram *whole);

/* Copies the payload of the datagram just completed to to[0, whole.payload.n). It can be
   had until the next call of defrag_take(). */
void defrag_gather(const struct defrag *d, uint8_t *to);

/* Instead of defrag_gather(): there is no room for it, so it is discarded after all. */
void defrag_drop(struct defrag *d);

/*
 * With setup.left_out. The frame of the fragment that was just answered with
 * DEFRAG_WAITING is kept with its datagram, as far as there is memory for it; so are those
 * of the datagrams that became complete since the latest defrag_release().
 */
void defrag_keep(struct defrag *d, const struct tf_frame *frame);

/* What became of the latest datagrams is known: their frames are told to setup.left_out,
   unless it was recorded. */
void defrag_release(struct defrag *d, bool recorded);

/* The counter of an answer, as its offset in struct tf_counters. */
size_t defrag_counter(enum defrag_answer answer);

/* The input has ended: discards all that wait. */
void defrag_finish(struct defrag *d);

/* -> whether the invariants of defrag.c hold. For tests. */
bool defrag_check(const struct defrag *d);

#endif
