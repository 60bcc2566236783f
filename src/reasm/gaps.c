/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The holes that a direction has passed and that may yet be filled: a short list
 * by offset. What comes late nearly always belongs to the highest, so searches
 * start there.
 */
#include "reasm/inside.h"

static void detach(struct half *h, struct gap *g)
{
	*(g->lower != NULL ? &g->lower->higher : &h->gap_low) = g->higher;
	*(g->higher != NULL ? &g->higher->lower : &h->gap_high) = g->lower;
	h->gap_count--;
}

/* Links g above lower (NULL: lowest of all). */
static void attach(struct half *h, struct gap *g, struct gap *lower)
{
	g->lower = lower;
	g->higher = lower != NULL ? lower->higher : h->gap_low;
	*(g->lower != NULL ? &g->lower->higher : &h->gap_low) = g;
	*(g->higher != NULL ? &g->higher->lower : &h->gap_high) = g;
	h->gap_count++;
}

/* A gap that is final while its stream goes on: what is told and what is missing below
   its end cannot be told apart any more. */
static void close_early(struct reasm *r, struct half *h, int64_t start, int64_t end,
                        enum tf_gap_cause cause, int64_t ts_ns)
{
	if (end > h->forgotten)
		h->forgotten = end;
	tell_gap(r, h, start, end, cause, true, ts_ns);
}

static void close_lowest(struct reasm *r, struct half *h, int64_t ts_ns)
{
	struct gap *g = h->gap_low;
	detach(h, g);
	close_early(r, h, g->start, g->end, g->cause, ts_ns);
	slab_give(&r->gaps, g);
}

/* There is no room for the gap. */
static void forget(struct reasm *r, struct half *h, int64_t start, int64_t end,
                   enum tf_gap_cause cause, int64_t ts_ns)
{
	r->counters->gaps_forgotten++;
	close_early(r, h, start, end, cause, ts_ns);
}

static void forget_lowest(struct reasm *r, struct half *h, int64_t ts_ns)
{
	r->counters->gaps_forgotten++;
	close_lowest(r, h, ts_ns);
}

/* -> room for one more gap, or NULL: there is none. */
static struct gap *make_room(struct reasm *r, struct half *h, int64_t ts_ns)
{
	if (h->gap_count >= REASM_GAPS)
		forget_lowest(r, h, ts_ns);
	struct gap *g = slab_take(&r->gaps);
	if (g == NULL && h->gap_low != NULL) {
		forget_lowest(r, h, ts_ns);
		g = slab_take(&r->gaps);
	}
	return g;
}

void gaps_add(struct reasm *r, struct half *h, int64_t start, int64_t end, enum tf_gap_cause cause,
              int64_t ts_ns)
{
	struct gap *top = h->gap_high;
	if (top != NULL && top->end == start && top->cause == cause) {
		top->end = end;
		return;
	}
	struct gap *g = make_room(r, h, ts_ns);
	if (g == NULL) {
		forget(r, h, start, end, cause, ts_ns);
		return;
	}
	*g = (struct gap){.start = start, .end = end, .cause = cause};
	attach(h, g, h->gap_high);
}

void gaps_add_low(struct reasm *r, struct half *h, int64_t start, int64_t end, int64_t ts_ns)
{
	struct gap *g = h->gap_count < REASM_GAPS ? slab_take(&r->gaps) : NULL;
	if (g == NULL) {
		forget(r, h, start, end, TF_GAP_LOST, ts_ns);
		return;
	}
	*g = (struct gap){.start = start, .end = end, .cause = TF_GAP_LOST};
	attach(h, g, NULL);
}

struct gap *gaps_find(const struct half *h, int64_t off)
{
	struct gap *found = NULL;
	for (struct gap *g = h->gap_high; g != NULL && g->end > off; g = g->lower)
		found = g;
	return found;
}

void gaps_fill(struct reasm *r, struct half *h, struct gap *g, int64_t start, int64_t end,
               int64_t ts_ns)
{
	struct gap rest = {.start = end, .end = g->end, .cause = g->cause};
	if (start > g->start) { /* keep the part below; the part above becomes a new one */
		g->end = start;
		if (rest.start == rest.end)
			return;
		struct gap *above = h->gap_count < REASM_GAPS ? slab_take(&r->gaps) : NULL;
		if (above == NULL) {
			forget(r, h, rest.start, rest.end, rest.cause, ts_ns);
			return;
		}
		*above = rest;
		attach(h, above, g);
	} else if (rest.start < rest.end) {
		g->start = end;
	} else {
		detach(h, g);
		slab_give(&r->gaps, g);
	}
}

void gaps_forget(struct reasm *r, struct half *h, int64_t end, int64_t ts_ns)
{
	while (h->gap_low != NULL && h->gap_low->start < end)
		close_lowest(r, h, ts_ns);
	h->forgotten = max64(h->forgotten, end);
}

void gaps_close(struct reasm *r, struct half *h, int64_t ts_ns)
{
	while (h->gap_low != NULL) {
		struct gap *g = h->gap_low;
		detach(h, g);
		tell_gap(r, h, g->start, g->end, g->cause, true, ts_ns);
		slab_give(&r->gaps, g);
	}
}
