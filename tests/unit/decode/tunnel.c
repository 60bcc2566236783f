/* SPDX-License-Identifier: BSD-3-Clause */
/* Tunnels and links beyond their samples: what is kept of them, what closes them, what
   is told of those that hide something, and packets that only look like one. */
#include "samples.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static struct tf_packet segment_of(void (*put)(struct build *f), uint32_t link,
                                   const struct tf_config *cfg)
{
	struct build f = {.link = link, .config = cfg};
	put(&f);
	return expect_segment(&f, 5, 0);
}

static enum fate fate_of(void (*put)(struct build *f), uint32_t link, const struct tf_config *cfg)
{
	struct build f = {.link = link, .config = cfg};
	struct tf_packet pkt;
	put(&f);
	return decode_whole(&f, &pkt);
}

static uint64_t decap(const char *list)
{
	uint64_t set = 0;
	assert_true(tf_decap_parse(list, &set));
	return set;
}

/* -- network ids --------------------------------------------------------------------- */

static void network_ids(void **state)
{
	static const struct {
		void (*put)(struct build *f);
		uint32_t net;
	} rows[] = {
	        {sample_vxlan, 0x0100abcd},
	        {sample_vxlan_old, 0x01000005},
	        {sample_vxlan_gpe, 0x01000007},
	        {sample_geneve, 0x020000ff},
	        {sample_geneve_ip, 0x020000ff},
	        {sample_nvgre, 0x03012345},
	        {sample_gre, 0},
	        {sample_gre_all, 0},
	        {sample_gre_ethernet, 0},
	        {sample_gtp, 0},
	        {sample_lisp, 0},
	};
	(void)state;
	struct tf_config key5 = decode_config();
	key5.key = TF_KEY_5TUPLE;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tf_packet pkt = segment_of(rows[i].put, 101, NULL);
		assert_int_equal(pkt.net[0], rows[i].net);
		assert_int_equal(pkt.net[1], 0);
		pkt = segment_of(rows[i].put, 101, &key5);
		assert_int_equal(pkt.net[0], 0);
	}
	struct tf_packet pkt = segment_of(sample_nested, 1, NULL);
	assert_int_equal(pkt.net[0], 0x02000001);
	assert_int_equal(pkt.net[1], 0x01000002);
	const uint16_t vlans[TF_VLANS] = {3, 4};
	assert_memory_equal(pkt.vlan, vlans, sizeof vlans);
	pkt = segment_of(sample_nested, 1, &key5);
	const uint16_t none[TF_VLANS] = {0};
	assert_memory_equal(pkt.vlan, none, sizeof none);
	assert_int_equal(pkt.net[0], 0);
}

/* -- numbers that differ by direction -------------------------------------------------- */

static void put_gretap_keyed(struct build *f)
{
	sample_nvgre(f);
	set16(f, 24, 0x000f); /* a key whose upper 24 bits NVGRE has reserved */
}

/* More labels than are kept; then a key within them. */
static void put_five_labels(struct build *f)
{
	put_ethernet(f, 0x8847);
	for (unsigned i = 0; i < 5; i++)
		put_label(f, 0xf0000 + i, i == 4);
	put_ip4_tcp(f);
}

