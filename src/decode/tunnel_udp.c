/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tunnels in UDP. A port is a custom, not a promise: what does not look like the
 * tunnel that the port stands for is an ordinary UDP packet, not_tcp.
 */
#include "decode/layer.h"

static layer vxlan_read, vxlan_gpe_read, geneve_read, gtp_read, l2tp_read, teredo_read, capwap_read,
        lisp_read, udp_mpls_read, udp_esp_read;

/* The usual ports (IANA, "Service Names and Port Numbers", where it is not said). */
static const struct row rows[] = {
        {4789, vxlan_read, "VXLAN", "RFC 7348, 5", DECAP_vxlan},
        {8472, vxlan_read, "VXLAN (Linux's old port), OTV", "Linux", DECAP_vxlan},
        {4790, vxlan_gpe_read, "VXLAN-GPE", "draft-ietf-nvo3-vxlan-gpe, 3", DECAP_vxlan_gpe},
        {6081, geneve_read, "GENEVE", "RFC 8926, 3", DECAP_geneve},
        {2152, gtp_read, "GTP-U", "3GPP TS 29.281, 5", DECAP_gtp},
        {1701, l2tp_read, "L2TP version 2 and 3", "RFC 2661, 3.1; RFC 3931, 4.1.2", DECAP_l2tp},
        {3544, teredo_read, "Teredo", "RFC 4380, 5.1.1", DECAP_teredo},
        {5247, capwap_read, "CAPWAP data", "RFC 5415, 4", DECAP_capwap},
        {4341, lisp_read, "LISP data", "RFC 9300, 5", DECAP_lisp},
        {6635, udp_mpls_read, "MPLS", "RFC 7510, 3", DECAP_mpls},
        {4500, udp_esp_read, "ESP", "RFC 3948, 2", DECAP_esp},
};

const struct table udp_table = {
        .title = "UDP ports",
        .row = rows,
        .rows = sizeof rows / sizeof *rows,
};

static const struct row *tunnel_of(const struct decode *d, uint16_t port)
{
	for (unsigned i = 0; i < d->ports; i++) {
		if (d->port[i] == port)
			return d->tunnel[i];
	}
	return NULL;
}

/* UDP (RFC 768): ports, length, checksum. The receiver's port counts first: senders of
   VXLAN and the like choose theirs by a hash. */
struct next udp_read(struct cursor *c, struct walk *w)
{
	uint16_t from = cursor_u16(c);
	uint16_t to = cursor_u16(c);
	uint16_t length = cursor_u16(c);
	cursor_skip(c, 2);
	if (c->bad)
		return ran_out(w, FATE_not_tcp);
	const struct row *r = tunnel_of(w->decode, to);
	if (r == NULL)
		r = tunnel_of(w->decode, from);
	if (r == NULL || is_closed(w, r->decap))
		return end_as(FATE_not_tcp);
	if (length >= 8)
		walk_shrink(w, c, length - (size_t)8);
	return go_to(r->to);
}

/* -- networks over networks ---------------------------------------------------------- */

/* VXLAN (RFC 7348, 5): flags, of which I says that the network id counts, group policy
   (draft-smith-vxlan-group-policy), id; then Ethernet. */
static struct next vxlan_read(struct cursor *c, struct walk *w)
{
	uint32_t flags = cursor_u32(c);
	uint32_t id = cursor_u32(c);
	if (c->bad)
		return ran_out(w, FATE_not_tcp);
	if ((flags >> 24 & 0x7f) != 0x08 || (id & 0xff) != 0)
		return end_as(FATE_not_tcp);
	return add_net(w, TF_NET_VXLAN, id >> 8) ? go_to(ethernet_read)
	                                         : end_as(FATE_drop_too_deep);
}

/* VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe, 3): flags with version 0; I says that the network
   id counts, P that a next protocol stands in the fourth byte. */
static struct next vxlan_gpe_read(struct cursor *c, struct walk *w)
{
	enum { RESERVED = 0xc0, VERSION = 0x30, INSTANCE = 0x08, PROTOCOL = 0x04 };
	uint32_t word = cursor_u32(c);
	uint32_t id = cursor_u32(c);
	if (c->bad)
		return ran_out(w, FATE_not_tcp);
	uint8_t flags = (uint8_t)(word >> 24);
	if ((flags & (RESERVED | VERSION)) != 0 || (flags & (INSTANCE | PROTOCOL)) == 0 ||
	    (id & 0xff) != 0)
		return end_as(FATE_not_tcp);
	if ((flags & INSTANCE) != 0 && !add_net(w, TF_NET_VXLAN, id >> 8))
		return end_as(FATE_drop_too_deep);
	return flags & PROTOCOL ? service_next(w, word & 0xff) : go_to(ethernet_read);
}

