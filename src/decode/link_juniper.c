/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Juniper routers put a header of their own before each packet: "MGC", flags, then,
 * where flag 0x80 is set, extensions with their length before them. Flag 0x02 says
 * that the link header is gone: four bytes about the protocol stand in its place.
 * Behind that, line cards of some kinds leave a cookie, whose first byte may name
 * its form. No document of Juniper's tells; tcpdump's printer for these link types
 * and Wireshark's, which agree, were the sources.
 */
#include "decode/layer.h"

enum { MAGIC = 0x4d4743, NO_LINK = 0x02, EXTENDED = 0x80 };
enum { COOKIE_SERVICES = 0x47, COOKIE_LINK_SERVICES = 0x54 };

/* Reads the header -> true, or false with the answer in *end. */
static bool read_header(struct cursor *c, struct walk *w, struct next *end)
{
	uint32_t first = cursor_u32(c);
	if ((first & EXTENDED) != 0 && !c->bad)
		cursor_skip(c, cursor_u16(c));
	bool link = (first & NO_LINK) == 0;
	if (!link)
		cursor_skip(c, 4);
	if (c->bad)
		*end = end_as(FATE_drop_short);
	else if (first >> 8 != MAGIC)
		*end = end_as(FATE_not_ip);
	else
		*end = version_next(c, w, FATE_not_ip);
	return !c->bad && first >> 8 == MAGIC && link;
}

/* Moves behind a cookie that has n bytes unless it names another form -> its form. */
static uint8_t skip_cookie(struct cursor *c, size_t n)
{
	uint8_t form = cursor_peek(c, 0);
	cursor_skip(c, form == COOKIE_SERVICES ? 8 : form == COOKIE_LINK_SERVICES ? n + 2 : n);
	return form;
}

static struct next header_then(struct cursor *c, struct walk *w, layer *to)
{
	struct next end;
	return read_header(c, w, &end) ? go_to(to) : end;
}

struct next juniper_ethernet_read(struct cursor *c, struct walk *w)
{
	return header_then(c, w, ethernet_read);
}

struct next juniper_ppp_read(struct cursor *c, struct walk *w)
{
	return header_then(c, w, ppp_read);
}

struct next juniper_frame_relay_read(struct cursor *c, struct walk *w)
{
	return header_then(c, w, frame_relay_read);
}

struct next juniper_chdlc_read(struct cursor *c, struct walk *w)
{
	return header_then(c, w, chdlc_read);
}

struct next juniper_ethertype_read(struct cursor *c, struct walk *w)
{
	struct next end;
	if (!read_header(c, w, &end))
		return end;
	uint16_t type = cursor_u16(c);
	return c->bad ? end_as(FATE_drop_short) : ethertype_next(w, type);
}

/* Multilink PPP: the services card says in its sixth byte what follows. */
struct next juniper_mlppp_read(struct cursor *c, struct walk *w)
{
	struct next end;
	if (!read_header(c, w, &end))
		return end;
	uint8_t protocol = cursor_peek(c, 5) >> 4;
	uint8_t form = skip_cookie(c, 2);
	if (c->bad)
		return end_as(FATE_drop_short);
	if (form != COOKIE_SERVICES)
		return go_to(ppp_read);
	return protocol == 0   ? version_next(c, w, FATE_not_ip)
	       : protocol == 1 ? go_to(ip6_read)
	       : protocol == 2 ? go_to(mpls_read)
	                       : go_to(ppp_read);
}

struct next juniper_atm1_read(struct cursor *c, struct walk *w)
{
	struct next end;
	if (!read_header(c, w, &end))
		return end;
	bool maintenance = cursor_peek(c, 0) == 0x80;
	skip_cookie(c, 4);
	return c->bad        ? end_as(FATE_drop_short)
	       : maintenance ? end_as(FATE_not_ip)
	                     : go_to(atm_read);
}

/* Outgoing packets with a gap count are Ethernet over ATM. */
struct next juniper_atm2_read(struct cursor *c, struct walk *w)
{
	struct next end;
	bool incoming = (cursor_peek(c, 3) & 1) != 0;
	if (!read_header(c, w, &end))
		return end;
	bool maintenance = (cursor_peek(c, 7) & 0x70) != 0;
	bool gap = (cursor_peek(c, 3) & 0x3f) != 0;
	skip_cookie(c, 8);
	if (c->bad)
		return end_as(FATE_drop_short);
	if (maintenance)
		return end_as(FATE_not_ip);
	bool llc = cursor_peek(c, 2) == 0x03 && (peek16(c, 0) == 0xaaaa || peek16(c, 0) == 0xfefe);
	return gap && !incoming && !llc ? go_to(ethernet_read) : go_to(atm_read);
}

/* GGSN, services, monitor: eight bytes of cookie, then IP. */
struct next juniper_cookie_read(struct cursor *c, struct walk *w)
{
	struct next end;
	if (!read_header(c, w, &end))
		return end;
	cursor_skip(c, 8);
	return c->bad ? end_as(FATE_drop_short) : version_next(c, w, FATE_not_ip);
}
