/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the headers of usual frames look like: for the layers that read them one by one, and
 * for the short way past the layers (usual.c), which must come to the same.
 */
#ifndef DECODE_HEADERS_H
#define DECODE_HEADERS_H

#include "base/cursor.h"
#include "base/sum.h"
#include "decode/decode.h"

#include <string.h>

/* -- Ethernet (IEEE 802.3, 3.1.1; IEEE 802.1Q, 9.6) ------------------------------- */

enum {
	LINK_ETHERNET = 1,   /* LINKTYPE_ETHERNET */
	MAC_ADDRESSES = 12,  /* bytes of them, before the type */
	ETHERNET_HEADER = 14 /* with the type */
};

enum {
	TYPE_IP4 = 0x0800,
	TYPE_IP6 = 0x86dd,
	TYPE_TAG = 0x8100,         /* VLAN, customer */
	TYPE_SERVICE_TAG = 0x88a8, /* VLAN, service */
	VLAN_ID_BITS = 0xfff       /* of a tag's first 16 bits */
};

/* -- IP (RFC 791, 3.1; RFC 8200, 3) ------------------------------------------------ */

enum {
	IP4_HEADER = 20, /* without options */
	IP4_MORE_FRAGMENTS = 0x2000,
	IP4_OFFSET_BITS = 0x1fff, /* in units of 8 bytes */
	IP4_CHECKSUM = 10         /* its place */
};

enum { IP6_HEADER = 40 };
enum { PROTOCOL_TCP = 6 };

/* An IPv4 address as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). In words of 8 bytes, since it is read so
   at once (flow/key.c), and processors are slow to give what was written in smaller pieces. */
static inline void ip4_address(struct cursor *c, struct tf_address *to)
{
	uint32_t address = 0;
	const uint8_t *p = cursor_take(c, sizeof address);
	if (p != NULL)
		memcpy(&address, p, sizeof address);
	uint64_t last = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	                        ? (uint64_t)address << 32 | 0xffff0000
	                        : UINT64_C(0xffff) << 32 | address;
	memset(to->b, 0, sizeof last);
	memcpy(to->b + sizeof last, &last, sizeof last);
}

static inline void ip6_address(struct cursor *c, struct tf_address *to)
{
	const uint8_t *p = cursor_take(c, sizeof to->b);
	if (p != NULL)
		memcpy(to->b, p, sizeof to->b);
}

/* -> whether the checksum of a header without options is right. */
static inline bool ip4_adds_up(const uint8_t *header)
{
	uint64_t a, b;
	uint32_t c;
	memcpy(&a, header, sizeof a);
	memcpy(&b, header + sizeof a, sizeof b);
	memcpy(&c, header + sizeof a + sizeof b, sizeof c);
	return sum_is_ones(sum_add(sum_add(a, b), c));
}

/* -- TCP (RFC 9293, 3.1) ------------------------------------------------------------ */

enum { TCP_HEADER = 20 }; /* without options */

/* The fixed part of a header -> the bytes of all of it. */
static inline size_t tcp_fields(struct cursor h, struct tf_packet *pkt)
{
	pkt->src.port = cursor_u16(&h);
	pkt->dst.port = cursor_u16(&h);
	pkt->seq = cursor_u32(&h);
	pkt->ack = cursor_u32(&h);
	size_t header = (cursor_u8(&h) >> 4) * (size_t)4;
	pkt->flags = cursor_u8(&h);
	pkt->window = cursor_u16(&h);
	cursor_skip(&h, 2); /* checksum */
	pkt->urgent = cursor_u16(&h);
	return header;
}

/* -- the packet ----------------------------------------------------------------------- */

/* No tag, network id or mark so far. */
static inline void packet_clear(struct tf_packet *pkt)
{
	memset(pkt->vlan, 0, sizeof pkt->vlan);
	memset(pkt->net, 0, sizeof pkt->net);
	memset(pkt->marks.kind, 0, sizeof pkt->marks.kind);
}

/* What a packet knows of its frame. */
static inline void packet_frame(struct tf_packet *pkt, const struct tf_frame *frame)
{
	pkt->wire.bytes = frame->bytes;
	pkt->wire.captured = frame->captured;
	pkt->wire.length = frame->length;
	pkt->wire.link_type = frame->link_type;
	pkt->ts_ns = frame->ts_ns;
	pkt->source = frame->source;
	pkt->frame = frame->number;
}

/* What an IPv4 header's checksum has shown. */
enum headers_showed { HEADERS_NOTHING, HEADERS_RIGHT, HEADERS_WRONG };

enum { HEADERS_TRUSTED = 1024 }; /* the balance beyond which right ones say nothing new */

/* Notes it of the frame's source -> whether a wrong one is damage there: see tcp.c. */
bool headers_weigh(struct decode *d, uint32_t source, enum headers_showed what);

/* The same, quick for what most packets show: nothing new. */
static inline bool headers_note(struct decode *d, uint32_t source, enum headers_showed what)
{
	uint32_t slot = source % DECODE_SOURCES;
	if (what != HEADERS_WRONG && d->headers[slot].balance == HEADERS_TRUSTED &&
	    d->headers[slot].source == source)
		return false;
	return headers_weigh(d, source, what);
}

#endif
