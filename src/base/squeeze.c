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

/* -> which of n words are not 0, as bits. Most are: so there are no branches. */
static inline __attribute__((always_inline)) unsigned which_of(const uint64_t *word, size_t n)
{
	unsigned which = 0;
	for (size_t i = 0; i < n; i++)
		which |= (unsigned)(word[i] != 0) << i;
	return which;
}

/* Puts those words; to has room for any group. */
static uint8_t *put_group(uint8_t *to, const uint64_t *word, unsigned which)
{
	*to++ = (uint8_t)which;
	for (; which != 0; which &= which - 1)
		to = put_word(to, word[__builtin_ctz(which)]);
	return to;
}

/* The same where it may not have -> NULL: it has too little */
static uint8_t *fit_group(uint8_t *to, const uint8_t *end, const uint64_t *word, unsigned which)
{
	uint8_t part[GROUP_MOST + WORD];
	if ((size_t)(end - to) >= sizeof part)
		return put_group(to, word, which);
	size_t k = (size_t)(put_group(part, word, which) - part);
	if (k > (size_t)(end - to))
		return NULL;
	memcpy(to, part, k);
	return to + k;
}

size_t squeeze(const uint64_t *word, size_t n, uint8_t *to, size_t room)
{
	uint8_t *groups = to;
	const uint8_t *end = to + room;
	for (size_t i = 0, g = 0; i < n; i += SQUEEZE_GROUP, g++) {
		if (g % BITS == 0) {
			if (to == end)
				return 0;
			groups = to;
			*to++ = 0;
		}
		unsigned which = n - i >= SQUEEZE_GROUP ? which_of(word + i, SQUEEZE_GROUP)
		                                        : which_of(word + i, n - i);
		if (which == 0)
			continue;
		if ((to = fit_group(to, end, word + i, which)) == NULL)
			return 0;
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
