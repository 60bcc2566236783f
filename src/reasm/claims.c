/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where bytes would have belonged that came and were not taken: rejected, or given up for
 * memory. When nothing else ever fills such a place, that is why there is a gap. The latest
 * REASM_CLAIMS of a half are remembered; a gap whose claim is forgotten counts as lost.
 */
#include "reasm/inside.h"

static struct claims *claims_of(struct reasm *r, struct half *h)
{
	if (h->claims != NULL)
		return h->claims;
	struct claims *c = slab_take(&r->claims);
	if (c != NULL)
		*c = (struct claims){0};
	h->claims = c;
	return c;
}

void claims_note(struct reasm *r, struct half *h, int64_t start, int64_t end,
                 enum tf_gap_cause cause)
{
	if (!h->based || start >= end)
		return;
	struct claims *c = claims_of(r, h);
	if (c == NULL) {
		r->counters->causes_forgotten++;
		return;
	}
	struct claim *last = &c->latest[(c->next + REASM_CLAIMS - 1) % REASM_CLAIMS];
	if (last->cause == cause && start <= last->end && end >= last->start) {
		last->start = min64(start, last->start);
		last->end = max64(end, last->end);
		return;
	}
	struct claim *oldest = &c->latest[c->next];
	r->counters->causes_forgotten += oldest->end > oldest->start;
	*oldest = (struct claim){.start = start, .end = end, .cause = cause};
	c->next = (c->next + 1) % REASM_CLAIMS;
}

enum tf_gap_cause claims_cause(const struct half *h, int64_t off, int64_t *end,
                               enum tf_gap_cause otherwise)
{
	const struct claims *c = h->claims;
	for (uint32_t i = 1; c != NULL && i <= REASM_CLAIMS; i++) { /* the newest first */
		const struct claim *k = &c->latest[(c->next + REASM_CLAIMS - i) % REASM_CLAIMS];
		int64_t border = k->start > off ? k->start : k->end;
		if (k->start == k->end)
			continue;
		if (border > off && border < *end)
			*end = border;
		if (k->start <= off && k->end > off)
			return k->cause;
	}
	return otherwise;
}

void claims_end(struct reasm *r, struct half *h)
{
	if (h->claims != NULL)
		slab_give(&r->claims, h->claims);
	h->claims = NULL;
}
