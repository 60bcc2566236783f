/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/help.h"

#include "cli/options.h"

#include <string.h>

enum { COLUMNS = 79, INDENT = 26 };

/* Words that start in column INDENT and go on there in the next line. */
static void write_wrapped(FILE *to, const char *text)
{
	size_t column = INDENT;

	while (*text) {
		size_t n = strcspn(text, " ");
		if (column > INDENT && column + 1 + n > COLUMNS) {
			(void)fprintf(to, "\n%*s", INDENT, "");
			column = INDENT;
		} else if (column > INDENT) {
			(void)fputc(' ', to);
			column++;
		}
		(void)fwrite(text, 1, n, to);
		column += n;
		text += n;
		text += *text == ' ';
	}
	(void)fputc('\n', to);
}

static void write_row(FILE *to, const struct option_row *row)
{
	char left[COLUMNS], letter[] = "-x,";

	letter[1] = (char)row->letter;
	int n = snprintf(left, sizeof left, "  %3s --%s%s%s", row->letter != 0 ? letter : "",
	                 row->name, row->value && row->value[0] != '[' ? " " : "",
	                 row->value ? row->value : "");
	(void)fprintf(to, "%-*s", INDENT, left);
	if (n >= INDENT) /* the phrase has no room beside it */
		(void)fprintf(to, "\n%*s", INDENT, "");
	write_wrapped(to, row->help);
}

void help_write(FILE *to, bool all)
{
	size_t count;
	const struct option_row *rows = option_rows(&count);
	const char *group = NULL;

	(void)fputs(
	        "Usage: tcpflow -r FILE [-r FILE ...] [options] [expression]\n"
	        "Stores what each side of each TCP connection in a capture file said, one file\n"
	        "for each direction. The expression is a filter as tcpdump takes it.\n",
	        to);
	for (size_t i = 0; i < count; i++) {
		if (!all && !rows[i].usual)
			continue;
		if (rows[i].group != group)
			(void)fprintf(to, "\n%s:\n", rows[i].group);
		group = rows[i].group;
		write_row(to, &rows[i]);
	}
	(void)fprintf(to,
	              "\nSizes take K, M and G (2^10, 2^20, 2^30). %s\n"
	              "The manual, tcpflow(1), says more.\n",
	              all ? "" : "tcpflow -hh lists all options.");
}
