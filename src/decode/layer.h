/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the layers of the decoder share. A layer is a function that reads one
 * header from the cursor and answers with the layer behind it, or with what
 * becomes of the frame. Layers find one another through tables of rows:
 *
 *	link types      links.c       by LINKTYPE number
 *	EtherTypes      ether.c       also in MPLS-less shims, GENEVE, GRE
 *	GRE protocols   tunnel_gre.c  those that are no EtherTypes
 *	IP protocols    ip.c          by protocol number
 *	UDP ports       tunnel_udp.c  with what --tunnel-port adds
 *	PPP protocols   ppp.c
 *	and families, NLPIDs, next protocols of NSH, which are few
 *
 * To add a link type or a tunnel: write its function in the file of its family,
 *
 *	// X over Y (RFC nnnn, section): two bytes of flags, then an EtherType.
 *	struct next x_read(struct cursor *c, struct walk *w)
 *	{
 *		cursor_skip(c, 2);
 *		uint16_t type = cursor_u16(c);
 *		return c->bad ? end_as(FATE_drop_short) : ethertype_next(w, type);
 *	}
 *
 * name it in the list below, and give it a row in the table that leads to it, with
 * its source; if it is to be closed by --decap, also a row in DECAPS (decode.h). The
 * test is a row of tests/unit/decode/samples.h, which every truncation is tried on,
 * and `meson compile -C build linktypes` makes doc/LINKTYPES.md anew.
 */
#ifndef DECODE_LAYER_H
#define DECODE_LAYER_H

#include "base/cursor.h"
#include "base/sum.h"
#include "decode/decode.h"
#include "decode/headers.h"

/*
 * One frame on its way through the layers.
 *
 * I1  The bytes of the innermost packet known so far, from the cursor on, are
 *     the cursor's n and behind them `cut` more that were not captured.
 * I2  vlans <= TF_VLANS, and pkt->vlan[vlans..] are 0; so with nets and pkt->net, and
 *     with marks and pkt->marks.kind.
 * I3  Each call of a layer lowers `left`, or raises `vlans` or `extensions`,
 *     which have limits of their own: so every frame comes to an end.
 */
struct walk {
	const struct tf_frame *frame;
	const uint8_t *base; /* the frame's bytes, or those of a datagram made of fragments, */
	uint64_t position;   /* and where they stand: tf_packet.position */
	struct tf_packet *pkt;
	struct decode *decode;
	size_t cut;
	uint8_t left;       /* headers that may still follow */
	uint8_t vlans;      /* ids in pkt->vlan */
	uint8_t nets;       /* ids in pkt->net */
	uint8_t marks;      /* numbers in pkt->marks */
	uint8_t extensions; /* IPv6 extension headers passed */
	bool ip6;           /* the innermost IP header is IPv6 */
	uint8_t ecn;        /* its ECN bits (RFC 3168, 5) */
	bool sizeless;      /* and its payload length is 0 */
	bool padded;        /* the 802.11 header is filled up to a multiple of 4 */
	bool misheaded;     /* the checksum of an IPv4 header is wrong, */
	bool headed;        /* or right */
};

/* A layer's answer: the layer to go on with or, when that is NULL, the fate. */
struct next;
typedef struct next layer(struct cursor *c, struct walk *w);
struct next {
	layer *to;
	enum fate fate;
};

static inline struct next go_to(layer *to)
{
	return (struct next){.to = to};
}

static inline struct next end_as(enum fate fate)
{
	return (struct next){.fate = fate};
}

/* The answer when a header ran past the cursor's end: the snaplen's doing, or, when
   nothing was cut off, what a header around it said of its length. */
static inline struct next ran_out(const struct walk *w, enum fate otherwise)
{
	return end_as(w->cut > 0 ? FATE_drop_short : otherwise);
}

/* Says that the packet has n bytes from here on, whatever else the frame holds:
   what follows is padding, what is missing was cut off. */
static inline void walk_bound(struct walk *w, struct cursor *c, size_t n)
{
	w->cut = n > c->n ? n - c->n : 0;
	cursor_clip(c, n);
}

/* The same for headers that do not know better than the one around them: a capture
   on the sending host shows packets longer than their tunnel's header says. */
static inline void walk_shrink(struct walk *w, struct cursor *c, size_t n)
{
	if (n < c->n + w->cut)
		walk_bound(w, c, n);
}

/* The end of the way for an IP fragment, whose payload the cursor has: what f says not
   yet is filled in, and decode_datagram() goes on from here. */
struct next fragment_end(struct cursor *c, struct walk *w, struct tf_fragment f);

/* -- layers ---------------------------------------------------------------- */

/* ether.c */
layer ethernet_read;
layer vlan_read;
layer snap_read;
layer llc_read;
layer nlpid_read;

/* shim.c: what stands between Ethernet and IP */
layer backbone_read;
layer bridge_tag_read;
layer fabric_tag_read;
layer trill_read;
layer redundancy_read;
layer macsec_read;
layer metadata_read;
layer service_read;
layer pppoe_read;

/* mpls.c */
layer mpls_read;

/* ppp.c */
layer ppp_read;

/* link.c: headers of operating systems */
layer null_read;
layer raw_read;
layer slip_read;
layer cooked_read;
layer cooked2_read;
layer enc_read;
layer pflog_read;
layer nflog_read;
layer ipnet_read;
layer ppi_read;
layer pktap_read;

/* link_lan.c */
layer token_ring_read;
layer fddi_read;
layer ip_over_fc_read;
layer infiniband_read;
layer firewire_read;
layer docsis_read;
layer netanalyzer_read;
layer netanalyzer_preamble_read;
layer mpacket_read;

