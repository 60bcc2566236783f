/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP's checksum (RFC 9293, 3.1): what a segment's own says, and what those before it in
 * its direction have shown.
 *
 * Where a packet is captured on the machine that sends it, the checksum is often not made
 * yet: the field holds the sum of the pseudo-header, for the network card to go on with
 * (Linux: CHECKSUM_PARTIAL; BSD, Windows), that without the length (segments that the card
 * will cut up), or 0. Linux leaves it so in segments that it has joined on reception, too.
 *
 * Captures whose addresses or bytes were rewritten may have wrong checksums everywhere. So
 * a wrong one means something only where right ones have been seen.
 */
#ifndef FLOW_CHECKSUM_H
#define FLOW_CHECKSUM_H

#include "model/packet.h"

enum checksum {
	CHECKSUM_GOOD,
	CHECKSUM_OFFLOADED, /* not made yet */
	CHECKSUM_BAD,
	CHECKSUM_UNKNOWN /* not all that it covers is known: cut by the snaplen, or routed to
	                    an address that is not */
};

/* What one direction has shown. Zeroed: nothing yet. */
struct checksums {
	int8_t balance;  /* how far good ones outweigh bad ones, or CHECKSUMS_BELIEVED */
	bool offloading; /* there was one that was not made yet */
};

/* A good or offloaded one counts as much as so many bad ones before it. Random fields look
   offloaded, or are right, once in 16,000 times: that alone must not make a direction
   believed in which all others are wrong. */
enum { CHECKSUMS_GOOD_WEIGHT = 16, CHECKSUMS_BELIEVED = INT8_MAX };

/* -> what pkt's checksum is. When the direction is offloading, a field that looks offloaded is
   taken for that without a look at the payload; elsewhere it may be right by chance. */
enum checksum checksum_of(const struct tf_packet *pkt, bool offloading);

/* A segment of the direction was taken. */
void checksums_note(struct checksums *c, enum checksum what);

/* -> whether the direction has shown that a bad one is damage. */
static inline bool checksums_believed(const struct checksums *c)
{
	return c->balance == CHECKSUMS_BELIEVED;
}

#endif
