/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A frame of every kind, each with 5 bytes of payload: the place for a new link type or
 * tunnel. Every truncation is tried on them, and they are the judge's captures (see
 * samples.c).
 */
#ifndef TESTS_DECODE_SAMPLES_H
#define TESTS_DECODE_SAMPLES_H

#include "frames.h"

/* -- Ethernet, cooked captures, IP ------------------------------------------------- */

static inline void put_ip4_tcp(struct build *f)
{
	put_ip4(f, 6, 20 + 5);
	put_tcp(f, 20, 5);
}

static inline void put_ip6_tcp(struct build *f)
{
	put_ip6(f, 6, 20 + 5);
	put_tcp(f, 20, 5);
}

static inline void sample_ethernet(struct build *f)
{
	put_ethernet(f, 0x0800);
	put_ip4_tcp(f);
	put_fill(f, 1, 0xdd); /* padding up to 60 bytes */
}

static inline void sample_options(struct build *f)
{
	put_ethernet(f, 0x0800);
	put_ip4(f, 6, 40 + 5);
	put_ip4_options(f, 40);
	put_tcp(f, 40, 5);
}

static inline void sample_sizeless(struct build *f)
{
	put_ethernet(f, 0x0800);
	put_ip4_tcp(f);
	set16(f, f->ip + 2, 0);
}

static inline void sample_tags(struct build *f)
{
	put_ethernet(f, 0x88a8);
	put_tag(f, 0xe001, 0x9100);
	put_tag(f, 0x2000, 0x8100); /* priority alone */
	put_tag(f, 0x0fff, 0x8100);
	put_tag(f, 0x0003, 0x8100);
	put_tag(f, 0x1004, 0x86dd);
	put_ip6_tcp(f);
}

static inline void sample_snap(struct build *f)
{
	put_ethernet(f, 8 + 45);
	put_snap(f, 0, 0x0800);
	put_ip4_tcp(f);
}

static inline void sample_llc(struct build *f)
{
	put_ethernet(f, 3 + 45);
	put16(f, 0x0606);
	put8(f, 0x03);
	put_ip4_tcp(f);
}

static inline void sample_ip4(struct build *f)
{
	put_ip4_tcp(f);
}

static inline void sample_ip6(struct build *f)
{
	put_ip6_tcp(f);
}

static inline void sample_null(struct build *f)
{
	put32(f, 0x1e000000);
	put_ip6_tcp(f);
}

static inline void sample_loop(struct build *f)
{
	put32(f, 2);
	put_ip4_tcp(f);
}

static inline void sample_cooked(struct build *f)
{
	put_cooked(f, 1, 0x8100);
	put_tag(f, 5, 0x0800);
	put_ip4_tcp(f);
}

static inline void sample_cooked_llc(struct build *f)
{
	put_cooked(f, 1, 0x0004);
	put_snap(f, 0x0000f8, 0x86dd);
	put_ip6_tcp(f);
}

static inline void sample_cooked2(struct build *f)
{
	put_cooked2(f, 1, 0x8100);
	put_tag(f, 5, 0x86dd);
	put_ip6_tcp(f);
}

static inline void sample_authentication(struct build *f)
{
	put_ip4(f, 51, 24 + 25);
	put_extension(f, 6, 2);
	f->b[f->n - 23] = 4; /* units of 4 bytes, less two */
	put_tcp(f, 20, 5);
}

/* Every extension header, one of each. */
static inline void sample_extensions(struct build *f)
{
	put_ip6(f, 0, 16 + 24 + 8 + 24 + 8 + 16 + 8 + 8 + 25);
	put_extension(f, 43, 1);
	put_extension(f, 60, 2);
	put_extension(f, 51, 0);
	put_extension(f, 135, 2);
	f->b[f->n - 23] = 4; /* authentication */
	put_extension(f, 139, 0);
	put_extension(f, 140, 1);
	put_extension(f, 44, 0);
	put_extension(f, 6, 0); /* an atomic fragment */
	put_tcp(f, 20, 5);
}

static inline void sample_sizeless6(struct build *f)
{
	put_ip6(f, 6, 0);
	put_tcp(f, 20, 5);
}

/* -- link types ------------------------------------------------------------------ */

static inline void put_llc_ip4(struct build *f)
{
	put_snap(f, 0, 0x0800);
	put_ip4_tcp(f);
}

static inline void put_ppp_ip4(struct build *f)
{
	put32(f, 0xff030021);
	put_ip4_tcp(f);
}

static inline void put_ethernet_ip4(struct build *f)
{
	put_ethernet(f, 0x0800);
	put_ip4_tcp(f);
}

static inline void sample_token_ring(struct build *f)
{
	put16(f, 0x1040);
	put_fill(f, 6, 0x0e);
	put_fill(f, 6, 0x8e); /* routed */
	put16(f, 0x0630);     /* six bytes of it */
	put32(f, 0x00110022);
	put_llc_ip4(f);
}

static inline void sample_slip(struct build *f)
{
	put_fill(f, 16, 0);
	put_ip4_tcp(f);
}

