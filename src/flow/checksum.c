/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/checksum.h"

#include "base/sum.h"

#include <arpa/inet.h>

enum { PROTOCOL_TCP = 6, FIELD = 16, WORDS = sizeof(struct tf_address) / sizeof(uint64_t) };

static inline uint64_t add_address(uint64_t s, const struct tf_address *a)
{
	uint64_t word[WORDS];
	memcpy(word, a->b, sizeof word);
	return sum_add(sum_add(s, word[0]), word[1]);
}

/* The pseudo-header without the length, which is of 16 or 32 bits (RFC 8200, 8.1). IPv4 addresses
   are mapped, whose prefix adds 0xffff: nothing (base/sum.h). */
static inline uint64_t sum_ends(const struct tf_packet *pkt)
{
	uint64_t addresses = add_address(add_address(0, &pkt->src.address), &pkt->dst.address);
	return sum_halves(addresses) + pkt->detour + htons(PROTOCOL_TCP);
}

static inline const uint8_t *segment_of(const struct tf_packet *pkt)
{
	return pkt->payload.p - pkt->header;
}

static inline size_t length_of(const struct tf_packet *pkt)
{
	return pkt->header + pkt->payload.n;
}

static inline bool adds_up(const struct tf_packet *pkt)
{
	uint64_t s = sum_words(segment_of(pkt), length_of(pkt));
	return sum_is_ones(s + sum_ends(pkt) + htonl((uint32_t)length_of(pkt)));
}

/* -> whether the field says that the card is to make the checksum. */
static bool is_offloaded(const struct tf_packet *pkt)
{
	uint16_t field = sum_field(segment_of(pkt) + FIELD);
	uint64_t ends = sum_ends(pkt), pseudo = ends + htonl((uint32_t)length_of(pkt));
	return field == 0 || field == sum_fold(pseudo) || field == sum_fold(ends);
}

/* Apart, so that what is usual does without the room that it needs. */
static __attribute__((noinline)) enum checksum look_closer(const struct tf_packet *pkt,
                                                           bool offloading)
{
	if (is_offloaded(pkt))
		return CHECKSUM_OFFLOADED;
	return offloading && adds_up(pkt) ? CHECKSUM_GOOD : CHECKSUM_BAD;
}

enum checksum checksum_of(const struct tf_packet *pkt, bool offloading)
{
	if (pkt->header == 0 || pkt->cut > 0 || pkt->astray)
		return CHECKSUM_UNKNOWN;
	return !offloading && adds_up(pkt) ? CHECKSUM_GOOD : look_closer(pkt, offloading);
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
