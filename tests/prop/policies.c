/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random schedules of overlapping segments and ACKs, settled by each policy that is a
 * table, and by a map of bytes that knows which segment each byte belongs to. After each
 * step the two agree on what was told.
 *
 *	policies [SEED [SCHEDULES]]
 */
#include "base/error.h"
#include "prop/random.h"
#include "reasm/policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH = 64, SEGMENT = 20, STEPS = 24 };

#define ISN 0xffffffe0U /* the numbers wrap */

struct trial {
	struct arena arena;
	struct chunk_pool chunks;
	struct reasm reasm;
	struct half half;
	struct tf_counters counters;
	uint8_t told[LENGTH], shown[LENGTH]; /* bytes; 0: none */
	uint8_t owner[LENGTH];               /* the map: the segment of each byte, 0: none */
	int64_t next, acked, seen;
};

static void hear(void *arg, struct half *h, struct tf_event *ev)
{
	struct trial *t = arg;
	(void)h;
	if (ev->kind == TF_CONFLICT) {
		const struct tf_conflict *k = ev->conflict;
		MUST(!k->kept.known || ev->data.p[0] == k->kept.frame); /* each says its number */
		MUST(!k->other.known || ev->other.p[0] == k->other.frame);
		MUST((ev->data.p[0] > ev->other.p[0]) == (k->which == TF_KEPT_SECOND) ||
		     k->which == TF_KEPT_UNKNOWN);
		MUST(k->certain != TF_CERTAIN_ACKED || ev->offset + ev->length <= t->acked);
	}
	bool rewrites = ev->kind == TF_CONFLICT && ev->conflict->rewrites;
	if (ev->kind != TF_DATA && !rewrites)
		return;
	for (int64_t i = 0; i < ev->length; i++) {
		uint8_t *at = &t->told[ev->offset + i];
		MUST(rewrites ? *at == ev->other.p[i] && ev->offset + i >= t->acked : *at == 0);
		*at = ev->data.p[i];
	}
}

static size_t recall(void *arg, struct half *h, int64_t off, uint8_t *to, size_t n)
{
	const struct trial *t = arg;
	(void)h;
	memcpy(to, t->told + off, n);
	return n;
}

/* -- the map ------------------------------------------------------------------- */

/* The stretch of one segment's bytes around off. */
static void stretch(const struct trial *t, int64_t off, int64_t *start, int64_t *end)
{
	uint8_t id = t->owner[off];
	for (*start = off; *start > t->next && t->owner[*start - 1] == id;)
		--*start;
	for (*end = off; *end < LENGTH && t->owner[*end] == id;)
		++*end;
}

static void map_segment(struct trial *t, const struct policy *p, uint8_t id, int64_t start,
                        int64_t end)
{
	bool wins[LENGTH] = {false};
	for (int64_t off = start; off < end && off < t->next; off++)
		if (p->rewrites && off >= t->acked)
			t->shown[off] = id;
	if (start < t->next)
		start = t->next;
	for (int64_t off = start; off < end; off++) {
		int64_t a, b;
		stretch(t, off, &a, &b);
		wins[off] = t->owner[off] == 0 || policy_newer(p, start, end, a, b);
	}
	for (int64_t off = start; off < end; off++)
		t->owner[off] = wins[off] ? id : t->owner[off];
	for (; t->next < LENGTH && t->owner[t->next] != 0; t->next++)
		t->shown[t->next] = t->owner[t->next];
}

/* -- a schedule ------------------------------------------------------------------ */

static void begin(struct trial *t, enum tf_overlap policy)
{
	memset(t, 0, sizeof *t);
	MUST(arena_init(&t->arena, 1 << 20, NULL) && chunk_pool_init(&t->chunks, &t->arena, 200));
	MUST(reasm_init(&t->reasm, &t->arena, 64 << 10, &t->chunks));
	MUST(reasm_remember(&t->reasm, &t->arena, 4096));
	t->reasm.limits = (struct reasm_limits){.flow_bytes = INT64_MAX, .hole_max = 1 << 20};
	t->reasm.counters = &t->counters;
	t->reasm.arg = t;
	t->reasm.tell = hear;
	t->reasm.recall = recall;
	half_init(&t->half, 0);
	t->half.policy = (uint8_t)policy;
	MUST(reasm_isn(&t->reasm, &t->half, ISN, true, 0) == ISN_NEW);
}

static void segment(struct trial *t, struct random *r, uint8_t id)
{
	uint8_t bytes[SEGMENT];
	int64_t n = 1 + (int64_t)random_below(r, SEGMENT);
	int64_t start = (int64_t)random_below(r, (uint64_t)(LENGTH - n));
	memset(bytes, id, sizeof bytes);
	struct tf_packet pkt = {.seq = ISN + 1 + (uint32_t)start,
	                        .flags = TCP_ACK,
	                        .payload = {bytes, (size_t)n},
	                        .frame = id};
	if (n == 1 && start == t->next - 1)
		return; /* a keep-alive */
	t->seen += n;
	map_segment(t, policy_of(&t->half), id, start, start + n);
	reasm_segment(&t->reasm, &t->half, &pkt);
}

static void schedule(struct random *r, enum tf_overlap policy)
{
	static struct trial t;
	begin(&t, policy);
	unsigned steps = 2 + (unsigned)random_below(r, STEPS);
	for (uint8_t id = 1; id <= steps; id++) {
		segment(&t, r, id);
		if (random_below(r, 6) == 0 && t.next > 0) {
			t.acked = (int64_t)random_below(r, (uint64_t)t.next + 1);
			t.acked = t.acked > t.half.acked ? t.acked : t.half.acked;
			reasm_ack(&t.reasm, &t.half, ISN + 1 + (uint32_t)t.acked, 0);
		}
		MUST(reasm_check(&t.reasm, &t.half) && t.half.next == t.next);
		MUST(memcmp(t.told, t.shown, sizeof t.told) == 0);
	}
	for (int64_t off = t.next; off < LENGTH; off++)
		t.shown[off] = t.owner[off]; /* behind holes */
	reasm_finish(&t.reasm, &t.half, 0);
	MUST(memcmp(t.told, t.shown, sizeof t.told) == 0 && t.half.account.seen == t.seen);
	reasm_settle(&t.reasm, &t.half.account);
	MUST(t.chunks.slab.used == 0 && t.reasm.held.used == 0 && t.reasm.trails.used == 0);
	MUST(t.reasm.chunks_held == 0 && t.half.account.evicted == 0);
	arena_free(&t.arena);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint64_t schedules = argc > 2 ? strtoull(argv[2], NULL, 0) : 20000;
	printf("policies %" PRIu64 " %" PRIu64 "\n", seed, schedules);
	(void)fflush(stdout); /* before a MUST() ends it */
	size_t policies;
	(void)tf_overlap_rows(&policies);
	for (uint64_t i = 0; i < schedules; i++) {
		struct random r = {seed + i};
		schedule(&r, (enum tf_overlap)(1 + i % (policies - 1))); /* linux: receiver.py */
	}
	printf("%" PRIu64 " passed, 0 failed\n", schedules);
}
