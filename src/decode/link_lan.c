/* SPDX-License-Identifier: BSD-3-Clause */
/* Local networks other than Ethernet, and Ethernet behind a header of its own. */
#include "decode/layer.h"

/* Token ring (IEEE 802.5, 3.2): access control, frame control (01xxxxxx for LLC), two
   addresses; the top bit of the source says that routing follows, whose length is in
   its first five bits' byte. */
struct next token_ring_read(struct cursor *c, struct walk *w)
{
	(void)w;
	cursor_skip(c, 1);
	uint8_t control = cursor_u8(c);
	cursor_skip(c, 6);
	bool routed = (cursor_u8(c) & 0x80) != 0;
	cursor_skip(c, 5);
	size_t routing = routed ? cursor_peek(c, 0) & 0x1f : 0;
	if (c->bad || (routed && c->n == 0))
		return end_as(FATE_drop_short);
	if (control >> 6 != 1 || (routed && routing < 2))
		return end_as(FATE_not_ip);
	cursor_skip(c, routing);
	return c->bad ? end_as(FATE_drop_short) : go_to(llc_read);
}

/* FDDI (ISO 9314-2; LINKTYPE_FDDI): frame control, which is x101xxxx for LLC, and two
   addresses. */
struct next fddi_read(struct cursor *c, struct walk *w)
{
	(void)w;
	uint8_t control = cursor_u8(c);
	cursor_skip(c, 12);
	if (c->bad)
		return end_as(FATE_drop_short);
	return (control & 0x70) == 0x50 ? go_to(llc_read) : end_as(FATE_not_ip);
}

/* IP over Fibre Channel (RFC 2625, 3.2): two addresses of 8 bytes, then LLC. */
struct next ip_over_fc_read(struct cursor *c, struct walk *w)
{
	(void)w;
	cursor_skip(c, 16);
	return c->bad ? end_as(FATE_drop_short) : go_to(llc_read);
}

/* IP over InfiniBand (LINKTYPE_IPOIB: a global route header of 40 bytes; RFC 4391, 6:
   EtherType and two reserved bytes). */
struct next infiniband_read(struct cursor *c, struct walk *w)
{
	cursor_skip(c, 40);
	uint16_t type = cursor_u16(c);
	cursor_skip(c, 2);
	return c->bad ? end_as(FATE_drop_short) : ethertype_next(w, type);
}

/* LINKTYPE_APPLE_IP_OVER_IEEE1394: two addresses of 8 bytes, EtherType. */
struct next firewire_read(struct cursor *c, struct walk *w)
{
	cursor_skip(c, 16);
	uint16_t type = cursor_u16(c);
	return c->bad ? end_as(FATE_drop_short) : ethertype_next(w, type);
}

/* -> whether an extended header of that size says that the frame is encrypted: an
   element for upstream (3) or downstream (4) privacy, whose enable bit is the top one
   of its second byte (DOCSIS MULPI, 6.2.5). */
static bool docsis_is_private(struct cursor c, size_t size)
{
	cursor_clip(&c, size);
	while (c.n > 0) {
		uint8_t element = cursor_u8(&c);
		size_t n = element & 0x0f;
		bool privacy = element >> 4 == 3 || element >> 4 == 4;
		if (privacy && n >= 2 && (cursor_peek(&c, 1) & 0x80) != 0)
			return true;
		cursor_skip(&c, n);
	}
	return false;
}

/* DOCSIS (MULPI, 6.2.1): frame control (kind, parameter, extended header follows), its
   size, length, that header, checksum. Kind 0 is a frame of Ethernet. */
struct next docsis_read(struct cursor *c, struct walk *w)
{
	(void)w;
	uint8_t control = cursor_u8(c);
	size_t extended = cursor_u8(c);
	cursor_skip(c, 2);
	if ((control & 1) == 0)
		extended = 0;
	struct cursor extension = *c;
	cursor_skip(c, extended + 2);
	if (c->bad)
		return end_as(FATE_drop_short);
	if (control >> 1 != 0)
		return end_as(FATE_not_ip);
	if (docsis_is_private(extension, extended))
		return end_as(FATE_encrypted);
	return go_to(ethernet_read);
}

/* LINKTYPE_NETANALYZER: four bytes about the port and errors, then Ethernet. */
struct next netanalyzer_read(struct cursor *c, struct walk *w)
{
	(void)w;
	cursor_skip(c, 4);
	return c->bad ? end_as(FATE_drop_short) : go_to(ethernet_read);
}

/* LINKTYPE_NETANALYZER_TRANSPARENT: the same, with Ethernet's preamble. */
struct next netanalyzer_preamble_read(struct cursor *c, struct walk *w)
{
	(void)w;
	cursor_skip(c, 12);
	return c->bad ? end_as(FATE_drop_short) : go_to(ethernet_read);
}

/*
 * LINKTYPE_ETHERNET_MPACKET: the preamble, whose last byte tells express frames and
 * first fragments of preempted ones from the rest (IEEE 802.3br, table 99-1). In the
 * others, which begin in the middle of a frame, the byte before it does.
 */
struct next mpacket_read(struct cursor *c, struct walk *w)
{
	(void)w;
	static const uint8_t starts[] = {0xd5, 0xe6, 0x4c, 0x7f, 0xb3};
	cursor_skip(c, 7);
	uint8_t delimiter = cursor_u8(c);
	if (c->bad)
		return end_as(FATE_drop_short);
	for (size_t i = 0; i < sizeof starts; i++) {
		if (starts[i] == delimiter)
			return go_to(ethernet_read);
	}
	return end_as(FATE_link_fragments);
}
