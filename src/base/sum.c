/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Four accumulators of two 64-bit lanes: `all` adds up whole lanes and overflows, `high`
 * their upper halves and does not. What the lower halves are in sum then follows, modulo
 * 2^64, which it stays below: three operations for 16 bytes. Written with the compilers'
 * vectors, which are plain instructions on every machine; wider ones (AVX2, AVX-512), chosen
 * at run time, were measured and gain less than a fifth for a segment of 1,448 bytes.
 */
#include "base/sum.h"

typedef uint64_t lanes __attribute__((vector_size(16)));

enum { LANES = sizeof(lanes), STEP = 2 * LANES };

static inline lanes load(const uint8_t *p)
{
	lanes l;
	memcpy(&l, p, sizeof l);
	return l;
}

/* n: a multiple of STEP */
static uint64_t add_steps(const uint8_t *p, size_t n)
{
	lanes all = {0}, all2 = {0}, high = {0}, high2 = {0};
	for (const uint8_t *end = p + n; p < end; p += STEP) {
		lanes a = load(p), b = load(p + LANES);
		all += a;
		high += a >> 32;
		all2 += b;
		high2 += b >> 32;
	}
	high += high2;
	lanes low = all + all2 - (high << 32);
	return sum_halves(low[0]) + sum_halves(low[1]) + sum_halves(high[0]) + sum_halves(high[1]);
}

/* Fewer than STEP bytes, to their end. */
static uint64_t add_rest(const uint8_t *p, size_t n)
{
	uint64_t s = 0, quad;
	uint32_t pair;
	uint8_t last[2] = {0};
	for (; n >= sizeof quad; p += sizeof quad, n -= sizeof quad) {
		memcpy(&quad, p, sizeof quad);
		s += sum_halves(quad);
	}
	if (n & 4) {
		memcpy(&pair, p, sizeof pair);
		s += pair;
		p += 4;
	}
	if (n & 2) {
		s += sum_field(p);
		p += 2;
	}
	if (n & 1) {
		last[0] = *p;
		s += sum_field(last);
	}
	return s;
}

uint16_t sum_bytes(const uint8_t *p, size_t n)
{
	size_t steps = n / STEP * STEP;
	uint64_t s = steps > 0 ? add_steps(p, steps) : 0;
	return sum_fold(s + add_rest(p + steps, n - steps));
}
