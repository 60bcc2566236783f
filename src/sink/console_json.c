/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pieces for programs: an object a line. Keys are those of tcpflow 1.6.1 and Suricata's EVE
 * where these have some; payload is text (base/text.h says how), payload_base64 its bytes.
 */
#include "sink/console_inside.h"

#include <inttypes.h>

static void put_key(struct text *t, const char *key)
{
	text_bytes(t, ",\"", 2);
	text_string(t, key);
	text_bytes(t, "\":", 2);
}

static void put_number(struct text *t, const char *key, int64_t v)
{
	put_key(t, key);
	text_i64(t, v);
}

static void put_word(struct text *t, const char *key, const char *word)
{
	put_key(t, key);
	text_json_string(t, word);
}

static void put_ends(struct text *t, const struct tf_flow *f, unsigned from)
{
	char src[TF_ADDRESS_TEXT], dst[TF_ADDRESS_TEXT];
	tf_address_text(&f->end[from].address, src);
	tf_address_text(&f->end[!from].address, dst);
	text_printf(t, "\"src_host\":\"%s\",\"src_port\":%u,\"dst_host\":\"%s\",\"dst_port\":%u",
	            src, f->end[from].port, dst, f->end[!from].port);
}

static void put_vlans(struct text *t, const struct tf_flow *f)
{
	if (f->vlan[0] == 0)
		return;
	put_key(t, "vlan");
	for (int i = 0; i < TF_VLANS && f->vlan[i] != 0; i++)
		text_printf(t, "%s%u", i > 0 ? "," : "[", f->vlan[i]);
	text_bytes(t, "]", 1);
}

/* Left out where the system cannot make one. */
static void put_community_id(struct console *s, const struct tf_flow *f)
{
	if (s->identified != f->number)
		(void)tf_community_id(f, s->setup->community_seed, s->community_id);
	s->identified = f->number;
	if (s->community_id[0] != '\0')
		put_word(&s->out, "community_id", s->community_id);
}

/* What all objects begin with. Of both directions, src is who opened the connection. */
static void put_begin(struct console *s, const struct tf_event *ev, const char *type)
{
	struct text *t = &s->out;
	const struct tf_flow *f = ev->flow;
	unsigned from = ev->dir == TF_BOTH ? f->originator : ev->dir;
	text_string(t, "{\"timestamp\":\"");
	text_iso(t, ev->ts_ns, 9);
	text_bytes(t, "\"", 1);
	put_word(t, "event_type", type);
	put_key(t, "flow");
	text_u64(t, f->number);
	put_community_id(s, f);
	if (ev->dir != TF_BOTH)
		put_word(t, "direction", from == f->originator ? "client" : "server");
	text_bytes(t, ",", 1);
	put_ends(t, f, from);
	put_vlans(t, f);
}

static void put_end(struct console *s)
{
	text_bytes(&s->out, "}\n", 2);
}

static void put_payload(struct text *t, struct tf_span b)
{
	put_key(t, "payload");
	text_json(t, b.p, b.n);
	put_key(t, "payload_base64");
	text_bytes(t, "\"", 1);
	text_base64(t, b.p, b.n);
	text_bytes(t, "\"", 1);
}

/* The packet that brought it. */
static void put_packet(struct text *t, const struct tf_event *ev)
{
	put_key(t, "packet");
	text_u64(t, ev->frame);
	put_number(t, "source", ev->source);
}

static void put_place(struct text *t, const struct tf_event *ev)
{
	put_number(t, "stream", ev->stream);
	put_number(t, "offset", ev->offset);
	put_number(t, "length", ev->length);
}

static void put_segment(struct text *t, const struct tf_event *ev)
{
	const struct tf_segment *segment = ev->segment;
	put_number(t, "seq", segment->seq);
	put_number(t, "ack", segment->ack);
	put_number(t, "flags", segment->flags);
	put_number(t, "length", (int64_t)ev->data.n);
	if (segment->cut > 0)
		put_number(t, "cut", segment->cut);
}

static void json_piece(struct console *s, const struct tf_event *ev)
{
	bool packet = ev->kind == TF_SEGMENT;
	put_begin(s, ev, packet ? "packet" : "data");
	if (packet)
		put_segment(&s->out, ev);
	else
		put_place(&s->out, ev);
	put_packet(&s->out, ev);
	put_payload(&s->out, ev->data);
	put_end(s);
}

static void json_gap(struct console *s, const struct tf_event *ev)
{
	put_begin(s, ev, "gap");
	put_place(&s->out, ev);
	size_t causes;
	put_word(&s->out, "cause", tf_gap_cause_rows(&causes)[ev->cause].name);
	put_end(s);
}

static void json_begin(struct console *s, const struct tf_event *ev)
{
	put_begin(s, ev, "begin");
	put_end(s);
}

static void json_end(struct console *s, const struct tf_event *ev)
{
	size_t rows;
	put_begin(s, ev, "end");
	if (ev->dir != TF_BOTH)
		put_number(&s->out, "stream", ev->stream);
	put_word(&s->out, "reason", tf_end_rows(&rows)[ev->end].word);
	put_end(s);
}

const struct form console_form_json = {
        .begin = json_begin, .piece = json_piece, .gap = json_gap, .end = json_end};

/* -- as 1.6.1 ---------------------------------------------------------------------------- */

/* Its space, too. */
static void legacy_piece(struct console *s, const struct tf_event *ev)
{
	struct text *t = &s->out;
	console_colour(s, ev);
	text_bytes(t, "{", 1);
	put_ends(t, ev->flow, ev->dir);
	text_string(t, ",\"payload\": [");
	for (size_t i = 0; i < ev->data.n; i++) {
		if (i > 0)
			text_bytes(t, ",", 1);
		text_u64(t, ev->data.p[i]);
	}
	text_string(t, "]}");
	console_no_colour(s);
	if (!s->setup->how.joined)
		text_bytes(t, "\n", 1);
}

const struct form console_form_json_legacy = {.piece = legacy_piece};
