/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flows.jsonl: an object for each connection. What Zeek's conn.log has goes by its names there;
 * each direction has an object of its own besides, `orig` and `resp`. A stream that ends before
 * its connection has a line with that one object, whose event_type is "stream".
 */
#include "sink/report.h"
#include "sink/words.h"

static void name(struct text *t, const char *what)
{
	if (t->to[t->n - 1] != '{')
		text_string(t, ",");
	text_string(t, "\"");
	text_string(t, what);
	text_string(t, "\":");
}

static void string(struct text *t, const char *what, const char *value)
{
	name(t, what);
	text_json_string(t, value);
}

static void number(struct text *t, const char *what, int64_t value)
{
	name(t, what);
	text_i64(t, value);
}

static void seconds(struct text *t, const char *what, int64_t ns)
{
	name(t, what);
	text_seconds(t, ns);
}

static void address(struct text *t, const char *what, const struct tf_address *a)
{
	char text[TF_ADDRESS_TEXT];
	tf_address_text(a, text);
	string(t, what, text);
}

static void mac(struct text *t, const char *what, const uint8_t b[6])
{
	static const uint8_t none[6];
	bool known = false;
	for (int i = 0; i < 6; i++)
		known = known || b[i] != none[i];
	if (!known)
		return;
	name(t, what);
	text_string(t, "\"");
	word_mac(t, b);
	text_string(t, "\"");
}

/* -- a direction ------------------------------------------------------------------- */

static void digest(struct text *t, const char *what, const uint8_t *p, size_t n)
{
	name(t, what);
	text_string(t, "\"");
	text_hex(t, p, n);
	text_string(t, "\"");
}

static void write_file(struct text *t, const struct report_row *r, const struct tf_record *record)
{
	if (record->name == NULL)
		return;
	if (!r->nameless)
		string(t, "file", record->name);
	number(t, "file_size", record->size);
	if (record->has_md5)
		digest(t, "md5", record->md5, sizeof record->md5);
	if (record->has_sha256)
		digest(t, "sha256", record->sha256, sizeof record->sha256);
}

static void write_account(struct text *t, const struct tf_account *a)
{
	size_t terms;
	const struct word_term *term = word_terms(&terms);
	name(t, "account");
	text_string(t, "{");
	for (size_t i = 0; i < terms; i++)
		number(t, term[i].name, word_value(a, &term[i]));
	text_string(t, "}");
}

static void write_gaps(struct text *t, const struct report_row *r, const struct report_stream *m)
{
	const struct report_gap *g = slab_at(r->gaps, m->first);
	number(t, "gap_count", m->gaps);
	name(t, "gaps");
	text_string(t, "[");
	for (const char *comma = ""; g != NULL; g = slab_at(r->gaps, g->next), comma = ",") {
		text_string(t, comma);
		text_string(t, "{");
		number(t, "offset", g->offset);
		number(t, "length", g->length);
		string(t, "cause", word_cause((enum tf_gap_cause)g->cause));
		text_string(t, "}");
	}
	text_string(t, "]");
}

/* k: which of those that END tells of */
static void write_direction(struct text *t, const struct report_row *r, unsigned dir, unsigned k)
{
	const struct tf_flow *f = r->end->flow;
	const struct tf_account *a = &r->account[k];
	size_t n;
	enum tf_completeness what = tf_completeness_of(a, r->end->end);
	name(t, dir == f->originator ? "orig" : "resp");
	text_string(t, "{");
	write_file(t, r, &r->record[k]);
	number(t, "stream", r->end->stream);
	if (r->continues)
		number(t, "offset", r->account[k].offset);
	string(t, "completeness", tf_completeness_rows(&n)[what].word);
	number(t, "bytes_missing", tf_bytes_missing(a));
	if (f->packets[dir] > 0) {
		seconds(t, "began", f->began_ns[dir]);
		seconds(t, "latest", f->latest_ns[dir]);
	}
	number(t, "frame_bytes", (int64_t)f->frame_bytes[dir]);
	if (f->marks[dir].kind[0] != 0) {
		name(t, "marks");
		text_string(t, "\"");
		word_marks(t, &f->marks[dir]);
		text_string(t, "\"");
	}
	number(t, "conflicts", r->stream[k].conflicts);
	write_gaps(t, r, &r->stream[k]);
	write_account(t, a);
	text_string(t, "}");
}

/* -- a connection ---------------------------------------------------------------------- */

/* What a side has sent, captured or not. */
static int64_t sent(const struct tf_account *a)
{
	return a->span + a->tail_missing;
}

static void write_id(struct text *t, const struct report_row *r)
{
	const struct tf_flow *f = r->end->flow;
	const struct tf_endpoint *orig = &f->end[f->originator], *resp = &f->end[!f->originator];
	seconds(t, "ts", f->first_ns);
	string(t, "event_type", r->end->dir == TF_BOTH ? "flow" : "stream");
	name(t, "flow_id");
	journal_number(r->part, f);
	number(t, "first_packet", (int64_t)f->number);
	address(t, "id.orig_h", &orig->address);
	number(t, "id.orig_p", orig->port);
	address(t, "id.resp_h", &resp->address);
	number(t, "id.resp_p", resp->port);
	string(t, "proto", "tcp");
	if (r->community[0] != '\0')
		string(t, "community_id", r->community);
}

static void write_vlans(struct text *t, const struct tf_flow *f)
{
	if (f->vlan[0] != 0)
		number(t, "vlan", f->vlan[0]);
	if (f->vlan[0] != 0 && f->vlan[1] != 0)
		number(t, "inner_vlan", f->vlan[1]);
	if (f->net[0] == 0)
		return;
	name(t, "nets");
	text_string(t, "\"");
	word_nets(t, f);
	text_string(t, "\"");
}

static void write_whole(struct text *t, const struct report_row *r)
{
	const struct tf_flow *f = r->end->flow;
	unsigned o = f->originator;
	const struct tf_account *orig = &r->account[o], *resp = &r->account[!o];
	seconds(t, "duration", f->last_ns - f->first_ns);
	number(t, "orig_bytes", sent(orig));
	number(t, "resp_bytes", sent(resp));
	string(t, "conn_state", tf_conn_state(f));
	number(t, "missed_bytes",
	       orig->missing + orig->tail_missing + resp->missing + resp->tail_missing);
	string(t, "history", f->history);
	if (f->resumed)
		text_string(t, ",\"resumed\":true");
	number(t, "orig_pkts", (int64_t)f->packets[o]);
	number(t, "resp_pkts", (int64_t)f->packets[!o]);
	mac(t, "orig_l2_addr", f->mac[o]);
	mac(t, "resp_l2_addr", f->mac[!o]);
}

void report_json_row(const struct report_row *r, struct text *t)
{
	const struct tf_flow *f = r->end->flow;
	size_t n;
	text_string(t, "{");
	write_id(t, r);
	write_vlans(t, f);
	string(t, "end", tf_end_rows(&n)[r->end->end].word);
	if (r->continues) {
		name(t, "continues");
		text_string(t, "true");
	}
	if (r->end->dir != TF_BOTH) {
		write_direction(t, r, r->end->dir, 0);
	} else {
		write_whole(t, r);
		write_direction(t, r, f->originator, f->originator);
		write_direction(t, r, !f->originator, !f->originator);
	}
	text_string(t, "}\n");
}