static inline void sample_ppp(struct build *f)
{
	put16(f, 0x0057);
	put_ip6_tcp(f);
}

static inline void sample_ppp_hdlc(struct build *f)
{
	put_ppp_ip4(f);
}

static inline void sample_ppp_short(struct build *f)
{
	put8(f, 0x21); /* protocol field compression */
	put_ip4_tcp(f);
}

static inline void sample_ppp_multilink(struct build *f)
{
	put32(f, 0xff03003d);
	put32(f, 0xc0000007);
	put8(f, 0x21);
	put_ip4_tcp(f);
}

static inline void sample_ppp_bridge(struct build *f)
{
	put32(f, 0xff030031);
	put16(f, 0x0001);
	put_ethernet_ip4(f);
}

static inline void sample_fddi(struct build *f)
{
	put8(f, 0x50);
	put_fill(f, 12, 0x0e);
	put_llc_ip4(f);
}

static inline void sample_atm(struct build *f)
{
	put_llc_ip4(f);
}

static inline void sample_atm_bridged(struct build *f)
{
	put_snap(f, 0x0080c2, 0x0007);
	put16(f, 0);
	put_ethernet_ip4(f);
}

static inline void sample_atm_ppp(struct build *f)
{
	put32(f, 0xfefe03cf);
	put16(f, 0x0021);
	put_ip4_tcp(f);
}

static inline void sample_atm_circuit(struct build *f)
{
	put_ip6_tcp(f);
}

static inline void put_pppoe(struct build *f, size_t n)
{
	put16(f, 0x1100);
	put16(f, 0x0005);
	put16(f, (unsigned)n + 2);
}

static inline void sample_pppoe_link(struct build *f)
{
	put_pppoe(f, 45);
	put16(f, 0x0021);
	put_ip4_tcp(f);
}

static inline void sample_chdlc(struct build *f)
{
	put32(f, 0x0f0086dd);
	put_ip6_tcp(f);
}

static inline void put_wifi(struct build *f, unsigned kind, unsigned flags)
{
	put8(f, kind);
	put8(f, flags);
	put16(f, 0);
	put_fill(f, 18, 0x0e);
	put16(f, 0x10);
	if ((flags & 3) == 3)
		put_fill(f, 6, 0x0e);
}

static inline void sample_wifi(struct build *f)
{
	put_wifi(f, 0x08, 1);
	put_llc_ip4(f);
}

static inline void sample_wifi_qos(struct build *f)
{
	put_wifi(f, 0x88, 0x80 | 3); /* four addresses, QoS, HT control */
	put16(f, 0);
	put32(f, 0);
	put_llc_ip4(f);
}

static inline void sample_wifi_decrypted(struct build *f)
{
	put_wifi(f, 0x08, 0x42);
	put32(f, 0x01000020); /* header of CCMP */
	put32(f, 0);
	put_llc_ip4(f);
}

/* Two packets in one, of which the second is for IPv6. */
static inline void sample_wifi_aggregate(struct build *f)
{
	put_wifi(f, 0x88, 2);
	put16(f, 0x8000);
	put_fill(f, 12, 0x0a);
	put16(f, 8 + 45);
	put_llc_ip4(f);
}

static inline void sample_frame_relay(struct build *f)
{
	put32(f, 0x184103cc);
	put_ip4_tcp(f);
}

static inline void sample_frame_relay_snap(struct build *f)
{
	put32(f, 0x18410300);
	put8(f, 0x80);
	put32(f, 0x00000008);
	put8(f, 0x00);
	put_ip4_tcp(f);
}

static inline void sample_frame_relay_bridged(struct build *f)
{
	put32(f, 0x18410300);
	put8(f, 0x80);
	put32(f, 0x0080c200);
	put8(f, 0x07);
	put_ethernet_ip4(f);
}

static inline void sample_frame_relay_cisco(struct build *f)
{
	put32(f, 0x18410800);
	put_ip4_tcp(f);
}

static inline void sample_enc(struct build *f)
{
	put32(f, 0x02000000);
	put32(f, 0x1234);
	put32(f, 0x6);
	put_ip4_tcp(f);
}

static inline void sample_pflog(struct build *f)
{
	put8(f, 61);
	put8(f, 2);
	put16(f, 0);
	put_fill(f, 60, 0);
	put_ip4_tcp(f);
}

static inline void sample_prism(struct build *f)
{
	put32_little(f, 0x44);
	put32_little(f, 144);
	put_fill(f, 136, 0);
	sample_wifi(f);
}

static inline void sample_ip_over_fc(struct build *f)
{
	put_fill(f, 16, 0x10);
	put_llc_ip4(f);
}

static inline void sample_sunatm(struct build *f)
{
	put32(f, 0x02000064);
	put_llc_ip4(f);
}

static inline void sample_sunatm_lane(struct build *f)
{
	put32(f, 0x01000064);
	put16(f, 0x0001);
	put_ethernet_ip4(f);
}