static void marks(void **state)
{
	static const struct {
		void (*put)(struct build *f);
		uint32_t link;
		struct tf_marks marks;
	} rows[] = {
	        {sample_ethernet, 1, {{0}, {0}}},
	        {sample_gre, 101, {{0}, {0}}},
	        {sample_gre_all, 101, {{TF_MARK_GRE}, {77}}},
	        {sample_pptp, 101, {{TF_MARK_GRE}, {7}}},
	        {sample_nvgre, 101, {{0}, {0}}},
	        {put_gretap_keyed, 101, {{TF_MARK_GRE}, {0x000f4567}}},
	        {sample_erspan2, 101, {{0}, {0}}},
	        {sample_gre_mpls, 101, {{TF_MARK_MPLS}, {100}}},
	        {sample_mpls_link, 219, {{TF_MARK_MPLS, TF_MARK_MPLS}, {100, 200}}},
	        {sample_gtp, 101, {{TF_MARK_GTP}, {1}}},
	        {put_five_labels,
	         1,
	         {{TF_MARK_MPLS, TF_MARK_MPLS, TF_MARK_MPLS, TF_MARK_MPLS},
	          {0xf0000, 0xf0001, 0xf0002, 0xf0003}}},
	};
	(void)state;
	struct tf_config key5 = decode_config();
	key5.key = TF_KEY_5TUPLE; /* they are no part of the key, so they stay */
	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		const struct tf_marks *want = &rows[i / 2].marks;
		struct tf_packet pkt =
		        segment_of(rows[i / 2].put, rows[i / 2].link, i % 2 ? &key5 : NULL);
		assert_memory_equal(pkt.marks.kind, want->kind, sizeof want->kind);
		for (size_t k = 0; k < TF_MARKS && want->kind[k] != 0; k++)
			assert_int_equal(pkt.marks.number[k], want->number[k]);
	}
}

/* -- --decap, --tunnel-port -------------------------------------------------------------- */

/* Each name closes its tunnels, and no other does. */
static void closed(void **state)
{
	static const struct {
		const char *name;
		void (*put)(struct build *f);
		uint32_t link;
		enum fate fate;
	} rows[] = {
	        {"pbb", sample_backbone, 1, FATE_tunnel_closed},
	        {"pbb", sample_trill, 1, FATE_tunnel_closed},
	        {"mpls", sample_mpls, 1, FATE_tunnel_closed},
	        {"mpls", sample_mpls_in_ip, 101, FATE_tunnel_closed},
	        {"mpls", sample_mpls_in_udp, 101, FATE_not_tcp},
	        {"pppoe", sample_pppoe, 1, FATE_tunnel_closed},
	        {"macsec", sample_macsec, 1, FATE_tunnel_closed},
	        {"cmd", sample_metadata, 1, FATE_tunnel_closed},
	        {"nsh", sample_service, 1, FATE_tunnel_closed},
	        {"ipip", sample_4in4, 101, FATE_tunnel_closed},
	        {"ipip", sample_6in4, 101, FATE_tunnel_closed},
	        {"ipip", sample_4in6, 101, FATE_tunnel_closed},
	        {"gre", sample_gre, 101, FATE_tunnel_closed},
	        {"etherip", sample_etherip, 101, FATE_tunnel_closed},
	        {"etherip", sample_ethernet_in_ip6, 101, FATE_tunnel_closed},
	        {"esp", sample_esp, 101, FATE_tunnel_closed},
	        {"esp", sample_esp_udp, 101, FATE_not_tcp},
	        {"l2tp", sample_l2tp3, 101, FATE_tunnel_closed},
	        {"l2tp", sample_l2tp, 101, FATE_not_tcp},
	        {"vxlan", sample_vxlan, 101, FATE_not_tcp},
	        {"vxlan-gpe", sample_vxlan_gpe, 101, FATE_not_tcp},
	        {"geneve", sample_geneve, 101, FATE_not_tcp},
	        {"gtp", sample_gtp, 101, FATE_not_tcp},
	        {"teredo", sample_teredo, 101, FATE_not_tcp},
	        {"capwap", sample_capwap, 101, FATE_not_tcp},
	        {"lisp", sample_lisp, 101, FATE_not_tcp},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tf_config cfg = decode_config();
		cfg.decap = decap(rows[i].name);
		assert_int_equal(fate_of(rows[i].put, rows[i].link, &cfg), FATE_tcp_segments);
		cfg.decap = ~cfg.decap;
		if (fate_of(rows[i].put, rows[i].link, &cfg) != rows[i].fate)
			fail_msg("%s, row %zu", rows[i].name, i);
	}
}

