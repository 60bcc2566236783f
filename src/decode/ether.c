/* SPDX-License-Identifier: BSD-3-Clause */
/* Ethernet, its VLAN tags, IEEE 802.2 LLC and SNAP, and the EtherTypes. */
#include "decode/layer.h"

enum {
	TYPE_MIN = 0x0600, /* from here on the field is an EtherType */
	LENGTH_MAX = 1500, /* up to here, a length (IEEE 802.3, 3.2.6) */
	VLAN_ID_BITS = 0xfff
};

/* IEEE EtherTypes, the frequent ones first: they are looked up in this order. */
static const struct ethertype {
	uint16_t type;
	layer *to;
} ethertypes[] = {
        {0x0800, ip4_read},  {0x86dd, ip6_read}, {0x8100, vlan_read}, /* 802.1Q customer tag */
        {0x88a8, vlan_read},                                          /* 802.1ad service tag */
        {0x9100, vlan_read}, /* service tag before 802.1ad */
};

struct next ethertype_next(uint16_t type)
{
	for (size_t i = 0; i < sizeof ethertypes / sizeof *ethertypes; i++) {
		if (ethertypes[i].type == type)
			return go_to(ethertypes[i].to);
	}
	return end_as(FATE_not_ip);
}

struct next type_or_length_next(struct cursor *c, struct walk *w, uint16_t field)
{
	if (field >= TYPE_MIN)
		return ethertype_next(field);
	if (field > LENGTH_MAX)
		return end_as(FATE_not_ip);
	walk_bound(w, c, field);
	return go_to(llc_read);
}

/* Ethernet (IEEE 802.3, 3.1.1; LINKTYPE_ETHERNET): destination, source, type. */
struct next ethernet_read(struct cursor *c, struct walk *w)
{
	cursor_skip(c, 12);
	uint16_t type = cursor_u16(c);
	if (c->bad)
		return end_as(FATE_drop_short);
	return type_or_length_next(c, w, type);
}

/*
 * A VLAN tag (IEEE 802.1Q, 9.6) behind its EtherType: priority, 12 bits of id, and
 * the next type. Id 0 only carries a priority: it names no VLAN, and such tags are
 * bounded as other headers are.
 */
struct next vlan_read(struct cursor *c, struct walk *w)
{
	uint16_t id = cursor_u16(c) & VLAN_ID_BITS;
	uint16_t type = cursor_u16(c);
	if (c->bad)
		return end_as(FATE_drop_short);
	if (id != 0) {
		if (w->vlans == TF_VLANS)
			return end_as(FATE_drop_too_deep);
		w->pkt->vlan[w->vlans++] = id;
		w->left++;
	}
	return type_or_length_next(c, w, type);
}

/* SNAP (IEEE 802, 10.3): organization and its protocol number, which is an EtherType
   under RFC 1042 (organization 0) and IEEE 802.1H (00-00-F8). */
static struct next snap_read(struct cursor *c, struct walk *w)
{
	uint32_t first = cursor_u32(c);
	uint8_t last = cursor_u8(c);
	if (c->bad)
		return ran_out(w, FATE_not_ip);
	uint32_t organization = first >> 8;
	if (organization != 0 && organization != 0x0000f8)
		return end_as(FATE_not_ip);
	return ethertype_next((uint16_t)((first & 0xff) << 8 | last));
}

/* LLC (IEEE 802.2): unnumbered information (control 3) to SNAP's address AA (RFC 1042)
   or to IP's own address 06 (RFC 1700, "IEEE 802 numbers"). */
struct next llc_read(struct cursor *c, struct walk *w)
{
	uint8_t to = cursor_u8(c);
	uint8_t from = cursor_u8(c);
	uint8_t control = cursor_u8(c);
	if (c->bad)
		return ran_out(w, FATE_not_ip);
	if (to != from || control != 0x03)
		return end_as(FATE_not_ip);
	return to == 0xaa ? go_to(snap_read) : to == 0x06 ? go_to(ip4_read) : end_as(FATE_not_ip);
}
