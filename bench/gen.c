/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Makes captures for measuring: gen WORKLOAD COUNT SEED > file.pcap
 *
 *	bulk  COUNT MiB in 8 connections, segments of 1,448 bytes taken in turn
 *	scan  COUNT SYNs, each from another source
 *	frag  COUNT first fragments of datagrams that never come whole, each from another
 *	      source; a connection goes on among them, each of its segments in two fragments
 *	      that stand FRAG_APART others apart
 *
 * Ethernet, IPv4, microsecond pcap, right checksums. The same words give the same bytes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADERS = 14 + 20 + 20, SEGMENT = 1448, BULK_FLOWS = 8, SYN = 2, ACK = 16, FIN = 1 };
enum { FRAG_EVERY = 100, FRAG_APART = 50, FRAG_FIRST = 24, MORE = 0x2000 };

static uint64_t state;

/* splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators) */
static uint64_t next_random(void)
{
	uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
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

struct segment {
	uint32_t src, dst; /* IPv4 addresses */
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags;
	const uint8_t *payload;
	uint32_t n;
};

/* The one's complement sum of 16-bit words (RFC 1071), n being even but for the last. */
static uint32_t add(uint32_t sum, const uint8_t *p, size_t n)
{
	uint64_t s = sum;
	for (size_t i = 0; i + 1 < n; i += 2)
		s += (uint64_t)p[i] << 8 | p[i + 1];
	if (n % 2 != 0)
		s += (uint64_t)p[n - 1] << 8;
	while (s > 0xffff)
		s = (s & 0xffff) + (s >> 16);
	return (uint32_t)s;
}

/* Ethernet, IPv4 and TCP headers of a segment. */
static void make_headers(const struct segment *s, uint8_t h[HEADERS])
{
	static const uint8_t first[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45};
	memset(h, 0, HEADERS);
	memcpy(h, first, sizeof first);
	put16(h + 16, HEADERS - 14 + s->n);
	h[22] = 64;
	h[23] = 6;
	put32(h + 26, s->src);
	put32(h + 30, s->dst);
	put16(h + 34, s->sport);
	put16(h + 36, s->dport);
	put32(h + 38, s->seq);
	put32(h + 42, s->ack);
	h[46] = 5 << 4;
	h[47] = s->flags;
	put16(h + 48, 65535);
	put16(h + 24, ~add(0, h + 14, 20));
	uint32_t pseudo = add(6 + 20 + s->n, h + 26, 8);
	put16(h + 50, ~add(add(pseudo, h + 34, 20), s->payload, s->n));
}

static void put_record(uint32_t length)
{
	static uint64_t us = UINT64_C(1700000000000000);
	uint32_t record[4] = {(uint32_t)(us / 1000000), (uint32_t)(us % 1000000), length, length};
	us += 3;
	put(record, sizeof record);
}

static void put_segment(const struct segment *s)
{
	uint8_t h[HEADERS];
	make_headers(s, h);
	put_record(HEADERS + s->n);
	put(h, sizeof h);
	if (s->n > 0)
		put(s->payload, s->n);
}

/* Bytes from..to of what stands behind the segment's IP header. */
static void put_fragment(const struct segment *s, uint32_t id, uint32_t from, uint32_t to)
{
	uint8_t packet[HEADERS + SEGMENT];
	make_headers(s, packet);
	memcpy(packet + HEADERS, s->payload, s->n);
	put16(packet + 16, 20 + to - from);
	put16(packet + 18, id);
	put16(packet + 20, (to < 20 + s->n ? MORE : 0) | from / 8);
	put16(packet + 24, 0);
	put16(packet + 24, ~add(0, packet + 14, 20));
	put_record(34 + to - from);
	put(packet, 34);
	put(packet + 34 + from, to - from);
}

static void bulk(uint64_t mib)
{
	static uint8_t noise[1 << 20];
	struct segment f[BULK_FLOWS];
	uint64_t left = mib << 20;
	for (size_t i = 0; i < sizeof noise; i += 8) {
		uint64_t r = next_random();
		memcpy(noise + i, &r, sizeof r);
	}
	for (uint32_t i = 0; i < BULK_FLOWS; i++) {
		f[i] = (struct segment){.src = 0x0a000001 + i,
		                        .dst = 0x0a010001,
		                        .sport = 80,
		                        .dport = (uint16_t)(40000 + i),
		                        .seq = (uint32_t)next_random(),
		                        .flags = SYN};
		put_segment(&f[i]);
		f[i].seq++;
		f[i].flags = ACK;
	}
	for (uint64_t turn = 0; left > 0; turn++) {
		struct segment *s = &f[turn % BULK_FLOWS];
		s->payload = noise + next_random() % (sizeof noise - SEGMENT);
		s->n = left < SEGMENT ? (uint32_t)left : SEGMENT;
		put_segment(s);
		s->seq += s->n;
		left -= s->n;
	}
	for (uint32_t i = 0; i < BULK_FLOWS; i++) {
		f[i].flags = FIN | ACK;
		f[i].n = 0;
		put_segment(&f[i]);
	}
}

static void scan(uint64_t syns)
{
	for (uint64_t i = 0; i < syns; i++) {
		struct segment s = {.src = 0x0b000000 + (uint32_t)i,
		                    .dst = 0x0a010001,
		                    .sport = (uint16_t)(1024 + next_random() % 60000),
		                    .dport = 443,
		                    .seq = (uint32_t)next_random(),
		                    .flags = SYN};
		put_segment(&s);
	}
}

static void frag(uint64_t halves)
{
	static uint8_t noise[SEGMENT];
	struct segment honest = {.src = 0x0a000001,
	                         .dst = 0x0a010001,
	                         .sport = 80,
	                         .dport = 40000,
	                         .seq = (uint32_t)next_random(),
	                         .flags = SYN};
	for (size_t i = 0; i < sizeof noise; i++)
		noise[i] = (uint8_t)next_random();
	put_segment(&honest);
	honest.seq++;
	honest.flags = ACK;
	honest.payload = noise;
	honest.n = SEGMENT;
	for (uint64_t i = 0; i < halves; i++) {
		struct segment s = {.src = 0x0b000000 + (uint32_t)i,
		                    .dst = 0x0a010001,
		                    .sport = 1024,
		                    .dport = 443,
		                    .flags = ACK,
		                    .payload = noise,
		                    .n = SEGMENT};
		put_fragment(&s, (uint32_t)next_random() & 0xffff, 0, FRAG_FIRST);
		if (i % FRAG_EVERY == 0)
			put_fragment(&honest, (uint32_t)(i / FRAG_EVERY), 0, 1200);
		if (i % FRAG_EVERY == FRAG_APART) {
			put_fragment(&honest, (uint32_t)(i / FRAG_EVERY), 1200, 20 + SEGMENT);
			honest.seq += SEGMENT;
		}
	}
}

static const struct {
	const char *name;
	void (*make)(uint64_t count);
} workloads[] = {{"bulk", bulk}, {"scan", scan}, {"frag", frag}};

int main(int argc, char **argv)
{
	uint32_t header[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 262144, 1};
	for (size_t i = 0; argc == 4 && i < sizeof workloads / sizeof workloads[0]; i++) {
		if (strcmp(argv[1], workloads[i].name) != 0)
			continue;
		state = strtoull(argv[3], NULL, 10);
		put(header, sizeof header);
		workloads[i].make(strtoull(argv[2], NULL, 10));
		return fflush(stdout) != 0;
	}
	(void)fprintf(stderr, "usage: gen bulk MIB SEED | gen scan SYNS SEED | gen frag HALVES "
	                      "SEED > file.pcap\n");
	return 1;
}
