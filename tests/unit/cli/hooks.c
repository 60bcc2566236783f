/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/hooks.h"
#include "lib/scratch.h"

static struct tf_error err;

static void say(const struct hooks *h, const char *line)
{
	assert_int_equal(write(h->fd, line, strlen(line)), strlen(line));
}

/* A script that notes its arguments, one a line and between brackets. */
static void write_script(void)
{
	FILE *f = fopen("note", "w");
	assert_non_null(f);
	assert_true(fputs("#!/bin/sh\nprintf '[%s]' \"$@\" >>noted\nprintf '\\n' >>noted\n", f) >=
	            0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(system("chmod +x note"), 0);
}

static int check(const char *command)
{
	return system(command);
}

/* No word of a path is a shell's business, nor an option. */
static void arguments(void **state)
{
	(void)state;
	(void)folder_make();
	write_script();
	struct hooks h;
	assert_true(hooks_start(&h, " ./note  one two\t", NULL, &err));
	say(&h, "open\tout/a\n");
	say(&h, "close\tout/a b;touch c'\"$(touch d)\n");
	assert_true(hooks_finish(&h, &err));
	assert_int_equal(
	        check("printf '%s\\n' \"[one][two][--][out/a b;touch c'\\\"\\$(touch d)]\" "
	              "| cmp - noted && test ! -e c -a ! -e d"),
	        0);
	folder_remove();
}

/* More files than may be worked on at a time: all get their turn, before the end. */
static void many(void **state)
{
	(void)state;
	(void)folder_make();
	write_script();
	struct hooks h;
	assert_true(hooks_start(&h, "./note", NULL, &err));
	for (int i = 0; i < 5 * HOOKS_AT_ONCE; i++) {
		char line[40];
		(void)snprintf(line, sizeof line, "close\tfile%02d\n", i);
		say(&h, line);
	}
	assert_true(hooks_finish(&h, &err));
	assert_int_equal(check("test $(grep -o 'file[0-9]*' noted | sort -u | wc -l) = 50"), 0);
	folder_remove();
}

static void not_a_command(void **state)
{
	(void)state;
	struct hooks h;
	assert_false(hooks_start(&h, "", NULL, &err));
	assert_int_equal(err.status, TF_USAGE);
	assert_false(hooks_start(&h, " \t ", NULL, &err));
	char words[200] = "";
	for (int i = 0; i < 65; i++)
		strcat(words, "a ");
	assert_false(hooks_start(&h, words, NULL, &err));
	assert_true(hooks_finish(&h, &err)); /* there is nothing to wait for */
}

static void cannot_be_run(void **state)
{
	(void)state;
	struct hooks h;
	assert_true(hooks_start(&h, "/there/is/no/such/command", NULL, &err));
	say(&h, "close\tx\n");
	assert_false(hooks_finish(&h, &err));
	assert_int_equal(err.status, TF_OUTPUT);
	assert_true(hooks_start(&h, "false", NULL, &err)); /* that it fails is its own matter */
	say(&h, "close\tx\n");
	assert_true(hooks_finish(&h, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(arguments),
	        cmocka_unit_test(many),
	        cmocka_unit_test(not_a_command),
	        cmocka_unit_test(cannot_be_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
