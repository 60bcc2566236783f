/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation
 *
 * What it does. Each fragment's bytes are copied to their place in their datagram; when
 * all units of 8 bytes up to the end have come, the datagram is complete.
 *
 *	bucket[hash] -> datagram -> datagram ...      older <-> younger: by when they began
 *	                   |
 *	                   piece[0]  piece[1]  (none)  piece[3]  ...      512 bytes each
 *	                   |data     |
 *	         arrived   11111111  11100000     a bit for each unit of 8 bytes
 *	         begins    10000100  00100000     the first unit of each run
 *
 * Offsets are multiples of 8, so one word says which units of a piece have come. All work
 * on a fragment is a few operations on the words of the pieces that it touches: a fragment
 * of 8 bytes costs the same whether it is the first of its datagram or the 8,191st, and in
 * whatever order they come.
 *
 * Overlaps. A run is what came in order at the datagram's end, fragment upon fragment; any
 * other fragment is a run of its own. Linux takes a fragment that lies inside one run for
 * a copy (without comparing bytes) and discards the datagram on any other overlap; then it
 * forgets it, so a full set of fragments that comes later is put together. All this, and
 * what happens to odd lengths, contradicting ends, mixed ECN bits, short first fragments
 * and after many others, was measured with Linux 6.18. Under
 * DEFRAG_STRICT every fragment is a run, copies must be equal, and a discarded datagram
 * stays in the table as a stone, without bytes, until its time is over. Stones also mark
 * datagrams of which the snaplen has cut a fragment.
 *
 * Invariants (defrag_check).
 *	D1  Every datagram is once in the list by age and once in its bucket's chain.
 *	D2  units is the number of arrived bits, and begins is a part of arrived.
 *	D3  The cells in use are the datagrams and their pieces (and those of `ready`), and
 *	    the frames that are kept.
 *	D4  No arrived unit lies at or behind top; top <= end, when the end is known.
 *	D5  waiting is the sum of the datagrams' frames; a stone has no frames and no pieces.
 *
 * Bounds. One slab of cells of 624 bytes, for datagrams and pieces alike: a datagram of
 * one small fragment takes two, one of full size 129. When the slab is empty the oldest
 * datagram goes (datagrams_evicted). A fragment touches at most 128 pieces.
 *
 * Time. As long as the receiver: who waits less misses what that got, who waits longer may
 * take for a copy what that took for the beginning. A clock that jumps back by more ends the
 * wait as well: those fragments belong to another capture.
 *
 * Choices not taken. A tree of fragments for each datagram, as in the kernel: bitmaps need
 * no balance, and merge copies for nothing. Borrowing the frames' bytes instead of copying:
 * a fragment would pin a whole block of input for a minute.
 */
#include "defrag/inside.h"

#include "base/error.h"
#include "base/hash.h"

#include <string.h>

enum {
	SWEEP = 2, /* a call begins one datagram at most, so this catches up */
	PROTOCOL_TCP = 6,
	TCP_HEADER = 20,
	ENDS = 4096,  /* rows of defrag.sent */
	DISTANCE = 64 /* net.ipv4.ipfrag_max_dist */
};

/* -- counting ---------------------------------------------------------------------- */

size_t defrag_counter(enum defrag_answer answer)
{
#define ROW(name) offsetof(struct tf_counters, name)
	static const size_t rows[] = {
	        [DEFRAG_WAITING] = ROW(fragments_copied),
	        [DEFRAG_COMPLETE] = ROW(datagrams),
	        [DEFRAG_OVERLAP] = ROW(datagrams_overlap),
	        [DEFRAG_BAD_END] = ROW(datagrams_bad_end),
	        [DEFRAG_TOO_BIG] = ROW(fragments_too_big),
	        [DEFRAG_ODD] = ROW(fragments_odd),
	        [DEFRAG_TINY] = ROW(fragments_tiny),
	        [DEFRAG_ECN] = ROW(datagrams_ecn),
	        [DEFRAG_CUT] = ROW(datagrams_cut),
	        [DEFRAG_EVICTED] = ROW(datagrams_evicted),
	        [DEFRAG_TIMEOUT] = ROW(datagrams_timeout),
	        [DEFRAG_DISTANT] = ROW(datagrams_distant),
	        [DEFRAG_UNFINISHED] = ROW(datagrams_unfinished),
	};
#undef ROW
	return rows[answer];
}

