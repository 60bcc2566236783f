/* SPDX-License-Identifier: BSD-3-Clause */
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMAGE_MAX (16 << 20) /* longer streams are not shown as a whole */
#define SHOWN     120        /* bytes of a stream in a message */

/* How far "expect data" lines have come in one stream. */
struct place {
	const struct recorder_stream *stream;
	size_t run;
	int64_t offset; /* from here on in that run */
	int64_t seen;   /* bytes matched */
};

/* The line at hand, and what it speaks of. */
struct claim {
	struct reader r;
	struct script *script;
	const struct outcome *outcome;
	const struct recorder_flow *flow;
	size_t flow_index;
	int sender; /* 0: ">", 1: "<", -1: not said */
	int dir;    /* of the recorded flow, when sender is given */
	size_t stream_number;
	const struct recorder_stream *stream;
	struct place *place;
	size_t places;
};

struct verb {
	const char *word;
	void (*check)(struct claim *c);
	enum { OF_RUN, OF_FLOW, OF_STREAM } of;
};

/* -- names ------------------------------------------------------------------- */

static const struct {
	const char *name;
	size_t offset;
} account_fields[] = {
#define FIELD(name)                                                                                \
	{                                                                                          \
#name, offsetof(struct tf_account, name)                                           \
	}
        FIELD(seen),         FIELD(span),         FIELD(written), FIELD(duplicate),
        FIELD(unchecked),    FIELD(conflicting),  FIELD(outside), FIELD(after_close),
        FIELD(rejected),     FIELD(beyond_limit), FIELD(evicted), FIELD(write_failed),
        FIELD(no_room),      FIELD(urgent),       FIELD(missing), FIELD(cut),
        FIELD(tail_missing), FIELD(late),
#undef FIELD
};

/* -- bytes -------------------------------------------------------------------- */

/* As a script writes them, shortened. */
static void show(const uint8_t *p, size_t n, char to[SHOWN * 4 + 16])
{
	char *at = to;
	*at++ = '"';
	for (size_t i = 0; i < n && i < SHOWN; i++) {
		if (p[i] >= ' ' && p[i] < 127 && p[i] != '"' && p[i] != '\\')
			*at++ = (char)p[i];
		else
			at += sprintf(at, p[i] ? "\\x%02x" : "\\0", p[i]);
	}
	snprintf(at, 16, n > SHOWN ? "\"... (%zu)" : "\"", n);
}

static uint8_t *room_for(size_t n)
{
	uint8_t *p = malloc(n ? n : 1);
	if (p == NULL)
		abort();
	return p;
}

/* Compares what came with content, whose pattern starts at offset. */
static void check_bytes(struct claim *c, const char *what, const uint8_t *came, size_t n,
                        const struct content *content, int64_t offset)
{
	size_t size = content_size(content);
	uint8_t *wanted = room_for(size);
	content_fill(content, content->has_at ? content->at : offset, wanted);
	if (n != size || memcmp(came, wanted, n) != 0) {
		size_t first = 0;
		while (first < n && first < size && came[first] == wanted[first])
			first++;
		char x[SHOWN * 4 + 16], y[SHOWN * 4 + 16];
		size_t from = first > SHOWN / 2 ? first - SHOWN / 2 : 0;
		show(wanted + from, size - from, x);
		show(came + from, n - from, y);
		reader_fail(&c->r,
		            "%s: %zu bytes expected, %zu came, first difference at %zu;"
		            " from %zu on %s expected, %s came",
		            what, size, n, first, from, x, y);
	}
	free(wanted);
}

static void read_content(struct claim *c, struct content *content)
{
	*content = (struct content){0};
	if (!content_follows(&c->r))
		reader_fail(&c->r, "bytes were expected, not '%s'", c->r.token.text);
	content_read(&c->r, content);
	/* Offsets may be below 0, and patterns need them only where said. */
}

static uint8_t *image(struct claim *c, const struct recorder_stream *s, size_t *n)
{
	int64_t start = recorder_start(s), end = recorder_end(s);
	if (end - start > IMAGE_MAX) {
		reader_fail(&c->r, "the stream spans %lld bytes, too many to show",
		            (long long)(end - start));
		end = start;
	}
	*n = (size_t)(end - start);
	uint8_t *to = room_for(*n);
	recorder_copy(s, start, to, *n);
	return to;
}

