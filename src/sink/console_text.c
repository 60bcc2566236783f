/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pieces for people. As tcpflow 1.6.1 prints them:
 *
 *	010.000.000.001.04000-010.000.000.002.00080: GET / HTTP/1.1
 *	Host: example.org
 *
 * with a newline behind each piece, and what is ours in brackets. As transcripts, where
 * each line begins with a mark that payload cannot write:
 *
 *	# 2026-11-27T07:55:18.250000000Z 010.000.000.001.04000-010.000.000.002.00080
 *	> GET / HTTP/1.1
 *	> Host: example.org
 *	>
 *	# 2026-11-27T07:55:18.500000000Z 010.000.000.002.00080-010.000.000.001.04000
 *	< HTTP/1.1 200 OK
 *
 * A # line comes when another side or another connection speaks, with the time of what it
 * says first. Pieces of one side go on where the one before ended.
 */
#include "sink/console_inside.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum { HEX_LINE = 32, OFFSET_ROOM = 24 };

/* -- around a piece ---------------------------------------------------------------- */

void console_colour(struct console *s, const struct tf_event *ev)
{
	if (s->setup->how.colours)
		text_string(&s->out, ev->dir == ev->flow->originator ? "\033[0;34m" : "\033[0;31m");
}

void console_no_colour(struct console *s)
{
	if (s->setup->how.colours)
		text_string(&s->out, "\033[0m");
}

static void put_time(struct console *s, enum tf_stamps stamps, int64_t ns)
{
	struct transcript *t = s->to;
	switch (stamps) {
	case TF_STAMPS_NONE:
		return;
	case TF_STAMPS_ISO:
		text_iso(&s->out, ns, 9);
		break;
	case TF_STAMPS_EPOCH:
		text_seconds(&s->out, ns);
		break;
	case TF_STAMPS_DELTA: {
		int64_t since = 0;
		if (t->timed && __builtin_sub_overflow(ns, t->latest_ns, &since))
			since = ns < 0 ? INT64_MIN : INT64_MAX;
		text_seconds(&s->out, since);
		break;
	}
	}
	t->timed = true;
	t->latest_ns = ns;
}

static void put_name(struct console *s, const struct tf_event *ev)
{
	char name[NAME_ROOM];
	const struct named who = name_subject(s->setup->names, ev->flow, ev->dir);
	name_write(&who, 0, name);
	if (s->setup->how.prefix != NULL)
		text_string(&s->out, s->setup->how.prefix);
	text_string(&s->out, name);
}

/* The time and the name, as far as they are wanted -> whether there is any of them. */
static bool put_header(struct console *s, const struct tf_event *ev)
{
	const struct tf_printing *how = &s->setup->how;
	put_time(s, how->stamps, ev->ts_ns);
	if (how->stamps != TF_STAMPS_NONE)
		text_bytes(&s->out, " ", 1);
	if (how->bare)
		return how->stamps != TF_STAMPS_NONE;
	put_name(s, ev);
	text_string(&s->out, ": ");
	return true;
}

static void finish_piece(struct console *s)
{
	bool ends = s->out.n > 0 && s->out.to[s->out.n - 1] == '\n';
	console_no_colour(s);
	if (!s->setup->how.joined)
		text_bytes(&s->out, "\n", 1);
	s->fresh = ends || !s->setup->how.joined;
}

/* -- payload ------------------------------------------------------------------------- */

static char shown(uint8_t b)
{
	return (char)(b >= 0x20 && b < 0x7f ? b : '.');
}

/* A carriage return alone would have a terminal write over the line. `ended`: behind the last
   byte there will be a newline. */
static bool is_harmless_return(const uint8_t *p, size_t n, size_t i, bool ended)
{
	return i + 1 < n ? p[i + 1] == '\n' : ended;
}

static void put_text(struct console *s, const uint8_t *p, size_t n)
{
	size_t start = s->out.n;
	bool terminal = s->setup->terminal, ended = !s->setup->how.joined;
	text_bytes(&s->out, p, n);
	if (s->setup->how.form == TF_FORM_RAW && !terminal)
		return;
	char *to = s->out.to + start;
	for (size_t i = 0; i < n && start + i < s->out.n; i++)
		if (p[i] != '\n' &&
		    (p[i] != '\r' || (terminal && !is_harmless_return(p, n, i, ended))))
			to[i] = shown(p[i]);
}

/* A line of n bytes, at most HEX_LINE; the text stands behind as many columns as that of the
   line before, kept in *columns. */
