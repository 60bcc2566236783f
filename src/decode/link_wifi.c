/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 802.11 and the headers about reception that capture tools put before it.
 *
 *	radiotap | Prism | AVS  802.11  [QoS] [HT]  LLC, or A-MSDU: (Ethernet LLC)...
 *
 * A frame that says it is protected is encrypted, unless the card has decrypted it
 * already and left the flag: then LLC and SNAP stand where they would without
 * protection, or behind the 8 bytes of the cipher's header.
 */
#include "decode/layer.h"

/* The first two bytes of 802.11 (IEEE 802.11, 9.2.4.1). */
enum {
	VERSION_BITS = 0x03,
	TYPE_BITS = 0x0c,
	TYPE_DATA = 0x08,
	SUBTYPE_EMPTY = 0x40,
	SUBTYPE_QOS = 0x80,
	BOTH_WAYS = 0x03, /* from an access point to another: four addresses */
	MORE_FRAGMENTS = 0x04,
	PROTECTED = 0x40,
	ORDER = 0x80 /* in QoS frames: HT control follows */
};

enum { SUBFRAME = 14 }; /* bytes before LLC in an A-MSDU */

static bool snap_at(const struct cursor *c, size_t at)
{
	return peek16(c, at) == 0xaaaa && peek16(c, at + 2) == 0x0300;
}

/* What an encrypted frame that is none may begin with, with so many bytes before LLC when
   it was never encrypted -> bytes more than these */
static bool is_decrypted(const struct cursor *c, size_t header, size_t *before)
{
	enum { CIPHER_HEADER = 8 };
	*before = snap_at(c, header) ? 0 : CIPHER_HEADER;
	return snap_at(c, header + *before);
}

static struct next body_next(struct cursor *c, const struct walk *w, uint8_t flags, bool aggregate)
{
	size_t before = 0, header = aggregate ? SUBFRAME : 0;
	if ((flags & PROTECTED) != 0 && !is_decrypted(c, header, &before))
		return end_as(w->cut > 0 && c->n < header + 12 ? FATE_drop_short : FATE_encrypted);
	cursor_skip(c, before);
	return go_to(aggregate ? aggregate_read : llc_read);
}

/* 802.11 (IEEE 802.11, 9.2.3, 9.3.2.1): control, duration, three addresses, sequence
   (whose low bits number fragments), a fourth address, QoS, HT control. */
struct next wifi_read(struct cursor *c, struct walk *w)
{
	size_t before = c->n;
	uint8_t kind = cursor_u8(c);
	uint8_t flags = cursor_u8(c);
	if (c->bad)
		return end_as(FATE_drop_short);
	if ((kind & (VERSION_BITS | TYPE_BITS | SUBTYPE_EMPTY)) != TYPE_DATA)
		return end_as(FATE_not_ip);
	cursor_skip(c, 20);
	uint8_t fragment = cursor_u8(c) & 0x0f;
	cursor_skip(c, 1);
	if ((flags & BOTH_WAYS) == BOTH_WAYS)
		cursor_skip(c, 6);
	uint8_t qos = 0;
	if (kind & SUBTYPE_QOS) {
		qos = cursor_u8(c);
		cursor_skip(c, flags & ORDER ? 5 : 1);
	}
	if (w->padded)
		cursor_skip(c, (4 - (before - c->n) % 4) % 4);
	w->padded = false;
	if (c->bad)
		return end_as(FATE_drop_short);
	if ((flags & MORE_FRAGMENTS) != 0 || fragment != 0)
		return end_as(FATE_link_fragments);
	return body_next(c, w, flags, (qos & 0x80) != 0);
}

/*
 * An A-MSDU subframe (IEEE 802.11, 9.3.2.2.2): Ethernet's header with a length, which
 * is then filled up to a multiple of 4. What stands behind it is kept for decode_more().
 */
