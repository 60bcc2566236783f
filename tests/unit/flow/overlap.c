/* SPDX-License-Identifier: BSD-3-Clause */
/* The map of policies: how it is read, and whose policy it finds. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "flow/overlap.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static struct tf_address address_of(const char *text)
{
	struct tf_address a = {.b = {[10] = 0xff, 0xff}};
	if (inet_pton(AF_INET, text, a.b + 12) != 1)
		assert_int_equal(inet_pton(AF_INET6, text, a.b), 1);
	return a;
}

static void finds(void **state)
{
	static const char *const maps[] = {
	        "10.0.0.0/8=bsd,10.1.0.0/16=solaris,10.1.2.3=last,10.1.2.0/25=windows",
	        "2001:db8::/33=first,::/0=bsd,2001:db8:8000::1=last",
	};
	static const struct {
		const char *address;
		enum tf_overlap overlap;
	} rows[] = {
	        {"10.255.255.255", TF_OVERLAP_BSD},  {"10.1.255.1", TF_OVERLAP_SOLARIS},
	        {"10.1.2.3", TF_OVERLAP_LAST},       {"10.1.2.127", TF_OVERLAP_WINDOWS},
	        {"10.1.2.128", TF_OVERLAP_SOLARIS},  {"2001:db8:7fff::", TF_OVERLAP_FIRST},
	        {"2001:db8:8000::", TF_OVERLAP_BSD}, {"2001:db8:8000::1", TF_OVERLAP_LAST},
	        {"11.0.0.0", TF_OVERLAP_BSD}, /* IPv4 lies within ::/0 */
	};
	struct tf_overlap_rule rule[TF_OVERLAP_RULES];
	struct overlaps o = {.usual = TF_OVERLAP_LINUX, .rule = rule};
	(void)state;
	struct tf_address first = address_of(rows[0].address);
	assert_int_equal(overlap_of(&o, &first), TF_OVERLAP_LINUX);
	for (size_t i = 0; i < COUNT(maps); i++)
		assert_true(tf_overlap_map_parse(maps[i], rule, &o.rules));
	assert_int_equal(o.rules, 7);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tf_address a = address_of(rows[i].address);
		assert_int_equal(overlap_of(&o, &a), rows[i].overlap);
	}
}

static void refuses(void **state)
{
	static const char *const bad[] = {
	        "",
	        "=bsd",
	        "10.0.0.0/8",
	        "10.0.0.0/8=",
	        "10.0.0.0/8=BSD",
	        "10.0.0.0/8=bsdx",
	        "10.0.0.0/33=bsd",
	        "10.0.0.0/=bsd",
	        "10.0.0.0/-1=bsd",
	        "10.0.0.0/ 8=bsd",
	        "10.0.0.0/0008=bsd",
	        "10.0.0/8=bsd",
	        "2001:db8::/129=bsd",
	        "host=bsd",
	        "10.0.0.1=bsd,",
	        ",10.0.0.1=bsd",
	        "10.0.0.1=bsd,,10.0.0.2=bsd",
	        "00000000000000000000000000000000000000000000000000000000000000000000000000000=bsd",
	};
	struct tf_overlap_rule rule[TF_OVERLAP_RULES];
	unsigned rules = 1;
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_false(tf_overlap_map_parse(bad[i], rule, &rules));
		assert_int_equal(rules, 1);
	}
	for (int i = 1; i < TF_OVERLAP_RULES; i++)
		assert_true(tf_overlap_map_parse("::1/0=first", rule, &rules));
	assert_false(tf_overlap_map_parse("::1=first", rule, &rules));
	assert_int_equal(rules, TF_OVERLAP_RULES);
}

static void names(void **state)
{
	size_t count;
	enum tf_overlap overlap = TF_OVERLAP_LAST;
	const struct tf_overlap_row *rows = tf_overlap_rows(&count);
	(void)state;
	assert_int_equal(count, TF_OVERLAP_WINDOWS + 1);
	for (size_t i = 0; i < count; i++) {
		assert_true(tf_overlap_parse(rows[i].name, strlen(rows[i].name), &overlap));
		assert_int_equal(overlap, i);
	}
	assert_false(tf_overlap_parse("linu", 4, &overlap));
	assert_false(tf_overlap_parse("", 0, &overlap));
	assert_int_equal(overlap, TF_OVERLAP_WINDOWS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(finds),
	        cmocka_unit_test(refuses),
	        cmocka_unit_test(names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