static void count(struct defrag *d, enum defrag_answer why)
{
	++*(uint64_t *)(void *)((char *)d->setup.counters + defrag_counter(why));
}

/* -- the table ---------------------------------------------------------------------- */

static uint32_t *bucket_of(const struct defrag *d, const struct key *k)
{
	return &d->bucket[hash_bytes(k, sizeof *k, d->setup.seed) & d->mask];
}

static struct key key_of(const struct tf_fragment *f)
{
	return (struct key){.src = f->src,
	                    .dst = f->dst,
	                    .context = f->context,
	                    .id = f->id,
	                    .ip6 = f->ip6,
	                    .protocol = f->ip6 ? 0 : f->protocol};
}

static struct datagram *find(const struct defrag *d, const struct key *k)
{
	struct datagram *g = datagram_at(d, *bucket_of(d, k));
	while (g != NULL && memcmp(&g->key, k, sizeof *k) != 0)
		g = datagram_at(d, g->next);
	return g;
}

static void link_in(struct defrag *d, struct datagram *g)
{
	uint32_t index = slab_index(&d->cells, g);
	uint32_t *bucket = bucket_of(d, &g->key);
	g->next = *bucket;
	*bucket = index;
	g->older = d->youngest;
	if (g->older != 0)
		datagram_at(d, g->older)->younger = index;
	else
		d->oldest = index;
	d->youngest = index;
}

static void link_out(struct defrag *d, struct datagram *g)
{
	uint32_t index = slab_index(&d->cells, g);
	uint32_t *place = bucket_of(d, &g->key);
	while (*place != index)
		place = &datagram_at(d, *place)->next;
	*place = g->next;
	*(g->older != 0 ? &datagram_at(d, g->older)->younger : &d->oldest) = g->younger;
	*(g->younger != 0 ? &datagram_at(d, g->younger)->older : &d->youngest) = g->older;
	d->waiting -= g->frames;
}

static void give_pieces(struct defrag *d, struct datagram *g)
{
	for (size_t i = 0; i < PIECES; i++) {
		if (g->piece[i] != 0)
			slab_give(&d->cells, slab_at(&d->cells, g->piece[i]));
		g->piece[i] = 0;
	}
}

/* The datagram comes to nothing. What it was discarded for once is not counted again. */
static void discard(struct defrag *d, struct datagram *g, enum defrag_answer why)
{
	bool stays =
	        why == DEFRAG_CUT || (why == DEFRAG_OVERLAP && policy_of(d, g) == DEFRAG_STRICT);
	if (g->stone == 0)
		count(d, why);
	d->lost += g->frames;
	kept_drop(d, g, why);
	give_pieces(d, g);
	if (stays) {
		d->waiting -= g->frames;
		g->frames = g->units = g->top = 0;
		g->stone = (uint8_t)why;
		return;
	}
	link_out(d, g);
	slab_give(&d->cells, g);
}

/* -> whether its time is over */
static bool is_old(const struct defrag *d, const struct datagram *g, int64_t now_ns)
{
	uint64_t age = now_ns >= g->began_ns ? (uint64_t)now_ns - (uint64_t)g->began_ns
	                                     : (uint64_t)g->began_ns - (uint64_t)now_ns;
	return age > (uint64_t)(g->key.ip6 ? d->setup.ip6_timeout_ns : d->setup.ip4_timeout_ns);
}

/* -> how many fragments of IPv4 went the way of k, roughly: others may share the place */
static uint32_t *sent_of(const struct defrag *d, const struct key *k)
{
	return &d->sent[hash_bytes(k, offsetof(struct key, id), d->setup.seed) % ENDS];
}

/* -> whether its sender has gone on to others, though its time is not over. IPv4 has but
   65,536 ids, and a busy sender uses them up in less than a second (RFC 4963): what is left
   of a datagram would spoil the next one, whose rest would spoil the one after that. */