static inline void put_radiotap(struct build *f, unsigned flags)
{
	put16(f, 0);
	put16_little(f, 8 + 4 + 4 + 8 + 1);
	put32_little(f, 0x80000003); /* clock, flags, another word */
	put32_little(f, 0);
	put32(f, 0); /* alignment */
	put_fill(f, 8, 0);
	put8(f, flags);
}

static inline void sample_radiotap(struct build *f)
{
	put_radiotap(f, 0);
	sample_wifi_qos(f);
}

static inline void sample_radiotap_padded(struct build *f)
{
	put_radiotap(f, 0x20);
	put_wifi(f, 0x88, 1);
	put16(f, 0);
	put16(f, 0xdddd); /* 26 bytes are filled up to 28 */
	put_llc_ip4(f);
}

static inline void put_juniper(struct build *f, unsigned flags)
{
	put32(f, 0x4d474300 | flags);
	if (flags & 0x80) {
		put16(f, 6);
		put32(f, 0x03010106);
		put16(f, 0);
	}
}

static inline void sample_juniper_ethernet(struct build *f)
{
	put_juniper(f, 0x81);
	put_ethernet_ip4(f);
}

static inline void sample_juniper_bare(struct build *f)
{
	put_juniper(f, 0x02);
	put32(f, 0x02000000);
	put_ip4_tcp(f);
}

static inline void sample_juniper_ppp(struct build *f)
{
	put_juniper(f, 0);
	put_ppp_ip4(f);
}

static inline void sample_juniper_frame_relay(struct build *f)
{
	put_juniper(f, 0);
	sample_frame_relay(f);
}

static inline void sample_juniper_chdlc(struct build *f)
{
	put_juniper(f, 0);
	sample_chdlc(f);
}

static inline void sample_juniper_type(struct build *f)
{
	put_juniper(f, 0);
	put16(f, 0x8864);
	sample_pppoe_link(f);
}

static inline void sample_juniper_mlppp(struct build *f)
{
	put_juniper(f, 0);
	put16(f, 0x0102);
	put16(f, 0x0021);
	put_ip4_tcp(f);
}

static inline void sample_juniper_mlppp_services(struct build *f)
{
	put_juniper(f, 0);
	put32(f, 0x47000000);
	put32(f, 0x00100000); /* IPv6 */
	put_ip6_tcp(f);
}

static inline void sample_juniper_atm1(struct build *f)
{
	put_juniper(f, 1);
	put32(f, 0x01000001);
	put_llc_ip4(f);
}

static inline void sample_juniper_atm2(struct build *f)
{
	put_juniper(f, 1);
	put32(f, 0x00000001);
	put32(f, 0);
	put_llc_ip4(f);
}

static inline void sample_juniper_cookie(struct build *f)
{
	put_juniper(f, 1);
	put_fill(f, 8, 0x02);
	put_ip4_tcp(f);
}

static inline void sample_firewire(struct build *f)
{
	put_fill(f, 16, 0x11);
	put16(f, 0x0800);
	put_ip4_tcp(f);
}

static inline void sample_docsis(struct build *f)
{
	put8(f, 0x01);
	put8(f, 2); /* extended header: a service flow */
	put16(f, 2 + 14 + 45 + 4);
	put16(f, 0x1005);
	put16(f, 0xcccc);
	put_ethernet_ip4(f);
	put32(f, 0xcccccccc);
}

static inline void sample_avs(struct build *f)
{
	put32(f, 0x80211001);
	put32(f, 64);
	put_fill(f, 56, 0);
	sample_wifi(f);
}

static inline void sample_pppd(struct build *f)
{
	put32(f, 0x01030021);
	put_ip4_tcp(f);
}

static inline void sample_ppi(struct build *f)
{
	put16(f, 0);
	put16_little(f, 16);
	put32_little(f, 105);
	put_fill(f, 8, 0);
	sample_wifi(f);
}

static inline void sample_ppp_direction(struct build *f)
{
	put8(f, 1);
	put_ppp_ip4(f);
}

static inline void sample_chdlc_direction(struct build *f)
{
	put8(f, 0);
	sample_chdlc(f);
}

static inline void sample_frame_relay_direction(struct build *f)
{
	put8(f, 1);
	sample_frame_relay(f);
}

static inline void put_label(struct build *f, uint32_t label, bool bottom)
{
	put32(f, label << 12 | (bottom ? 0x100 : 0) | 64);
}

static inline void sample_mpls_link(struct build *f)
{
	put_label(f, 100, false);
	put_label(f, 200, true);
	put_ip4_tcp(f);
}

static inline void sample_ipnet(struct build *f)
{
	put16(f, 0x0102);
	put16(f, 0);
	put32(f, 45);
	put_fill(f, 16, 0);
	put_ip4_tcp(f);
}

static inline void sample_nflog(struct build *f)
{
	put32(f, 0x02000000);
	put16_little(f, 9); /* a prefix: "abcd" and its NUL */
	put16_little(f, 10);
	put32(f, 0x61626364);
	put32(f, 0);
	put16_little(f, 4 + 45);
	put16_little(f, 9);
	put_ip4_tcp(f);
	put_fill(f, 3, 0);
}