static void check_image(struct claim *c, const char *what, const struct recorder_stream *s)
{
	struct content content;
	size_t n;
	read_content(c, &content);
	uint8_t *came = image(c, s, &n);
	check_bytes(c, what, came, n, &content, recorder_start(s));
	free(came);
}

/* -- of a stream --------------------------------------------------------------- */

static void check_stream(struct claim *c)
{
	check_image(c, "stream", c->stream);
}

/* What the sink heard that wants its bytes in order. */
static void check_ordered(struct claim *c)
{
	static const struct recorder_stream nothing;
	const struct recorder_stream *s = &nothing;
	const struct recorder *o = c->outcome->ordered;
	if (c->flow != NULL && c->flow_index < o->flows) {
		const struct recorder_dir *d = &o->flow[c->flow_index]->dir[c->dir];
		if (c->stream_number < d->streams)
			s = &d->stream[c->stream_number];
	}
	check_image(c, "stream as heard in order", s);
}

static struct place *place_of(struct claim *c)
{
	for (size_t i = 0; i < c->places; i++)
		if (c->place[i].stream == c->stream)
			return &c->place[i];
	c->place = realloc(c->place, (c->places + 1) * sizeof(*c->place));
	if (c->place == NULL)
		abort();
	c->place[c->places] = (struct place){.stream = c->stream, .offset = INT64_MIN};
	return &c->place[c->places++];
}

static bool run_holds(const struct recorder_run *run, int64_t from, int64_t offset, int64_t n)
{
	return run->offset <= offset && from <= offset && run->offset + run->length >= offset + n;
}

/* "data OFFSET BYTES [late]": told after what the line before spoke of. */
static void check_data(struct claim *c)
{
	struct place *p = place_of(c);
	if (reader_take(&c->r, "only")) {
		if (p->seen != c->stream->told)
			reader_fail(&c->r, "DATA of %lld bytes expected, %lld came",
			            (long long)p->seen, (long long)c->stream->told);
		return;
	}
	struct content content;
	int64_t offset = reader_number(&c->r);
	read_content(c, &content);
	bool late = reader_take(&c->r, "late");
	int64_t n = (int64_t)content_size(&content);
	while (p->run < c->stream->runs) {
		const struct recorder_run *run = &c->stream->run[p->run];
		if (run->late == late && run_holds(run, p->offset, offset, n))
			break;
		p->run++;
		p->offset = INT64_MIN;
	}
	if (p->run == c->stream->runs) {
		reader_fail(&c->r, "no %sDATA of %lld bytes at %lld came (after the one before)",
		            late ? "late " : "", (long long)n, (long long)offset);
		return;
	}
	p->offset = offset + n;
	p->seen += n;
	uint8_t *came = room_for((size_t)n);
	recorder_copy(c->stream, offset, came, (size_t)n);
	check_bytes(c, "DATA", came, (size_t)n, &content, offset);
	free(came);
}

static void check_gap(struct claim *c)
{
	int64_t offset = reader_number(&c->r), length = reader_number(&c->r);
	size_t causes, cause = 0;
	const struct tf_gap_cause_row *row = tf_gap_cause_rows(&causes);
	while (cause < causes && !reader_take(&c->r, row[cause].name))
		cause++;
	const struct recorder_gap *limit = &c->stream->limit;
	if (cause == TF_GAP_LIMIT && limit->offset == offset && limit->length == length)
		return;
	char came[200] = "none";
	size_t at = 0;
	for (size_t i = 0; i < c->stream->gaps; i++) {
		const struct recorder_gap *g = &c->stream->gap[i];
		if (g->offset == offset && g->length == length &&
		    (cause == causes || g->cause == cause))
			return;
		int n = snprintf(came + at, sizeof(came) - at, "%s%lld+%lld %s", i ? ", " : "",
		                 (long long)g->offset, (long long)g->length, row[g->cause].name);
		at = at + (size_t)n < sizeof(came) ? at + (size_t)n : sizeof(came) - 1;
	}
	reader_fail(&c->r, "a gap at %lld of %lld bytes expected, %s came; limit %lld+%lld",
	            (long long)offset, (long long)length, came, (long long)limit->offset,
	            (long long)limit->length);
}