static bool is_distant(const struct defrag *d, const struct datagram *g)
{
	return !g->key.ip6 && policy_of(d, g) == DEFRAG_AS_LINUX && (g->top > 0 || g->stone != 0) &&
	       *sent_of(d, &g->key) - g->sent > DISTANCE;
}

static void sweep(struct defrag *d, int64_t now_ns)
{
	for (int i = 0; i < SWEEP && d->oldest != 0; i++) {
		struct datagram *g = datagram_at(d, d->oldest);
		if (!is_old(d, g, now_ns))
			return;
		discard(d, g, DEFRAG_TIMEOUT);
	}
}

/* -> a cell, for which kept frames and then the oldest datagrams have to go; NULL when the
   oldest is g */
static void *take_cell(struct defrag *d, const struct datagram *g)
{
	void *cell;
	while ((cell = slab_take(&d->cells)) == NULL) {
		if (kept_give_way(d))
			continue;
		struct datagram *oldest = datagram_at(d, d->oldest);
		MUST(oldest != NULL);
		if (oldest == g)
			return NULL;
		discard(d, oldest, DEFRAG_EVICTED);
	}
	return cell;
}

/* -> false: the memory is used up, and this datagram is the oldest */
static bool make_pieces(struct defrag *d, struct datagram *g, const struct range *r)
{
	for (size_t i = range_first(r); i <= range_last(r); i++) {
		if (g->piece[i] != 0)
			continue;
		struct piece *piece = take_cell(d, g);
		if (piece == NULL)
			return false;
		piece->arrived = piece->begins = 0;
		g->piece[i] = slab_index(&d->cells, piece);
	}
	return true;
}

static struct datagram *begin(struct defrag *d, const struct key *k, int64_t now_ns)
{
	struct datagram *g = take_cell(d, NULL);
	*g = (struct datagram){.key = *k, .began_ns = now_ns, .end = NO_END};
	link_in(d, g);
	return g;
}

/* -- rules -------------------------------------------------------------------------- */

/* Notes where the datagram ends -> false when fragments contradict one another. */
static bool note_end(struct datagram *g, const struct range *r, bool more)
{
	if (r->from == r->to)
		return false;
	if (g->end != NO_END && (more ? r->to > g->end : r->to != g->end))
		return false;
	if (!more && r->to < g->top)
		return false;
	if (!more)
		g->end = r->to;
	return true;
}

/* -> DEFRAG_COMPLETE: to be placed; DEFRAG_WAITING: a copy; else the fault */
static enum defrag_answer judge(const struct defrag *d, const struct datagram *g,
                                const struct range *r, const uint8_t *bytes)
{
	enum defrag_policy policy = policy_of(d, g);
	if (policy == DEFRAG_FIRST || policy == DEFRAG_LAST)
		return DEFRAG_COMPLETE;
	enum meeting m = units_meet(d, g, r);
	if (m == APART)
		return DEFRAG_COMPLETE;
	bool copy = m == WITHIN;
	if (policy == DEFRAG_STRICT)
		copy = copy && units_edge(d, g, r->from) && units_edge(d, g, r->to) &&
		       units_equal(d, g, r, bytes);
	return copy ? DEFRAG_WAITING : DEFRAG_OVERLAP;
}

static bool is_complete(const struct datagram *g)
{
	return g->end != NO_END && g->units == (g->end + UNIT - 1) / UNIT && g->top == g->end;
}

/* -> whether n bytes are the first fragment's, and not all of TCP's header */
static bool is_tiny(const struct tf_fragment *f, uint64_t n)
{
	return f->offset == 0 && f->more && f->protocol == PROTOCOL_TCP && n < TCP_HEADER;
}

/* What the first fragment says holds for the datagram (RFC 8200, 4.5). */
static void note_first(struct defrag *d, struct datagram *g, const struct tf_fragment *f)
{
	if (f->offset != 0)
		return;
	g->protocol = f->protocol;
	g->hop_limit = f->hop_limit;
	if (is_tiny(f, f->payload.n))
		count(d, DEFRAG_TINY);
}

