/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A direction's recording ends here and goes on elsewhere (doc/adr/0028). The stream knows
 * nothing of it but this: its account begins anew, and what it has told it will not change.
 *
 *	told |  gap  | told | ......... | held |
 *	old account         ^turned            bytes of the new account, once they are told
 */
#include "reasm/inside.h"

/* -> bytes that have come and have no place yet */
static int64_t held_bytes(const struct half *h)
{
	int64_t n = 0;
	for (struct tree_node *at = tree_first(&h->queue); at != NULL; at = tree_next(at)) {
		const struct held *s = held_of(at);
		n += s->end - s->start - s->cut;
	}
	return n;
}

/* What was beyond the limit till here is told now, the rest at the next turn or the end. */
static void turn_limit(struct reasm *r, struct half *h, int64_t ts_ns)
{
	if (h->limit_at >= h->next)
		return;
	tell_limit(r, h, ts_ns);
	h->limit_at = h->next;
}

void reasm_turn(struct reasm *r, struct half *h, int64_t ts_ns, struct tf_account *to)
{
	int64_t held = held_bytes(h), next = told_offset(h, h->next);
	bool begun = h->turns || h->next > h->start;
	if (begun) {
		gaps_forget(r, h, h->next, ts_ns);
		turn_limit(r, h, ts_ns);
	}
	*to = h->account;
	to->seen -= held;
	to->offset = account_offset(h);
	to->span += next - to->offset;
	h->account = (struct tf_account){.seen = held};
	h->turns = begun;
	h->turned = next;
}
