/* SPDX-License-Identifier: BSD-3-Clause */
/* Both directions of a connection in one transcript: on the console, and in files. */
#include "printing.h"

#define TO_SERVER "010.000.000.001.04000-010.000.000.002.00080"
#define TO_CLIENT "010.000.000.002.00080-010.000.000.001.04000"
#define OTHER     "010.000.000.001.04001-010.000.000.002.00080"
#define TIME      "# 1970-01-01T00:01:40.000000000Z "
#define LATER     "# 1970-01-01T00:01:41.000000000Z "

static struct printing p;

static void start(enum tf_form form)
{
	printing_start(&p, (struct tf_printing){.form = form, .sessions = true}, false);
}

static void start_files(enum tf_form form, unsigned files_max)
{
	printing_start(
	        &p,
	        (struct tf_printing){
	                .form = form, .sessions = true, .folder = "in", .files_max = files_max},
	        false);
}

static void finish_files(void)
{
	assert_true(printing_close(&p));
	assert_false(p.failed);
	for (unsigned i = 0; i < PRINTED_FLOWS; i++)
		assert_int_equal(p.flow[i].slot[0] | p.flow[i].slot[1], 0);
	printing_clean_up(&p);
}

/* -- what it looks like -------------------------------------------------------------------- */

static void sides_take_turns(void **state)
{
	(void)state;
	start(TF_FORM_TEXT);
	print_begin(&p, 0);
	print_say(&p, 0, 0, "GET /\r\n");
	print_say(&p, 0, 0, "Host: a");
	print_say(&p, 0, 0, "bc\r\n\r\n");
	p.now_ns += SECOND;
	print_say(&p, 0, 1, "200 OK\nno end");
	print_end(&p, 0, TF_BOTH, TF_END_FIN);
	printed(&p, TIME TO_SERVER "\n> GET /\n> Host: abc\n> \n" LATER TO_CLIENT
	                           "\n< 200 OK\n< no end\n" LATER TO_SERVER
	                           ": end: closed by both sides\n");
}

/* Whatever a side says, each of its lines has its mark. */
static void nobody_can_speak_for_another(void **state)
{
	(void)state;
	start(TF_FORM_TEXT);
	print_say(&p, 0, 0, "a\n< b\n# c\r< d\r\r\n\x1b[1A\n");
	print_say(&p, 0, 0, "e\r");
	print_say(&p, 0, 0, "\nf\r");
	print_say(&p, 0, 0, "g\r");
	print_say(&p, 0, 1, "h");
	printed(&p, TIME TO_SERVER "\n> a\n> < b\n> # c.< d.\n> .[1A\n> e\n> f.g.\n" TIME TO_CLIENT
	                           "\n< h");
}

static void connections_are_told_apart(void **state)
{
	(void)state;
	start(TF_FORM_TEXT);
	print_say(&p, 0, 0, "a");
	print_say(&p, 1, 0, "b");
	print_say(&p, 1, 0, "c\n");
	print_end(&p, 0, TF_BOTH, TF_END_RST);
	print_say(&p, 1, 0, "d\n");
	print_begin(&p, 2); /* nobody hears of it */
	print_end(&p, 2, TF_BOTH, TF_END_INPUT);
	printed(&p, TIME TO_SERVER "\n> a\n" TIME OTHER "\n> bc\n" TIME TO_SERVER
	                           ": end: reset\n" TIME OTHER "\n> d\n");
}

static void gaps_are_told(void **state)
{
	(void)state;
	start(TF_FORM_TEXT);
	print_say(&p, 0, 0, "ab\r");
	print_gap(&p, 0, 0, 5, TF_GAP_LOST);
	print_say(&p, 0, 0, "c\n");
	print_end(&p, 0, 0, TF_END_HOLE);
	print_end(&p, 0, TF_BOTH, TF_END_EVICTED);
	printed(&p, TIME TO_SERVER
	        "\n> ab.\n" TIME TO_SERVER
	        ": 5 bytes missing from offset 3 on: not captured\n" TIME TO_SERVER
	        "\n> c\n" TIME TO_SERVER
	        ": more bytes missing than a stream may lack: another begins\n" TIME TO_SERVER
	        ": end: given up for memory\n");
}

static void hexadecimal_has_offsets_of_the_stream(void **state)
{
	(void)state;
	start(TF_FORM_HEX);
	p.flow[0].next[0] = 0x123456789;
	print_say(&p, 0, 0, "abc");
	print_say(&p, 0, 0, "\n");
	printed(&p, TIME TO_SERVER "\n> 123456789: 6162 63 abc\n> 12345678c: 0a .\n");
}

static void colours_go_off_behind_each_piece(void **state)
{
	(void)state;
	printing_start(&p, (struct tf_printing){.sessions = true, .colours = true}, false);
	print_say(&p, 0, 1, "a");
	print_say(&p, 0, 1, "b");
	printed(&p, TIME TO_CLIENT "\n\33[0;31m< a\33[0m\33[0;31mb\33[0m");
}

