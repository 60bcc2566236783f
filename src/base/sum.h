/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One's complement sums of 16-bit words (RFC 1071), as IP, TCP and UDP use them for
 * their checksums.
 *
 * All is in the machine's byte order. Swapping the two bytes of each word swaps those of
 * the sum (RFC 1071, 2 (B)), so a sum over the wire's bytes as they lie in memory is
 * compared with a field that is read as it lies in memory.
 *
 * Sums are equal modulo 0xffff. sum_fold() gives 0 for nothing but zeros, else 1 to 0xffff.
 */
#ifndef BASE_SUM_H
#define BASE_SUM_H

#include <tcpflow/tcpflow.h>

#include <string.h>

/* Words of 32 bits are two of 16, wherever they stand: both halves of s, added. At most
   2^33 - 2, so billions of these can be added up. */
static inline uint64_t sum_halves(uint64_t s)
{
	return (s & UINT32_MAX) + (s >> 32);
}

/* s and a word of 64 bits, added with the carry to the other end: as good as four words of 16. What
   comes of it is such a word again; to be added up with others, it wants sum_halves(). */
static inline uint64_t sum_add(uint64_t s, uint64_t word)
{
	s += word;
	return s + (s < word);
}

/* -> s, a sum of words of 16 or 32 bits, as one word of 32: the halves, added in the upper half
   with the carry from the lower one, where the same is added. */
static inline uint32_t sum_once(uint64_t s)
{
	return (uint32_t)((s + (s << 32 | s >> 32)) >> 32);
}

/* -> both halves of a word of 32 bits, added in each half likewise. */
static inline uint32_t sum_twice(uint32_t s)
{
	return s + (s << 16 | s >> 16);
}

/* -> s as one word of 16. */
static inline uint16_t sum_fold(uint64_t s)
{
	return (uint16_t)(sum_twice(sum_once(s)) >> 16);
}

/* -> whether that is 0xffff, as it is where a right checksum is part of s: the lower half has no
   carry, but where both were 0xffff. */
static inline bool sum_is_ones(uint64_t s)
{
	return sum_twice(sum_once(s)) >= UINT32_MAX - 1;
}

/* -> the word that takes sum away when it is added. */
static inline uint16_t sum_negative(uint16_t sum)
{
	return (uint16_t)~sum;
}

/* -> a 16-bit field as it stands at p. */
static inline uint16_t sum_field(const uint8_t *p)
{
	uint16_t field;
	memcpy(&field, p, sizeof field);
	return field;
}

/* -> the sum of n bytes, a zero added when n is odd, as a sum of words of 32 bits; n: below 2^36.
   So many can be added up as sum_halves() says. */
uint64_t sum_words(const uint8_t *p, size_t n);

/* The same, by no instruction that some processors lack. */
uint64_t sum_words_plain(const uint8_t *p, size_t n);

/* -> that, folded. */
static inline uint16_t sum_bytes(const uint8_t *p, size_t n)
{
	return sum_fold(sum_words(p, n));
}

#endif
