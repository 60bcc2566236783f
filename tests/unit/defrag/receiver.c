/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What receivers make of fragments that overlap or contradict one another. The answers
 * under "linux" are what raw sockets of Linux 6.18 got of these very fragments, sent
 * through the loopback device; IPv4 and IPv6 differ where there are two.
 */
#include "unit/defrag/box.h"

static const struct {
	const char *fragments;
	const char *linux4, *linux6; /* linux6 NULL: the same */
	const char *strict, *first, *last;
} rows[] = {
        /* in order, not in order, copies */
        {"0-16+ 16-32.", "32:aaaa", NULL, "32:aaaa", "32:aaaa", "32:aaaa"},
        {"16-32. 0-16+", "32:aaaa", NULL, "32:aaaa", "32:aaaa", "32:aaaa"},
        {"0-16+ 0-16+ 16-32.", "32:aaaa", NULL, "32:aaaa", "32:aaaa", "32:aaaa"},
        {"0-16+ 0-16+b 16-32.", "32:aaaa", NULL, "nothing", "32:aaaa", "32:bbaa"},
        {"16-24. 16-24.b 0-16+", "24:aaa", NULL, "nothing", "24:aaa", "24:aab"},
        /* inside a fragment, a run, two runs */
        {"0-16+ 8-16+ 16-32.", "32:aaaa", NULL, "nothing", "32:aaaa", "32:aaaa"},
        {"0-16+ 0-8+ 16-32.", "32:aaaa", NULL, "nothing", "32:aaaa", "32:aaaa"},
        {"0-16+ 8-16+b 16-32.", "32:aaaa", NULL, "nothing", "32:aaaa", "32:abaa"},
        {"0-8+ 8-16+ 0-16+b 16-24.", "24:aaa", NULL, "nothing", "24:aaa", "24:bba"},
        {"8-16+ 0-8+ 0-16+ 16-24.", "nothing", NULL, "nothing", "24:aaa", "24:aaa"},
        {"8-16+ 0-8+ 0-16+ 0-16+c 16-24.c", "24:ccc", NULL, "nothing", "24:aac", "24:ccc"},
        {"16-24+ 24-32+ 16-32+b 0-16+ 32-40.", "40:aaaaa", NULL, "nothing", "40:aaaaa", "40:aabba"},
        {"0-8+ 16-24+ 8-16+ 24-32+ 16-32+b 32-40.", "40:aaaaa", NULL, "nothing", "40:aaaaa",
         "40:aabba"},
        {"0-8+ 16-24+ 8-16+ 24-32+ 8-24+ 32-40.", "nothing", NULL, "nothing", "40:aaaaa",
         "40:aaaaa"},
        /* crossing */
        {"0-16+ 8-24+b 0-16+c 16-24.c", "24:ccc", NULL, "nothing", "24:aab", "24:ccc"},
        {"0-16+ 8-24+b 24-32.", "nothing", NULL, "nothing", "32:aaba", "32:abba"},
        /* odd lengths, no bytes */
        {"0-13+ 8-24.", "24:aaa", "nothing", "nothing", "24:aaa", "24:aaa"},
        {"0-13+ 16-32.", "nothing", NULL, "nothing", "nothing", "nothing"},
        {"0-13+ 0-16+ 16-24.", "nothing", "24:aaa", "24:aaa", "24:aaa", "24:aaa"},
        {"0-5+ 0-16+c 16-24.c", "24:ccc", NULL, "24:ccc", "24:ccc", "24:ccc"},
        {"0-16+ 16-16+ 16-24.", "nothing", NULL, "nothing", "nothing", "nothing"},
        {"0-16+ 16-16.", "nothing", NULL, "nothing", "nothing", "nothing"},
        {"0-16+ 16-16. 16-24.", "nothing", NULL, "nothing", "nothing", "nothing"},
        {"0-8+ 8-13.", "13:aa", NULL, "13:aa", "13:aa", "13:aa"},
        /* ends */
        {"0-8+ 16-24+ 8-16. 0-8+c 8-16.c", "16:cc", NULL, "16:cc", "16:cc", "16:cc"},
        {"16-24. 8-24. 0-16+", "nothing", NULL, "nothing", "24:aaa", "24:aaa"},
        {"16-24. 16-32. 0-16+c 16-24.c", "24:ccc", NULL, "24:ccc", "24:ccc", "24:ccc"},
        {"16-24. 24-32+ 0-16+c 16-24.c", "24:ccc", NULL, "24:ccc", "24:ccc", "24:ccc"},
        {"16-32. 16-24+b 0-16+", "32:aaaa", NULL, "nothing", "32:aaaa", "32:aaba"},
        {"16-24. 16-29+b 0-16+", "24:aaa", NULL, "24:aaa", "24:aaa", "24:aab"},
        {"0-8+ 8-16+ 8-16.", "nothing", NULL, "nothing", "16:aa", "16:aa"},
        {"8-16+ 8-16. 0-8+", "16:aa", NULL, "16:aa", "16:aa", "16:aa"},
        /* too far */
        {"65528-65548. 0-16+c 16-24.c", "nothing", "24:ccc", "24:ccc", "nothing", "nothing"},
        {"0-16+ 65528-65548+ 16-24.", "nothing", "24:aaa", "24:aaa", "nothing", "nothing"},
        {"65528-65548. 0-16+c 16-24.c 0-16+b 16-24.b", "24:bbb", "24:ccc 24:bbb", "24:ccc 24:bbb",
         "24:bbb", "24:bbb"},
        /* and again */
        {"0-16+ 16-24. 0-16+", "24:aaa", NULL, "24:aaa", "24:aaa", "24:aaa"},
};

static void check(enum defrag_policy policy, bool ip6, const char *fragments, const char *want)
{
	struct box b;
	char got[256];
	box_open(&b, 1 << 20, policy, policy);
	box_run(&b, ip6, 1, fragments, got);
	if (strcmp(got, want) != 0)
		print_error("IPv%d, policy %d: %s\n", ip6 ? 6 : 4, (int)policy, fragments);
	assert_string_equal(got, want);
	box_close(&b);
}

static void as_linux(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *linux6 = rows[i].linux6 != NULL ? rows[i].linux6 : rows[i].linux4;
		check(DEFRAG_AS_LINUX, false, rows[i].fragments, rows[i].linux4);
		check(DEFRAG_AS_LINUX, true, rows[i].fragments, linux6);
	}
}

static void strict(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check(DEFRAG_STRICT, true, rows[i].fragments, rows[i].strict);
}

static void first(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check(DEFRAG_FIRST, false, rows[i].fragments, rows[i].first);
}

static void last(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check(DEFRAG_LAST, false, rows[i].fragments, rows[i].last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(as_linux),
	        cmocka_unit_test(strict),
	        cmocka_unit_test(first),
	        cmocka_unit_test(last),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
