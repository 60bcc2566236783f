/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation
 *
 * What it does. Nearly all frames are Ethernet, perhaps with a VLAN tag or two, IPv4 without
 * options or IPv6 without extension headers, and TCP, and hold all of it. Which headers stand
 * where then needs no finding out: a few comparisons show that nothing else is there, and the
 * packet is filled in from where everything has its place.
 *
 *	frame->bytes                              segment (of what IP says)
 *	|                                         |
 *	+----------+---------+------------------+-+------------------+---------+
 *	| Ethernet | 0 to 2  | IPv4, 20 bytes,  | TCP, with options  | payload | padding
 *	|          | tags    | or IPv6, 40      |                    |         |
 *	+----------+---------+------------------+--------------------+---------+
 *
 * Whatever does not look so goes through the layers (decode.c), from its first byte on, and so
 * does what is damaged in the least: this way knows no fate but that of a TCP segment.
 *
 * Invariants
 *	U1  What it makes of a frame is what the layers make of it: each field, and what the
 *	    decoder remembers. tests/unit/decode/usual.c and fuzz_decode.c compare the two.
 *	U2  It remembers nothing before it is certain that the frame is usual.
 *
 * Bounds. Less than half of the instructions that the layers take (ADR 34).
 *
 * Choices not taken. More kinds of headers, each of which would have to be held against the
 * layers; a program made for what a capture has most of (ADR 34).
 */
#include "decode/headers.h"

enum { TAGS_MOST = 2 };

static bool is_tag(uint16_t type)
{
	return type == TYPE_TAG || type == TYPE_SERVICE_TAG;
}

/* The tags behind Ethernet's header -> the type behind the last of them; *c is bad, or the type
   that of another tag, when they are not usual. */
static inline uint16_t take_tags(struct cursor *c, uint16_t type, bool kept, struct tf_packet *pkt)
{
	unsigned ids = 0;
	for (unsigned i = 0; i < TAGS_MOST && is_tag(type); i++) {
		uint16_t id = cursor_u16(c) & VLAN_ID_BITS;
		type = cursor_u16(c);
		if (id != 0 && kept)
			pkt->vlan[ids++] = id;
	}
	return type;
}

/* -> the segment's bytes as IP says, behind the header that was taken; 0: not usual. No segment
   is shorter than TCP's header. */
static inline size_t take_ip4(struct cursor *c, struct tf_packet *pkt, enum headers_showed *what)
{
	struct cursor h = cursor_header(c, IP4_HEADER);
	if (h.p == NULL)
		return 0;
	const uint8_t *start = h.p;
	uint8_t version_size = cursor_u8(&h);
	cursor_skip(&h, 1); /* type of service */
	uint16_t total = cursor_u16(&h);
	cursor_skip(&h, 2); /* identification */
	uint16_t fragment = cursor_u16(&h);
	pkt->ttl = cursor_u8(&h);
	uint8_t protocol = cursor_u8(&h);
	uint16_t checksum = cursor_u16(&h);
	if (version_size != (4 << 4 | IP4_HEADER / 4) || protocol != PROTOCOL_TCP ||
	    (fragment & (IP4_MORE_FRAGMENTS | IP4_OFFSET_BITS)) != 0 || total < IP4_HEADER ||
	    checksum == 0 || !ip4_adds_up(start))
		return 0;
	ip4_address(&h, &pkt->src.address);
	ip4_address(&h, &pkt->dst.address);
	*what = HEADERS_RIGHT;
	return total - (size_t)IP4_HEADER;
}

static inline size_t take_ip6(struct cursor *c, struct tf_packet *pkt)
{
	struct cursor h = cursor_header(c, IP6_HEADER);
	if (h.p == NULL)
		return 0;
	uint8_t version = cursor_u8(&h) >> 4;
	cursor_skip(&h, 3); /* traffic class, flow label */
	uint16_t length = cursor_u16(&h);
	uint8_t protocol = cursor_u8(&h);
	pkt->ttl = cursor_u8(&h);
	if (version != 6 || protocol != PROTOCOL_TCP)
		return 0;
	ip6_address(&h, &pkt->src.address);
	ip6_address(&h, &pkt->dst.address);
	return length;
}

/* The segment of n bytes, behind IP -> whether it is usual. */
static inline bool take_tcp(struct cursor *c, size_t n, struct tf_packet *pkt)
{
	struct cursor segment = cursor_header(c, n), start = segment;
	struct cursor h = cursor_header(&start, TCP_HEADER);
	if (h.p == NULL)
		return false;
	size_t header = tcp_fields(h, pkt);
	if (header < TCP_HEADER || header > segment.n)
		return false;
	cursor_skip(&segment, header);
	pkt->header = (uint8_t)header;
	pkt->payload = (struct tf_span){.p = segment.p, .n = segment.n};
	return true;
}

enum fate decode_frame(struct decode *d, const struct tf_frame *frame, struct tf_packet *pkt)
{
	struct cursor c = {.p = frame->bytes, .n = frame->captured};
	enum headers_showed what = HEADERS_NOTHING;
	if (frame->link_type != LINK_ETHERNET || c.n < ETHERNET_HEADER)
		return decode_layers(d, frame, pkt);
	cursor_skip(&c, MAC_ADDRESSES);
	uint16_t type = cursor_u16(&c);
	packet_clear(pkt);
	if (is_tag(type))
		type = take_tags(&c, type, !d->key5, pkt);
	size_t segment = type == TYPE_IP4   ? take_ip4(&c, pkt, &what)
	                 : type == TYPE_IP6 ? take_ip6(&c, pkt)
	                                    : 0;
	if (!take_tcp(&c, segment, pkt))
		return decode_layers(d, frame, pkt);
	d->rest.c.p = NULL;
	pkt->cut = 0;
	pkt->detour = 0;
	pkt->astray = pkt->misheaded = pkt->suspicious = false;
	(void)headers_note(d, frame->source, what); /* not wrong, so nothing is suspicious */
	pkt->position = frame->position + (uint64_t)(pkt->payload.p - frame->bytes);
	packet_frame(pkt, frame);
	return FATE_tcp_segments;
}
