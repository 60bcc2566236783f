/* SPDX-License-Identifier: BSD-3-Clause */
/* The manual has each option with its example, each setting, counter and exit code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/options.h"
#include "cli/scanners.h"

static char page[200000];

/* The manual stands at a known place beside this file. */
static int read_page(void **state)
{
	char path[4096] = __FILE__;
	char *slash = strrchr(path, '/');
	(void)state;
	if (slash == NULL)
		return -1;
	(void)snprintf(slash, sizeof path - (size_t)(slash - path), "/../../../doc/man/tcpflow.1");
	FILE *f = fopen(path, "r");
	if (f == NULL) {
		perror(path);
		return -1;
	}
	page[fread(page, 1, sizeof page - 1, f)] = '\0';
	return fclose(f);
}

static const char *has(const char *line)
{
	const char *found = strstr(page, line);
	if (found == NULL)
		fail_msg("the manual has no line '%s'", line + 1);
	return found != NULL ? found : page;
}

/* The line that begins an option's item. */
static void item(const struct option_row *row, char *to, size_t n)
{
	char letter[] = "Fl x , ", value[40] = "";
	letter[3] = (char)row->letter;
	if (row->value && row->value[0] == '[')
		(void)snprintf(value, sizeof value, " Ns Op = Ns Ar %.*s",
		               (int)strlen(row->value) - 3, row->value + 2);
	else if (row->value)
		(void)snprintf(value, sizeof value, " Ar %s", row->value);
	(void)snprintf(to, n, "\n.It %sFl -%s%s\n", row->letter ? letter : "", row->name, value);
}

/* Each has its item, under the heading of its group, in the order of the table. */
static void options(void **state)
{
	size_t count;
	const struct option_row *row = option_rows(&count);
	const char *last = page;
	char line[100];
	(void)state;
	for (size_t i = 0; i < count; i++, row++) {
		if (i == 0 || row[-1].group != row->group) {
			(void)snprintf(line, sizeof line, "\n.Ss %s\n", row->group);
			const char *heading = has(line);
			assert_true(heading > last);
			last = heading;
		}
		item(row, line, sizeof line);
		const char *found = has(line);
		if (found < last)
			fail_msg("the manual has --%s at another place than the help", row->name);
		last = found;
	}
}

/* Each item ends with the row's example. */
static void examples(void **state)
{
	size_t count;
	const struct option_row *row = option_rows(&count);
	char line[200];
	(void)state;
	for (size_t i = 0; i < count; i++, row++) {
		item(row, line, sizeof line);
		const char *found = has(line), *end = strstr(found + 1, "\n.It Fl ");
		(void)snprintf(line, sizeof line, "\n.Dl $ %s\n", row->example);
		const char *example = strstr(found, line);
		if (example == NULL || (end != NULL && example > end))
			fail_msg("the manual's item of --%s has no '%s'", row->name, line + 1);
	}
}

static void settings(void **state)
{
	size_t count;
	const struct option_row *row = setting_rows(&count);
	char line[100];
	(void)state;
	for (size_t i = 0; i < count; i++, row++) {
		(void)snprintf(line, sizeof line, "\n.It Cm %s Ns = Ns Ar %s\n", row->name,
		               row->value);
		has(line);
	}
	for (const char *const *word = scanner_words; *word; word++) {
		(void)snprintf(line, sizeof line, "\n.It Cm %s\n", *word);
		has(line);
	}
}

static void counters(void **state)
{
	size_t count;
	const struct tf_counter_row *rows = tf_counter_rows(&count);
	char line[200];
	(void)state;
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(line, sizeof line, "\n.It Va %s\n%s\n", rows[i].name,
		               rows[i].sentence);
		has(line);
	}
}

static void exit_codes(void **state)
{
	static const char *const codes[] = {"0", "1", "2", "3", "4", "130", "143"};
	char line[20];
	(void)state;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		(void)snprintf(line, sizeof line, "\n.It %s\n", codes[i]);
		has(line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(options),    cmocka_unit_test(examples),
	        cmocka_unit_test(settings),   cmocka_unit_test(counters),
	        cmocka_unit_test(exit_codes),
	};
	return cmocka_run_group_tests(tests, read_page, NULL);
}