/* -- files ------------------------------------------------------------------------------------ */

static void each_connection_has_a_file(void **state)
{
	(void)state;
	start_files(TF_FORM_TEXT, 0);
	print_begin(&p, 0);
	print_begin(&p, 1);
	print_begin(&p, 2);
	p.flow[1].flow.originator = 1;
	print_say(&p, 0, 0, "a");
	print_say(&p, 1, 0, "b");
	print_say(&p, 0, 0, "c");
	print_end(&p, 0, TF_BOTH, TF_END_FIN);
	print_end(&p, 1, TF_BOTH, TF_END_INPUT);
	print_end(&p, 2, TF_BOTH, TF_END_INPUT);
	file_is("in/" TO_SERVER ".session",
	        TIME TO_SERVER "\n> ac\n" TIME TO_SERVER ": end: closed by both sides\n");
	file_is("in/010.000.000.002.00080-010.000.000.001.04001.session",
	        TIME OTHER "\n< b\n" TIME "010.000.000.002.00080-010.000.000.001.04001"
	                   ": the capture ends\n");
	assert_false(exists("in/010.000.000.001.04002-010.000.000.002.00080.session"));
	struct stat st;
	assert_int_equal(stat("in/" TO_SERVER ".session", &st), 0);
	assert_int_equal(st.st_mtime, 1);
	finish_files();
}

/* With one descriptor, and more than its buffer holds. */
static void descriptors_are_few(void **state)
{
	(void)state;
	enum { ROUNDS = 2000 };
	static const char line[] = "sixteen letters\n";
	start_files(TF_FORM_TEXT, 1);
	for (unsigned i = 0; i < 3; i++)
		print_begin(&p, i);
	for (unsigned i = 0; i < ROUNDS; i++)
		for (unsigned flow = 0; flow < 3; flow++)
			print_say(&p, flow, 0, line);
	for (unsigned flow = 0; flow < 3; flow++)
		print_end(&p, flow, TF_BOTH, TF_END_FIN);
	static char got[ROUNDS * 20];
	size_t n = read_file("in/" OTHER ".session", got, sizeof got);
	const char *at = strchr(got, '\n') + 1;
	for (unsigned i = 0; i < ROUNDS; i++, at += 2 + sizeof line - 1)
		assert_memory_equal(at, "> sixteen letters\n", 2 + sizeof line - 1);
	assert_int_equal(n, ROUNDS * 18 + 2 * strlen(TIME OTHER "\n") +
	                            strlen(": end: closed by both sides"));
	finish_files();
}

/* Its file is moved away while another one has the only descriptor. What comes then has no hole
   before it. */
static void a_file_that_is_taken_away_goes_on(void **state)
{
	(void)state;
	struct tf_error err;
	start_files(TF_FORM_TEXT, 1);
	for (unsigned flow = 0; flow < 2; flow++) {
		print_begin(&p, flow);
		print_say(&p, flow, 0, "first\n");
		for (int i = 0; i < 2; i++)
			assert_true(p.sink.flush(p.self, &err));
	}
	assert_int_equal(rename("in/" TO_SERVER ".session", "away"), 0);
	print_say(&p, 0, 0, "second\n");
	print_end(&p, 0, TF_BOTH, TF_END_FIN);
	print_end(&p, 1, TF_BOTH, TF_END_FIN);
	file_is("away", TIME TO_SERVER "\n> first\n");
	file_is("in/" TO_SERVER ".session",
	        "> second\n" TIME TO_SERVER ": end: closed by both sides\n");
	finish_files();
}

static void names_that_are_taken_are_left_alone(void **state)
{
	(void)state;
	start_files(TF_FORM_JSON, 2);
	write_file("in/" TO_SERVER ".session.jsonl", "old");
	write_file("in/" TO_SERVER "c1.session.jsonl", "old");
	for (int i = 0; i < 3; i++) {
		print_begin(&p, 0);
		print_say(&p, 0, 0, "a");
		print_end(&p, 0, TF_BOTH, TF_END_FIN);
	}
	file_is("in/" TO_SERVER ".session.jsonl", "old");
	file_is("in/" TO_SERVER "c1.session.jsonl", "old");
	for (int i = 2; i < 5; i++) {
		char name[100];
		(void)snprintf(name, sizeof name, "in/" TO_SERVER "c%d.session.jsonl", i);
		assert_true(exists(name));
	}
	struct tf_counters c = {0};
	p.sink.count(p.self, &c);
	assert_int_equal(c.files, 3);
	assert_int_equal(c.writes, 3);
	finish_files();
}

