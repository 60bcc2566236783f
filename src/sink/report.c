/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From events to the rows of report.xml and flows.jsonl.
 *
 *	BEGIN            -> report_flow, whose slab index is the connection's id in journals
 *	GAP, CONFLICT    -> report_stream: gaps listed, conflicts counted
 *	END              -> a row of XML for each direction that had a packet
 *	                    a line of JSON for the connection
 *
 * All else that rows say is in what END brings: the flow, the accounts, the records of the
 * recorder, which hears END before this sink does. A stream that ends before its connection
 * (at a long hole) has rows of its own.
 *
 * Bounds: report_flow for each flow; report_stream and two gaps for each direction that is awake,
 * and for one in so many of the others. Of a stream at most REPORT_GAPS gaps are listed, and
 * fewer when all flows together have too many: counter gaps_unlisted. (When there are too many
 * streams with gaps or conflicts, these are not even counted by stream.) Nothing is done for
 * packets and DATA.
 */
#include "sink/report.h"

#include "base/error.h"

enum { GAPS_PER_STREAM = 2, ONE_IN = 8, STREAM_MAX = (1 << 30) - 1 };

struct report {
	struct report_setup *setup;
	struct slab flows, streams, gaps;
	struct journal_part *xml, *jsonl; /* NULL: not wanted */
	struct report_sums sums;
	uint64_t unlisted; /* gaps */
	struct report *next;
};

/* -- gaps ---------------------------------------------------------------------------- */

/* -> what is kept of that stream, or NULL: no room */
static struct report_stream *stream_of(struct report *s, struct report_link *link)
{
	struct report_stream *m = slab_at(&s->streams, link->stream);
	if (m == NULL && (m = slab_take(&s->streams)) != NULL) {
		*m = (struct report_stream){0};
		link->stream = slab_index(&s->streams, m) & STREAM_MAX;
	}
	return m;
}

static void note_gap(struct report *s, struct report_link *to, const struct tf_event *ev)
{
	struct report_stream *m = stream_of(s, to);
	struct report_gap *g = m != NULL && m->listed < REPORT_GAPS ? slab_take(&s->gaps) : NULL;
	if (m != NULL)
		m->gaps++;
	if (g == NULL) {
		s->unlisted++;
		return;
	}
	*g = (struct report_gap){
	        .cause = (uint8_t)ev->cause, .offset = ev->offset, .length = ev->length};
	uint32_t link = slab_index(&s->gaps, g);
	struct report_gap *last = slab_at(&s->gaps, m->last);
	*(last != NULL ? &last->next : &m->first) = link;
	m->last = link;
	m->listed++;
}

static void note_conflict(struct report *s, struct report_link *to)
{
	struct report_stream *m = stream_of(s, to);
	if (m != NULL)
		m->conflicts++;
}

static void forget(struct report *s, struct report_link *link)
{
	struct report_stream *m = slab_at(&s->streams, link->stream);
	struct report_gap *g;
	link->stream = 0;
	if (m == NULL)
		return;
	while ((g = slab_at(&s->gaps, m->first)) != NULL) {
		m->first = g->next;
		slab_give(&s->gaps, g);
	}
	slab_give(&s->streams, m);
}

/* -- rows ------------------------------------------------------------------------------- */

/* -> false: the row is too long, and is to be tried again without names */
static bool try_xml(struct report *s, const struct report_row *r, unsigned dir, uint32_t id)
{
	struct text *t = journal_row(s->xml);
	if (t == NULL)
		return true;
	report_xml_row(r, dir, t);
	bool fits = journal_add(s->xml, r->end, id);
	s->sums.rows += fits;
	return fits;
}

static bool try_json(struct report *s, const struct report_row *r, uint32_t id)
{
	struct text *t = journal_row(s->jsonl);
	if (t == NULL)
		return true;
	report_json_row(r, t);
	return journal_add(s->jsonl, r->end, id);
}

static void add_xml(struct report *s, struct report_row *r, unsigned dir, uint32_t id)
{
	r->part = s->xml;
	r->nameless = false;
	if (try_xml(s, r, dir, id))
		return;
	r->nameless = true;
	MUST(try_xml(s, r, dir, id)); /* now it has room */
}

static void add_json(struct report *s, struct report_row *r, uint32_t id)
{
	r->part = s->jsonl;
	r->nameless = false;
	if (try_json(s, r, id))
		return;
	r->nameless = true;
	MUST(try_json(s, r, id));
}

