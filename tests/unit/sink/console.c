/* SPDX-License-Identifier: BSD-3-Clause */
/* What is printed looks as that of tcpflow 1.6.1, whose output these expectations are. */
#include "printing.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#define TO_SERVER "010.000.000.001.04000-010.000.000.002.00080"
#define TO_CLIENT "010.000.000.002.00080-010.000.000.001.04000"

static struct printing p;

static void start(struct tf_printing how)
{
	printing_start(&p, how, false);
}

/* -- text ------------------------------------------------------------------------------- */

static void a_piece_has_its_name_and_a_newline(void **state)
{
	(void)state;
	start((struct tf_printing){0});
	print_begin(&p, 0);
	print_say(&p, 0, 0, "GET /\r\n");
	print_say(&p, 0, 1, "200");
	print_end(&p, 0, TF_BOTH, TF_END_FIN);
	printed(&p, TO_SERVER ": GET /\r\n\n" TO_CLIENT ": 200\n");
}

static void names_are_left_out_or_have_a_prefix(void **state)
{
	(void)state;
	start((struct tf_printing){.bare = true});
	print_say(&p, 0, 0, "a");
	printed(&p, "a\n");
	start((struct tf_printing){.prefix = "out/"});
	print_say(&p, 0, 0, "a");
	printed(&p, "out/" TO_SERVER ": a\n");
}

static void newlines_are_left_out(void **state)
{
	(void)state;
	start((struct tf_printing){.joined = true, .bare = true});
	print_say(&p, 0, 0, "ab");
	print_say(&p, 0, 0, "cd");
	printed(&p, "abcd");
}

/* Each byte: newline and carriage return go through, what is not ASCII is a dot. */
static void what_a_terminal_obeys_is_a_dot(void **state)
{
	(void)state;
	uint8_t all[256], want[257];
	for (int i = 0; i < 256; i++) {
		all[i] = (uint8_t)i;
		bool through = (i >= 0x20 && i < 0x7f) || i == '\n' || i == '\r';
		want[i] = through ? (uint8_t)i : '.';
	}
	want[256] = '\n';
	start((struct tf_printing){.bare = true});
	print_bytes(&p, 0, 0, all, sizeof all);
	printed_bytes(&p, want, sizeof want);
}

static void raw_bytes_are_as_they_are(void **state)
{
	(void)state;
	start((struct tf_printing){.form = TF_FORM_RAW, .bare = true});
	print_bytes(&p, 0, 0, "\0\33[2J\x9b\xff", 7);
	printed_bytes(&p, "\0\33[2J\x9b\xff\n", 8);
}

static void raw_bytes_go_to_no_terminal(void **state)
{
	(void)state;
	printing_start(&p, (struct tf_printing){.form = TF_FORM_RAW, .bare = true}, true);
	print_bytes(&p, 0, 0, "\0\33[2J\x9b\xff", 7);
	printed(&p, "..[2J..\n");
}

/* Only where it cannot have a line written over. */
static void carriage_returns_on_a_terminal(void **state)
{
	(void)state;
	printing_start(&p, (struct tf_printing){.bare = true}, true);
	print_say(&p, 0, 0, "a\r\nb\rc\r\r\nd\r");
	printed(&p, "a\r\nb.c.\r\nd\r\n");
	printing_start(&p, (struct tf_printing){.bare = true, .joined = true}, true);
	print_say(&p, 0, 0, "a\r\nb\r");
	print_say(&p, 0, 0, "\nc");
	printed(&p, "a\r\nb.\nc");
}

static void directions_have_colours(void **state)
{
	(void)state;
	start((struct tf_printing){.colours = true});
	p.flow[0].flow.originator = 1; /* so the first packet was the server's */
	print_say(&p, 0, 0, "a");
	print_say(&p, 0, 1, "b\n");
	printed(&p, "\33[0;31m" TO_SERVER ": a\33[0m\n\33[0;34m" TO_CLIENT ": b\n\33[0m\n");
}

