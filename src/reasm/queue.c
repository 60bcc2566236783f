/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The receive queue for early segments, as Linux keeps it (net/ipv4/tcp_input.c,
 * measured on 6.18): which of two overlapping copies an application gets is
 * decided by this queue's shape, so the shape is kept (doc/adr/0005, with its bounds).
 *
 * Segments stand in a red-black tree ordered by start; `last` remembers the one
 * that was last at the right end. A new segment
 *
 *	1  that starts where `last` ends is joined to it, and nothing else is looked at;
 *	2  that starts beyond `last`'s end goes to its right;
 *	3  else walks down from the root. At each segment that starts at or before it:
 *	     it lies inside                   -> it is dropped
 *	     same start, and it reaches on    -> it takes that one's place
 *	     it starts exactly at that end    -> it is joined, and done
 *	     otherwise                        -> go right
 *	4  Where it was put (2, 3) segments to its right that it covers are removed; one
 *	   that only begins inside it stays.
 *
 * Only segments on the way down are looked at, and joining (1, 3) removes nothing:
 * the queue may hold overlapping segments. They are told in order of start, and of
 * each only what lies beyond the bytes told before (see stream_drain()).
 *
 * Linux joins as long as its buffers can grow; here a chain has at most REASM_CHAIN
 * chunks, so that comparing a copy with it stays cheap.
 *
 * FIN counts as one more place behind its segment, which may be empty otherwise: so it
 * is dropped, replaced or removed with it, and only a FIN that is told ends the stream.
 * Nothing is joined behind it. (Linux does join what begins one place further, and its
 * application then reads on without that place; nobody sends this in earnest.)
 *
 * A segment whose end the snaplen cut off is never joined to: what follows it would
 * seem to stand where the missing bytes are.
 *
 * Cost: one walk of a balanced tree; O(log n) for n held segments.
 */
#include "reasm/inside.h"

static struct held *queue_next(const struct held *n)
{
	return held_of(tree_next(&n->node));
}

/* Where n's captured bytes end, FIN among them: what the snaplen cut off covers nothing. */
static int64_t captured_end(const struct held *n)
{
	return n->cut > 0 ? n->end - n->cut : n->end + n->fin;
}

/* n's bytes lost against winner's. */
static void lose(struct reasm *r, struct half *h, struct held *n, const struct held *winner)
{
	int64_t off = n->start;
	for (const struct chunk *c = n->head; c != NULL; c = c->next) {
		struct piece p = piece_of_chunk(c);
		tell_rival(r, h, winner, off, p);
		off += (int64_t)p.b.n;
	}
	hold_give(r, n);
}

/* -> whether n, which starts where at ends, was joined to it */
static bool join(struct reasm *r, struct held *at, struct held *n)
{
	if (n->start != at->end || at->cut > 0 || at->fin || at->chunks + n->chunks > REASM_CHAIN)
		return false;
	*(at->tail != NULL ? &at->tail->next : &at->head) = n->head;
	if (n->tail != NULL)
		at->tail = n->tail;
	at->end = n->end;
	at->cut = n->cut;
	at->fin = n->fin;
	at->chunks += n->chunks;
	slab_give(&r->held, n);
	return true;
}

/* Where the walk down ended. */
struct place {
	enum { DROPPED, JOINED, REPLACES, LEAF } kind;
	struct held *at; /* the segment met; LEAF: the parent */
	struct tree_node **link;
};

static struct place walk(struct reasm *r, struct half *h, struct held *n)
{
	struct place p = {.kind = LEAF, .link = &h->queue.root};
	while (*p.link != NULL) {
		p.at = held_of(*p.link);
		if (n->start < p.at->start) {
			p.link = &p.at->node.left;
			continue;
		}
		p.kind = LEAF;
		if (n->start < p.at->end + p.at->fin && captured_end(n) <= captured_end(p.at))
			p.kind = DROPPED;
		else if (n->start == p.at->start)
			p.kind = REPLACES;
		else if (join(r, p.at, n))
			p.kind = JOINED;
		if (p.kind != LEAF)
			return p;
		p.link = &p.at->node.right;
	}
	return p;
}

/* Removes what n covers to its right. */
static void cover(struct reasm *r, struct half *h, struct held *n)
{
	struct held *next;
	while ((next = queue_next(n)) != NULL && next->start < captured_end(n)) {
		if (captured_end(n) < captured_end(next))
			break;
		tree_remove(&h->queue, &next->node);
		lose(r, h, next, n);
	}
	if (next == NULL)
		h->last = n;
}

static void insert_leaf(struct reasm *r, struct half *h, struct held *n, struct place p)
{
	tree_link(&h->queue, &n->node, p.at != NULL ? &p.at->node : NULL, p.link);
	cover(r, h, n);
}

void queue_insert(struct reasm *r, struct half *h, struct held *n)
{
	if (h->queue.root == NULL) {
		insert_leaf(r, h, n, (struct place){.kind = LEAF, .link = &h->queue.root});
		holders_note(r, h);
		return;
	}
	if (join(r, h->last, n))
		return;
	if (n->start >= h->last->end + h->last->fin) {
		insert_leaf(
		        r, h, n,
		        (struct place){.kind = LEAF, .at = h->last, .link = &h->last->node.right});
		return;
	}
	struct place p = walk(r, h, n);
	switch (p.kind) {
	case DROPPED:
		lose(r, h, n, p.at);
		break;
	case JOINED:
		break;
	case REPLACES:
		tree_replace(&h->queue, &p.at->node, &n->node);
		if (h->last == p.at)
			h->last = n;
		lose(r, h, p.at, n);
		cover(r, h, n);
		break;
	case LEAF:
		insert_leaf(r, h, n, p);
		break;
	}
}

void queue_remove(struct reasm *r, struct half *h, struct held *n)
{
	tree_remove(&h->queue, &n->node);
	if (h->queue.root == NULL) {
		h->last = NULL;
		holders_note(r, h);
	} else if (h->last == n) {
		struct tree_node *right = h->queue.root;
		while (right->right != NULL)
			right = right->right;
		h->last = held_of(right);
	}
}
