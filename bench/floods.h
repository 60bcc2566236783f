/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A flood of fragments, and one connection in fragments among them.
 */
#ifndef BENCH_FLOODS_H
#define BENCH_FLOODS_H

#include <stdint.h>

/* `count` small first fragments of datagrams that never come whole, each from another source */
void flood_firsts(uint64_t count);
/* the same with halves of 1,200 bytes, of which every other is the last one */
void flood_halves(uint64_t count);
/* the connection alone, in order, not in fragments */
void flood_none(uint64_t count);

#endif
