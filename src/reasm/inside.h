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
	uint8_t ttl;
	bool late; /* the peer had acknowledged some of it before it was captured */
	uint64_t frame, position;
};

/* Here, so that it is made where it is wanted and not copied there. */
static inline struct piece piece_of_packet(const struct half *h, int64_t off,
                                           const struct tf_packet *pkt)
{
	return (struct piece){.b = pkt->payload,
	                      .ts_ns = pkt->ts_ns,
	                      .source = pkt->source,
	                      .ttl = pkt->ttl,
	                      .late = off < h->acked,
	                      .frame = pkt->frame,
	                      .position = pkt->position};
}

struct piece piece_of_chunk(const struct chunk *c);
void piece_skip(struct piece *p, size_t n);

/* -- tell.c: events and accounts ---------------------------------------- */

/* Tells DATA up to the limit for a stream. late: fills a gap. loan: the chunk
   that holds p, or NULL; *loan is NULL afterwards when a sink took it over. */
void tell_data(struct reasm *r, struct half *h, int64_t off, const struct piece *p, bool late,
               struct chunk **loan);

/* The same for pkt, which goes on at off; not late. */
void tell_packet(struct reasm *r, struct half *h, int64_t off, const struct tf_packet *pkt);

/* late false: the hole is passed; true: it is final (and counted missing). Told in parts where
   the causes differ. */
void tell_gap(struct reasm *r, struct half *h, int64_t start, int64_t end, enum tf_gap_cause cause,
              bool late, int64_t ts_ns);

/* The stream went on beyond the limit for it: one gap, from there to its end. */
void tell_limit(struct reasm *r, struct half *h, int64_t ts_ns);

/* p would lie at off, but its receiver would not take it. Adds it to the field of the
   account that the reason has. */
void tell_reject(struct reasm *r, struct half *h, int64_t off, struct piece p,
                 enum tf_reject reason);

/* p lies at off, where bytes are recorded already: by winner if that is given,
   else as told before. Compares, counts duplicates, tells conflicts. */
void tell_rival(struct reasm *r, struct half *h, const struct held *winner, int64_t off,
                struct piece p);

/* The same for p that comes after what was told, and takes its place. */
void tell_rewrite(struct reasm *r, struct half *h, int64_t off, struct piece p);

/* -- trail.c -------------------------------------------------------------- */

/* p was told at off. */
void trail_note(struct reasm *r, struct half *h, int64_t off, const struct piece *p);

/* -> the packet that brought the byte told at off; .known is false when that is not
   remembered. *n is made less where that is not so of what follows. *late: the byte may
   have been acknowledged before it was captured. */
struct tf_copy trail_find(const struct half *h, int64_t off, size_t *n, bool *late);

/* A conflict at off was told. */
void trail_dispute(struct reasm *r, struct half *h, int64_t off, const struct tf_event *ev);

/* The receiver has told of pkt that [from, to) came twice. */
void trail_settle(struct reasm *r, struct half *h, int64_t from, int64_t to,
                  const struct tf_packet *pkt);

/* The stream has ended. */
void trail_end(struct reasm *r, struct half *h);

static inline struct tf_copy copy_of(const struct piece *p)
{
	return (struct tf_copy){.ts_ns = p->ts_ns,
	                        .frame = p->frame,
	                        .source = p->source,
	                        .ttl = p->ttl,
	                        .known = true};
}

/* -- claims.c -------------------------------------------------------------- */

/* Bytes came for [start, end) and were not taken, which is a cause should they be missing. */
void claims_note(struct reasm *r, struct half *h, int64_t start, int64_t end,
                 enum tf_gap_cause cause);

/* -> why the byte at off, which never came otherwise, is missing. *end is made less where the
   cause of what follows is another. */
enum tf_gap_cause claims_cause(const struct half *h, int64_t off, int64_t *end,
                               enum tf_gap_cause otherwise);

/* The stream has ended. */
void claims_end(struct reasm *r, struct half *h);

/* -- urgent.c -------------------------------------------------------------- */

/* -> whether pkt's urgent pointer is to be heard (RFC 9293, 3.8.5) */
static inline bool has_mark(const struct reasm *r, const struct tf_packet *pkt)
{
	return r->out_of_band && (pkt->flags & (TCP_URG | TCP_SYN)) == TCP_URG;
}

/* The urgent pointer of a segment from seq to end, before its bytes. */
void urgent_hear(struct reasm *r, struct half *h, int64_t seq, int64_t end, uint16_t pointer);

/* -> the offset that events say for off: urgent places before it do not count. */
int64_t urgent_told(const struct urgent *u, int64_t off);

static inline int64_t told_offset(const struct half *h, int64_t off)
{
	return h->urgent == NULL ? off : urgent_told(h->urgent, off);
}

/* -> the lowest place at or beyond off that has left the stream, or INT64_MAX */
int64_t urgent_next_place(const struct urgent *u, int64_t off);

static inline int64_t next_place(const struct half *h, int64_t off)
{
	return h->urgent == NULL ? INT64_MAX : urgent_next_place(h->urgent, off);
}

/* -> the place at or beyond next that waits for its byte, or REASM_NO_MARK */
static inline int64_t waiting_mark(const struct half *h)
{
	return h->urgent == NULL ? REASM_NO_MARK : h->urgent->waiting;
}

