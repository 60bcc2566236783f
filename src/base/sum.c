/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Accumulators of 64-bit lanes: `all` adds up whole lanes and overflows, `high` their upper
 * halves and does not. What the lower halves are in sum then follows, modulo 2^64, which it
 * stays below: three operations for as many bytes as a vector has.
 *
 * Written with the compilers' vectors, which are plain instructions on every machine, and
 * compiled twice where processors of one kind differ: AVX2 takes two thirds of the time for a
 * segment of 1,448 bytes. AVX-512 was measured and takes a little less still, but slows some
 * processors down for what comes after it.
 */
#include "base/sum.h"

typedef uint64_t lanes __attribute__((vector_size(32)));

enum {
	LANES = sizeof(lanes),
	STEP = 4 * LANES,
	WORD = sizeof(uint64_t),
	VECTORS_LEAST = 2 * LANES
};

/* Adds up what comes in vectors; *p then stands at the rest, of *n bytes. In what is compiled
   for one kind of processor it has to be inlined. */
static inline __attribute__((always_inline)) uint64_t add_vectors(const uint8_t **p, size_t *n)
{
	lanes all = {0}, all2 = {0}, high = {0}, high2 = {0}, a, b, c, d;
	const uint8_t *at = *p, *rest = at + *n / LANES * LANES;
	for (size_t i = *n / STEP; i > 0; i--, at += STEP) {
		memcpy(&a, at, LANES);
		memcpy(&b, at + LANES, LANES);
		memcpy(&c, at + (size_t)2 * LANES, LANES);
		memcpy(&d, at + (size_t)3 * LANES, LANES);
		all += a;
		high += a >> 32;
		all2 += b;
		high2 += b >> 32;
		all += c;
		high += c >> 32;
		all2 += d;
		high2 += d >> 32;
	}
	for (; at < rest; at += LANES) {
		memcpy(&a, at, LANES);
		all += a;
		high += a >> 32;
	}
	*p = at;
	*n %= LANES;
	high += high2;
	lanes low = all + all2 - (high << 32);
	uint64_t s = 0;
	for (unsigned i = 0; i < LANES / sizeof s; i++)
		s += sum_halves(low[i]) + sum_halves(high[i]);
	return s;
}

static inline uint64_t word_at(const uint8_t *p)
{
	uint64_t word;
	memcpy(&word, p, sizeof word);
	return word;
}

/* The last n bytes before end, 1 to 7, as a word that ends in zeros. A whole word stands there. */
static inline uint64_t last_word(const uint8_t *end, size_t n)
{
	uint64_t word = word_at(end - WORD);
	size_t others = (WORD - n) * 8;
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? word >> others : word << others;
}

/* The last n bytes of what is at least a word long. */
static inline uint64_t add_rest(const uint8_t *p, size_t n)
{
	uint64_t s = 0;
	for (; n >= WORD; p += WORD, n -= WORD)
		s = sum_add(s, word_at(p));
	return sum_halves(n > 0 ? sum_add(s, last_word(p + n, n)) : s);
}

/* Apart: so little is rare, and it wants room on the stack. */
static __attribute__((noinline)) uint64_t add_bytes(const uint8_t *p, size_t n)
{
	uint8_t word[WORD] = {0};
	if (n > 0) /* p may be NULL where there is nothing */
		memcpy(word, p, n);
	return sum_halves(word_at(word));
}

static inline uint64_t add_few(const uint8_t *p, size_t n)
{
	return n >= WORD ? add_rest(p, n) : add_bytes(p, n);
}

uint64_t sum_words_plain(const uint8_t *p, size_t n)
{
	if (n < VECTORS_LEAST)
		return add_few(p, n);
	uint64_t s = add_vectors(&p, &n);
	return s + add_rest(p, n);
}

#if defined(__x86_64__)

static __attribute__((target("avx2"), noinline)) uint64_t sum_avx2(const uint8_t *p, size_t n)
{
	uint64_t s = add_vectors(&p, &n);
	return s + add_rest(p, n);
}

uint64_t sum_words(const uint8_t *p, size_t n)
{
	if (n < VECTORS_LEAST)
		return add_few(p, n);
	return __builtin_cpu_supports("avx2") ? sum_avx2(p, n) : sum_words_plain(p, n);
}

#else

uint64_t sum_words(const uint8_t *p, size_t n)
{
	return sum_words_plain(p, n);
}

#endif
