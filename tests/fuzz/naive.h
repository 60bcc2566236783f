/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A reassembler beside a map that holds, for each place in a short stream, which bytes
 * were sent and what was told. Checked after every step: a byte told is one that was
 * sent for its place, and told once; a GAP covers no byte that was told; the invariants
 * of reasm.h hold. At the end DATA and GAP cover the span, and the account agrees with
 * the map.
 */
#ifndef FUZZ_NAIVE_H
#define FUZZ_NAIVE_H

#include "base/error.h"
#include "reasm/reasm.h"

#include <stdlib.h>
#include <string.h>

enum { NAIVE_LENGTH = 2048, NAIVE_ROOM = 3 * NAIVE_LENGTH };

struct naive {
	struct arena arena;
	struct chunk_pool chunks;
	struct reasm reasm;
	struct half half;
	struct tf_counters counters;
	uint32_t first; /* sequence number of place 0 */
	int64_t shift;  /* place of stream offset 0 */
	bool placed;    /* shift is known */
	bool syn;
	uint8_t sent[NAIVE_ROOM][2]; /* by place: was this version sent? lower, upper case */
	uint8_t told[NAIVE_ROOM];    /* 0: nothing, 1: GAP, else the byte */
	int64_t written, seen;
};

static inline uint8_t naive_byte(int64_t place, uint8_t version)
{
	return (uint8_t)(version + place % 26);
}

static inline void naive_hear(void *arg, struct half *h, struct tf_event *ev)
{
	struct naive *m = arg;
	MUST(ev->stream == 0 && ev->kind != TF_END); /* no place is far from another */
	int64_t at = ev->offset + m->shift;
	MUST(at >= 0 && at + ev->length <= NAIVE_ROOM && ev->length > 0);
	for (int64_t i = 0; i < ev->length; i++, at++) {
		if (ev->kind == TF_CONFLICT && ev->conflict->rewrites) {
			MUST(m->told[at] == ev->other.p[i] && ev->offset + i >= h->acked);
			m->told[at] = ev->data.p[i];
		} else if (ev->kind == TF_DATA) {
			uint8_t b = ev->data.p[i];
			MUST(m->told[at] == 0 && m->sent[at][b < 'a'] &&
			     b == naive_byte(at, b < 'a' ? 'A' : 'a'));
			m->told[at] = b;
			m->written++;
		} else if (ev->kind == TF_GAP && ev->late) {
			MUST(m->told[at] == 0);
			m->told[at] = 1;
		}
	}
}

static inline size_t naive_recall(void *arg, struct half *h, int64_t off, uint8_t *to, size_t n)
{
	struct naive *m = arg;
	(void)h;
	for (size_t i = 0; i < n; i++) {
		to[i] = m->told[off + m->shift + (int64_t)i];
		MUST(to[i] > 1); /* asked only for what was told */
	}
	return n;
}

static inline struct naive *naive_new(void)
{
	struct naive *m = calloc(1, sizeof *m);
	MUST(m != NULL && arena_init(&m->arena, 1 << 20, NULL));
	MUST(chunk_pool_init(&m->chunks, &m->arena, 24));
	MUST(reasm_init(&m->reasm, &m->arena, 2048, &m->chunks));
	m->reasm.limits = (struct reasm_limits){.flow_bytes = INT64_MAX, .hole_max = 1 << 20};
	m->reasm.counters = &m->counters;
	m->reasm.arg = m;
	m->reasm.tell = naive_hear;
	m->reasm.recall = naive_recall;
	m->first = UINT32_MAX - NAIVE_LENGTH / 2; /* the stream wraps */
	half_init(&m->half, 0);
	return m;
}

static inline void naive_check(const struct naive *m)
{
	MUST(reasm_check(&m->reasm, &m->half));
}

static inline void naive_syn(struct naive *m)
{
	MUST(reasm_isn(&m->reasm, &m->half, m->first - 1, true, 0) == ISN_NEW);
	m->placed = m->syn = true;
	naive_check(m);
}

/* Sends [off, off + n) in a version, cut at the end by the snaplen. */
static inline void naive_data(struct naive *m, int64_t off, size_t n, uint8_t version, size_t cut,
                              bool fin)
{
	uint8_t bytes[64];
	cut = cut < n ? cut : 0;
	n -= cut;
	if (!m->placed && (n > 0 || fin || cut > 0)) {
		m->shift = off; /* the first segment tells where offset 0 is */
		m->placed = true;
	}
	for (size_t i = 0; i < n; i++) {
		bytes[i] = naive_byte(off + (int64_t)i, version);
		m->sent[off + (int64_t)i][version == 'A'] = 1;
	}
	struct tf_packet pkt = {.seq = m->first + (uint32_t)off,
	                        .flags = TCP_ACK | (fin ? TCP_FIN : 0),
	                        .payload = {bytes, n},
	                        .cut = (uint32_t)cut};
	m->seen += (int64_t)n;
	reasm_segment(&m->reasm, &m->half, &pkt);
	naive_check(m);
}

static inline void naive_ack(struct naive *m, int64_t off)
{
	reasm_ack(&m->reasm, &m->half, m->first + (uint32_t)off, 0);
	naive_check(m);
}

static inline void naive_end(struct naive *m)
{
	struct half *h = &m->half;
	reasm_finish(&m->reasm, h, 0);
	reasm_settle(&m->reasm, &h->account); /* the two sums */
	MUST(h->account.written == m->written && h->account.seen == m->seen);
	for (int64_t off = h->start; off < h->next; off++)
		MUST(m->told[off + m->shift] != 0);
	MUST(m->chunks.slab.used == 0 && m->reasm.held.used == 0 && m->reasm.gaps.used == 0);
	MUST(m->reasm.chunks_held == 0 && m->reasm.holder_oldest == NULL);
	arena_free(&m->arena);
	free(m);
}

#endif