static void put_hex_line(struct text *t, const char *offset, const uint8_t *p, size_t n,
                         size_t *columns)
{
	static const char digit[] = "0123456789abcdef";
	static const char blanks[HEX_LINE * 3 + OFFSET_ROOM + 1] =
	        "                                                            "
	        "                                                            ";
	char hex[HEX_LINE * 3], text[HEX_LINE];
	size_t used = 0, start = t->n;
	for (size_t i = 0; i < n; i++) {
		hex[used++] = digit[p[i] >> 4];
		hex[used++] = digit[p[i] & 15];
		if (i % 2 == 1)
			hex[used++] = ' ';
		text[i] = shown(p[i]);
	}
	text_string(t, offset);
	text_bytes(t, hex, used);
	used = t->n - start;
	*columns = used > *columns ? used : *columns;
	text_bytes(t, blanks, *columns - used + 1);
	text_bytes(t, text, n);
	text_bytes(t, "\n", 1);
}

static void put_hex(struct console *s, const uint8_t *p, size_t n)
{
	size_t columns = 0;
	for (size_t i = 0; i < n; i += HEX_LINE) {
		char offset[OFFSET_ROOM];
		struct text t = text_in(offset, sizeof offset);
		text_printf(&t, "%04zx: ", i);
		put_hex_line(&s->out, offset, p + i, n - i < HEX_LINE ? n - i : HEX_LINE, &columns);
	}
}

/* -- as 1.6.1 -------------------------------------------------------------------------- */

static void text_piece(struct console *s, const struct tf_event *ev)
{
	console_colour(s, ev);
	(void)put_header(s, ev);
	put_text(s, ev->data.p, ev->data.n);
	finish_piece(s);
}

static void hex_piece(struct console *s, const struct tf_event *ev)
{
	console_colour(s, ev);
	if (put_header(s, ev))
		text_bytes(&s->out, "\n", 1);
	put_hex(s, ev->data.p, ev->data.n);
	finish_piece(s);
}

static void put_missing(struct text *t, const struct tf_event *ev)
{
	static const char *const why[] = {
	        [TF_GAP_LOST] = "not captured",
	        [TF_GAP_SNAPLEN] = "cut off by the snaplen",
	        [TF_GAP_KERNEL] = "dropped by the kernel",
	        [TF_GAP_EVICTED] = "given up for memory",
	        [TF_GAP_REJECTED] = "in rejected segments alone",
	        [TF_GAP_LIMIT] = "beyond the limit",
	};
	text_printf(t, "%" PRId64 " byte%s missing from offset %" PRId64 " on: %s", ev->length,
	            ev->length == 1 ? "" : "s", ev->offset, why[ev->cause]);
}

/* What is ours stands on a line of its own. */
static void put_remark(struct console *s, const struct tf_event *ev, const char *remark)
{
	if (!s->fresh)
		text_bytes(&s->out, "\n", 1);
	console_colour(s, ev);
	(void)put_header(s, ev);
	text_printf(&s->out, "[%s]", remark);
	console_no_colour(s);
	text_bytes(&s->out, "\n", 1);
	s->fresh = true;
}

/* Raw bytes without names are for programs: nothing is put between them. */
static bool is_for_programs(const struct console *s)
{
	const struct tf_printing *how = &s->setup->how;
	return how->form == TF_FORM_RAW && !s->setup->terminal && how->bare;
}

static void text_gap(struct console *s, const struct tf_event *ev)
{
	char remark[120];
	struct text t = text_in(remark, sizeof remark);
	put_missing(&t, ev);
	if (!is_for_programs(s))
		put_remark(s, ev, remark);
}

/* Of connections that end nothing is printed; of streams that end at a hole the hole is. */
static void text_end(struct console *s, const struct tf_event *ev)
{
	if (ev->dir != TF_BOTH && !is_for_programs(s))
		put_remark(s, ev, "more bytes missing than a stream may lack: another begins");
}

const struct form console_form_text = {.piece = text_piece, .gap = text_gap, .end = text_end};
const struct form console_form_hex = {.piece = hex_piece, .gap = text_gap, .end = text_end};

/* -- transcripts ------------------------------------------------------------------------- */

static void put_mark(struct console *s, const struct tf_event *ev)
{
	text_bytes(&s->out, ev->dir == ev->flow->originator ? "> " : "< ", 2);
}

/* Ends the line that is open, if one is. */
static void end_line(struct console *s)
{
	struct transcript *t = s->to;
	if (t->cr)
		text_bytes(&s->out, ".", 1);
	if (t->open)
		text_bytes(&s->out, "\n", 1);
	t->open = t->cr = false;
}

static void put_session_time(struct console *s, const struct tf_event *ev)
{
	enum tf_stamps stamps = s->setup->how.stamps;
	text_string(&s->out, "# ");
	put_time(s, stamps == TF_STAMPS_NONE ? TF_STAMPS_ISO : stamps, ev->ts_ns);
	text_bytes(&s->out, " ", 1);
}