/* Within GRE, both have to be open. */
static void closed_in_gre(void **state)
{
	static const struct {
		const char *name;
		void (*put)(struct build *f);
	} rows[] = {{"nvgre", sample_nvgre},    {"nvgre", sample_gre_ethernet},
	            {"erspan", sample_erspan1}, {"erspan", sample_erspan2},
	            {"erspan", sample_erspan3}, {"wccp", sample_wccp},
	            {"pptp", sample_pptp}};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tf_config cfg = decode_config();
		cfg.decap = decap(rows[i].name) | decap("gre");
		assert_int_equal(fate_of(rows[i].put, 101, &cfg), FATE_tcp_segments);
		cfg.decap = decap(rows[i].name);
		assert_int_equal(fate_of(rows[i].put, 101, &cfg), FATE_tunnel_closed);
		cfg.decap = ~cfg.decap;
		assert_int_equal(fate_of(rows[i].put, 101, &cfg), FATE_tunnel_closed);
	}
}

/* With everything closed, what is no tunnel is decoded as before. */
static void none(void **state)
{
	(void)state;
	struct tf_config cfg = decode_config();
	cfg.decap = 0;
	segment_of(sample_ethernet, 1, &cfg);
	segment_of(sample_tags, 1, &cfg);
	segment_of(sample_extensions, 101, &cfg);
	segment_of(sample_authentication, 101, &cfg);
	segment_of(sample_pppoe_link, 51, &cfg); /* a link type is not closed */
	segment_of(sample_mpls_link, 219, &cfg);
}

static void put_vxlan_elsewhere(struct build *f)
{
	sample_vxlan(f);
	set16(f, 22, 6081);
}

static void ports(void **state)
{
	(void)state;
	struct tf_config cfg = decode_config();
	struct tf_error err;
	assert_int_equal(fate_of(put_vxlan_elsewhere, 101, NULL), FATE_not_tcp);
	cfg.tunnel_port[0] = (struct tf_tunnel_port){decap("vxlan"), 6081};
	cfg.tunnel_ports = 1;
	assert_true(decode_check(&cfg, &err));
	segment_of(put_vxlan_elsewhere, 101, &cfg);
	segment_of(sample_vxlan, 101, &cfg); /* its own port stays */
	assert_int_equal(fate_of(sample_geneve, 101, &cfg), FATE_not_tcp);

	/* The sender's port counts too. */
	struct build f = {.link = 101};
	sample_gtp(&f);
	set16(&f, 20, 2152);
	set16(&f, 22, 40000);
	expect_segment(&f, 5, 0);

	cfg.tunnel_port[0].tunnel = decap("gre");
	assert_false(decode_check(&cfg, &err));
	assert_string_equal(err.text, "port 6081 is given for no tunnel in UDP");
	cfg.tunnel_ports = TF_TUNNEL_PORTS + 1;
	assert_false(decode_check(&cfg, &err));
}

/* The rows that say so are those that have a port. */
static void rows_with_ports(void **state)
{
	(void)state;
	size_t count;
	const struct tf_decap_row *rows = tf_decap_rows(&count);
	struct tf_config cfg = decode_config();
	struct tf_error err;
	assert_int_equal(count, 22);
	for (size_t i = 0; i < count; i++) {
		cfg.tunnel_port[0] = (struct tf_tunnel_port){rows[i].bit, 1};
		cfg.tunnel_ports = 1;
		assert_int_equal(decode_check(&cfg, &err), rows[i].has_port);
		assert_true(decap(rows[i].name) == rows[i].bit);
	}
}

/* -- what hides its contents ------------------------------------------------------------- */

static void put_wifi_protected(struct build *f)
{
	put_wifi(f, 0x88, 0x41);
	put_fill(f, 60, 0x5a);
}

static void put_wifi_empty(struct build *f)
{
	put_wifi(f, 0x48, 0x01);
}

static void put_wifi_beacon(struct build *f)
{
	put_wifi(f, 0x80, 0);
	put_llc_ip4(f);
}

static void put_wifi_fragment(struct build *f)
{
	put_wifi(f, 0x08, 0x05);
	put_llc_ip4(f);
}