/* -> whether a direction has a row: when it had a packet, and at its end when it had one before */
static bool has_row(const struct tf_event *ev, struct report_flow *f, unsigned dir)
{
	struct report_link *link = &f->link[dir];
	bool again = ev->kind == TF_END && link->listed, row = ev->flow->packets[dir] > 0;
	if (ev->kind == TF_TURN && row)
		link->listed = 1;
	return row || again;
}

/* Rows of one direction, or of both. */
static void add_rows(struct report *s, const struct tf_event *ev, struct report_flow *f)
{
	char community[TF_COMMUNITY_ROOM];
	uint32_t id = slab_index(&s->flows, f);
	unsigned first = ev->dir == TF_BOTH ? 0 : ev->dir, last = ev->dir == TF_BOTH ? 1 : ev->dir;
	struct report_stream stream[2] = {{0}};
	for (unsigned dir = 0; dir < 2; dir++)
		if (f->link[dir].stream != 0)
			stream[dir] =
			        *(struct report_stream *)slab_at(&s->streams, f->link[dir].stream);
	(void)tf_community_id(ev->flow, s->setup->seed, community);
	struct report_row r = {.setup = s->setup,
	                       .end = ev,
	                       .account = ev->account,
	                       .record = ev->record,
	                       .stream = &stream[first],
	                       .gaps = &s->gaps,
	                       .community = community,
	                       .continues = f->link[0].turned};
	if (r.continues && s->xml != NULL)
		journal_carry(s->xml, ev, id);
	if (r.continues && s->jsonl != NULL)
		journal_carry(s->jsonl, ev, id);
	if (s->jsonl != NULL)
		add_json(s, &r, id);
	for (unsigned dir = first; s->xml != NULL && dir <= last; dir++) {
		if (has_row(ev, f, dir))
			add_xml(s, &r, dir, id);
		r.account++;
		r.record++;
		r.stream++;
	}
}

/* -- events ------------------------------------------------------------------------------ */

static void begin(struct report *s, const struct tf_event *ev)
{
	struct report_flow *f = slab_take(&s->flows);
	MUST(f != NULL); /* there is one for each flow */
	*f = (struct report_flow){0};
	uint32_t id = slab_index(&s->flows, f);
	ev->slot[0] = ev->slot[1] = id;
	if (s->xml != NULL)
		journal_begin(s->xml, ev, id);
	if (s->jsonl != NULL)
		journal_begin(s->jsonl, ev, id);
	s->sums.connections++;
	if (s->flows.used > s->sums.most)
		s->sums.most = s->flows.used;
}

static void end(struct report *s, const struct tf_event *ev, struct report_flow *f)
{
	add_rows(s, ev, f);
	if (ev->dir != TF_BOTH) {
		forget(s, &f->link[ev->dir]);
		return;
	}
	s->sums.at_end += ev->end == TF_END_INPUT;
	forget(s, &f->link[0]);
	forget(s, &f->link[1]);
	slab_give(&s->flows, f);
	ev->slot[0] = ev->slot[1] = 0;
}

/* The connection goes on; where it was silent in this generation, nothing is said of it. */
static void turn(struct report *s, const struct tf_event *ev, struct report_flow *f)
{
	if (ev->flow->packets[0] + ev->flow->packets[1] > 0)
		add_rows(s, ev, f);
	forget(s, &f->link[0]);
	forget(s, &f->link[1]);
	f->link[0].turned = f->link[1].turned = 1;
}

static bool works(const struct report *s, struct tf_error *err)
{
	return (s->xml == NULL || journal_works(s->xml, err)) &&
	       (s->jsonl == NULL || journal_works(s->jsonl, err));
}

static bool event(void *self, const struct tf_event *ev, struct tf_error *err)
{
	struct report *s = self;
	if (ev->kind == TF_BEGIN) {
		begin(s, ev);
		return works(s, err);
	}
	struct report_flow *f = slab_at(&s->flows, (uint32_t)*ev->slot);
	if (ev->kind == TF_GAP)
		note_gap(s, &f->link[ev->dir], ev);
	else if (ev->kind == TF_CONFLICT)
		note_conflict(s, &f->link[ev->dir]);
	else if (ev->kind == TF_END)
		end(s, ev, f);
	else if (ev->kind == TF_TURN)
		turn(s, ev, f);
	return works(s, err);
}

static bool flush(void *self, struct tf_error *err)
{
	struct report *s = self;
	if (s->xml != NULL)
		(void)journal_flush(s->xml);
	if (s->jsonl != NULL)
		(void)journal_flush(s->jsonl);
	return works(s, err);
}