/* GENEVE (RFC 8926, 3.4): version 0 and length of the options in units of 4 bytes,
   flags, EtherType, network id. */
static struct next geneve_read(struct cursor *c, struct walk *w)
{
	uint8_t first = cursor_u8(c);
	uint8_t flags = cursor_u8(c);
	uint16_t type = cursor_u16(c);
	uint32_t id = cursor_u32(c);
	cursor_skip(c, (first & 0x3f) * (size_t)4);
	if (c->bad)
		return ran_out(w, FATE_not_tcp);
	if (first >> 6 != 0 || (flags & 0x3f) != 0 || (id & 0xff) != 0)
		return end_as(FATE_not_tcp);
	if (!add_net(w, TF_NET_GENEVE, id >> 8))
		return end_as(FATE_drop_too_deep);
	if (type == 0x6558)
		return go_to(ethernet_read);
	return row_next(w, table_find(&ethertype_table, type), FATE_not_tcp);
}

/* MPLS in UDP (RFC 7510, 3): labels, and something known behind them. */
static struct next udp_mpls_read(struct cursor *c, struct walk *w)
{
	struct next next = mpls_read(c, w);
	return next.to != NULL ? next : ran_out(w, FATE_not_tcp);
}

/* LISP data (RFC 9300, 5.1): 8 bytes, then IP. */
static struct next lisp_read(struct cursor *c, struct walk *w)
{
	cursor_skip(c, 8);
	return !c->bad && ip_at(c, w, 0) ? version_next(c, w, FATE_not_tcp)
	                                 : ran_out(w, FATE_not_tcp);
}

/* -- mobile networks, access networks --------------------------------------------------- */

/* A T-PDU is what the user sent: IP, PPP or Ethernet, as the session was set up. */
static struct next user_next(const struct cursor *c, const struct walk *w)
{
	if (ip_at(c, w, 0))
		return version_next(c, w, FATE_not_tcp);
	if (peek16(c, 0) == 0xff03)
		return go_to(ppp_read);
	return ethernet_at(c, 0) ? go_to(ethernet_read) : ran_out(w, FATE_not_tcp);
}

/* GTP-U (3GPP TS 29.281, 5.1 and 5.2): version 1 and flags, type (255 carries a packet),
   length, tunnel; with any of the flags E, S, PN, 4 more bytes, of which the last, with
   E, names an extension header: length in units of 4 bytes, contents, next one. */
static struct next gtp_read(struct cursor *c, struct walk *w)
{
	enum { EXTENDED = 0x04, OPTIONAL = 0x07 };
	uint8_t flags = cursor_u8(c);
	uint8_t type = cursor_u8(c);
	uint16_t length = cursor_u16(c);
	uint32_t tunnel = cursor_u32(c);
	if (c->bad)
		return ran_out(w, FATE_not_tcp);
	if ((flags & 0xf0) != 0x30 || type != 255)
		return end_as(FATE_not_tcp);
	add_mark(w, TF_MARK_GTP, tunnel);
	walk_shrink(w, c, length);
	uint8_t extension = 0;
	if ((flags & OPTIONAL) != 0) {
		cursor_skip(c, 3);
		extension = cursor_u8(c);
	}
	if ((flags & EXTENDED) == 0) {
		extension = 0;
	}
	while (extension != 0 && !c->bad) {
		size_t units = cursor_u8(c);
		if (units == 0)
			break;
		cursor_skip(c, units * 4 - 2);
		extension = cursor_u8(c);
	}
	return c->bad || extension != 0 ? ran_out(w, FATE_not_tcp) : user_next(c, w);
}

/* L2TP version 2 (RFC 2661, 3.1): length, ids, sequence numbers, offset, as the flags
   say. Version 3 (RFC 3931, 4.1.2.1): two reserved bytes, session id, and so on. */
