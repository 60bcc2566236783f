/* SPDX-License-Identifier: BSD-3-Clause */
/* Link types other than Ethernet. */
#include "decode/layer.h"

/* Address families as the systems number them that wrote the capture. */
static const struct family {
	uint32_t number;
	layer *to;
} families[] = {
        {2, ip4_read},  /* AF_INET everywhere */
        {24, ip6_read}, /* AF_INET6: NetBSD, OpenBSD */
        {28, ip6_read}, /* FreeBSD */
        {30, ip6_read}, /* macOS */
        {10, ip6_read}, /* Linux */
        {23, ip6_read}, /* Windows */
};

/*
 * LINKTYPE_NULL: four bytes of address family in the byte order of the machine that
 * captured; LINKTYPE_LOOP: the same in network byte order. Families are small, so
 * that the order shows, and mislabelled files can be read.
 */
struct next null_read(struct cursor *c, struct walk *w)
{
	(void)w;
	uint32_t family = cursor_u32(c);
	if (c->bad)
		return end_as(FATE_drop_short);
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
		if (families[i].number == family)
			return go_to(families[i].to);
	}
	return end_as(FATE_not_ip);
}

/* LINKTYPE_RAW: an IP packet, whose version is in its first four bits. */
struct next raw_read(struct cursor *c, struct walk *w)
{
	(void)w;
	if (c->n == 0)
		return end_as(FATE_drop_short);
	uint8_t version = cursor_peek(c, 0) >> 4;
	return version == 4   ? go_to(ip4_read)
	       : version == 6 ? go_to(ip6_read)
	                      : end_as(FATE_drop_bad_ip);
}

/* Devices (Linux ARPHRD_ numbers) whose protocol field is no EtherType, and whose
   frames are no IP: netlink, frame relay, 802.11 with radiotap. */
static const uint16_t foreign_devices[] = {824, 770, 803};

/* The protocol field of Linux cooked captures: an EtherType, or a small number of the
   kernel's own (LINKTYPE_LINUX_SLL), of which 4 means 802.2 LLC. */
static struct next cooked_next(uint16_t device, uint16_t protocol)
{
	for (size_t i = 0; i < sizeof foreign_devices / sizeof *foreign_devices; i++) {
		if (foreign_devices[i] == device)
			return end_as(FATE_not_ip);
	}
	return protocol == 0x0004 ? go_to(llc_read) : ethertype_next(protocol);
}

/* LINKTYPE_LINUX_SLL: direction, device, address length, address (8), protocol. */
struct next cooked_read(struct cursor *c, struct walk *w)
{
	(void)w;
	cursor_skip(c, 2);
	uint16_t device = cursor_u16(c);
	cursor_skip(c, 10);
	uint16_t protocol = cursor_u16(c);
	return c->bad ? end_as(FATE_drop_short) : cooked_next(device, protocol);
}

/* LINKTYPE_LINUX_SLL2: protocol, reserved (2), interface (4), device, direction (1),
   address length (1), address (8). */
struct next cooked2_read(struct cursor *c, struct walk *w)
{
	(void)w;
	uint16_t protocol = cursor_u16(c);
	cursor_skip(c, 6);
	uint16_t device = cursor_u16(c);
	cursor_skip(c, 10);
	return c->bad ? end_as(FATE_drop_short) : cooked_next(device, protocol);
}
