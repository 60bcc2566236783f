/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a segment's checksum is, from frames of every kind on; and what a direction has
 * shown. Sums are made here word by word, apart from those of the program.
 */
#include "../decode/samples.h"

#include "flow/checksum.h"

static struct build f;

/* -- making checksums ---------------------------------------------------------------- */

static unsigned folded(uint64_t sum)
{
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (unsigned)sum;
}

static uint64_t words(const uint8_t *p, size_t n)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += i % 2 == 0 ? (unsigned)p[i] << 8 : p[i];
	return sum;
}

/* The addresses of the latest IP header, and the protocol. */
static uint64_t ends(void)
{
	return f.b[f.ip] >> 4 == 6 ? 6 + words(f.b + f.ip + 8, 32) : 6 + words(f.b + f.ip + 12, 8);
}

static unsigned field(void)
{
	return (unsigned)f.b[f.tcp + 16] << 8 | f.b[f.tcp + 17];
}

/* Gives the segment of n bytes, header and all, the right checksum for these ends. */
static void seal_for(uint64_t those, size_t n)
{
	set16(&f, f.tcp + 16, 0);
	set16(&f, f.tcp + 16, ~folded(those + n + words(f.b + f.tcp, n)) & 0xffff);
}

static size_t segment(size_t payload)
{
	return (f.b[f.tcp + 12] >> 4) * (size_t)4 + payload;
}

static enum checksum look(bool offloading)
{
	struct tf_packet pkt;
	assert_int_equal(decode_whole(&f, &pkt), FATE_tcp_segments);
	return checksum_of(&pkt, offloading);
}

static void expect(enum checksum what)
{
	assert_int_equal(look(false), what);
}

/* -- every kind of frame -------------------------------------------------------------- */

/* Right, then with each bit of the segment changed. */
static void good_and_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		f = (struct build){.link = sample_rows[i].link};
		sample_rows[i].put(&f);
		size_t n = segment(5);
		seal_for(ends(), n);
		if (look(false) != CHECKSUM_GOOD)
			fail_msg("%s: %d", sample_rows[i].name, look(false));
		for (size_t at = f.tcp; at < f.tcp + n; at++) {
			struct tf_packet pkt;
			f.b[at] ^= 0x10;
			if (decode_whole(&f, &pkt) == FATE_tcp_segments)
				assert_int_equal(checksum_of(&pkt, false), CHECKSUM_BAD);
			f.b[at] ^= 0x10;
		}
	}
}

static void offloaded(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		f = (struct build){.link = sample_rows[i].link};
		sample_rows[i].put(&f);
		const unsigned fields[] = {0, folded(ends()), folded(ends() + segment(5))};
		for (size_t k = 0; k < 3; k++) {
			set16(&f, f.tcp + 16, fields[k]);
			assert_int_equal(look(false), CHECKSUM_OFFLOADED);
			assert_int_equal(look(true), CHECKSUM_OFFLOADED);
			set16(&f, f.tcp + 16, fields[k] ^ 1);
			assert_int_equal(look(true), CHECKSUM_BAD);
			set16(&f, f.tcp + 16, ~fields[k] & 0xffff);
			assert_int_equal(look(true), CHECKSUM_BAD);
		}
	}
}

/* Cut anywhere, also among the options. */
static void cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		f = (struct build){.link = sample_rows[i].link};
		sample_rows[i].put(&f);
		size_t n = segment(5);
		seal_for(ends(), n);
		for (size_t left = 20; left < n; left++) {
			struct tf_packet pkt;
			assert_int_equal(decode_cut(&f, f.tcp + left, f.n, &pkt),
			                 FATE_tcp_segments);
			assert_int_equal(pkt.header, left < n - 5 ? 0 : n - 5);
			assert_int_equal(checksum_of(&pkt, false), CHECKSUM_UNKNOWN);
			assert_int_equal(checksum_of(&pkt, true), CHECKSUM_UNKNOWN);
		}
	}
	/* Nothing but options is missing. */
	f = (struct build){.link = 101, .length = 60};
	put_ip4(&f, 6, 40);
	put_tcp(&f, 40, 0);
	f.n -= 7;
	expect(CHECKSUM_UNKNOWN);
}

