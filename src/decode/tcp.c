/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP: the end of the way, where the packet is filled in. */
#include "decode/layer.h"

enum { HEADER_MIN = 20 };

/* No window is larger (RFC 7323, 2.3), so no receiver takes a longer segment; and
   whoever counts in 32-bit sequence numbers need not fear a wire length that lies. */
#define PAYLOAD_MAX ((size_t)1 << 30)

/* Damage is rare: a wrong header stands for it where at least ENOUGH right ones came before, and
   for each wrong one before that up to WRONG more. */
enum { ENOUGH = 64, MOST = 1024, WRONG = 256, LEAST = -16 * WRONG };

/* -> whether the packet's source has shown so far that a wrong IPv4 header is damage: captures
   some of whose addresses were changed afterwards have many. */
static __attribute__((noinline)) bool weigh_headers(struct walk *w, uint32_t source, uint32_t slot)
{
	int16_t *balance = &w->decode->headers[slot].balance;
	if (w->decode->headers[slot].source != source) {
		w->decode->headers[slot].source = source;
		*balance = 0;
	}
	bool trusted = *balance >= ENOUGH;
	if (w->misheaded)
		*balance = (int16_t)(*balance - WRONG > LEAST ? *balance - WRONG : LEAST);
	else if (w->headed && *balance < MOST)
		(*balance)++;
	return w->misheaded && trusted;
}

/* Most packets show nothing new. */
static bool is_suspicious(struct walk *w)
{
	uint32_t source = w->frame->source, slot = source % DECODE_SOURCES;
	if (!w->misheaded && w->decode->headers[slot].balance == MOST &&
	    w->decode->headers[slot].source == source)
		return false;
	return weigh_headers(w, source, slot);
}

/*
 * TCP (RFC 9293, 3.1). What IP left of the packet is header and payload; the snaplen
 * may have cut off any of it. Without its fixed header a segment says nothing, but it
 * can do without its options.
 */
struct next tcp_read(struct cursor *c, struct walk *w)
{
	struct tf_packet *pkt = w->pkt;
	size_t wire = c->n + w->cut;
	if (wire < HEADER_MIN)
		return end_as(FATE_drop_bad_tcp);

	struct cursor h = cursor_header(c, HEADER_MIN);
	if (c->bad)
		return end_as(FATE_drop_short);
	pkt->src.port = cursor_u16(&h);
	pkt->dst.port = cursor_u16(&h);
	pkt->seq = cursor_u32(&h);
	pkt->ack = cursor_u32(&h);
	size_t header = (cursor_u8(&h) >> 4) * (size_t)4;
	pkt->flags = cursor_u8(&h);
	pkt->window = cursor_u16(&h);
	cursor_skip(&h, 2); /* checksum */
	pkt->urgent = cursor_u16(&h);
	if (header < HEADER_MIN || header > wire || wire - header > PAYLOAD_MAX)
		return end_as(FATE_drop_bad_tcp);

	cursor_skip(c, header - HEADER_MIN); /* cut options leave the cursor at the end */
	pkt->header = c->bad ? 0 : (uint8_t)header;
	pkt->payload = (struct tf_span){.p = c->p, .n = c->n};
	pkt->cut = (uint32_t)(wire - header - c->n);
	pkt->misheaded = w->misheaded;
	pkt->suspicious = is_suspicious(w);
	pkt->wire.bytes = w->frame->bytes;
	pkt->wire.captured = w->frame->captured;
	pkt->wire.length = w->frame->length;
	pkt->wire.link_type = w->frame->link_type;
	pkt->ts_ns = w->frame->ts_ns;
	pkt->source = w->frame->source;
	pkt->frame = w->frame->number;
	pkt->position = w->position + (uint64_t)(c->p - w->base);
	return end_as(FATE_tcp_segments);
}