static inline void sample_nflog_big(struct build *f)
{
	put32(f, 0x0a000000);
	put16(f, 4 + 65);
	put16(f, 9);
	put_ip6_tcp(f);
	put_fill(f, 3, 0);
}

static inline void sample_netanalyzer(struct build *f)
{
	put32_little(f, 0x00400001);
	put_ethernet_ip4(f);
	put32(f, 0xcccccccc);
}

static inline void sample_netanalyzer_preamble(struct build *f)
{
	put32_little(f, 0x00400001);
	put_fill(f, 7, 0x55);
	put8(f, 0xd5);
	put_ethernet_ip4(f);
	put32(f, 0xcccccccc);
}

static inline void sample_infiniband(struct build *f)
{
	put_fill(f, 40, 0);
	put32(f, 0x08000000);
	put_ip4_tcp(f);
}

static inline void sample_pktap(struct build *f)
{
	put32_little(f, 108);
	put32_little(f, 1);
	put32_little(f, 1);
	put_fill(f, 96, 0);
	put_ethernet_ip4(f);
}

static inline void sample_mpacket(struct build *f)
{
	put_fill(f, 7, 0x55);
	put8(f, 0xd5);
	put_ethernet_ip4(f);
	put32(f, 0xcccccccc);
}

static inline void sample_cooked_radiotap(struct build *f)
{
	put_cooked(f, 803, 0);
	sample_radiotap(f);
}

static inline void sample_cooked_frame_relay(struct build *f)
{
	put_cooked2(f, 770, 0);
	sample_frame_relay(f);
}

static inline void sample_cooked_gre(struct build *f)
{
	put_cooked(f, 778, 0x0800);
	put_ip4_tcp(f);
}

/* -- shims ------------------------------------------------------------------------- */

static inline void sample_backbone(struct build *f)
{
	put_ethernet(f, 0x88a8);
	put_tag(f, 9, 0x88e7);
	put32(f, 0x00012345);
	put_ethernet_ip4(f);
}

static inline void sample_bridge_tag(struct build *f)
{
	put_ethernet(f, 0x893f);
	put32(f, 0x00001001);
	put16(f, 0);
	put16(f, 0x0800);
	put_ip4_tcp(f);
}

static inline void sample_fabric_tag(struct build *f)
{
	put_ethernet(f, 0x8926);
	put32(f, 0x00010002);
	put16(f, 0x0800);
	put_ip4_tcp(f);
}

static inline void sample_trill(struct build *f)
{
	put_ethernet(f, 0x22f3);
	put16(f, 0x0010);
	put32(f, 0x00010002);
	put_ethernet_ip4(f);
}

static inline void sample_redundancy(struct build *f)
{
	put_ethernet(f, 0x892f);
	put16(f, 6 + 45);
	put16(f, 1);
	put16(f, 0x0800);
	put_ip4_tcp(f);
}

static inline void sample_macsec(struct build *f)
{
	put_ethernet(f, 0x88e5);
	put16(f, 0x2000);
	put32(f, 1);
	put_fill(f, 8, 0x0e);
	put16(f, 0x0800);
	put_ip4_tcp(f);
	put_fill(f, 16, 0xcc);
}

static inline void sample_metadata(struct build *f)
{
	put_ethernet(f, 0x8909);
	put16(f, 0x0101);
	put32(f, 0x00010010);
	put16(f, 0x0800);
	put_ip4_tcp(f);
}

static inline void sample_service(struct build *f)
{
	put_ethernet(f, 0x894f);
	put32(f, 0x0fc60101);
	put32(f, 0x000001ff);
	put_fill(f, 16, 0);
	put_ip4_tcp(f);
}

static inline void sample_service_ethernet(struct build *f)
{
	put_ethernet(f, 0x894f);
	put32(f, 0x0fc20203);
	put32(f, 0x000001ff);
	put_ethernet_ip4(f);
}

static inline void sample_pppoe(struct build *f)
{
	put_ethernet(f, 0x8864);
	put_pppoe(f, 45);
	put16(f, 0x0021);
	put_ip4_tcp(f);
}

static inline void sample_mpls(struct build *f)
{
	put_ethernet(f, 0x8847);
	put_label(f, 100, false);
	put_label(f, 2, true);
	put_ip6_tcp(f);
}

static inline void sample_mpls_ethernet(struct build *f)
{
	put_ethernet(f, 0x8847);
	put_label(f, 100, true);
	put_ethernet_ip4(f);
}

static inline void sample_mpls_control(struct build *f)
{
	put_ethernet(f, 0x8848);
	put_label(f, 100, true);
	put32(f, 0);
	put_ethernet(f, 0x8100);
	put_tag(f, 7, 0x0800);
	put_ip4_tcp(f);
}

/* -- tunnels in IP ------------------------------------------------------------------- */

/* An outer IPv4 header, in raw IP, with other addresses; its length is set by
   outer_done(). */
static inline void put_outer(struct build *f, unsigned protocol)
{
	put32(f, 0x45000000);
	put32(f, 0);
	put8(f, 99);
	put8(f, protocol);
	put16(f, 0);
	put32(f, 0xac100001);
	put32(f, 0xac100002);
}