/* -- lengths ---------------------------------------------------------------------------- */

static void lengths(void **state)
{
	(void)state;
	for (size_t n = 0; n < 300; n++) {
		f = (struct build){.link = 101};
		put_ip4(&f, 6, 20 + n);
		put_tcp(&f, 20, n);
		put_fill(&f, 3, 0xee); /* no part of the packet */
		seal_for(ends(), 20 + n);
		expect(CHECKSUM_GOOD);
		set16(&f, f.tcp + 16, field() ^ 0x8000);
		expect(CHECKSUM_BAD);
	}
}

/* More than 16 bits of length: a jumbogram, and a segment still to be cut up. */
static void large(void **state)
{
	(void)state;
	size_t n = 66000;
	f = (struct build){.link = 101};
	put_ip6(&f, 0, 0);
	put16(&f, 0x0600);
	put16(&f, 0xc204); /* jumbo */
	put32(&f, (uint32_t)(8 + 20 + n));
	put_tcp(&f, 20, n);
	seal_for(ends(), 20 + n);
	expect(CHECKSUM_GOOD);
	set16(&f, f.tcp + 16, folded(ends() + 20 + n));
	expect(CHECKSUM_OFFLOADED);
	set16(&f, f.tcp + 16, folded(ends() + ((20 + n) & 0xffff)));
	expect(CHECKSUM_BAD);

	f = (struct build){.link = 101};
	put_ip4(&f, 6, 0);
	set16(&f, f.ip + 2, 0);
	put_tcp(&f, 20, n);
	seal_for(ends(), 20 + n);
	expect(CHECKSUM_GOOD);
	set16(&f, f.tcp + 16, folded(ends() + 20 + n));
	expect(CHECKSUM_OFFLOADED);
}

/* -- chance ------------------------------------------------------------------------------ */

/* A right checksum that happens to be what an offloaded one would be. */
static void right_by_chance(void **state)
{
	(void)state;
	f = (struct build){.link = 101};
	put_ip4(&f, 6, 26);
	put_tcp(&f, 20, 6);
	const unsigned fields[] = {0, folded(ends()), folded(ends() + 26)};
	for (size_t k = 0; k < 3; k++) {
		set16(&f, f.tcp + 16, fields[k]);
		set16(&f, f.tcp + 22, 0);
		set16(&f, f.tcp + 22, ~folded(ends() + 26 + words(f.b + f.tcp, 26)) & 0xffff);
		assert_int_equal(look(false), CHECKSUM_GOOD);
		assert_int_equal(look(true), CHECKSUM_OFFLOADED);
	}
	/* Zero has two forms; a receiver takes either. */
	set16(&f, f.tcp + 16, 0);
	set16(&f, f.tcp + 22, 0);
	set16(&f, f.tcp + 22, ~folded(ends() + 26 + words(f.b + f.tcp, 26)) & 0xffff);
	set16(&f, f.tcp + 16, 0xffff);
	expect(CHECKSUM_GOOD);
}

/* -- where the packet really goes -------------------------------------------------------- */

static void put_address(unsigned last)
{
	put32(&f, 0x20010db8);
	put_fill(&f, 11, 0x77);
	put8(&f, last);
}

/* IPv6 with a routing header of that kind over `addresses` addresses, and TCP. */
static void put_routed(unsigned kind, unsigned left, unsigned addresses)
{
	put_ip6(&f, 43, 8 + 16 * addresses + 25);
	put16(&f, 6 << 8 | 2 * addresses);
	put16(&f, kind << 8 | left);
	put32(&f, 0);
	for (unsigned i = 1; i <= addresses; i++)
		put_address(0x30 + i);
	put_tcp(&f, 20, 5);
}

/* The ends when the packet goes to the i-th address of its routing header, from 1. */
static uint64_t ends_by(unsigned i)
{
	return 6 + words(f.b + f.ip + 8, 16) + words(f.b + f.ip + 48 + 16 * (i - 1), 16);
}

