/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The accounts of the reassembler over random schedules, with memory for a handful of
 * segments: three directions share it, so that one evicts the others. Segments are lost, cut,
 * doubled, differ, lie beyond windows or far away, are rejected, urgent, or beyond a limit.
 *
 * For each schedule: both sums of every account hold (reasm_settle() asks); events and
 * account agree; each byte is told once, and is one that was captured where the event says;
 * DATA and GAP tile the span; what the peer has acknowledged is never replaced; nothing is left
 * behind in memory; and the invariants of reasm.h hold after every step.
 *
 *	TCPFLOW_SEED      the first schedule's seed; as printed, to see a failure again
 *	TCPFLOW_ACCOUNTS  how many (default 100000)
 */
#include "prop/random.h"

#include "base/error.h"
#include "reasm/inside.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HALVES = 3, STEPS = 60, LONGEST = 40, REACH = 600, LOW = 2000, ROOM = 2 * LOW, WORLDS = 4 };

enum { NOTHING, DATA, GAP };

/* What one direction's listener has heard of its stream. */
struct heard {
	uint8_t told[ROOM], byte[ROOM]; /* of offset i - LOW */
	int64_t first, end;             /* of what was told and is not late: in order */
	bool begun;
	int64_t data, gaps, late, lowest, highest;
	int64_t rejected, conflicting;
};

/* Memory of one size, used again and again. */
struct world {
	struct arena arena;
	struct chunk_pool chunks;
	struct reasm r;
};

struct trial {
	struct world *w;
	struct random dice;
	struct half half[HALVES];
	struct heard heard[HALVES];
	uint32_t base[HALVES];
	uint8_t bytes[STEPS * 2][LONGEST]; /* of packet i + 1 */
	uint64_t packets;
	bool lends, limited;
};

static struct world worlds[WORLDS];
static struct tf_counters counters;
static struct trial t;
static uint64_t seed;

static uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	return text != NULL && *text != '\0' ? strtoull(text, NULL, 0) : otherwise;
}

static void blame(int signal)
{
	(void)signal;
	fprintf(stderr, "again: TCPFLOW_SEED=%" PRIu64 " TCPFLOW_ACCOUNTS=1\n", seed);
}

/* -- listening ----------------------------------------------------------------- */

static size_t place(int64_t offset)
{
	MUST(offset >= -LOW && offset < ROOM - LOW);
	return (size_t)(offset + LOW);
}

/* Told once, and in order unless it is late. */
static void tell(struct heard *d, const struct tf_event *ev, uint8_t what)
{
	MUST(ev->length > 0);
	for (int64_t i = 0; i < ev->length; i++) {
		size_t at = place(ev->offset + i);
		MUST(d->told[at] == NOTHING);
		d->told[at] = what;
		d->byte[at] = what == DATA ? ev->data.p[i] : 0;
	}
	d->lowest = d->data + d->gaps == 0 || ev->offset < d->lowest ? ev->offset : d->lowest;
	d->highest = d->data + d->gaps == 0 ? ev->offset : d->highest;
	d->highest = max64(d->highest, ev->offset + ev->length);
	*(what == DATA ? &d->data : &d->gaps) += ev->length;
}

static void go_on(struct heard *d, const struct tf_event *ev)
{
	MUST(!d->begun || ev->offset == d->end);
	d->begun = true;
	d->end = ev->offset + ev->length;
}

/* The event names the packet that brought these bytes. */
static void check_source(const struct tf_event *ev, struct tf_span b)
{
	MUST(ev->frame >= 1 && ev->frame <= t.packets && b.n == (size_t)ev->length);
	uint64_t at = ev->position - ev->frame * LONGEST;
	MUST(at + b.n <= LONGEST && memcmp(t.bytes[ev->frame - 1] + at, b.p, b.n) == 0);
}

static void hear_conflict(const struct half *h, struct heard *d, const struct tf_event *ev)
{
	const struct tf_conflict *k = ev->conflict;
	MUST(!k->rewrites || (h->policy == TF_OVERLAP_LAST && !t.lends));
	d->conflicting += ev->length;
	check_source(ev, k->rewrites ? ev->data : ev->other);
	for (int64_t i = 0; i < ev->length; i++) {
		size_t at = place(ev->offset + i);
		uint8_t was = k->rewrites ? ev->other.p[i] : ev->data.p[i];
		MUST(d->told[at] != DATA || d->byte[at] == was);
		if (k->rewrites) {
			MUST(h->urgent != NULL || ev->offset + i >= h->acked);
			d->byte[at] = ev->data.p[i];
		}
	}
}

static void hear_data(struct heard *d, const struct tf_event *ev)
{
	tell(d, ev, DATA);
	check_source(ev, ev->data);
	if (!ev->late)
		go_on(d, ev);
	if (ev->loan != NULL && *ev->loan != NULL && t.lends) {
		chunk_give(&t.w->chunks, *ev->loan);
		*ev->loan = NULL;
	}
}

