/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the layers of the decoder share. A layer is a function that reads one
 * header from the cursor and answers with the layer behind it, or with what
 * becomes of the frame. Layers find one another through three tables:
 *
 *	link types      decode.c   by LINKTYPE number
 *	ethertypes      ether.c    by EtherType
 *	IP protocols    ip.c       by protocol number
 *
 * To add a link type or a tunnel: write its function in a file beside the others,
 *
 *	// X over Y (RFC nnnn, section): two bytes of flags, then an EtherType.
 *	struct next x_read(struct cursor *c, struct walk *w)
 *	{
 *		cursor_skip(c, 2);
 *		uint16_t type = cursor_u16(c);
 *		return c->bad ? ran_out(w, FATE_not_ip) : ethertype_next(type);
 *	}
 *
 * name it in the list below, and give it a row in the table that leads to it. The
 * test is a row of tests/unit/decode/frames.h, which every truncation is tried on.
 */
#ifndef DECODE_LAYER_H
#define DECODE_LAYER_H

#include "base/cursor.h"
#include "decode/decode.h"

/*
 * One frame on its way through the layers.
 *
 * I1  The bytes of the innermost packet known so far, from the cursor on, are
 *     the cursor's n and behind them `cut` more that were not captured.
 * I2  vlans <= TF_VLANS, and pkt->vlan[vlans..] are 0.
 * I3  Each call of a layer lowers `left`, or raises `vlans` or `extensions`,
 *     which have limits of their own: so every frame comes to an end.
 */
struct walk {
	const struct tf_frame *frame;
	struct tf_packet *pkt;
	size_t cut;
	uint8_t left;       /* headers that may still follow */
	uint8_t vlans;      /* ids in pkt->vlan */
	uint8_t extensions; /* IPv6 extension headers passed */
	bool ip6;           /* the innermost IP header is IPv6 */
	bool sizeless;      /* and its payload length is 0 */
};

/* A layer's answer: the layer to go on with or, when that is NULL, the fate. */
struct next;
typedef struct next layer(struct cursor *c, struct walk *w);
struct next {
	layer *to;
	enum fate fate;
};

static inline struct next go_to(layer *to)
{
	return (struct next){.to = to};
}

static inline struct next end_as(enum fate fate)
{
	return (struct next){.fate = fate};
}

/* The answer when a header ran past the cursor's end: the snaplen's doing, or, when
   nothing was cut off, what a header around it said of its length. */
static inline struct next ran_out(const struct walk *w, enum fate otherwise)
{
	return end_as(w->cut > 0 ? FATE_drop_short : otherwise);
}

/* Says that the packet has n bytes from here on, whatever else the frame holds:
   what follows is padding, what is missing was cut off. */
static inline void walk_bound(struct walk *w, struct cursor *c, size_t n)
{
	w->cut = n > c->n ? n - c->n : 0;
	cursor_clip(c, n);
}

/* -- tables ---------------------------------------------------------------- */

/* What an EtherType (0x0600 and up) leads to. */
struct next ethertype_next(uint16_t type);

/* What a field that is an EtherType or an IEEE 802.3 length leads to. */
struct next type_or_length_next(struct cursor *c, struct walk *w, uint16_t field);

/* What an IP protocol number, or IPv6 next header, leads to. */
struct next protocol_next(const struct walk *w, uint8_t protocol);

/* -- layers ---------------------------------------------------------------- */

/* ether.c */
layer ethernet_read;
layer vlan_read;
layer llc_read;

/* link.c */
layer null_read;
layer raw_read;
layer cooked_read;
layer cooked2_read;

/* ip.c, ip6.c */
layer ip4_read;
layer ip6_read;
layer hop_by_hop_read;
layer extension_read;
layer authentication_read;
layer fragment_read;

/* tcp.c */
layer tcp_read;

#endif
