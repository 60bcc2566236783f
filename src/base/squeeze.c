/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/squeeze.h"

#include <string.h>

enum { WORD = sizeof(uint64_t), BITS = 8, GROUP_MOST = 1 + SQUEEZE_GROUP * (1 + WORD) };

/* How a word is cut: bytes left out at its low end, and bytes that are left, less one. */
enum { CUT_BITS = 3, CUT_MASK = (1 << CUT_BITS) - 1 };

/* The lowest byte of a word stands first. */
static uint64_t little(uint64_t word)
{
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap64(word) : word;
}

static uint8_t *put_word(uint8_t *to, uint64_t word)
{
	unsigned low = (unsigned)__builtin_ctzll(word) / BITS;
	unsigned n = WORD - low - (unsigned)__builtin_clzll(word) / BITS;
	*to++ = (uint8_t)((n - 1) << CUT_BITS | low);
	word = little(word >> low * BITS);
	memcpy(to, &word, sizeof word); /* those behind are written over */
	return to + n;
}

/* to has room for any group */
static uint8_t *put_group(uint8_t *to, const uint64_t *word, size_t n)
{
	uint8_t *which = to++, bits = 0;
	for (size_t i = 0; i < n; i++) {
		if (word[i] == 0)
			continue;
		bits = (uint8_t)(bits | 1U << i);
		to = put_word(to, word[i]);
	}
	*which = bits;
	return bits != 0 ? to : which;
}

size_t squeeze(const uint64_t *word, size_t n, uint8_t *to, size_t room)
{
	uint8_t part[GROUP_MOST + WORD], *groups = to;
	const uint8_t *end = to + room;
	for (size_t i = 0, g = 0; i < n; i += SQUEEZE_GROUP, g++) {
		size_t size = n - i < SQUEEZE_GROUP ? n - i : SQUEEZE_GROUP;
		if (g % BITS == 0) {
			if (to == end)
				return 0;
			groups = to;
			*to++ = 0;
		}
		size_t k = (size_t)(put_group(part, word + i, size) - part);
		if (k == 0)
			continue;
		if (k > (size_t)(end - to))
			return 0;
		memcpy(to, part, k);
		to += k;
		*groups = (uint8_t)(*groups | 1U << g % BITS);
	}
	return room - (size_t)(end - to);
}

/* -- and back -------------------------------------------------------------------- */

static const uint8_t *take_word(const uint8_t *from, uint64_t *word)
{
	unsigned low = *from & CUT_MASK, n = 1 + (*from >> CUT_BITS & CUT_MASK);
	uint64_t w;
	memcpy(&w, ++from, sizeof w);
	*word = (little(w) & UINT64_MAX >> (WORD - n) * BITS) << low * BITS;
	return from + n;
}

static const uint8_t *take_group(const uint8_t *from, uint64_t *word)
{
	uint8_t which = *from++;
	for (; which != 0; which = (uint8_t)(which & (which - 1)))
		from = take_word(from, &word[__builtin_ctz(which)]);
	return from;
}

size_t squeeze_expand(const uint8_t *from, uint64_t *word, size_t n)
{
	const uint8_t *p = from;
	uint8_t groups = 0;
	memset(word, 0, n * sizeof *word);
	for (size_t i = 0, g = 0; i < n; i += SQUEEZE_GROUP, g++) {
		if (g % BITS == 0)
			groups = *p++;
		if ((groups >> g % BITS & 1) != 0)
			p = take_group(p, word + i);
	}
	return (size_t)(p - from);
}
