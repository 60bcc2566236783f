/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A connection that has ended is remembered, so that what comes late opens no new one. All that is
 * wanted of it then is its key, and what tells a late segment from one of another connection: where
 * its directions began and how far they went, its times, what its checksums were like. That is a
 * form of two cells, made as soon as END was told, with all that it is made of at hand; so the
 * struct flow, which the next connection gets, is in the processor's caches still, and cells take
 * what a flow that ended would have kept for longer than it lived.
 *
 *	struct lingering	key (IPv4), checksums, facts
 *	  more  linger_rest	sequence numbers, times
 *	    more  linger_key	what else is in the key, if there is more
 *
 * A packet that comes for it wakes it, is judged in life.c, and it is put back; where the packet's
 * checksum is wrong, it dozes again in its time. What is not in the cells is not looked at of a
 * flow that has ended, or has no more to say:
 *
 *	L1  nothing is told of it: accounts, history, packets and slots are empty
 *	L2  nothing is held of it, nothing in doubt, no gap: reasm_finish() has come
 *	L3  no SYN inside it waits for its answer (flow->rival)
 *
 * A flow of which this does not hold, or that began at an offset beyond 2^31, stays as it is, and
 * dozes in its time (doze.c).
 *
 * Bounds: two or three cells, one look at its bucket.
 */
#include "flow/linger.h"

#include "base/error.h"
#include "flow/key.h"
#include "flow/life.h"

#include <string.h>

struct lingering {
	struct doze_head head;
	uint8_t address[2][V4];
	uint16_t port[2];
	int8_t balance[2]; /* struct checksums */
	uint8_t card : 2;  /* those of struct half, and this: 1 << direction */
	uint8_t based : 2, isn_known : 2, ack_known : 2;
	uint8_t has_key : 1; /* there is a struct linger_key: address is the end of each */
};

struct linger_rest {
	uint32_t more;
	uint32_t base[2], ack_raw[2];
	int32_t start[2];
	int64_t next[2];
	int64_t first_ns, last_ns;
};

struct linger_key {
	uint32_t more;
	uint8_t address[2][V4_AT];
	uint16_t vlan[TF_VLANS];
	uint32_t net[TF_NETS];
};

static_assert(sizeof(struct lingering) == CELL && sizeof(struct linger_rest) == CELL &&
                      sizeof(struct linger_key) <= CELL,
              "cells");

enum { LINGER_CELLS = 3 };

static const struct linger_rest *rest_of(const struct flows *fs, const struct lingering *l)
{
	const struct linger_rest *r = slab_at(&fs->cells, l->head.more);
	MUST(r != NULL);
	return r;
}

static const struct linger_key *key_of(const struct flows *fs, const struct lingering *l)
{
	const struct linger_key *k = slab_at(&fs->cells, rest_of(fs, l)->more);
	MUST(k != NULL); /* has_key says so */
	return k;
}

/* -- into cells ------------------------------------------------------------------------------ */

static bool fits(const struct flows *fs, const struct flow *f)
{
	bool near = true;
	for (unsigned d = 0; d < 2; d++)
		near = near && f->half[d].start == (int32_t)f->half[d].start;
	return near && !f->rival.known && fs->cells.count - fs->cells.used >= LINGER_CELLS;
}

static uint32_t new_key(struct flows *fs, const struct flow *f)
{
	struct linger_key *k = slab_take(&fs->cells);
	MUST(k != NULL);
	*k = (struct linger_key){.more = 0};
	for (unsigned d = 0; d < 2; d++)
		memcpy(k->address[d], f->pub.end[d].address.b, V4_AT);
	memcpy(k->vlan, f->pub.vlan, sizeof k->vlan);
	memcpy(k->net, f->pub.net, sizeof k->net);
	return slab_index(&fs->cells, k);
}

