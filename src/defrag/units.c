/* SPDX-License-Identifier: BSD-3-Clause */
/* The bytes of one datagram, in units of 8: see the head of defrag.c. */
#include "defrag/inside.h"

#include "base/error.h"

#include <string.h>

/* -> the units of piece i that the range covers, as bits */
static uint64_t units_in(const struct range *r, size_t i)
{
	size_t base = i * PIECE;
	size_t first = r->from > base ? (r->from - base) / UNIT : 0;
	size_t behind = r->to < base + PIECE ? (r->to - base + UNIT - 1) / UNIT : PIECE_UNITS;
	return UINT64_MAX << first & UINT64_MAX >> (PIECE_UNITS - behind);
}

enum meeting units_meet(const struct defrag *d, const struct datagram *g, const struct range *r)
{
	bool any = false, whole = true;
	for (size_t i = range_first(r); i <= range_last(r); i++) {
		const struct piece *piece = slab_at(&d->cells, g->piece[i]);
		uint64_t units = units_in(r, i);
		uint64_t came = piece != NULL ? piece->arrived & units : 0;
		uint64_t begins = piece != NULL ? piece->begins & units : 0;
		if (i == range_first(r)) /* a run may begin where the range does */
			begins &= ~(UINT64_C(1) << r->from / UNIT % PIECE_UNITS);
		any = any || came != 0;
		whole = whole && came == units && begins == 0;
	}
	return !any ? APART : whole ? WITHIN : CROSSING;
}

static bool has_come(const struct defrag *d, const struct datagram *g, uint32_t at)
{
	const struct piece *piece = slab_at(&d->cells, g->piece[at / PIECE]);
	return piece != NULL && (piece->arrived >> at / UNIT % PIECE_UNITS & 1) != 0;
}

bool units_edge(const struct defrag *d, const struct datagram *g, uint32_t at)
{
	if (at >= g->top || !has_come(d, g, at))
		return true;
	const struct piece *piece = slab_at(&d->cells, g->piece[at / PIECE]);
	return (piece->begins >> at / UNIT % PIECE_UNITS & 1) != 0;
}

bool units_equal(const struct defrag *d, const struct datagram *g, const struct range *r,
                 const uint8_t *bytes)
{
	for (uint32_t at = r->from, n; at < r->to; at += n, bytes += n) {
		const struct piece *piece = slab_at(&d->cells, g->piece[at / PIECE]);
		MUST(piece != NULL);
		n = PIECE - at % PIECE < r->to - at ? PIECE - at % PIECE : r->to - at;
		if (memcmp(piece->data + at % PIECE, bytes, n) != 0)
			return false;
	}
	return true;
}

/* Copies the part of a range that lies in a piece; of units that have come, unless
   the later bytes are to win, nothing. */
static void copy_units(struct piece *piece, uint64_t units, const struct range *part,
                       const uint8_t *bytes, bool over)
{
	uint32_t at = part->from % PIECE, n = part->to - part->from;
	if (over || (piece->arrived & units) == 0) {
		memcpy(piece->data + at, bytes, n);
		return;
	}
	for (uint32_t i = 0; i < n; i += UNIT)
		if ((piece->arrived >> (at + i) / UNIT & 1) == 0)
			memcpy(piece->data + at + i, bytes + i, n - i < UNIT ? n - i : UNIT);
}

void units_place(struct defrag *d, struct datagram *g, const struct range *r, const uint8_t *bytes)
{
	enum defrag_policy policy = policy_of(d, g);
	bool goes_on = policy != DEFRAG_STRICT && r->from == g->top && r->from > 0 &&
	               has_come(d, g, r->from - 1);
	for (size_t i = range_first(r); i <= range_last(r); i++) {
		struct piece *piece = slab_at(&d->cells, g->piece[i]);
		uint64_t units = units_in(r, i);
		uint32_t base = (uint32_t)(i * PIECE);
		struct range part = {.from = r->from > base ? r->from : base,
		                     .to = r->to < base + PIECE ? r->to : base + PIECE};
		copy_units(piece, units, &part, bytes + (part.from - r->from),
		           policy == DEFRAG_LAST);
		if (i == range_first(r) && !goes_on)
			piece->begins |= UINT64_C(1) << part.from / UNIT % PIECE_UNITS;
		g->units += (uint32_t)__builtin_popcountll(units & ~piece->arrived);
		piece->arrived |= units;
	}
	if (r->to > g->top)
		g->top = r->to;
}

void defrag_gather(const struct defrag *d, uint8_t *to)
{
	const struct datagram *g = datagram_at(d, d->ready);
	MUST(g != NULL);
	for (uint32_t at = 0, n; at < g->end; at += n) {
		const struct piece *piece = slab_at(&d->cells, g->piece[at / PIECE]);
		MUST(piece != NULL);
		n = g->end - at < PIECE ? g->end - at : PIECE;
		memcpy(to + at, piece->data, n);
	}
}

size_t units_check(const struct defrag *d, const struct datagram *g)
{
	size_t cells = 1, units = 0, highest = 0;
	for (size_t i = 0; i < PIECES; i++) {
		const struct piece *piece = slab_at(&d->cells, g->piece[i]);
		if (piece == NULL)
			continue;
		if ((piece->begins & ~piece->arrived) != 0 || piece->arrived == 0)
			return 0;
		cells++;
		units += (size_t)__builtin_popcountll(piece->arrived);
		highest = i * PIECE_UNITS + 63 - (size_t)__builtin_clzll(piece->arrived);
	}
	bool held = units == g->units && (units == 0 || highest * UNIT < g->top) &&
	            g->top <= g->end && (g->stone == 0 || (cells == 1 && g->frames == 0));
	return held ? cells : 0;
}
