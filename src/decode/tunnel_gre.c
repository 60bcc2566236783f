/* SPDX-License-Identifier: BSD-3-Clause */
/* Generic routing encapsulation, and what is carried in it under numbers of its own. */
#include "decode/layer.h"

/* Flags and version (RFC 2784, 2; RFC 2890, 2; RFC 1701; RFC 2637, 4.1). */
enum {
	CHECKSUM = 0x8000,
	ROUTING = 0x4000,
	KEY = 0x2000,
	SEQUENCE = 0x1000,
	ACKNOWLEDGED = 0x0080,
	VERSION = 0x0007
};

static layer erspan_read, erspan3_read, wccp_read;

/* Numbers that are not EtherTypes, or mean something else here. */
static const struct row rows[] = {
        {0x6558, ethernet_read, "Ethernet, NVGRE", "RFC 1701, RFC 7637, 3.2", DECAP_nvgre},
        {0x88be, erspan_read, "ERSPAN I and II", "draft-foschiano-erspan, 4.1, 4.2", DECAP_erspan},
        {0x22eb, erspan3_read, "ERSPAN III", "draft-foschiano-erspan, 4.3", DECAP_erspan},
        {0x883e, wccp_read, "WCCP", "draft-wilson-wrec-wccp-v2, 4.12", DECAP_wccp},
        {0x880b, ppp_read, "PPP", "RFC 2637, 4.1", DECAP_pptp},
};

const struct table gre_table = {
        .title = "GRE protocols, besides EtherTypes",
        .hex = 4,
        .row = rows,
        .rows = sizeof rows / sizeof *rows,
};

/* NVGRE (RFC 7637, 3.2) looks like Ethernet in GRE with a key. The upper 24 bits of a key
   are taken for a network id when there is neither checksum nor sequence number, and when
   it is none of the ids that NVGRE has reserved: keys that people choose are small. */
static bool is_nvgre(uint16_t flags, uint16_t protocol, uint32_t key)
{
	enum { RESERVED = 0xfff };
	return protocol == 0x6558 && (flags & (CHECKSUM | ROUTING | KEY | SEQUENCE)) == KEY &&
	       key >> 8 > RESERVED;
}

struct next gre_next(struct walk *w, uint16_t flags, uint16_t protocol, uint32_t key)
{
	if (!is_nvgre(flags, protocol, key)) {
		if (flags & KEY)
			add_mark(w, TF_MARK_GRE, key);
	} else if (!is_closed(w, DECAP_nvgre) && !add_net(w, TF_NET_NVGRE, key >> 8)) {
		return end_as(FATE_drop_too_deep);
	}
	if (protocol == 0x88be && (flags & SEQUENCE) == 0 && !is_closed(w, DECAP_erspan))
		return go_to(ethernet_read); /* ERSPAN I has no header of its own */
	const struct row *r = table_find(&gre_table, protocol);
	if (r == NULL)
		r = table_find(&ethertype_table, protocol);
	return row_next(w, r, FATE_tunnel_unknown);
}

/* Source routes (RFC 1701): family, offset, length, route; ended by one whose family and
   length are 0. */
static void skip_routes(struct cursor *c)
{
	uint32_t route;
	do {
		route = cursor_u32(c);
		cursor_skip(c, route & 0xff);
	} while ((route & 0xffff00ff) != 0 && !c->bad);
}

/* Version 1 (RFC 2637, 4.1): the key is payload length and call. */
static struct next version1_next(struct cursor *c, struct walk *w, uint16_t flags,
                                 uint16_t protocol)
{
	uint16_t length = cursor_u16(c);
	uint16_t call = cursor_u16(c);
	size_t optional = (flags & SEQUENCE ? 4U : 0) + (flags & ACKNOWLEDGED ? 4U : 0);
	cursor_skip(c, optional);
	if (c->bad)
		return end_as(FATE_drop_short);
	if (protocol != 0x880b || (flags & KEY) == 0)
		return end_as(FATE_tunnel_unknown);
	if ((flags & SEQUENCE) == 0)
		return end_as(FATE_not_tcp); /* an acknowledgement alone */
	walk_shrink(w, c, length);
	return gre_next(w, flags, protocol, call);
}

/* GRE: flags, version, protocol; checksum and offset, key, sequence number, routes, as
   the flags say. */
struct next gre_read(struct cursor *c, struct walk *w)
{
	uint16_t flags = cursor_u16(c);
	uint16_t protocol = cursor_u16(c);
	if (c->bad)
		return end_as(FATE_drop_short);
	if ((flags & VERSION) == 1)
		return version1_next(c, w, flags, protocol);
	if ((flags & VERSION) != 0)
		return end_as(FATE_tunnel_unknown);
	if (flags & (CHECKSUM | ROUTING))
		cursor_skip(c, 4);
	uint32_t key = flags & KEY ? cursor_u32(c) : 0;
	if (flags & SEQUENCE)
		cursor_skip(c, 4);
	if (flags & ROUTING)
		skip_routes(c);
	return c->bad ? end_as(FATE_drop_short) : gre_next(w, flags, protocol, key);
}

/* ERSPAN II: version 1, VLAN, session, index; 8 bytes. */
static struct next erspan_read(struct cursor *c, struct walk *w)
{
	(void)w;
	uint8_t version = cursor_peek(c, 0) >> 4;
	cursor_skip(c, 8);
	if (c->bad)
		return end_as(FATE_drop_short);
	return version == 1 ? go_to(ethernet_read) : end_as(FATE_tunnel_unknown);
}

/* ERSPAN III: version 2, 12 bytes; five bits of frame type (0 Ethernet, 2 IP) in its
   eleventh byte; the last bit says that 8 more bytes follow. */
static struct next erspan3_read(struct cursor *c, struct walk *w)
{
	(void)w;
	uint8_t version = cursor_peek(c, 0) >> 4;
	cursor_skip(c, 10);
	uint16_t kind = cursor_u16(c);
	cursor_skip(c, kind & 1 ? 8 : 0);
	if (c->bad)
		return end_as(FATE_drop_short);
	if (version != 2)
		return end_as(FATE_tunnel_unknown);
	uint16_t frame = kind >> 10 & 0x1f;
	return frame == 0   ? go_to(ethernet_read)
	       : frame == 2 ? go_to(raw_read)
	                    : end_as(FATE_tunnel_unknown);
}

/* WCCP: version 1 has no header of its own; that of version 2 is 4 bytes, which do not
   look like IPv4. */
static struct next wccp_read(struct cursor *c, struct walk *w)
{
	if (c->n > 0 && cursor_peek(c, 0) >> 4 != 4)
		cursor_skip(c, 4);
	return c->bad ? end_as(FATE_drop_short) : version_next(c, w, FATE_tunnel_unknown);
}