static inline void outer_done(struct build *f)
{
	set16(f, 2, (unsigned)f->n);
	if (f->b[9] == 17)
		set16(f, 24, (unsigned)f->n - 20);
}

static inline void put_outer_udp(struct build *f, unsigned port)
{
	put_outer(f, 17);
	put16(f, 0xc001);
	put16(f, port);
	put32(f, 0);
}

static inline void put_outer6(struct build *f, unsigned protocol, size_t n)
{
	put32(f, 0x60000000);
	put16(f, (unsigned)n);
	put8(f, protocol);
	put8(f, 99);
	put_fill(f, 32, 0xfd);
}

static inline void sample_4in4(struct build *f)
{
	put_outer(f, 4);
	put_ip4_tcp(f);
	outer_done(f);
}

static inline void sample_6in4(struct build *f)
{
	put_outer(f, 41);
	put_ip6_tcp(f);
	outer_done(f);
}

static inline void sample_4in6(struct build *f)
{
	put_outer6(f, 4, 45);
	put_ip4_tcp(f);
}

static inline void sample_6in6(struct build *f)
{
	put_outer6(f, 41, 65);
	put_ip6_tcp(f);
}

static inline void sample_gre(struct build *f)
{
	put_outer(f, 47);
	put32(f, 0x00000800);
	put_ip4_tcp(f);
	outer_done(f);
}

/* Checksum, key, sequence number, and a source route. */
static inline void sample_gre_all(struct build *f)
{
	put_outer(f, 47);
	put32(f, 0xf00086dd);
	put32(f, 0);
	put32(f, 77);
	put32(f, 1);
	put32(f, 0x08000004);
	put32(f, 0x0a000001);
	put32(f, 0);
	put_ip6_tcp(f);
	outer_done(f);
}

static inline void sample_gre_ethernet(struct build *f)
{
	put_outer(f, 47);
	put32(f, 0x00006558);
	put_ethernet_ip4(f);
	outer_done(f);
}

static inline void sample_nvgre(struct build *f)
{
	put_outer(f, 47);
	put32(f, 0x20006558);
	put32(f, 0x01234567);
	put_ethernet_ip4(f);
	outer_done(f);
}

static inline void sample_gre_mpls(struct build *f)
{
	put_outer(f, 47);
	put32(f, 0x00008847);
	put_label(f, 100, true);
	put_ip4_tcp(f);
	outer_done(f);
}

static inline void sample_pptp(struct build *f)
{
	put_outer(f, 47);
	put32(f, 0x3081880b);
	put16(f, 4 + 45);
	put16(f, 7);
	put32(f, 1);
	put32(f, 2);
	put_ppp_ip4(f);
	outer_done(f);
}

static inline void sample_erspan1(struct build *f)
{
	put_outer(f, 47);
	put32(f, 0x000088be);
	put_ethernet_ip4(f);
	outer_done(f);
}

static inline void sample_erspan2(struct build *f)
{
	put_outer(f, 47);
	put32(f, 0x100088be);
	put32(f, 1);
	put32(f, 0x10010064);
	put32(f, 0);
	put_ethernet_ip4(f);
	outer_done(f);
}

static inline void put_erspan3(struct build *f, unsigned last)
{
	put_outer(f, 47);
	put32(f, 0x100022eb);
	put32(f, 1);
	put32(f, 0x20010064);
	put32(f, 0x12345678);
	put16(f, 0);
	put16(f, last);
}

static inline void sample_erspan3(struct build *f)
{
	put_erspan3(f, 1);
	put_fill(f, 8, 0);
	put_ethernet_ip4(f);
	outer_done(f);
}

static inline void sample_erspan3_ip(struct build *f)
{
	put_erspan3(f, 2 << 10);
	put_ip4_tcp(f);
	outer_done(f);
}

static inline void sample_wccp(struct build *f)
{
	put_outer(f, 47);
	put32(f, 0x0000883e);
	put32(f, 0x80000000);
	put_ip4_tcp(f);
	outer_done(f);
}

static inline void sample_wccp1(struct build *f)
{
	put_outer(f, 47);
	put32(f, 0x0000883e);
	put_ip4_tcp(f);
	outer_done(f);
}

/* Ethernet behind a segment routing header. */
static inline void sample_ethernet_in_ip6(struct build *f)
{
	put_outer6(f, 43, 24 + 14 + 45);
	put32(f, 0x8f020400);
	put_fill(f, 4, 0);
	put_fill(f, 16, 0xfd);
	put_ethernet_ip4(f);
}

static inline void sample_etherip(struct build *f)
{
	put_outer(f, 97);
	put16(f, 0x3000);
	put_ethernet_ip4(f);
	outer_done(f);
}

static inline void sample_l2tp3(struct build *f)
{
	put_outer(f, 115);
	put32(f, 0x11223344);
	put32(f, 0x40000000); /* sublayer */
	put_ethernet_ip4(f);
	outer_done(f);
}