/* Linux finds out when the datagram is complete. */
static bool mixes_ecn(const struct datagram *g)
{
	return (g->ecn & 1) != 0 && g->ecn != 1;
}

static enum defrag_answer add(struct defrag *d, struct datagram *g, const struct tf_fragment *f,
                              const struct range *r)
{
	if (!note_end(g, r, f->more))
		return DEFRAG_BAD_END;
	if (f->cut > 0)
		return DEFRAG_CUT;
	enum defrag_answer answer = judge(d, g, r, f->payload.p);
	if (answer == DEFRAG_WAITING)
		count(d, DEFRAG_WAITING);
	if (answer == DEFRAG_COMPLETE) {
		if (!make_pieces(d, g, r))
			return DEFRAG_EVICTED;
		note_first(d, g, f);
		units_place(d, g, r, f->payload.p);
		g->ecn |= (uint8_t)(1 << (f->ecn & 3));
		if (is_complete(g))
			return mixes_ecn(g) ? DEFRAG_ECN : DEFRAG_COMPLETE;
		answer = DEFRAG_WAITING;
	}
	if (answer == DEFRAG_WAITING) {
		g->frames++;
		d->waiting++;
	}
	return answer;
}

/* The datagram leaves the table, and waits for defrag_gather(). */
static void finish(struct defrag *d, struct datagram *g, struct tf_datagram *whole)
{
	count(d, DEFRAG_COMPLETE);
	link_out(d, g);
	kept_carry(d, g);
	d->ready = slab_index(&d->cells, g);
	*whole = (struct tf_datagram){
	        .payload.n = g->end, .protocol = g->protocol, .hop_limit = g->hop_limit};
}

static void free_ready(struct defrag *d)
{
	struct datagram *g = datagram_at(d, d->ready);
	if (g == NULL)
		return;
	give_pieces(d, g);
	slab_give(&d->cells, g);
	d->ready = 0;
}

void defrag_drop(struct defrag *d)
{
	const struct datagram *g = datagram_at(d, d->ready);
	MUST(g != NULL);
	d->lost += g->frames;
	d->setup.counters->datagrams--;
	count(d, DEFRAG_EVICTED);
	free_ready(d);
}

/* -> the datagram that a fragment belongs to, begun when there is none */
static struct datagram *get(struct defrag *d, const struct tf_fragment *f)
{
	struct key k = key_of(f);
	struct datagram *g = find(d, &k);
	uint32_t sent = f->ip6 ? 0 : ++*sent_of(d, &k);
	if (g != NULL && (is_old(d, g, f->ts_ns) || is_distant(d, g))) {
		discard(d, g, is_old(d, g, f->ts_ns) ? DEFRAG_TIMEOUT : DEFRAG_DISTANT);
		g = NULL;
	}
	if (g == NULL)
		g = begin(d, &k, f->ts_ns);
	g->sent = sent;
	return g;
}

/* An IPv4 fragment that reaches too far has no place; but Linux keeps it, and whether the
   others agree with its end matters to them. */
static enum defrag_answer leave_out(struct defrag *d, struct datagram *g,
                                    const struct tf_fragment *f, uint64_t to)
{
	struct range r = {.from = f->offset, .to = to < NO_END ? (uint32_t)to : NO_END - 1};
	if (!note_end(g, &r, f->more))
		discard(d, g, DEFRAG_BAD_END);
	else if (r.to > g->top)
		g->top = r.to;
	return DEFRAG_TOO_BIG;
}

enum defrag_answer defrag_take(struct defrag *d, const struct tf_fragment *f,
                               struct tf_datagram *whole)
{
	MUST(f->offset % UNIT == 0 && f->offset <= LENGTH_MAX);
	d->latest = 0;
	free_ready(d);
	sweep(d, f->ts_ns);
	uint64_t n = (uint64_t)f->payload.n + f->cut; /* size_t may have 32 bits only */
	bool too_big = n > LENGTH_MAX - f->offset ||  /* so the sum is small */
	               f->offset + n + f->header > LENGTH_MAX;
	bool odd = f->more && n % UNIT != 0;
	bool tiny = f->ip6 && is_tiny(f, n);
	enum defrag_answer fault = too_big ? DEFRAG_TOO_BIG
	                           : tiny  ? DEFRAG_TINY
	                           : odd   ? DEFRAG_ODD
	                                   : DEFRAG_COMPLETE;
	if (fault != DEFRAG_COMPLETE)
		count(d, fault);
	if (f->ip6 && fault != DEFRAG_COMPLETE)
		return fault;

