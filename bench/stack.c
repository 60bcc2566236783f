/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Headers are put in front of the segment, the innermost first. Each tells the one before it what
 * it is, by the EtherType or the IP protocol number that it has in a table row.
 */
#include "stack.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM = 512, VLAN_ID = 7, UDP_PROTOCOL = 17 };

struct packet {
	uint8_t bytes[ROOM + HEADERS];
	size_t at;               /* the outermost header begins here; headers end with bytes */
	size_t behind;           /* bytes of payload that follow */
	uint32_t type, protocol; /* of the outermost header, 0: none */
};

static size_t length(const struct packet *p)
{
	return sizeof p->bytes - p->at + p->behind;
}

static uint8_t *prepend(struct packet *p, size_t n)
{
	p->at -= n;
	memset(p->bytes + p->at, 0, n);
	return p->bytes + p->at;
}

static void ethernet(struct packet *p)
{
	make_ethernet(prepend(p, ETHERNET), p->type);
}

static void vlan(struct packet *p)
{
	uint8_t *h = prepend(p, 4);
	put16(h, VLAN_ID);
	put16(h + 2, p->type);
}

static void mpls(struct packet *p)
{
	uint32_t bottom = p->type != 0x8847;
	put32(prepend(p, 4), 100u << 12 | bottom << 8 | 64);
}

static void pppoe(struct packet *p)
{
	uint32_t n = (uint32_t)length(p) + 2;
	uint8_t *h = prepend(p, 8);
	put16(h, 0x1100);
	put16(h + 2, 1);
	put16(h + 4, n);
	put16(h + 6, p->type == 0x86dd ? 0x0057 : 0x0021);
}

static void ipv4(struct packet *p)
{
	uint8_t *h = prepend(p, 20);
	h[0] = 0x45;
	put16(h + 2, (uint32_t)length(p));
	h[8] = 64;
	h[9] = (uint8_t)p->protocol;
	put32(h + 12, 0xac100001);
	put32(h + 16, 0xac100002);
	put16(h + 10, ~sum_add(0, h, 20));
}

static void ipv6(struct packet *p)
{
	uint32_t n = (uint32_t)length(p);
	uint8_t *h = prepend(p, 40);
	h[0] = 0x60;
	put16(h + 4, n);
	h[6] = (uint8_t)p->protocol;
	h[7] = 64;
	put16(h + 8, 0xfd00);
	h[23] = 1;
	put16(h + 24, 0xfd00);
	h[39] = 2;
}

static void gre(struct packet *p)
{
	put16(prepend(p, 4) + 2, p->type);
}

/* UDP without a checksum. */
static void udp(struct packet *p, uint32_t port)
{
	uint8_t *h = prepend(p, 8);
	put16(h, 50000);
	put16(h + 2, port);
	put16(h + 4, (uint32_t)length(p));
}

static void vxlan(struct packet *p)
{
	uint8_t *h = prepend(p, 8);
	h[0] = 8;
	h[6] = 5;
	udp(p, 4789);
}

static void geneve(struct packet *p)
{
	uint8_t *h = prepend(p, 8);
	put16(h + 2, p->type == 0 ? 0x6558 : p->type);
	h[6] = 5;
	udp(p, 6081);
}

static void gtp(struct packet *p)
{
	uint32_t n = (uint32_t)length(p);
	uint8_t *h = prepend(p, 8);
	put16(h, 0x30ff);
	put16(h + 2, n);
	put32(h + 4, 77);
	udp(p, 2152);
}

static const struct layer {
	char letter;
	void (*prepend)(struct packet *p);
	uint32_t type, protocol; /* what such a header is called in the one before it */
} layers[] = {
        {'E', ethernet, 0x6558, 0},     {'Q', vlan, 0x8100, 0},      {'A', vlan, 0x88a8, 0},
        {'M', mpls, 0x8847, 137},       {'P', pppoe, 0x8864, 0},     {'4', ipv4, 0x0800, 4},
        {'6', ipv6, 0x86dd, 41},        {'G', gre, 0, 47},           {'V', vxlan, 0, UDP_PROTOCOL},
        {'N', geneve, 0, UDP_PROTOCOL}, {'T', gtp, 0, UDP_PROTOCOL},
};

static const struct layer *find(char letter)
{
	for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
		if (layers[i].letter == letter)
			return &layers[i];
	abort();
}

void put_stacked(const char *stack, const struct segment *s)
{
	struct packet p = {.behind = s->n, .type = 0x0800, .protocol = 4};
	p.at = sizeof p.bytes - (HEADERS - ETHERNET);
	make_headers(s, p.bytes + p.at);
	for (size_t i = strlen(stack); i-- > 0;) {
		const struct layer *l = find(stack[i]);
		l->prepend(&p);
		p.type = l->type;
		p.protocol = l->protocol;
	}
	put_packet(p.bytes + p.at, sizeof p.bytes - p.at, s->payload, s->n);
}

const char *stack_suffix(const char *stack)
{
	return strpbrk(stack, "QA") != NULL ? "--7" : "";
}
