/* SPDX-License-Identifier: BSD-3-Clause */
#include "recorder.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The instance of one worker. */
struct part {
	struct recorder *whole;
	struct recorder_flow **flow;
	size_t flows, flows_room;
	char fault[200];
};

static void *grown(void *array, size_t used, size_t *room, size_t size)
{
	if (used < *room)
		return array;
	*room = *room ? *room * 2 : 4;
	array = realloc(array, *room * size);
	if (array == NULL)
		abort();
	memset((uint8_t *)array + used * size, 0, (*room - used) * size);
	return array;
}

/* -> a new, zeroed item at the end of array, whose count and room are
   named array##s and array##s_room. */
#define APPEND(owner, array)                                                                       \
	((owner)->array = grown((owner)->array, (owner)->array##s, &(owner)->array##s_room,        \
	                        sizeof(*(owner)->array)),                                          \
	 &(owner)->array[(owner)->array##s++])

static uint8_t *copied(const void *p, size_t n)
{
	uint8_t *q = malloc(n ? n : 1);
	if (q == NULL)
		abort();
	if (n > 0)
		memcpy(q, p, n);
	return q;
}

__attribute__((format(printf, 3, 4))) static void breach(struct part *t, const struct tf_event *ev,
                                                         const char *format, ...)
{
	if (t->fault[0] != '\0')
		return;
	int n = snprintf(t->fault, sizeof(t->fault), "flow %llu dir %u stream %u offset %lld: ",
	                 (unsigned long long)ev->flow->number, ev->dir, ev->stream,
	                 (long long)ev->offset);
	va_list ap;
	va_start(ap, format);
	vsnprintf(t->fault + n, sizeof(t->fault) - (size_t)n, format, ap);
	va_end(ap);
}

/* -- pieces ---------------------------------------------------------------- */

/* -> the number of pieces that begin at or before offset. */
static size_t pieces_to(const struct recorder_stream *s, int64_t offset)
{
	size_t low = 0, high = s->pieces;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (s->piece[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int64_t piece_end(const struct recorder_piece *p)
{
	return p->offset + (int64_t)p->n;
}

static bool anything_in(const struct recorder_stream *s, int64_t start, int64_t end)
{
	size_t i = pieces_to(s, start);
	return (i > 0 && piece_end(&s->piece[i - 1]) > start) ||
	       (i < s->pieces && s->piece[i].offset < end);
}

static void piece_extend(struct recorder_piece *p, const void *bytes, size_t n)
{
	if (p->n + n > p->room) {
		p->room = (p->n + n) * 2;
		p->bytes = realloc(p->bytes, p->room);
		if (p->bytes == NULL)
			abort();
	}
	memcpy(p->bytes + p->n, bytes, n);
	p->n += n;
}

static void piece_add(struct recorder_stream *s, int64_t offset, struct tf_span b)
{
	size_t i = pieces_to(s, offset);
	if (i == 0 || piece_end(&s->piece[i - 1]) != offset) {
		(void)APPEND(s, piece);
		memmove(&s->piece[i + 1], &s->piece[i], (s->pieces - 1 - i) * sizeof(s->piece[0]));
		s->piece[i++] = (struct recorder_piece){.offset = offset};
	}
	piece_extend(&s->piece[i - 1], b.p, b.n);
}

size_t recorder_copy(const struct recorder_stream *s, int64_t offset, uint8_t *to, size_t n)
{
	size_t told = 0;
	int64_t end = offset + (int64_t)n;
	memset(to, 0, n);
	size_t i = pieces_to(s, offset);
	for (i -= i > 0; i < s->pieces && s->piece[i].offset < end; i++) {
		const struct recorder_piece *p = &s->piece[i];
		int64_t from = p->offset > offset ? p->offset : offset;
		int64_t upto = piece_end(p) < end ? piece_end(p) : end;
		if (from >= upto)
			continue;
		memcpy(to + (from - offset), p->bytes + (from - p->offset), (size_t)(upto - from));
		told += (size_t)(upto - from);
	}
	return told;
}

int64_t recorder_start(const struct recorder_stream *s)
{
	int64_t start = s->pieces ? s->piece[0].offset : s->gaps ? s->gap[0].offset : 0;
	for (size_t i = 0; i < s->gaps; i++)
		start = s->gap[i].offset < start ? s->gap[i].offset : start;
	return start;
}

int64_t recorder_end(const struct recorder_stream *s)
{
	int64_t end = s->pieces ? piece_end(&s->piece[s->pieces - 1]) : recorder_start(s);
	for (size_t i = 0; i < s->gaps; i++) {
		int64_t g = s->gap[i].offset + s->gap[i].length;
		end = g > end ? g : end;
	}
	return end;
}

/* -- events ----------------------------------------------------------------- */

static struct recorder_flow *flow_find(struct part *t, const struct tf_event *ev)
{
	if (*ev->slot != 0)
		return (struct recorder_flow *)*ev->slot;
	for (size_t i = t->flows; i > 0; i--)
		if (t->flow[i - 1]->flow.number == ev->flow->number)
			return t->flow[i - 1];
	return NULL;
}

static void hear_begin(struct part *t, const struct tf_event *ev)
{
	if (flow_find(t, ev) != NULL) {
		breach(t, ev, "BEGIN told twice");
		return;
	}
	struct recorder_flow *f = calloc(1, sizeof(*f));
	if (f == NULL)
		abort();
	f->flow = *ev->flow;
	*APPEND(t, flow) = f;
}

static struct recorder_stream *stream_find(struct part *t, struct recorder_flow *f,
                                           const struct tf_event *ev)
{
	struct recorder_dir *d = &f->dir[ev->dir];
	if (ev->stream > d->streams || ev->stream + 1 < d->streams)
		breach(t, ev, "stream number is not that of the latest stream, or the next");
	while (d->streams <= ev->stream)
		(void)APPEND(d, stream);
	return &d->stream[ev->stream];
}

static bool is_ordered(const struct part *t)
{
	return t->whole->sink.order == TF_STREAM;
}

/* In order, each DATA and GAP begins where the one before it ended. */
static void check_place(struct part *t, const struct recorder_stream *s, const struct tf_event *ev)
{
	if (ev->length < 1)
		breach(t, ev, "length %lld", (long long)ev->length);
	if (anything_in(s, ev->offset, ev->offset + ev->length))
		breach(t, ev, "bytes told again (length %lld)", (long long)ev->length);
	for (size_t i = 0; i < s->gaps; i++)
		if (ev->offset < s->gap[i].offset + s->gap[i].length &&
		    s->gap[i].offset < ev->offset + ev->length)
			breach(t, ev, "bytes of a gap told (length %lld)", (long long)ev->length);
	if (is_ordered(t) && (s->pieces || s->gaps) && ev->offset != recorder_end(s))
		breach(t, ev, "out of order: %lld was next", (long long)recorder_end(s));
}

static void hear_data(struct part *t, struct recorder_stream *s, const struct tf_event *ev)
{
	check_place(t, s, ev);
	if (ev->data.n != (size_t)ev->length)
		breach(t, ev, "length %lld, but %zu bytes", (long long)ev->length, ev->data.n);
	if (ev->late && is_ordered(t))
		breach(t, ev, "late DATA for a sink that wants order");
	if (t->fault[0] != '\0')
		return;
	piece_add(s, ev->offset, ev->data);
	s->told += ev->length;
	struct recorder_run *last = s->runs ? &s->run[s->runs - 1] : NULL;
	if (last && last->late == ev->late && last->offset + last->length == ev->offset)
		last->length += ev->length;
	else
		*APPEND(s, run) = (struct recorder_run){ev->offset, ev->length, ev->late};
}

/* What lies beyond the limit is told last, and once. */
static void hear_limit(struct part *t, struct recorder_stream *s, const struct tf_event *ev)
{
	bool told = s->pieces > 0 || s->gaps > 0;
	if (t->whole->flow_bytes == 0 || s->limit.length != 0 || ev->length < 1)
		breach(t, ev, "a limit of length %lld", (long long)ev->length);
	if (told &&
	    (ev->offset < recorder_end(s) || (is_ordered(t) && ev->offset != recorder_end(s))))
		breach(t, ev, "a limit not behind all that was told");
	s->limit = (struct recorder_gap){ev->offset, ev->length, ev->cause};
}

static void hear_gap(struct part *t, struct recorder_stream *s, const struct tf_event *ev)
{
	if (ev->cause == TF_GAP_LIMIT) {
		hear_limit(t, s, ev);
		return;
	}
	check_place(t, s, ev);
	if (s->limit.length != 0)
		breach(t, ev, "a gap behind the limit");
	if (!ev->late && !is_ordered(t))
		breach(t, ev, "a gap that is not final, for a sink that places bytes");
	struct recorder_gap *last = s->gaps ? &s->gap[s->gaps - 1] : NULL;
	if (last && last->cause == ev->cause && last->offset + last->length == ev->offset)
		last->length += ev->length;
	else
		*APPEND(s, gap) = (struct recorder_gap){ev->offset, ev->length, ev->cause};
}

/* What was told is replaced; it may lie in several pieces. */
static void rewrite(struct recorder_stream *s, const struct tf_event *ev)
{
	for (size_t i = 0; i < s->pieces; i++) {
		struct recorder_piece *p = &s->piece[i];
		for (int64_t off = ev->offset; off < ev->offset + ev->length; off++)
			if (off >= p->offset && off < p->offset + (int64_t)p->n)
				p->bytes[off - p->offset] = ev->data.p[off - ev->offset];
	}
}

static void hear_conflict(struct part *t, struct recorder_stream *s, const struct tf_event *ev)
{
	size_t n = (size_t)ev->length;
	if (n < 1 || ev->data.n != n || ev->other.n != n) {
		breach(t, ev, "a conflict of length %lld with %zu and %zu bytes",
		       (long long)ev->length, ev->data.n, ev->other.n);
		return;
	}
	if (ev->data.p[0] == ev->other.p[0] || ev->data.p[n - 1] == ev->other.p[n - 1])
		breach(t, ev, "a conflict that is not trimmed to what differs");
	const struct tf_conflict *k = ev->conflict;
	struct tf_span was = k->rewrites ? ev->other : ev->data;
	uint8_t *told = copied(was.p, n);
	if (recorder_copy(s, ev->offset, told, n) == n && memcmp(told, was.p, n) != 0)
		breach(t, ev, "a conflict's recorded side is not what was told");
	free(told);
	if (k->rewrites)
		rewrite(s, ev);
	*APPEND(s, conflict) = (struct recorder_conflict){
	        .offset = ev->offset,
	        .length = ev->length,
	        .what = *k,
	        .kept = copied(ev->data.p, n),
	        .other = copied(ev->other.p, n),
	};
}

static void hear_proof(struct part *t, const struct recorder_stream *s, const struct tf_event *ev)
{
	for (size_t i = 0; i < s->conflicts; i++)
		if (s->conflict[i].offset == ev->offset && s->conflict[i].length == ev->length)
			return;
	breach(t, ev, "a proof of no conflict that was told");
}

static void hear_reject(struct part *t, struct recorder_stream *s, const struct tf_event *ev)
{
	if (ev->length < 1 || ev->other.n != (size_t)ev->length || ev->data.n != 0)
		breach(t, ev, "%lld bytes set aside, but %zu shown", (long long)ev->length,
		       ev->other.n);
	*APPEND(s, reject) = (struct recorder_reject){
	        .offset = ev->offset,
	        .length = ev->length,
	        .why = ev->reject,
	        .bytes = copied(ev->other.p, ev->other.n),
	};
}

static void check_sums(struct part *t, const struct tf_event *ev, const struct tf_account *a)
{
	int64_t lost = a->beyond_limit + a->evicted + a->write_failed + a->no_room + a->late;
	int64_t seen = a->written + a->duplicate + a->conflicting + a->outside + a->after_close +
	               a->rejected + a->urgent + lost;
	if (a->seen != seen)
		breach(t, ev, "%lld bytes seen, but %lld accounted for", (long long)a->seen,
		       (long long)seen);
	if (a->span != a->written + a->missing + lost)
		breach(t, ev, "span %lld, but written %lld + missing %lld + lost %lld",
		       (long long)a->span, (long long)a->written, (long long)a->missing,
		       (long long)lost);
	if (a->unchecked > a->duplicate || a->cut > a->missing)
		breach(t, ev, "a part is more than its whole");
	if (a->seen < 0 || a->written < 0 || a->missing < 0 || a->tail_missing < 0)
		breach(t, ev, "a negative count");
}

static int64_t gap_bytes(const struct recorder_stream *s)
{
	int64_t n = 0;
	for (size_t i = 0; i < s->gaps; i++)
		n += s->gap[i].length;
	return n;
}

static int64_t conflict_bytes(const struct recorder_stream *s)
{
	int64_t n = 0;
	for (size_t i = 0; i < s->conflicts; i++)
		n += s->conflict[i].length;
	return n;
}

static int64_t reject_bytes(const struct recorder_stream *s)
{
	int64_t n = 0;
	for (size_t i = 0; i < s->rejects; i++)
		n += s->reject[i].length;
	return n;
}

/* The account says the same as the events. A sink that wants order does not hear
   all that is counted; nothing beyond a limit is told. */
static void check_told(struct part *t, const struct recorder_stream *s, const struct tf_event *ev)
{
	const struct tf_account *a = &s->account;
	if (conflict_bytes(s) != a->conflicting)
		breach(t, ev, "conflicting %lld, but %lld told", (long long)a->conflicting,
		       (long long)conflict_bytes(s));
	int64_t rejected = a->rejected + a->outside + a->after_close + a->urgent;
	if (reject_bytes(s) > rejected) /* not every kind of rejected byte is told */
		breach(t, ev, "rejected %lld, but %lld told", (long long)rejected,
		       (long long)reject_bytes(s));
	if (is_ordered(t))
		return;
	if (s->told != a->written + a->write_failed + a->late)
		breach(t, ev, "written %lld, but %lld told", (long long)a->written,
		       (long long)s->told);
	if (s->limit.length > a->beyond_limit + a->missing)
		breach(t, ev, "%lld bytes beyond the limit, but a limit of %lld was told",
		       (long long)a->beyond_limit, (long long)s->limit.length);
	if (t->whole->flow_bytes != 0)
		return;
	if (gap_bytes(s) != a->missing)
		breach(t, ev, "missing %lld, but gaps of %lld told", (long long)a->missing,
		       (long long)gap_bytes(s));
	if (a->evicted == 0 && recorder_end(s) - recorder_start(s) != a->span)
		breach(t, ev, "span %lld, but DATA and GAP cover %lld", (long long)a->span,
		       (long long)(recorder_end(s) - recorder_start(s)));
}

static void hear_end(struct part *t, struct recorder_stream *s, const struct tf_event *ev,
                     const struct tf_account *account)
{
	s->ended = true;
	s->end = ev->end;
	s->account = *account;
	check_sums(t, ev, account);
	check_told(t, s, ev);
}

/* The connection's end is also that of each direction's latest stream. */
static void hear_end_both(struct part *t, struct recorder_flow *f, const struct tf_event *ev)
{
	f->ended = true;
	f->end = ev->end;
	for (int d = 0; d < 2; d++) {
		struct recorder_dir *dir = &f->dir[d];
		if (dir->streams == 0 || dir->stream[dir->streams - 1].ended)
			(void)APPEND(dir, stream);
		hear_end(t, &dir->stream[dir->streams - 1], ev, &ev->account[d]);
	}
}

static bool hear(void *self, const struct tf_event *ev, struct tf_error *err)
{
	struct part *t = self;
	(void)err;
	if (ev->kind == TF_BEGIN)
		hear_begin(t, ev);
	struct recorder_flow *f = flow_find(t, ev);
	if (f == NULL || f->ended) {
		breach(t, ev, f ? "an event after END" : "an event before BEGIN");
		return true;
	}
	for (int i = 0; i < (ev->dir == TF_BOTH ? 2 : 1); i++)
		ev->slot[i] = (uintptr_t)f;
	f->flow = *ev->flow;
	if (ev->kind == TF_END && ev->dir == TF_BOTH)
		hear_end_both(t, f, ev);
	if (ev->dir > 1 || ev->kind == TF_BEGIN || ev->kind == TF_APP)
		return true;
	struct recorder_stream *s = stream_find(t, f, ev);
	if (s->ended)
		breach(t, ev, "an event after the stream's END");
	else if (ev->kind == TF_DATA)
		hear_data(t, s, ev);
	else if (ev->kind == TF_GAP)
		hear_gap(t, s, ev);
	else if (ev->kind == TF_CONFLICT)
		hear_conflict(t, s, ev);
	else if (ev->kind == TF_PROOF)
		hear_proof(t, s, ev);
	else if (ev->kind == TF_REJECT)
		hear_reject(t, s, ev);
	else
		hear_end(t, s, ev, ev->account);
	return true;
}

static size_t recall(void *self, const struct tf_flow *flow, unsigned dir, uintptr_t *slot,
                     int64_t offset, uint8_t *to, size_t n)
{
	(void)self;
	(void)flow;
	const struct recorder_flow *f = (const struct recorder_flow *)*slot;
	if (f == NULL || f->dir[dir].streams == 0)
		return 0;
	const struct recorder_stream *s = &f->dir[dir].stream[f->dir[dir].streams - 1];
	size_t known = 0;
	size_t i = pieces_to(s, offset);
	for (i -= i > 0; i < s->pieces && known < n; i++) {
		int64_t at = offset + (int64_t)known, end = piece_end(&s->piece[i]);
		if (s->piece[i].offset > at || end <= at)
			break;
		known += (size_t)(end - at);
	}
	known = known < n ? known : n;
	recorder_copy(s, offset, to, known);
	return known;
}

/* -- life ------------------------------------------------------------------- */

static void *open_part(void *arg, unsigned worker, unsigned workers, struct tf_error *err)
{
	(void)worker;
	(void)workers;
	(void)err;
	struct part *t = calloc(1, sizeof(*t));
	if (t == NULL)
		abort();
	t->whole = arg;
	return t;
}

static int by_number(const void *a, const void *b)
{
	const struct recorder_flow *const *x = a, *const *y = b;
	return ((*x)->flow.number > (*y)->flow.number) - ((*x)->flow.number < (*y)->flow.number);
}

static bool close_part(void *self, struct tf_error *err)
{
	(void)err;
	struct part *t = self;
	struct recorder *r = t->whole;
	if (r->fault[0] == '\0')
		memcpy(r->fault, t->fault, sizeof(r->fault));
	for (size_t i = 0; i < t->flows; i++) {
		*APPEND(r, flow) = t->flow[i];
		if (!t->flow[i]->ended && r->fault[0] == '\0')
			snprintf(r->fault, sizeof(r->fault), "flow %llu was not ended",
			         (unsigned long long)t->flow[i]->flow.number);
	}
	if (r->flows > 0)
		qsort(r->flow, r->flows, sizeof(r->flow[0]), by_number);
	free(t->flow);
	free(t);
	return true;
}

void recorder_init(struct recorder *r, enum tf_order order)
{
	*r = (struct recorder){
	        .sink = {
	                .name = order == TF_STREAM ? "recorder, in order" : "recorder",
	                .order = order,
	                .arg = r,
	                .open = open_part,
	                .event = hear,
	                .recall = recall,
	                .close = close_part,
	        }};
}

static void stream_free(struct recorder_stream *s)
{
	for (size_t i = 0; i < s->pieces; i++)
		free(s->piece[i].bytes);
	for (size_t i = 0; i < s->conflicts; i++) {
		free(s->conflict[i].kept);
		free(s->conflict[i].other);
	}
	for (size_t i = 0; i < s->rejects; i++)
		free(s->reject[i].bytes);
	free(s->reject);
	free(s->piece);
	free(s->run);
	free(s->gap);
	free(s->conflict);
}

void recorder_free(struct recorder *r)
{
	for (size_t i = 0; i < r->flows; i++) {
		for (int d = 0; d < 2; d++) {
			struct recorder_dir *dir = &r->flow[i]->dir[d];
			for (size_t k = 0; k < dir->streams; k++)
				stream_free(&dir->stream[k]);
			free(dir->stream);
		}
		free(r->flow[i]);
	}
	free(r->flow);
	*r = (struct recorder){0};
}
