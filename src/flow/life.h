/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of one flow, and what flows.c offers to it. */
#ifndef FLOW_LIFE_H
#define FLOW_LIFE_H

#include "flow/flows.h"
#include "flow/key.h"

/* -- life.c --------------------------------------------------------------- */

/* Connects the reassembler's events with the outlets. */
void life_init(struct flows *fs);

enum { LIFE_ETHERNET = 1 }; /* the link type of frames that have Ethernet addresses */

/* f is zeroed; pkt is its first packet: all that this says of f, which is told and counted by
   nobody yet. */
void life_prepare(const struct flows *fs, struct flow *f, const struct tf_packet *pkt);
void life_tell_begin(struct flows *fs, struct flow *f);

/* A packet of f, of whatever kind: f's sums. */
void life_count(struct flow *f, unsigned dir, const struct tf_packet *pkt);

/* The sums begin anew. */
void life_uncount(struct flow *f);

/* f is zeroed and listed; pkt is its first packet. Tells BEGIN. */
void life_begin(struct flows *fs, struct flow *f, const struct tf_packet *pkt);

/* How a packet that has f's key goes with f. */
enum life_verdict {
	LIFE_GOES_ON,
	LIFE_BEGINS_ANEW, /* it opens another connection */
	LIFE_ANSWERS,     /* it shows that f->rival has opened another connection */
	LIFE_INSIDE,      /* a SYN that the receiver ignores, as far as is known */
	LIFE_STRAY        /* a SYN-ACK that nobody waits for: to be left out */
};
enum life_verdict life_judge(struct flows *fs, struct flow *f, unsigned dir,
                             const struct tf_packet *pkt);

/* A packet of f, which has not ended: counts it, and tells SEGMENT. What it means comes after. */
void life_hear(struct flows *fs, struct flow *f, unsigned dir, const struct tf_packet *pkt);

/* Sets aside a segment that its receiver does not take, of which nothing else is believed.
   f: NULL when it is of no flow. */
void life_reject(struct flows *fs, struct flow *f, unsigned dir, const struct tf_packet *pkt,
                 enum tf_reject why);

/* The flow of the SYN that pkt bears out begins, with that SYN: f, as life_begin() wants it. */
void life_begin_with(struct flows *fs, struct flow *f, const struct rival_syn *syn,
                     const struct tf_packet *pkt);

void life_inside(struct flows *fs, struct flow *f, unsigned dir, const struct tf_packet *pkt);

void life_stray(struct flows *fs, struct flow *f, unsigned dir, const struct tf_packet *pkt);
void life_packet(struct flows *fs, struct flow *f, unsigned dir, const struct tf_packet *pkt);

/* Tells END; f stays in its list, ended. */
void life_end(struct flows *fs, struct flow *f, enum tf_end why);

/* The same; keep (or NULL): what a sink wants back should f be heard of again. */
void life_end_with(struct flows *fs, struct flow *f, enum tf_end why, struct tf_keep *keep);

/* -> whether f was closed and then silent for so long that pkt is not of it. Only f's
   own packets count, so this does not depend on what else is in the capture, nor on
   which flows share a worker. */
static inline bool life_has_lingered(const struct flows *fs, const struct flow *f,
                                     const struct tf_packet *pkt)
{
	uint64_t silent = (uint64_t)pkt->ts_ns - (uint64_t)f->pub.last_ns; /* cannot overflow */
	return f->stand.list == FLOW_CLOSED && pkt->ts_ns > f->pub.last_ns &&
	       silent > (uint64_t)fs->linger_ns;
}

/* Tells TURN: the record goes on in another output generation, and f as if nothing was. */
void life_turn(struct flows *fs, struct flow *f);

/* -- flows.c ---------------------------------------------------------------- */

void flows_move(struct flows *fs, struct flow *f, enum flow_list list);

/* -> the flow as it is when it is awake; or NULL: nobody is to hear of it any more. One that is not
   awake lives until the next such call. */
struct flow *flows_show(struct flows *fs, uint32_t ref);

/* Out of the table, and out of memory; it has ended. */
void flows_forget(struct flows *fs, uint32_t ref);

/* Ends a flow, unless it has ended, and forgets it. */
void flows_finish(struct flows *fs, uint32_t ref, enum tf_end why);

/* A checksum was looked at. */
void flows_count_checksum(struct tf_counters *c, const struct tf_packet *pkt, enum checksum what);

/* -> a turn (struct tf_event) behind all packets. Flows come in an order that does not depend on
   which of them share a worker, since no flow's place in its list does. (Unless it was passed for
   memory.) */
uint64_t flows_last_turn(const struct flows *fs, const struct flow *f);

#endif