static bool same(const struct content *content, const uint8_t *p, int64_t n)
{
	size_t size = content_size(content);
	uint8_t *wanted = room_for(size);
	content_fill(content, content->at, wanted);
	bool is = size == (size_t)n && memcmp(wanted, p, size) == 0;
	free(wanted);
	return is;
}

/* The words behind a conflict's bytes, and whether they are true of k. */
struct more {
	bool said[8];
	bool by_packets, by_ttls;
	int64_t packet[2], ttl[2];
};

static const char *const more_words[] = {"acked",   "policy", "first", "second",
                                         "unknown", "apart",  "near",  "rewritten"};

static void read_more(struct claim *c, struct more *m)
{
	for (size_t i = 0; i < sizeof(more_words) / sizeof(more_words[0]); i++)
		m->said[i] = reader_take(&c->r, more_words[i]);
	m->by_packets = reader_take(&c->r, "packets");
	for (int i = 0; m->by_packets && i < 2; i++)
		m->packet[i] = reader_number(&c->r);
	m->by_ttls = reader_take(&c->r, "ttls");
	for (int i = 0; m->by_ttls && i < 2; i++)
		m->ttl[i] = reader_number(&c->r);
}

static bool holds(const struct more *m, const struct tf_conflict *k)
{
	const bool is[] = {k->certain == TF_CERTAIN_ACKED,
	                   k->certain == TF_CERTAIN_POLICY,
	                   k->which == TF_KEPT_FIRST,
	                   k->which == TF_KEPT_SECOND,
	                   k->which == TF_KEPT_UNKNOWN,
	                   k->ttl_apart,
	                   !k->ttl_apart,
	                   k->rewrites};
	for (size_t i = 0; i < sizeof(is) / sizeof(is[0]); i++)
		if (m->said[i] && !is[i])
			return false;
	return (!m->by_packets || ((int64_t)k->kept.frame == m->packet[0] &&
	                           (int64_t)k->other.frame == m->packet[1])) &&
	       (!m->by_ttls || (k->kept.ttl == m->ttl[0] && k->other.ttl == m->ttl[1]));
}

static void fail_conflict(struct claim *c, int64_t offset, int64_t length)
{
	char came[SHOWN * 12] = "none", x[SHOWN * 4 + 16], y[SHOWN * 4 + 16];
	if (c->stream->conflicts > 0) {
		const struct recorder_conflict *k = &c->stream->conflict[0];
		show(k->kept, (size_t)k->length, x);
		show(k->other, (size_t)k->length, y);
		snprintf(came, sizeof(came),
		         "%zu, the first at %lld of %lld, kept %s other %s %s %s%s packets %llu"
		         " %llu ttls %u %u",
		         c->stream->conflicts, (long long)k->offset, (long long)k->length, x, y,
		         more_words[k->what.certain == TF_CERTAIN_POLICY],
		         more_words[k->what.which == TF_KEPT_UNKNOWN ? 4 : 1 + k->what.which],
		         k->what.rewrites ? " rewritten" : "",
		         (unsigned long long)k->what.kept.frame,
		         (unsigned long long)k->what.other.frame, k->what.kept.ttl,
		         k->what.other.ttl);
	}
	reader_fail(&c->r, "a conflict at %lld of %lld bytes expected; came: %s", (long long)offset,
	            (long long)length, came);
}

/* "conflict OFFSET LENGTH [kept BYTES] [other BYTES] [acked | policy]
   [first | second | unknown] [apart | near] [rewritten] [packets N N] [ttls N N]" */
static void check_conflict(struct claim *c)
{
	static struct content kept, other;
	int64_t offset = reader_number(&c->r), length = reader_number(&c->r);
	bool by_kept = reader_take(&c->r, "kept");
	if (by_kept)
		read_content(c, &kept);
	bool by_other = reader_take(&c->r, "other");
	if (by_other)
		read_content(c, &other);
	struct more more = {0};
	read_more(c, &more);
	for (size_t i = 0; i < c->stream->conflicts; i++) {
		const struct recorder_conflict *k = &c->stream->conflict[i];
		if (k->offset == offset && k->length == length &&
		    (!by_kept || same(&kept, k->kept, length)) &&
		    (!by_other || same(&other, k->other, length)) && holds(&more, &k->what))
			return;
	}
	fail_conflict(c, offset, length);
}

