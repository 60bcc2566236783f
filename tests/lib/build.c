/* SPDX-License-Identifier: BSD-3-Clause */
#include "build.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* Where the next byte goes; writes beyond end are dropped and counted. */
struct pen {
	uint8_t *at, *end;
	bool full;
};

static void put(struct pen *w, const void *p, size_t n)
{
	if (n > (size_t)(w->end - w->at)) {
		w->full = true;
		return;
	}
	if (n > 0)
		memcpy(w->at, p, n);
	w->at += n;
}

static void fill(struct pen *w, uint8_t value, size_t n)
{
	if (n > (size_t)(w->end - w->at)) {
		w->full = true;
		return;
	}
	if (n > 0)
		memset(w->at, value, n);
	w->at += n;
}

static void put8(struct pen *w, unsigned value)
{
	fill(w, (uint8_t)value, 1);
}

static void put16(struct pen *w, unsigned value)
{
	put8(w, value >> 8 & 0xff);
	put8(w, value & 0xff);
}

static void put32(struct pen *w, uint32_t value)
{
	put16(w, value >> 16);
	put16(w, value & 0xffff);
}

/* Sum of 16-bit words, RFC 1071. */
static uint32_t add(uint32_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	return sum;
}

static uint32_t folded(uint32_t sum)
{
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void finish(uint8_t *field, uint32_t sum)
{
	sum = folded(sum);
	field[0] = (uint8_t)(~sum >> 8);
	field[1] = (uint8_t)~sum;
}

static void put_ethernet(struct pen *w, const struct build *b, bool v4)
{
	static const uint8_t mac[12] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
	put(w, mac, sizeof(mac));
	for (size_t i = 0; i < TF_VLANS && b->vlan[i] != 0; i++) {
		bool outer = i + 1 < TF_VLANS && b->vlan[i + 1] != 0;
		put16(w, outer ? 0x88a8 : 0x8100);
		put16(w, b->vlan[i]);
	}
	put16(w, v4 ? 0x0800 : 0x86dd);
}

static void put_ip(struct pen *w, const struct build *b, bool v4, size_t segment)
{
	unsigned ttl = b->ttl ? b->ttl : 64;
	uint8_t *start = w->at;
	if (!v4) {
		put32(w, 0x60000000);
		put16(w, (unsigned)segment);
		put16(w, 6 << 8 | ttl);
		put(w, b->src.address.b, 16);
		put(w, b->dst.address.b, 16);
		return;
	}
	put16(w, 0x4500);
	put16(w, (unsigned)segment + 20);
	put32(w, 0x00014000); /* an id, and "don't fragment" */
	put16(w, ttl << 8 | 6);
	put16(w, 0);
	put(w, b->src.address.b + 12, 4);
	put(w, b->dst.address.b + 12, 4);
	if (!w->full)
		finish(start + 10, add(0, start, 20));
}

static void put_tcp(struct pen *w, const struct build *b, size_t header)
{
	uint8_t *start = w->at;
	put16(w, b->src.port);
	put16(w, b->dst.port);
	put32(w, b->seq);
	put32(w, b->ack);
	put8(w, (unsigned)(header / 4) << 4);
	put8(w, b->flags);
	put16(w, b->window);
	put16(w, 0); /* checksum */
	put16(w, b->urgent);
	put(w, b->options.p, b->options.n);
	fill(w, 0, header - 20 - b->options.n);
	put(w, b->payload.p, b->payload.n);
	if (w->full)
		return;
	/* The mapped prefix of IPv4 would add 0xffff on each side, which is zero
	   in one's complement; so one pseudo-header serves both. */
	size_t n = (size_t)(w->at - start);
	uint32_t ends = add(add(6, b->src.address.b, 16), b->dst.address.b, 16);
	uint32_t pseudo = ends + (uint32_t)n;
	uint32_t good = ~folded(add(pseudo, start, n)) & 0xffff;
	uint32_t bad = good ^ 0x0101;
	while (bad == 0 || bad == 0xffff || bad == folded(pseudo) || bad == folded(ends))
		bad = (bad + 1) & 0xffff;
	const uint32_t field[] = {
	        [BUILD_GOOD] = good,
	        [BUILD_PSEUDO] = folded(pseudo),
	        [BUILD_SIZELESS] = folded(ends),
	        [BUILD_ZERO] = 0,
	        [BUILD_BAD] = bad,
	};
	start[16] = (uint8_t)(field[b->checksum] >> 8);
	start[17] = (uint8_t)field[b->checksum];
}

size_t build_frame(const struct build *b, uint8_t *to, size_t room)
{
	bool v4 = memcmp(b->src.address.b, mapped, 12) == 0 &&
	          memcmp(b->dst.address.b, mapped, 12) == 0;
	size_t header = 20 + (b->options.n + 3) / 4 * 4;
	if (b->options.n > 40 || b->payload.n > 65535 - 20 - header)
		return 0;
	struct pen w = {.at = to, .end = to + room};
	put_ethernet(&w, b, v4);
	put_ip(&w, b, v4, header + b->payload.n);
	put_tcp(&w, b, header);
	fill(&w, 0xee, b->padding);
	return w.full ? 0 : (size_t)(w.at - to);
}

bool build_address(const char *text, struct tf_address *a)
{
	memcpy(a->b, mapped, sizeof(mapped));
	return inet_pton(AF_INET, text, a->b + 12) == 1 || inet_pton(AF_INET6, text, a->b) == 1;
}

struct tf_endpoint build_endpoint(const char *text, uint16_t port)
{
	struct tf_endpoint e = {.port = port};
	if (!build_address(text, &e.address))
		abort();
	return e;
}
