/* SPDX-License-Identifier: BSD-3-Clause */
/* Link types, VLAN tags, LLC and SNAP. */
#include "samples.h"

static void samples(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		struct build f = {.link = sample_rows[i].link};
		struct tf_packet pkt;
		sample_rows[i].put(&f);
		enum fate fate = decode_whole(&f, &pkt);
		if (fate != FATE_tcp_segments)
			fail_msg("%s (link type %u): fate %d", sample_rows[i].name, f.link, fate);
		expect_segment(&f, 5, 0);
	}
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(decode_link_name(1), "Ethernet");
	assert_string_equal(decode_link_name(276), "Linux cooked v2");
	assert_string_equal(decode_link_name(189), "USB with Linux header");
	assert_null(decode_link_name(5));
	assert_null(decode_link_name(277));
	assert_null(decode_link_name(UINT32_MAX));
	for (size_t i = 0; i < SAMPLES; i++)
		assert_true(decode_link_known(sample_rows[i].link));
	assert_false(decode_link_known(2));
	assert_false(decode_link_known(277));
}

static void unknown_link_types(void **state)
{
	(void)state;
	const uint32_t unknown[] = {2, 13, 275, 277, 1000, UINT32_MAX};
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
		struct build f = {.link = unknown[i]};
		sample_ethernet(&f);
		expect_fate(&f, FATE_drop_link_type);
	}
}

static void ethertypes_without_ip(void **state)
{
	(void)state;
	const unsigned types[] = {0x0806, 0x8892, 0x0600, 0xffff, 1501, 1535};
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		struct build f = {.link = 1};
		put_ethernet(&f, types[i]);
		put_snap(&f, 0, 0x0800); /* in case that the type is taken for a length */
		put_ip4_tcp(&f);
		expect_fate(&f, FATE_not_ip);
	}
}

/* The ids are the packet's, outermost first; priority and drop bits are not. */
static void tags(void **state)
{
	(void)state;
	struct build f = {.link = 1};
	sample_tags(&f);
	struct tf_packet pkt = expect_segment(&f, 5, 0);
	const uint16_t ids[TF_VLANS] = {1, 0xfff, 3, 4};
	assert_memory_equal(pkt.vlan, ids, sizeof ids);

	struct build cooked = {.link = 113};
	sample_cooked(&cooked);
	pkt = expect_segment(&cooked, 5, 0);
	const uint16_t one[TF_VLANS] = {5};
	assert_memory_equal(pkt.vlan, one, sizeof one);

	struct build plain = {.link = 1};
	sample_ethernet(&plain);
	pkt = expect_segment(&plain, 5, 0);
	const uint16_t none[TF_VLANS] = {0};
	assert_memory_equal(pkt.vlan, none, sizeof none);
}

/* n tags with that control field, then IPv4. */
static void put_tagged(struct build *f, unsigned n, unsigned control)
{
	put_ethernet(f, 0x8100);
	for (unsigned i = 1; i <= n; i++)
		put_tag(f, control, i == n ? 0x0800 : 0x8100);
	put_ip4_tcp(f);
}

static void too_many_tags(void **state)
{
	(void)state;
	struct build full = {.link = 1}, more = {.link = 1};
	put_tagged(&full, TF_VLANS, 9);
	put_tagged(&more, TF_VLANS + 1, 9);
	expect_segment(&full, 5, 0);
	expect_fate(&more, FATE_drop_too_deep);
}

/* Tags without an id count as headers: Ethernet, 29 of them, IPv4, TCP. Those with
   an id do not. */
static void too_deep(void **state)
{
	(void)state;
	struct build full = {.link = 1}, more = {.link = 1};
	put_tagged(&full, 29, 0xe000);
	put_tagged(&more, 30, 0xe000);
	expect_segment(&full, 5, 0);
	expect_fate(&more, FATE_drop_too_deep);

	struct build named = {.link = 1};
	put_tagged(&named, 29 + TF_VLANS, 0xe000);
	for (size_t i = 0; i < TF_VLANS; i++)
		set16(&named, 14 + 4 * i, 0xe001);
	expect_segment(&named, 5, 0);
}

/* A tag may stand before a length as well. */
static void tag_before_length(void **state)
{
	(void)state;
	struct build f = {.link = 1};
	put_ethernet(&f, 0x8100);
	put_tag(&f, 7, 8 + 45);
	put_snap(&f, 0, 0x0800);
	put_ip4_tcp(&f);
	struct tf_packet pkt = expect_segment(&f, 5, 0);
	assert_int_equal(pkt.vlan[0], 7);
}

/* With an IPv4 total length of 0 the 802.3 length is what excludes the padding. */
static void length_field_bounds(void **state)
{
	(void)state;
	struct build f = {.link = 1};
	put_ethernet(&f, 8 + 45);
	put_snap(&f, 0, 0x0800);
	put_ip4_tcp(&f);
	set16(&f, f.ip + 2, 0);
	put_fill(&f, 9, 0xdd);
	expect_segment(&f, 5, 0);
	set16(&f, 12, 8 + 45 + 30);
	f.n -= 9;
	expect_segment(&f, 5, 30);
}