static void times_stand_in_front(void **state)
{
	(void)state;
	start((struct tf_printing){.stamps = TF_STAMPS_ISO});
	p.now_ns = INT64_C(1223315694796605001);
	print_say(&p, 0, 0, "a");
	printed(&p, "2008-10-06T17:54:54.796605001Z " TO_SERVER ": a\n");
	start((struct tf_printing){.stamps = TF_STAMPS_EPOCH, .bare = true});
	print_say(&p, 0, 0, "a");
	printed(&p, "100.000000000 a\n");
	start((struct tf_printing){.stamps = TF_STAMPS_DELTA, .bare = true});
	print_say(&p, 0, 0, "a");
	p.now_ns += 3 * SECOND / 2;
	print_say(&p, 0, 0, "b");
	p.now_ns -= SECOND;
	print_say(&p, 0, 0, "c");
	p.now_ns = INT64_MIN;
	print_say(&p, 0, 0, "d");
	p.now_ns = INT64_MAX;
	print_say(&p, 0, 0, "e");
	printed(&p, "0.000000000 a\n1.500000000 b\n-1.000000000 c\n-9223372036.854775808 d\n"
	            "9223372036.854775807 e\n");
}

static void gaps_are_shown_on_a_line_of_their_own(void **state)
{
	(void)state;
	start((struct tf_printing){.joined = true});
	print_say(&p, 0, 0, "abc");
	print_gap(&p, 0, 0, 1, TF_GAP_LOST);
	print_gap(&p, 0, 0, 20, TF_GAP_SNAPLEN);
	print_say(&p, 0, 0, "def");
	print_end(&p, 0, 0, TF_END_HOLE);
	printed(&p, TO_SERVER ": abc\n" TO_SERVER
	                      ": [1 byte missing from offset 3 on: not captured]\n" TO_SERVER
	                      ": [20 bytes missing from offset 4 on: cut off by the "
	                      "snaplen]\n" TO_SERVER ": def\n" TO_SERVER
	                      ": [more bytes missing than a stream may lack: another begins]\n");
}

/* Nothing of ours stands between them. */
static void raw_bytes_without_names_are_for_programs(void **state)
{
	(void)state;
	start((struct tf_printing){.form = TF_FORM_RAW, .bare = true, .joined = true});
	print_say(&p, 0, 0, "abc");
	print_gap(&p, 0, 0, 1, TF_GAP_LOST);
	print_say(&p, 0, 0, "def");
	print_end(&p, 0, 0, TF_END_HOLE);
	printed(&p, "abcdef");
}

/* -- hexadecimal -------------------------------------------------------------------------- */

static void hexadecimal_of_one_line(void **state)
{
	(void)state;
	start((struct tf_printing){.form = TF_FORM_HEX});
	print_say(&p, 0, 0, "hello");
	print_say(&p, 0, 0, "2.0.0 Ok\r\n");
	printed(&p, TO_SERVER ": \n0000: 6865 6c6c 6f hello\n\n" TO_SERVER
	                      ": \n0000: 322e 302e 3020 4f6b 0d0a  2.0.0 Ok..\n\n");
}

static void hexadecimal_of_two_lines(void **state)
{
	(void)state;
	start((struct tf_printing){.form = TF_FORM_HEX, .bare = true, .joined = true});
	print_say(&p, 0, 0, "220 demo.example ESMTP OpenSMTPD\r\n");
	printed(&p,
	        "0000: 3232 3020 6465 6d6f 2e65 7861 6d70 6c65 2045 534d 5450 204f 7065 6e53 4d54 "
	        "5044  220 demo.example ESMTP OpenSMTPD\n"
	        "0020: 0d0a                                                                        "
	        "     ..\n");
}

/* 1.6.1 has nothing for it to stand in front of. */
static void a_time_has_a_line_before_hexadecimal(void **state)
{
	(void)state;
	start((struct tf_printing){
	        .form = TF_FORM_HEX, .bare = true, .joined = true, .stamps = TF_STAMPS_EPOCH});
	print_say(&p, 0, 0, "a");
	printed(&p, "100.000000000 \n0000: 61 a\n");
}

/* -- packets --------------------------------------------------------------------------------- */

