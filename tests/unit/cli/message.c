/* SPDX-License-Identifier: BSD-3-Clause */
/* Nothing that a terminal obeys leaves the program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/message.h"

static void inert(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
	        {"", ""},
	        {"plain text, 100%", "plain text, 100%"},
	        {"\x1b[31mred", "\\x1b[31mred"},
	        {"a\nb\tc\x7f", "a\\x0ab\\x09c\\x7f"},
	        {"Gr\xc3\xbc\xc3\x9f"
	         "e \xe2\x82\xac \xf0\x9f\x98\x80",
	         "Gr\xc3\xbc\xc3\x9f"
	         "e \xe2\x82\xac \xf0\x9f\x98\x80"},
	        {"\xc2\x9b"
	         "31m",
	         "\\xc2\\x9b31m"}, /* C1, as UTF-8 */
	        {"\x9b"
	         "31m",
	         "\\x9b31m"}, /* C1, as a byte */
	        {"\xe2\x80\xae"
	         "gpj.exe",
	         "\\xe2\\x80\\xaegpj.exe"},          /* right to left */
	        {"\xe2\x81\xa6", "\\xe2\\x81\\xa6"}, /* isolate */
	        {"\xc0\xaf", "\\xc0\\xaf"},          /* overlong / */
	        {"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},
	        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* half a pair */
	        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* past U+10FFFF */
	        {"\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"},
	        {"cut \xe2\x82", "cut \\xe2\\x82"},
	        {"\xff", "\\xff"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char to[100];
		assert_int_equal(message_inert(rows[i].in, to, sizeof to), strlen(rows[i].out));
		assert_string_equal(to, rows[i].out);
	}
}

/* Any bytes, in any room: no byte is written past it, and none is active. */
static void any_bytes(void **state)
{
	(void)state;
	srand(1);
	for (int round = 0; round < 20000; round++) {
		char in[12], to[20];
		size_t n = (size_t)(rand() % 11), room = 1 + (size_t)(rand() % 19);
		for (size_t i = 0; i < n; i++)
			in[i] = (char)(rand() % 255 + 1);
		in[n] = '\0';
		memset(to, '#', sizeof to);
		size_t used = message_inert(in, to, room);
		assert_true(used < room);
		assert_int_equal(to[used], 0);
		for (size_t i = used + 1; i < sizeof to; i++)
			assert_int_equal(to[i], '#');
		for (size_t i = 0; i < used; i++)
			assert_true((unsigned char)to[i] >= 0x20 && to[i] != 0x7f);
	}
}

/* The worst text fills the line to its end, and there is one newline. */
static void one_line(void **state)
{
	char worst[2000], *text = NULL;
	size_t n = 0;
	(void)state;
	memset(worst, 1, sizeof worst - 1);
	worst[sizeof worst - 1] = '\0';
	FILE *to = open_memstream(&text, &n);
	message_say(to, "%s is no\nfile", "x\r");
	message_say(to, "%s", worst);
	assert_int_equal(fclose(to), 0);
	const char *first = "tcpflow: x\\x0d is no\\x0afile\n";
	assert_memory_equal(text, first, strlen(first));
	assert_memory_equal(text + strlen(first), "tcpflow: \\x01", 13);
	assert_ptr_equal(strchr(text + strlen(first), '\n'), text + n - 1);
	assert_true(n > 2000);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(inert),
	        cmocka_unit_test(any_bytes),
	        cmocka_unit_test(one_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
