/* SPDX-License-Identifier: BSD-3-Clause */
/* Link headers that operating systems write, most of them for devices without a link
   layer of their own. */
#include "decode/layer.h"

/* Address families as the systems number them that wrote the capture. */
static const struct row families[] = {
        {2, ip4_read, "IPv4", "all systems", 0}, {24, ip6_read, "IPv6", "NetBSD, OpenBSD", 0},
        {28, ip6_read, "IPv6", "FreeBSD", 0},    {30, ip6_read, "IPv6", "macOS", 0},
        {10, ip6_read, "IPv6", "Linux", 0},      {23, ip6_read, "IPv6", "Windows", 0},
        {26, ip6_read, "IPv6", "Solaris", 0},
};

const struct table family_table = {
        .title = "Address families in link headers",
        .row = families,
        .rows = sizeof families / sizeof *families,
};

struct next family_next(uint32_t family)
{
	const struct row *r = table_find(&family_table, family);
	return r == NULL ? end_as(FATE_not_ip) : go_to(r->to);
}

/* A family in the byte order of the machine that captured, or in network byte order.
   Families are small, so that the order shows. */
static uint32_t read_family(struct cursor *c)
{
	uint32_t family = cursor_u32(c);
	return family > 0xffff ? __builtin_bswap32(family) : family;
}

/* LINKTYPE_NULL: four bytes of address family in the byte order of the machine that
   captured; LINKTYPE_LOOP: the same in network byte order. */
struct next null_read(struct cursor *c, struct walk *w)
{
	(void)w;
	uint32_t family = read_family(c);
	return c->bad ? end_as(FATE_drop_short) : family_next(family);
}

/* LINKTYPE_RAW: an IP packet, whose version is in its first four bits. */
struct next raw_read(struct cursor *c, struct walk *w)
{
	(void)w;
	if (c->n == 0)
		return end_as(FATE_drop_short);
	return version_next(c, w, FATE_drop_bad_ip);
}

/* LINKTYPE_SLIP: direction and what was known of a compressed header, 16 bytes; then
   the packet, whole again. */
struct next slip_read(struct cursor *c, struct walk *w)
{
	(void)w;
	cursor_skip(c, 16);
	return c->bad ? end_as(FATE_drop_short) : go_to(raw_read);
}

/* LINKTYPE_ENC: address family, SPI, flags. */
struct next enc_read(struct cursor *c, struct walk *w)
{
	(void)w;
	uint32_t family = read_family(c);
	cursor_skip(c, 8);
	return c->bad ? end_as(FATE_drop_short) : family_next(family);
}

/* LINKTYPE_PFLOG: length of the header, which is then filled up to a multiple of 4,
   address family, and more. */
struct next pflog_read(struct cursor *c, struct walk *w)
{
	(void)w;
	size_t size = (cursor_u8(c) + (size_t)3) & ~(size_t)3;
	uint8_t family = cursor_u8(c);
	if (c->bad)
		return end_as(FATE_drop_short);
	if (size < 4)
		return end_as(FATE_not_ip);
	cursor_skip(c, size - 2);
	return c->bad ? end_as(FATE_drop_short) : family_next(family);
}

static uint16_t swap16(uint16_t v)
{
	return (uint16_t)(v << 8 | v >> 8);
}

/*
 * LINKTYPE_NFLOG: address family, version, resource id; then attributes, each of a
 * length and a type in the byte order of the machine that captured, filled up to a
 * multiple of 4. Types are below 256, so that the order shows.
 */
struct next nflog_read(struct cursor *c, struct walk *w)
{
	enum { PAYLOAD = 9 };
	uint8_t family = cursor_u8(c);
	cursor_skip(c, 3);
	while (!c->bad) {
		uint16_t size = cursor_u16(c), type = cursor_u16(c);
		if (type > 0xff) {
			size = swap16(size);
			type = swap16(type);
		}
		if (c->bad)
			break;
		if (size < 4)
			return end_as(FATE_not_ip);
		if (type == PAYLOAD) {
			walk_bound(w, c, size - (size_t)4);
			return family_next(family);
		}
		cursor_skip(c, (size - (size_t)1) & ~(size_t)3);
	}
	return end_as(FATE_drop_short);
}