static void packets_are_printed_as_they_came(void **state)
{
	(void)state;
	start((struct tf_printing){.packets = true, .bare = true});
	p.setup.flow_bytes = 5;
	print_begin(&p, 0);
	print_say(&p, 0, 0, "abc");
	print_say(&p, 0, 0, "");
	print_say(&p, 0, 0, "abc");
	print_say(&p, 0, 0, "abc");
	print_say(&p, 0, 1, "abc");
	print_end(&p, 0, TF_BOTH, TF_END_FIN);
	assert_int_equal(p.flow[0].slot[0] | p.flow[0].slot[1], 0);
	print_say(&p, 0, 0, "d");
	printed(&p, "abc\nab\nabc\nd\n");
}

/* -- JSON -------------------------------------------------------------------------------------- */

#define ENDS "\"src_host\":\"10.0.0.1\",\"src_port\":4000,\"dst_host\":\"10.0.0.2\",\"dst_port\":80"
#define ENDS_BACK                                                                                  \
	"\"src_host\":\"10.0.0.2\",\"src_port\":80,\"dst_host\":\"10.0.0.1\",\"dst_port\":4000"
#define FLOW "\"flow\":1,\"community_id\":\"1:7ZhQSud9D8YGcE//fM9wM4/3mq8=\","
#define TIME "{\"timestamp\":\"1970-01-01T00:01:40.000000000Z\",\"event_type\":"

static void json_has_all_of_a_stream(void **state)
{
	(void)state;
	start((struct tf_printing){.form = TF_FORM_JSON, .joined = true, .colours = true});
	print_begin(&p, 0);
	print_bytes(&p, 0, 0, "a\"\\\n\33\xff\xe2\x80\xae", 9);
	print_gap(&p, 0, 1, 3, TF_GAP_SNAPLEN);
	print_end(&p, 0, 1, TF_END_HOLE);
	print_end(&p, 0, TF_BOTH, TF_END_RST);
	printed(&p, TIME "\"begin\"," FLOW "" ENDS "}\n" TIME "\"data\"," FLOW
	                 "\"direction\":\"client\"," ENDS
	                 ",\"stream\":0,\"offset\":0,\"length\":9,\"packet\":7,\"source\":0,"
	                 "\"payload\":\"a\\\"\\\\\\n\\u001b\\\\xff\\u202e\","
	                 "\"payload_base64\":\"YSJcChv/4oCu\"}\n" TIME "\"gap\"," FLOW
	                 "\"direction\":\"server\"," ENDS_BACK
	                 ",\"stream\":0,\"offset\":0,\"length\":3,\"cause\":\"snaplen\"}\n" TIME
	                 "\"end\"," FLOW "\"direction\":\"server\"," ENDS_BACK
	                 ",\"stream\":0,\"reason\":\"hole\"}\n" TIME "\"end\"," FLOW "" ENDS
	                 ",\"reason\":\"rst\"}\n");
}

static void each_end_has_its_word(void **state)
{
	(void)state;
	static const char *const words[] = {"none", "fin",   "rst",     "reused",      "evicted",
	                                    "hole", "input", "timeout", "fin-unacked", "rotated"};
	static char want[4000];
	start((struct tf_printing){.form = TF_FORM_JSON});
	for (size_t i = 0, n = 0; i < sizeof words / sizeof words[0]; i++) {
		print_end(&p, 0, TF_BOTH, (enum tf_end)i);
		n += (size_t)snprintf(want + n, sizeof want - n,
		                      TIME "\"end\"," FLOW ENDS ",\"reason\":\"%s\"}\n", words[i]);
	}
	printed(&p, want);
}

static void json_of_packets_and_vlans(void **state)
{
	(void)state;
	start((struct tf_printing){.form = TF_FORM_JSON, .packets = true});
	p.flow[0].flow.vlan[0] = 42;
	p.flow[0].flow.vlan[1] = 7;
	print_say(&p, 0, 0, "a");
	printed(&p,
	        TIME "\"packet\"," FLOW "\"direction\":\"client\"," ENDS
	             ",\"vlan\":[42,7],\"seq\":1000,\"ack\":2000,\"flags\":24,\"length\":1,"
	             "\"packet\":7,\"source\":0,\"payload\":\"a\",\"payload_base64\":\"YQ==\"}\n");
}

