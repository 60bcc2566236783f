/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation
 *
 * What it does. A frame is a row of headers, each of which names the next. The
 * link type names the first one; from there decode_frame() calls one layer after
 * the other, each answering with the next (layer.h), until one answers with a
 * fate. FATE_tcp_segments means that the layers have filled in the packet.
 *
 *	frame->bytes                              frame->captured   frame->length
 *	|                                                       |               |
 *	+----------+------+-----------+------+-------------------+ - - - - - - - +
 *	| Ethernet | VLAN | IPv4      | TCP  | payload           | cut           | padding
 *	+----------+------+-----------+------+-------------------+ - - - - - - - +
 *	           pkt->vlan   src, dst   ports
 *
 * Lengths. Only the innermost IP header knows where the packet ends; Ethernet
 * pads short frames, capture tools cut long ones. So each header with a length
 * clips the cursor (walk_bound) and says how much is missing behind it; TCP shares
 * that out as payload and cut.
 *
 * Invariants. I1 to I3 stand in layer.h. No layer reads but through its cursor,
 * and none moves it back.
 *
 * Bounds. No memory. At most HEADERS_MAX headers, TF_VLANS tags and 32 extension
 * headers (drop_too_deep counts what has more); about 25 ns for Ethernet, IPv4, TCP.
 *
 * Choices not taken. A direct path for Ethernet, IPv4 and TCP: three calls through
 * pointers cost less than the cache miss on the frame itself. Checksums are not
 * looked at: captures made on the sending host have none yet.
 */
#include "decode/layer.h"

#include <string.h>

enum { HEADERS_MAX = 16 };

/* A row's index is the LINKTYPE number (tcpdump.org/linktypes.html). 12 and 14 are
   what some systems write instead of 101. */
static const struct link {
	const char *name;
	layer *first;
} links[] = {
        [0] = {"BSD loopback", null_read},
        [1] = {"Ethernet", ethernet_read},
        [12] = {"raw IP", raw_read},
        [14] = {"raw IP", raw_read},
        [101] = {"raw IP", raw_read},
        [108] = {"OpenBSD loopback", null_read},
        [113] = {"Linux cooked v1", cooked_read},
        [228] = {"raw IPv4", ip4_read},
        [229] = {"raw IPv6", ip6_read},
        [276] = {"Linux cooked v2", cooked2_read},
};

static const struct link *find(uint32_t link_type)
{
	return link_type < sizeof links / sizeof *links ? &links[link_type] : NULL;
}

const char *decode_link_name(uint32_t link_type)
{
	const struct link *l = find(link_type);
	return l == NULL ? NULL : l->name;
}

enum fate decode_frame(const struct tf_frame *frame, struct tf_packet *pkt)
{
	const struct link *l = find(frame->link_type);
	if (l == NULL || l->first == NULL)
		return FATE_drop_link_type;

	struct cursor c = {.p = frame->bytes, .n = frame->captured};
	struct walk w = {.frame = frame, .pkt = pkt, .left = HEADERS_MAX};
	if (frame->length > frame->captured)
		w.cut = frame->length - frame->captured;
	memset(pkt->vlan, 0, sizeof pkt->vlan);

	struct next next = go_to(l->first);
	while (next.to != NULL) {
		if (w.left == 0)
			return FATE_drop_too_deep;
		w.left--;
		next = next.to(&c, &w);
	}
	return next.fate;
}
