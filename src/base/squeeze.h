/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Structs that are mostly zeros, in few bytes: words that are zero are left out, and of the
 * others the zeros at both ends. What a struct means is nobody's matter here, so whoever changes
 * one has no codec to keep in step.
 *
 *	which groups of 8 words have any	one bit each
 *	for each of those: which words are not 0	one byte
 *	for each of those: how it is cut	one byte, and what is left of it
 */
#ifndef BASE_SQUEEZE_H
#define BASE_SQUEEZE_H

#include <stddef.h>
#include <stdint.h>

enum {
	SQUEEZE_GROUP = 8,
	SQUEEZE_SLACK = 8 /* bytes behind what was squeezed that are read, and may be anything */
};

/* Squeezes n words into at most room bytes -> how many, or 0: they do not fit (n is not 0).
   Those behind, of the room, may be changed. */
size_t squeeze(const uint64_t *word, size_t n, uint8_t *to, size_t room);

/* The words again, from what squeeze() has made of n words -> how many bytes those were. */
size_t squeeze_expand(const uint8_t *from, uint64_t *word, size_t n);

#endif
