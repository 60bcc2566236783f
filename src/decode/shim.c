/* SPDX-License-Identifier: BSD-3-Clause */
/* Headers that stand between Ethernet and IP, besides VLAN tags and MPLS. */
#include "decode/layer.h"

/* The usual end of such a header: an EtherType. */
static struct next then_type(struct cursor *c, struct walk *w)
{
	uint16_t type = cursor_u16(c);
	return c->bad ? end_as(FATE_drop_short) : type_or_length_next(c, w, type);
}

/* 802.1ah backbone service instance tag (IEEE 802.1Q, 9.7): flags and 24 bits of id,
   then the customer's whole frame. */
struct next backbone_read(struct cursor *c, struct walk *w)
{
	(void)w;
	cursor_skip(c, 4);
	return c->bad ? end_as(FATE_drop_short) : go_to(ethernet_read);
}

/* 802.1BR E-Tag (IEEE 802.1BR, 7.5): priority and three channel ids, 6 bytes. */
struct next bridge_tag_read(struct cursor *c, struct walk *w)
{
	cursor_skip(c, 6);
	return then_type(c, w);
}

/* VN-Tag: direction and two virtual interfaces, 4 bytes. */
struct next fabric_tag_read(struct cursor *c, struct walk *w)
{
	cursor_skip(c, 4);
	return then_type(c, w);
}

/* HSR tag (IEC 62439-3, 5.4): path and size, sequence number. */
struct next redundancy_read(struct cursor *c, struct walk *w)
{
	cursor_skip(c, 4);
	return then_type(c, w);
}

/* TRILL (RFC 6325, 3.1): version 0, length of the options in units of 4 bytes, hop
   count, two nicknames; then the inner frame. */
struct next trill_read(struct cursor *c, struct walk *w)
{
	(void)w;
	uint16_t flags = cursor_u16(c);
	cursor_skip(c, 4 + (flags >> 6 & 0x1f) * (size_t)4);
	if (c->bad)
		return end_as(FATE_drop_short);
	return flags >> 14 == 0 ? go_to(ethernet_read) : end_as(FATE_tunnel_unknown);
}

/* MACsec (IEEE 802.1AE, 9.3): flags, short length, packet number, channel when flag SC
   is set. Flags E and C: the data is encrypted, or at least changed. The check value
   at the end counts as padding. */
struct next macsec_read(struct cursor *c, struct walk *w)
{
	enum { VERSION = 0x80, CHANNEL = 0x20, ENCRYPTED = 0x08, CHANGED = 0x04 };
	uint8_t flags = cursor_u8(c);
	cursor_skip(c, 5 + (flags & CHANNEL ? 8 : 0));
	if (c->bad)
		return end_as(FATE_drop_short);
	if (flags & VERSION)
		return end_as(FATE_tunnel_unknown);
	if (flags & (ENCRYPTED | CHANGED))
		return end_as(FATE_encrypted);
	return then_type(c, w);
}

/* Cisco metadata: version, length of the options in units of 4 bytes, the options (of
   which the security group tag is one). */
struct next metadata_read(struct cursor *c, struct walk *w)
{
	cursor_skip(c, 1);
	size_t units = cursor_u8(c);
	cursor_skip(c, units * 4);
	return then_type(c, w);
}

static const struct row services[] = {
        {1, ip4_read, "IPv4", "RFC 8300, 2.2", 0},
        {2, ip6_read, "IPv6", "RFC 8300, 2.2", 0},
        {3, ethernet_read, "Ethernet", "RFC 8300, 2.2", 0},
        {4, service_read, "NSH", "RFC 8300, 2.2", DECAP_nsh},
        {5, mpls_read, "MPLS", "RFC 8300, 2.2", DECAP_mpls},
};

const struct table service_table = {
        .title = "Next protocols of NSH and VXLAN-GPE",
        .row = services,
        .rows = sizeof services / sizeof *services,
};

struct next service_next(const struct walk *w, uint8_t protocol)
{
	return row_next(w, table_find(&service_table, protocol), FATE_tunnel_unknown);
}

/* Network service header (RFC 8300, 2): version 0, length in units of 4 bytes, kind of
   metadata, next protocol, path, metadata. */
struct next service_read(struct cursor *c, struct walk *w)
{
	uint16_t flags = cursor_u16(c);
	cursor_skip(c, 1);
	uint8_t protocol = cursor_u8(c);
	size_t size = (flags & 0x3f) * (size_t)4;
	if (c->bad)
		return end_as(FATE_drop_short);
	if (flags >> 14 != 0 || size < 8)
		return end_as(FATE_tunnel_unknown);
	cursor_skip(c, size - 4);
	return c->bad ? end_as(FATE_drop_short) : service_next(w, protocol);
}

/* PPP over Ethernet (RFC 2516, 4 and 6; LINKTYPE_PPP_ETHER): version and type 1, code 0
   for a session, its id, length. */
struct next pppoe_read(struct cursor *c, struct walk *w)
{
	uint16_t kind = cursor_u16(c);
	cursor_skip(c, 2);
	uint16_t length = cursor_u16(c);
	if (c->bad)
		return end_as(FATE_drop_short);
	if (kind != 0x1100)
		return end_as(FATE_not_ip);
	walk_bound(w, c, length);
	return go_to(ppp_read);
}
