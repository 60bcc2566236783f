/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP's own header, and the split of what IP left into payload and cut. */
#include "samples.h"

/* A header of that size and n bytes of payload over IPv4. */
static struct build frame(size_t header, size_t n)
{
	struct build f = {.link = 1};
	put_ethernet(&f, 0x0800);
	put_ip4(&f, 6, header + n);
	put_tcp(&f, header, n);
	return f;
}

static void options(void **state)
{
	(void)state;
	for (size_t header = 20; header <= 60; header += 4) {
		struct build f = frame(header, 11);
		expect_segment(&f, 11, 0);
	}
}

static void empty(void **state)
{
	(void)state;
	struct build f = frame(20, 0);
	put_fill(&f, 6, 0); /* padding */
	expect_segment(&f, 0, 0);
}

static void flags(void **state)
{
	(void)state;
	struct build f = frame(20, 0);
	for (unsigned v = 0; v < 256; v++) {
		struct tf_packet pkt;
		f.b[f.tcp + 13] = (uint8_t)v;
		assert_int_equal(decode_whole(&f, &pkt), FATE_tcp_segments);
		assert_int_equal(pkt.flags, v);
	}
}

static void data_offset(void **state)
{
	(void)state;
	struct build f = frame(20, 5);
	for (unsigned words = 0; words < 16; words++) {
		f.b[f.tcp + 12] = (uint8_t)(words << 4);
		expect_fate(&f, words < 5   ? FATE_drop_bad_tcp
		                : words > 6 ? FATE_drop_bad_tcp
		                            : FATE_tcp_segments);
	}
	/* 25 bytes from TCP on: 24 of header leave one */
	struct tf_packet pkt;
	f.b[f.tcp + 12] = 6 << 4;
	assert_int_equal(decode_whole(&f, &pkt), FATE_tcp_segments);
	assert_int_equal(pkt.payload.n, 1);
}

/* IP says that there is no room for a TCP header, whatever stands behind. */
static void ip_too_short(void **state)
{
	(void)state;
	struct build f = frame(20, 5);
	for (unsigned n = 0; n < 20; n++) {
		set16(&f, f.ip + 2, 20 + n);
		expect_fate(&f, FATE_drop_bad_tcp);
	}
	set16(&f, f.ip + 2, 40);
	expect_segment(&f, 0, 0);
}

static void fixed_header_cut(void **state)
{
	(void)state;
	struct build f = frame(20, 5);
	for (size_t n = 0; n < 20; n++) {
		struct tf_packet pkt;
		assert_int_equal(decode_cut(&f, f.tcp + n, f.n, &pkt), FATE_drop_short);
	}
}

static void options_cut(void **state)
{
	(void)state;
	struct build f = frame(60, 1000);
	f.length = (uint32_t)f.n;
	for (size_t n = 20; n <= 60; n++) {
		f.n = f.tcp + n;
		expect_segment(&f, 0, 1000);
	}
}

static void payload_cut(void **state)
{
	(void)state;
	struct build f = frame(32, 1000);
	f.length = (uint32_t)f.n;
	for (size_t n = 0; n <= 1000; n++) {
		f.n = f.tcp + 32 + n;
		struct tf_packet pkt = expect_segment(&f, n, 1000 - n);
		assert_int_equal(pkt.position, 1000 + 14 + 20 + 32);
	}
}

/* A frame's length may lie where IP gives none: no segment exceeds 2^30 bytes. */
static void longest(void **state)
{
	(void)state;
	struct build f = frame(20, 5);
	set16(&f, f.ip + 2, 0);
	f.length = (1U << 30) + 54;
	expect_segment(&f, 5, (1U << 30) - 5);
	f.length++;
	expect_fate(&f, FATE_drop_bad_tcp);
	f.length = UINT32_MAX;
	expect_fate(&f, FATE_drop_bad_tcp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(options),      cmocka_unit_test(empty),
	        cmocka_unit_test(flags),        cmocka_unit_test(data_offset),
	        cmocka_unit_test(ip_too_short), cmocka_unit_test(fixed_header_cut),
	        cmocka_unit_test(options_cut),  cmocka_unit_test(payload_cut),
	        cmocka_unit_test(longest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
