/* SPDX-License-Identifier: BSD-3-Clause */
/* Community IDs. The rows are those for TCP of the specification's baseline
   (github.com/corelight/community-id-spec), with seeds 0 and 1. */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/build.h"

static const struct {
	const char *from, *to;
	uint16_t from_port, to_port;
	const char *id[2]; /* by seed */
} rows[] = {
        {"128.232.110.120",
         "66.35.250.204",
         34855,
         80,
         {"1:LQU9qZlK+B5F3KDmev6m5PMibrg=", "1:3V71V58M3Ksw/yuFALMcW0LAHvc="}},
        {"2001:470:e5bf:dead:4957:2174:e82c:4887",
         "2607:f8b0:400c:c03::1a",
         63943,
         25,
         {"1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=", "1:eJYTW6AOzFLlSUoESovMjnu7rMw="}},
};

static void baseline(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct tf_endpoint from = build_endpoint(rows[i].from, rows[i].from_port),
		                   to = build_endpoint(rows[i].to, rows[i].to_port);
		struct tf_flow there = {.end = {from, to}}, back = {.end = {to, from}};
		for (uint16_t seed = 0; seed < 2; seed++) {
			char text[TF_COMMUNITY_ROOM];
			assert_true(tf_community_id(&there, seed, text));
			assert_string_equal(text, rows[i].id[seed]);
			assert_true(tf_community_id(&back, seed, text));
			assert_string_equal(text, rows[i].id[seed]);
		}
	}
}

/* Between ports of one address the lower one comes first: as numbers, not as they are
   stored. */
static void ports(void **state)
{
	(void)state;
	struct tf_endpoint a = build_endpoint("10.0.0.1", 0x00ff),
	                   b = build_endpoint("10.0.0.1", 0x0100);
	struct tf_flow there = {.end = {a, b}}, back = {.end = {b, a}};
	char text[2][TF_COMMUNITY_ROOM];
	assert_true(tf_community_id(&there, UINT16_MAX, text[0]));
	assert_true(tf_community_id(&back, UINT16_MAX, text[1]));
	assert_string_equal(text[0], text[1]);
	assert_true(tf_community_id(&back, UINT16_MAX - 1, text[1]));
	assert_string_not_equal(text[0], text[1]);
}

static void *in_thread(void *arg)
{
	(void)arg;
	for (int i = 0; i < 1000; i++)
		baseline(NULL);
	return NULL;
}

/* Each thread has its own context. */
static void threads(void **state)
{
	(void)state;
	pthread_t t[3];
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&t[i], NULL, in_thread, NULL), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(baseline),
	        cmocka_unit_test(ports),
	        cmocka_unit_test(threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
