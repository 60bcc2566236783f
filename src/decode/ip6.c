/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv6 and the extension headers that may stand before TCP. */
#include "decode/layer.h"

enum {
	EXTENSIONS_MAX = 32,
	OFFSET_BITS = 0xfff8,
	MORE_FRAGMENTS = 0x0001,
	OPTION_PAD1 = 0,
	OPTION_JUMBO = 0xc2,
	OPTION_HOME = 0xc9,
	ADDRESS = 16
};

/* Kinds of routing headers (IANA, "Routing Types"). */
enum { ROUTE_SOURCE = 0, ROUTE_MOBILE = 2, ROUTE_SEGMENTS = 4 };

/* What only an IPv6 header may announce (IANA, "IPv6 Extension Header Types"). */
static const struct row rows[] = {
        {0, hop_by_hop_read, "hop-by-hop options", "RFC 8200, 4.3", 0},
        {43, routing_read, "routing", "RFC 8200, 4.4", 0},
        {44, fragment_read, "fragment", "RFC 8200, 4.5", 0},
        {60, destination_read, "destination options", "RFC 8200, 4.6", 0},
        {135, extension_read, "mobility", "RFC 6275, 6.1", 0},
        {139, extension_read, "host identity", "RFC 7401, 5.1", 0},
        {140, extension_read, "shim6", "RFC 5533, 5", 0},
};

const struct table extension_table = {
        .title = "IPv6 extension headers",
        .row = rows,
        .rows = sizeof rows / sizeof *rows,
};

/* IPv6 (RFC 8200, 3). A payload length of 0 announces a jumbo option, else it is what
   the sending host shows of packets still to be segmented: it means all. */
struct next ip6_read(struct cursor *c, struct walk *w)
{
	uint32_t first = cursor_u32(c); /* version, traffic class, flow label */
	uint16_t length = cursor_u16(c);
	uint8_t protocol = cursor_u8(c);
	w->pkt->ttl = cursor_u8(c);
	ip6_address(c, &w->pkt->src.address);
	ip6_address(c, &w->pkt->dst.address);
	if (c->bad)
		return end_as(FATE_drop_short);
	if (first >> 28 != 6)
		return end_as(FATE_drop_bad_ip);
	go_straight(w);
	if (length != 0)
		walk_bound(w, c, length);
	w->ip6 = true;
	w->ecn = first >> 20 & 3;
	w->sizeless = length == 0;
	return protocol_next(w, protocol);
}

/* Goes on behind an extension header that has n more bytes. */
static struct next pass(struct cursor *c, struct walk *w, size_t n, uint8_t protocol)
{
	cursor_skip(c, n);
	if (c->bad)
		return ran_out(w, FATE_drop_bad_ip);
	if (w->extensions == EXTENSIONS_MAX)
		return end_as(FATE_drop_too_deep);
	w->extensions++;
	w->left++;
	return protocol_next(w, protocol);
}

/* Mobility (RFC 6275, 6.1), host identity (RFC 7401, 5.1), shim6 (RFC 5533, 5), and what
   is common to the headers below: next header, and length in units of 8 bytes less one. */
struct next extension_read(struct cursor *c, struct walk *w)
{
	uint8_t protocol = cursor_u8(c);
	size_t units = cursor_u8(c);
	return pass(c, w, units * 8 + 6, protocol);
}

/* -> a cursor over what a header has behind its length */
static struct cursor inside(struct cursor c)
{
	cursor_skip(&c, 1);
	size_t units = cursor_u8(&c);
	cursor_clip(&c, units * 8 + 6);
	return c;
}

/* -> the value of the first option of that type and size among a header's (RFC 8200, 4.2);
   it is empty when there is none. */
static struct cursor find_option(struct cursor c, uint8_t wanted, size_t wanted_size)
{
	c = inside(c);
	while (c.n > 0) {
		uint8_t type = cursor_u8(&c);
		if (type == OPTION_PAD1)
			continue;
		uint8_t size = cursor_u8(&c);
		struct cursor value = cursor_header(&c, size);
		if (type == wanted && size == wanted_size)
			return value;
	}
	return (struct cursor){0};
}

