/* SPDX-License-Identifier: BSD-3-Clause */
/* Ethernet, its VLAN tags, IEEE 802.2 LLC and SNAP, and the EtherTypes. */
#include "decode/layer.h"

enum {
	TYPE_MIN = 0x0600, /* from here on the field is an EtherType */
	LENGTH_MAX = 1500  /* up to here, a length (IEEE 802.3, 3.2.6) */
};

/* IEEE EtherTypes, the frequent ones first: they are looked up in this order. */
static const struct row rows[] = {
        {TYPE_IP4, ip4_read, "IPv4", "RFC 894", 0},
        {TYPE_IP6, ip6_read, "IPv6", "RFC 2464", 0},
        {TYPE_TAG, vlan_read, "802.1Q customer tag", "IEEE 802.1Q, 9.6", 0},
        {TYPE_SERVICE_TAG, vlan_read, "802.1ad service tag", "IEEE 802.1Q, 9.6", 0},
        {0x9100, vlan_read, "service tag before 802.1ad", "by custom", 0},
        {0x9200, vlan_read, "service tag before 802.1ad", "by custom", 0},
        {0x9300, vlan_read, "service tag before 802.1ad", "by custom", 0},
        {0x8847, mpls_read, "MPLS", "RFC 5332", DECAP_mpls},
        {0x8848, mpls_read, "MPLS, multicast", "RFC 5332", DECAP_mpls},
        {0x8864, pppoe_read, "PPPoE session", "RFC 2516, 4", DECAP_pppoe},
        {0x88e7, backbone_read, "802.1ah backbone tag", "IEEE 802.1Q, 9.7", DECAP_pbb},
        {0x893f, bridge_tag_read, "802.1BR E-Tag", "IEEE 802.1BR, 7", DECAP_pbb},
        {0x8926, fabric_tag_read, "VN-Tag", "Cisco", DECAP_pbb},
        {0x22f3, trill_read, "TRILL", "RFC 6325, 3", DECAP_pbb},
        {0x892f, redundancy_read, "HSR tag", "IEC 62439-3, 5", DECAP_pbb},
        {0x88e5, macsec_read, "MACsec", "IEEE 802.1AE, 9", DECAP_macsec},
        {0x8909, metadata_read, "Cisco metadata", "draft-smith-kandula-sxp, Wireshark", DECAP_cmd},
        {0x894f, service_read, "NSH", "RFC 8300, 2", DECAP_nsh},
        {0x6558, ethernet_read, "Ethernet", "RFC 1701", DECAP_nvgre},
        {0x880b, ppp_read, "PPP", "IANA, IEEE 802 Numbers", DECAP_pptp},
};

const struct table ethertype_table = {
        .title = "EtherTypes",
        .hex = 4,
        .row = rows,
        .rows = sizeof rows / sizeof *rows,
};

struct next ethertype_next(const struct walk *w, uint16_t type)
{
	if (type == TYPE_IP4)
		return go_to(ip4_read);
	return row_next(w, table_find(&ethertype_table, type), FATE_not_ip);
}

struct next type_or_length_next(struct cursor *c, struct walk *w, uint16_t field)
{
	if (field >= TYPE_MIN)
		return ethertype_next(w, field);
	if (field > LENGTH_MAX)
		return end_as(FATE_not_ip);
	walk_bound(w, c, field);
	return go_to(llc_read);
}

/* Ethernet (IEEE 802.3, 3.1.1; LINKTYPE_ETHERNET): destination, source, type. */
struct next ethernet_read(struct cursor *c, struct walk *w)
{
	cursor_skip(c, MAC_ADDRESSES);
	uint16_t type = cursor_u16(c);
	if (c->bad)
		return end_as(FATE_drop_short);
	return type_or_length_next(c, w, type);
}

/*
 * A VLAN tag (IEEE 802.1Q, 9.6) behind its EtherType: priority, 12 bits of id, and
 * the next type. Id 0 only carries a priority: it names no VLAN, and such tags are
 * bounded as other headers are; so are all of them when ids are not kept.
 */
struct next vlan_read(struct cursor *c, struct walk *w)
{
	uint16_t id = cursor_u16(c) & VLAN_ID_BITS;
	uint16_t type = cursor_u16(c);
	if (c->bad)
		return end_as(FATE_drop_short);
	if (id != 0 && !w->decode->key5) {
		if (w->vlans == TF_VLANS)
			return end_as(FATE_drop_too_deep);
		w->pkt->vlan[w->vlans++] = id;
		w->left++;
	}
	return type_or_length_next(c, w, type);
}

