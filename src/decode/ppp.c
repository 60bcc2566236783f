/* SPDX-License-Identifier: BSD-3-Clause */
/* PPP, and the protocols in it that are followed. */
#include "decode/layer.h"

static layer multilink_read, bridge_read, opaque_read;

/* IANA, "Point-to-Point (PPP) Protocol Field Assignments". */
static const struct row rows[] = {
        {0x0021, ip4_read, "IPv4", "RFC 1332", 0},
        {0x0057, ip6_read, "IPv6", "RFC 5072", 0},
        {0x0281, mpls_read, "MPLS", "RFC 3032, 4", DECAP_mpls},
        {0x0283, mpls_read, "MPLS, multicast", "RFC 3032, 4", DECAP_mpls},
        {0x003d, multilink_read, "multilink, whole packets", "RFC 1990, 3", 0},
        {0x0031, bridge_read, "bridged Ethernet", "RFC 3518, 4.2", 0},
        {0x002d, opaque_read, "compressed TCP headers (counted)", "RFC 1144", 0},
        {0x002f, opaque_read, "TCP headers before compression (counted)", "RFC 1144", 0},
        {0x0053, opaque_read, "encrypted (counted)", "RFC 1968", 0},
        {0x0055, opaque_read, "encrypted, one link (counted)", "RFC 1968", 0},
        {0x00fb, opaque_read, "compressed, one link (counted)", "RFC 1962", 0},
        {0x00fd, opaque_read, "compressed (counted)", "RFC 1962, RFC 3078", 0},
};

const struct table ppp_table = {
        .title = "PPP protocols",
        .hex = 4,
        .row = rows,
        .rows = sizeof rows / sizeof *rows,
};

/* PPP (RFC 1661, 2) with or without the address and control bytes of HDLC framing
   (RFC 1662, 3.1). A protocol number below 256 may be one byte, which is odd then. */
struct next ppp_read(struct cursor *c, struct walk *w)
{
	if (cursor_peek(c, 0) == 0xff)
		cursor_skip(c, 2);
	uint16_t protocol = cursor_u8(c);
	if ((protocol & 1) == 0)
		protocol = (uint16_t)(protocol << 8 | cursor_u8(c));
	if (c->bad)
		return ran_out(w, FATE_drop_short);
	return row_next(w, table_find(&ppp_table, protocol), FATE_not_ip);
}

/* Multilink with long sequence numbers (RFC 1990, 3): followed when beginning and end
   are in one. */
static struct next multilink_read(struct cursor *c, struct walk *w)
{
	(void)w;
	uint32_t flags = cursor_u32(c) >> 30;
	if (c->bad)
		return end_as(FATE_drop_short);
	return flags == 3 ? go_to(ppp_read) : end_as(FATE_link_fragments);
}

/* Bridging (RFC 3518, 4.2): flags, of which the second top one says that a LAN id
   follows, and the kind of MAC, 1 for Ethernet. */
static struct next bridge_read(struct cursor *c, struct walk *w)
{
	(void)w;
	uint8_t flags = cursor_u8(c);
	uint8_t kind = cursor_u8(c);
	cursor_skip(c, flags & 0x40 ? 4 : 0);
	if (c->bad)
		return end_as(FATE_drop_short);
	return kind == 1 ? go_to(ethernet_read) : end_as(FATE_not_ip);
}

static struct next opaque_read(struct cursor *c, struct walk *w)
{
	(void)c, (void)w;
	return end_as(FATE_encrypted);
}