	struct datagram *g = get(d, f);
	if (g->stone != 0)
		return (enum defrag_answer)g->stone;
	if (too_big)
		return leave_out(d, g, f, f->offset + n);
	if (odd)
		n -= n % UNIT;
	struct range r = {.from = f->offset, .to = f->offset + (uint32_t)n};
	enum defrag_answer answer = add(d, g, f, &r);
	if (answer == DEFRAG_WAITING)
		d->latest = slab_index(&d->cells, g);
	else if (answer == DEFRAG_COMPLETE)
		finish(d, g, whole);
	else
		discard(d, g, answer);
	return answer;
}

/* -- beginning and end --------------------------------------------------------------- */

size_t defrag_memory_least(void)
{
	return (sizeof(union cell) + sizeof(uint32_t)) * (PIECES + 1) + ENDS * sizeof(uint32_t) +
	       128;
}

bool defrag_init(struct defrag *d, struct arena *a, size_t memory, const struct defrag_setup *s)
{
	*d = (struct defrag){.setup = *s};
	size_t scratch = s->left_out != NULL ? kept_scratch() : 0;
	if (memory < defrag_memory_least() + scratch)
		return false;
	memory -= scratch;
	d->scratch = scratch > 0 ? arena_take(a, scratch) : NULL;
	if (scratch > 0 && d->scratch == NULL)
		return false;
	memory -= ENDS * sizeof *d->sent;
	d->sent = arena_take(a, ENDS * sizeof *d->sent);
	size_t cells = (memory - 128) / (sizeof(union cell) + sizeof(uint32_t));
	if (cells > UINT32_MAX / 2)
		cells = UINT32_MAX / 2;
	size_t buckets = 1;
	while (buckets * 2 <= cells)
		buckets *= 2;
	d->mask = (uint32_t)(buckets - 1);
	d->bucket = arena_take(a, buckets * sizeof *d->bucket);
	return d->sent != NULL && d->bucket != NULL &&
	       slab_init(&d->cells, a, sizeof(union cell), cells);
}

void defrag_finish(struct defrag *d)
{
	free_ready(d);
	while (d->oldest != 0) {
		struct datagram *g = datagram_at(d, d->oldest);
		discard(d, g, DEFRAG_UNFINISHED);
	}
}

/* -- for tests ------------------------------------------------------------------------ */

bool defrag_check(const struct defrag *d)
{
	size_t cells = 0, datagrams = 0, chained = 0, keepers = 0;
	uint64_t frames = 0;
	for (const struct datagram *g = datagram_at(d, d->oldest); g != NULL;
	     g = datagram_at(d, g->younger)) {
		size_t own = units_check(d, g), kept = kept_cells(d, &g->kept);
		const struct datagram *younger = datagram_at(d, g->younger);
		if (own == 0 || kept == SIZE_MAX || find(d, &g->key) != g ||
		    (younger == NULL ? d->youngest : younger->older) != slab_index(&d->cells, g))
			return false;
		cells += own + kept;
		keepers += kept > 0;
		frames += g->frames;
		datagrams++;
	}
	for (size_t i = 0; i <= d->mask; i++)
		for (const struct datagram *g = datagram_at(d, d->bucket[i]); g != NULL;
		     g = datagram_at(d, g->next))
			chained++;
	size_t carried = kept_cells(d, &d->carried);
	if (carried == SIZE_MAX || keepers != kept_keepers(d))
		return false;
	cells += carried;
	if (d->ready != 0)
		cells += units_check(d, datagram_at(d, d->ready));
	return cells == d->cells.used && frames == d->waiting && chained == datagrams;
}