static void snap_organizations(void **state)
{
	(void)state;
	const struct {
		uint32_t organization;
		bool ip;
	} rows[] = {{0, true}, {0x0000f8, true}, {0x00000c, false}, {0xf80000, false}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct build f = {.link = 1};
		put_ethernet(&f, 8 + 45);
		put_snap(&f, rows[i].organization, 0x0800);
		put_ip4_tcp(&f);
		if (rows[i].ip)
			expect_segment(&f, 5, 0);
		else
			expect_fate(&f, FATE_not_ip);
	}
}

/* Spanning tree, Novell's raw 802.3, mixed addresses, numbered frames; and lengths
   that leave no room for the headers. */
static void llc_without_ip(void **state)
{
	(void)state;
	const uint8_t heads[][3] = {
	        {0x42, 0x42, 0x03}, {0xff, 0xff, 0x00}, {0x06, 0xaa, 0x03}, {0x06, 0x06, 0x00}};
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		struct build f = {.link = 1};
		put_ethernet(&f, 48);
		for (size_t k = 0; k < 3; k++)
			put8(&f, heads[i][k]);
		put_ip4_tcp(&f);
		expect_fate(&f, FATE_not_ip);
	}
	for (unsigned length = 0; length < 8; length++) {
		struct build f = {.link = 1};
		put_ethernet(&f, length);
		put_snap(&f, 0, 0x0800);
		put_ip4_tcp(&f);
		expect_fate(&f, FATE_not_ip);
	}
}

static void loopback_families(void **state)
{
	(void)state;
	const uint32_t links[] = {0, 108};
	const uint32_t v6[] = {10, 23, 24, 28, 30};
	for (size_t i = 0; i < 2; i++) {
		for (size_t k = 0; k < sizeof v6 / sizeof *v6; k++) {
			struct build big = {.link = links[i]}, little = {.link = links[i]};
			put32(&big, v6[k]);
			put_ip6_tcp(&big);
			expect_segment(&big, 5, 0);
			put32(&little, v6[k] << 24);
			put_ip6_tcp(&little);
			expect_segment(&little, 5, 0);
		}
		struct build big = {.link = links[i]}, little = {.link = links[i]};
		put32(&big, 2);
		put_ip4_tcp(&big);
		expect_segment(&big, 5, 0);
		put32(&little, 0x02000000);
		put_ip4_tcp(&little);
		expect_segment(&little, 5, 0);
	}
}

static void loopback_without_ip(void **state)
{
	(void)state;
	const uint32_t families[] = {0, 7, 0x07000000, 0x02000002, 0x00020000, UINT32_MAX};
	for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
		struct build f = {.link = 0};
		put32(&f, families[i]);
		put_ip4_tcp(&f);
		expect_fate(&f, FATE_not_ip);
	}
}

static void raw_versions(void **state)
{
	(void)state;
	const uint32_t links[] = {12, 14, 101};
	for (size_t i = 0; i < 3; i++) {
		struct build v4 = {.link = links[i]}, v6 = {.link = links[i]};
		put_ip4_tcp(&v4);
		expect_segment(&v4, 5, 0);
		put_ip6_tcp(&v6);
		expect_segment(&v6, 5, 0);
		v4.b[0] = 0x55;
		expect_fate(&v4, FATE_drop_bad_ip);
	}
	struct build v4 = {.link = 228}, v6 = {.link = 229};
	put_ip4_tcp(&v4);
	put_ip6_tcp(&v6);
	expect_segment(&v4, 5, 0);
	expect_segment(&v6, 5, 0);
	v4.link = 229;
	v6.link = 228;
	expect_fate(&v4, FATE_drop_bad_ip);
	expect_fate(&v6, FATE_drop_bad_ip);
}

static void cooked(void **state)
{
	(void)state;
	const struct {
		unsigned device, protocol;
		enum fate fate;
	} rows[] = {
	        {1, 0x0800, FATE_tcp_segments},     {772, 0x0800, FATE_tcp_segments},
	        {65534, 0x0800, FATE_tcp_segments}, {1, 0x0806, FATE_not_ip},
	        {1, 0x0001, FATE_not_ip},           {1, 0x0003, FATE_not_ip},
	        {824, 0x0800, FATE_not_ip},         {770, 0x0800, FATE_not_ip},
	        {803, 0x0800, FATE_drop_short},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct build one = {.link = 113}, two = {.link = 276};
		put_cooked(&one, rows[i].device, rows[i].protocol);
		put_ip4_tcp(&one);
		expect_fate(&one, rows[i].fate);
		put_cooked2(&two, rows[i].device, rows[i].protocol);
		put_ip4_tcp(&two);
		expect_fate(&two, rows[i].fate);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(samples),
	        cmocka_unit_test(names),
	        cmocka_unit_test(unknown_link_types),
	        cmocka_unit_test(ethertypes_without_ip),
	        cmocka_unit_test(tags),
	        cmocka_unit_test(too_many_tags),
	        cmocka_unit_test(too_deep),
	        cmocka_unit_test(tag_before_length),
	        cmocka_unit_test(length_field_bounds),
	        cmocka_unit_test(snap_organizations),
	        cmocka_unit_test(llc_without_ip),
	        cmocka_unit_test(loopback_families),
	        cmocka_unit_test(loopback_without_ip),
	        cmocka_unit_test(raw_versions),
	        cmocka_unit_test(cooked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
