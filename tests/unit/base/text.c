/* SPDX-License-Identifier: BSD-3-Clause */
/* Text in a bounded buffer: what does not fit, strangers' bytes in JSON and XML, times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

#define BYTES(s) (s), sizeof(s) - 1

static char buffer[256];
static struct text t;

static void start(size_t size)
{
	memset(buffer, '#', sizeof buffer);
	t = text_in(buffer, size);
}

static void expect(const char *what)
{
	assert_string_equal(buffer, what);
	assert_int_equal(t.n, strlen(what));
	assert_false(t.full);
}

static void pieces_follow_one_another(void **state)
{
	(void)state;
	start(sizeof buffer);
	expect("");
	text_string(&t, "one");
	text_bytes(&t, BYTES(",two"));
	text_printf(&t, ",%d", 3);
	text_u64(&t, UINT64_MAX);
	text_i64(&t, INT64_MIN);
	text_i64(&t, 0);
	expect("one,two,318446744073709551615-92233720368547758080");
	text_cut(&t, 3);
	expect("one");
}

/* Every writer leaves out what does not fit, and all that comes after it. */
static void full_stays_full(void **state)
{
	(void)state;
	for (size_t size = 1; size < 40; size++) {
		for (int kind = 0; kind < 6; kind++) {
			start(size);
			for (int i = 0; i < 20; i++) {
				if (kind == 0)
					text_json(&t, BYTES("a\xff\x01"));
				else if (kind == 1)
					text_xml(&t, BYTES("<\xff\x01"));
				else if (kind == 2)
					text_printf(&t, "%s", "abc");
				else if (kind == 3)
					text_hex(&t, BYTES("\x01\x02"));
				else if (kind == 4)
					text_base64(&t, BYTES("1234"));
				else
					text_iso(&t, 1, 9);
			}
			assert_true(t.full);
			assert_true(t.n < size);
			assert_int_equal(buffer[t.n], '\0');
			assert_int_equal(buffer[size], '#');
			size_t n = t.n;
			text_string(&t, "");
			text_bytes(&t, "x", 0);
			text_printf(&t, "x");
			assert_int_equal(t.n, n);
			text_cut(&t, 0);
			expect("");
		}
	}
}

static void exactly_full_is_not_too_full(void **state)
{
	(void)state;
	start(4);
	text_string(&t, "abc");
	expect("abc");
	text_bytes(&t, "d", 1);
	assert_true(t.full);
	start(4);
	text_printf(&t, "%s", "abc");
	expect("abc");
	start(4);
	text_printf(&t, "%s", "abcd");
	assert_true(t.full);
	assert_string_equal(buffer, "");
}

static const struct {
	const char *bytes;
	size_t n;
	const char *json, *xml;
} strangers[] = {
        {BYTES(""), "\"\"", ""},
        {BYTES("plain"), "\"plain\"", "plain"},
        {BYTES("a\"b'c\\d<e>&"), "\"a\\\"b'c\\\\d<e>&\"", "a&quot;b&apos;c\\d&lt;e&gt;&amp;"},
        {BYTES("\0\x01\x1b\x7f"), "\"\\u0000\\u0001\\u001b\\u007f\"", "\\x00\\x01\\x1b&#127;"},
        {BYTES("\t\n\r\b\f"), "\"\\t\\n\\r\\b\\f\"", "&#9;&#10;&#13;\\x08\\x0c"},
        {BYTES("h\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x9f"),
         "\"h\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x9f\"", "h\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x9f"},
        {BYTES("\xc2\x85\xc2\x9b"), "\"\\u0085\\u009b\"", "&#133;&#155;"},
        {BYTES("\xe2\x80\xae\xe2\x80\xa8\xef\xbb\xbf"), "\"\\u202e\\u2028\\ufeff\"",
         "&#8238;&#8232;&#65279;"},
        {BYTES("\xef\xbf\xbe\xef\xbf\xbf"), "\"\\ufffe\\uffff\"", "\\xef\\xbf\\xbe\\xef\\xbf\\xbf"},
        {BYTES("\xf3\xa0\x81\x81\xf4\x8f\xbf\xbf"), "\"\\udb40\\udc41\\udbff\\udfff\"",
         "&#917569;&#1114111;"},
        /* not UTF-8: stray, cut, overlong, a surrogate, too high */
        {BYTES("\x80\xff"), "\"\\\\x80\\\\xff\"", "\\x80\\xff"},
        {BYTES("\xe2\x82"), "\"\\\\xe2\\\\x82\"", "\\xe2\\x82"},
        {BYTES("\xe2\x82"
               "A"),
         "\"\\\\xe2\\\\x82A\"",
         "\\xe2\\x82"
         "A"},
        {BYTES("\xc0\xaf\xe0\x80\xaf"), "\"\\\\xc0\\\\xaf\\\\xe0\\\\x80\\\\xaf\"",
         "\\xc0\\xaf\\xe0\\x80\\xaf"},
        {BYTES("\xed\xa0\x80"), "\"\\\\xed\\\\xa0\\\\x80\"", "\\xed\\xa0\\x80"},
        {BYTES("\xf4\x90\x80\x80"), "\"\\\\xf4\\\\x90\\\\x80\\\\x80\"", "\\xf4\\x90\\x80\\x80"},
        /* what looks like an escape */
        {BYTES("\\x41"), "\"\\\\x5cx41\"", "\\x5cx41"},
        {BYTES("\\xAf"), "\"\\\\x5cxAf\"", "\\x5cxAf"},
        {BYTES("\\x4"), "\"\\\\x4\"", "\\x4"},
        {BYTES("\\x4g\\y41"), "\"\\\\x4g\\\\y41\"", "\\x4g\\y41"},
        {BYTES("\\\\x41"), "\"\\\\\\\\x5cx41\"", "\\\\x5cx41"},
        {BYTES("\\x4\xff"), "\"\\\\x4\\\\xff\"", "\\x4\\xff"},
};

