/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MPLS does not say what it carries: both ends of the path have agreed on it. Labels
 * 0 and 2 mean IPv4 and IPv6. Otherwise the first rule that fits counts (RFC 4928,
 * 3, tells why the first four bits mislead when they are an Ethernet address's):
 *
 *	1. an IP header whose length fits what there is; where it could be the address of
 *	   an Ethernet frame with a known type as well, only when its length is the very
 *	   one, or its checksum right
 *	2. four bits of 0, a control word (RFC 4385), then Ethernet with a known type
 *	3. Ethernet with a known type
 *	4. an IP version
 *	5. a length of 14 bytes or more that the snaplen cut: too short to tell
 *
 * and all else is of no known kind.
 */
#include "decode/layer.h"

enum { LABELS_MAX = 16, LABEL_IP4 = 0, LABEL_IP6 = 2, BOTTOM = 0x100, CONTROL_WORD = 4 };

/* -> whether what ip_at() has found here is nothing but IP */
static bool is_surely_ip(const struct cursor *c, const struct walk *w)
{
	size_t wire = c->n + w->cut, header = (cursor_peek(c, 0) & 0x0f) * (size_t)4;
	if (cursor_peek(c, 0) >> 4 == 6)
		return peek16(c, 4) + (size_t)40 == wire;
	uint32_t sum = 0;
	for (size_t at = 0; at < header; at += 2)
		sum += peek16(c, at);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return peek16(c, 2) == wire || (header <= c->n && sum == 0xffff);
}

static struct next payload_next(struct cursor *c, const struct walk *w)
{
	uint8_t version = cursor_peek(c, 0) >> 4;
	if (ip_at(c, w, 0) && (is_surely_ip(c, w) || !ethernet_at(c, 0)))
		return version == 4 ? go_to(ip4_read) : go_to(ip6_read);
	if (version == 0 && ethernet_at(c, CONTROL_WORD)) {
		cursor_skip(c, CONTROL_WORD);
		return go_to(ethernet_read);
	}
	if (ethernet_at(c, 0))
		return go_to(ethernet_read);
	return version_next(c, w, w->cut > 0 ? FATE_drop_short : FATE_tunnel_unknown);
}

/* A label stack (RFC 3032, 2.1): 20 bits of label, 3 of class, bottom of stack, TTL. */
struct next mpls_read(struct cursor *c, struct walk *w)
{
	uint32_t entry;
	unsigned labels = 0;
	do {
		entry = cursor_u32(c);
		if (c->bad)
			return end_as(FATE_drop_short);
		if (++labels > LABELS_MAX)
			return end_as(FATE_drop_too_deep);
		add_mark(w, TF_MARK_MPLS, entry >> 12);
	} while ((entry & BOTTOM) == 0);

	if (entry >> 12 == LABEL_IP4)
		return go_to(ip4_read);
	if (entry >> 12 == LABEL_IP6)
		return go_to(ip6_read);
	return payload_next(c, w);
}