static void hear_gap(const struct half *h, struct heard *d, const struct tf_event *ev)
{
	bool limit = ev->cause == TF_GAP_LIMIT;
	MUST(!limit || (t.limited && ev->offset >= d->highest));
	MUST(!limit || h->account.beyond_limit + h->account.missing >= ev->length);
	if (!ev->late)
		go_on(d, ev);
	else if (!limit)
		tell(d, ev, GAP);
}

static void hear(void *arg, struct half *h, struct tf_event *ev)
{
	struct heard *d = &t.heard[h->dir];
	(void)arg;
	if (ev->kind == TF_DATA) {
		hear_data(d, ev);
	} else if (ev->kind == TF_GAP) {
		hear_gap(h, d, ev);
	} else if (ev->kind == TF_CONFLICT) {
		hear_conflict(h, d, ev);
	} else if (ev->kind == TF_REJECT) {
		d->rejected += ev->length;
		check_source(ev, ev->other);
	} else if (ev->kind == TF_END) {
		MUST(ev->end == TF_END_HOLE);
		*d = (struct heard){0};
	} else {
		MUST(ev->kind == TF_PROOF);
	}
}

static size_t recall(void *arg, struct half *h, int64_t offset, uint8_t *to, size_t n)
{
	const struct heard *d = &t.heard[h->dir];
	size_t i = 0;
	(void)arg;
	for (; i < n && d->told[place(offset + (int64_t)i)] == DATA; i++)
		to[i] = d->byte[place(offset + (int64_t)i)];
	return i;
}

/* -- what happens ---------------------------------------------------------------- */

static int64_t somewhere(void)
{
	static const int64_t reach[] = {30, 120, 300, REACH};
	return random_between(&t.dice, 0, reach[random_below(&t.dice, 4)]);
}

