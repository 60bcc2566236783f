/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of reasm/ know of each other. */
#ifndef REASM_INSIDE_H
#define REASM_INSIDE_H

#include "reasm/reasm.h"

/* Bytes on their way in, and where they stood in the capture. */
struct piece {
	struct tf_span b;
	int64_t ts_ns;
	uint32_t source;
	uint64_t frame, position;
};

struct piece piece_of_packet(const struct tf_packet *pkt);
struct piece piece_of_chunk(const struct chunk *c);
void piece_skip(struct piece *p, size_t n);

/* -- tell.c: events and accounts ---------------------------------------- */

/* Tells DATA up to the limit for a stream. late: fills a gap. loan: the chunk
   that holds p, or NULL; *loan is NULL afterwards when a sink took it over. */
void tell_data(struct reasm *r, struct half *h, int64_t off, struct piece p, bool late,
               struct chunk **loan);

/* late false: the hole is passed; true: it is final (and counted missing). */
void tell_gap(struct reasm *r, struct half *h, int64_t start, int64_t end, enum tf_gap_cause cause,
              bool late, int64_t ts_ns);

/* p would lie at off, but its receiver would not take it. Adds it to the field of the
   account that the reason has. */
void tell_reject(struct reasm *r, struct half *h, int64_t off, struct piece p,
                 enum tf_reject reason);

/* p lies at off, where bytes are recorded already: by winner if that is given,
   else as told before. Compares, counts duplicates, tells conflicts. */
void tell_rival(struct reasm *r, struct half *h, const struct held *winner, int64_t off,
                struct piece p);

/* -- gaps.c --------------------------------------------------------------- */

/* Notes a fillable gap above all others (or, gaps_add_low, below). */
void gaps_add(struct reasm *r, struct half *h, int64_t start, int64_t end, enum tf_gap_cause cause,
              int64_t ts_ns);
void gaps_add_low(struct reasm *r, struct half *h, int64_t start, int64_t end, int64_t ts_ns);

/* -> the lowest gap that ends beyond off, or NULL. */
struct gap *gaps_find(const struct half *h, int64_t off);

/* [start, end) within g has arrived. */
void gaps_fill(struct reasm *r, struct half *h, struct gap *g, int64_t start, int64_t end,
               int64_t ts_ns);

/* Tells all gaps as final, lowest first. */
void gaps_close(struct reasm *r, struct half *h, int64_t ts_ns);

/* -- hold.c ---------------------------------------------------------------- */

/* Copies p into chunks -> a node that is in no queue, or NULL: no memory. May
   spill other segments, also those of the half that p belongs to. */
struct held *hold_take(struct reasm *r, int64_t off, struct piece p, uint32_t cut);
void hold_give(struct reasm *r, struct held *n);

/* The node's chunks, counted out of the hold; the caller gives them back. */
struct chunk *hold_open(struct reasm *r, struct held *n);

/* -> bytes copied from offset off on; 0 where the snaplen cut. */
size_t hold_copy(const struct held *n, int64_t off, uint8_t *to, size_t size);

/* What h holds has changed: lists it among the holders, or no longer. */
void holders_note(struct reasm *r, struct half *h);

/* -- queue.c --------------------------------------------------------------- */

/* Puts an early segment into the receive queue as Linux does; n is the queue's
   (or given back) afterwards. */
void queue_insert(struct reasm *r, struct half *h, struct held *n);

static inline struct held *held_of(struct tree_node *node)
{
	return (struct held *)(void *)node; /* its first member */
}

static inline struct held *queue_first(const struct half *h)
{
	return held_of(tree_first(&h->queue));
}

void queue_remove(struct reasm *r, struct half *h, struct held *n);

/* -- reasm.c ---------------------------------------------------------------- */

/* The segment in doubt, if any, has to go for memory. */
void reasm_evict_far(struct reasm *r, struct half *h);

/* Passes the hole below the first held segment and tells what follows. */
void reasm_pass(struct reasm *r, struct half *h, int64_t ts_ns);

/* Gives up what is still held, all of it beyond FIN. */
void reasm_drop_beyond_fin(struct reasm *r, struct half *h);

#endif