/* LINKTYPE_IPNET: version, address family as Solaris numbers it, then 22 bytes of
   packet length, interfaces and zones. */
struct next ipnet_read(struct cursor *c, struct walk *w)
{
	(void)w;
	cursor_skip(c, 1);
	uint8_t family = cursor_u8(c);
	cursor_skip(c, 22);
	return c->bad ? end_as(FATE_drop_short) : family_next(family);
}

/* -- headers in front of another link type ---------------------------------------- */

/* LINKTYPE_PPI: version, flags, length of all, link type, fields; little-endian. */
struct next ppi_read(struct cursor *c, struct walk *w)
{
	(void)w;
	cursor_skip(c, 2);
	uint16_t size = swap16(cursor_u16(c));
	uint32_t link_type = __builtin_bswap32(cursor_u32(c));
	cursor_skip(c, size < 8 ? 0 : size - (size_t)8);
	if (c->bad)
		return end_as(FATE_drop_short);
	return size < 8 ? end_as(FATE_drop_link_type) : link_next(link_type);
}

/* LINKTYPE_PKTAP: length of all, kind of record (1 holds a packet), link type, and
   more; in the byte order of the machine that captured, which is little-endian. */
struct next pktap_read(struct cursor *c, struct walk *w)
{
	(void)w;
	uint32_t size = __builtin_bswap32(cursor_u32(c));
	uint32_t kind = __builtin_bswap32(cursor_u32(c));
	uint32_t link_type = __builtin_bswap32(cursor_u32(c));
	cursor_skip(c, size < 12 ? 0 : size - (size_t)12);
	if (c->bad)
		return end_as(FATE_drop_short);
	return size < 12 || kind != 1 ? end_as(FATE_not_ip) : link_next(link_type);
}

/* -- Linux cooked captures ---------------------------------------------------------- */

enum { FRAME_RELAY = 770, GRE = 778, RADIOTAP = 803, GRE6 = 823, NETLINK = 824 };

/*
 * The protocol field of Linux cooked captures is an EtherType, or a small number of the
 * kernel's own (LINKTYPE_LINUX_SLL), of which 4 means 802.2 LLC. For some devices (by
 * their ARPHRD_ number) it is something else, or nothing.
 */
static struct next cooked_next(struct walk *w, uint16_t device, uint16_t protocol)
{
	switch (device) {
	case FRAME_RELAY:
		return go_to(frame_relay_read);
	case RADIOTAP:
		return go_to(radiotap_read);
	case NETLINK:
		return end_as(FATE_not_ip);
	case GRE:
	case GRE6:
		return gre_next(w, 0, protocol, 0);
	default:
		return protocol == 0x0004 ? go_to(llc_read) : ethertype_next(w, protocol);
	}
}

/* LINKTYPE_LINUX_SLL: direction, device, address length, address (8), protocol. */
struct next cooked_read(struct cursor *c, struct walk *w)
{
	cursor_skip(c, 2);
	uint16_t device = cursor_u16(c);
	cursor_skip(c, 10);
	uint16_t protocol = cursor_u16(c);
	return c->bad ? end_as(FATE_drop_short) : cooked_next(w, device, protocol);
}

/* LINKTYPE_LINUX_SLL2: protocol, reserved (2), interface (4), device, direction (1),
   address length (1), address (8). */
struct next cooked2_read(struct cursor *c, struct walk *w)
{
	uint16_t protocol = cursor_u16(c);
	cursor_skip(c, 6);
	uint16_t device = cursor_u16(c);
	cursor_skip(c, 10);
	return c->bad ? end_as(FATE_drop_short) : cooked_next(w, device, protocol);
}
