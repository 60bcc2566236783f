/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For tests of reasm/: a reassembler with memory of a chosen size, a few halves, and a
 * listener that keeps what it is told of each byte. It holds the contract against every
 * event while it listens:
 *
 *	- a byte is told once, as DATA or as a final GAP;
 *	- DATA and GAP in the order of a TF_STREAM sink follow on one another;
 *	- a conflict's recorded side is what was told, and both sides differ at its ends.
 *
 * Offsets are those of the stream; sequence numbers start at BASE, so that they wrap.
 */
#ifndef TESTS_REASM_WORLD_H
#define TESTS_REASM_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reasm/inside.h"

enum { HALVES = 4, LOW = 1 << 15, SPAN = 1 << 18, MEMORIES = 1 << 16 };

#define BASE UINT32_C(0xffffff00) /* the sequence number of offset 0 */

/* What was told of one byte. */
enum told { NOTHING, DATA, GAP };

struct told_half {
	uint8_t byte[SPAN]; /* of offset i - LOW */
	uint8_t told[SPAN]; /* enum told */
	int64_t at;         /* where a TF_STREAM sink stands */
	bool started;
	int64_t data, late, gaps, snaplen_gaps, kernel_gaps, passed, conflicts, conflict_bytes;
	int64_t gap_start, gap_end, gap_ns; /* of the latest final gap */
	enum tf_gap_cause gap_cause;
	int64_t limits, limit_start, limit_end;
	int64_t conflict_at;     /* of the latest */
	unsigned ends;           /* streams that ended at a hole */
	struct tf_account ended; /* of the latest of these */
};

struct world {
	struct arena arena;
	struct chunk_pool chunks;
	struct reasm r;
	struct tf_counters counters;
	struct half half[HALVES];
	struct told_half *told; /* [HALVES] */
	bool forgetful;         /* recall() knows nothing */
	bool takes_loans;       /* and gives the chunk back later */
	struct chunk *loaned;
	uint64_t frame;
	bool finished[HALVES];
};

static inline void told_reset(struct told_half *t)
{
	memset(t->told, NOTHING, SPAN);
	t->at = 0;
	t->started = false;
}

static inline size_t world_index(int64_t offset)
{
	assert_true(offset >= -LOW && offset < SPAN - LOW);
	return (size_t)(offset + LOW);
}

static inline void hear_data(struct world *w, struct told_half *t, const struct tf_event *ev)
{
	assert_true(ev->length > 0);
	assert_int_equal(ev->data.n, ev->length);
	for (int64_t i = 0; i < ev->length; i++) {
		size_t at = world_index(ev->offset + i);
		assert_int_equal(t->told[at], NOTHING);
		t->told[at] = DATA;
		t->byte[at] = ev->data.p[i];
	}
	t->data += ev->length;
	if (ev->late) {
		t->late += ev->length;
	} else {
		assert_true(!t->started || ev->offset == t->at);
		t->started = true;
		t->at = ev->offset + ev->length;
	}
	if (ev->loan != NULL && w->takes_loans) {
		assert_ptr_equal(chunk_span(*ev->loan).p, ev->data.p);
		assert_int_equal(chunk_span(*ev->loan).n, ev->data.n);
		assert_int_equal((*ev->loan)->position, ev->position);
		(*ev->loan)->next = w->loaned;
		w->loaned = *ev->loan;
		*ev->loan = NULL;
	}
}

/* Nothing that was told lies behind the limit; a TF_STREAM sink stands right before it. */
static inline void hear_limit(struct told_half *t, const struct tf_event *ev)
{
	assert_true(ev->length > 0);
	assert_true(ev->late || !t->started || ev->offset == t->at);
	for (int64_t i = 0; i < ev->length && ev->late; i++)
		assert_int_equal(t->told[world_index(ev->offset + i)], NOTHING);
	t->limits += ev->late;
	t->at = ev->late ? ev->offset + ev->length : t->at;
	t->limit_start = ev->offset;
	t->limit_end = ev->offset + ev->length;
}