/* "set aside OFFSET BYTES" */
static void check_set(struct claim *c)
{
	static struct content bytes;
	if (!reader_take(&c->r, "aside"))
		reader_fail(&c->r, "'set aside' was expected");
	int64_t offset = reader_number(&c->r);
	read_content(c, &bytes);
	for (size_t i = 0; i < c->stream->rejects; i++) {
		const struct recorder_reject *k = &c->stream->reject[i];
		if (k->offset == offset && same(&bytes, k->bytes, k->length))
			return;
	}
	reader_fail(&c->r, "no such segment was set aside at %lld, of %zu that were",
	            (long long)offset, c->stream->rejects);
}

static void check_no(struct claim *c)
{
	if (reader_take(&c->r, "gaps")) {
		if (c->stream->gaps != 0)
			reader_fail(&c->r, "no gaps expected, %zu came, the first at %lld of %lld",
			            c->stream->gaps, (long long)c->stream->gap[0].offset,
			            (long long)c->stream->gap[0].length);
	} else if (reader_take(&c->r, "conflicts")) {
		if (c->stream->conflicts != 0)
			fail_conflict(c, 0, 0);
	} else if (reader_take(&c->r, "rejects")) {
		if (c->stream->rejects != 0)
			reader_fail(&c->r, "nothing set aside was expected, %zu segments came",
			            c->stream->rejects);
	} else {
		reader_fail(&c->r, "'no gaps', 'no conflicts' or 'no rejects' was expected");
	}
}

static void check_field(struct claim *c, const char *name, int64_t wanted)
{
	for (size_t i = 0; i < sizeof(account_fields) / sizeof(account_fields[0]); i++) {
		if (strcmp(account_fields[i].name, name) != 0)
			continue;
		int64_t came;
		memcpy(&came, (const uint8_t *)&c->stream->account + account_fields[i].offset,
		       sizeof(came));
		if (came != wanted)
			reader_fail(&c->r, "account %s %lld expected, %lld came", name,
			            (long long)wanted, (long long)came);
		return;
	}
	reader_fail(&c->r, "an account has no '%s'", name);
}

static void check_account(struct claim *c)
{
	do {
		char name[32];
		reader_word(&c->r, name, sizeof(name));
		check_field(c, name, reader_number(&c->r));
	} while (c->r.token.kind == TOKEN_WORD);
}

static void check_missing(struct claim *c)
{
	check_field(c, "missing", reader_number(&c->r));
}

static void check_starts(struct claim *c)
{
	int64_t wanted = reader_number(&c->r), came = recorder_start(c->stream);
	if (came != wanted)
		reader_fail(&c->r, "the stream should start at %lld, not %lld", (long long)wanted,
		            (long long)came);
}

static void check_streams(struct claim *c)
{
	int64_t wanted = reader_number(&c->r);
	size_t came = c->flow ? c->flow->dir[c->dir].streams : 0;
	if ((size_t)wanted != came)
		reader_fail(&c->r, "%lld streams expected, %zu came", (long long)wanted, came);
}

/* -- of a flow, of the run ------------------------------------------------------ */

/* "end REASON": of the stream if a side is named, else of the connection. */
static void check_end(struct claim *c)
{
	char name[32];
	reader_word(&c->r, name, sizeof(name));
	size_t i = 0, count;
	const struct tf_word_row *rows = tf_end_rows(&count);
	while (i < count && strcmp(rows[i].word, name) != 0)
		i++;
	if (i == count) {
		reader_fail(&c->r, "there is no end '%s'", name);
		return;
	}
	enum tf_end came = c->sender < 0 ? c->flow->end : c->stream->end;
	if ((size_t)came != i)
		reader_fail(&c->r, "end %s expected, %s came", name, rows[came].word);
}