/* Routing (RFC 8200, 4.4): kind, and segments left, here always some. Checksums are made
   with the final destination, which is the last address of a source route (RFC 5095 has
   done away with it) and a mobile node's only one (RFC 6275, 6.4), but the first of a list
   of segments (RFC 8754, 2). */
static void note_route(struct walk *w, struct cursor c)
{
	uint8_t kind = cursor_u8(&c);
	cursor_skip(&c, 5);
	bool known = kind == ROUTE_SOURCE || kind == ROUTE_MOBILE || kind == ROUTE_SEGMENTS;
	if (!known || c.n < ADDRESS) {
		w->pkt->astray = true;
		return;
	}
	const uint8_t *last = c.p + (kind == ROUTE_SEGMENTS ? 0 : (c.n / ADDRESS - 1) * ADDRESS);
	make_detour(w, w->pkt->dst.address.b, last, ADDRESS);
}

struct next routing_read(struct cursor *c, struct walk *w)
{
	uint8_t segments_left = cursor_peek(c, 3);
	if (segments_left > 0)
		note_route(w, inside(*c));
	return extension_read(c, w);
}

/* Destination options (RFC 8200, 4.6), of which the home address matters: a mobile node
   makes checksums with it, and not with where it is (RFC 6275, 6.3). */
struct next destination_read(struct cursor *c, struct walk *w)
{
	struct cursor home = find_option(*c, OPTION_HOME, ADDRESS);
	if (home.n > 0)
		make_detour(w, w->pkt->src.address.b, home.p, ADDRESS);
	return extension_read(c, w);
}

/* Hop-by-hop options (RFC 8200, 4.3), of which only the jumbo length matters: it counts
   from this header on, and is not for packets that the plain length can describe. */
struct next hop_by_hop_read(struct cursor *c, struct walk *w)
{
	if (w->sizeless) {
		struct cursor jumbo = find_option(*c, OPTION_JUMBO, 4);
		uint32_t length = jumbo.n > 0 ? cursor_u32(&jumbo) : 0; /* RFC 2675, 2 */
		if (length != 0 && length <= UINT16_MAX)
			return end_as(FATE_drop_bad_ip);
		if (length != 0)
			walk_bound(w, c, length);
	}
	return extension_read(c, w);
}

/* Authentication (RFC 4302, 2), also behind IPv4: it hides nothing. The length is in
   units of 4 bytes less two, and covers at least the 12 fixed bytes. */
struct next authentication_read(struct cursor *c, struct walk *w)
{
	uint8_t protocol = cursor_u8(c);
	size_t units = cursor_u8(c);
	if (c->bad)
		return ran_out(w, FATE_drop_bad_ip);
	if (units < 1)
		return end_as(FATE_drop_bad_ip);
	return pass(c, w, units * 4 + 6, protocol);
}

/* Fragment (RFC 8200, 4.5). An atomic one (RFC 6946) is a whole packet. Without a payload
   length there is none of either (RFC 2675, 3; Linux takes none). */
struct next fragment_read(struct cursor *c, struct walk *w)
{
	uint8_t protocol = cursor_u8(c);
	if (w->sizeless)
		return end_as(FATE_drop_bad_ip);
	cursor_skip(c, 1);
	uint16_t offset = cursor_u16(c);
	if ((offset & (OFFSET_BITS | MORE_FRAGMENTS)) == 0)
		return pass(c, w, 4, protocol);
	uint32_t id = cursor_u32(c);
	if (c->bad)
		return ran_out(w, FATE_drop_bad_ip);
	return fragment_end(c, w,
	                    (struct tf_fragment){.id = id,
	                                         .protocol = protocol,
	                                         .more = (offset & MORE_FRAGMENTS) != 0,
	                                         .offset = offset & OFFSET_BITS});
}