static struct next l2tp_read(struct cursor *c, struct walk *w)
{
	enum { CONTROL = 0x8000, LENGTH = 0x4000, SEQUENCE = 0x0800, OFFSET = 0x0200 };
	enum { RESERVED = 0x34f0, VERSION = 0x000f };
	uint16_t flags = cursor_u16(c);
	if (c->bad)
		return ran_out(w, FATE_not_tcp);
	if ((flags & (CONTROL | RESERVED)) != 0)
		return end_as(FATE_not_tcp);
	if ((flags & VERSION) == 3) {
		cursor_skip(c, 2);
		return c->bad ? ran_out(w, FATE_not_tcp) : go_to(l2tp3_read);
	}
	if ((flags & VERSION) != 2)
		return end_as(FATE_not_tcp);
	size_t optional = (flags & LENGTH ? 2U : 0) + (flags & SEQUENCE ? 4U : 0);
	cursor_skip(c, optional + 4);
	if (flags & OFFSET)
		cursor_skip(c, cursor_u16(c));
	return c->bad ? ran_out(w, FATE_not_tcp) : go_to(ppp_read);
}

/* Teredo (RFC 4380, 5.1.1): authentication (0001, sizes of client id and value, these,
   nonce, confirmation) and origin (0000, port, address) may stand before IPv6. */
static struct next teredo_read(struct cursor *c, struct walk *w)
{
	if (c->n >= 4 && peek16(c, 0) == 0x0001) {
		size_t sizes = cursor_peek(c, 2) + (size_t)cursor_peek(c, 3);
		cursor_skip(c, 4 + sizes + 9);
	}
	if (c->n >= 2 && peek16(c, 0) == 0x0000)
		cursor_skip(c, 8);
	bool ip6 = cursor_peek(c, 0) >> 4 == 6 && ip_at(c, w, 0);
	return !c->bad && ip6 ? go_to(ip6_read) : ran_out(w, FATE_not_tcp);
}

/* 802.11 in CAPWAP: many access points write the two bytes of frame control in the
   wrong order, which shows: one of them says that it is a data frame. */
static struct next native_read(struct cursor *c, struct walk *w)
{
	bool right = (cursor_peek(c, 0) & 0x0f) == 0x08;
	bool swapped = !right && (cursor_peek(c, 1) & 0x0f) == 0x08;
	if (!swapped)
		return wifi_read(c, w);
	enum { HEADER = 24, ADDRESSES = 4 };
	uint8_t kind = cursor_peek(c, 1), flags = cursor_peek(c, 0);
	if ((flags & 0x40) != 0)
		return end_as(FATE_encrypted);
	bool four = (flags & 0x03) == 0x03;
	cursor_skip(c, (size_t)HEADER + (four ? 6 : 0) + (kind & 0x80 ? 2 : 0));
	if (c->bad)
		return end_as(FATE_drop_short);
	return (kind & 0x40) != 0 ? end_as(FATE_not_ip) : go_to(llc_read);
}

/* CAPWAP data (RFC 5415, 4.2 and 4.3): kind 0 (1 is DTLS); length of the header in units
   of 4 bytes, binding, and flags, of which T says that the frame is as on the air, F
   that it is a fragment, K that there is none. */
static struct next capwap_read(struct cursor *c, struct walk *w)
{
	enum { NATIVE = 0x100, FRAGMENT = 0x80, KEEP_ALIVE = 0x08, WIFI = 1 };
	uint32_t word = cursor_u32(c);
	size_t size = (word >> 19 & 0x1f) * (size_t)4;
	uint32_t binding = word >> 9 & 0x1f;
	if (c->bad)
		return ran_out(w, FATE_not_tcp);
	if (word >> 24 == 1)
		return end_as(FATE_encrypted);
	if (word >> 24 != 0 || size < 8 || (word & KEEP_ALIVE) != 0)
		return end_as(FATE_not_tcp);
	cursor_skip(c, size - 4);
	if (c->bad)
		return ran_out(w, FATE_not_tcp);
	if (word & FRAGMENT)
		return end_as(FATE_link_fragments);
	if ((word & NATIVE) == 0)
		return go_to(ethernet_read);
	return binding == WIFI ? go_to(native_read) : end_as(FATE_tunnel_unknown);
}

/* ESP in UDP (RFC 3948, 2): key exchange shares the port and starts with 4 bytes of 0;
   a single byte keeps the way open. */
static struct next udp_esp_read(struct cursor *c, struct walk *w)
{
	if (c->n < 4)
		return ran_out(w, FATE_not_tcp);
	bool exchange = peek16(c, 0) == 0 && peek16(c, 2) == 0;
	return exchange ? end_as(FATE_not_tcp) : go_to(esp_read);
}
