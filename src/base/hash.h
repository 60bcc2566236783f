/* SPDX-License-Identifier: BSD-3-Clause */
/* Keyed hashing for tables whose keys the sender of packets chooses. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <tcpflow/tcpflow.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static inline uint64_t hash_bytes(const void *p, size_t n, uint64_t seed)
{
	return XXH3_64bits_withSeed(p, n, seed);
}

#endif
