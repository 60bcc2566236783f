/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

static const char digits_of_16[] = "0123456789abcdef";

/* All pairs of digits: half as many divisions. */
static const char pairs[] = "000102030405060708091011121314151617181920212223242526272829"
                            "303132333435363738394041424344454647484950515253545556575859"
                            "606162636465666768697071727374757677787980818283848586878889"
                            "90919293949596979899";

struct text text_in(void *to, size_t size)
{
	struct text t = {.to = to, .size = size};
	t.to[0] = '\0';
	return t;
}

void text_cut(struct text *t, size_t n)
{
	t->n = n;
	t->to[n] = '\0';
	t->full = false;
}

void text_printf(struct text *t, const char *format, ...)
{
	va_list args;
	size_t left = t->size - t->n;
	if (t->full)
		return;
	va_start(args, format);
	int n = vsnprintf(t->to + t->n, left, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= left) {
		t->to[t->n] = '\0';
		t->full = true;
		return;
	}
	t->n += (size_t)n;
}

/* Writes v in decimal, so that it ends at `end` -> where it begins, at most 20 bytes before */
static char *put_before(char *end, uint64_t v)
{
	for (; v >= 100; v /= 100)
		memcpy(end -= 2, pairs + 2 * (v % 100), 2);
	if (v >= 10)
		memcpy(end -= 2, pairs + 2 * v, 2);
	else
		*--end = (char)('0' + v);
	return end;
}

void text_u64(struct text *t, uint64_t v)
{
	char digit[20], *end = digit + sizeof digit, *at = put_before(end, v);
	text_bytes(t, at, (size_t)(end - at));
}

void text_padded(struct text *t, uint64_t v, unsigned width)
{
	char digit[20], *end = digit + sizeof digit, *at = put_before(end, v);
	while (at > end - width)
		*--at = '0';
	text_bytes(t, at, (size_t)(end - at));
}

