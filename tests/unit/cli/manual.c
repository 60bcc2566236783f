/* SPDX-License-Identifier: BSD-3-Clause */
/* The manual names each option, each missing one, each counter and exit code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/options.h"

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

static void has(const char *line)
{
	if (strstr(page, line) == NULL)
		fail_msg("the manual has no line '%s'", line + 1);
}

static void options(void **state)
{
	size_t count;
	const struct option_row *rows = option_rows(&count);
	char line[100];
	(void)state;
	for (size_t i = 0; i < count; i++) {
		const struct option_row *row = &rows[i];
		char letter[] = "Fl x , ", value[40] = "";
		letter[3] = (char)row->letter;
		if (row->value && row->value[0] == '[')
			(void)snprintf(value, sizeof value, " Ns Op = Ns Ar %.*s",
			               (int)strlen(row->value) - 3, row->value + 2);
		else if (row->value)
			(void)snprintf(value, sizeof value, " Ar %s", row->value);
		(void)snprintf(line, sizeof line, "\n.It %sFl -%s%s\n",
		               row->letter < 256 ? letter : "", row->name, value);
		has(line);
	}
}

static void absentees(void **state)
{
	size_t count;
	const struct option_absent *rows = option_absentees(&count);
	char line[100];
	(void)state;
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(line, sizeof line, "\n.Fl %c ", rows[i].letter);
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
	        cmocka_unit_test(options),
	        cmocka_unit_test(absentees),
	        cmocka_unit_test(counters),
	        cmocka_unit_test(exit_codes),
	};
	return cmocka_run_group_tests(tests, read_page, NULL);
}
