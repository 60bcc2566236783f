/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the packets of a connection have shown: tf_flow.showed, as facts that
 * tf_conn_state() goes by, and tf_flow.history, as letters in the order in which they
 * showed. Both are those of Zeek's conn.log (docs.zeek.org, base/protocols/conn/main.zeek).
 *
 * Letters tell of each segment with a good checksum, facts of what its receiver took. Neither
 * touches more than one flow, and most packets show nothing new: those cost one comparison.
 */
#ifndef FLOW_HISTORY_H
#define FLOW_HISTORY_H

#include "model/packet.h"

struct flow;

/* What is told again when it has happened 10, 100, 1000 and 10000 times. */
enum history_often { HISTORY_CHECKSUM, HISTORY_GAP, HISTORY_AGAIN, HISTORY_WINDOW, HISTORY_OFTEN };

struct history {
	uint8_t noted[2];                 /* letters that each side has, as bits */
	uint16_t times[2][HISTORY_OFTEN]; /* up to UINT16_MAX */
};

/* f's first packet: who has opened f, as far as it tells. */
void history_begin(struct flow *f, const struct tf_packet *pkt);

/* A packet that direction dir of f has sent; taken: its receiver took it. */
void history_packet(struct flow *f, unsigned dir, const struct tf_packet *pkt, bool taken);

/* One of those happened to what direction dir has sent. */
void history_again(struct flow *f, unsigned dir, enum history_often what);

#endif
