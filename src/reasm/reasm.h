/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reassembly of one direction of a TCP connection: segments in, events out.
 *
 * Sequence numbers are widened to 64-bit stream offsets at the door. Below
 * `next` every byte has been told or lies in a gap; above it, early segments
 * stand in the receive queue until the hole in front of them is filled or passed.
 *
 *	start        gap          next      early          fin
 *	  |=======|..........|=====|          [====] [==]     |
 *	   told     fillable  told    hole      held
 *
 * Invariants (reasm_check):
 *	I1  start <= next <= fin
 *	I2  gaps lie within [start, next), in order, not empty, not touching
 *	    (unless their causes differ)
 *	I3  held segments (or their FIN) end beyond next; their starts order the tree
 *	I4  a half is in the list of holders exactly when it holds something early or far
 *
 * Bounds: early bytes use chunks of the shared pool (at most half of it) and a
 * node for each segment; when either runs out, the half that has held longest
 * passes its holes (counter held_spilled). A half remembers at most
 * REASM_GAPS gaps; the oldest is closed for good when one more comes, or when gaps run out
 * (counter gaps_forgotten).
 *
 * Choices not taken: doc/adr/0004 (placing early data at once), 0005 (policies), 0015
 * (urgent bytes).
 */
#ifndef REASM_REASM_H
#define REASM_REASM_H

#include "base/chunk.h"
#include "base/tree.h"
#include "model/packet.h"

enum {
	REASM_GAPS = 256,
	REASM_CHAIN = 64,
	REASM_TRAIL = 16,
	REASM_DISPUTES = 8,
	REASM_CLAIMS = 16,
	REASM_URGENT = 32
};

#define REASM_NO_FIN  INT64_MAX
#define REASM_NO_ACK  INT64_MIN
#define REASM_NO_EDGE INT64_MAX
#define REASM_NO_MARK INT64_MAX

/* Why a segment is set aside until something shows whether it is of its stream. */
enum doubt {
	DOUBT_FAR,    /* far from all others */
	DOUBT_WINDOW, /* beyond the receiver's window */
	DOUBT_SYN     /* bytes on a SYN (RFC 7413): the answer tells whether they were taken */
};

/* An early segment, or several that were joined. */
struct held {
	struct tree_node node; /* in half.queue, ordered by start */
	int64_t start, end;    /* end counts bytes cut by the snaplen */
	int64_t cut;           /* bytes before end that the snaplen cut off */
	bool fin;              /* FIN stands at end; there may be nothing before it */
	bool drops;            /* the kernel was dropping packets when it came */
	struct chunk *head, *tail;
	uint32_t chunks; /* in this chain, which is walked from its head */
	uint16_t urgent; /* the urgent pointer of one in doubt */
	bool marks;      /* and whether it has any */
};

struct gap {
	int64_t start, end;
	enum tf_gap_cause cause;
	struct gap *lower, *higher;
};

/* The packets that brought what was told last, as a ring; so that a conflict can name
   both of its packets. */
struct trail {
	struct brought {
		int64_t start;
		uint32_t length;
		bool late; /* see struct piece */
		struct tf_copy copy;
	} told[REASM_TRAIL];
	uint32_t next;
};

/* The latest conflicts, as a ring, which the receiver may yet speak of. */
struct disputes {
	struct dispute {
		int64_t offset, length; /* length 0: none, or it has spoken */
		int64_t told;           /* tf_event.offset */
		struct tf_conflict what;
	} latest[REASM_DISPUTES];
	uint32_t next;
};

/* Bytes that came and were not taken, as a ring: see claims.c. */
struct claims {
	struct claim {
		int64_t start, end; /* start == end: none */
		enum tf_gap_cause cause;
	} latest[REASM_CLAIMS];
	uint32_t next;
};

/* Places of urgent bytes, which are not told as parts of the stream: see urgent.c. */
struct urgent {
	int64_t waiting; /* a place at or beyond next, or REASM_NO_MARK */
	int64_t gone;    /* so many are not remembered, */
	int64_t below;   /* and lie below this */
	uint32_t count;
	struct urgent_place {
		int64_t at;
		bool came;     /* the byte for it */
	} place[REASM_URGENT]; /* from below on, rising */
};

