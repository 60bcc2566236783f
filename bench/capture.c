/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MORE = 0x2000, MICROSECONDS_APART = 3, OUTPUT_BUFFER = 1 << 20 };

static uint64_t state;

void random_start(uint64_t seed)
{
	state = seed;
}

/* splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators) */
uint64_t random_next(void)
{
	uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static void put(const void *p, size_t n)
{
	if (fwrite(p, 1, n, stdout) != n) {
		(void)fprintf(stderr, "gen: cannot write: %s\n", strerror(errno));
		exit(1);
	}
}

uint32_t sum_add(uint32_t sum, const uint8_t *p, size_t n)
{
	uint64_t s = sum;
	size_t i = 0;
	for (; i + 4 <= n; i += 4)
		s += (uint64_t)((uint32_t)p[i] << 24 | (uint32_t)p[i + 1] << 16 |
		                (uint32_t)p[i + 2] << 8 | p[i + 3]);
	for (; i + 1 < n; i += 2)
		s += (uint64_t)p[i] << 8 | p[i + 1];
	if (n % 2 != 0)
		s += (uint64_t)p[n - 1] << 8;
	while (s > 0xffff)
		s = (s & 0xffff) + (s >> 16);
	return (uint32_t)s;
}

void make_headers(const struct segment *s, uint8_t *h)
{
	memset(h, 0, HEADERS - ETHERNET);
	h[0] = 0x45;
	put16(h + 2, HEADERS - ETHERNET + s->n);
	h[8] = 64;
	h[9] = 6;
	put32(h + 12, s->src);
	put32(h + 16, s->dst);
	put16(h + 20, s->sport);
	put16(h + 22, s->dport);
	put32(h + 24, s->seq);
	put32(h + 28, s->ack);
	h[32] = 5 << 4;
	h[33] = s->flags;
	put16(h + 34, 65535);
	put16(h + 10, ~sum_add(0, h, 20));
	uint32_t pseudo = sum_add(6 + 20 + s->n, h + 12, 8);
	put16(h + 36, ~sum_add(sum_add(pseudo, h + 20, 20), s->payload, s->n));
}

void make_ethernet(uint8_t *h, uint32_t type)
{
	static const uint8_t addresses[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
	memcpy(h, addresses, sizeof addresses);
	put16(h + 12, type);
}

void capture_begin(void)
{
	static char buffer[OUTPUT_BUFFER];
	static const uint32_t header[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 262144, 1};
	(void)setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
	put(header, sizeof header);
}

void capture_end(void)
{
	if (fflush(stdout) != 0) {
		(void)fprintf(stderr, "gen: cannot write: %s\n", strerror(errno));
		exit(1);
	}
}

void put_packet(const uint8_t *head, size_t head_size, const uint8_t *body, size_t body_size)
{
	static uint64_t us = UINT64_C(1700000000000000);
	uint32_t length = (uint32_t)(head_size + body_size);
	uint32_t record[4] = {(uint32_t)(us / 1000000), (uint32_t)(us % 1000000), length, length};
	us += MICROSECONDS_APART;
	put(record, sizeof record);
	put(head, head_size);
	if (body_size > 0)
		put(body, body_size);
}

void put_segment(const struct segment *s)
{
	uint8_t h[HEADERS];
	make_ethernet(h, 0x0800);
	make_headers(s, h + ETHERNET);
	put_packet(h, sizeof h, s->payload, s->n);
}

void put_fragment(const struct segment *s, uint32_t id, uint32_t from, uint32_t to)
{
	uint8_t packet[HEADERS + PAYLOAD_MAX], *ip = packet + ETHERNET;
	make_ethernet(packet, 0x0800);
	make_headers(s, ip);
	memcpy(packet + HEADERS, s->payload, s->n);
	put16(ip + 2, 20 + to - from);
	put16(ip + 4, id);
	put16(ip + 6, (to < 20 + s->n ? MORE : 0) | from / 8);
	put16(ip + 10, 0);
	put16(ip + 10, ~sum_add(0, ip, 20));
	put_packet(packet, ETHERNET + 20, ip + 20 + from, to - from);
}