/* link_wan.c */
layer ppp_hdlc_read;
layer ppp_direction_read;
layer pppd_read;
layer chdlc_read;
layer chdlc_direction_read;
layer frame_relay_read;
layer frame_relay_direction_read;
layer atm_read;
layer sunatm_read;

/* link_juniper.c */
layer juniper_ethernet_read;
layer juniper_ppp_read;
layer juniper_frame_relay_read;
layer juniper_chdlc_read;
layer juniper_ethertype_read;
layer juniper_mlppp_read;
layer juniper_atm1_read;
layer juniper_atm2_read;
layer juniper_cookie_read;

/* link_wifi.c */
layer wifi_read;
layer aggregate_read;
layer radiotap_read;
layer prism_read;
layer avs_read;

/* ip.c, ip6.c */
layer ip4_read;
layer ip6_read;
layer hop_by_hop_read;
layer extension_read;
layer destination_read;
layer routing_read;
layer authentication_read;
layer fragment_read;

/* tunnel_ip.c */
layer etherip_read;
layer l2tp3_read;
layer esp_read;

/* tunnel_gre.c */
layer gre_read;

/* tunnel_udp.c */
layer udp_read;

/* tcp.c */
layer tcp_read;

/* -- tables ---------------------------------------------------------------- */

/* A number on the wire, and what it leads to. */
struct row {
	uint32_t number;
	layer *to; /* NULL: known by name alone */
	const char *name;
	const char *source; /* the RFC, or who else says so */
	enum decap decap;   /* DECAP_ALWAYS when left out */
};

struct table {
	const char *title;
	int hex; /* digits of its numbers, 0: they are decimal */
	const struct row *row;
	size_t rows;
};

extern const struct table link_table, family_table, ethertype_table, nlpid_table, ppp_table,
        protocol_table, extension_table, gre_table, udp_table, service_table;

static inline const struct row *table_find(const struct table *t, uint32_t number)
{
	for (const struct row *r = t->row, *end = r + t->rows; r < end; r++) {
		if (r->number == number)
			return r;
	}
	return NULL;
}

static inline bool is_closed(const struct walk *w, enum decap decap)
{
	return (w->decode->closed >> decap & 1) != 0;
}

/* Where a row leads, unless it is missing or closed. */
static inline struct next row_next(const struct walk *w, const struct row *r, enum fate missing)
{
	if (r == NULL)
		return end_as(missing);
	return is_closed(w, r->decap) ? end_as(FATE_tunnel_closed) : go_to(r->to);
}

/* What an EtherType (0x0600 and up) leads to. */
struct next ethertype_next(const struct walk *w, uint16_t type);

/* What a field that is an EtherType or an IEEE 802.3 length leads to. */
struct next type_or_length_next(struct cursor *c, struct walk *w, uint16_t field);

/* What an IP protocol number, or IPv6 next header, leads to. */
struct next protocol_next(const struct walk *w, uint8_t protocol);

/* What a link type leads to, for headers that carry one. */
struct next link_next(uint32_t link_type);

/* What an address family leads to; those of all systems are known. */
struct next family_next(uint32_t family);

/* What a GRE protocol leads to; flags: of the GRE header, key: 0 when none, PPTP's call. */
struct next gre_next(struct walk *w, uint16_t flags, uint16_t protocol, uint32_t key);

/* What the next protocol of NSH and VXLAN-GPE leads to (RFC 8300, 2.2). */
struct next service_next(const struct walk *w, uint8_t protocol);

/* -- guesses, for what names no type ---------------------------------------- */

static inline uint16_t peek16(const struct cursor *c, size_t at)
{
	return (uint16_t)(cursor_peek(c, at) << 8 | cursor_peek(c, at + 1));
}

/* An IP packet, by its version; otherwise: when it is none. */
static inline struct next version_next(const struct cursor *c, const struct walk *w,
                                       enum fate otherwise)
{
	if (c->n == 0)
		return ran_out(w, otherwise);
	uint8_t version = cursor_peek(c, 0) >> 4;
	return version == 4 ? go_to(ip4_read) : version == 6 ? go_to(ip6_read) : end_as(otherwise);
}

/* -> whether an Ethernet frame with IP, or with what may lead to it, starts at the
   position at from here (or ARP, which is not followed): an EtherType and a fitting byte
   behind it. */
bool ethernet_at(const struct cursor *c, size_t at);

/* -> whether the bytes from position at on look like an IP packet whose length fits. */
bool ip_at(const struct cursor *c, const struct walk *w, size_t at);

/* -- where a packet comes from and goes to --------------------------------------- */

/* A new IP header: source and destination are as it says. */
static inline void go_straight(struct walk *w)
{
	w->pkt->astray = false;
	w->pkt->detour = 0;
}

/* TCP's checksum is made with n bytes of address at really, and not with those at said. */
static inline void make_detour(struct walk *w, const uint8_t *said, const uint8_t *really, size_t n)
{
	uint64_t s = w->pkt->detour;
	s += sum_bytes(really, n);
	s += sum_negative(sum_bytes(said, n));
	w->pkt->detour = sum_fold(s);
}

/* Adds a network id to the packet's -> false when there are too many. */
static inline bool add_net(struct walk *w, enum tf_net kind, uint32_t id)
{
	if (w->decode->key5)
		return true;
	if (w->nets == TF_NETS)
		return false;
	w->pkt->net[w->nets++] = (uint32_t)kind << 24 | id;
	return true;
}

/* Keeps a number that is no part of the key, while there is room. */
static inline void add_mark(struct walk *w, enum tf_mark kind, uint32_t number)
{
	if (w->marks == TF_MARKS)
		return;
	w->pkt->marks.kind[w->marks] = (uint8_t)kind;
	w->pkt->marks.number[w->marks++] = number;
}

#endif
