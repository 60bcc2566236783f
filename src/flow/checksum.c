/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/checksum.h"

#include "base/sum.h"

#include <arpa/inet.h>

enum { PROTOCOL_TCP = 6, FIELD = 16, WORDS = sizeof(struct tf_address) / sizeof(uint64_t) };

/* IPv4 addresses are mapped, whose prefix adds 0xffff: nothing (base/sum.h). */
static uint64_t sum_address(const struct tf_address *a)
{
	uint64_t word[WORDS];
	memcpy(word, a->b, sizeof word);
	return sum_halves(word[0]) + sum_halves(word[1]);
}

/* The pseudo-header without the length, which is of 16 or 32 bits (RFC 8200, 8.1). */
static uint64_t sum_ends(const struct tf_packet *pkt)
{
	return sum_address(&pkt->src.address) + sum_address(&pkt->dst.address) + pkt->detour +
	       htons(PROTOCOL_TCP);
}

static bool adds_up(uint64_t pseudo, const uint8_t *segment, size_t n)
{
	return sum_fold(pseudo + sum_words(segment, n)) == UINT16_MAX;
}

enum checksum checksum_of(const struct tf_packet *pkt, bool offloading)
{
	if (pkt->header == 0 || pkt->cut > 0 || pkt->astray)
		return CHECKSUM_UNKNOWN;
	const uint8_t *segment = pkt->payload.p - pkt->header;
	size_t n = pkt->header + pkt->payload.n;
	uint64_t ends = sum_ends(pkt), pseudo = ends + htonl((uint32_t)n);
	if (!offloading && adds_up(pseudo, segment, n))
		return CHECKSUM_GOOD;
	uint16_t field = sum_field(segment + FIELD);
	if (field == 0 || field == sum_fold(pseudo) || field == sum_fold(ends))
		return CHECKSUM_OFFLOADED;
	return offloading && adds_up(pseudo, segment, n) ? CHECKSUM_GOOD : CHECKSUM_BAD;
}

void checksums_note(struct checksums *c, enum checksum what)
{
	if (what == CHECKSUM_OFFLOADED)
		c->offloading = true;
	if (checksums_believed(c))
		return;
	if (what == CHECKSUM_BAD && c->balance > INT8_MIN)
		c->balance--;
	if (what == CHECKSUM_GOOD || what == CHECKSUM_OFFLOADED)
		c->balance = (int8_t)(c->balance + CHECKSUMS_GOOD_WEIGHT > 0
		                              ? CHECKSUMS_BELIEVED
		                              : c->balance + CHECKSUMS_GOOD_WEIGHT);
}