/* Somebody speaks: says who, unless it is who spoke before. */
static void take_turn(struct console *s, const struct tf_event *ev)
{
	struct transcript *t = s->to;
	if (t->flow == ev->flow->number && t->dir == ev->dir)
		return;
	end_line(s);
	put_session_time(s, ev);
	put_name(s, ev);
	text_bytes(&s->out, "\n", 1);
	t->flow = ev->flow->number;
	t->dir = ev->dir;
}

/* Bytes without ends of lines. */
static void put_run(struct console *s, const struct tf_event *ev, const uint8_t *p, size_t n)
{
	struct transcript *t = s->to;
	if (n == 0)
		return;
	if (!t->open)
		put_mark(s, ev);
	if (t->cr)
		text_bytes(&s->out, ".", 1);
	t->open = true;
	t->cr = false;
	size_t start = s->out.n;
	text_bytes(&s->out, p, n);
	for (size_t i = start; i < s->out.n; i++)
		s->out.to[i] = shown((uint8_t)s->out.to[i]);
}

/* A newline, or a carriage return: which is a part of the newline behind it. */
static void put_line_end(struct console *s, const struct tf_event *ev, uint8_t b)
{
	struct transcript *t = s->to;
	if (!t->open)
		put_mark(s, ev);
	if (b == '\r') {
		if (t->cr)
			text_bytes(&s->out, ".", 1);
		t->open = t->cr = true;
		return;
	}
	t->cr = t->open = false;
	text_bytes(&s->out, "\n", 1);
}

static void session_piece(struct console *s, const struct tf_event *ev)
{
	const uint8_t *p = ev->data.p;
	size_t n = ev->data.n, start = 0;
	take_turn(s, ev);
	console_colour(s, ev);
	for (size_t i = 0; i < n; i++) {
		if (p[i] != '\n' && p[i] != '\r')
			continue;
		put_run(s, ev, p + start, i - start);
		put_line_end(s, ev, p[i]);
		start = i + 1;
	}
	put_run(s, ev, p + start, n - start);
	console_no_colour(s);
}

static void session_hex_piece(struct console *s, const struct tf_event *ev)
{
	size_t n = ev->data.n, columns = 0;
	take_turn(s, ev);
	console_colour(s, ev);
	for (size_t i = 0; i < n; i += HEX_LINE) {
		char offset[OFFSET_ROOM];
		struct text t = text_in(offset, sizeof offset);
		text_printf(&t, "%08" PRIx64 ": ", (uint64_t)ev->offset + i);
		put_mark(s, ev);
		put_hex_line(&s->out, offset, ev->data.p + i, n - i < HEX_LINE ? n - i : HEX_LINE,
		             &columns);
	}
	console_no_colour(s);
}

static void session_gap(struct console *s, const struct tf_event *ev)
{
	end_line(s);
	s->to->flow = 0; /* whoever speaks next is named */
	put_session_time(s, ev);
	put_name(s, ev);
	text_string(&s->out, ": ");
	put_missing(&s->out, ev);
	text_bytes(&s->out, "\n", 1);
}

static const char *const ends[] = {
        [TF_END_NONE] = "end",
        [TF_END_FIN] = "end: closed by both sides",
        [TF_END_RST] = "end: reset",
        [TF_END_REUSED] = "end: another connection has its ports",
        [TF_END_EVICTED] = "end: given up for memory",
        [TF_END_HOLE] = "more bytes missing than a stream may lack: another begins",
        [TF_END_INPUT] = "the capture ends",
        [TF_END_TIMEOUT] = "end: silent for too long",
        [TF_END_FIN_UNACKED] = "end: closed by both sides, not all of it acknowledged",
        [TF_END_ROTATED] = "this file ends, the connection goes on in the next",
};

static_assert(sizeof ends / sizeof *ends == TF_END_ROTATED + 1, "a row for each end");

/* What both sides made of it is told with the originator's name. */
static void session_end(struct console *s, const struct tf_event *ev)
{
	struct tf_event of = *ev;
	bool both = ev->dir == TF_BOTH;
	of.dir = both ? ev->flow->originator : ev->dir;
	end_line(s);
	s->to->flow = 0;
	put_session_time(s, &of);
	put_name(s, &of);
	text_printf(&s->out, ": %s\n", ends[ev->end]);
}

const struct form console_form_session = {
        .piece = session_piece, .gap = session_gap, .end = session_end};
const struct form console_form_session_hex = {
        .piece = session_hex_piece, .gap = session_gap, .end = session_end};
