/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv4, IPv6 and its extension headers: where a packet ends, and what is refused. */
#include "samples.h"

#include "base/sum.h"

static struct build ip4_frame(void)
{
	struct build f = {.link = 1};
	put_ethernet(&f, 0x0800);
	put_ip4_tcp(&f);
	return f;
}

static struct build ip6_frame(void)
{
	struct build f = {.link = 1};
	put_ethernet(&f, 0x86dd);
	put_ip6_tcp(&f);
	return f;
}

static void padding_is_not_data(void **state)
{
	(void)state;
	struct build v4 = ip4_frame(), v6 = ip6_frame();
	put_fill(&v4, 100, 0xdd);
	put_fill(&v6, 100, 0xdd);
	expect_segment(&v4, 5, 0);
	expect_segment(&v6, 5, 0);
	v4.length = (uint32_t)v4.n + 50; /* padding that was cut off changes nothing */
	expect_segment(&v4, 5, 0);
}

static void options(void **state)
{
	(void)state;
	for (size_t n = 0; n <= 40; n += 4) {
		struct build f = {.link = 228};
		put_ip4(&f, 6, 25);
		put_ip4_options(&f, n);
		put_tcp(&f, 20, 5);
		expect_segment(&f, 5, 0);
	}
}

static void length_beyond_capture(void **state)
{
	(void)state;
	struct build v4 = ip4_frame(), v6 = ip6_frame();
	set16(&v4, v4.ip + 2, 1500);
	expect_segment(&v4, 5, 1500 - 45);
	set16(&v6, v6.ip + 4, 1500);
	expect_segment(&v6, 5, 1500 - 25);
	v4.length = 9000; /* IP knows better than the frame */
	expect_segment(&v4, 5, 1500 - 45);
}

/* Left to the network card to cut into segments: length 0 means all of the frame. */
static void length_zero(void **state)
{
	(void)state;
	struct build v4 = ip4_frame(), v6 = ip6_frame();
	set16(&v4, v4.ip + 2, 0);
	set16(&v6, v6.ip + 4, 0);
	expect_segment(&v4, 5, 0);
	expect_segment(&v6, 5, 0);
	v4.length = (uint32_t)v4.n + 70000;
	v6.length = (uint32_t)v6.n + 70000;
	expect_segment(&v4, 5, 70000);
	expect_segment(&v6, 5, 70000);
	v4.length = 1; /* less than captured: a file's mistake */
	expect_segment(&v4, 5, 0);
}

static void ip4_contradictions(void **state)
{
	(void)state;
	struct build f = ip4_frame();
	f.b[f.ip] = 0x65;
	expect_fate(&f, FATE_drop_bad_ip);
	f.b[f.ip] = 0x44;
	expect_fate(&f, FATE_drop_bad_ip);
	f.b[f.ip] = 0x45;
	for (unsigned total = 1; total < 20; total++) {
		set16(&f, f.ip + 2, total);
		expect_fate(&f, FATE_drop_bad_ip);
	}
	f.b[f.ip] = 0x4f;
	set16(&f, f.ip + 2, 59);
	expect_fate(&f, FATE_drop_bad_ip);
	set16(&f, f.ip + 2, 80); /* options that were not captured */
	expect_fate(&f, FATE_drop_short);
	f.b[f.ip] = 0x45;
	set16(&f, f.ip + 2, 45);
	expect_segment(&f, 5, 0);
}

static void ip6_version(void **state)
{
	(void)state;
	struct build f = ip6_frame();
	f.b[f.ip] = 0x45;
	expect_fate(&f, FATE_drop_bad_ip);
	f.b[f.ip] = 0x6f; /* traffic class and flow label may be anything */
	f.b[f.ip + 1] = 0xff;
	expect_segment(&f, 5, 0);
}

static void fragments(void **state)
{
	(void)state;
	const unsigned rows[] = {0x2000, 0x0001, 0x1fff, 0x3fff, 0x6001};
	struct build f = ip4_frame();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		set16(&f, f.ip + 6, rows[i]);
		expect_fate(&f, FATE_fragments);
	}
	set16(&f, f.ip + 6, 0xc000); /* reserved, and don't fragment */
	expect_segment(&f, 5, 0);
}

static void other_protocols(void **state)
{
	(void)state;
	struct build v4 = ip4_frame(), v6 = ip6_frame();
	for (unsigned protocol = 1; protocol < 256; protocol++) {
		bool ip6_only = protocol == 43 || protocol == 44 || protocol == 60 ||
		                protocol == 135 || protocol == 139 || protocol == 140;
		if (memchr("\4\6\21\51\57\62\63\141\163\211\217", (int)protocol, 11) != NULL)
			continue; /* followed: see tunnel.c */
		v4.b[v4.ip + 9] = (uint8_t)protocol;
		expect_fate(&v4, FATE_not_tcp);
		v6.b[v6.ip + 6] = (uint8_t)protocol;
		if (!ip6_only)
			expect_fate(&v6, FATE_not_tcp);
	}
	v4.b[v4.ip + 9] = 0; /* hop-by-hop means nothing in IPv4 */
	expect_fate(&v4, FATE_not_tcp);
}