/* "is WORD [lacking N]" */
static void check_is(struct claim *c)
{
	char name[32];
	size_t count;
	const struct tf_word_row *rows = tf_completeness_rows(&count);
	reader_word(&c->r, name, sizeof(name));
	bool last = c->flow && c->stream_number + 1 == c->flow->dir[c->dir].streams;
	enum tf_end end = c->flow && last ? c->flow->end : c->stream->end;
	const char *came = rows[tf_completeness_of(&c->stream->account, end)].word;
	if (strcmp(name, came) != 0)
		reader_fail(&c->r, "%s expected, not %s", name, came);
	int64_t lacks = tf_bytes_missing(&c->stream->account);
	if (reader_take(&c->r, "lacking") && reader_number(&c->r) != lacks)
		reader_fail(&c->r, "%lld bytes are missing", (long long)lacks);
}

/* "history LETTERS", "state WORD" */
static void check_history(struct claim *c)
{
	const char *came = c->flow->flow.history;
	if (c->r.token.kind != TOKEN_STRING || strcmp(c->r.token.text, came) != 0)
		reader_fail(&c->r, "history \"%s\" expected, \"%s\" came", c->r.token.text, came);
	reader_next(&c->r);
}

static void check_state(struct claim *c)
{
	char name[32];
	reader_word(&c->r, name, sizeof(name));
	const char *came = tf_conn_state(&c->flow->flow);
	if (strcmp(name, came) != 0)
		reader_fail(&c->r, "state %s expected, %s came", name, came);
}

static void check_originator(struct claim *c)
{
	if (c->sender < 0)
		reader_fail(&c->r, "say > or < before 'originator'");
	else if (c->flow->flow.originator != c->dir)
		reader_fail(&c->r, "the originator is the other side");
}

static void check_flows(struct claim *c)
{
	int64_t wanted = reader_number(&c->r);
	if ((size_t)wanted != c->outcome->placed->flows)
		reader_fail(&c->r, "%lld flows expected, %zu came", (long long)wanted,
		            c->outcome->placed->flows);
}

static void check_counter(struct claim *c)
{
	char name[48];
	reader_word(&c->r, name, sizeof(name));
	int64_t wanted = reader_number(&c->r);
	size_t n;
	const struct tf_counter_row *row = tf_counter_rows(&n);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(row[i].name, name) != 0)
			continue;
		uint64_t came;
		memcpy(&came, (const uint8_t *)c->outcome->counters + row[i].offset, sizeof(came));
		if (came != (uint64_t)wanted)
			reader_fail(&c->r, "counter %s %lld expected, %llu came", name,
			            (long long)wanted, (unsigned long long)came);
		return;
	}
	reader_fail(&c->r, "there is no counter '%s'", name);
}

static const struct verb verbs[] = {
        {"flows", check_flows, OF_RUN},
        {"counter", check_counter, OF_RUN},
        {"end", check_end, OF_FLOW},
        {"originator", check_originator, OF_FLOW},
        {"history", check_history, OF_FLOW},
        {"state", check_state, OF_FLOW},
        {"is", check_is, OF_STREAM},
        {"data", check_data, OF_STREAM},
        {"gap", check_gap, OF_STREAM},
        {"no", check_no, OF_STREAM},
        {"conflict", check_conflict, OF_STREAM},
        {"account", check_account, OF_STREAM},
        {"missing", check_missing, OF_STREAM},
        {"starts", check_starts, OF_STREAM},
        {"streams", check_streams, OF_STREAM},
        {"ordered", check_ordered, OF_STREAM},
        {"set", check_set, OF_STREAM},
};

/* -- what a line speaks of ------------------------------------------------------ */

static bool same_end(const struct tf_endpoint *a, const struct tf_endpoint *b)
{
	return a->port == b->port && memcmp(&a->address, &b->address, sizeof(a->address)) == 0;
}

/* -> the direction of x that side[0] of f sent; -1: x is not of f. */
static int dir_of(const struct script_flow *f, const struct tf_flow *x)
{
	for (int d = 0; d < 2; d++)
		if (same_end(&f->side[0].end, &x->end[d]) && same_end(&f->side[1].end, &x->end[!d]))
			return d;
	return -1;
}

