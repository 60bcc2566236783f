/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether two recorders heard the same. */
#include "recorder.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Where the comparison stands, and what to say. */
struct look {
	char *why;
	size_t room;
	size_t flow, stream;
	int dir;
};

__attribute__((format(printf, 2, 3))) static bool differs(const struct look *k, const char *format,
                                                          ...)
{
	int n = snprintf(k->why, k->room, "flow %zu dir %d stream %zu: ", k->flow + 1, k->dir,
	                 k->stream);
	va_list ap;
	va_start(ap, format);
	if (n >= 0 && (size_t)n < k->room)
		vsnprintf(k->why + n, k->room - (size_t)n, format, ap);
	va_end(ap);
	return false;
}

/* Pieces may be cut differently, so they are compared by their bytes. */
static bool same_bytes(const struct look *k, const struct recorder_stream *a,
                       const struct recorder_stream *b)
{
	if (a->told != b->told)
		return differs(k, "%lld bytes, and %lld", (long long)a->told, (long long)b->told);
	for (size_t i = 0; i < a->pieces; i++) {
		const struct recorder_piece *p = &a->piece[i];
		uint8_t other[4096];
		for (size_t at = 0; at < p->n; at += sizeof(other)) {
			size_t n = p->n - at < sizeof(other) ? p->n - at : sizeof(other);
			int64_t offset = p->offset + (int64_t)at;
			if (recorder_copy(b, offset, other, n) != n ||
			    memcmp(other, p->bytes + at, n) != 0)
				return differs(k, "other bytes at or after offset %lld",
				               (long long)offset);
		}
	}
	return true;
}

static bool same_gaps(const struct look *k, const struct recorder_stream *a,
                      const struct recorder_stream *b)
{
	if (a->gaps != b->gaps)
		return differs(k, "%zu gaps, and %zu", a->gaps, b->gaps);
	for (size_t i = 0; i < a->gaps; i++)
		if (a->gap[i].offset != b->gap[i].offset || a->gap[i].length != b->gap[i].length ||
		    a->gap[i].cause != b->gap[i].cause)
			return differs(k, "gap %zu is another", i + 1);
	if (a->limit.offset != b->limit.offset || a->limit.length != b->limit.length)
		return differs(k, "the limit is at %lld and at %lld", (long long)a->limit.offset,
		               (long long)b->limit.offset);
	return true;
}

static bool same_conflicts(const struct look *k, const struct recorder_stream *a,
                           const struct recorder_stream *b)
{
	if (a->conflicts != b->conflicts)
		return differs(k, "%zu conflicts, and %zu", a->conflicts, b->conflicts);
	for (size_t i = 0; i < a->conflicts; i++) {
		const struct recorder_conflict *x = &a->conflict[i], *y = &b->conflict[i];
		if (x->offset != y->offset || x->length != y->length ||
		    memcmp(x->kept, y->kept, (size_t)x->length) != 0 ||
		    memcmp(x->other, y->other, (size_t)x->length) != 0)
			return differs(k, "conflict %zu is another", i + 1);
	}
	return true;
}

static bool same_rejects(const struct look *k, const struct recorder_stream *a,
                         const struct recorder_stream *b)
{
	if (a->rejects != b->rejects)
		return differs(k, "%zu segments set aside, and %zu", a->rejects, b->rejects);
	for (size_t i = 0; i < a->rejects; i++) {
		const struct recorder_reject *x = &a->reject[i], *y = &b->reject[i];
		if (x->offset != y->offset || x->length != y->length || x->why != y->why ||
		    memcmp(x->bytes, y->bytes, (size_t)x->length) != 0)
			return differs(k, "segment %zu set aside is another", i + 1);
	}
	return true;
}

static bool same_stream(const struct look *k, const struct recorder_stream *a,
                        const struct recorder_stream *b)
{
	if (a->end != b->end)
		return differs(k, "ended for reason %d, and %d", (int)a->end, (int)b->end);
	if (memcmp(&a->account, &b->account, sizeof(a->account)) != 0)
		return differs(k, "the accounts differ");
	return same_bytes(k, a, b) && same_gaps(k, a, b) && same_conflicts(k, a, b) &&
	       same_rejects(k, a, b);
}

static bool same_flow(struct look *k, const struct recorder_flow *a, const struct recorder_flow *b)
{
	if (a->flow.number != b->flow.number || a->end != b->end ||
	    a->flow.originator != b->flow.originator || a->flow.first_ns != b->flow.first_ns ||
	    a->flow.last_ns != b->flow.last_ns)
		return differs(k, "number, end, originator or times differ");
	for (k->dir = 0; k->dir < 2; k->dir++) {
		const struct recorder_dir *x = &a->dir[k->dir], *y = &b->dir[k->dir];
		if (x->streams != y->streams)
			return differs(k, "%zu streams, and %zu", x->streams, y->streams);
		for (k->stream = 0; k->stream < x->streams; k->stream++)
			if (!same_stream(k, &x->stream[k->stream], &y->stream[k->stream]))
				return false;
	}
	k->dir = 0;
	k->stream = 0;
	return true;
}

bool recorder_same(const struct recorder *a, const struct recorder *b, char *why, size_t n)
{
	struct look k = {.why = why, .room = n};
	if (a->flows != b->flows)
		return differs(&k, "%zu flows, and %zu", a->flows, b->flows);
	for (k.flow = 0; k.flow < a->flows; k.flow++)
		if (!same_flow(&k, a->flow[k.flow], b->flow[k.flow]))
			return false;
	return true;
}