static void send_segment(struct half *h)
{
	int64_t off = somewhere(), n = random_between(&t.dice, 0, LONGEST);
	uint8_t version = random_chance(&t.dice, 80) ? 0 : 32, *bytes = t.bytes[t.packets++];
	for (int64_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(64 + ((off + i) % 26) + version);
	int64_t cut = random_chance(&t.dice, 10) ? random_between(&t.dice, 0, n) : 0;
	struct tf_packet pkt = {
	        .seq = t.base[h->dir] + (uint32_t)off,
	        .flags = (uint8_t)(TCP_ACK | (random_chance(&t.dice, 5) ? TCP_FIN : 0) |
	                           (random_chance(&t.dice, 15) ? TCP_URG : 0)),
	        .urgent = (uint16_t)random_below(&t.dice, LONGEST),
	        .payload = {bytes, (size_t)(n - cut)},
	        .cut = (uint32_t)cut,
	        .frame = t.packets,
	        .position = t.packets * LONGEST,
	};
	if (random_chance(&t.dice, 4))
		reasm_reject(&t.w->r, h, &pkt, TF_REJECT_TIMESTAMP);
	else
		reasm_segment(&t.w->r, h, &pkt);
}

static void acknowledge(struct half *h)
{
	uint32_t ack = t.base[h->dir] + (uint32_t)somewhere();
	reasm_ack(&t.w->r, h, ack, 0);
	if (h->based && random_chance(&t.dice, 20))
		reasm_window(&t.w->r, h, ack, random_between(&t.dice, 0, REACH));
	struct tf_packet pkt = {.frame = t.packets};
	if (random_chance(&t.dice, 10))
		reasm_duplicate(&t.w->r, h, ack - 50, ack, &pkt);
}

static void step(void)
{
	struct half *h = &t.half[random_below(&t.dice, HALVES)];
	t.w->r.drops_rising = random_chance(&t.dice, 10);
	if (random_chance(&t.dice, 10))
		acknowledge(h);
	else if (random_chance(&t.dice, 1))
		(void)reasm_isn(&t.w->r, h, t.base[h->dir] - 1, random_chance(&t.dice, 50), 0);
	else
		send_segment(h);
	for (int i = 0; i < HALVES; i++)
		MUST(reasm_check(&t.w->r, &t.half[i]));
}

/* -- the end ------------------------------------------------------------------------ */

static void finish(struct half *h)
{
	const struct heard *d = &t.heard[h->dir];
	reasm_finish(&t.w->r, h, 0);
	const struct tf_account *a = &h->account;
	MUST(d->data == a->written && d->conflicting == a->conflicting);
	MUST(d->rejected <= a->rejected + a->outside + a->after_close + a->urgent);
	MUST(a->cut <= a->missing && a->unchecked <= a->duplicate && a->tail_missing >= 0);
	if (!t.limited) {
		MUST(a->beyond_limit == 0 && d->gaps == a->missing);
		MUST(d->highest - d->lowest == d->data + d->gaps);
		MUST(a->span - a->evicted == d->data + d->gaps);
	}
	MUST(a->written <= t.w->r.limits.flow_bytes);
	reasm_settle(&t.w->r, a);
}

static void nothing_is_left(const struct reasm *r)
{
	MUST(r->held.used == 0 && r->gaps.used == 0 && r->trails.used == 0);
	MUST(r->disputes.used == 0 && r->claims.used == 0 && r->urgents.used == 0);
	MUST(r->chunks_held == 0 && r->chunks->slab.used == 0 && r->holder_oldest == NULL);
}

static void try_one(void)
{
	t.dice = (struct random){seed};
	t.w = &worlds[random_below(&t.dice, WORLDS)];
	t.packets = 0;
	t.limited = random_chance(&t.dice, 25);
	struct reasm *r = &t.w->r;
	r->limits.flow_bytes = t.limited ? random_between(&t.dice, 1, 300) : INT64_MAX;
	r->limits.hole_max = random_chance(&t.dice, 20) ? random_between(&t.dice, 0, 200) : 1 << 20;
	r->out_of_band = random_chance(&t.dice, 25);
	enum tf_overlap policy = (enum tf_overlap)random_below(&t.dice, TF_OVERLAP_WINDOWS + 1);
	t.lends = policy != TF_OVERLAP_LAST && random_chance(&t.dice, 50);
	memset(t.heard, 0, sizeof t.heard);
	for (uint8_t i = 0; i < HALVES; i++) {
		half_init(&t.half[i], i);
		t.half[i].policy = (uint8_t)policy;
		t.base[i] = (uint32_t)random_next(&t.dice);
		if (random_chance(&t.dice, 30))
			t.base[i] = UINT32_MAX - (uint32_t)random_below(&t.dice, 100);
		if (random_chance(&t.dice, 60))
			(void)reasm_isn(r, &t.half[i], t.base[i] - 1, true, 0);
	}
	for (uint64_t n = random_below(&t.dice, STEPS); n > 0; n--)
		step();
	for (int i = 0; i < HALVES; i++)
		finish(&t.half[i]);
	nothing_is_left(r);
}

static void make_worlds(void)
{
	static const size_t chunks[WORLDS] = {0, 4, 10, 64}, nodes[WORLDS] = {3, 3, 8, 100};
	for (int i = 0; i < WORLDS; i++) {
		struct world *w = &worlds[i];
		size_t queue = nodes[i] * sizeof(struct held) * 4 / 3 + 64;
		size_t memories = (size_t)8192 << i;
		MUST(arena_init(&w->arena, (chunks[i] + 2) * CHUNK_SIZE + queue + memories + 4096,
		                NULL));
		MUST(chunk_pool_init(&w->chunks, &w->arena, chunks[i]));
		MUST(reasm_init(&w->r, &w->arena, queue, &w->chunks));
		MUST(reasm_remember(&w->r, &w->arena, memories));
		w->r.counters = &counters;
		w->r.tell = hear;
		w->r.recall = recall;
	}
}

/* A property that nothing has put to the test is none. */
static void check_met(uint64_t count)
{
	const struct tf_counters *c = &counters;
	printf("%" PRIu64 " schedules: %" PRIu64 " bytes, of them %" PRIu64 " recorded, %" PRIu64
	       " evicted, %" PRIu64 " beyond limits, %" PRIu64 " urgent; %" PRIu64
	       " conflicts (%" PRIu64 " bytes rewritten), %" PRIu64 " gaps, %" PRIu64
	       " spilled, %" PRIu64 " begun anew\n",
	       count, c->bytes_seen, c->bytes_written, c->bytes_evicted, c->bytes_beyond_limit,
	       c->bytes_urgent, c->conflicts, c->bytes_rewritten, c->gaps, c->held_spilled,
	       c->streams_restarted);
	if (count < 10000)
		return;
	MUST(c->bytes_evicted > 0 && c->bytes_beyond_limit > 0 && c->bytes_urgent > 0);
	MUST(c->conflicts > 0 && c->bytes_rewritten > 0 && c->gaps > 0 && c->held_spilled > 0);
	MUST(c->streams_restarted > 0 && c->bytes_outside > 0 && c->bytes_after_close > 0);
	MUST(c->keepalives > 0 && c->fin_void > 0 && c->conflicts_dsack > 0 &&
	     c->urgent_inline > 0);
	MUST(c->bytes_unchecked > 0 && c->bytes_cut > 0 && c->bytes_tail_missing > 0);
}

int main(void)
{
	uint64_t count = number_from("TCPFLOW_ACCOUNTS", 100000);
	(void)signal(SIGABRT, blame);
	make_worlds();
	seed = number_from("TCPFLOW_SEED", 1);
	for (uint64_t i = 0; i < count; i++, seed += 7919)
		try_one();
	check_met(count);
	return 0;
}