static bool same_vlan(const struct script_flow *f, const struct tf_flow *x)
{
	return memcmp(f->vlan, x->vlan, sizeof(f->vlan)) == 0;
}

/* The first recorded flow of a declared one. */
static void find_flow(struct claim *c, const struct script_flow *f)
{
	const struct recorder *p = c->outcome->placed;
	for (size_t i = 0; i < p->flows; i++) {
		if (dir_of(f, &p->flow[i]->flow) >= 0 && same_vlan(f, &p->flow[i]->flow)) {
			c->flow = p->flow[i];
			c->flow_index = i;
			return;
		}
	}
}

static void read_flow(struct claim *c)
{
	const struct recorder *p = c->outcome->placed;
	struct script_flow *f;
	if (reader_take(&c->r, "flow")) {
		int64_t n = reader_number(&c->r);
		if (n >= 1 && (size_t)n <= p->flows) {
			c->flow = p->flow[n - 1];
			c->flow_index = (size_t)n - 1;
		} else {
			reader_fail(&c->r, "there is no flow %lld, %zu came", (long long)n,
			            p->flows);
		}
	} else if (c->r.token.kind == TOKEN_WORD &&
	           (f = script_flow(c->script, c->r.token.text)) != NULL) {
		reader_next(&c->r);
		find_flow(c, f);
	} else if (p->flows > 0) {
		c->flow = p->flow[0];
	}
}

static void read_side(struct claim *c)
{
	c->sender = reader_is(&c->r, ">") ? 0 : reader_is(&c->r, "<") ? 1 : -1;
	if (c->sender < 0)
		return;
	reader_next(&c->r);
	int dir = -1;
	for (size_t i = 0; i < c->script->flows && c->flow && dir < 0; i++)
		dir = dir_of(&c->script->flow[i], &c->flow->flow);
	if (dir < 0)
		reader_fail(&c->r, "that flow was not recorded");
	else
		c->dir = dir ^ c->sender;
}

/* "stream [K]" -> whether bytes follow, as in: stream "hello" */
static bool read_stream(struct claim *c)
{
	static const struct recorder_stream nothing;
	bool said = reader_take(&c->r, "stream");
	if (said && reader_has_number(&c->r))
		c->stream_number = (size_t)reader_number(&c->r);
	c->stream = &nothing;
	if (c->flow != NULL && c->sender >= 0) {
		const struct recorder_dir *d = &c->flow->dir[c->dir];
		if (c->stream_number < d->streams)
			c->stream = &d->stream[c->stream_number];
		else if (c->stream_number > 0)
			reader_fail(&c->r, "there is no stream %zu, %zu came", c->stream_number,
			            d->streams);
	}
	return said && content_follows(&c->r);
}

static void check_verb(struct claim *c)
{
	const struct verb *v = verbs, *end = verbs + sizeof(verbs) / sizeof(verbs[0]);
	while (v < end && !reader_is(&c->r, v->word))
		v++;
	if (v == end)
		reader_fail(&c->r, "nothing is known of '%s'", c->r.token.text);
	else if (v->of == OF_FLOW && c->flow == NULL)
		reader_fail(&c->r, "that flow was not recorded");
	else if (v->of == OF_STREAM && c->sender < 0)
		reader_fail(&c->r, "say > or < before '%s'", v->word);
	if (c->r.failed)
		return;
	reader_next(&c->r);
	v->check(c);
}

static bool check_line(struct claim *c, const struct line *line)
{
	reader_start(&c->r, c->script->file, line->number, line->text);
	c->flow = NULL;
	c->flow_index = 0;
	c->dir = 0;
	c->stream_number = 0;
	read_flow(c);
	read_side(c);
	if (read_stream(c) && c->sender >= 0)
		check_stream(c);
	else
		check_verb(c);
	reader_end(&c->r);
	return !c->r.failed;
}

bool expect_check(struct script *s, const struct outcome *o)
{
	struct claim c = {.script = s, .outcome = o};
	bool good = true;
	for (size_t i = 0; i < s->expects; i++)
		good = check_line(&c, &s->expect[i]) && good;
	free(c.place);
	return good;
}