static uint32_t new_rest(struct flows *fs, const struct flow *f, uint32_t more)
{
	struct linger_rest *r = slab_take(&fs->cells);
	MUST(r != NULL);
	r->more = more;
	r->first_ns = f->pub.first_ns;
	r->last_ns = f->pub.last_ns;
	for (unsigned d = 0; d < 2; d++) {
		const struct half *h = &f->half[d];
		r->base[d] = h->base;
		r->ack_raw[d] = h->ack_raw;
		r->start[d] = (int32_t)h->start;
		r->next[d] = h->next;
	}
	return slab_index(&fs->cells, r);
}

static unsigned both(bool first, bool second)
{
	return (unsigned)first | (unsigned)second << 1;
}

/* All but where the rest is. */
static void fill(struct lingering *l, const struct flow *f)
{
	const struct half *h = f->half;
	l->head = (struct doze_head){
	        .stand = f->stand, .number = f->pub.number, .n = LINGERS, .ended = true};
	for (unsigned d = 0; d < 2; d++) {
		memcpy(l->address[d], f->pub.end[d].address.b + V4_AT, V4);
		l->port[d] = f->pub.end[d].port;
		l->balance[d] = f->sums[d].balance;
	}
	l->card = both(f->sums[0].offloading, f->sums[1].offloading) & 3U;
	l->based = both(h[0].based, h[1].based) & 3U;
	l->isn_known = both(h[0].isn_known, h[1].isn_known) & 3U;
	l->ack_known = both(h[0].ack_known, h[1].ack_known) & 3U;
	l->has_key = !is_plain_v4(&f->pub);
}

void linger(struct flows *fs, struct flow *f)
{
	if (!fits(fs, f))
		return;
	struct lingering *l = slab_take(&fs->cells);
	MUST(l != NULL);
	fill(l, f);
	l->head.more = new_rest(fs, f, l->has_key ? new_key(fs, f) : 0);
	places_replace(fs, ref_of(fs, f), REF_DOZING | slab_index(&fs->cells, l), f->stand.hash);
	slab_give(&fs->slab, f);
}

/* -- and out of them ------------------------------------------------------------------------- */

static void show_key(const struct flows *fs, const struct lingering *l, struct tf_flow *pub)
{
	for (unsigned d = 0; d < 2; d++)
		pub->end[d] = end_of_v4(l->address[d], l->port[d]);
	if (!l->has_key)
		return;
	const struct linger_key *k = key_of(fs, l);
	for (unsigned d = 0; d < 2; d++)
		memcpy(pub->end[d].address.b, k->address[d], V4_AT);
	memcpy(pub->vlan, k->vlan, sizeof k->vlan);
	memcpy(pub->net, k->net, sizeof k->net);
}

static void show_half(const struct lingering *l, const struct linger_rest *r, unsigned d,
                      struct half *h)
{
	half_init(h, (uint8_t)d);
	h->base = r->base[d];
	h->ack_raw = r->ack_raw[d];
	h->start = r->start[d];
	h->next = r->next[d];
	h->based = (l->based >> d & 1) != 0;
	h->isn_known = (l->isn_known >> d & 1) != 0;
	h->ack_known = (l->ack_known >> d & 1) != 0;
}

void linger_show(const struct flows *fs, const struct doze_head *head, struct flow *f)
{
	const struct lingering *l = (const void *)head;
	const struct linger_rest *r = rest_of(fs, l);
	memset(f, 0, fs->slab.size);
	f->stand = head->stand;
	f->ended = true;
	f->pub.number = head->number;
	f->pub.first_ns = r->first_ns;
	f->pub.last_ns = r->last_ns;
	show_key(fs, l, &f->pub);
	for (unsigned d = 0; d < 2; d++) {
		f->sums[d].balance = l->balance[d];
		f->sums[d].offloading = (l->card >> d & 1) != 0;
		show_half(l, r, d, &f->half[d]);
	}
}

int linger_direction(const struct flows *fs, uint32_t ref, const struct tf_packet *pkt)
{
	const struct lingering *l = cell_at(fs, ref);
	struct tf_flow key = {.first_ns = 0};
	if (!l->has_key)
		return direction_of_v4(l->address, l->port, pkt);
	show_key(fs, l, &key);
	return key_direction(&key, pkt);
}