static inline void hear_gap(struct told_half *t, const struct tf_event *ev)
{
	assert_true(ev->length > 0);
	if (ev->cause == TF_GAP_LIMIT) {
		hear_limit(t, ev);
		return;
	}
	if (!ev->late) {
		assert_true(!t->started || ev->offset == t->at);
		t->started = true;
		t->at = ev->offset + ev->length;
		t->passed++;
		return;
	}
	for (int64_t i = 0; i < ev->length; i++) {
		size_t at = world_index(ev->offset + i);
		assert_int_equal(t->told[at], NOTHING);
		t->told[at] = GAP;
	}
	t->gaps++;
	t->snaplen_gaps += ev->cause == TF_GAP_SNAPLEN;
	t->kernel_gaps += ev->cause == TF_GAP_KERNEL;
	t->gap_start = ev->offset;
	t->gap_end = ev->offset + ev->length;
	t->gap_ns = ev->ts_ns;
	t->gap_cause = ev->cause;
}

static inline void hear_conflict(struct told_half *t, const struct tf_event *ev)
{
	size_t n = (size_t)ev->length;
	assert_true(n > 0);
	assert_int_equal(ev->data.n, n);
	assert_int_equal(ev->other.n, n);
	assert_int_not_equal(ev->data.p[0], ev->other.p[0]);
	assert_int_not_equal(ev->data.p[n - 1], ev->other.p[n - 1]);
	for (size_t i = 0; i < n; i++) {
		size_t at = world_index(ev->offset + (int64_t)i);
		assert_int_not_equal(t->told[at], GAP);
		if (t->told[at] == DATA)
			assert_int_equal(t->byte[at], ev->data.p[i]);
	}
	t->conflicts++;
	t->conflict_bytes += ev->length;
	t->conflict_at = ev->offset;
}

static inline void hear(void *arg, struct half *h, struct tf_event *ev)
{
	struct world *w = arg;
	struct told_half *t = &w->told[h - w->half];
	assert_int_equal(ev->stream, h->stream);
	if (ev->kind == TF_DATA) {
		hear_data(w, t, ev);
	} else if (ev->kind == TF_GAP) {
		hear_gap(t, ev);
	} else if (ev->kind == TF_CONFLICT) {
		hear_conflict(t, ev);
	} else if (ev->kind == TF_REJECT) {
		assert_true(ev->length > 0);
		assert_int_equal(ev->other.n, ev->length);
	} else {
		assert_int_equal(ev->kind, TF_END);
		assert_int_equal(ev->end, TF_END_HOLE);
		t->ends++;
		t->ended = *ev->account;
		told_reset(t);
	}
}

static inline size_t recall_told(void *arg, struct half *h, int64_t offset, uint8_t *to, size_t n)
{
	struct world *w = arg;
	const struct told_half *t = &w->told[h - w->half];
	size_t done = 0;
	while (!w->forgetful && done < n && t->told[world_index(offset + (int64_t)done)] == DATA) {
		to[done] = t->byte[world_index(offset + (int64_t)done)];
		done++;
	}
	return done;
}

/* memory: for queue nodes and gaps; chunks: half of them can hold early bytes. */
static inline void world_start(struct world *w, size_t memory, size_t chunks)
{
	struct tf_error err;
	static struct told_half told[HALVES]; /* outlives world_end() */
	memset(w, 0, sizeof *w);
	memset(told, 0, sizeof told);
	w->told = told;
	assert_true(arena_init(&w->arena, memory + MEMORIES + (chunks + 2) * CHUNK_SIZE, &err));
	assert_true(chunk_pool_init(&w->chunks, &w->arena, chunks));
	assert_true(reasm_init(&w->r, &w->arena, memory, &w->chunks));
	w->r.limits = (struct reasm_limits){.flow_bytes = INT64_MAX, .hole_max = 16 << 20};
	w->r.counters = &w->counters;
	w->r.arg = w;
	w->r.tell = hear;
	w->r.recall = recall_told;
	for (uint8_t i = 0; i < HALVES; i++)
		half_init(&w->half[i], i);
}

