/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Defragmentation without any art, byte by byte, to compare defrag/ with. It knows no
 * bounds of memory. Datagrams are told apart by a number that the caller chooses.
 */
#ifndef PROP_PLAIN_DEFRAG_H
#define PROP_PLAIN_DEFRAG_H

#include "defrag/defrag.h"

#include <stdlib.h>
#include <string.h>

enum { PLAIN_ROOM = 66000, PLAIN_MOST = 65535, PLAIN_DATAGRAMS = 64 };

struct plain_datagram {
	unsigned number, frames, runs;
	int64_t began_ns;
	long top, end; /* end: -1 while not known */
	unsigned sent; /* what plain.sent said when the latest came */
	unsigned ecn;  /* bits */
	bool ip6;
	enum defrag_answer stone;
	struct tf_datagram whole;
	uint8_t bytes[PLAIN_ROOM];
	uint16_t run[PLAIN_ROOM]; /* which run a byte came in; 0: has not come */
};

struct plain {
	struct plain_datagram *waiting[PLAIN_DATAGRAMS]; /* the oldest first */
	unsigned count;
	unsigned sent[16]; /* fragments of IPv4, by the last byte of the source and the context */
	uint64_t lost;
	enum defrag_policy ip4, ip6;
};

static void plain_remove(struct plain *p, unsigned at, bool lost)
{
	if (lost)
		p->lost += p->waiting[at]->frames;
	free(p->waiting[at]);
	p->count--;
	memmove(p->waiting + at, p->waiting + at + 1, (p->count - at) * sizeof *p->waiting);
}

static bool plain_old(const struct plain *p, unsigned at, int64_t now_ns)
{
	int64_t from = p->waiting[at]->began_ns, to = now_ns;
	uint64_t age = to > from ? (uint64_t)to - (uint64_t)from : (uint64_t)from - (uint64_t)to;
	return age > UINT64_C(1000000000) * (p->waiting[at]->ip6 ? 60 : 30);
}

/* -> whether more than 64 others of IPv4 came from there since its latest */
static bool plain_distant(const struct plain *p, unsigned at, unsigned sent)
{
	const struct plain_datagram *g = p->waiting[at];
	bool began = g->top > 0 || g->stone != DEFRAG_WAITING;
	return !g->ip6 && p->ip4 == DEFRAG_AS_LINUX && began && sent - g->sent > 64;
}

static unsigned plain_find(struct plain *p, unsigned number, const struct tf_fragment *f)
{
	unsigned i = 0, sent = 0;
	if (!f->ip6)
		sent = ++p->sent[(f->src.b[15] + f->context) % 16];
	while (i < p->count && p->waiting[i]->number != number)
		i++;
	if (i < p->count && !plain_old(p, i, f->ts_ns) && !plain_distant(p, i, sent)) {
		p->waiting[i]->sent = sent;
		return i;
	}
	if (i < p->count)
		plain_remove(p, i, true);
	struct plain_datagram *g = calloc(1, sizeof *g);
	if (g == NULL || p->count == PLAIN_DATAGRAMS)
		abort();
	g->number = number;
	g->began_ns = f->ts_ns;
	g->end = -1;
	g->sent = sent;
	g->ip6 = f->ip6;
	p->waiting[p->count] = g;
	return p->count++;
}

/* -> DEFRAG_COMPLETE: new; DEFRAG_WAITING: a copy; DEFRAG_OVERLAP */
static enum defrag_answer plain_compare(const struct plain_datagram *g, long from, long to,
                                        const uint8_t *bytes, enum defrag_policy policy)
{
	bool any = false, one = true;
	if (policy == DEFRAG_FIRST || policy == DEFRAG_LAST)
		return DEFRAG_COMPLETE;
	for (long i = from; i < to; i++) {
		any = any || g->run[i] != 0;
		one = one && g->run[i] != 0 && g->run[i] == g->run[from];
	}
	if (one && policy == DEFRAG_STRICT)
		one = (from == 0 || g->run[from - 1] != g->run[from]) &&
		      g->run[to] != g->run[from] &&
		      memcmp(g->bytes + from, bytes, (size_t)(to - from)) == 0;
	return !any ? DEFRAG_COMPLETE : one ? DEFRAG_WAITING : DEFRAG_OVERLAP;
}

