/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv4, and the IP protocols that are followed. */
#include "decode/layer.h"

enum {
	OPTION_END = 0,
	OPTION_NONE = 1,
	OPTION_LOOSE_ROUTE = 131,
	OPTION_STRICT_ROUTE = 137,
	ADDRESS = 4
};

/* IANA, "Protocol Numbers", the frequent ones first. */
static const struct row rows[] = {
        {PROTOCOL_TCP, tcp_read, "TCP", "RFC 9293, 3.1", 0},
        {17, udp_read, "UDP, for tunnels", "RFC 768", 0},
        {4, ip4_read, "IPv4", "RFC 2003, RFC 2473", DECAP_ipip},
        {41, ip6_read, "IPv6", "RFC 4213, 3, RFC 2473", DECAP_ipip},
        {47, gre_read, "GRE", "RFC 2784, RFC 2890, RFC 1701, RFC 2637", DECAP_gre},
        {51, authentication_read, "AH", "RFC 4302, 2", 0},
        {50, esp_read, "ESP", "RFC 4303, RFC 2410", DECAP_esp},
        {97, etherip_read, "EtherIP", "RFC 3378, 3", DECAP_etherip},
        {143, ethernet_read, "Ethernet, in segment routing", "RFC 8986, 4.9", DECAP_etherip},
        {115, l2tp3_read, "L2TPv3", "RFC 3931, 4.1.1", DECAP_l2tp},
        {137, mpls_read, "MPLS", "RFC 4023, 3", DECAP_mpls},
};

const struct table protocol_table = {
        .title = "IP protocols",
        .row = rows,
        .rows = sizeof rows / sizeof *rows,
};

struct next protocol_next(const struct walk *w, uint8_t protocol)
{
	if (protocol == PROTOCOL_TCP)
		return go_to(tcp_read);
	const struct row *r = table_find(&protocol_table, protocol);
	if (r == NULL && w->ip6)
		r = table_find(&extension_table, protocol);
	return row_next(w, r, FATE_not_tcp);
}

/* A source route (RFC 791, 3.1) is used up when its pointer, which counts from 1, lies behind
   it; until then its last address is the destination. */
static void note_route(struct walk *w, struct cursor route)
{
	uint8_t pointer = cursor_u8(&route);
	size_t header = 3; /* type, length, pointer */
	if (route.n < ADDRESS || pointer > header + route.n)
		return;
	make_detour(w, w->pkt->dst.address.b + 12, route.p + route.n - ADDRESS, ADDRESS);
}

/* The options of an IPv4 header, of which only routes matter. Apart, as fragments are: what is
   usual does without their room on the stack. */
static __attribute__((noinline)) void read_options(struct walk *w, struct cursor c)
{
	while (c.n > 0) {
		uint8_t type = cursor_u8(&c);
		if (type == OPTION_END)
			return;
		if (type == OPTION_NONE)
			continue;
		uint8_t size = cursor_u8(&c);
		if (size < 2)
			return;
		struct cursor option = cursor_header(&c, size - (size_t)2);
		bool route = type == OPTION_LOOSE_ROUTE || type == OPTION_STRICT_ROUTE;
		if (route && option.n > 0)
			note_route(w, option);
	}
}

/* The checksum of a header (RFC 791, 3.1). 0 is one that the network card will make. */
static void check_header(struct walk *w, const uint8_t *header, size_t n)
{
	if (sum_field(header + IP4_CHECKSUM) == 0)
		return;
	bool right = n == IP4_HEADER ? ip4_adds_up(header) : sum_is_ones(sum_words(header, n));
	w->headed |= right;
	w->misheaded |= !right;
}

/* What is not followed need not be put together. */
static __attribute__((noinline)) struct next end_fragment(struct cursor *c, struct walk *w,
                                                          uint16_t id, uint16_t field,
                                                          uint8_t protocol, size_t header)
{
	struct tf_fragment f = {.id = id,
	                        .protocol = protocol,
	                        .more = (field & IP4_MORE_FRAGMENTS) != 0,
	                        .offset = (field & IP4_OFFSET_BITS) * 8U,
	                        .header = (uint16_t)header};
	struct next next = protocol_next(w, protocol);
	return next.to == NULL ? next : fragment_end(c, w, f);
}

/* IPv4 (RFC 791, 3.1). A total length of 0 is what a capture on the sending host
   shows of packets that the network card will cut into segments: it means all. */
struct next ip4_read(struct cursor *c, struct walk *w)
{
	const uint8_t *start = c->p;
	struct cursor h = cursor_header(c, IP4_HEADER);
	if (c->bad)
		return end_as(FATE_drop_short);
	uint8_t version_size = cursor_u8(&h);
	w->ecn = cursor_u8(&h) & 3;
	uint16_t total = cursor_u16(&h);
	uint16_t id = cursor_u16(&h);
	uint16_t fragment = cursor_u16(&h);
	w->pkt->ttl = cursor_u8(&h);
	uint8_t protocol = cursor_u8(&h);
	cursor_skip(&h, 2);
	ip4_address(&h, &w->pkt->src.address);
	ip4_address(&h, &w->pkt->dst.address);
	go_straight(w);

	size_t header = (version_size & 0x0f) * (size_t)4;
	if (version_size >> 4 != 4 || header < IP4_HEADER || (total != 0 && total < header))
		return end_as(FATE_drop_bad_ip);
	if (total != 0)
		walk_bound(w, c, total - (size_t)IP4_HEADER);
	if (header > IP4_HEADER)
		read_options(w, cursor_header(c, header - IP4_HEADER));
	if (c->bad)
		return end_as(FATE_drop_short);
	if (total != 0) /* else the card makes other headers */
		check_header(w, start, header);
	w->ip6 = false;
	if (fragment & (IP4_MORE_FRAGMENTS | IP4_OFFSET_BITS))
		return total == 0 ? end_as(FATE_drop_bad_ip)
		                  : end_fragment(c, w, id, fragment, protocol, header);
	return protocol_next(w, protocol);
}