static void put_wifi_last_fragment(struct build *f)
{
	put_wifi(f, 0x08, 0x01);
	f->b[22] = 0x11;
	put_llc_ip4(f);
}

static void put_radiotap_damaged(struct build *f)
{
	put_radiotap(f, 0x40);
	sample_wifi(f);
}

static void put_macsec_encrypted(struct build *f)
{
	sample_macsec(f);
	f->b[14] = 0x2c;
}

static void put_ppp_compressed(struct build *f)
{
	put16(f, 0x00fd);
	put_ip4_tcp(f);
}

static void put_ppp_control(struct build *f)
{
	put32(f, 0xff03c021);
	put_ip4_tcp(f);
}

static void put_multilink_piece(struct build *f)
{
	put16(f, 0x003d);
	put32(f, 0x80000001);
	put_ip4_tcp(f);
}

static void put_mpacket_rest(struct build *f)
{
	put_fill(f, 6, 0x55);
	put16(f, 0x6166); /* a continuation, its number */
	put_ethernet_ip4(f);
}

static void put_docsis_private(struct build *f)
{
	put32(f, 0x01050000 | (5 + 14 + 45));
	put8(f, 0x44);
	put32(f, 0x10800000); /* key sequence, enabled */
	put16(f, 0xcccc);
	put_ethernet_ip4(f);
}

static void put_capwap_dtls(struct build *f)
{
	put_outer_udp(f, 5247);
	put32(f, 0x01000000);
	put_fill(f, 50, 0x17);
	outer_done(f);
}

static void put_capwap_fragment(struct build *f)
{
	put_outer_udp(f, 5247);
	put_capwap(f, 0x80);
	put_ethernet_ip4(f);
	outer_done(f);
}

static void put_gre_unknown(struct build *f)
{
	put_outer(f, 47);
	put32(f, 0x00001234);
	put_ip4_tcp(f);
	outer_done(f);
}

static void put_gre_version(struct build *f)
{
	put_outer(f, 47);
	put32(f, 0x00020800);
	put_ip4_tcp(f);
	outer_done(f);
}

static void put_pptp_acknowledgement(struct build *f)
{
	put_outer(f, 47);
	put32(f, 0x2081880b);
	put32(f, 0x00000001);
	put32(f, 5);
	outer_done(f);
}

static void put_mpls_unknown(struct build *f)
{
	put_ethernet(f, 0x8847);
	put_label(f, 100, true);
	put_fill(f, 60, 0x21);
}

static void put_mpls_endless(struct build *f)
{
	put_ethernet(f, 0x8847);
	for (unsigned i = 0; i < 17; i++)
		put_label(f, 100, i == 16);
	put_ip4_tcp(f);
}

/* Neither a network id nor a next protocol. */
static void put_gpe_without_flags(struct build *f)
{
	put_outer_udp(f, 4790);
	put_fill(f, 8, 0);
	put_ethernet_ip4(f);
	outer_done(f);
}

static void put_l2tp3_unknown(struct build *f)
{
	put_outer(f, 115);
	put32(f, 0x11223344);
	put_fill(f, 60, 0x21);
	outer_done(f);
}

static void hidden(void **state)
{
	static const struct {
		void (*put)(struct build *f);
		uint32_t link;
		enum fate fate;
	} rows[] = {
	        {put_wifi_protected, 105, FATE_encrypted},
	        {put_wifi_empty, 105, FATE_not_ip},
	        {put_wifi_beacon, 105, FATE_not_ip},
	        {put_wifi_fragment, 105, FATE_link_fragments},
	        {put_wifi_last_fragment, 105, FATE_link_fragments},
	        {put_radiotap_damaged, 127, FATE_drop_damaged},
	        {put_macsec_encrypted, 1, FATE_encrypted},
	        {put_ppp_compressed, 9, FATE_encrypted},
	        {put_ppp_control, 9, FATE_not_ip},
	        {put_multilink_piece, 9, FATE_link_fragments},
	        {put_mpacket_rest, 274, FATE_link_fragments},
	        {put_docsis_private, 143, FATE_encrypted},
	        {put_capwap_dtls, 101, FATE_encrypted},
	        {put_capwap_fragment, 101, FATE_link_fragments},
	        {put_gre_unknown, 101, FATE_tunnel_unknown},
	        {put_gre_version, 101, FATE_tunnel_unknown},
	        {put_pptp_acknowledgement, 101, FATE_not_tcp},
	        {put_mpls_unknown, 1, FATE_tunnel_unknown},
	        {put_mpls_endless, 1, FATE_drop_too_deep},
	        {put_l2tp3_unknown, 101, FATE_tunnel_unknown},
	        {put_gpe_without_flags, 101, FATE_not_tcp},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum fate fate = fate_of(rows[i].put, rows[i].link, NULL);
		if (fate != rows[i].fate)
			fail_msg("row %zu: %d", i, fate);
	}
}