static void routed_to(unsigned kind, unsigned addresses, unsigned final)
{
	f = (struct build){.link = 101};
	put_routed(kind, 1, addresses);
	seal_for(ends_by(final), 25);
	expect(CHECKSUM_GOOD);
	set16(&f, f.tcp + 16, folded(ends_by(final) + 25));
	expect(CHECKSUM_OFFLOADED);
	seal_for(ends(), 25);
	expect(CHECKSUM_BAD);

	f = (struct build){.link = 101};
	put_routed(kind, 0, addresses); /* it is there */
	seal_for(ends(), 25);
	expect(CHECKSUM_GOOD);
}

static void routing_header(void **state)
{
	(void)state;
	routed_to(0, 1, 1);
	routed_to(0, 3, 3);
	routed_to(2, 1, 1);
	routed_to(4, 1, 1);
	routed_to(4, 3, 1);
	for (unsigned kind = 0; kind < 256; kind++) {
		f = (struct build){.link = 101};
		put_routed(kind, 1, kind == 0 || kind == 2 || kind == 4 ? 0 : 2);
		seal_for(ends(), 25);
		expect(CHECKSUM_UNKNOWN);
	}
}

/* What one packet's routing header says does not outlive its IP header. */
static void tunnel(void **state)
{
	(void)state;
	for (unsigned kind = 3; kind <= 4; kind++) {
		f = (struct build){.link = 101};
		put_ip6(&f, 43, 24 + 20 + 25);
		put16(&f, 4 << 8 | 2);
		put16(&f, kind << 8 | 1);
		put32(&f, 0);
		put_address(9);
		put_ip4_tcp(&f);
		seal_for(ends(), 25);
		expect(CHECKSUM_GOOD);
		f.n = 0;
		put_ip6(&f, 43, 24 + 40 + 25);
		put16(&f, 41 << 8 | 2);
		put16(&f, kind << 8 | 1);
		put32(&f, 0);
		put_address(9);
		put_ip6_tcp(&f);
		seal_for(ends(), 25);
		expect(CHECKSUM_GOOD);
	}
}

/* Options may stand before and behind the home address. */
static void home_address(void **state)
{
	(void)state;
	f = (struct build){.link = 101};
	put_ip6(&f, 60, 32 + 25);
	put16(&f, 6 << 8 | 3);
	put16(&f, 0x0004); /* a pad of 1, an option of 4 bytes */
	put16(&f, 0x0400);
	put32(&f, 0x000000c9);
	put8(&f, 16);
	size_t home = f.n;
	put_address(0x44);
	put_fill(&f, 5, 0);
	put_tcp(&f, 20, 5);
	seal_for(6 + words(f.b + home, 16) + words(f.b + f.ip + 24, 16), 25);
	expect(CHECKSUM_GOOD);
	seal_for(ends(), 25);
	expect(CHECKSUM_BAD);
	f.b[home - 1] = 12; /* it is none */
	expect(CHECKSUM_GOOD);
	f.b[home - 1] = 255; /* it runs past its header */
	expect(CHECKSUM_GOOD);
}

/* Source routes of IPv4: while they last, and used up. */
static void source_route(void **state)
{
	(void)state;
	static const uint8_t types[] = {131, 137, 7};
	for (size_t i = 0; i < sizeof types; i++) {
		for (unsigned pointer = 4; pointer <= 12; pointer += 4) {
			f = (struct build){.link = 101};
			put_ip4(&f, 6, 25);
			put_ip4_options(&f, 12);
			size_t at = f.n - 12;
			const uint8_t route[] = {1, types[i], 11, (uint8_t)pointer, 10, 9, 9, 9, 10,
			                         8, 8,        8};
			memcpy(f.b + at, route, sizeof route);
			put_tcp(&f, 20, 5);
			bool lasts = types[i] != 7 && pointer < 12;
			seal_for(lasts ? 6 + words(f.b + f.ip + 12, 4) + words(route + 8, 4)
			               : ends(),
			         25);
			expect(CHECKSUM_GOOD);
		}
	}
}

