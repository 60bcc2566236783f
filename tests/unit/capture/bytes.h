/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests of capture/: makes capture files in memory. */
#ifndef TESTS_CAPTURE_BYTES_H
#define TESTS_CAPTURE_BYTES_H

#include "base/error.h"
#include "capture/feed.h"

#include <stdlib.h>
#include <string.h>

struct bytes {
	uint8_t *p;
	size_t n, room;
	bool little;
};

static inline void put(struct bytes *b, const void *p, size_t n)
{
	if (b->n + n > b->room) {
		b->room = (b->n + n) * 2;
		b->p = realloc(b->p, b->room);
		MUST(b->p != NULL);
	}
	if (n > 0)
		memcpy(b->p + b->n, p, n);
	b->n += n;
}

static inline void put_number(struct bytes *b, uint64_t v, size_t n)
{
	uint8_t raw[8];
	for (size_t i = 0; i < n; i++)
		raw[b->little ? i : n - 1 - i] = (uint8_t)(v >> 8 * i);
	put(b, raw, n);
}

static inline void put16(struct bytes *b, uint16_t v)
{
	put_number(b, v, 2);
}

static inline void put32(struct bytes *b, uint32_t v)
{
	put_number(b, v, 4);
}

static inline void put64(struct bytes *b, uint64_t v)
{
	put_number(b, v, 8);
}

static inline void put_fill(struct bytes *b, uint8_t v, size_t n)
{
	while (n-- > 0)
		put(b, &v, 1);
}

/* n bytes that depend on seed and on their place */
static inline void put_pattern(struct bytes *b, uint32_t seed, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t v = (uint8_t)(seed * 31 + i * 7 + (i >> 8));
		put(b, &v, 1);
	}
}

static inline bool is_pattern(const uint8_t *p, uint32_t seed, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != (uint8_t)(seed * 31 + i * 7 + (i >> 8)))
			return false;
	return true;
}

static inline struct tf_span span_of(const struct bytes *b)
{
	return (struct tf_span){b->p, b->n};
}

/* -- classic pcap -------------------------------------------------------------- */

static inline void put_pcap(struct bytes *b, uint32_t magic, uint32_t link_field)
{
	put32(b, magic);
	put16(b, 2);
	put16(b, 4);
	put64(b, 0);
	put32(b, 65535);
	put32(b, link_field);
}

static inline void put_record(struct bytes *b, uint32_t seconds, uint32_t parts, uint32_t captured,
                              uint32_t length)
{
	put32(b, seconds);
	put32(b, parts);
	put32(b, captured);
	put32(b, length);
}

/* -- pcapng -------------------------------------------------------------------- */

/* Starts a block -> its place for block_end(). */
static inline size_t block_start(struct bytes *b, uint32_t type)
{
	size_t at = b->n;
	put32(b, type);
	put32(b, 0);
	return at;
}

static inline void block_end(struct bytes *b, size_t at)
{
	put_fill(b, 0, (4 - (b->n - at) % 4) % 4);
	uint32_t total = (uint32_t)(b->n - at + 4);
	put32(b, total);
	memcpy(b->p + at + 4, b->p + b->n - 4, 4);
}

static inline void put_option(struct bytes *b, uint16_t code, const void *p, size_t n)
{
	put16(b, code);
	put16(b, (uint16_t)n);
	put(b, p, n);
	put_fill(b, 0, (4 - n % 4) % 4);
}

static inline void put_comment(struct bytes *b, const char *text)
{
	put_option(b, 1, text, strlen(text));
}

static inline void put_section(struct bytes *b, bool little)
{
	b->little = little;
	size_t at = block_start(b, 0x0a0d0d0a);
	put32(b, 0x1a2b3c4d);
	put16(b, 1);
	put16(b, 0);
	put64(b, UINT64_MAX);
	block_end(b, at);
}

static inline void put_interface(struct bytes *b, uint16_t link_type, uint32_t snaplen,
                                 uint8_t resolution, int64_t offset)
{
	size_t at = block_start(b, 1);
	put16(b, link_type);
	put16(b, 0);
	put32(b, snaplen);
	put_option(b, 9, &resolution, 1);
	put16(b, 14);
	put16(b, 8);
	put64(b, (uint64_t)offset);
	put32(b, 0);
	block_end(b, at);
}

/* The fixed part of an enhanced packet block. */
static inline size_t packet_start(struct bytes *b, uint32_t interface, uint64_t ticks,
                                  uint32_t captured, uint32_t length)
{
	size_t at = block_start(b, 6);
	put32(b, interface);
	put32(b, (uint32_t)(ticks >> 32));
	put32(b, (uint32_t)ticks);
	put32(b, captured);
	put32(b, length);
	return at;
}

/* A whole one, with a pattern. */
static inline void put_packet(struct bytes *b, uint32_t interface, uint64_t ticks, uint32_t n)
{
	size_t at = packet_start(b, interface, ticks, n, n);
	put_pattern(b, n, n);
	block_end(b, at);
}

#endif