void text_i64(struct text *t, int64_t v)
{
	if (v < 0)
		text_bytes(t, "-", 1);
	text_u64(t, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

/* -- characters ---------------------------------------------------------------------- */

size_t text_rune(const uint8_t *p, size_t n, uint32_t *rune)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint8_t b = p[0];
	size_t length = b < 0x80   ? 1
	                : b < 0xc2 ? 0
	                : b < 0xe0 ? 2
	                : b < 0xf0 ? 3
	                : b < 0xf5 ? 4
	                           : 0;
	if (length == 0 || length > n)
		return 0;
	uint32_t r = length == 1 ? b : b & (0xffU >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		r = r << 6 | (p[i] & 0x3fU);
	}
	if (r < least[length] || r > 0x10ffff || (r >= 0xd800 && r < 0xe000))
		return 0;
	*rune = r;
	return length;
}

bool text_is_hidden(uint32_t rune)
{
	static const struct {
		uint32_t from, to;
	} hidden[] = {
	        {0x00, 0x1f},       {0x7f, 0x9f},     {0xad, 0xad},       {0x034f, 0x034f},
	        {0x061c, 0x061c},   {0x115f, 0x1160}, {0x17b4, 0x17b5},   {0x180b, 0x180f},
	        {0x200b, 0x200f},   {0x2028, 0x202e}, {0x2060, 0x206f},   {0x3164, 0x3164},
	        {0xfdd0, 0xfdef},   {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},   {0xffa0, 0xffa0},
	        {0xfff0, 0xfffb},   {0xfffe, 0xffff}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
	        {0xe0000, 0xe0fff},
	};
	if (rune >= 0x20 && rune < 0x7f)
		return false;
	if ((rune & 0xfffe) == 0xfffe)
		return true;
	for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
		if (rune <= hidden[i].to)
			return rune >= hidden[i].from;
	return false;
}

/* -> whether \xNN stands there as it is: it must not be taken for an escape */
static bool looks_escaped(const uint8_t *p, size_t n)
{
	if (n < 4 || p[0] != '\\' || p[1] != 'x')
		return false;
	for (int i = 2; i < 4; i++) {
		uint8_t lower = p[i] | 0x20;
		bool digit = p[i] >= '0' && p[i] <= '9';
		if (!digit && (lower < 'a' || lower > 'f'))
			return false;
	}
	return true;
}

/* -- JSON ----------------------------------------------------------------------------- */

static void put_unit(struct text *t, uint32_t unit)
{
	char *at = text_room(t, 6);
	if (at == NULL)
		return;
	at[0] = '\\';
	at[1] = 'u';
	for (int i = 0; i < 4; i++)
		at[2 + i] = digits_of_16[unit >> (12 - 4 * i) & 15];
}

static void json_hidden(struct text *t, uint32_t rune)
{
	static const char short_form[32] = {
	        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
	if (rune < sizeof short_form && short_form[rune] != '\0') {
		text_bytes(t, (char[2]){'\\', short_form[rune]}, 2);
	} else if (rune < 0x10000) {
		put_unit(t, rune);
	} else {
		put_unit(t, 0xd800 + ((rune - 0x10000) >> 10));
		put_unit(t, 0xdc00 + ((rune - 0x10000) & 0x3ff));
	}
}

static void json_byte(struct text *t, uint8_t b)
{
	text_bytes(t, (char[5]){'\\', '\\', 'x', digits_of_16[b >> 4], digits_of_16[b & 15]}, 5);
}

/* One character or stray byte -> its length */
static size_t json_rune(struct text *t, const uint8_t *p, size_t n)
{
	uint32_t rune;
	size_t length = text_rune(p, n, &rune);
	if (length == 0 || looks_escaped(p, n)) {
		json_byte(t, p[0]);
		return 1;
	}
	if (rune == '"' || rune == '\\')
		text_bytes(t, (char[2]){'\\', (char)rune}, 2);
	else if (text_is_hidden(rune))
		json_hidden(t, rune);
	else
		text_bytes(t, p, length);
	return length;
}

/* Bytes that need a second look in neither JSON nor XML: a bit for each of 32. */
static bool is_plain(uint8_t b)
{
	static const uint32_t plain[8] = {
	        [1] = ~(1U << ('"' - 32) | 1U << ('&' - 32) | 1U << ('\'' - 32) | 1U << ('<' - 32) |
	                1U << ('>' - 32)),
	        [2] = ~(1U << ('\\' - 64)),
	        [3] = ~(1U << (0x7f - 96)),
	};
	return (plain[b >> 5] >> (b & 31) & 1) != 0;
}

/* -> how many bytes from p on need no second look */
static size_t plain(const uint8_t *p, size_t n)
{
	size_t i = 0;
	while (i < n && is_plain(p[i]))
		i++;
	return i;
}

void text_json(struct text *t, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	text_bytes(t, "\"", 1);
	for (size_t i = 0; i < n;) {
		size_t run = plain(p + i, n - i);
		text_bytes(t, p + i, run);
		i += run;
		if (i < n)
			i += json_rune(t, p + i, n - i);
	}
	text_bytes(t, "\"", 1);
}

void text_json_string(struct text *t, const char *s)
{
	text_json(t, s, strlen(s));
}

/* -- XML -------------------------------------------------------------------------------- */

static void xml_byte(struct text *t, uint8_t b)
{
	text_bytes(t, (char[4]){'\\', 'x', digits_of_16[b >> 4], digits_of_16[b & 15]}, 4);
}

/* XML 1.0, production 2; surrogates are no characters here anyway. */
static bool xml_allows(uint32_t rune)
{
	return rune >= 0x20 ? rune != 0xfffe && rune != 0xffff
	                    : rune == '\t' || rune == '\n' || rune == '\r';
}

static const char *xml_entity(uint32_t rune)
{
	return rune == '&'    ? "&amp;"
	       : rune == '<'  ? "&lt;"
	       : rune == '>'  ? "&gt;"
	       : rune == '"'  ? "&quot;"
	       : rune == '\'' ? "&apos;"
	                      : NULL;
}

/* One character or stray byte -> its length */
static size_t xml_rune(struct text *t, const uint8_t *p, size_t n)
{
	uint32_t rune;
	size_t length = text_rune(p, n, &rune);
	if (length == 0 || looks_escaped(p, n)) {
		xml_byte(t, p[0]);
		return 1;
	}
	const char *entity = xml_entity(rune);
	if (entity != NULL)
		text_string(t, entity);
	else if (!text_is_hidden(rune))
		text_bytes(t, p, length);
	else if (xml_allows(rune))
		text_printf(t, "&#%u;", (unsigned)rune);
	else
		for (size_t i = 0; i < length; i++)
			xml_byte(t, p[i]);
	return length;
}

void text_xml(struct text *t, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	for (size_t i = 0; i < n;) {
		size_t run = plain(p + i, n - i);
		text_bytes(t, p + i, run);
		i += run;
		if (i < n)
			i += xml_rune(t, p + i, n - i);
	}
}

void text_xml_string(struct text *t, const char *s)
{
	text_xml(t, s, strlen(s));
}

/* -- bytes as they are --------------------------------------------------------------------- */

void text_hex(struct text *t, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	char *at = n < t->size ? text_room(t, 2 * n) : text_room(t, t->size);
	for (size_t i = 0; at != NULL && i < n; i++) {
		*at++ = digits_of_16[p[i] >> 4];
		*at++ = digits_of_16[p[i] & 15];
	}
}

void text_base64(struct text *t, const void *bytes, size_t n)
{
	static const char digit[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *p = bytes;
	char *at = n < t->size ? text_room(t, (n + 2) / 3 * 4) : text_room(t, t->size);
	for (size_t i = 0; at != NULL && i < n; i += 3) {
		size_t left = n - i;
		uint32_t v = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
		             (left > 2 ? p[i + 2] : 0);
		at[0] = digit[v >> 18];
		at[1] = digit[v >> 12 & 63];
		at[2] = at[3] = '=';
		if (left > 1)
			at[2] = digit[v >> 6 & 63];
		if (left > 2)
			at[3] = digit[v & 63];
		at += 4;
	}
}

/* -- times ------------------------------------------------------------------------------------ */

struct date {
	unsigned year, month, day; /* the latter from 1 */
};

/* Years are counted from March, so that the leap day is the last one, and in eras of 400,
   which all have 146,097 days; day 0 of era 0 is 0000-03-01. Nanoseconds in 64 bits are of the
   years 1677 to 2262. */
static struct date date_of(int64_t days_since_1970)
{
	uint32_t days = (uint32_t)(days_since_1970 + 719468), era = days / 146097;
	unsigned day = days - era * 146097;
	unsigned year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	unsigned of_year = day - (365 * year + year / 4 - year / 100);
	unsigned month = (5 * of_year + 2) / 153; /* 0: March */
	return (struct date){.year = year + era * 400 + (month >= 10),
	                     .month = month < 10 ? month + 3 : month - 9,
	                     .day = of_year - (153 * month + 2) / 5 + 1};
}

/* Writes v with so many digits, zeros in front. */
static char *put_digits(char *to, unsigned v, unsigned digits)
{
	char *end = to + digits;
	for (; digits >= 2; digits -= 2, v /= 100)
		memcpy(to + digits - 2, pairs + (size_t)2 * (v % 100), 2);
	if (digits > 0)
		*to = (char)('0' + v % 10);
	return end;
}

void text_iso(struct text *t, int64_t ns, unsigned digits)
{
	bool before = ns % SECOND < 0;
	int64_t sec = ns / SECOND - before, day = sec / 86400 - (sec % 86400 < 0);
	unsigned rest = (unsigned)(ns % SECOND + (before ? SECOND : 0));
	unsigned of_day = (unsigned)(sec - day * 86400);
	struct date date = date_of(day);
	char *at = text_room(t, digits > 0 ? sizeof "YYYY-MM-DDThh:mm:ssZ" + digits
	                                   : sizeof "YYYY-MM-DDThh:mm:ssZ" - 1);
	if (at == NULL)
		return;
	at = put_digits(at, date.year, 4);
	*at++ = '-';
	at = put_digits(at, date.month, 2);
	*at++ = '-';
	at = put_digits(at, date.day, 2);
	*at++ = 'T';
	at = put_digits(at, of_day / 3600, 2);
	*at++ = ':';
	at = put_digits(at, of_day / 60 % 60, 2);
	*at++ = ':';
	at = put_digits(at, of_day % 60, 2);
	if (digits > 0) {
		*at++ = '.';
		at = put_digits(at, digits == 9 ? rest : rest / 1000, digits);
	}
	*at = 'Z';
}

void text_iso_exact(struct text *t, int64_t ns)
{
	text_iso(t, ns, ns % SECOND == 0 ? 0 : ns % 1000 == 0 ? 6 : 9);
}

void text_seconds(struct text *t, int64_t ns)
{
	uint64_t apart = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	char fraction[10] = ".";
	(void)put_digits(fraction + 1, (unsigned)(apart % (uint64_t)SECOND), 9);
	if (ns < 0)
		text_bytes(t, "-", 1);
	text_u64(t, apart / (uint64_t)SECOND);
	text_bytes(t, fraction, sizeof fraction);
}
