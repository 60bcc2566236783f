/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP: the end of the way, where the packet is filled in. */
#include "decode/layer.h"

/* No window is larger (RFC 7323, 2.3), so no receiver takes a longer segment; and
   whoever counts in 32-bit sequence numbers need not fear a wire length that lies. */
#define PAYLOAD_MAX ((size_t)1 << 30)

/* Damage is rare: a wrong header stands for it where at least ENOUGH right ones came before, and
   for each wrong one before that up to WRONG more. */
enum { ENOUGH = 64, WRONG = 256, LEAST = -16 * WRONG };

/* Captures some of whose addresses were changed afterwards have many wrong ones. */
bool headers_weigh(struct decode *d, uint32_t source, enum headers_showed what)
{
	uint32_t slot = source % DECODE_SOURCES;
	int16_t *balance = &d->headers[slot].balance;
	if (d->headers[slot].source != source) {
		d->headers[slot].source = source;
		*balance = 0;
	}
	bool trusted = *balance >= ENOUGH;
	if (what == HEADERS_WRONG)
		*balance = (int16_t)(*balance - WRONG > LEAST ? *balance - WRONG : LEAST);
	else if (what == HEADERS_RIGHT && *balance < HEADERS_TRUSTED)
		(*balance)++;
	return what == HEADERS_WRONG && trusted;
}

/* A wrong header counts, whatever others around it or in it show. */
static enum headers_showed showed(const struct walk *w)
{
	return w->misheaded ? HEADERS_WRONG : w->headed ? HEADERS_RIGHT : HEADERS_NOTHING;
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
	if (wire < TCP_HEADER)
		return end_as(FATE_drop_bad_tcp);

	struct cursor h = cursor_header(c, TCP_HEADER);
	if (c->bad)
		return end_as(FATE_drop_short);
	size_t header = tcp_fields(h, pkt);
	if (header < TCP_HEADER || header > wire || wire - header > PAYLOAD_MAX)
		return end_as(FATE_drop_bad_tcp);

	cursor_skip(c, header - TCP_HEADER); /* cut options leave the cursor at the end */
	pkt->header = c->bad ? 0 : (uint8_t)header;
	pkt->payload = (struct tf_span){.p = c->p, .n = c->n};
	pkt->cut = (uint32_t)(wire - header - c->n);
	pkt->misheaded = w->misheaded;
	pkt->suspicious = headers_note(w->decode, w->frame->source, showed(w));
	packet_frame(pkt, w->frame);
	pkt->position = w->position + (uint64_t)(c->p - w->base);
	return end_as(FATE_tcp_segments);
}
