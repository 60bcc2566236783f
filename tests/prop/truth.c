/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A byte is settled when its receiver has surely taken it: the peer acknowledged it, or
 * all bytes from the first on (when a SYN, first of all packets, says which that is) had
 * arrived. What was captured of it later must not show, unless nothing was earlier.
 *
 * Keep-alive probes are left out by rule: a segment of one NUL byte that stands where one
 * would, before all others or in a hole, is taken for a probe and not recorded. Schedules
 * have no such segment, since no byte of theirs is NUL (schedule.h), whatever its version.
 */
#include "prop/truth.h"

#include "model/packet.h"

#include <stdlib.h>

/* The time, as a number of steps, at which each byte was settled. */
struct settling {
	size_t *at;
	int64_t acked; /* bytes settled by ACKs */
	int64_t front; /* bytes that arrived in order; -1: no SYN came first */
};

static bool is_of(const struct truth *t, const struct step *p)
{
	return p->talk == t->talk && p->dir == t->dir;
}

static void begin(struct truth *t, const struct step *p)
{
	if (!t->begun)
		t->anchor = p->flags & TCP_SYN ? 0 : p->off;
	t->begun = true;
	if (p->flags & TCP_SYN)
		t->low = 0;
}

/* First pass: everything but who was first. */
static void note(struct truth *t, const struct step *p)
{
	if (p->n == 0 && (p->flags & (TCP_SYN | TCP_FIN)) == 0)
		return;
	begin(t, p);
	if (p->n == 0)
		return;
	t->segments++;
	t->seen += p->n;
	t->low = p->off < t->low ? p->off : t->low;
	t->high = p->off + p->n > t->high ? p->off + p->n : t->high;
	for (uint32_t i = 0; i < p->n; i++)
		t->any[p->off + i] |= (uint8_t)(1 << p->version);
}

static void settle_acked(struct settling *s, const struct truth *t, int64_t ack, size_t now)
{
	for (; s->acked < ack && s->acked < t->length; s->acked++)
		if (s->at[s->acked] > now)
			s->at[s->acked] = now;
}

static void settle_front(struct settling *s, const struct truth *t, size_t now)
{
	while (s->front >= 0 && s->front < t->length && t->any[s->front] != 0) {
		if (s->at[s->front] > now)
			s->at[s->front] = now;
		s->front++;
	}
}

/* Second pass, in order of time; fills t->any anew. */
static void replay(struct truth *t, struct settling *s, const struct step *p, size_t now)
{
	if (p->talk == t->talk && p->dir != t->dir && p->flags & TCP_ACK && t->begun)
		settle_acked(s, t, p->ack, now);
	if (!is_of(t, p))
		return;
	if (p->flags & TCP_SYN && !t->begun)
		s->front = 0;
	if (p->n > 0 || p->flags & (TCP_SYN | TCP_FIN))
		t->begun = true;
	for (uint32_t i = 0; i < p->n; i++) {
		int64_t off = p->off + i;
		uint8_t bit = (uint8_t)(1 << p->version);
		t->any[off] |= bit;
		if (s->at[off] > now)
			t->sealed[off] |= bit;
	}
	settle_front(s, t, now);
}

static void *zeroed(int64_t n, size_t size)
{
	void *p = calloc((size_t)n + 1, size);
	if (p == NULL)
		abort();
	return p;
}

void truth_init(struct truth *t, const struct schedule *s, size_t talk, unsigned dir)
{
	*t = (struct truth){.schedule = s, .talk = talk, .dir = dir};
	t->length = t->low = s->talk[talk].side[dir].length;
	t->any = zeroed(t->length, 1);
	t->sealed = zeroed(t->length, 1);
	for (size_t i = 0; i < s->steps; i++)
		if (is_of(t, &s->step[i]))
			note(t, &s->step[i]);
	bool begun = t->begun;
	t->begun = false;
	struct settling settling = {.at = zeroed(t->length, sizeof(size_t)), .front = -1};
	for (int64_t i = 0; i < t->length; i++) {
		settling.at[i] = SIZE_MAX;
		t->any[i] = 0;
	}
	for (size_t i = 0; i < s->steps; i++)
		replay(t, &settling, &s->step[i], i);
	free(settling.at);
	t->begun = begun;
}

void truth_free(struct truth *t)
{
	free(t->any);
	free(t->sealed);
	*t = (struct truth){0};
}

static bool is_right(const struct truth *t, int64_t off, uint8_t byte)
{
	unsigned version = byte >> 5;
	uint8_t may = t->sealed[off] != 0 ? t->sealed[off] : t->any[off];
	return (may >> version & 1) != 0 && byte == schedule_byte(t->talk, t->dir, off, version);
}

int64_t truth_differs(const struct truth *t, const uint8_t *record, int64_t n, int64_t upto,
                      bool exact)
{
	for (int64_t i = 0; i < n; i++) {
		int64_t off = t->low + i;
		if (off >= t->length)
			return off;
		if (record[i] == 0 ? exact && t->any[off] != 0 && off < upto
		                   : !is_right(t, off, record[i]))
			return off;
	}
	for (int64_t off = t->low + n; exact && off < upto && off < t->high; off++)
		if (t->any[off] != 0)
			return off;
	return INT64_MIN;
}
