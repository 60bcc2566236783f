/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/key.h"

#include "base/hash.h"

#include <string.h>

static int compare_ends(const struct tf_endpoint *a, const struct tf_endpoint *b)
{
	int c = memcmp(&a->address, &b->address, sizeof a->address);
	return c != 0 ? c : (a->port > b->port) - (a->port < b->port);
}

static bool same_end(const struct tf_endpoint *a, const struct tf_endpoint *b)
{
	return a->port == b->port && memcmp(&a->address, &b->address, sizeof a->address) == 0;
}

uint64_t key_hash(struct tf_packet *pkt, uint64_t seed)
{
	const struct tf_endpoint *low = &pkt->src, *high = &pkt->dst;
	if (compare_ends(low, high) > 0) {
		low = &pkt->dst;
		high = &pkt->src;
	}
	uint8_t key[2 * sizeof low->address.b + 4];
	memcpy(key, low->address.b, sizeof low->address.b);
	memcpy(key + 16, high->address.b, sizeof high->address.b);
	memcpy(key + 32, &low->port, 2);
	memcpy(key + 34, &high->port, 2);
	uint64_t ends = hash_bytes(key, sizeof key, seed);
	pkt->hash = pkt->vlan[0] == 0 ? ends : hash_bytes(pkt->vlan, sizeof pkt->vlan, ends);
	if (pkt->net[0] != 0)
		pkt->hash = hash_bytes(pkt->net, sizeof pkt->net, pkt->hash);
	return ends;
}

int key_direction(const struct tf_flow *f, const struct tf_packet *pkt)
{
	if (memcmp(f->vlan, pkt->vlan, sizeof f->vlan) != 0 ||
	    memcmp(f->net, pkt->net, sizeof f->net) != 0)
		return -1;
	if (same_end(&f->end[0], &pkt->src) && same_end(&f->end[1], &pkt->dst))
		return 0;
	if (same_end(&f->end[1], &pkt->src) && same_end(&f->end[0], &pkt->dst))
		return 1;
	return -1;
}