/* Without --esp-null nobody looks into ESP; with it, all forms of check value do. */
static void esp(void **state)
{
	(void)state;
	struct tf_config cfg = decode_config();
	cfg.esp_null = false;
	assert_int_equal(fate_of(sample_esp, 101, &cfg), FATE_encrypted);
	assert_int_equal(fate_of(sample_esp_udp, 101, &cfg), FATE_encrypted);

	static const uint8_t forms[][2] = {{0, 12}, {0, 16}, {0, 0}, {8, 16}, {0, 24}, {0, 32}};
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct build f = {.link = 101}, transport = {.link = 101};
		put_outer(&f, 50);
		put32(&f, 0x1000);
		put32(&f, 1);
		put_fill(&f, forms[i][0], 0xab);
		put_ip4_tcp(&f);
		put32(&f, 0x01020304);
		put8(&f, 5);
		put16(&f, 0x0504);
		put_fill(&f, forms[i][1], 0xcc);
		outer_done(&f);
		expect_segment(&f, 5, 0);
		f.b[f.n - forms[i][1] - 4]++; /* padding that is none */
		expect_fate(&f, FATE_encrypted);

		put_ip4(&transport, 50, 36 + (size_t)forms[i][0] + forms[i][1]);
		put32(&transport, 0x1000);
		put32(&transport, 1);
		put_fill(&transport, forms[i][0], 0xab);
		put_tcp(&transport, 20, 5);
		put8(&transport, 1);
		put16(&transport, 0x0106);
		put_fill(&transport, forms[i][1], 0xcc);
		expect_segment(&transport, 5, 0);
	}
}

/* -- aggregates -------------------------------------------------------------------------- */

static void put_subframe(struct build *f, bool last)
{
	put_fill(f, 12, 0x0a);
	put16(f, 8 + 45);
	put_llc_ip4(f);
	if (!last)
		put_fill(f, (4 - (14 + 8 + 45) % 4) % 4, 0);
}

static void aggregates(void **state)
{
	(void)state;
	struct build f = {.link = 105};
	put_wifi(&f, 0x88, 2);
	put16(&f, 0x8000);
	for (unsigned i = 0; i < 40; i++)
		put_subframe(&f, i == 39);
	for (f.packet = 0; f.packet < 40; f.packet++)
		expect_segment(&f, 5, 0);

	/* There is no packet behind the last, nor behind one that the snaplen cut. */
	struct tf_frame frame = {.bytes = f.b, .link_type = 105, .length = (uint32_t)f.n};
	struct tf_config cfg = decode_config();
	for (size_t n = 0; n <= f.n; n++) {
		struct decode d;
		struct tf_packet pkt;
		unsigned more = 0;
		decode_init(&d, &cfg);
		frame.captured = (uint32_t)n;
		(void)decode_frame(&d, &frame, &pkt);
		for (; decode_has_more(&d); more++)
			(void)decode_more(&d, &frame, &pkt);
		assert_true(more <= n / 68);
		assert_true(n < f.n || more == 39);
	}
}

/* -- headers that are easily misread ------------------------------------------------------ */

