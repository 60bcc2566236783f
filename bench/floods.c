/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The connection sends a segment for each HONEST_EVERY packets of the flood, in two fragments that
 * stand 1, 50 or 1,500 others apart, every other time the last one first.
 */
#include "floods.h"

#include "talk.h"

enum { HONEST_EVERY = 100, HONEST_CUT = 1200, FRAG_FIRST = 24, HALF = 1200 };

static const struct talk talk = {.address = {0x0a000001, 0x0a010001}, .port = {80, 40000}};

/* Segment k of the honest connection. */
static struct segment honest(uint64_t k)
{
	return talk_segment(&talk, ORIGINATOR, (int64_t)k * SEGMENT, SEGMENT);
}

static void put_syn(void)
{
	struct segment s = talk_segment(&talk, ORIGINATOR, -1, 0);
	s.flags = SYN;
	put_segment(&s);
}

static void put_half(uint64_t k, bool first)
{
	struct segment s = honest(k);
	bool swapped = k % 2 == 1;
	uint32_t id = (uint32_t)k & 0xffff;
	if (first != swapped)
		put_fragment(&s, id, 0, HONEST_CUT);
	else
		put_fragment(&s, id, HONEST_CUT, 20 + SEGMENT);
}

static const uint64_t apart[] = {1, 50, 1500};
enum { APARTS = sizeof apart / sizeof *apart };

/* What of the honest connection stands behind packet i of the flood. */
static void put_honest(uint64_t i, uint64_t segments)
{
	if (i % HONEST_EVERY == 0 && i / HONEST_EVERY < segments)
		put_half(i / HONEST_EVERY, true);
	for (size_t a = 0; a < APARTS; a++) {
		uint64_t k = (i - apart[a]) / HONEST_EVERY;
		if (i >= apart[a] && (i - apart[a]) % HONEST_EVERY == 0 && k % APARTS == a &&
		    k < segments)
			put_half(k, false);
	}
}

/* Packet i of the flood. */
static void put_hostile(uint64_t i, bool halves)
{
	struct segment s = {.src = 0x0b000000 + (uint32_t)i,
	                    .dst = 0x0a010001,
	                    .sport = 1024,
	                    .dport = 443,
	                    .flags = ACK,
	                    .payload = noise_at(0),
	                    .n = SEGMENT};
	uint32_t id = (uint32_t)random_next() & 0xffff;
	if (!halves)
		put_fragment(&s, id, 0, FRAG_FIRST);
	else if (i % 2 == 0)
		put_fragment(&s, id, 0, HALF);
	else
		put_fragment(&s, id, 20 + SEGMENT - HALF + 4, 20 + SEGMENT);
}

static uint64_t honest_segments(uint64_t count)
{
	return (count + HONEST_EVERY - 1) / HONEST_EVERY;
}

static void tell(uint64_t segments)
{
	struct talk t = talk;
	t.sent[ORIGINATOR] = (int64_t)segments * SEGMENT;
	talk_tell(&t);
}

static void flood(uint64_t count, bool halves)
{
	uint64_t segments = honest_segments(count);
	put_syn();
	for (uint64_t i = 0; i < segments * HONEST_EVERY + apart[APARTS - 1]; i++) {
		if (i < count)
			put_hostile(i, halves);
		put_honest(i, segments);
	}
	tell(segments);
}

void flood_firsts(uint64_t count)
{
	flood(count, false);
}

void flood_halves(uint64_t count)
{
	flood(count, true);
}

void flood_none(uint64_t count)
{
	put_syn();
	for (uint64_t k = 0; k < honest_segments(count); k++) {
		struct segment s = honest(k);
		put_segment(&s);
	}
	tell(honest_segments(count));
}
