/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prints doc/LINKTYPES.md: the decoder's tables, the words for --decap, and the kinds
 * of capture files, as the code has them.
 */
#include "capture/source.h"
#include "decode/decode.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS_MOST = 1024 };

static int by_number(const void *a, const void *b)
{
	const struct decode_doc *x = a, *y = b;
	return (x->number > y->number) - (x->number < y->number);
}

/* The rows of a table, by number -> how many there are */
static size_t sorted_rows(unsigned table, size_t count, struct decode_doc rows[ROWS_MOST])
{
	if (count > ROWS_MOST) {
		(void)fprintf(stderr, "a table has more than %d rows\n", ROWS_MOST);
		exit(1);
	}
	for (size_t i = 0; i < count; i++)
		rows[i] = decode_table_row(table, i);
	qsort(rows, count, sizeof *rows, by_number);
	return count;
}

static void print_number(const struct decode_table *t, uint32_t number)
{
	if (t->hex)
		printf("| 0x%0*" PRIx32 " ", t->hex, number);
	else
		printf("| %" PRIu32 " ", number);
}

/* What is decoded; then the names of what is not. */
static void print_table(unsigned table, const struct decode_table *t)
{
	static struct decode_doc rows[ROWS_MOST];
	size_t n = sorted_rows(table, t->rows, rows), opaque = 0;
	printf("\n## %s\n\n| number | name | source | `--decap` |\n|---|---|---|---|\n", t->title);
	for (size_t i = 0; i < n; i++) {
		const struct decode_doc *r = &rows[i];
		opaque += r->source == NULL;
		if (r->source == NULL)
			continue;
		print_number(t, r->number);
		printf("| %s | %s | %s |\n", r->name, r->source, r->decap == NULL ? "" : r->decap);
	}
	if (opaque > 0)
		printf("\nKnown by name, and not decoded:\n\n| number | name |\n|---|---|\n");
	for (size_t i = 0; i < n && opaque > 0; i++) {
		if (rows[i].source != NULL)
			continue;
		print_number(t, rows[i].number);
		printf("| %s |\n", rows[i].name);
	}
}

static void print_decaps(void)
{
	size_t count;
	const struct tf_decap_row *rows = tf_decap_rows(&count);
	printf("\n## Words for `--decap`\n\n"
	       "Those with a port may be given others with `--tunnel-port WORD=PORT`.\n\n"
	       "| word | what it opens | port |\n|---|---|---|\n");
	for (size_t i = 0; i < count; i++)
		printf("| `%s` | %s | %s |\n", rows[i].name, rows[i].sentence,
		       rows[i].has_port ? "yes" : "");
}

static void print_files(void)
{
	struct source_kind kind;
	printf("\n## Capture files\n\nTold by their first bytes, whatever they are called.\n\n"
	       "| first bytes | kind | source |\n|---|---|---|\n");
	for (size_t i = 0; source_kind(i, &kind); i++) {
		printf("| ");
		for (unsigned k = 0; k < kind.n; k++)
			printf("%02x ", kind.start[k]);
		printf("%s| %s%s | %s |\n", kind.either ? "(or backwards) " : "",
		       kind.packed ? "any of these, packed by " : "", kind.name, kind.source);
	}
}

int main(void)
{
	printf("# Link types, tunnels, capture files\n\n"
	       "What is decoded on the way from a captured frame to TCP, and which files are "
	       "read.\nThe program's own tables printed this page: "
	       "`meson compile -C build linktypes`.\n\n"
	       "The last column has the word that keeps a tunnel closed when `--decap` is given "
	       "a\nlist without it; where it is empty, the header is always passed.\n");
	struct decode_table t;
	for (unsigned i = 0; (t = decode_table(i)).title != NULL; i++)
		print_table(i, &t);
	print_decaps();
	print_files();
	return fflush(stdout) != 0;
}