/* Without E, the byte that would name an extension header says nothing. */
static void gtp_sequence(void **state)
{
	(void)state;
	struct build f = {.link = 101};
	put_outer_udp(&f, 2152);
	put32(&f, 0x32ff0000 | (4 + 45));
	put32(&f, 0x1000);
	put32(&f, 0x0001ff85);
	put_ip4_tcp(&f);
	outer_done(&f);
	expect_segment(&f, 5, 0);
	f.b[28] = 0x36; /* with E there is one, whose length is IP's first byte */
	expect_fate(&f, FATE_not_tcp);
}

/* The last source route has no family and no length; its offset does not matter. */
static void last_route(void **state)
{
	(void)state;
	struct build f = {.link = 101};
	sample_gre_all(&f);
	f.b[20 + 24 + 2] = 0x99;
	expect_segment(&f, 5, 0);
}

/* A pseudowire without control word whose first address looks like an IP header with a
   length that is possible. */
static void pseudowire_address(void **state)
{
	static const uint8_t address[][6] = {
	        {0x45, 0x00, 0x00, 0x30, 0xaa, 0xbb},
	        {0x60, 0x00, 0xaa, 0xbb, 0x00, 0x08},
	        {0x4c, 0x5e, 0x00, 0x00, 0xaa, 0xbb},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(address); i++) {
		struct build f = {.link = 1};
		sample_mpls_ethernet(&f);
		memcpy(f.b + 18, address[i], 6);
		expect_segment(&f, 5, 0);

		struct build arp = {.link = 1};
		put_ethernet(&arp, 0x8847);
		put_label(&arp, 100, true);
		put_ethernet(&arp, 0x0806);
		memcpy(arp.b + 18, address[i], 6);
		arp.b[18 + 9] = 6;
		put32(&arp, 0x00010800);
		put_fill(&arp, 60, 0x50);
		expect_fate(&arp, FATE_not_ip);
	}
}

static unsigned header_sum(const uint8_t *p)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < 20; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	return ~(sum + (sum >> 16)) & 0xffff;
}

/* An IP packet whose source address looks like a known EtherType: here TRILL's. Without
   padding its length tells, with padding its checksum. */
static void type_in_address(void **state)
{
	(void)state;
	for (size_t padding = 0; padding < 8; padding += 7) {
		struct build f = {.link = 1};
		struct tf_packet pkt;
		put_ethernet(&f, 0x8847);
		put_label(&f, 100, true);
		put_ip4_tcp(&f);
		set16(&f, f.ip + 12, 0x22f3);
		set16(&f, f.ip + 10, 0);
		set16(&f, f.ip + 10, header_sum(f.b + f.ip));
		put_fill(&f, padding, 0);
		assert_int_equal(decode_whole(&f, &pkt), FATE_tcp_segments);
		assert_int_equal(pkt.src.address.b[12], 0x22);
	}
}

/* The card has decrypted these, and left the flag. */
static void decrypted_aggregate(void **state)
{
	(void)state;
	for (unsigned cipher = 0; cipher <= 8; cipher += 8) {
		struct build f = {.link = 105};
		put_wifi(&f, 0x88, 0x42);
		put16(&f, 0x8000);
		put_fill(&f, cipher, 0x20);
		put_subframe(&f, false);
		put_subframe(&f, true);
		for (f.packet = 0; f.packet < 2; f.packet++)
			expect_segment(&f, 5, 0);
	}
}

/* Beacons are no IP, wherever they are cut. */
static void cut_beacon(void **state)
{
	(void)state;
	struct build f = {.link = 105};
	put_wifi_beacon(&f);
	for (size_t n = 2; n < f.n; n++) {
		struct tf_packet pkt;
		assert_int_equal(decode_cut(&f, n, f.n, &pkt), FATE_not_ip);
	}
}

/* -- packets that only look like a tunnel -------------------------------------------------- */