static void bytes_of_strangers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
		start(sizeof buffer);
		text_json(&t, strangers[i].bytes, strangers[i].n);
		expect(strangers[i].json);
		start(sizeof buffer);
		text_xml(&t, strangers[i].bytes, strangers[i].n);
		expect(strangers[i].xml);
	}
	start(sizeof buffer);
	text_json_string(&t, "a\n");
	text_xml_string(&t, "<");
	expect("\"a\\n\"&lt;");
}

static void bytes_as_digits(void **state)
{
	(void)state;
	start(sizeof buffer);
	text_hex(&t, BYTES("\x00\x7f\xff"));
	expect("007fff");
	static const char *const base64[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
	                                     "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
	for (size_t n = 0; n <= 6; n++) { /* RFC 4648, 10 */
		start(sizeof buffer);
		text_base64(&t, "foobar", n);
		expect(base64[n]);
	}
	start(sizeof buffer);
	text_base64(&t, BYTES("\xff\xfe\xfb"));
	expect("//77");
}

static const struct {
	int64_t ns;
	unsigned digits; /* 1: as many as say all */
	const char *iso, *seconds;
} times[] = {
        {0, 0, "1970-01-01T00:00:00Z", "0.000000000"},
        {1223315694796605000, 6, "2008-10-06T17:54:54.796605Z", "1223315694.796605000"},
        {1223315694796605001, 1, "2008-10-06T17:54:54.796605001Z", "1223315694.796605001"},
        {1223315694796605000, 1, "2008-10-06T17:54:54.796605Z", "1223315694.796605000"},
        {1223315694000000000, 1, "2008-10-06T17:54:54Z", "1223315694.000000000"},
        {951827696000000009, 9, "2000-02-29T12:34:56.000000009Z", "951827696.000000009"},
        {951868799999999999, 0, "2000-02-29T23:59:59Z", "951868799.999999999"},
        {4107542400000000000, 0, "2100-03-01T00:00:00Z", "4107542400.000000000"},
        {-500000000, 9, "1969-12-31T23:59:59.500000000Z", "-0.500000000"},
        {-1, 6, "1969-12-31T23:59:59.999999Z", "-0.000000001"},
        {-86400000000000, 0, "1969-12-31T00:00:00Z", "-86400.000000000"},
        {INT64_MAX, 9, "2262-04-11T23:47:16.854775807Z", "9223372036.854775807"},
        {INT64_MIN, 9, "1677-09-21T00:12:43.145224192Z", "-9223372036.854775808"},
};

static void numbers_with_zeros_in_front(void **state)
{
	(void)state;
	static const struct {
		uint64_t v;
		unsigned width;
		const char *text;
	} row[] = {
	        {0, 0, "0"},       {0, 3, "000"},
	        {7, 3, "007"},     {999, 3, "999"},
	        {1000, 3, "1000"}, {UINT64_MAX, 5, "18446744073709551615"},
	        {80, 5, "00080"},  {1, 20, "00000000000000000001"},
	};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		char to[24];
		t = text_in(to, sizeof to);
		text_padded(&t, row[i].v, row[i].width);
		assert_string_equal(to, row[i].text);
		char small[4];
		t = text_in(small, sizeof small);
		text_padded(&t, row[i].v, row[i].width);
		assert_int_equal(t.full, strlen(row[i].text) >= sizeof small);
	}
}

static void times_as_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
		start(sizeof buffer);
		if (times[i].digits == 1)
			text_iso_exact(&t, times[i].ns);
		else
			text_iso(&t, times[i].ns, times[i].digits);
		expect(times[i].iso);
		start(sizeof buffer);
		text_seconds(&t, times[i].ns);
		expect(times[i].seconds);
	}
}

/* What a text remembers of the day of its latest time is for that day alone. */
static void tell_days_apart(void **state)
{
	static const int64_t hour = INT64_C(3600000000000);
	(void)state;
	start(sizeof buffer);
	text_iso(&t, 23 * hour, 0);
	text_iso(&t, 24 * hour, 0);
	text_iso(&t, -hour, 0);
	text_iso(&t, 0, 0);
	expect("1970-01-01T23:00:00Z1970-01-02T00:00:00Z1969-12-31T23:00:00Z1970-01-01T00:00:00Z");
}

static void runes(void **state)
{
	(void)state;
	uint32_t rune = 0;
	assert_int_equal(text_rune((const uint8_t *)"\xe2\x82\xac", 3, &rune), 3);
	assert_int_equal(rune, 0x20ac);
	assert_int_equal(text_rune((const uint8_t *)"\xe2\x82\xac", 2, &rune), 0);
	assert_true(text_is_hidden(0x1b));
	assert_true(text_is_hidden(0x2066));
	assert_true(text_is_hidden(0x1ffff));
	assert_false(text_is_hidden(' '));
	assert_false(text_is_hidden(0xa0));
	assert_false(text_is_hidden(0x1f41f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(pieces_follow_one_another),
	        cmocka_unit_test(full_stays_full),
	        cmocka_unit_test(exactly_full_is_not_too_full),
	        cmocka_unit_test(bytes_of_strangers),
	        cmocka_unit_test(bytes_as_digits),
	        cmocka_unit_test(numbers_with_zeros_in_front),
	        cmocka_unit_test(times_as_text),
	        cmocka_unit_test(runes),
	        cmocka_unit_test(tell_days_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
