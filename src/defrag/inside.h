/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of defrag/ share: see the head of defrag.c. */
#ifndef DEFRAG_INSIDE_H
#define DEFRAG_INSIDE_H

#include "defrag/defrag.h"

enum {
	UNIT = 8,
	PIECE_UNITS = 64,
	PIECE = UNIT * PIECE_UNITS,
	LENGTH_MAX = 65535,
	PIECES = (LENGTH_MAX + PIECE - 1) / PIECE
};

struct key {
	struct tf_address src, dst;
	uint64_t context;
	uint32_t id;
	uint8_t ip6;
	uint8_t protocol; /* IPv4 (RFC 791, 3.2); IPv6 has only src, dst and id (RFC 8200, 4.5) */
	uint8_t zero[2];  /* no padding: keys are compared and hashed as bytes */
};

struct piece {
	uint64_t arrived, begins;
	uint8_t data[PIECE];
};

struct datagram {
	struct key key;
	uint32_t next; /* in its bucket */
	uint32_t older, younger;
	uint32_t frames;
	int64_t began_ns;
	uint32_t top;   /* behind the highest byte that came */
	uint32_t end;   /* its length, from the last fragment; NO_END before that */
	uint32_t units; /* that have come */
	uint32_t sent;  /* what defrag.sent said when the latest came */
	uint8_t protocol, hop_limit;
	uint8_t ecn;   /* 1 << ECN bits of each fragment */
	uint8_t stone; /* not 0: why it was discarded (enum defrag_answer) */
	struct kept kept;
	uint32_t before, after; /* among those that keep frames, by when they began to */
	uint32_t piece[PIECES];
};

/* A part of a row of kept frames. */
struct log {
	uint32_t next, used;
	uint8_t data[sizeof(struct datagram) - 2 * sizeof(uint32_t)];
};

union cell {
	struct datagram datagram;
	struct piece piece;
	struct log log;
};

#define NO_END UINT32_MAX

struct range {
	uint32_t from, to; /* bytes of the payload */
};

static inline struct datagram *datagram_at(const struct defrag *d, uint32_t index)
{
	return slab_at(&d->cells, index);
}

static inline enum defrag_policy policy_of(const struct defrag *d, const struct datagram *g)
{
	return g->key.ip6 ? d->setup.ip6 : d->setup.ip4;
}

/* The pieces that a range touches; it has at least one byte. */
static inline size_t range_first(const struct range *r)
{
	return r->from / PIECE;
}

static inline size_t range_last(const struct range *r)
{
	return (r->to - 1) / PIECE;
}

/* -- units.c: the bytes of one datagram ---------------------------------------------- */

/* What of a range has come: nothing; all of it, in one run; else they cross. */
enum meeting { APART, WITHIN, CROSSING };

enum meeting units_meet(const struct defrag *d, const struct datagram *g, const struct range *r);

/* -> whether one fragment ends where another begins, or nothing is, at a unit's edge */
bool units_edge(const struct defrag *d, const struct datagram *g, uint32_t at);

/* -> whether a range, all of which has come, holds these bytes */
bool units_equal(const struct defrag *d, const struct datagram *g, const struct range *r,
                 const uint8_t *bytes);

/* Puts a range's bytes into its pieces, which are there. */
void units_place(struct defrag *d, struct datagram *g, const struct range *r, const uint8_t *bytes);

/* -> the cells that a datagram takes, without its frames; 0 when D2, D4 or D5 does not hold */
size_t units_check(const struct defrag *d, const struct datagram *g);

/* -- kept.c: the frames of fragments that wait ------------------------------------------ */

/* Bytes of defrag.scratch. */
size_t kept_scratch(void);

/* Tells a datagram's frames: why it is discarded, or DEFRAG_WAITING. */
void kept_drop(struct defrag *d, struct datagram *g, enum defrag_answer why);

/* The datagram is complete: its frames are carried. */
void kept_carry(struct defrag *d, struct datagram *g);

/* Frees cells for which frames go, those that were kept longest -> false: there are none */
bool kept_give_way(struct defrag *d);

/* -> the cells that a row takes, SIZE_MAX when they are not what it says */
size_t kept_cells(const struct defrag *d, const struct kept *k);

/* -> how many datagrams keep frames, SIZE_MAX when their list is broken */
size_t kept_keepers(const struct defrag *d);

#endif
