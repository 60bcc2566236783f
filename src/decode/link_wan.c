/* SPDX-License-Identifier: BSD-3-Clause */
/* Serial lines and ATM. */
#include "decode/layer.h"

/* LINKTYPE_PPP_HDLC: PPP in HDLC framing or, by its address byte, Cisco HDLC. */
struct next ppp_hdlc_read(struct cursor *c, struct walk *w)
{
	uint8_t address = cursor_peek(c, 0);
	return address == 0x0f || address == 0x8f ? chdlc_read(c, w) : ppp_read(c, w);
}

/* LINKTYPE_PPP_WITH_DIR: a byte of direction, then PPP. */
struct next ppp_direction_read(struct cursor *c, struct walk *w)
{
	(void)w;
	cursor_skip(c, 1);
	return c->bad ? end_as(FATE_drop_short) : go_to(ppp_read);
}

/* LINKTYPE_PPP_PPPD: the direction stands in the place of the address byte. */
struct next pppd_read(struct cursor *c, struct walk *w)
{
	(void)w;
	cursor_skip(c, 2);
	return c->bad ? end_as(FATE_drop_short) : go_to(ppp_read);
}

/* Cisco HDLC (LINKTYPE_C_HDLC): address, control, EtherType. */
struct next chdlc_read(struct cursor *c, struct walk *w)
{
	cursor_skip(c, 2);
	uint16_t type = cursor_u16(c);
	return c->bad ? end_as(FATE_drop_short) : ethertype_next(w, type);
}

struct next chdlc_direction_read(struct cursor *c, struct walk *w)
{
	(void)w;
	cursor_skip(c, 1);
	return c->bad ? end_as(FATE_drop_short) : go_to(chdlc_read);
}

/*
 * Frame relay (ITU-T Q.922; RFC 2427, 3): an address of 2 to 4 bytes, the last of which
 * is odd, and unnumbered information (3); Cisco's own kind has an EtherType there.
 */
struct next frame_relay_read(struct cursor *c, struct walk *w)
{
	enum { ADDRESS_MAX = 4, INFORMATION = 3 };
	size_t n = 1;
	while ((cursor_u8(c) & 1) == 0 && n < ADDRESS_MAX && !c->bad)
		n++;
	if (c->bad || c->n == 0)
		return end_as(FATE_drop_short);
	if (n < 2)
		return end_as(FATE_not_ip);
	if (cursor_peek(c, 0) == INFORMATION) {
		cursor_skip(c, 1);
		return nlpid_read(c, w);
	}
	uint16_t type = cursor_u16(c);
	return c->bad ? end_as(FATE_drop_short) : ethertype_next(w, type);
}

struct next frame_relay_direction_read(struct cursor *c, struct walk *w)
{
	(void)w;
	cursor_skip(c, 1);
	return c->bad ? end_as(FATE_drop_short) : go_to(frame_relay_read);
}

/* -- ATM ---------------------------------------------------------------------------- */

/* -> whether LLC and SNAP announce a bridged Ethernet frame: two bytes fill it up here
   (RFC 2684, 5.2). */
static bool is_bridged(const struct cursor *c)
{
	return peek16(c, 0) == 0xaaaa && peek16(c, 2) == 0x0300 && peek16(c, 4) == 0x80c2 &&
	       (peek16(c, 6) == 0x0001 || peek16(c, 6) == 0x0007);
}

/*
 * The frames of ATM adaptation layer 5 (RFC 2684): LLC, which may be that of ISO
 * (RFC 2364, 6), or only its last part (FRF.8); else nothing tells what a circuit
 * carries: PPP (RFC 2364, 5), IP, or bridged Ethernet behind two bytes.
 */
struct next atm_read(struct cursor *c, struct walk *w)
{
	if (c->n < 8)
		return end_as(FATE_drop_short);
	uint16_t start = peek16(c, 0);
	if (is_bridged(c)) {
		cursor_skip(c, 10);
		return c->bad ? end_as(FATE_drop_short) : go_to(ethernet_read);
	}
	if ((start == 0xaaaa || start == 0xfefe) && cursor_peek(c, 2) == 0x03)
		return go_to(llc_read);
	if (start >> 8 == 0x03) {
		cursor_skip(c, 1);
		return nlpid_read(c, w);
	}
	if (start == 0x0021 || start == 0x0057 || start == 0xff03)
		return go_to(ppp_read);
	if (start == 0 && ethernet_at(c, 2)) {
		cursor_skip(c, 2);
		return go_to(ethernet_read);
	}
	return version_next(c, w, w->cut > 0 ? FATE_drop_short : FATE_not_ip);
}

/* LINKTYPE_SUNATM: kind of traffic, path, circuit. Kind 1 is LAN emulation: two bytes
   of client id, then Ethernet (ATM Forum, LAN Emulation 1.0, 4.1.1). */
struct next sunatm_read(struct cursor *c, struct walk *w)
{
	(void)w;
	uint8_t kind = cursor_u8(c) & 0x0f;
	cursor_skip(c, 3);
	if (kind == 1)
		cursor_skip(c, 2);
	if (c->bad)
		return end_as(FATE_drop_short);
	return kind == 1 ? go_to(ethernet_read) : kind <= 2 ? go_to(atm_read) : end_as(FATE_not_ip);
}