static void ip6_fragments(void **state)
{
	(void)state;
	struct build f = {.link = 229};
	put_ip6(&f, 44, 8 + 25);
	put_extension(&f, 6, 0);
	put_tcp(&f, 20, 5);
	expect_segment(&f, 5, 0);
	set16(&f, 42, 0x0006); /* reserved bits */
	expect_segment(&f, 5, 0);
	set16(&f, 42, 0x0001);
	expect_fate(&f, FATE_fragments);
	set16(&f, 42, 0x0008);
	expect_fate(&f, FATE_fragments);
	set16(&f, 42, 0xfff8);
	expect_fate(&f, FATE_fragments);
}

/* n destination options headers, then TCP. */
static void put_chain(struct build *f, unsigned n)
{
	put_ip6(f, n == 0 ? 6 : 60, n * 8 + 25);
	for (unsigned i = 1; i <= n; i++)
		put_extension(f, i == n ? 6 : 60, 0);
	put_tcp(f, 20, 5);
}

static void extension_limit(void **state)
{
	(void)state;
	struct build full = {.link = 101}, more = {.link = 101};
	put_chain(&full, 32);
	put_chain(&more, 33);
	expect_segment(&full, 5, 0);
	expect_fate(&more, FATE_drop_too_deep);
}

/* An extension header longer than the packet is a contradiction; longer than what
   was captured, it is the snaplen. */
static void extension_too_long(void **state)
{
	(void)state;
	struct build f = {.link = 101};
	put_chain(&f, 1);
	f.b[41] = 4; /* 40 bytes; the packet has 33 */
	expect_fate(&f, FATE_drop_bad_ip);
	set16(&f, f.ip + 4, 1000);
	expect_fate(&f, FATE_drop_short);
}

static void extension_before_other(void **state)
{
	(void)state;
	const unsigned protocols[] = {1, 33, 58, 59, 132, 255};
	struct build f = {.link = 101};
	put_chain(&f, 2);
	for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++) {
		f.b[48] = (uint8_t)protocols[i];
		expect_fate(&f, FATE_not_tcp);
	}
}

static void authentication(void **state)
{
	(void)state;
	struct build f = {.link = 101};
	sample_authentication(&f);
	expect_segment(&f, 5, 0);
	f.b[21] = 0; /* shorter than its fixed part */
	expect_fate(&f, FATE_drop_bad_ip);
	f.b[21] = 200;
	expect_fate(&f, FATE_drop_bad_ip);
}

/* A hop-by-hop header of 16 bytes with padding and a jumbo option (RFC 2675). */
static void put_jumbo(struct build *f, uint32_t length)
{
	put_ip6(f, 0, 0);
	put16(f, 0x0601);
	put8(f, 0);       /* one byte of padding */
	put16(f, 0x0101); /* three */
	put8(f, 0);
	put16(f, 0xc204);
	put32(f, length);
	put32(f, 0x01020000);
}

static void jumbograms(void **state)
{
	(void)state;
	struct build f = {.link = 229};
	put_jumbo(&f, 16 + 20 + 66000);
	put_tcp(&f, 20, 66000);
	put_fill(&f, 50, 0xdd);
	expect_segment(&f, 66000, 0);
	f.n -= 50 + 6000;
	expect_segment(&f, 60000, 6000);
}

static void jumbo_contradictions(void **state)
{
	(void)state;
	struct build f = {.link = 229};
	put_jumbo(&f, 65535);
	put_tcp(&f, 20, 5);
	expect_fate(&f, FATE_drop_bad_ip);
	set16(&f, f.ip + 4, 16 + 25); /* with a plain length the option is not read */
	expect_segment(&f, 5, 0);
	set16(&f, f.ip + 4, 0);
	f.b[46] = 0xc3; /* another option: no length at all, so all that is there */
	expect_segment(&f, 5, 0);
	f.b[47] = 200; /* which runs out of its header */
	expect_segment(&f, 5, 0);
}

/* What looks like a jumbo option behind the hop-by-hop header is none. */
static void jumbo_elsewhere(void **state)
{
	(void)state;
	struct build f = {.link = 229};
	put_ip6(&f, 0, 0);
	put_extension(&f, 60, 0);
	put_extension(&f, 6, 1);
	f.b[51] = 0xc2;
	f.b[52] = 4;
	f.b[56] = 100;
	put_tcp(&f, 20, 5);
	expect_segment(&f, 5, 0);
}

/* -- header checksums ----------------------------------------------------------------- */

