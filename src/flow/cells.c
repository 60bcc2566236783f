/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/cells.h"

#include "base/hash.h"
#include "flow/life.h"

#include <string.h>

int link_of_frame(struct syn_links *l, const struct tf_packet *pkt)
{
	const uint8_t *macs = pkt->wire.bytes;
	if (pkt->wire.link_type != LIFE_ETHERNET || pkt->wire.captured < MACS)
		return 0;
	if (l->latest != 0 && memcmp(l->macs[l->latest], macs, MACS) == 0)
		return l->latest;
	unsigned i = 1 + (unsigned)(hash_bytes(macs, MACS, 0) % LINKS);
	if (!l->used[i])
		memcpy(l->macs[i], macs, MACS);
	l->used[i] = true;
	if (memcmp(l->macs[i], macs, MACS) != 0)
		return -1;
	l->latest = (uint8_t)i;
	return (int)i;
}

void link_show(const struct flows *fs, uint8_t link, unsigned dir, struct flow *f)
{
	const uint8_t *macs = fs->links->macs[link];
	size_t n = sizeof f->pub.mac[0];
	if (link == 0)
		return;
	memcpy(f->pub.mac[dir], macs + n, n);
	memcpy(f->pub.mac_to[dir], macs, n);
	if (dir == 0)
		memcpy(f->pub.mac[1], macs, n);
}

struct tf_endpoint end_of_v4(const uint8_t address[V4], uint16_t port)
{
	struct tf_endpoint e = {.port = port};
	e.address.b[10] = e.address.b[11] = 0xff;
	memcpy(e.address.b + V4_AT, address, V4);
	return e;
}

/* tf_address_is_v4(), as all packets of such connections are asked */
static bool is_v4(const struct tf_address *a)
{
	static const uint8_t prefix[V4_AT] = {[10] = 0xff, [11] = 0xff};
	return memcmp(a->b, prefix, sizeof prefix) == 0;
}

bool is_plain_v4(const struct tf_flow *f)
{
	return f->vlan[0] == 0 && f->net[0] == 0 && is_v4(&f->end[0].address) &&
	       is_v4(&f->end[1].address);
}

int direction_of_v4(const uint8_t address[2][V4], const uint16_t port[2],
                    const struct tf_packet *pkt)
{
	const uint8_t *src = pkt->src.address.b + V4_AT, *dst = pkt->dst.address.b + V4_AT;
	if (pkt->vlan[0] != 0 || pkt->net[0] != 0 || !is_v4(&pkt->src.address) ||
	    !is_v4(&pkt->dst.address))
		return -1;
	for (int d = 0; d < 2; d++)
		if (port[d] == pkt->src.port && port[!d] == pkt->dst.port &&
		    memcmp(address[d], src, V4) == 0 && memcmp(address[!d], dst, V4) == 0)
			return d;
	return -1;
}

uint8_t side_pack(struct gate_side g)
{
	return (uint8_t)((g.scale & SIDE_SCALE) | (g.said ? SIDE_SAID : 0) |
	                 (g.scales ? SIDE_SCALES : 0) | (g.stamps ? SIDE_STAMPS : 0) |
	                 (g.is_signed ? SIDE_SIGNED : 0));
}

struct gate_side side_unpack(uint8_t said, uint32_t stamp, uint32_t stamp_s)
{
	return (struct gate_side){.stamp = stamp,
	                          .stamp_s = stamp_s,
	                          .scale = said & SIDE_SCALE,
	                          .said = (said & SIDE_SAID) != 0,
	                          .scales = (said & SIDE_SCALES) != 0,
	                          .stamps = (said & SIDE_STAMPS) != 0,
	                          .is_signed = (said & SIDE_SIGNED) != 0};
}

bool slots_pack(const struct flows *fs, const struct flow *f, uint8_t *keeper, uint32_t *slot_of)
{
	*keeper = NOBODY;
	*slot_of = 0;
	for (unsigned i = 0; f != NULL && i < fs->outlets; i++) {
		uintptr_t slot = f->slot[i][0];
		if (slot == 0 && f->slot[i][1] == 0)
			continue;
		if (*keeper != NOBODY || i == NOBODY || f->slot[i][1] != slot || slot > UINT32_MAX)
			return false;
		*keeper = (uint8_t)i;
		*slot_of = (uint32_t)slot;
	}
	return true;
}

void slots_show(uint8_t keeper, uint32_t slot, struct flow *f)
{
	if (keeper != NOBODY)
		f->slot[keeper][0] = f->slot[keeper][1] = slot;
}