/* Text on each port is an ordinary packet; so are zeros and ones of any length. */
static void not_a_tunnel(void **state)
{
	static const unsigned port[] = {4789, 8472, 4790, 6081, 2152, 1701, 3544, 5247, 4341, 6635};
	static const uint8_t fill[] = {0x00, 0x20, 'G', 0xff};
	(void)state;
	for (size_t i = 0; i < COUNT(port) * COUNT(fill); i++) {
		for (size_t n = 0; n < 100; n++) {
			struct build f = {.link = 101};
			struct tf_packet pkt;
			put_outer_udp(&f, port[i / COUNT(fill)]);
			put_fill(&f, n, fill[i % COUNT(fill)]);
			outer_done(&f);
			enum fate fate = decode_whole(&f, &pkt);
			bool plain = fate == FATE_not_tcp || fate == FATE_drop_bad_ip ||
			             fate == FATE_not_ip || fate == FATE_drop_short;
			if (!plain)
				fail_msg("port %u, %zu bytes: fate %d", port[i / COUNT(fill)], n,
				         fate);
		}
	}
	struct build exchange = {.link = 101};
	put_outer_udp(&exchange, 4500);
	put_fill(&exchange, 40, 0);
	outer_done(&exchange);
	expect_fate(&exchange, FATE_not_tcp);
}

static void dns(void **state)
{
	(void)state;
	struct build f = {.link = 101};
	put_outer_udp(&f, 53);
	put_ip4_tcp(&f);
	outer_done(&f);
	expect_fate(&f, FATE_not_tcp);
}

/* Answers of a name server to a client that happens to use a tunnel's port, with every
   first byte of the id: none becomes a segment, whatever they are taken for. */
static void dns_answers(void **state)
{
	static const unsigned port[] = {4789, 8472, 4790, 6081, 2152, 1701,
	                                3544, 5247, 4341, 6635, 4500};
	static const uint8_t question[] = "\x07"
	                                  "example\x03"
	                                  "com\0\0\x01\0\x01"
	                                  "\xc0\x0c\0\x01\0\x01\0\0\x0e\x10\0\x04\x45\0\0\x28";
	(void)state;
	for (size_t i = 0; i < COUNT(port) * 256; i++) {
		struct build f = {.link = 101};
		struct tf_packet pkt;
		put_outer_udp(&f, port[i / 256]);
		set16(&f, 20, 53);
		put16(&f, (unsigned)(i % 256) << 8 | (i * 7 & 0xff));
		put16(&f, 0x8180);
		put32(&f, 0x00010001);
		put32(&f, 0);
		for (size_t k = 0; k < sizeof question - 1; k++)
			put8(&f, question[k]);
		outer_done(&f);
		assert_int_not_equal(decode_whole(&f, &pkt), FATE_tcp_segments);
	}
}

/* A tunnel's own length shortens, but does not lengthen: the sending host shows packets
   that the card will cut into segments. */
static void lengths(void **state)
{
	(void)state;
	struct build f = {.link = 101};
	sample_vxlan(&f);
	set16(&f, 24, 8 + 8 + 14 + 40);
	expect_segment(&f, 0, 5); /* IP, further in, knows better what was lost */
	set16(&f, 24, 2000);
	expect_segment(&f, 5, 0);
	set16(&f, 24, 0);
	expect_segment(&f, 5, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(network_ids),
	        cmocka_unit_test(closed),
	        cmocka_unit_test(closed_in_gre),
	        cmocka_unit_test(none),
	        cmocka_unit_test(ports),
	        cmocka_unit_test(rows_with_ports),
	        cmocka_unit_test(hidden),
	        cmocka_unit_test(esp),
	        cmocka_unit_test(aggregates),
	        cmocka_unit_test(not_a_tunnel),
	        cmocka_unit_test(dns),
	        cmocka_unit_test(lengths),
	        cmocka_unit_test(dns_answers),
	        cmocka_unit_test(marks),
	        cmocka_unit_test(gtp_sequence),
	        cmocka_unit_test(last_route),
	        cmocka_unit_test(pseudowire_address),
	        cmocka_unit_test(type_in_address),
	        cmocka_unit_test(decrypted_aggregate),
	        cmocka_unit_test(cut_beacon),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
