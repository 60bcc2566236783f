/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The gate before the receive queue: what a receiver looks at before it looks at the bytes
 * (Linux 6.18, measured; the order is its own).
 *
 *	flags       data or FIN without ACK                     -> rejected
 *	signature   signed (MD5) unlike its connection       -> rejected
 *	timestamp   older than one that was in order (PAWS)      -> rejected
 *	ACK         of what was never sent                       -> rejected
 *	window      beyond what the receiver has offered         -> set aside by reasm/
 *	RST, SYN    inside a connection                          -> life.c
 *
 * A capture does not show all that the receiver knew: packets are missing, stand in another
 * order, or one side was not captured. Each rule therefore says what it must have seen; where
 * it has not, the segment is taken and counted (unjudged_...). What only looks wrong because
 * much was lost is taken as soon as a second segment bears the first one out.
 *
 * Choices not taken: doc/adr/0013.
 */
#ifndef FLOW_GATE_H
#define FLOW_GATE_H

#include "decode/option.h"
#include "model/packet.h"

/* What one side has said of itself. Zeroed: nothing yet. */
struct gate_side {
	uint32_t stamp;   /* its latest timestamp in order (RFC 7323: TS.Recent) */
	uint32_t stamp_s; /* when that came, in seconds */
	uint32_t doubted; /* an ACK that was left out; the next like it is believed */
	uint8_t scale;    /* of its windows, when both sides scale */
	bool said : 1;    /* its SYN was seen with all options; they are: */
	bool scales : 1, stamps : 1, is_signed : 1;
	bool acks : 1;                     /* it has sent an ACK */
	bool doubts : 1, doubted_data : 1; /* there is one; it came with data */
};

/* GATE_PASSES, or an enum tf_reject. */
enum { GATE_PASSES = -1 };

struct flows;
struct flow;

/* pkt, which direction dir of f has sent, is at the gate -> GATE_PASSES, or why the receiver
   does not take it. */
int gate_judge(struct flows *fs, struct flow *f, unsigned dir, const struct tf_packet *pkt);

/* pkt has passed: remembers what later ones are judged by. Of an ACK reasm/ knows already. */
void gate_note_syn(struct flow *f, unsigned dir, const struct tf_packet *pkt);
void gate_note_ack(struct flows *fs, struct flow *f, unsigned dir, const struct tf_packet *pkt);

/* -> what pkt, a SYN, says of its sender. */
struct gate_side gate_syn(const struct tf_packet *pkt);

/* -> the options of pkt's header; none of a header that was cut. */
struct tcp_options gate_options(const struct tf_packet *pkt);

/* -> by how much own's windows are scaled behind the handshake. */
unsigned gate_shift(const struct gate_side *own, const struct gate_side *peer);

/* -> the counter of segments that are rejected for this reason, as its offset. */
size_t gate_counter(enum tf_reject why);

#endif