/* What was told to others behind its gap is not on the console, and is accounted for as late,
   unless somebody else records it. */
static void late_ones(void **state)
{
	(void)state;
	for (int alone = 0; alone < 2; alone++) {
		start((struct tf_printing){.form = TF_FORM_TEXT});
		p.setup.alone = alone;
		print_say(&p, 0, 0, "abcde");
		p.flow[0].account[0].written = 12;
		print_end(&p, 0, TF_BOTH, TF_END_FIN);
		assert_int_equal(p.flow[0].account[0].written, alone ? 5 : 12);
		assert_int_equal(p.flow[0].account[0].late, alone ? 7 : 0);
		assert_int_equal(p.flow[0].account[1].late, 0);
		assert_true(printing_close(&p));
		printing_clean_up(&p);
	}
}

static void json_as_before(void **state)
{
	(void)state;
	start((struct tf_printing){.form = TF_FORM_JSON_LEGACY, .packets = true});
	print_begin(&p, 0);
	print_bytes(&p, 0, 0, "\0a\xff", 3);
	memset(p.flow[0].flow.end[1].address.b, 0, 16);
	p.flow[0].flow.end[1].address.b[0] = 0x20;
	print_say(&p, 0, 0, "b");
	print_end(&p, 0, TF_BOTH, TF_END_FIN);
	printed(&p, "{" ENDS ",\"payload\": [0,97,255]}\n"
	            "{\"src_host\":\"10.0.0.1\",\"src_port\":4000,\"dst_host\":\"2000::\","
	            "\"dst_port\":80,\"payload\": [98]}\n");
}

/* -- the descriptor ------------------------------------------------------------------------- */

/* What is longer than a piece comes in several, and there is always room. */
static void the_largest_pieces_fit(void **state)
{
	(void)state;
	static uint8_t bytes[200000];
	for (int form = TF_FORM_TEXT; form <= TF_FORM_JSON_LEGACY; form++) {
		for (int session = 0; session < 2; session++) {
			static const uint8_t fills[] = {0x01, '\n', '\r', 0xff};
			start((struct tf_printing){.form = (enum tf_form)form,
			                           .sessions = session == 1,
			                           .colours = true});
			for (size_t i = 0; i < sizeof fills; i++) {
				memset(bytes, fills[i], sizeof bytes);
				print_bytes(&p, 0, 0, bytes, sizeof bytes);
			}
			assert_true(printing_close(&p));
			printing_clean_up(&p);
		}
	}
}

/* What waits goes out when the input pauses. */
static void it_is_written_when_the_input_rests(void **state)
{
	(void)state;
	start((struct tf_printing){.bare = true});
	print_say(&p, 0, 0, "abc");
	assert_int_equal(read_file("out", NULL, 0), 0);
	assert_true(p.sink.rest(p.self, &p.err));
	assert_int_equal(read_file("out", NULL, 0), 4);
	printed(&p, "abc\n");
}

static void a_full_disk_is_an_error(void **state)
{
	(void)state;
	start((struct tf_printing){.fd = open("/dev/full", O_WRONLY)});
	print_say(&p, 0, 0, "abc");
	assert_false(p.sink.rest(p.self, &p.err));
	assert_int_equal(p.err.status, TF_OUTPUT);
	assert_string_equal(p.err.text, "cannot write what is printed: No space left on device");
	print_say(&p, 0, 0, "abc");
	assert_true(p.failed);
	assert_false(printing_close(&p));
	printing_clean_up(&p);
}

static void a_reader_that_goes_away_is_none(void **state)
{
	(void)state;
	int end[2];
	assert_int_equal(pipe(end), 0);
	(void)close(end[0]);
	(void)signal(SIGPIPE, SIG_IGN);
	start((struct tf_printing){.fd = end[1]});
	print_say(&p, 0, 0, "abc");
	assert_false(printing_close(&p));
	assert_int_equal(p.err.status, TF_OK);
	printing_clean_up(&p);
}