struct half {
	int64_t next;
	uint32_t base;         /* sequence number of offset 0 (when based) */
	uint32_t stream;       /* streams before this one */
	struct trail *trail;   /* NULL: nothing told yet, or no memory for it */
	struct urgent *urgent; /* NULL: none, or no memory */
	uint8_t dir;           /* 0 or 1: which half of its flow */
	bool based;            /* base is known: a SYN, data or FIN was seen */
	bool isn_known;        /* base comes from a SYN: nothing lies before start */
	bool ack_known;
	bool alt_known;
	bool is_holder; /* listed among the holders */
	bool resumed;   /* what lies before start was recorded earlier */
	uint8_t policy; /* enum tf_overlap, of the receiver */
	int64_t start;
	int64_t fin;       /* offset of a FIN that the receiver came to, or REASM_NO_FIN */
	int64_t forgotten; /* below it there are gaps that are not remembered */
	int64_t cut_end;   /* bytes from next up to here were cut off by the snaplen */
	int64_t acked;     /* highest offset that the peer acknowledged */
	int64_t edge;      /* where the peer's window ends, or REASM_NO_EDGE */
	uint32_t ack_raw;  /* latest ACK of the peer (when ack_known) */
	uint32_t alt_isn;  /* of a second SYN-ACK (when alt_known) */
	uint32_t gap_count;
	struct tree queue; /* of struct held */
	struct held *last; /* the one that was last at the right end */
	struct held *far;  /* a segment not yet believed */
	uint8_t doubt;     /* enum doubt: why not (when there is one) */
	bool doubt_denied; /* the peer has spoken since, and not of having it */
	struct gap *gap_low, *gap_high;
	struct half *holder_older, *holder_newer;
	struct disputes *disputes; /* NULL: no conflicts, or no memory */
	struct claims *claims;     /* NULL: none, or no memory */
	int64_t limit_at;          /* from here on bytes are beyond flow_bytes */
	int64_t late_end;          /* behind all bytes told after they had been acknowledged */
	int64_t turned;            /* reasm_turn(): as tf_account.offset (when turns) */
	bool turns;                /* the account begins within the stream */
	struct tf_account account;
};

struct reasm_limits {
	int64_t flow_bytes; /* told of each stream */
	int64_t hole_max;
};

/* What all halves of one worker share. */
struct reasm {
	struct chunk_pool *chunks;
	size_t chunks_held, chunks_held_max;
	struct slab held, gaps, trails, disputes, claims, urgents;
	struct half *holder_oldest, *holder_newest;
	struct reasm_limits limits;
	bool drops_rising; /* the kernel drops packets at this time: set by who captures live */
	bool out_of_band;  /* urgent bytes are */
	struct tf_counters *counters;
	size_t refused; /* the counter, as its offset, for which payload of the latest segment
	                   was refused; whoever wants to know sets it to 0 before */
	void *arg;
	/* Tells an event of half h; flow, dir and slot are the callee's to fill in. */
	void (*tell)(void *arg, struct half *h, struct tf_event *ev);
	/* Bytes told before: like tf_sink.recall. */
	size_t (*recall)(void *arg, struct half *h, int64_t offset, uint8_t *to, size_t n);
	struct tf_event data; /* DATA: what it does not say is zero, once and for all */
	uint8_t scratch[4096];
};

/* Takes nodes for the queue and the gaps from memory (about `memory` bytes)
   -> false when the arena has too little. The caller fills in the rest. */
bool reasm_init(struct reasm *r, struct arena *a, size_t memory, struct chunk_pool *chunks);

/* Takes trails from memory: without, the packets of told bytes are not remembered. */
bool reasm_remember(struct reasm *r, struct arena *a, size_t memory);

/* The policy is `linux`, unless the caller sets another. */
void half_init(struct half *h, uint8_t dir);

/* How a SYN's sequence number goes with what is known of its direction. */
enum isn_fit {
	ISN_NEW,  /* it was not known, and is now */
	ISN_SAME, /* a retransmission */
	ISN_OTHER /* another connection */
};

/* Changes nothing. lenient: as below. */
enum isn_fit reasm_isn_fit(const struct half *h, uint32_t isn, bool lenient);

/* A SYN came. lenient: accept a start up to 1 MiB before the lowest data seen,
   else only exactly before it. On ISN_OTHER nothing has changed. */