/* What reasm_remember() is for; without, it does as when that memory is used up. */
static inline void world_remember(struct world *w)
{
	assert_true(reasm_remember(&w->r, &w->arena, MEMORIES / 2));
}

static inline void world_check(const struct world *w)
{
	for (int i = 0; i < HALVES; i++)
		assert_true(reasm_check(&w->r, &w->half[i]));
}

/* The half has seen a SYN: offset 0 is its first byte. */
static inline void world_syn(struct world *w, int half)
{
	assert_int_equal(reasm_isn(&w->r, &w->half[half], BASE - 1, true, 0), ISN_NEW);
}

static inline void world_packet(struct world *w, int half, int64_t offset, const void *bytes,
                                size_t n, uint32_t cut, uint8_t flags)
{
	struct tf_packet pkt = {
	        .seq = BASE + (uint32_t)offset,
	        .flags = (uint8_t)(flags | TCP_ACK),
	        .payload = {bytes, n},
	        .cut = cut,
	        .frame = ++w->frame,
	        .position = w->frame * 100000,
	};
	reasm_segment(&w->r, &w->half[half], &pkt);
	world_check(w);
}

static inline void say_at(struct world *w, int half, int64_t offset, const char *text)
{
	world_packet(w, half, offset, text, strlen(text), 0, 0);
}

/* The same in half 0. */
static inline void say(struct world *w, int64_t offset, const char *text)
{
	say_at(w, 0, offset, text);
}

static inline void fin(struct world *w, int64_t offset)
{
	world_packet(w, 0, offset, "", 0, 0, TCP_FIN);
}

static inline void ack(struct world *w, int64_t offset)
{
	reasm_ack(&w->r, &w->half[0], BASE + (uint32_t)offset, 0);
	world_check(w);
}

/* Ends one half: all it held is given back, and both sums of its account hold (else
   reasm_settle() aborts). */
static inline void world_finish_half(struct world *w, int half)
{
	struct half *h = &w->half[half];
	if (w->finished[half])
		return;
	w->finished[half] = true;
	reasm_finish(&w->r, h, 0);
	assert_null(h->queue.root);
	assert_null(h->far);
	assert_null(h->gap_low);
	assert_int_equal(h->gap_count, 0);
	reasm_settle(&w->r, &h->account);
	assert_true(reasm_check(&w->r, h));
}

/* Ends all; nothing may be left behind in the slabs. */
static inline void world_end(struct world *w)
{
	for (int i = 0; i < HALVES; i++)
		world_finish_half(w, i);
	chunk_give_chain(&w->chunks, w->loaned);
	assert_int_equal(w->r.held.used, 0);
	assert_int_equal(w->r.gaps.used, 0);
	assert_int_equal(w->r.trails.used, 0);
	assert_int_equal(w->r.claims.used, 0);
	assert_int_equal(w->r.urgents.used, 0);
	assert_int_equal(w->r.chunks_held, 0);
	assert_int_equal(w->chunks.slab.used, 0);
	assert_null(w->r.holder_oldest);
	assert_null(w->r.holder_newest);
	arena_free(&w->arena);
}

/* What was told from offset on is text; '.' stands for bytes not told (yet), '_' for
   those told as missing. */
static inline void told_at(const struct world *w, int half, int64_t offset, const char *text)
{
	const struct told_half *t = &w->told[half];
	char got[512];
	size_t n = strlen(text);
	assert_true(n < sizeof got);
	for (size_t i = 0; i < n; i++) {
		size_t at = world_index(offset + (int64_t)i);
		got[i] = t->told[at] == DATA ? (char)t->byte[at] : t->told[at] == GAP ? '_' : '.';
	}
	got[n] = '\0';
	assert_string_equal(got, text);
}

static inline void told(const struct world *w, int64_t offset, const char *text)
{
	told_at(w, 0, offset, text);
}

#endif