static void count(void *self, struct tf_counters *c)
{
	const struct report *s = self;
	c->gaps_unlisted += s->unlisted;
}

static void add_sums(const struct report *s)
{
	struct report_sums *all = &s->setup->sums;
	all->rows += s->sums.rows;
	all->connections += s->sums.connections;
	all->at_end += s->sums.at_end;
	all->most += s->sums.most;
}

bool report_finish(struct report_setup *setup, struct tf_error *err)
{
	bool ok = true;
	setup->sums = (struct report_sums){0};
	for (struct report *s = setup->first; s != NULL; s = s->next) {
		add_sums(s);
		s->sums = (struct report_sums){.most = s->flows.used};
	}
	if (setup->has_jsonl)
		ok = journal_finish(&setup->jsonl, err);
	if (setup->has_xml)
		ok = journal_finish(&setup->xml, ok ? err : NULL) && ok;
	setup->sums = (struct report_sums){0};
	return ok;
}

bool report_begin_again(struct report_setup *setup, const char *head, size_t n,
                        struct tf_error *err)
{
	struct journal *xml = &setup->xml, *jsonl = &setup->jsonl;
	return (!setup->has_xml ||
	        (journal_make(xml, head, n, err) && journal_begin_again(xml, err))) &&
	       (!setup->has_jsonl ||
	        (journal_make(jsonl, "", 0, err) && journal_begin_again(jsonl, err)));
}

static bool close_one(void *self, struct tf_error *err)
{
	struct report *s = self;
	add_sums(s);
	bool ok = s->jsonl == NULL || journal_close(s->jsonl, err);
	return (s->xml == NULL || journal_close(s->xml, ok ? err : NULL)) && ok;
}

static void write_tail(void *arg, struct text *t)
{
	report_xml_tail(arg, t);
}

static bool open_journals(struct report *s, unsigned worker, struct tf_error *err)
{
	struct report_setup *setup = s->setup;
	if (setup->has_xml && (s->xml = journal_open(&setup->xml, worker, true, err)) == NULL)
		return false;
	return !setup->has_jsonl ||
	       (s->jsonl = journal_open(&setup->jsonl, worker, true, err)) != NULL;
}

static void *open_one(void *arg, unsigned worker, unsigned workers, struct tf_error *err)
{
	struct report_setup *setup = arg;
	const struct sink_share *share = &setup->xml.share[worker];
	(void)workers;
	struct report *s = arena_take(share->arena, sizeof *s);
	size_t streams = 2 * (share->flows_awake + share->flows_max / ONE_IN);
	if (s == NULL ||
	    !slab_init(&s->flows, share->arena, sizeof(struct report_flow), share->flows_max) ||
	    !slab_init(&s->streams, share->arena, sizeof(struct report_stream), streams) ||
	    !slab_init(&s->gaps, share->arena, sizeof(struct report_gap),
	               GAPS_PER_STREAM * streams)) {
		(void)error_set(err, TF_USAGE, "--memory is too little for the report");
		return NULL;
	}
	s->setup = setup;
	s->next = setup->first;
	setup->first = s;
	return open_journals(s, worker, err) ? s : NULL;
}

/* As slabs have it. */
#define ROUNDED(type) ((sizeof(type) + sizeof(void *) - 1) & ~(sizeof(void *) - 1))

size_t report_memory_per_flow(const struct report_setup *setup)
{
	size_t journals = (size_t)setup->has_xml + setup->has_jsonl;
	return sizeof(struct report_flow) + report_memory_per_awake() / ONE_IN +
	       journals * journal_memory_per_flow();
}

size_t report_memory_per_awake(void)
{
	return 2 * (ROUNDED(struct report_stream) + GAPS_PER_STREAM * sizeof(struct report_gap));
}

size_t report_memory_fixed(const struct report_setup *setup)
{
	size_t journals = (size_t)setup->has_xml + setup->has_jsonl;
	return sizeof(struct report) + 512 + journals * journal_memory_fixed();
}

struct tf_sink report_sink(struct report_setup *setup)
{
	setup->xml.tail = write_tail;
	setup->xml.arg = setup;
	return (struct tf_sink){.name = "report",
	                        .order = TF_PLACED,
	                        .kinds = 1U << TF_BEGIN | 1U << TF_GAP | 1U << TF_CONFLICT |
	                                 1U << TF_END | 1U << TF_TURN,
	                        .lets_doze = true,
	                        .arg = setup,
	                        .open = open_one,
	                        .event = event,
	                        .flush = flush,
	                        .count = count,
	                        .close = close_one};
}
