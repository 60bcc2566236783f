/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Makes frames for tests: Ethernet, VLAN tags, IPv4 or IPv6, TCP, with right
 * lengths and, unless others are asked for, right checksums.
 */
#ifndef LIB_BUILD_H
#define LIB_BUILD_H

#include <tcpflow/tcpflow.h>

#define BUILD_LINK_TYPE 1     /* LINKTYPE_ETHERNET */
#define BUILD_ROOM      66000 /* room for any frame that build_frame() makes */

/* What stands in the field of TCP's checksum. */
enum build_checksum {
	BUILD_GOOD,
	BUILD_PSEUDO,   /* the sum of the pseudo-header: left to the network card */
	BUILD_SIZELESS, /* the same without the length: a segment that the card will cut up */
	BUILD_ZERO,
	BUILD_BAD /* none of these */
};

struct build {
	struct tf_endpoint src, dst; /* both IPv4 or both IPv6 */
	uint16_t vlan[TF_VLANS];     /* outermost first; 0 ends the list */
	uint32_t seq, ack;
	uint16_t window;
	uint8_t flags;
	uint8_t ttl;     /* 0: 64 */
	uint16_t urgent; /* pointer; the flag is in flags */
	enum build_checksum checksum;
	struct tf_span options; /* at most 40 bytes; filled up to words with zeros */
	struct tf_span payload;
	size_t padding; /* 0xee bytes behind the datagram, as Ethernet pads */
};

/* Writes the frame to to[0, room) -> its length, or 0 when it has no room there
   or is more than IP can carry. */
size_t build_frame(const struct build *b, uint8_t *to, size_t room);

/* Reads an address as people write it -> false when it is none. */
bool build_address(const char *text, struct tf_address *a);

/* An endpoint from a literal; aborts when the text is no address. */
struct tf_endpoint build_endpoint(const char *text, uint16_t port);

#endif
