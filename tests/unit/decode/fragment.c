/* SPDX-License-Identifier: BSD-3-Clause */
/* What the decoder says of IP fragments, and how it goes on with whole datagrams. */
#include "frames.h"

static struct decode decoder;

static struct tf_frame frame_of(const struct build *f, size_t captured)
{
	return (struct tf_frame){.bytes = f->b,
	                         .captured = (uint32_t)captured,
	                         .length = (uint32_t)f->n,
	                         .ts_ns = 5,
	                         .link_type = f->link,
	                         .source = 7,
	                         .number = 99,
	                         .position = 1000};
}

static uint64_t seed;

static enum fate decode(const struct tf_frame *frame, struct tf_packet *pkt)
{
	struct tf_config cfg = decode_config();
	cfg.hash_seed = seed;
	decode_init(&decoder, &cfg);
	return decode_frame(&decoder, frame, pkt);
}

static void start(struct build *f)
{
	*f = (struct build){.link = 1};
	put_ethernet(f, 0x0800);
	put_ip4(f, 6, 20 + 5);
}

static void fields_of_ip4(void **state)
{
	(void)state;
	struct build f;
	struct tf_packet pkt;
	start(&f);
	set16(&f, f.ip + 4, 0xabcd);
	set16(&f, f.ip + 6, 0x2000 | 185);
	put_tcp(&f, 20, 5);
	struct tf_frame frame = frame_of(&f, f.n);
	assert_int_equal(decode(&frame, &pkt), FATE_fragments);
	const struct tf_fragment *got = &decoder.fragment;
	assert_int_equal(got->id, 0xabcd);
	assert_int_equal(got->offset, 1480);
	assert_true(got->more && !got->ip6);
	assert_int_equal(got->protocol, 6);
	assert_int_equal(got->hop_limit, TTL);
	assert_int_equal(got->header, 20);
	assert_int_equal(got->cut, 0);
	assert_int_equal(got->ts_ns, 5);
	assert_ptr_equal(got->payload.p, f.b + f.ip + 20);
	assert_int_equal(got->payload.n, 25);
	assert_memory_equal(&got->src, &pkt.src.address, 16);
	assert_memory_equal(&got->dst, &pkt.dst.address, 16);
	assert_memory_not_equal(&got->src, &got->dst, 16);
	frame = frame_of(&f, f.n - 9);
	assert_int_equal(decode(&frame, &pkt), FATE_fragments);
	assert_int_equal(got->payload.n, 16);
	assert_int_equal(got->cut, 9);
	set16(&f, f.ip + 6, 1); /* the last */
	assert_int_equal(decode(&frame, &pkt), FATE_fragments);
	assert_true(!got->more && got->offset == 8);
	for (unsigned i = 0; i < 256; i++) {
		f.b[f.ip + 1] = (uint8_t)i;
		assert_int_equal(decode(&frame, &pkt), FATE_fragments);
		assert_int_equal(got->ecn, i % 4);
	}
}

static void fields_of_ip6(void **state)
{
	(void)state;
	struct build f = {.link = 1};
	struct tf_packet pkt;
	put_ethernet(&f, 0x86dd);
	put_ip6(&f, 44, 8 + 20 + 5);
	size_t at = f.n;
	put32(&f, 6U << 24 | 8 | 1);
	put32(&f, 0x89abcdef);
	put_tcp(&f, 20, 5);
	struct tf_frame frame = frame_of(&f, f.n);
	assert_int_equal(decode(&frame, &pkt), FATE_fragments);
	const struct tf_fragment *got = &decoder.fragment;
	assert_int_equal(got->id, 0x89abcdef);
	assert_int_equal(got->offset, 8);
	assert_true(got->more && got->ip6);
	assert_int_equal(got->protocol, 6);
	assert_int_equal(got->hop_limit, TTL);
	assert_int_equal(got->header, 0);
	assert_ptr_equal(got->payload.p, f.b + at + 8);
	assert_int_equal(got->payload.n, 25);
	for (unsigned i = 0; i < 256; i++) {
		set16(&f, f.ip, 0x6000 | i << 4);
		assert_int_equal(decode(&frame, &pkt), FATE_fragments);
		assert_int_equal(got->ecn, i % 4);
	}
	set16(&f, at + 2, 0xfff8); /* the last */
	assert_int_equal(decode(&frame, &pkt), FATE_fragments);
	assert_true(!got->more && got->offset == 0xfff8);
	set16(&f, at + 2, 0x0006); /* reserved bits make no fragment */
	assert_int_equal(decode(&frame, &pkt), FATE_tcp_segments);
}

/* A fragment of nothing in particular, or of a length that is not told. */
static void not_kept(void **state)
{
	(void)state;
	struct build f;
	struct tf_packet pkt;
	start(&f);
	set16(&f, f.ip + 6, 0x2000);
	put_tcp(&f, 20, 5);
	struct tf_frame frame = frame_of(&f, f.n);
	f.b[f.ip + 9] = 1; /* ICMP */
	assert_int_equal(decode(&frame, &pkt), FATE_not_tcp);
	f.b[f.ip + 9] = 6;
	set16(&f, f.ip + 2, 0);
	assert_int_equal(decode(&frame, &pkt), FATE_drop_bad_ip);
	set16(&f, f.ip + 6, 0x4000);
	assert_int_equal(decode(&frame, &pkt), FATE_tcp_segments);
}