static inline void sample_l2tp3_cookie(struct build *f)
{
	put_outer(f, 115);
	put32(f, 0x11223344);
	put_fill(f, 8, 0xc0);
	put_ppp_ip4(f);
	outer_done(f);
}

static inline void sample_mpls_in_ip(struct build *f)
{
	put_outer(f, 137);
	put_label(f, 100, true);
	put_ip4_tcp(f);
	outer_done(f);
}

/* Tunnel mode, 12 bytes of check value, 1 byte of padding. */
static inline void sample_esp(struct build *f)
{
	put_outer(f, 50);
	put32(f, 0x00001000);
	put32(f, 1);
	put_ip4_tcp(f);
	put8(f, 1);
	put16(f, 0x0104);
	put_fill(f, 12, 0xcc);
	outer_done(f);
}

/* -- tunnels in UDP ------------------------------------------------------------------ */

static inline void sample_vxlan(struct build *f)
{
	put_outer_udp(f, 4789);
	put32(f, 0x08000000);
	put32(f, 0x00abcd00);
	put_ethernet_ip4(f);
	outer_done(f);
}

static inline void sample_vxlan_old(struct build *f)
{
	put_outer_udp(f, 8472);
	put32(f, 0x88000001); /* group policy */
	put32(f, 0x00000500);
	put_ethernet_ip4(f);
	outer_done(f);
}

static inline void sample_vxlan_gpe(struct build *f)
{
	put_outer_udp(f, 4790);
	put32(f, 0x0c000001);
	put32(f, 0x00000700);
	put_ip4_tcp(f);
	outer_done(f);
}

static inline void sample_vxlan_service(struct build *f)
{
	put_outer_udp(f, 4790);
	put32(f, 0x0c000004);
	put32(f, 0x00000700);
	put32(f, 0x0fc20202); /* NSH, then IPv6 */
	put32(f, 0x000001ff);
	put_ip6_tcp(f);
	outer_done(f);
}

static inline void sample_geneve(struct build *f)
{
	put_outer_udp(f, 6081);
	put32(f, 0x02006558); /* 8 bytes of options */
	put32(f, 0x0000ff00);
	put32(f, 0x01020301);
	put32(f, 0);
	put_ethernet_ip4(f);
	outer_done(f);
}

static inline void sample_geneve_ip(struct build *f)
{
	put_outer_udp(f, 6081);
	put32(f, 0x000086dd);
	put32(f, 0x0000ff00);
	put_ip6_tcp(f);
	outer_done(f);
}

static inline void sample_gtp(struct build *f)
{
	put_outer_udp(f, 2152);
	put32(f, 0x30ff0000 | 45);
	put32(f, 0x00000001);
	put_ip4_tcp(f);
	outer_done(f);
}

static inline void sample_gtp_extended(struct build *f)
{
	put_outer_udp(f, 2152);
	put32(f, 0x34ff0000 | (4 + 4 + 8 + 65));
	put32(f, 0x00000001);
	put32(f, 0x00000085); /* PDU session container follows */
	put32(f, 0x010009c0); /* and PDCP number */
	put32(f, 0x02000000);
	put32(f, 0x00000000);
	put_ip6_tcp(f);
	outer_done(f);
}

static inline void sample_l2tp(struct build *f)
{
	put_outer_udp(f, 1701);
	put32(f, 0x4a020000 | (2 + 2 + 4 + 4 + 4 + 4 + 45)); /* length, sequence, offset */
	put32(f, 0x00010002);
	put32(f, 0x00000000);
	put32(f, 0x00020000); /* 2 bytes of offset */
	put_ppp_ip4(f);
	outer_done(f);
}

static inline void sample_l2tp_plain(struct build *f)
{
	put_outer_udp(f, 1701);
	put16(f, 0x0002);
	put32(f, 0x00010002);
	put_ppp_ip4(f);
	outer_done(f);
}

static inline void sample_l2tp3_udp(struct build *f)
{
	put_outer_udp(f, 1701);
	put32(f, 0x00030000);
	put32(f, 0x11223344);
	put32(f, 0x40000000);
	put_ethernet_ip4(f);
	outer_done(f);
}

static inline void sample_teredo(struct build *f)
{
	put_outer_udp(f, 3544);
	put32(f, 0x00010000); /* authentication */
	put_fill(f, 9, 0);
	put32(f, 0x00001234); /* origin */
	put32(f, 0xfefefefe);
	put_ip6_tcp(f);
	outer_done(f);
}

static inline void put_capwap(struct build *f, unsigned flags)
{
	put32(f, 0x00100200 | flags); /* 8 bytes, binding 1 */
	put32(f, 0);
}

static inline void sample_capwap(struct build *f)
{
	put_outer_udp(f, 5247);
	put_capwap(f, 0);
	put_ethernet_ip4(f);
	outer_done(f);
}

static inline void sample_capwap_native(struct build *f)
{
	put_outer_udp(f, 5247);
	put_capwap(f, 0x100);
	sample_wifi(f);
	outer_done(f);
}