/* Options that contradict themselves are read no further. */
static void odd_options(void **state)
{
	(void)state;
	static const uint8_t odd[][8] = {
	        {131},
	        {131, 1, 4},
	        {131, 2, 4},
	        {131, 3, 4},
	        {131, 6, 4, 9, 9, 9},
	        {131, 40, 4, 1, 2, 3, 4},
	        {68, 0, 131, 7, 4, 1, 2, 3},
	        {0, 131, 7, 4, 1, 2, 3, 4},
	        {1, 1, 1, 1, 1, 1, 1, 131},
	};
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		f = (struct build){.link = 101};
		put_ip4(&f, 6, 25);
		put_ip4_options(&f, 8);
		memcpy(f.b + f.n - 8, odd[i], 8);
		put_tcp(&f, 20, 5);
		seal_for(ends(), 25);
		expect(CHECKSUM_GOOD);
	}
}

/* A datagram put together from fragments; what stood before the fragment header holds. */
static void fragments(void **state)
{
	(void)state;
	struct build outer = {.link = 101};
	f = outer;
	put_ip6(&f, 43, 8 + 16 + 8 + 16);
	put16(&f, 44 << 8 | 2);
	put16(&f, 4 << 8 | 1);
	put32(&f, 0);
	put_address(9);
	put32(&f, 6U << 24 | 1); /* a first fragment */
	put32(&f, 7);
	put_fill(&f, 16, 0);
	outer = f;
	uint64_t those = ends_by(1);
	struct tf_frame frame = {.bytes = outer.b,
	                         .captured = (uint32_t)outer.n,
	                         .length = (uint32_t)outer.n,
	                         .link_type = 101};
	struct tf_config cfg = decode_config();
	struct decode d;
	struct tf_packet pkt;
	decode_init(&d, &cfg);
	assert_int_equal(decode_frame(&d, &frame, &pkt), FATE_fragments);
	f.n = 0;
	put_tcp(&f, 24, 1001);
	seal_for(those, 1025);
	struct tf_datagram whole = {{f.b, f.n}, 6, 1};
	assert_int_equal(decode_datagram(&d, &frame, &whole, &pkt), FATE_tcp_segments);
	assert_int_equal(checksum_of(&pkt, false), CHECKSUM_GOOD);
	f.b[500]++;
	assert_int_equal(checksum_of(&pkt, false), CHECKSUM_BAD);
}

/* -- what a direction has shown ------------------------------------------------------------ */

static void note(struct checksums *c, enum checksum what, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		checksums_note(c, what);
}

static void belief(void **state)
{
	(void)state;
	struct checksums c = {0};
	note(&c, CHECKSUM_UNKNOWN, 1000);
	note(&c, CHECKSUM_BAD, 15);
	assert_false(checksums_believed(&c));
	note(&c, CHECKSUM_GOOD, 1);
	assert_true(checksums_believed(&c) && !c.offloading);
	note(&c, CHECKSUM_BAD, 1000); /* for good */
	assert_true(checksums_believed(&c));

	c = (struct checksums){0};
	note(&c, CHECKSUM_OFFLOADED, 1);
	assert_true(checksums_believed(&c) && c.offloading);

	c = (struct checksums){0};
	note(&c, CHECKSUM_BAD, 100000);
	note(&c, CHECKSUM_GOOD, 4);
	note(&c, CHECKSUM_OFFLOADED, 4);
	assert_false(checksums_believed(&c));
	note(&c, CHECKSUM_GOOD, 1);
	assert_true(checksums_believed(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(good_and_bad),
	        cmocka_unit_test(offloaded),
	        cmocka_unit_test(cut),
	        cmocka_unit_test(lengths),
	        cmocka_unit_test(large),
	        cmocka_unit_test(right_by_chance),
	        cmocka_unit_test(routing_header),
	        cmocka_unit_test(tunnel),
	        cmocka_unit_test(home_address),
	        cmocka_unit_test(source_route),
	        cmocka_unit_test(odd_options),
	        cmocka_unit_test(fragments),
	        cmocka_unit_test(belief),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
