/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of several workers in one file, and what mending makes of parts and halves. */
#include "folder.h"

#include "sink/journal.h"
#include "sink/recover.h"

enum { WORKERS = 3, FLOWS = 8 };

static struct tf_error err;
static struct outdir dir;
static struct arena arena[WORKERS];
static struct sink_share share[WORKERS];
static struct journal_part *part[WORKERS];
static struct journal journal;
static struct tf_flow flow;

static void start(unsigned workers, const char *base)
{
	folder_make();
	assert_true(outdir_open(&dir, "in", &err));
	journal = (struct journal){.dir = &dir,
	                           .base = base,
	                           .part = part,
	                           .share = share,
	                           .workers = workers,
	                           .fd = -1};
	for (unsigned i = 0; i < workers; i++) {
		assert_true(arena_init(&arena[i], 1 << 20, &err));
		share[i] = (struct sink_share){.arena = &arena[i], .flows_max = FLOWS};
		part[i] = NULL;
	}
}

static void stop(void)
{
	for (unsigned i = 0; i < journal.workers; i++)
		arena_free(&arena[i]);
	outdir_close(&dir);
	folder_remove();
}

static struct tf_event at(uint64_t turn, uint64_t number)
{
	flow.number = number;
	flow.connection = number;
	return (struct tf_event){.turn = turn, .flow = &flow};
}

static void begin(unsigned worker, uint64_t turn, uint32_t id)
{
	struct tf_event ev = at(turn, turn);
	journal_begin(part[worker], &ev, id);
}

static void row(unsigned worker, uint64_t turn, uint64_t number, uint32_t id, const char *text)
{
	struct tf_event ev = at(turn, number);
	struct text *t = journal_row(part[worker]);
	assert_non_null(t);
	text_string(t, text);
	journal_number(part[worker], &flow);
	text_string(t, "\n");
	assert_true(journal_add(part[worker], &ev, id));
}

static void open_all(void)
{
	for (unsigned i = 0; i < journal.workers; i++)
		assert_non_null(journal_open(&journal, i, true, &err));
}

static void close_all(void)
{
	for (unsigned i = 0; i < journal.workers; i++)
		assert_true(journal_close(part[i], &err));
}

static void one_worker(void **state)
{
	(void)state;
	start(1, "rows");
	assert_true(journal_make(&journal, "head\n", 5, &err));
	open_all();
	row(0, 1, 7, 1, "a");
	row(0, 2, 8, 1, "b");
	close_all();
	file_is("in/rows", "head\na7\nb8\n");
	assert_int_equal(names_in("in"), 1);
	stop();
}

/* Ids are used again; ties are for the lower number of the flow. */
static void several(void **state)
{
	(void)state;
	start(3, "rows");
	assert_true(journal_make(&journal, "head\n", 5, &err));
	open_all();
	begin(0, 10, 1);
	begin(1, 5, 1);
	begin(2, 7, 2);
	row(1, 20, 5, 1, "five-");
	begin(1, 30, 1);
	row(0, 40, 10, 1, "ten-");
	row(1, 40, 30, 1, "thirty-");
	row(2, 40, 7, 2, "seven-");
	for (unsigned i = 0; i < 3; i++)
		assert_true(journal_flush(part[i]));
	assert_int_equal(names_in("in"), 4);
	close_all();
	file_is("in/rows", "head\nfive-0\nseven-1\nten-2\nthirty-3\n");
	assert_int_equal(names_in("in"), 1);
	stop();
}

static void too_long(void **state)
{
	(void)state;
	start(1, "rows");
	open_all();
	row(0, 1, 1, 1, "short");
	struct tf_event ev = at(2, 2);
	struct text *t = journal_row(part[0]);
	for (int i = 0; i < JOIN_ROW_MAX; i++)
		text_string(t, "xx");
	assert_false(journal_add(part[0], &ev, 1));
	close_all();
	file_is("in/rows", "short1\n");
	stop();
}

/* The run is killed: nothing is closed. */
static void abandon(void)
{
	for (unsigned i = 0; i < journal.workers; i++)
		assert_true(journal_flush(part[i]));
	for (int fd = 3; fd < 64; fd++) /* locks go, too */
		if (fd != dir.fd)
			(void)close(fd);
}