static inline void sample_capwap_swapped(struct build *f)
{
	put_outer_udp(f, 5247);
	put_capwap(f, 0x100);
	size_t at = f->n;
	put_wifi(f, 0x88, 1);
	f->b[at] = 0x01;
	f->b[at + 1] = 0x88;
	put16(f, 0);
	put_llc_ip4(f);
	outer_done(f);
}

static inline void sample_lisp(struct build *f)
{
	put_outer_udp(f, 4341);
	put32(f, 0xc0123456);
	put32(f, 0x00000001);
	put_ip4_tcp(f);
	outer_done(f);
}

static inline void sample_mpls_in_udp(struct build *f)
{
	put_outer_udp(f, 6635);
	put_label(f, 100, true);
	put_ip4_tcp(f);
	outer_done(f);
}

static inline void sample_esp_udp(struct build *f)
{
	put_outer_udp(f, 4500);
	put32(f, 0x00001000);
	put32(f, 1);
	put_ip6_tcp(f);
	put8(f, 1);
	put16(f, 0x0129);
	put_fill(f, 16, 0xcc);
	outer_done(f);
}

/* VXLAN in GENEVE in VLAN tags, and a tag inside. */
static inline void sample_nested(struct build *f)
{
	put_ethernet(f, 0x8100);
	put_tag(f, 3, 0x86dd);
	put_outer6(f, 17, 8 + 8 + 14 + 40 + 8 + 8 + 18 + 45);
	put32(f, 0xc00117c1); /* to 6081 */
	put32(f, 0);
	put32(f, 0x00006558);
	put32(f, 0x00000100);
	put_ethernet(f, 0x86dd);
	put_outer6(f, 17, 8 + 8 + 18 + 45);
	put32(f, 0xc00112b5); /* to 4789 */
	put32(f, 0);
	put32(f, 0x08000000);
	put32(f, 0x00000200);
	put_ethernet(f, 0x8100);
	put_tag(f, 4, 0x0800);
	put_ip4_tcp(f);
}

/* -- all of them ---------------------------------------------------------------------- */