/* Connections of the same ends in other networks: whoever spoke first has the name. */
static void numbers_go_by_the_first_words(void **state)
{
	(void)state;
	start_files(TF_FORM_TEXT, 1);
	p.flow[1].flow.end[0].port = p.flow[0].flow.end[0].port;
	for (unsigned i = 0; i < 2; i++) {
		p.flow[i].flow.net[0] = (uint32_t)TF_NET_VXLAN << 24 | i;
		print_begin(&p, i);
	}
	print_say(&p, 0, 0, "a");
	print_say(&p, 1, 0, "b");
	print_end(&p, 1, TF_BOTH, TF_END_INPUT);
	print_end(&p, 0, TF_BOTH, TF_END_INPUT);
	file_is("in/" TO_SERVER ".session",
	        TIME TO_SERVER "\n> a\n" TIME TO_SERVER ": the capture ends\n");
	file_is("in/" TO_SERVER "c1.session",
	        TIME TO_SERVER "\n> b\n" TIME TO_SERVER ": the capture ends\n");
	finish_files();
}

/* So that a run that is killed leaves it. */
static void what_waits_is_written_in_time(void **state)
{
	(void)state;
	start_files(TF_FORM_TEXT, 0);
	print_begin(&p, 0);
	print_say(&p, 0, 0, "a");
	assert_true(p.sink.flush(p.self, &p.err));
	assert_true(p.sink.flush(p.self, &p.err));
	file_is("in/" TO_SERVER ".session", TIME TO_SERVER "\n> a");
	print_end(&p, 0, TF_BOTH, TF_END_INPUT);
	file_is("in/" TO_SERVER ".session",
	        TIME TO_SERVER "\n> a\n" TIME TO_SERVER ": the capture ends\n");
	finish_files();
}

static void nothing_is_written_through_links(void **state)
{
	(void)state;
	start_files(TF_FORM_TEXT, 0);
	write_file("victim", "precious");
	assert_int_equal(symlink("../victim", "in/" TO_SERVER ".session"), 0);
	assert_int_equal(link("victim", "in/" TO_SERVER "c1.session"), 0);
	assert_int_equal(mkfifo("in/" TO_SERVER "c2.session", 0666), 0);
	print_begin(&p, 0);
	print_say(&p, 0, 0, "a");
	print_end(&p, 0, TF_BOTH, TF_END_FIN);
	file_is("victim", "precious");
	assert_true(exists("in/" TO_SERVER "c3.session"));
	finish_files();
}

static void a_folder_that_is_gone_is_an_error(void **state)
{
	(void)state;
	start_files(TF_FORM_TEXT, 0);
	print_begin(&p, 0);
	assert_int_equal(rmdir("in"), 0);
	print_say(&p, 0, 0, "a");
	print_end(&p, 0, TF_BOTH, TF_END_FIN);
	assert_true(p.failed);
	assert_int_equal(p.err.status, TF_OUTPUT);
	assert_string_equal(p.err.text,
	                    "cannot make " TO_SERVER ".session in in: No such file or directory");
	printing_clean_up(&p);
}

/* Files that were made already get what is told of their connections until then. */
static void a_failure_leaves_others_whole(void **state)
{
	(void)state;
	start_files(TF_FORM_TEXT, 2);
	print_begin(&p, 0);
	print_begin(&p, 1);
	print_say(&p, 0, 0, "a");
	assert_true(p.sink.flush(p.self, &p.err) && p.sink.flush(p.self, &p.err));
	print_say(&p, 0, 0, "b");
	int folder = p.dir.fd;
	p.dir.fd = -1; /* as if it were gone */
	print_say(&p, 1, 0, "c");
	print_end(&p, 1, TF_BOTH, TF_END_INPUT);
	assert_true(p.failed);
	print_end(&p, 0, TF_BOTH, TF_END_INPUT);
	p.dir.fd = folder;
	file_is("in/" TO_SERVER ".session", TIME TO_SERVER "\n> ab");
	assert_int_equal(p.chunks.slab.used, 0);
	assert_false(printing_close(&p));
	printing_clean_up(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(sides_take_turns),
	        cmocka_unit_test(nobody_can_speak_for_another),
	        cmocka_unit_test(connections_are_told_apart),
	        cmocka_unit_test(gaps_are_told),
	        cmocka_unit_test(hexadecimal_has_offsets_of_the_stream),
	        cmocka_unit_test(colours_go_off_behind_each_piece),
	        cmocka_unit_test(each_connection_has_a_file),
	        cmocka_unit_test(descriptors_are_few),
	        cmocka_unit_test(a_file_that_is_taken_away_goes_on),
	        cmocka_unit_test(names_that_are_taken_are_left_alone),
	        cmocka_unit_test(numbers_go_by_the_first_words),
	        cmocka_unit_test(what_waits_is_written_in_time),
	        cmocka_unit_test(nothing_is_written_through_links),
	        cmocka_unit_test(a_folder_that_is_gone_is_an_error),
	        cmocka_unit_test(a_failure_leaves_others_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