enum isn_fit reasm_isn(struct reasm *r, struct half *h, uint32_t isn, bool lenient, int64_t ts_ns);

/* The same for a half of which nothing is known. */
void reasm_first_isn(struct half *h, uint32_t isn);

/* A second SYN-ACK with another ISN: remembered until an ACK or data decide, unless
   they have. */
void reasm_alternative_isn(struct half *h, uint32_t isn);

/* Payload and FIN of a segment of this direction. */
void reasm_segment(struct reasm *r, struct half *h, const struct tf_packet *pkt);

/* The peer's window is so many bytes behind what it acknowledges with ack; reasm_ack() came
   first, and the half is based. */
void reasm_window(struct reasm *r, struct half *h, uint32_t ack, int64_t window);

/* -> the offset nearest to next that has this sequence number (RFC 9293, 3.4); the half is
   based. */
static inline int64_t reasm_offset(const struct half *h, uint32_t seq)
{
	return h->next + (int32_t)(seq - (h->base + (uint32_t)h->next));
}

/* -> the end of what is known to have been sent. */
int64_t reasm_top(const struct half *h);

/* A segment of this direction that its receiver would not take: its bytes are counted, and
   told as set aside. Nothing else changes. */
void reasm_reject(struct reasm *r, struct half *h, const struct tf_packet *pkt,
                  enum tf_reject reason);

/* The peer acknowledges everything before sequence number ack. */
void reasm_ack(struct reasm *r, struct half *h, uint32_t ack, int64_t ts_ns);

/* The receiver says, by pkt, that it got [left, right) twice (RFC 2883). */
void reasm_duplicate(struct reasm *r, struct half *h, uint32_t left, uint32_t right,
                     const struct tf_packet *pkt);

/* -> whether seq is the receiver's next sequence number, as far as is known
   (RFC 5961, 3.2: the only place where a reset is obeyed). */
bool reasm_is_next(const struct half *h, uint32_t seq);

/* -> whether seq is more than hole_max away from this direction's bytes. */
bool reasm_is_far(const struct reasm *r, const struct half *h, uint32_t seq);

/* -> whether FIN came, all bytes before it are there, and the peer has
   acknowledged it. */
bool reasm_done(const struct half *h);

/* For memory: the half goes on over its holes, and holds nothing. */
void reasm_spill(struct reasm *r, struct half *h, int64_t ts_ns);

/* Tells what is still held and all final gaps, fills in the account. After the
   END event was told, reasm_settle() checks the two sums of struct tf_account
   and adds them to the counters. */
void reasm_finish(struct reasm *r, struct half *h, int64_t ts_ns);
void reasm_settle(struct reasm *r, const struct tf_account *account);

/* The recording of this direction ends, and goes on with another account: all gaps are final and
   told, and what lies before next cannot come any more. What is held early stays, as bytes of the
   new account. *to: the old one, whose sums reasm_settle() checks after the TURN event was told.
   */
void reasm_turn(struct reasm *r, struct half *h, int64_t ts_ns, struct tf_account *to);

/* -- what usual packets do to a half, by whom else that is done (flow/front.c) -------------- */

/* -> whether that can be done elsewhere: all that came of h was told, and all that comes may be,
   nothing waits or is in doubt, no end is known, and sequence numbers tell next, acked and edge
   from each other. */
bool reasm_is_straight(const struct half *h);

/* -> how many of n bytes from next on may be told. */
int64_t reasm_room(const struct reasm *r, const struct half *h, int64_t n);

/* -> the offset of sequence number seq, which lies at next or beyond it. */
static inline int64_t reasm_offset_beyond(const struct half *h, uint32_t seq)
{
	return h->next + (uint32_t)(seq - (h->base + (uint32_t)h->next));
}

/* h is straight, and pkt's bytes are the next ones of those that may be told: tells them. Of next
   and the account reasm_catch_up() will hear. */
void reasm_tell(struct reasm *r, struct half *h, int64_t off, const struct tf_packet *pkt);

/* All bytes before sequence number `next` were told so; acked and edge are where they are now. */
void reasm_catch_up(struct half *h, uint32_t next, uint32_t acked, uint32_t edge);

/* -> whether I1..I4 hold. For tests. */
bool reasm_check(const struct reasm *r, const struct half *h);

#endif