/* A pipe that others have made not to wait. */
static void a_slow_reader_is_waited_for(void **state)
{
	(void)state;
	static char bytes[60000];
	int end[2];
	assert_int_equal(pipe2(end, O_NONBLOCK), 0);
	memset(bytes, 'a', sizeof bytes);
	pid_t reader = fork();
	if (reader == 0) {
		size_t sum = 0;
		ssize_t n;
		(void)close(end[1]);
		(void)fcntl(end[0], F_SETFL, 0);
		while ((n = read(end[0], bytes, 5000)) > 0) {
			sum += (size_t)n;
			(void)usleep(1000);
		}
		_exit(sum == 20 * sizeof bytes ? 0 : 1);
	}
	(void)close(end[0]);
	start((struct tf_printing){.fd = end[1], .bare = true, .joined = true});
	for (int i = 0; i < 20; i++)
		print_bytes(&p, 0, 0, bytes, sizeof bytes);
	assert_true(printing_close(&p));
	printing_clean_up(&p);
	int status;
	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_int_equal(status, 0);
}

/* Once the run was stopped, a pipe that is full keeps it for some seconds, whether it wants to wait
   or not; what it takes by then it gets. */
static void nobody_reads(void **state)
{
	static const atomic_bool stopped = true;
	static char text[40000];
	(void)state;
	memset(text, 'x', sizeof text - 1);
	for (int waits = 0; waits < 2; waits++) {
		int ends[2];
		assert_int_equal(pipe(ends), 0);
		if (!waits)
			assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
		printing_stopped = &stopped;
		start((struct tf_printing){.fd = ends[1]});
		printing_stopped = NULL;
		for (int i = 0; i < 100 && !p.failed; i++)
			print_say(&p, 0, 0, text);
		assert_true(p.failed);
		assert_int_equal(p.err.status, TF_OUTPUT);
		assert_non_null(strstr(p.err.text, "nobody reads what is printed"));
		assert_in_range(read(ends[0], text, sizeof text - 1), 30000, 40000);
		(void)close(ends[0]);
		(void)close(ends[1]);
		print_end(&p, 0, TF_BOTH, TF_END_FIN);
		assert_false(p.sink.close(p.self, &p.err));
		arena_free(&p.arena);
		outdir_close(&p.dir);
		folder_remove();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_piece_has_its_name_and_a_newline),
	        cmocka_unit_test(names_are_left_out_or_have_a_prefix),
	        cmocka_unit_test(newlines_are_left_out),
	        cmocka_unit_test(what_a_terminal_obeys_is_a_dot),
	        cmocka_unit_test(raw_bytes_are_as_they_are),
	        cmocka_unit_test(raw_bytes_go_to_no_terminal),
	        cmocka_unit_test(carriage_returns_on_a_terminal),
	        cmocka_unit_test(directions_have_colours),
	        cmocka_unit_test(times_stand_in_front),
	        cmocka_unit_test(gaps_are_shown_on_a_line_of_their_own),
	        cmocka_unit_test(raw_bytes_without_names_are_for_programs),
	        cmocka_unit_test(hexadecimal_of_one_line),
	        cmocka_unit_test(hexadecimal_of_two_lines),
	        cmocka_unit_test(a_time_has_a_line_before_hexadecimal),
	        cmocka_unit_test(packets_are_printed_as_they_came),
	        cmocka_unit_test(json_has_all_of_a_stream),
	        cmocka_unit_test(each_end_has_its_word),
	        cmocka_unit_test(json_of_packets_and_vlans),
	        cmocka_unit_test(late_ones),
	        cmocka_unit_test(json_as_before),
	        cmocka_unit_test(the_largest_pieces_fit),
	        cmocka_unit_test(it_is_written_when_the_input_rests),
	        cmocka_unit_test(a_full_disk_is_an_error),
	        cmocka_unit_test(a_reader_that_goes_away_is_none),
	        cmocka_unit_test(a_slow_reader_is_waited_for),
	        cmocka_unit_test(nobody_reads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
