/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Builds frames header by header, and says what the decoder must make of them.
 * Every segment goes from 10.0.0.1 (or 2001:db8::1), port 4000, to 10.0.0.2 (or
 * 2001:db8::2), port 80, and has the sequence number and so on given below.
 *
 *	struct build f = {.link = 1};
 *	put_ethernet(&f, 0x0800);
 *	put_ip4(&f, 6, 20 + 5);
 *	put_tcp(&f, 20, 5);
 *	expect_segment(&f, 5, 0);
 *
 * samples.h has whole frames of every kind.
 */
#ifndef TESTS_DECODE_FRAMES_H
#define TESTS_DECODE_FRAMES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decode/decode.h"

#define SEQ    0x01020304U
#define ACK    0xfffefdfcU
#define WINDOW 0x2345U
#define TTL    61

struct build {
	uint32_t link;                  /* LINKTYPE */
	size_t ip;                      /* where the latest IP header starts */
	size_t tcp;                     /* where the latest TCP header starts */
	size_t n;                       /* bytes so far */
	uint32_t length;                /* on the wire; 0: n */
	const struct tf_config *config; /* NULL: decode_config() */
	unsigned packet;                /* of an aggregated frame, counted from 0 */
	uint8_t b[70000];               /* room for a jumbogram */
};

/* -- bytes ------------------------------------------------------------------ */

static inline void put8(struct build *f, unsigned v)
{
	assert_true(f->n < sizeof f->b);
	f->b[f->n++] = (uint8_t)v;
}

static inline void put16(struct build *f, unsigned v)
{
	put8(f, v >> 8);
	put8(f, v & 0xff);
}

static inline void put32(struct build *f, uint32_t v)
{
	put16(f, v >> 16);
	put16(f, v & 0xffff);
}

static inline void put_fill(struct build *f, size_t n, unsigned v)
{
	for (size_t i = 0; i < n; i++)
		put8(f, v);
}

static inline void set16(struct build *f, size_t at, unsigned v)
{
	f->b[at] = (uint8_t)(v >> 8);
	f->b[at + 1] = (uint8_t)v;
}

/* Least significant byte first. */
static inline void put16_little(struct build *f, unsigned v)
{
	put8(f, v & 0xff);
	put8(f, v >> 8 & 0xff);
}

static inline void put32_little(struct build *f, uint32_t v)
{
	put16_little(f, v & 0xffff);
	put16_little(f, v >> 16);
}

/* -- link headers ------------------------------------------------------------ */

static inline void put_ethernet(struct build *f, unsigned type_or_length)
{
	put_fill(f, 12, 0xee);
	put16(f, type_or_length);
}

/* What follows the type field of a tagged frame. */
static inline void put_tag(struct build *f, unsigned control, unsigned type)
{
	put16(f, control);
	put16(f, type);
}

static inline void put_snap(struct build *f, uint32_t organization, unsigned type)
{
	put16(f, 0xaaaa);
	put32(f, 0x03000000U | organization);
	put16(f, type);
}

static inline void put_cooked(struct build *f, unsigned device, unsigned protocol)
{
	put16(f, 4);
	put16(f, device);
	put16(f, 6);
	put_fill(f, 8, 0xee);
	put16(f, protocol);
}

static inline void put_cooked2(struct build *f, unsigned device, unsigned protocol)
{
	put16(f, protocol);
	put_fill(f, 6, 0);
	put16(f, device);
	put16(f, 0x0406);
	put_fill(f, 8, 0xee);
}

/* -- IP and TCP -------------------------------------------------------------- */

/* An IPv4 header without options; n bytes follow it. */
static inline void put_ip4(struct build *f, unsigned protocol, size_t n)
{
	f->ip = f->n;
	put16(f, 0x4500);
	put16(f, (unsigned)(20 + n));
	put32(f, 0x00014000); /* don't fragment */
	put8(f, TTL);
	put8(f, protocol);
	put16(f, 0);
	put32(f, 0x0a000001);
	put32(f, 0x0a000002);
}

/* Makes it a header with n bytes of options, which are put here. */
static inline void put_ip4_options(struct build *f, size_t n)
{
	unsigned total = (unsigned)(f->b[f->ip + 2] << 8 | f->b[f->ip + 3]);
	f->b[f->ip] = (uint8_t)(f->b[f->ip] + n / 4);
	set16(f, f->ip + 2, total + (unsigned)n);
	put_fill(f, n, 1);
}

/* n bytes follow the fixed header. */
static inline void put_ip6(struct build *f, unsigned protocol, size_t n)
{
	f->ip = f->n;
	put32(f, 0x60000000);
	put16(f, (unsigned)n);
	put8(f, protocol);
	put8(f, TTL);
	for (unsigned end = 1; end <= 2; end++) {
		put32(f, 0x20010db8);
		put_fill(f, 11, 0);
		put8(f, end);
	}
}

