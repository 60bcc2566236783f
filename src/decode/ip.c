/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv4, and the IP protocols that are followed. */
#include <string.h>

#include "decode/layer.h"

enum {
	HEADER_MIN = 20,
	FRAGMENT_BITS = 0x3fff /* more fragments, and the offset */
};

/* A row's index is the protocol number (IANA, "Protocol Numbers"). Those that only
   an IPv6 header may announce mean nothing behind IPv4. */
static const struct protocol {
	layer *to;
	bool ip6_only;
} protocols[256] = {
        [0] = {hop_by_hop_read, true},  [6] = {tcp_read, false},
        [43] = {extension_read, true}, /* routing */
        [44] = {fragment_read, true},   [51] = {authentication_read, false},
        [60] = {extension_read, true},  /* destination options */
        [135] = {extension_read, true}, /* mobility */
        [139] = {extension_read, true}, /* host identity */
        [140] = {extension_read, true}, /* shim6 */
};

struct next protocol_next(const struct walk *w, uint8_t protocol)
{
	const struct protocol *row = &protocols[protocol];
	if (row->to == NULL || (row->ip6_only && !w->ip6))
		return end_as(FATE_not_tcp);
	return go_to(row->to);
}

/* An IPv4 address as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). */
static void read_address(struct cursor *c, struct tf_address *to)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	const uint8_t *p = cursor_take(c, 4);
	if (p == NULL)
		return;
	memcpy(to->b, mapped, sizeof mapped);
	memcpy(to->b + sizeof mapped, p, 4);
}

/* IPv4 (RFC 791, 3.1). A total length of 0 is what a capture on the sending host
   shows of packets that the network card will cut into segments: it means all. */
struct next ip4_read(struct cursor *c, struct walk *w)
{
	uint8_t version_size = cursor_u8(c);
	cursor_skip(c, 1);
	uint16_t total = cursor_u16(c);
	cursor_skip(c, 2);
	uint16_t fragment = cursor_u16(c);
	w->pkt->ttl = cursor_u8(c);
	uint8_t protocol = cursor_u8(c);
	cursor_skip(c, 2);
	read_address(c, &w->pkt->src.address);
	read_address(c, &w->pkt->dst.address);
	if (c->bad)
		return end_as(FATE_drop_short);

	size_t header = (version_size & 0x0f) * (size_t)4;
	if (version_size >> 4 != 4 || header < HEADER_MIN || (total != 0 && total < header))
		return end_as(FATE_drop_bad_ip);
	if (total != 0)
		walk_bound(w, c, total - (size_t)HEADER_MIN);
	if (fragment & FRAGMENT_BITS)
		return end_as(FATE_fragments);
	cursor_skip(c, header - HEADER_MIN);
	if (c->bad)
		return end_as(FATE_drop_short);
	w->ip6 = false;
	return protocol_next(w, protocol);
}