/* -- IEEE 802.2 ---------------------------------------------------------------- */

enum { BRIDGED = 0x0080c2, BRIDGED_CHECKED = 0x0001, BRIDGED_PLAIN = 0x0007 };

/*
 * SNAP (IEEE 802, 10.3): organization and its protocol number, which is an EtherType
 * under RFC 1042 (organization 0) and IEEE 802.1H (00-00-F8), or a whole Ethernet
 * frame, with its checksum or without (RFC 2427, 4.2).
 */
struct next snap_read(struct cursor *c, struct walk *w)
{
	uint32_t first = cursor_u32(c);
	uint8_t last = cursor_u8(c);
	if (c->bad)
		return ran_out(w, FATE_not_ip);
	uint32_t organization = first >> 8;
	uint16_t type = (uint16_t)((first & 0xff) << 8 | last);
	if (organization == BRIDGED && (type == BRIDGED_CHECKED || type == BRIDGED_PLAIN))
		return go_to(ethernet_read);
	if (organization != 0 && organization != 0x0000f8)
		return end_as(FATE_not_ip);
	return ethertype_next(w, type);
}

/* LLC (IEEE 802.2): unnumbered information (control 3) to SNAP's address AA (RFC 1042),
   to IP's own address 06 (RFC 1700, "IEEE 802 numbers"), or to that of ISO, FE. */
struct next llc_read(struct cursor *c, struct walk *w)
{
	uint8_t to = cursor_u8(c);
	uint8_t from = cursor_u8(c);
	uint8_t control = cursor_u8(c);
	if (c->bad)
		return ran_out(w, FATE_not_ip);
	if (to != from || control != 0x03)
		return end_as(FATE_not_ip);
	return to == 0xaa   ? go_to(snap_read)
	       : to == 0x06 ? go_to(ip4_read)
	       : to == 0xfe ? go_to(nlpid_read)
	                    : end_as(FATE_not_ip);
}

static const struct row ids[] = {
        {0xcc, ip4_read, "IPv4", "RFC 2427, 4", 0},
        {0x8e, ip6_read, "IPv6", "ISO/IEC TR 9577", 0},
        {0x80, snap_read, "SNAP", "RFC 2427, 4", 0},
        {0xcf, ppp_read, "PPP", "RFC 2364, 6", 0},
};

const struct table nlpid_table = {
        .title = "Network layer protocol ids",
        .hex = 2,
        .row = ids,
        .rows = sizeof ids / sizeof *ids,
};

/* A network layer protocol id (ISO/IEC TR 9577), behind a 0 that may fill up the header
   before it. */
struct next nlpid_read(struct cursor *c, struct walk *w)
{
	uint8_t id = cursor_u8(c);
	if (id == 0)
		id = cursor_u8(c);
	if (c->bad)
		return ran_out(w, FATE_not_ip);
	return row_next(w, table_find(&nlpid_table, id), FATE_not_ip);
}

/* -- guesses -------------------------------------------------------------------- */

static bool fits(uint16_t type, uint8_t first)
{
	switch (type) {
	case TYPE_IP4:
		return first >> 4 == 4 && (first & 0x0f) >= 5;
	case TYPE_IP6:
		return first >> 4 == 6;
	case 0x8864:
		return first == 0x11; /* PPPoE's version and type */
	case 0x0806:
		return first == 0; /* ARP's hardware, which is not followed */
	default:
		return table_find(&ethertype_table, type) != NULL;
	}
}

bool ethernet_at(const struct cursor *c, size_t at)
{
	uint16_t type = peek16(c, at + 12);
	at += 14;
	for (unsigned i = 0; i < TF_VLANS && (type == TYPE_TAG || type == TYPE_SERVICE_TAG); i++) {
		type = peek16(c, at + 2);
		at += 4;
	}
	return at < c->n && fits(type, cursor_peek(c, at));
}

bool ip_at(const struct cursor *c, const struct walk *w, size_t at)
{
	if (at >= c->n)
		return false;
	size_t wire = c->n + w->cut - at;
	uint8_t first = cursor_peek(c, at);
	uint16_t total = peek16(c, at + 2), payload = peek16(c, at + 4);
	if (first >> 4 == 4)
		return (first & 0x0f) >= 5 && (total == 0 || (total >= 20 && total <= wire));
	return first >> 4 == 6 && payload + (size_t)40 <= wire;
}
