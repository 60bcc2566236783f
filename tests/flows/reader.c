/* SPDX-License-Identifier: BSD-3-Clause */
/* Words, numbers and bytes of a script's line. */
#include "script.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void reader_fail(struct reader *r, const char *format, ...)
{
	if (r->failed)
		return;
	r->failed = true;
	r->token.kind = TOKEN_END;
	printf("FAIL %s:%d: ", r->file, r->line);
	va_list ap;
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	printf("\n");
}

static void add(struct reader *r, char c)
{
	struct token *t = &r->token;
	if (t->n + 1 == sizeof(t->text)) {
		reader_fail(r, "a word of more than %zu bytes", sizeof(t->text) - 1);
		return;
	}
	t->text[t->n++] = c;
	t->text[t->n] = '\0';
}

static int hex_digit(int c)
{
	return isdigit(c) ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

/* \n \r \t \0 \\ \" \xNN; at stands behind the backslash. */
static char unescape(struct reader *r)
{
	static const char from[] = "nrt0\\\"", to[] = "\n\r\t\0\\\"";
	char c = *r->at;
	if (c == 'x') {
		int high = hex_digit((unsigned char)r->at[1]);
		int low = high < 0 ? -1 : hex_digit((unsigned char)r->at[2]);
		if (low >= 0) {
			r->at += 3;
			return (char)(high << 4 | low);
		}
	}
	const char *p = c ? strchr(from, c) : NULL;
	if (p == NULL) {
		reader_fail(r, "\\%c is no escape (\\n \\r \\t \\0 \\\\ \\\" \\xNN are)", c);
		return 0;
	}
	r->at++;
	return to[p - from];
}

static void read_string(struct reader *r)
{
	r->token.kind = TOKEN_STRING;
	r->at++;
	while (*r->at != '"' && !r->failed) {
		char c = *r->at;
		if (c == '\0') {
			reader_fail(r, "a string without its closing quote");
			return;
		}
		r->at++;
		add(r, c == '\\' ? unescape(r) : c);
	}
	r->at += !r->failed;
}

static bool in_word(char c)
{
	return isalnum((unsigned char)c) || (c != '\0' && strchr(".:_-,[]", c) != NULL);
}

void reader_next(struct reader *r)
{
	r->token = (struct token){.kind = TOKEN_END};
	if (r->failed)
		return;
	while (isspace((unsigned char)*r->at))
		r->at++;
	char c = *r->at;
	r->from = r->at;
	if (c == '\0' || c == '#')
		return;
	if (c == '"') {
		read_string(r);
	} else if (strchr("><@*", c) != NULL) {
		r->token.kind = TOKEN_MARK;
		add(r, *r->at++);
	} else if (in_word(c)) {
		r->token.kind = TOKEN_WORD;
		while (in_word(*r->at))
			add(r, *r->at++);
	} else {
		reader_fail(r, "unexpected '%c'", c);
	}
}

void reader_start(struct reader *r, const char *file, int line, const char *text)
{
	*r = (struct reader){.at = text, .file = file, .line = line};
	reader_next(r);
}

bool reader_is(const struct reader *r, const char *text)
{
	return (r->token.kind == TOKEN_WORD || r->token.kind == TOKEN_MARK) &&
	       strcmp(r->token.text, text) == 0;
}

bool reader_take(struct reader *r, const char *text)
{
	bool is = reader_is(r, text);
	if (is)
		reader_next(r);
	return is;
}

static bool to_number(const struct reader *r, int64_t *value)
{
	char *end;
	errno = 0;
	*value = strtoll(r->token.text, &end, 10);
	return r->token.kind == TOKEN_WORD && *end == '\0' && end != r->token.text && errno == 0;
}

bool reader_has_number(const struct reader *r)
{
	int64_t value;
	return to_number(r, &value);
}

int64_t reader_number(struct reader *r)
{
	int64_t value = 0;
	if (!to_number(r, &value))
		reader_fail(r, "a number was expected, not '%s'", r->token.text);
	reader_next(r);
	return value;
}

void reader_word(struct reader *r, char *to, size_t room)
{
	if (r->token.kind != TOKEN_WORD)
		reader_fail(r, "a word was expected, not '%s'", r->token.text);
	snprintf(to, room, "%.*s", (int)room - 1, r->token.text);
	reader_next(r);
}

void reader_end(struct reader *r)
{
	if (r->token.kind != TOKEN_END)
		reader_fail(r, "'%s' means nothing here", r->token.text);
}

/* -- content ---------------------------------------------------------------- */

bool content_follows(const struct reader *r)
{
	return r->token.kind == TOKEN_STRING || reader_is(r, "zeros") || reader_is(r, "data");
}

static size_t read_count(struct reader *r)
{
	int64_t n = reader_number(r);
	if (n < 0 || n > 1 << 20) {
		reader_fail(r, "%lld is no sensible number of bytes", (long long)n);
		return 0;
	}
	return (size_t)n;
}

static void read_term(struct reader *r, struct term *t)
{
	*t = (struct term){.times = 1};
	if (r->token.kind != TOKEN_STRING) {
		t->kind = reader_is(r, "zeros") ? TERM_ZEROS : TERM_PATTERN;
		reader_next(r);
		t->n = read_count(r);
		return;
	}
	t->kind = TERM_TEXT;
	t->n = r->token.n;
	if (t->n > sizeof(t->text)) {
		reader_fail(r, "a string of more than %zu bytes", sizeof(t->text));
		return;
	}
	memcpy(t->text, r->token.text, t->n);
	reader_next(r);
	if (reader_take(r, "*"))
		t->times = read_count(r);
}

void content_read(struct reader *r, struct content *c)
{
	while (content_follows(r)) {
		if (c->terms == SCRIPT_TERMS) {
			reader_fail(r, "more than %d strings in a row", SCRIPT_TERMS);
			return;
		}
		read_term(r, &c->term[c->terms++]);
	}
	if (reader_take(r, "@")) {
		c->has_at = true;
		c->at = reader_number(r);
	}
}

size_t content_size(const struct content *c)
{
	size_t n = 0;
	for (size_t i = 0; i < c->terms; i++)
		n += c->term[i].n * c->term[i].times;
	return n;
}

static uint8_t pattern(int64_t offset)
{
	int64_t in_group = (offset % 10 + 10) % 10;
	char group[32];
	snprintf(group, sizeof(group), "%9lld|", (long long)(offset - in_group));
	return (uint8_t)group[in_group];
}

static uint8_t *fill_text(const struct term *t, uint8_t *to)
{
	for (size_t k = 0; k < t->times; k++, to += t->n)
		memcpy(to, t->text, t->n);
	return to;
}

void content_fill(const struct content *c, int64_t offset, uint8_t *to)
{
	const uint8_t *begin = to;
	for (size_t i = 0; i < c->terms; i++) {
		const struct term *t = &c->term[i];
		if (t->kind == TERM_TEXT) {
			to = fill_text(t, to);
			continue;
		}
		for (size_t k = 0; k < t->n; k++, to++)
			*to = t->kind == TERM_ZEROS ? 0 : pattern(offset + (to - begin));
	}
}