/* next is the mark: p's first byte is urgent; or the byte is passed with a hole. */
void urgent_take(struct reasm *r, struct half *h, struct piece p);
void urgent_miss(struct reasm *r, struct half *h, int64_t ts_ns);

/* p's first byte belongs to off, a place that has left the stream. */
void urgent_again(struct reasm *r, struct half *h, int64_t off, struct piece p);

/* The stream has ended. */
void urgent_end(struct reasm *r, struct half *h);

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

/* All that was passed below end is final: it cannot be filled any more. */
void gaps_forget(struct reasm *r, struct half *h, int64_t end, int64_t ts_ns);

/* Tells all gaps as final, lowest first. */
void gaps_close(struct reasm *r, struct half *h, int64_t ts_ns);

/* -- hold.c ---------------------------------------------------------------- */

/* Copies p into chunks -> a node that is in no queue, or NULL: no memory. May
   spill other segments, also those of the half that p belongs to. */
struct held *hold_take(struct reasm *r, int64_t off, struct piece p, uint32_t cut);
void hold_give(struct reasm *r, struct held *n);

/* Moves what n has from off on, which lies within its captured bytes, to a node that is
   in no queue; n must be cut there at once. -> NULL: no memory, n is as it was. */
struct held *hold_part(struct reasm *r, struct held *n, int64_t off);

/* The node's chunks, counted out of the hold; the caller gives them back. */
struct chunk *hold_open(struct reasm *r, struct held *n);

/* -> bytes copied from offset off on; 0 where the snaplen cut. */
size_t hold_copy(const struct held *n, int64_t off, uint8_t *to, size_t size);

/* -> the chunk with the byte at off, which ends at *end; or NULL: the snaplen cut it */
const struct chunk *hold_at(const struct held *n, int64_t off, int64_t *end);

/* What h holds has changed: lists it among the holders, or no longer. */
void holders_note(struct reasm *r, struct half *h);

/* -- queue.c --------------------------------------------------------------- */

/* Puts an early segment into the receive queue as Linux does; n is the queue's
   (or given back) afterwards. */
void queue_insert(struct reasm *r, struct half *h, struct held *n);

/* -- settle.c -------------------------------------------------------------- */

/* The same for policies that are a table. */
void settle_insert(struct reasm *r, struct half *h, struct held *n);

static inline struct held *held_of(struct tree_node *node)
{
	return (struct held *)(void *)node; /* its first member */
}

static inline struct held *queue_first(const struct half *h)
{
	return held_of(tree_first(&h->queue));
}

void queue_remove(struct reasm *r, struct half *h, struct held *n);

/* -- stream.c --------------------------------------------------------------- */

/* What follows the bytes of a piece. */
struct tail {
	uint32_t cut; /* bytes that the snaplen cut off */
	bool fin;
};

/* A segment's bytes at off: p, then those of the chain `more`, then its tail. A FIN ends the
   stream when nothing is missing before its segment; else it waits with it, or alone. */
void stream_place(struct reasm *r, struct half *h, int64_t off, struct piece p,
                  const struct chunk *more, struct tail tail);

/* Tells held segments for as long as they follow on. */
void stream_drain(struct reasm *r, struct half *h, int64_t ts_ns);

/* Passes the hole below the first held segment and tells what follows. */
void stream_pass(struct reasm *r, struct half *h, int64_t ts_ns);

/* Bytes of the segment that has just come are taken by no receiver. */
void stream_refuse(struct reasm *r, struct half *h, int64_t off, struct piece p,
                   enum tf_reject reason);

/* No receiver has taken n, which is in no queue. */
void stream_reject_held(struct reasm *r, struct half *h, struct held *n, enum tf_reject reason);

/* Gives up what is still held, all of it beyond FIN. */
void stream_drop_beyond_fin(struct reasm *r, struct half *h);

/* -> where the account begins, as events tell offsets */
static inline int64_t account_offset(const struct half *h)
{
	return h->turns ? h->turned : h->start; /* no place is below start */
}

/* Tells what is held and all final gaps, fills in the account. */
void stream_finish(struct reasm *r, struct half *h, int64_t ts_ns);

/* -- doubt.c ---------------------------------------------------------------- */

/* -> whether the direction's next segment is set aside until a doubt is settled */
bool doubt_takes(struct reasm *r, struct half *h, int64_t off, const struct tf_packet *pkt);

/* What the peer's ACK up to off says of the segment in doubt. */
void doubt_hear_ack(struct reasm *r, struct half *h, int64_t off);

/* The segment in doubt has its place in the stream after all. */
void doubt_believe(struct reasm *r, struct half *h);

/* The direction went on where it was: the segment in doubt, if any, is not of it. */
void doubt_disown(struct reasm *r, struct half *h);

/* The direction goes on at the segment in doubt: what was before is one stream, and a
   new one begins there. */
void doubt_follow(struct reasm *r, struct half *h, int64_t ts_ns);

/* The segment in doubt, if any, has to go for memory. */
void doubt_evict(struct reasm *r, struct half *h);

/* -- reasm.c ---------------------------------------------------------------- */

/* -> whether nothing has come of this direction */
static inline bool half_is_empty(const struct half *h)
{
	return h->next == h->start && h->queue.root == NULL;
}

/* -> whether off lies more than hole_max away from this direction's bytes */
bool half_is_far(const struct reasm *r, const struct half *h, int64_t off, int64_t n);

static inline int64_t min64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static inline int64_t max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

#endif