struct next aggregate_read(struct cursor *c, struct walk *w)
{
	cursor_skip(c, 12);
	size_t length = cursor_u16(c);
	if (c->bad)
		return end_as(FATE_drop_short);
	size_t padded = ((SUBFRAME + length + 3) & ~(size_t)3) - SUBFRAME;
	if (c->n > padded + SUBFRAME) {
		w->decode->rest = (struct decode_rest){
		        .c = {.p = c->p + padded, .n = c->n - padded},
		        .base = w->base,
		        .position = w->position,
		        .cut = w->cut,
		        .left = (uint8_t)(w->left + 1),
		        .vlans = w->vlans,
		        .nets = w->nets,
		        .marks = w->marks,
		        .extensions = w->extensions,
		};
	}
	walk_bound(w, c, length);
	return go_to(llc_read);
}

/* -- before 802.11 -------------------------------------------------------------------- */

static uint16_t little16(struct cursor *c)
{
	uint16_t v = cursor_u16(c);
	return (uint16_t)(v << 8 | v >> 8);
}

static uint32_t little32(struct cursor *c)
{
	return __builtin_bswap32(cursor_u32(c));
}

/* The flags field of radiotap; c stands behind the length. */
static uint8_t radiotap_flags(struct cursor c)
{
	enum { CLOCK = 1, FLAGS = 2 };
	size_t at = 4;
	uint32_t present = little32(&c), more = present;
	for (at += 4; more >> 31 != 0 && !c.bad; at += 4)
		more = little32(&c);
	if (present & CLOCK) {
		size_t aligned = (at + 7) & ~(size_t)7;
		cursor_skip(&c, aligned + 8 - at);
	}
	return present & FLAGS ? cursor_u8(&c) : 0;
}

/* Radiotap (radiotap.org): version 0, length, which fields there are, the fields. Of
   these the flags matter: a damaged frame, and whether its header is filled up. */
struct next radiotap_read(struct cursor *c, struct walk *w)
{
	enum { HEADER = 4, PADDED = 0x20, DAMAGED = 0x40 };
	uint8_t version = cursor_u8(c);
	cursor_skip(c, 1);
	size_t size = little16(c);
	if (c->bad || size < HEADER + 4 || c->n < size - HEADER)
		return end_as(FATE_drop_short);
	if (version != 0)
		return end_as(FATE_not_ip);
	struct cursor fields = *c;
	cursor_clip(&fields, size - HEADER);
	uint8_t flags = radiotap_flags(fields);
	cursor_skip(c, size - HEADER);
	w->padded = (flags & PADDED) != 0;
	return flags & DAMAGED ? end_as(FATE_drop_damaged) : go_to(wifi_read);
}

/* AVS (LINKTYPE_IEEE802_11_AVS): magic number with version, length. */
struct next avs_read(struct cursor *c, struct walk *w)
{
	(void)w;
	cursor_skip(c, 4);
	size_t size = cursor_u32(c);
	cursor_skip(c, size < 8 ? 0 : size - 8);
	if (c->bad)
		return end_as(FATE_drop_short);
	return size < 8 ? end_as(FATE_not_ip) : go_to(wifi_read);
}

/* Prism (LINKTYPE_IEEE802_11_PRISM): message code, length of all, in the byte order of
   the machine that captured; some drivers write AVS instead. */
struct next prism_read(struct cursor *c, struct walk *w)
{
	enum { AVS = 0x8021100, LENGTH_MOST = 0xffff };
	struct cursor start = *c;
	uint32_t code = cursor_u32(c);
	if (!c->bad && code >> 4 == AVS) {
		*c = start;
		return avs_read(c, w);
	}
	uint32_t size = cursor_u32(c);
	if (size > LENGTH_MOST)
		size = __builtin_bswap32(size);
	cursor_skip(c, size < 8 ? 0 : size - (size_t)8);
	if (c->bad)
		return end_as(FATE_drop_short);
	return size < 8 ? end_as(FATE_not_ip) : go_to(wifi_read);
}