/* IPv6 without a payload length has no fragments, nor what looks like a whole one. */
static void without_length(void **state)
{
	(void)state;
	for (unsigned options = 0; options < 2; options++) {
		struct build f = {.link = 229};
		struct tf_packet pkt;
		put_ip6(&f, options ? 0 : 44, 8 * options + 8 + 25);
		if (options)
			put_extension(&f, 44, 0);
		size_t at = f.n;
		put32(&f, 6U << 24 | 1);
		put32(&f, 1);
		put_tcp(&f, 20, 5);
		struct tf_frame frame = frame_of(&f, f.n);
		assert_int_equal(decode(&frame, &pkt), FATE_fragments);
		set16(&f, f.ip + 4, 0);
		assert_int_equal(decode(&frame, &pkt), FATE_drop_bad_ip);
		set16(&f, at + 2, 0);
		assert_int_equal(decode(&frame, &pkt), FATE_drop_bad_ip);
		set16(&f, f.ip + 4, 8 * options + 8 + 25);
		assert_int_equal(decode(&frame, &pkt), FATE_tcp_segments);
	}
}

static uint64_t context_of(uint16_t vlan, uint16_t inner)
{
	struct build f = {.link = 1};
	struct tf_packet pkt;
	put_ethernet(&f, 0x8100);
	put16(&f, vlan);
	put16(&f, 0x8100);
	put16(&f, inner);
	put16(&f, 0x0800);
	put_ip4(&f, 6, 20);
	set16(&f, f.ip + 6, 0x2000);
	put_tcp(&f, 20, 0);
	struct tf_frame frame = frame_of(&f, f.n);
	assert_int_equal(decode(&frame, &pkt), FATE_fragments);
	return decoder.fragment.context;
}

static void contexts(void **state)
{
	(void)state;
	assert_true(context_of(1, 2) == context_of(1, 2));
	assert_true(context_of(1, 2) != context_of(1, 3));
	assert_true(context_of(1, 2) != context_of(2, 2));
	assert_true(context_of(1, 2) != context_of(2, 1));
	uint64_t before = context_of(1, 2); /* nobody can know which are equal by chance */
	seed = 5;
	assert_true(context_of(1, 2) == context_of(1, 2));
	assert_true(context_of(1, 2) != before);
	seed = 0;
}

/* The datagram is decoded with what the fragment's frame had around it. */
static void going_on(void **state)
{
	(void)state;
	struct build f = {.link = 1}, tcp = {.link = 1};
	struct tf_packet pkt;
	put_ethernet(&f, 0x8100);
	put16(&f, 77);
	put16(&f, 0x0800);
	put_ip4(&f, 6, 16);
	set16(&f, f.ip + 6, 0x2001);
	put32(&f, 0);
	put32(&f, 0);
	put32(&f, 0);
	put32(&f, 0);
	put_tcp(&tcp, 20, 5);
	struct tf_frame frame = frame_of(&f, f.n);
	assert_int_equal(decode(&frame, &pkt), FATE_fragments);
	struct tf_datagram whole = {{tcp.b, tcp.n}, 6, 33};
	assert_int_equal(decode_datagram(&decoder, &frame, &whole, &pkt), FATE_tcp_segments);
	assert_int_equal(pkt.seq, SEQ);
	assert_int_equal(pkt.vlan[0], 77);
	assert_int_equal(pkt.vlan[1], 0);
	assert_int_equal(pkt.ttl, 33);
	assert_int_equal(pkt.cut, 0);
	assert_ptr_equal(pkt.payload.p, tcp.b + 20);
	assert_int_equal(pkt.payload.n, 5);
	assert_true(pkt.position == TF_PUT_TOGETHER + 20);
	assert_int_equal(pkt.frame, 99);
	assert_int_equal(pkt.source, 7);
	assert_int_equal(pkt.ts_ns, 5);
	whole.payload.n = 19;
	assert_int_equal(decode_datagram(&decoder, &frame, &whole, &pkt), FATE_drop_bad_tcp);
	whole.protocol = 44; /* means nothing behind IPv4 */
	assert_int_equal(decode_datagram(&decoder, &frame, &whole, &pkt), FATE_not_tcp);
}

/* Fragments in datagrams in fragments, each with its own header, come to an end. */
static void depth(void **state)
{
	(void)state;
	struct build f = {.link = 1};
	struct tf_packet pkt;
	put_ethernet(&f, 0x0800);
	for (size_t left = 100; left > 0; left--) {
		put_ip4(&f, 4, 20 * (left - 1));
		set16(&f, f.ip + 6, 0x2000);
	}
	struct tf_frame frame = frame_of(&f, f.n);
	enum fate fate = decode(&frame, &pkt);
	unsigned times = 0;
	for (; fate == FATE_fragments; times++) {
		struct tf_datagram whole = {decoder.fragment.payload, 4, 1};
		fate = decode_datagram(&decoder, &frame, &whole, &pkt);
	}
	assert_int_equal(fate, FATE_drop_too_deep);
	assert_in_range(times, 4, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(fields_of_ip4),  cmocka_unit_test(fields_of_ip6),
	        cmocka_unit_test(not_kept),       cmocka_unit_test(contexts),
	        cmocka_unit_test(without_length), cmocka_unit_test(going_on),
	        cmocka_unit_test(depth),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
