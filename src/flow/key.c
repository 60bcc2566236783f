/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/key.h"

#include "base/hash.h"

#include <string.h>

/* An end's address and port, as they lie in memory. */
struct words {
	uint64_t first, last, port;
};

static struct words words_of(const struct tf_endpoint *e)
{
	struct words w = {.port = e->port};
	memcpy(&w.first, e->address.b, sizeof w.first);
	memcpy(&w.last, e->address.b + sizeof w.first, sizeof w.last);
	return w;
}

/* Any order will do. This one tells most ends apart by what differs between IPv4 addresses. */
static bool is_above(struct words a, struct words b)
{
	if (a.last != b.last)
		return a.last > b.last;
	return a.first != b.first ? a.first > b.first : a.port > b.port;
}

/* mask: all bits or none */
static void exchange(uint64_t *a, uint64_t *b, uint64_t mask)
{
	uint64_t change = (*a ^ *b) & mask;
	*a ^= change;
	*b ^= change;
}

static bool same_end(const struct tf_endpoint *a, const struct tf_endpoint *b)
{
	return a->port == b->port && memcmp(&a->address, &b->address, sizeof a->address) == 0;
}

uint64_t key_hash(struct tf_packet *pkt, uint64_t seed)
{
	struct words low = words_of(&pkt->src), high = words_of(&pkt->dst);
	/* Which way a packet goes is not foreseen, so nothing branches on it. */
	uint64_t mask = is_above(low, high) ? UINT64_MAX : 0;
	exchange(&low.first, &high.first, mask);
	exchange(&low.last, &high.last, mask);
	exchange(&low.port, &high.port, mask);
	const uint64_t key[] = {low.first, low.last, high.first, high.last,
	                        low.port << 16 | high.port};
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
