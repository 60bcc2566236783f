/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/pcapng.h"

#include <string.h>

enum {
	SECTION = 0x0a0d0d0a,
	INTERFACE = 1,
	STATISTICS = 5,
	PACKET = 6,
	BYTE_ORDER_MARK = 0x1a2b3c4d,
	OPTION_COMMENT = 1,
	OPTION_NAME = 2,
	OPTION_IFDROP = 5,
	OPTION_OSDROP = 7,
	OPTION_TSRESOL = 9,
	NANOSECONDS = 9,
};

void pcapng_put16(uint8_t *to, uint16_t v)
{
	to[0] = (uint8_t)v;
	to[1] = (uint8_t)(v >> 8);
}

void pcapng_put32(uint8_t *to, uint32_t v)
{
	pcapng_put16(to, (uint16_t)v);
	pcapng_put16(to + 2, (uint16_t)(v >> 16));
}

static uint32_t padding(uint32_t n)
{
	return (4 - n % 4) % 4;
}

void pcapng_section(uint8_t to[PCAPNG_SECTION])
{
	pcapng_put32(to, SECTION);
	pcapng_put32(to + 4, PCAPNG_SECTION);
	pcapng_put32(to + 8, BYTE_ORDER_MARK);
	pcapng_put16(to + 12, 1);
	pcapng_put16(to + 14, 0);
	pcapng_put32(to + 16, UINT32_MAX); /* the section's length is not told */
	pcapng_put32(to + 20, UINT32_MAX);
	pcapng_put32(to + 24, PCAPNG_SECTION);
}

void pcapng_interface(uint8_t to[PCAPNG_INTERFACE], uint32_t link_type)
{
	pcapng_put32(to, INTERFACE);
	pcapng_put32(to + 4, PCAPNG_INTERFACE);
	pcapng_put16(to + 8, (uint16_t)link_type);
	pcapng_put16(to + 10, 0);
	pcapng_put32(to + 12, 0); /* no snaplen */
	pcapng_put16(to + 16, OPTION_TSRESOL);
	pcapng_put16(to + 18, 1);
	pcapng_put32(to + 20, NANOSECONDS);
	pcapng_put32(to + 24, 0); /* end of options */
	pcapng_put32(to + 28, PCAPNG_INTERFACE);
}

size_t pcapng_named(uint8_t to[PCAPNG_NAMED], uint32_t link_type, uint32_t snaplen,
                    const char *name)
{
	uint32_t n = (uint32_t)strnlen(name, PCAPNG_NAME - 1), option = 4 + n + padding(n);
	uint32_t size = PCAPNG_INTERFACE + option;
	uint8_t rest[PCAPNG_INTERFACE];
	memset(to, 0, size);
	pcapng_interface(rest, link_type);
	memcpy(to, rest, 16);
	memcpy(to + 16 + option, rest + 16, sizeof rest - 16);
	pcapng_put32(to + 4, size);
	pcapng_put32(to + 12, snaplen);
	pcapng_put16(to + 16, OPTION_NAME);
	pcapng_put16(to + 18, (uint16_t)n);
	memcpy(to + 20, name, n);
	pcapng_put32(to + size - 4, size);
	return size;
}

static void put_count(uint8_t to[12], uint16_t option, uint64_t v)
{
	pcapng_put16(to, option);
	pcapng_put16(to + 2, sizeof v);
	pcapng_put32(to + 4, (uint32_t)v);
	pcapng_put32(to + 8, (uint32_t)(v >> 32));
}

void pcapng_statistics(uint8_t to[PCAPNG_STATISTICS], uint32_t interface, int64_t ts_ns,
                       uint64_t drops_interface, uint64_t drops_kernel)
{
	uint64_t ts = ts_ns > 0 ? (uint64_t)ts_ns : 0;
	pcapng_put32(to, STATISTICS);
	pcapng_put32(to + 4, PCAPNG_STATISTICS);
	pcapng_put32(to + 8, interface);
	pcapng_put32(to + 12, (uint32_t)(ts >> 32));
	pcapng_put32(to + 16, (uint32_t)ts);
	put_count(to + 20, OPTION_IFDROP, drops_interface);
	put_count(to + 32, OPTION_OSDROP, drops_kernel);
	pcapng_put32(to + 44, 0); /* end of options */
	pcapng_put32(to + 48, PCAPNG_STATISTICS);
}

static uint32_t comment_size(const char *comment)
{
	return comment != NULL ? (uint32_t)strnlen(comment, PCAPNG_COMMENT) : 0;
}

/* -> bytes behind the packet's: padding, options, length */
static uint32_t end_size(const struct tf_frame *f, const char *comment)
{
	uint32_t n = comment_size(comment), option = comment != NULL ? 4 + n + padding(n) + 4 : 0;
	return padding(f->captured) + option + 4;
}

void pcapng_packet(uint8_t to[PCAPNG_PACKET], const struct tf_frame *f, uint32_t interface,
                   const char *comment)
{
	uint64_t ts = f->ts_ns > 0 ? (uint64_t)f->ts_ns : 0;
	pcapng_put32(to, PACKET);
	pcapng_put32(to + 4, PCAPNG_PACKET + f->captured + end_size(f, comment));
	pcapng_put32(to + 8, interface);
	pcapng_put32(to + 12, (uint32_t)(ts >> 32));
	pcapng_put32(to + 16, (uint32_t)ts);
	pcapng_put32(to + 20, f->captured);
	pcapng_put32(to + 24, f->length);
}

size_t pcapng_packet_end(uint8_t to[PCAPNG_END], const struct tf_frame *f, const char *comment)
{
	uint32_t size = end_size(f, comment), n = comment_size(comment);
	memset(to, 0, size);
	if (comment != NULL) {
		uint8_t *option = to + padding(f->captured);
		pcapng_put16(option, OPTION_COMMENT);
		pcapng_put16(option + 2, (uint16_t)n);
		memcpy(option + 4, comment, n);
	}
	pcapng_put32(to + size - 4, PCAPNG_PACKET + f->captured + size);
	return size;
}
