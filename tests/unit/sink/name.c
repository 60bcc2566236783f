/* SPDX-License-Identifier: BSD-3-Clause */
/* The names of stream files. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sink/name.h"

static struct tf_endpoint end_of(const char *address, uint16_t port)
{
	struct tf_endpoint e = {.port = port};
	assert_int_equal(inet_pton(AF_INET6, address, e.address.b), 1);
	return e;
}

static const struct {
	const char *a;
	uint16_t a_port;
	const char *b;
	uint16_t b_port;
	uint16_t vlan[2];
	uint32_t number;
	const char *name[2];
} rows[] = {
        {"::ffff:74.125.19.101",
         80,
         "::ffff:192.168.1.102",
         50956,
         {0, 0},
         0,
         {"074.125.019.101.00080-192.168.001.102.50956",
          "192.168.001.102.50956-074.125.019.101.00080"}},
        {"2001:6f8:102d:0:2d0:9ff:fee3:e8de",
         59201,
         "2001:6f8:900:7c0::2",
         80,
         {0, 0},
         0,
         {"2001:6f8:102d:0:2d0:9ff:fee3:e8de.59201-2001:6f8:900:7c0::2.00080",
          "2001:6f8:900:7c0::2.00080-2001:6f8:102d:0:2d0:9ff:fee3:e8de.59201"}},
        {"::ffff:10.0.0.1",
         9999,
         "::ffff:10.0.0.2",
         36559,
         {42, 0},
         1,
         {"010.000.000.001.09999-010.000.000.002.36559--42c1",
          "010.000.000.002.36559-010.000.000.001.09999--42c1"}},
        {"::ffff:0.0.0.0",
         0,
         "::ffff:255.255.255.255",
         65535,
         {4095, 7},
         4294967295,
         {"000.000.000.000.00000-255.255.255.255.65535--4095c4294967295",
          "255.255.255.255.65535-000.000.000.000.00000--4095c4294967295"}},
        {"::", 1, "::1", 2, {0, 0}, 12, {"::.00001-::1.00002c12", "::1.00002-::.00001c12"}},
};

static struct tf_flow flow_of(size_t i)
{
	return (struct tf_flow){
	        .end = {end_of(rows[i].a, rows[i].a_port), end_of(rows[i].b, rows[i].b_port)},
	        .vlan = {rows[i].vlan[0], rows[i].vlan[1]},
	};
}

static void names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct tf_flow f = flow_of(i);
		for (unsigned dir = 0; dir < 2; dir++) {
			char name[NAME_ROOM];
			name_of(&f, dir, rows[i].number, name);
			assert_string_equal(name, rows[i].name[dir]);
			assert_null(strchr(name, '/'));
		}
	}
}

/* The longest name that there can be has room, and ".head" behind it. */
static void longest(void **state)
{
	(void)state;
	struct tf_flow f = {.vlan = {4095, 4095}};
	for (int end = 0; end < 2; end++) {
		memset(f.end[end].address.b, 0xff, 16);
		f.end[end].port = 65535;
	}
	char name[NAME_ROOM];
	name_of(&f, 0, UINT32_MAX, name);
	assert_true(strlen(name) + strlen(".head") < NAME_ROOM);
	assert_non_null(strstr(name, "--4095c4294967295"));
}

/* Flows with other keys can have the same name exactly when a VLAN id is in it: there
   may be more tags, of which the name does not tell. */
static void ambiguous(void **state)
{
	(void)state;
	static const struct {
		uint16_t vlan[3];
		bool ambiguous;
	} tags[] = {{{0, 0, 0}, false}, {{7, 0, 0}, true}, {{7, 9, 0}, true}, {{7, 9, 11}, true}};
	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
		struct tf_flow f = {0};
		memcpy(f.vlan, tags[i].vlan, sizeof tags[i].vlan);
		assert_int_equal(name_is_ambiguous(&f), tags[i].ambiguous);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(names),
	        cmocka_unit_test(longest),
	        cmocka_unit_test(ambiguous),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