static void parts_are_joined(void **state)
{
	(void)state;
	unsigned mended;
	start(2, "flows.jsonl");
	assert_true(journal_make(&journal, "", 0, &err));
	open_all();
	begin(0, 1, 1);
	begin(1, 2, 1);
	row(1, 3, 2, 1, "b");
	row(0, 4, 1, 1, "a");
	begin(0, 5, 2);
	row(0, 6, 5, 2, "c"); /* the other part may have begun another before it */
	assert_true(recover_folder(&dir, &mended, &err));
	assert_int_equal(mended, 0); /* somebody writes it */
	abandon();
	assert_true(recover_folder(&dir, &mended, &err));
	assert_int_equal(mended, 1);
	file_is("in/flows.jsonl", "b1\na0\ncnull\n");
	assert_int_equal(names_in("in"), 1);
	stop();
}

#define XML  "<?xml version='1.0' encoding='UTF-8'?>\n"
#define HEAD XML "<dfxml xmloutputversion='1.0'>\n"

static const struct {
	const char *name, *before, *after; /* NULL: it stays */
} halves[] = {
        {"flows.jsonl", "{\"a\":1}\n{\"b\"", "{\"a\":1}\n"},
        {"flows.jsonl", "{\"a\":1}\n", NULL},
        {"flows.jsonl", "", NULL},
        {"report.xml", HEAD "</dfxml>\n", NULL},
        {"report.xml", HEAD "  <configuration>\n    <fileobject>\n    </fileobject>\n    <fileob",
         HEAD "  <configuration>\n    <fileobject>\n    </fileobject>\n"
              "  </configuration>\n  <tf:run end='killed'/>\n</dfxml>\n"},
        {"report.xml", HEAD "  <configuration>\n    <fileobject>\n",
         HEAD "  <configuration>\n"
              "  </configuration>\n  <tf:run end='killed'/>\n</dfxml>\n"},
        /* What is none of ours */
        {"flows.jsonl", "somebody's, without an end", NULL},
        {"report.xml", "<?xml version='1.0'?>\n<svg>\n</svg>\n", NULL},
        {"report.xml", XML "<svg>\n</svg>\n", NULL},
        {"report.xml", "{\"a\":1}\nnotes", NULL},
        {"report.xml", "<?xml version=",
         "<?xml version='1.0' encoding='UTF-8'?>\n"
         "<dfxml xmloutputversion='1.0' xmlns:tf='urn:tcpflow:report:2'>\n  <configuration>\n"
         "  </configuration>\n  <tf:run end='killed'/>\n</dfxml>\n"},
};

static void halves_are_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++) {
		char path[64];
		unsigned mended;
		start(1, "x");
		(void)snprintf(path, sizeof path, "in/%s", halves[i].name);
		write_file(path, halves[i].before);
		assert_true(recover_folder(&dir, &mended, &err));
		assert_int_equal(mended, halves[i].after != NULL);
		file_is(path, halves[i].after != NULL ? halves[i].after : halves[i].before);
		assert_true(recover_folder(&dir, &mended, &err));
		assert_int_equal(mended, 0);
		stop();
	}
}

static void the_older_one_is_kept(void **state)
{
	(void)state;
	start(1, "report.xml");
	write_file("in/report.xml", "<?xml ?>\n</dfxml>\n");
	write_file("in/report.1.xml", "first");
	write_file("in/flows.jsonl.0", "somebody's");
	assert_true(journal_make(&journal, "new\n", 4, &err));
	journal_give_up(&journal);
	file_is("in/report.xml", "new\n");
	file_is("in/report.1.xml", "first");
	file_is("in/report.2.xml", "<?xml ?>\n</dfxml>\n");
	file_is("in/flows.jsonl.0", "somebody's");
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(one_worker),     cmocka_unit_test(several),
	        cmocka_unit_test(too_long),       cmocka_unit_test(parts_are_joined),
	        cmocka_unit_test(halves_are_cut), cmocka_unit_test(the_older_one_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
