/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text that is written piece by piece into a buffer of the caller's: rows of JSON and XML
 * out of bytes that strangers chose, numbers, times.
 *
 * What does not fit is left out as a whole piece, and `full` then stays set: a row is put
 * together without looking, and `full` looked at once, at its end. The buffer always ends
 * in a NUL, which n does not count.
 *
 * What comes out of text_json() and text_xml() is printable UTF-8 whatever went in: no byte
 * below 0x20 and no 0x7f, no character that a terminal obeys or that makes text look other
 * than it is (text_is_hidden()). It reads back as it was, with one convention that JSON and
 * XML share, since neither has a way to say it:
 *
 *	a byte that is no part of valid UTF-8           \xNN   two hexadecimal digits, in lower case
 *	XML: a character that XML 1.0 forbids           \xNN   for each of its bytes
 *	a backslash before x and two hexadecimal digits \x5c
 *
 * So the bytes are had back by parsing the JSON or XML, encoding the value as UTF-8, and
 * replacing each \xNN by the byte NN. Any other backslash stands for itself. (In JSON source
 * a backslash is written twice, as always.)
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <tcpflow/tcpflow.h>

#include <string.h>

struct text {
	char *to;      /* NUL-terminated */
	size_t size;   /* of it, with the NUL */
	size_t n;      /* bytes of text, less than size */
	bool full;     /* something did not fit; sticky */
	int64_t day;   /* since 1970, of the latest time that was written, */
	char date[16]; /* and as it was written; "": there was none */
};

/* An empty text in to[size]; size is at least 1. */
struct text text_in(void *to, size_t size);

/* Back to n bytes (of an earlier t->n), whether something did not fit since or not. */
void text_cut(struct text *t, size_t n);

/* -> n bytes to write to, behind which there is a NUL; NULL: they do not fit. These three
   stand here so that of a literal only the copying is left: a row has a hundred of them. */
static inline char *text_room(struct text *t, size_t n)
{
	if (t->full || n >= t->size - t->n) {
		t->full = true;
		return NULL;
	}
	char *at = t->to + t->n;
	t->n += n;
	t->to[t->n] = '\0';
	return at;
}

static inline void text_bytes(struct text *t, const void *p, size_t n)
{
	char *at = text_room(t, n);
	if (at != NULL && n > 0)
		memcpy(at, p, n);
}

static inline void text_string(struct text *t, const char *s)
{
	text_bytes(t, s, strlen(s));
}

void text_printf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* In decimal; much quicker than text_printf(). */
void text_u64(struct text *t, uint64_t v);

/* The same with zeros in front, up to width <= 20 digits. */
void text_padded(struct text *t, uint64_t v, unsigned width);
void text_i64(struct text *t, int64_t v);

/* A JSON string (RFC 8259) with its quotes. */
void text_json(struct text *t, const void *bytes, size_t n);
void text_json_string(struct text *t, const char *s);

/* For an XML 1.0 attribute's value, in either kind of quotes, or an element's text; reading
   it changes nothing: tabs and ends of lines are written as references. */
void text_xml(struct text *t, const void *bytes, size_t n);
void text_xml_string(struct text *t, const char *s);

void text_hex(struct text *t, const void *bytes, size_t n);

/* RFC 4648, 4: with = at the end. */
void text_base64(struct text *t, const void *bytes, size_t n);

/* A time as ISO 8601 in UTC, 2008-10-06T17:54:54.796605Z; digits behind the point: 0, 6 or 9
   (what is behind them is cut, towards the past). */
void text_iso(struct text *t, int64_t ns, unsigned digits);

/* text_iso() with as many of 0, 6 or 9 digits as say all of it. */
void text_iso_exact(struct text *t, int64_t ns);

/* Seconds as a decimal number with 9 digits behind the point: 1223315694.796605000, and
   -0.500000000 for half a second before 1970. */
void text_seconds(struct text *t, int64_t ns);

/* Looks at the character that starts at p, of which n bytes are there, at least 1 -> its length
   in bytes, with its code point in *rune; 0: this byte is no part of valid UTF-8 (RFC 3629: nor
   are overlong forms and surrogates). */
size_t text_rune(const uint8_t *p, size_t n, uint32_t *rune);

/* -> whether a character is not to be shown as it is: controls (C0, DEL, C1), ends of lines,
   marks that turn the direction of writing, what has no width, tags, noncharacters. */
bool text_is_hidden(uint32_t rune);

#endif
