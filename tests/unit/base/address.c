/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses as text. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <tcpflow/tcpflow.h>

/* RFC 5952, section 4, is where the IPv6 rows come from. */
static const struct {
	const char *in, *text;
	bool v4;
} rows[] = {
        {"::ffff:10.0.0.1", "10.0.0.1", true},
        {"::ffff:0.0.0.0", "0.0.0.0", true},
        {"::ffff:255.255.255.255", "255.255.255.255", true},
        {"2001:0db8::0001", "2001:db8::1", false},
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", false},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", false},
        {"2001:DB8::AAAA", "2001:db8::aaaa", false},
        {"::", "::", false},
        {"::1", "::1", false},
        {"::fffe:a00:1", "::fffe:a00:1", false},
        {"::1:ffff:a00:1", "::1:ffff:a00:1", false},
        {"64:ff9b::a00:1", "64:ff9b::a00:1", false},
        {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
         false},
};

static void texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct tf_address a;
		char text[TF_ADDRESS_TEXT];
		assert_int_equal(inet_pton(AF_INET6, rows[i].in, a.b), 1);
		memset(text, 'x', sizeof text);
		tf_address_text(&a, text);
		assert_string_equal(text, rows[i].text);
		assert_int_equal(tf_address_is_v4(&a), rows[i].v4);
	}
}

/* Each of the twelve bytes before the address counts. */
static void prefix(void **state)
{
	(void)state;
	for (size_t i = 0; i < 12; i++) {
		struct tf_address a = {{[10] = 0xff, 0xff, 10, 0, 0, 1}};
		assert_true(tf_address_is_v4(&a));
		a.b[i] ^= 0x10;
		assert_false(tf_address_is_v4(&a));
	}
}

/* Each number that a part can be, in each of the four places. */
static void octets(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4 * 256; i++) {
		struct tf_address a = {{[10] = 0xff, 0xff, 9, 10, 99, 100}};
		char text[TF_ADDRESS_TEXT], wanted[INET_ADDRSTRLEN];
		a.b[12 + i / 256] = (uint8_t)i;
		tf_address_text(&a, text);
		assert_non_null(inet_ntop(AF_INET, a.b + 12, wanted, sizeof wanted));
		assert_string_equal(text, wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(texts),
	        cmocka_unit_test(prefix),
	        cmocka_unit_test(octets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
