/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packets that gen writes: Ethernet, IPv4, TCP with right checksums, as microsecond pcap
 * on standard output, one each 3 us. Whatever cannot be written ends the program.
 */
#ifndef BENCH_CAPTURE_H
#define BENCH_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

enum { ETHERNET = 14, HEADERS = ETHERNET + 20 + 20, SEGMENT = 1448, PAYLOAD_MAX = 16384 };
enum { FIN = 1, SYN = 2, ACK = 16 };

struct segment {
	uint32_t src, dst; /* IPv4 addresses */
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags;
	const uint8_t *payload;
	uint32_t n; /* at most PAYLOAD_MAX */
};

/* Starts the random numbers anew; the same seed gives the same ones. */
void random_start(uint64_t seed);
uint64_t random_next(void);

/* Big-endian. */
void put16(uint8_t *p, uint32_t v);
void put32(uint8_t *p, uint32_t v);

/*
 * The one's complement sum of 16-bit words (RFC 1071) that goes on from sum; n is even but for the
 * last piece. A checksum is its complement.
 */
uint32_t sum_add(uint32_t sum, const uint8_t *p, size_t n);

/* IPv4 and TCP headers, 40 bytes. */
void make_headers(const struct segment *s, uint8_t *h);

void capture_begin(void);
void capture_end(void);

/* A packet that consists of head and body. */
void put_packet(const uint8_t *head, size_t head_size, const uint8_t *body, size_t body_size);

void put_segment(const struct segment *s);

/* Bytes from..to of what stands behind the segment's IP header; from is a multiple of 8. */
void put_fragment(const struct segment *s, uint32_t id, uint32_t from, uint32_t to);

/* Ethernet header for what begins with this EtherType. */
void make_ethernet(uint8_t *h, uint32_t type);

#endif