/* An extension header of 8 * (units + 1) bytes that starts like most of them. */
static inline void put_extension(struct build *f, unsigned protocol, unsigned units)
{
	put8(f, protocol);
	put8(f, units);
	put_fill(f, units * 8 + 6, 0);
}

/* A header of `header` bytes with its options, and n bytes of payload: 0, 1, 2... */
static inline void put_tcp(struct build *f, size_t header, size_t n)
{
	f->tcp = f->n;
	put16(f, 4000);
	put16(f, 80);
	put32(f, SEQ);
	put32(f, ACK);
	put16(f, (unsigned)(header / 4 << 12) | TCP_PSH | TCP_ACK);
	put16(f, WINDOW);
	put32(f, 0);
	if (header > 20)
		put_fill(f, header - 20, 1);
	for (size_t i = 0; i < n; i++)
		put8(f, (unsigned)(i & 0xff));
}

/* -- expectations ------------------------------------------------------------ */

/* The decoder that all tests use: everything opened, ESP taken for plain. */
static inline struct tf_config decode_config(void)
{
	return (struct tf_config){.decap = TF_DECAP_ALL, .esp_null = true};
}

/* Decodes the first `captured` bytes from memory of exactly that size, so that a
   sanitizer sees every read beyond; pkt->payload.p is made to point into f. */
static inline enum fate decode_cut(const struct build *f, size_t captured, size_t length,
                                   struct tf_packet *pkt)
{
	uint8_t *bytes = malloc(captured);
	assert_true(captured == 0 || bytes != NULL);
	if (captured > 0)
		memcpy(bytes, f->b, captured);
	struct tf_frame frame = {.bytes = bytes,
	                         .captured = (uint32_t)captured,
	                         .length = (uint32_t)length,
	                         .ts_ns = 1234567890123,
	                         .link_type = f->link,
	                         .source = 7,
	                         .number = 99,
	                         .position = 1000};
	memset(pkt, 0xa5, sizeof *pkt);
	struct tf_config cfg = f->config != NULL ? *f->config : decode_config();
	struct decode d;
	decode_init(&d, &cfg);
	enum fate fate = decode_frame(&d, &frame, pkt);
	for (unsigned i = 0; i < f->packet && decode_has_more(&d); i++)
		fate = decode_more(&d, &frame, pkt);
	if (fate == FATE_tcp_segments) {
		size_t at = (size_t)(pkt->payload.p - bytes);
		assert_true(at <= captured);
		assert_true(pkt->payload.n <= captured - at);
		assert_int_equal(pkt->position, 1000 + at);
		pkt->payload.p = f->b + at;
	}
	free(bytes);
	return fate;
}

static inline enum fate decode_whole(const struct build *f, struct tf_packet *pkt)
{
	return decode_cut(f, f->n, f->length != 0 ? f->length : f->n, pkt);
}

static inline void expect_fate(const struct build *f, enum fate fate)
{
	struct tf_packet pkt;
	assert_int_equal(decode_whole(f, &pkt), fate);
}

static inline void check_address(const struct tf_address *a, bool ip6, uint8_t last)
{
	struct tf_address v4 = {{[10] = 0xff, 0xff, 10, 0, 0, last}};
	struct tf_address v6 = {{0x20, 0x01, 0x0d, 0xb8, [15] = last}};
	assert_memory_equal(a, ip6 ? &v6 : &v4, sizeof *a);
}

/* Checks all that does not depend on how much was captured. */
static inline void check_headers(const struct build *f, const struct tf_packet *pkt)
{
	bool ip6 = f->b[f->ip] >> 4 == 6;
	check_address(&pkt->src.address, ip6, 1);
	check_address(&pkt->dst.address, ip6, 2);
	assert_int_equal(pkt->src.port, 4000);
	assert_int_equal(pkt->dst.port, 80);
	assert_int_equal(pkt->seq, SEQ);
	assert_int_equal(pkt->ack, ACK);
	assert_int_equal(pkt->window, WINDOW);
	assert_int_equal(pkt->flags, TCP_PSH | TCP_ACK);
	assert_int_equal(pkt->ttl, TTL);
	assert_int_equal(pkt->ts_ns, 1234567890123);
	assert_int_equal(pkt->source, 7);
	assert_int_equal(pkt->frame, 99);
}

/* The frame is a segment with so many payload bytes captured, and so many cut. */
static inline struct tf_packet expect_segment(const struct build *f, size_t captured, size_t cut)
{
	struct tf_packet pkt;
	assert_int_equal(decode_whole(f, &pkt), FATE_tcp_segments);
	check_headers(f, &pkt);
	assert_int_equal(pkt.payload.n, captured);
	assert_int_equal(pkt.cut, cut);
	for (size_t i = 0; i < captured; i++)
		assert_int_equal(pkt.payload.p[i], i & 0xff);
	return pkt;
}

#endif