static struct decode decoder;

/* -> what the packet says of the IPv4 header of f, which came from that source */
static struct tf_packet look_at(const struct build *f, uint32_t source)
{
	struct tf_packet pkt;
	memset(&pkt, 0xa5, sizeof pkt);
	const struct tf_frame frame = {.bytes = f->b,
	                               .captured = (uint32_t)f->n,
	                               .length = (uint32_t)f->n,
	                               .link_type = f->link,
	                               .source = source};
	assert_int_equal(decode_frame(&decoder, &frame, &pkt), FATE_tcp_segments);
	return pkt;
}

static void start_decoder(void)
{
	struct tf_config cfg = decode_config();
	decode_init(&decoder, &cfg);
}

static void seal(struct build *f, size_t n)
{
	set16(f, f->ip + 10, 0);
	uint16_t sum = (uint16_t)~sum_bytes(f->b + f->ip, n);
	memcpy(f->b + f->ip + 10, &sum, sizeof sum);
}

/* Any bit of a header that was sealed. What makes another packet of it has another fate. */
static void damaged_headers(void **state)
{
	(void)state;
	start_decoder();
	struct build f = {.link = 228};
	put_ip4(&f, 6, 25);
	put_ip4_options(&f, 8);
	put_tcp(&f, 20, 5);
	seal(&f, 28);
	assert_false(look_at(&f, 1).misheaded);
	for (size_t at = 8; at < 28; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			if (at == 9) /* the protocol */
				continue;
			f.b[at] = (uint8_t)(f.b[at] ^ 1U << bit);
			assert_true(look_at(&f, 1).misheaded);
			f.b[at] = (uint8_t)(f.b[at] ^ 1U << bit);
		}
	set16(&f, f.ip + 10, 0); /* left to the card */
	assert_false(look_at(&f, 1).misheaded);
	set16(&f, f.ip + 10, 1);
	set16(&f, f.ip + 2, 0); /* so is the whole packet */
	assert_false(look_at(&f, 1).misheaded);
	struct build v6 = ip6_frame();
	assert_false(look_at(&v6, 1).misheaded);
}

/* Also that of a tunnel around it. */
static void damaged_outside(void **state)
{
	(void)state;
	start_decoder();
	struct build f = {.link = 228};
	put_ip4(&f, 4, 45);
	seal(&f, 20);
	put_ip4_tcp(&f);
	assert_false(look_at(&f, 1).misheaded);
	f.b[8] ^= 4;
	assert_true(look_at(&f, 1).misheaded);
}

/* -> how many wrong headers were suspicious, each after so many right ones */
static int suspects(uint32_t source, int wrongs, int rights)
{
	struct build right = ip4_frame(), wrong = ip4_frame();
	int count = 0;
	seal(&right, 20);
	set16(&wrong, wrong.ip + 10, 0x1234);
	for (int i = 0; i < wrongs; i++) {
		for (int k = 0; k < rights; k++)
			assert_false(look_at(&right, source).suspicious);
		count += look_at(&wrong, source).suspicious;
	}
	return count;
}

/* Wrong ones mean something where right ones were seen before, in the same source, and few that
   are wrong. */
static void suspicion(void **state)
{
	(void)state;
	start_decoder();
	assert_int_equal(suspects(1, 1, 63), 0);
	assert_int_equal(suspects(2, 1, 64), 1);
	assert_int_equal(suspects(3, 1, 0), 0);
	assert_int_equal(suspects(4, 100, 1024), 100);
	assert_int_equal(suspects(4, 1000, 10), 3); /* and no more */
	assert_int_equal(suspects(5, 1000, 0), 0);
	assert_int_equal(suspects(5, 1, 1024), 0);
	assert_int_equal(suspects(6, 1, 1024), 1);
	assert_int_equal(suspects(6 + DECODE_SOURCES, 1, 0), 0);
	assert_int_equal(suspects(6, 1, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(padding_is_not_data),
	        cmocka_unit_test(options),
	        cmocka_unit_test(length_beyond_capture),
	        cmocka_unit_test(length_zero),
	        cmocka_unit_test(ip4_contradictions),
	        cmocka_unit_test(ip6_version),
	        cmocka_unit_test(fragments),
	        cmocka_unit_test(other_protocols),
	        cmocka_unit_test(ip6_fragments),
	        cmocka_unit_test(extension_limit),
	        cmocka_unit_test(extension_too_long),
	        cmocka_unit_test(extension_before_other),
	        cmocka_unit_test(authentication),
	        cmocka_unit_test(jumbograms),
	        cmocka_unit_test(jumbo_contradictions),
	        cmocka_unit_test(jumbo_elsewhere),
	        cmocka_unit_test(damaged_headers),
	        cmocka_unit_test(damaged_outside),
	        cmocka_unit_test(suspicion),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
