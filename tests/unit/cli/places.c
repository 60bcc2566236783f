/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The places of a command line, one behind the other, a file with its '!'. */
static void expect(const char *line, const char *wanted)
{
	static char copy[200], found[400];
	char *words[32];
	int n = 0;
	struct options o;
	struct tf_error err;
	struct places p;
	(void)snprintf(copy, sizeof copy, "tcpflow %s", line);
	for (char *w = strtok(copy, " "); w != NULL; w = strtok(NULL, " "))
		words[n++] = w;
	words[n] = NULL;
	assert_true(options_parse(&o, n, words, &err));
	assert_true(places_gather(&p, &o, &err));
	found[0] = '\0';
	for (size_t i = 0; i < p.count; i++) {
		(void)strcat(strcat(found, p.place[i].path), p.place[i].folder ? "" : "!");
		(void)strcat(found, " ");
	}
	assert_string_equal(found, wanted);
	places_free(&p);
	options_free(&o);
}

static void all_that_is_written(void **state)
{
	(void)state;
	expect("-r x", ". ");
	expect("-r x -o a/b", "a/b ");
	expect("-r x -o a -X r.xml", "a . ");
	expect("-r x -o a -X /tmp/r.xml", "a /tmp ");
	expect("-r x -o a -X /r.xml", "a / ");
	expect("-r x -o a -X /dev/null", "a /dev/null! ");
	expect("-r x -o a -X /dev/stdout -j 1", "a ");
	expect("-r x -o a -w b/rest", "a b/rest! ");
	expect("-r x -o a -w -", "a ");
	expect("-r x -K -o a", "a ");
	expect("-i lo -o a", "a ");
	expect("-i lo -o a --stats b/s,5", "a b ");
	expect("-r x -o a/b%H/c%M", "a ");
	expect("-r x -o %H", ". ");
	expect("-r x -o /%H --rotate 1h", "/ ");
	expect("-r x -o a --write b/all", "a b/all! ");
	expect("-r x -o a --write b/all --rotate 1h", "a b ");
	expect("-i lo -o a --write b/all", "a b ");
	expect("-r x -o a --write b/c/%H/all", "a b/c ");
	expect("-i lo -o a --write /dev/null", "a /dev/null! ");
	expect("-r x -o a --write -", "a ");
}

static void nothing_is_written(void **state)
{
	(void)state;
	expect("-c -r x", "");
	expect("-c -r x -o a --session", "");
	expect("-c -r x -X b/r.xml", "b ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(all_that_is_written),
	                                   cmocka_unit_test(nothing_is_written)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
