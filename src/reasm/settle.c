/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The receive queue of every policy that is a table (policy.h): overlaps are settled
 * when a segment comes, and what is held does not overlap.
 *
 *	held        [aaaa]   [bbbb]      [cc]
 *	newer          [nnnnnnnnnnnnnnnnnnnn]
 *
 * From left to right the newer segment meets each held one; the table says who keeps
 * what they share, and the other one is cut: at its front, its back, or in two.
 *
 * Invariant: the captured bytes of two held segments never overlap.
 *
 * Bounds: cutting in two takes a node and maybe a chunk. When there is none, the part
 * behind the cut is given up (bytes_evicted). Each meeting costs O(log n) and a
 * comparison of what is shared; a segment that is cut away is met no more.
 */
#include "reasm/policy.h"

static int64_t captured_end(const struct held *n)
{
	return n->end - n->cut;
}

/* The lowest held segment that ends beyond off. */
static struct held *first_beyond(const struct half *h, int64_t off)
{
	struct held *found = NULL;
	struct tree_node *node = h->queue.root;
	while (node != NULL) {
		struct held *e = held_of(node);
		bool beyond = captured_end(e) > off;
		found = beyond ? e : found;
		node = beyond ? node->left : node->right;
	}
	return found;
}

static void add(struct half *h, struct held *n)
{
	struct tree_node *parent = NULL, **link = &h->queue.root;
	while (*link != NULL) {
		parent = *link;
		link = n->start < held_of(parent)->start ? &parent->left : &parent->right;
	}
	tree_link(&h->queue, &n->node, parent, link);
	if (h->last == NULL || h->last->start < n->start)
		h->last = n;
}

/* -- cutting --------------------------------------------------------------------- */

/* [from, to) of n lost against winner. */
static void lose(struct reasm *r, struct half *h, const struct held *n, int64_t from, int64_t to,
                 const struct held *winner)
{
	int64_t off = n->start;
	for (const struct chunk *c = n->head; c != NULL && off < to; c = c->next) {
		struct piece p = piece_of_chunk(c);
		int64_t next = off + (int64_t)p.b.n;
		int64_t first = off > from ? off : from, last = next < to ? next : to;
		if (first < last) {
			piece_skip(&p, (size_t)(first - off));
			p.b.n = (size_t)(last - first);
			tell_rival(r, h, winner, first, p);
		}
		off = next;
	}
}

/* n begins at off instead. */
static void cut_front(struct reasm *r, struct held *n, int64_t off)
{
	while (n->head != NULL && off > n->start) {
		struct chunk *c = n->head;
		int64_t size = c->to - c->from,
		        gone = off - n->start < size ? off - n->start : size;
		n->start += gone;
		c->from = (uint32_t)(c->from + gone);
		c->position += (uint64_t)gone;
		if (gone < size)
			break;
		n->head = c->next;
		chunk_give(r->chunks, c);
		n->chunks--;
		r->chunks_held--;
	}
}

/* n's captured bytes end at off instead, which lies within. */
static void cut_back(struct reasm *r, struct held *n, int64_t off)
{
	int64_t at = n->start;
	struct chunk *c = n->head;
	uint32_t kept = 1;
	for (; at + (c->to - c->from) < off; kept++) {
		at += c->to - c->from;
		c = c->next;
	}
	c->to = (uint32_t)(c->from + (off - at));
	chunk_give_chain(r->chunks, c->next);
	r->chunks_held -= n->chunks - kept;
	c->next = NULL;
	n->chunks = kept;
	n->tail = c;
	n->end = off;
	n->cut = 0;
}

/* What lies behind off becomes a segment of its own -> it, in no queue; or NULL, and it
   is given up. */
static struct held *cut_in_two(struct reasm *r, struct half *h, struct held *n, int64_t off)
{
	struct held *rest = hold_part(r, n, off);
	if (rest == NULL) {
		int64_t lost = captured_end(n) - off;
		h->account.evicted += lost;
		h->account.span += lost; /* see stream_finish() */
		claims_note(r, h, off, off + lost, TF_GAP_EVICTED);
	}
	cut_back(r, n, off);
	return rest;
}

/* -- meeting ----------------------------------------------------------------------- */

/* e gives up what lies in [from, to), which the newer segment n wins. */
static void yield(struct reasm *r, struct half *h, struct held *e, int64_t from, int64_t to,
                  const struct held *n)
{
	lose(r, h, e, from, to, n);
	if (from > e->start && to < captured_end(e)) {
		struct held *rest = cut_in_two(r, h, e, to);
		if (rest != NULL)
			add(h, rest);
	}
	if (from > e->start) {
		cut_back(r, e, from);
	} else if (to < captured_end(e)) {
		cut_front(r, e, to);
	} else {
		queue_remove(r, h, e);
		hold_give(r, e);
	}
}

/* The same the other way round; what n has before e goes into the queue. -> what it has
   behind, or NULL */
static struct held *give_way(struct reasm *r, struct half *h, struct held *n, int64_t from,
                             int64_t to, const struct held *e)
{
	struct held *rest = NULL;
	lose(r, h, n, from, to, e);
	if (to < captured_end(n) && from > n->start)
		rest = cut_in_two(r, h, n, to);
	else if (to < captured_end(n))
		cut_front(r, rest = n, to);
	if (rest == n)
		return n;
	if (from > n->start) {
		cut_back(r, n, from);
		add(h, n);
	} else {
		hold_give(r, n);
	}
	return rest;
}

void settle_insert(struct reasm *r, struct half *h, struct held *n)
{
	const struct policy *p = policy_of(h);
	int64_t start = n->start, end = captured_end(n), met = start;
	struct held *e;
	while (n != NULL && (e = first_beyond(h, met)) != NULL && e->start < end) {
		int64_t from = e->start > n->start ? e->start : n->start;
		int64_t to = captured_end(e) < end ? captured_end(e) : end;
		met = to;
		if (policy_newer(p, start, end, e->start, captured_end(e)))
			yield(r, h, e, from, to, n);
		else
			n = give_way(r, h, n, from, to, e);
	}
	if (n != NULL)
		add(h, n);
	holders_note(r, h);
}
