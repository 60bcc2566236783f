/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/key.h"

#include "base/hash.h"

#include <string.h>

/* An end's address and port, as they lie in memory. */
struct words {
	uint64_t first, last, port;
};

static inline struct words words_of(const struct tf_endpoint *e)
{
	struct words w = {.port = e->port};
	memcpy(&w.first, e->address.b, sizeof w.first);
	memcpy(&w.last, e->address.b + sizeof w.first, sizeof w.last);
	return w;
}

/* Four numbers of 16 bits that lie one behind the other, as a word. */
static inline uint64_t word(uint16_t a, uint16_t b, uint16_t c)
{
	if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
		return a | (uint64_t)b << 16 | (uint64_t)c << 32;
	return (uint64_t)a << 48 | (uint64_t)b << 32 | (uint64_t)c << 16;
}

/* -> whether both are IPv4 addresses: ::ffff:a.b.c.d. */
static inline bool are_ip4(const struct words *a, const struct words *b)
{
	const uint64_t prefix = word(0, 0xffff, 0), bits = word(0xffff, 0xffff, 0);
	uint64_t others = (a->last ^ prefix) | (b->last ^ prefix);
	return (a->first | b->first | (others & bits)) == 0;
}

/* Which way a packet goes is not foreseen, so nothing branches on it. The port stands where an
   IPv4 address has nothing but zeros: each end is one word, and the smaller one goes first. */
static inline __attribute__((flatten)) uint64_t hash_ip4(const struct words *a,
                                                         const struct words *b, uint64_t seed)
{
	uint64_t x = a->last | word((uint16_t)a->port, 0, 0);
	uint64_t y = b->last | word((uint16_t)b->port, 0, 0);
	const uint64_t key[] = {x < y ? x : y, x < y ? y : x};
	return hash_bytes(key, sizeof key, seed);
}

/* Any order will do. */
static bool is_above(const struct words *a, const struct words *b)
{
	if (a->last != b->last)
		return a->last > b->last;
	return a->first != b->first ? a->first > b->first : a->port > b->port;
}

/* Apart, so that IPv4 does without what it needs of registers and of the stack. */
static __attribute__((noinline)) uint64_t hash_any(const struct tf_packet *pkt, uint64_t seed)
{
	struct words a = words_of(&pkt->src), b = words_of(&pkt->dst);
	bool above = is_above(&a, &b);
	const struct words *low = above ? &b : &a, *high = above ? &a : &b;
	const uint64_t key[] = {low->first, low->last, high->first, high->last,
	                        low->port << 16 | high->port};
	return hash_bytes(key, sizeof key, seed);
}

static bool same_end(const struct tf_endpoint *a, const struct tf_endpoint *b)
{
	return a->port == b->port && memcmp(&a->address, &b->address, sizeof a->address) == 0;
}

uint64_t key_hash(struct tf_packet *pkt, uint64_t seed)
{
	struct words src = words_of(&pkt->src), dst = words_of(&pkt->dst);
	uint64_t ends = are_ip4(&src, &dst) ? hash_ip4(&src, &dst, seed) : hash_any(pkt, seed);
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
