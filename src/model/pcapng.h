/* SPDX-License-Identifier: BSD-3-Clause */
/* The blocks of a pcapng file as they are written: little-endian, nanoseconds
   (draft-ietf-opsawg-pcapng, sections 4.1 to 4.3). */
#ifndef MODEL_PCAPNG_H
#define MODEL_PCAPNG_H

#include <tcpflow/tcpflow.h>

enum {
	PCAPNG_SECTION = 28,
	PCAPNG_INTERFACE = 32,
	PCAPNG_NAME = 64, /* room for an interface's name, with its NUL */
	PCAPNG_NAMED = 28 + PCAPNG_NAME + 4 + 4 + 4, /* the most that one with a name takes */
	PCAPNG_STATISTICS = 52,
	PCAPNG_PACKET = 28,                             /* what stands before a packet's bytes */
	PCAPNG_COMMENT = 1000,                          /* the longest one */
	PCAPNG_END = 3 + 4 + PCAPNG_COMMENT + 3 + 4 + 4 /* the most that stands behind them */
};

void pcapng_put16(uint8_t *to, uint16_t v);
void pcapng_put32(uint8_t *to, uint32_t v);

void pcapng_section(uint8_t to[PCAPNG_SECTION]);

/* An interface without a snaplen; they are numbered in their order, from 0. */
void pcapng_interface(uint8_t to[PCAPNG_INTERFACE], uint32_t link_type);

/* One with a name; snaplen 0: none -> bytes put */
size_t pcapng_named(uint8_t to[PCAPNG_NAMED], uint32_t link_type, uint32_t snaplen,
                    const char *name);

/* What became of packets that came to an interface and are not in the file (section 4.6). */
void pcapng_statistics(uint8_t to[PCAPNG_STATISTICS], uint32_t interface, int64_t ts_ns,
                       uint64_t drops_interface, uint64_t drops_kernel);

/* Before and behind the bytes of a frame. Times before 1970 become 1970. comment may be
   NULL; the second one -> bytes put */
void pcapng_packet(uint8_t to[PCAPNG_PACKET], const struct tf_frame *f, uint32_t interface,
                   const char *comment);
size_t pcapng_packet_end(uint8_t to[PCAPNG_END], const struct tf_frame *f, const char *comment);

#endif