static bool plain_put(struct plain_datagram *g, long from, long to, const uint8_t *bytes,
                      enum defrag_policy policy)
{
	bool goes_on =
	        policy != DEFRAG_STRICT && from > 0 && from == g->top && g->run[from - 1] != 0;
	unsigned run = goes_on ? g->run[from - 1] : ++g->runs;
	for (long i = from; i < to; i++) {
		if (g->run[i] == 0 || policy == DEFRAG_LAST)
			g->bytes[i] = bytes[i - from];
		if (g->run[i] == 0)
			g->run[i] = (uint16_t)run;
	}
	g->top = to > g->top ? to : g->top;
	for (long i = 0; i < g->end && i < PLAIN_ROOM; i++)
		if (g->run[i] == 0)
			return false;
	return g->end >= 0 && g->end <= PLAIN_MOST;
}

static enum defrag_answer plain_add(struct plain_datagram *g, const struct tf_fragment *f, long to,
                                    bool too_big, enum defrag_policy policy)
{
	bool contradicts = g->end >= 0 && (f->more ? to > g->end : to != g->end);
	if (to == (long)f->offset || contradicts || (!f->more && to < g->top))
		return DEFRAG_BAD_END;
	g->end = f->more ? g->end : to;
	if (too_big) {
		g->top = to > g->top ? to : g->top;
		return DEFRAG_TOO_BIG;
	}
	if (f->cut > 0)
		return DEFRAG_CUT;
	enum defrag_answer a = plain_compare(g, (long)f->offset, to, f->payload.p, policy);
	if (a == DEFRAG_COMPLETE) {
		if (f->offset == 0)
			g->whole = (struct tf_datagram){{0}, f->protocol, f->hop_limit};
		g->ecn |= 1U << f->ecn;
		if (!plain_put(g, (long)f->offset, to, f->payload.p, policy))
			a = DEFRAG_WAITING;
		else if ((g->ecn & 1) != 0 && g->ecn != 1)
			a = DEFRAG_ECN;
	}
	g->frames += a == DEFRAG_WAITING;
	return a;
}

/* As defrag_take(); the bytes of a complete datagram go to to[PLAIN_ROOM]. */
static enum defrag_answer plain_take(struct plain *p, unsigned number, const struct tf_fragment *f,
                                     struct tf_datagram *whole, uint8_t *to)
{
	enum defrag_policy policy = f->ip6 ? p->ip6 : p->ip4;
	size_t n = f->payload.n + f->cut;
	bool too_big = f->offset + n + f->header > PLAIN_MOST, odd = f->more && n % 8 != 0;
	for (int i = 0; i < 2 && p->count > 0 && plain_old(p, 0, f->ts_ns); i++)
		plain_remove(p, 0, true);
	bool tiny = f->ip6 && f->offset == 0 && f->more && f->protocol == 6 && n < 20;
	if (f->ip6 && (too_big || tiny || odd))
		return too_big ? DEFRAG_TOO_BIG : tiny ? DEFRAG_TINY : DEFRAG_ODD;
	unsigned at = plain_find(p, number, f);
	struct plain_datagram *g = p->waiting[at];
	if (g->stone != DEFRAG_WAITING)
		return g->stone;
	long end = (long)(f->offset + (odd && !too_big ? n - n % 8 : n));
	enum defrag_answer a = plain_add(g, f, end, too_big, policy);
	if (a == DEFRAG_CUT || (a == DEFRAG_OVERLAP && policy == DEFRAG_STRICT)) {
		p->lost += g->frames;
		g->frames = 0;
		g->stone = a;
	} else if (a != DEFRAG_WAITING && a != DEFRAG_TOO_BIG) {
		*whole = g->whole;
		whole->payload = (struct tf_span){to, (size_t)(g->end > 0 ? g->end : 0)};
		memcpy(to, g->bytes, PLAIN_ROOM);
		plain_remove(p, at, a != DEFRAG_COMPLETE);
	}
	return a == DEFRAG_BAD_END && too_big ? DEFRAG_TOO_BIG : a;
}

#endif