static const struct sample {
	uint32_t link;
	void (*put)(struct build *f);
	const char *name;
	bool sizeless; /* only the frame's length tells where the packet ends */
} sample_rows[] = {
        {1, sample_ethernet, "ethernet", false},
        {1, sample_options, "options", false},
        {1, sample_sizeless, "sizeless", true},
        {1, sample_tags, "tags", false},
        {1, sample_snap, "snap", false},
        {1, sample_llc, "llc", false},
        {12, sample_ip4, "ip4", false},
        {14, sample_ip6, "ip6", false},
        {101, sample_extensions, "extensions", false},
        {101, sample_authentication, "authentication", false},
        {228, sample_ip4, "ip4", false},
        {229, sample_sizeless6, "sizeless6", true},
        {0, sample_null, "null", false},
        {108, sample_loop, "loop", false},
        {113, sample_cooked, "cooked", false},
        {113, sample_cooked_llc, "cooked-llc", false},
        {276, sample_cooked2, "cooked2", false},
        {6, sample_token_ring, "token-ring", false},
        {8, sample_slip, "slip", false},
        {9, sample_ppp, "ppp", false},
        {9, sample_ppp_short, "ppp-short", false},
        {50, sample_ppp_multilink, "ppp-multilink", false},
        {50, sample_ppp_bridge, "ppp-bridge", false},
        {10, sample_fddi, "fddi", false},
        {11, sample_atm, "atm", false},
        {100, sample_atm, "atm", false},
        {100, sample_atm_bridged, "atm-bridged", false},
        {100, sample_atm_ppp, "atm-ppp", false},
        {100, sample_atm_circuit, "atm-circuit", false},
        {50, sample_ppp_hdlc, "ppp-hdlc", false},
        {50, sample_chdlc, "chdlc", false},
        {51, sample_pppoe_link, "pppoe-link", false},
        {104, sample_chdlc, "chdlc", false},
        {105, sample_wifi, "wifi", false},
        {105, sample_wifi_qos, "wifi-qos", false},
        {105, sample_wifi_decrypted, "wifi-decrypted", false},
        {105, sample_wifi_aggregate, "wifi-aggregate", false},
        {107, sample_frame_relay, "frame-relay", false},
        {107, sample_frame_relay_snap, "frame-relay-snap", false},
        {107, sample_frame_relay_bridged, "frame-relay-bridged", false},
        {107, sample_frame_relay_cisco, "frame-relay-cisco", false},
        {109, sample_enc, "enc", false},
        {117, sample_pflog, "pflog", false},
        {119, sample_prism, "prism", false},
        {119, sample_avs, "avs", false},
        {122, sample_ip_over_fc, "ip-over-fc", false},
        {123, sample_sunatm, "sunatm", false},
        {123, sample_sunatm_lane, "sunatm-lane", false},
        {127, sample_radiotap, "radiotap", false},
        {127, sample_radiotap_padded, "radiotap-padded", false},
        {130, sample_juniper_mlppp, "juniper-mlppp", false},
        {130, sample_juniper_mlppp_services, "juniper-mlppp-services", false},
        {133, sample_juniper_cookie, "juniper-cookie", false},
        {135, sample_juniper_atm2, "juniper-atm2", false},
        {136, sample_juniper_cookie, "juniper-cookie", false},
        {137, sample_juniper_atm1, "juniper-atm1", false},
        {138, sample_firewire, "firewire", false},
        {143, sample_docsis, "docsis", false},
        {163, sample_avs, "avs", false},
        {164, sample_juniper_cookie, "juniper-cookie", false},
        {166, sample_pppd, "pppd", false},
        {167, sample_juniper_ethernet, "juniper-ethernet", false},
        {168, sample_juniper_type, "juniper-type", false},
        {178, sample_juniper_ethernet, "juniper-ethernet", false},
        {178, sample_juniper_bare, "juniper-bare", false},
        {179, sample_juniper_ppp, "juniper-ppp", false},
        {180, sample_juniper_frame_relay, "juniper-frame-relay", false},
        {181, sample_juniper_chdlc, "juniper-chdlc", false},
        {192, sample_ppi, "ppi", false},
        {204, sample_ppp_direction, "ppp-direction", false},
        {205, sample_chdlc_direction, "chdlc-direction", false},
        {206, sample_frame_relay_direction, "frame-relay-direction", false},
        {219, sample_mpls_link, "mpls-link", false},
        {226, sample_ipnet, "ipnet", false},
        {239, sample_nflog, "nflog", false},
        {239, sample_nflog_big, "nflog-big", false},
        {240, sample_netanalyzer, "netanalyzer", false},
        {241, sample_netanalyzer_preamble, "netanalyzer-preamble", false},
        {242, sample_infiniband, "infiniband", false},
        {258, sample_pktap, "pktap", false},
        {274, sample_mpacket, "mpacket", false},
        {113, sample_cooked_radiotap, "cooked-radiotap", false},
        {276, sample_cooked_frame_relay, "cooked-frame-relay", false},
        {113, sample_cooked_gre, "cooked-gre", false},
        {1, sample_backbone, "backbone", false},
        {1, sample_bridge_tag, "bridge-tag", false},
        {1, sample_fabric_tag, "fabric-tag", false},
        {1, sample_trill, "trill", false},
        {1, sample_redundancy, "redundancy", false},
        {1, sample_macsec, "macsec", false},
        {1, sample_metadata, "metadata", false},
        {1, sample_service, "service", false},
        {1, sample_service_ethernet, "service-ethernet", false},
        {1, sample_pppoe, "pppoe", false},
        {1, sample_mpls, "mpls", false},
        {1, sample_mpls_ethernet, "mpls-ethernet", false},
        {1, sample_mpls_control, "mpls-control", false},
        {1, sample_nested, "nested", false},
        {101, sample_4in4, "4in4", false},
        {101, sample_6in4, "6in4", false},
        {101, sample_4in6, "4in6", false},
        {101, sample_6in6, "6in6", false},
        {101, sample_ethernet_in_ip6, "ethernet-in-ip6", false},
        {101, sample_gre, "gre", false},
        {101, sample_gre_all, "gre-all", false},
        {101, sample_gre_ethernet, "gre-ethernet", false},
        {101, sample_nvgre, "nvgre", false},
        {101, sample_gre_mpls, "gre-mpls", false},
        {101, sample_pptp, "pptp", false},
        {101, sample_erspan1, "erspan1", false},
        {101, sample_erspan2, "erspan2", false},
        {101, sample_erspan3, "erspan3", false},
        {101, sample_erspan3_ip, "erspan3-ip", false},
        {101, sample_wccp, "wccp", false},
        {101, sample_wccp1, "wccp1", false},
        {101, sample_etherip, "etherip", false},
        {101, sample_l2tp3, "l2tp3", false},
        {101, sample_l2tp3_cookie, "l2tp3-cookie", false},
        {101, sample_mpls_in_ip, "mpls-in-ip", false},
        {101, sample_esp, "esp", false},
        {101, sample_vxlan, "vxlan", false},
        {101, sample_vxlan_old, "vxlan-old", false},
        {101, sample_vxlan_gpe, "vxlan-gpe", false},
        {101, sample_vxlan_service, "vxlan-service", false},
        {101, sample_geneve, "geneve", false},
        {101, sample_geneve_ip, "geneve-ip", false},
        {101, sample_gtp, "gtp", false},
        {101, sample_gtp_extended, "gtp-extended", false},
        {101, sample_l2tp, "l2tp", false},
        {101, sample_l2tp_plain, "l2tp-plain", false},
        {101, sample_l2tp3_udp, "l2tp3-udp", false},
        {101, sample_teredo, "teredo", false},
        {101, sample_capwap, "capwap", false},
        {101, sample_capwap_native, "capwap-native", false},
        {101, sample_capwap_swapped, "capwap-swapped", false},
        {101, sample_lisp, "lisp", false},
        {101, sample_mpls_in_udp, "mpls-in-udp", false},
        {101, sample_esp_udp, "esp-udp", false},
};

enum { SAMPLES = sizeof sample_rows / sizeof *sample_rows };

#endif
