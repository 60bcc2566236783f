/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line: what each option does, and what is said about bad ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/help.h"
#include "cli/option_take.h"
#include "cli/options.h"
#include "cli/scanners.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

enum { WORDS = 80 };

/* Parses a line of words with blanks between them; '~' stands for a blank. */
static bool parse(struct options *o, const char *line, struct tf_error *err)
{
	/* The options point into it, until the next call. */
	static char copy[1200], *words[WORDS];
	int argc = 0;

	memset(err, 0, sizeof *err);
	(void)snprintf(copy, sizeof copy, "tcpflow %s", line);
	for (char *w = strtok(copy, " "); w; w = strtok(NULL, " ")) {
		for (char *s = strchr(w, '~'); s; s = strchr(s, '~'))
			*s = ' ';
		assert_true(argc < WORDS - 1);
		words[argc++] = w;
	}
	words[argc] = NULL;
	return options_parse(o, argc, words, err);
}

static void refuse(const char *line, const char *text)
{
	struct options o;
	struct tf_error err;
	if (parse(&o, line, &err))
		fail_msg("accepted: %s", line);
	assert_string_equal(err.text, text);
	assert_int_equal(err.status, TF_USAGE);
	options_free(&o);
}

static struct options accept(const char *line)
{
	struct options o;
	struct tf_error err;
	if (!parse(&o, line, &err))
		fail_msg("%s: %s", line, err.text);
	return o;
}

static void defaults(void **state)
{
	(void)state;
	struct options o = accept("-r x");
	assert_int_equal(o.action, ACTION_RECORD);
	assert_int_equal(o.source_count, 1);
	assert_string_equal(o.sources[0], "x");
	assert_string_equal(o.folder, ".");
	assert_null(o.filter);
	assert_true(o.flow_bytes == INT64_MAX);
	assert_int_equal(o.files_max, 0);
	assert_int_equal(o.hole_max, 16 << 20);
	assert_int_equal(o.jobs, 0);
	assert_int_equal(o.memory, 512 << 20);
	assert_int_equal(o.debug, 1);
	assert_false(o.quiet || o.strict || o.console || o.no_files || o.md5);
	assert_true(o.console_headers);
	assert_null(o.report);
	assert_true(o.tcp_alert_fd == OPTION_NONE && o.http_alert_fd == OPTION_NONE);
	assert_int_equal(o.scanners, SCANNER_TCPDEMUX);
	assert_int_equal(o.notes, 0);
	options_free(&o);
}

/* Each row by its letter, bundled, glued, by name, by name with '='. */
static void each_row(void **state)
{
	static const char *const lines[] = {
	        "-r a -r - -o out -b 5K -m 1M -f 7 -j 3 --memory 8M -q -d 2 --strict tcp port~80",
	        "-ra -r- -oout -b5k -m1m -f7 -j3 --memory=8m -qd2 --strict tcp port~80",
	        "-qra --read=- --output=out --max-bytes=5120 --max-hole=1024K --max-files=7 "
	        "--jobs=3 "
	        "--memory=8388608 --debug=2 --strict -- tcp port~80",
	        "--read a tcp --read - --output out --max-bytes 5K --max-hole 1M --max-files 7 "
	        "--jobs 3 "
	        "--memory 8192K --quiet --verbose --debug 2 --strict port~80",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct options o = accept(lines[i]);
		assert_int_equal(o.source_count, 2);
		assert_string_equal(o.sources[0], "a");
		assert_string_equal(o.sources[1], "-");
		assert_string_equal(o.folder, "out");
		assert_int_equal(o.flow_bytes, 5120);
		assert_int_equal(o.hole_max, 1 << 20);
		assert_int_equal(o.files_max, 7);
		assert_int_equal(o.jobs, 3);
		assert_int_equal(o.memory, 8 << 20);
		assert_int_equal(o.debug, 2);
		assert_true(o.quiet && o.strict);
		assert_string_equal(o.filter, "tcp port 80");
		options_free(&o);
	}
}

static void checksums(void **state)
{
	static const struct {
		const char *line;
		enum tf_checksum checksum;
	} lines[] = {
	        {"-r a", TF_CHECKSUM_AUTO},
	        {"-r a --checksum=strict", TF_CHECKSUM_STRICT},
	        {"-r a --checksum ignore", TF_CHECKSUM_IGNORE},
	        {"-r a --checksum ignore --checksum=auto", TF_CHECKSUM_AUTO},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct options o = accept(lines[i].line);
		assert_int_equal(o.checksum, lines[i].checksum);
		options_free(&o);
	}
}

static void overlaps(void **state)
{
	(void)state;
	struct options o = accept("-r a");
	assert_int_equal(o.overlap, TF_OVERLAP_LINUX);
	assert_int_equal(o.urgent, TF_URGENT_INLINE);
	assert_int_equal(o.fragments, TF_FRAGMENTS_DROP);
	assert_false(o.keep_rejected);
	assert_int_equal(o.overlap_rules, 0);
	options_free(&o);
	o = accept("-r a --fragments last --urgent=oob --overlap last --overlap-map "
	           "10.0.0.0/8=bsd,::1=first "
	           "--keep-rejected "
	           "--overlap-map=1.2.3.4/31=linux");
	assert_int_equal(o.overlap, TF_OVERLAP_LAST);
	assert_int_equal(o.urgent, TF_URGENT_OOB);
	assert_int_equal(o.fragments, TF_FRAGMENTS_LAST);
	assert_true(o.keep_rejected);
	assert_int_equal(o.overlap_rules, 3);
	assert_int_equal(o.overlap_rule[0].prefix, 104);
	assert_int_equal(o.overlap_rule[1].overlap, TF_OVERLAP_FIRST);
	assert_int_equal(o.overlap_rule[2].prefix, 127);
	options_free(&o);
}

static void verbosity(void **state)
{
	(void)state;
	struct options o = accept("-v -r x");
	assert_int_equal(o.debug, 10);
	assert_true(options_talkative(&o));
	options_free(&o);
	o = accept("-d0 -r x");
	assert_int_equal(o.debug, 0);
	assert_false(options_talkative(&o));
	options_free(&o);
	o = accept("-vq --verb -r x");
	assert_false(options_talkative(&o));
	options_free(&o);
}

/* They need no -r, and nothing after them is looked at. */
static void texts_alone(void **state)
{
	static const struct {
		const char *line;
		enum action action;
	} rows[] = {
	        {"-h", ACTION_HELP},
	        {"--help", ACTION_HELP},
	        {"-qh", ACTION_HELP},
	        {"-h -b x", ACTION_HELP},
	        {"-h -Q", ACTION_HELP},
	        {"-h -b", ACTION_HELP},
	        {"-hV", ACTION_HELP},
	        {"-hh", ACTION_HELP_ALL},
	        {"-h -b x --help", ACTION_HELP_ALL},
	        {"--help=all", ACTION_HELP_ALL},
	        {"-H", ACTION_SCANNERS},
	        {"-qH -h", ACTION_SCANNERS},
	        {"-V", ACTION_VERSION},
	        {"-r x --version", ACTION_VERSION},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct options o = accept(rows[i].line);
		assert_int_equal(o.action, rows[i].action);
		options_free(&o);
	}
}

static void what_is_read(void **state)
{
	(void)state;
	struct options o = accept("-l a b -r c -R d d2 --read-known=e");
	assert_int_equal(o.source_count, 4);
	assert_string_equal(o.sources[0], "c");
	assert_string_equal(o.sources[1], "a");
	assert_string_equal(o.sources[3], "d2");
	assert_int_equal(o.finisher_count, 2);
	assert_string_equal(o.finishers[0], "d");
	assert_string_equal(o.finishers[1], "e");
	assert_null(o.filter);
	assert_true(o.start_ns == INT64_MIN && o.stop_ns == INT64_MAX);
	assert_true(o.count == UINT64_MAX && o.follow_s == 0);
	options_free(&o);
	o = accept("-r c --follow --start 2008-10-06~17:54:54 --stop=1223315695.5 --count 1K tcp");
	assert_int_equal(o.follow_s, 10);
	assert_int_equal(o.start_ns, INT64_C(1223315694000000000));
	assert_int_equal(o.stop_ns, INT64_C(1223315695500000000));
	assert_int_equal(o.count, 1024);
	assert_string_equal(o.filter, "tcp");
	options_free(&o);
	o = accept("--follow=3 -r c");
	assert_int_equal(o.follow_s, 3);
	options_free(&o);
	o = accept("--merge -w out -r c");
	assert_true(o.merge);
	assert_string_equal(o.unrecorded, "out");
	options_free(&o);
	refuse("--merge --follow -r c", "--merge and --follow do not go together");
	refuse("--stats a,5 -w a -r c", "--stats does not go to the file of another option");
	refuse("--write a --stats a -r c", "--stats does not go to the file of another option");
	refuse("-X a --stats a -r c", "--stats does not go to the file of another option");
	refuse("--follow=0 -r c",
	       "--follow wants a number of seconds from 1 to 1000000; 0 is too small");
	refuse("--start yesterday", "--start wants a time such as 2026-11-23T17:30:00Z or seconds "
	                            "since 1970, not 'yesterday'");
	refuse("--count 0", "--count wants a number of packets; 0 is too small");
}

static void what_is_mended(void **state)
{
	(void)state;
	struct options o = accept("--recover in -U nobody");
	assert_int_equal(o.action, ACTION_RECOVER);
	assert_string_equal(o.folder, "in");
	assert_string_equal(o.user, "nobody");
	options_free(&o);
	refuse("--recover in -Q", "there is no option -Q; tcpflow --help lists the options");
	refuse("--recover in out",
	       "--recover mends one folder: leave out \"out\", or run it again with that");
	static const char *const others[] = {"-r x --recover in", "--recover in -i lo",
	                                     "-o out --recover in", "--recover in -o out",
	                                     "--recover in -R x"};
	for (size_t i = 0; i < COUNT(others); i++)
		refuse(others[i], "--recover reads no packets, and writes nowhere else: leave out "
		                  "-r, -R, -i and -o");
	refuse("--recover in -U nobody -z root", "--recover and -z do not go together");
	refuse("--recover in --recover out", "--recover mends one folder: run it again with out");
}

static void bad_values(void **state)
{
	static const struct {
		const char *line, *text;
	} rows[] = {
	        {"-b x5", "-b wants a number of bytes such as 4096, 64K or 2G, not 'x5'"},
	        {"--help=some", "--help wants all, not 'some'"},
	        {"-b 9223372036854775808", "-b wants a number of bytes such as 4096, 64K or 2G; "
	                                   "9223372036854775808 is too large"},
	        {"--max-bytes x",
	         "--max-bytes wants a number of bytes such as 4096, 64K or 2G, not 'x'"},
	        {"--strict -r --quiet --debug 3 -b x",
	         "-b wants a number of bytes such as 4096, 64K or 2G, not 'x'"},
	        {"-m 2G",
	         "-m wants a number of bytes below 2G, such as 64K or 16M; 2G is too large"},
	        {"-f 0", "-f wants a number of files from 1 to 1048576; 0 is too small"},
	        {"-f 1025K", "-f wants a number of files from 1 to 1048576; 1025K is too large"},
	        {"-j 0", "-j wants a number of threads from 1 to 256; 0 is too small"},
	        {"-j 257", "-j wants a number of threads from 1 to 256; 257 is too large"},
	        {"--memory 8191K",
	         "--memory wants a size of at least 8M, such as 64M or 2G; 8191K is too small"},
	        {"--memory=", "--memory wants a size of at least 8M, such as 64M or 2G, not ''"},
	        {"-d 11", "-d wants a number from 0 to 10; 11 is too large"},
	        {"-d -1", "-d wants a number from 0 to 10, not '-1'"},
	        {"-d", "-d wants a number from 0 to 10, and nothing follows it"},
	        {"-qb",
	         "-b wants a number of bytes such as 4096, 64K or 2G, and nothing follows it"},
	        {"--jobs",
	         "--jobs wants a number of threads from 1 to 256, and nothing follows it"},
	        {"--read=", "--read wants a capture file, or - for standard input, not ''"},
	        {"--output=", "--output wants a folder, not ''"},
	        {"--checksum=", "--checksum wants auto, strict or ignore, not ''"},
	        {"--checksum=stric", "--checksum wants auto, strict or ignore, not 'stric'"},
	        {"--fragments=linux", "--fragments wants drop, first or last, not 'linux'"},
	        {"--urgent=out", "--urgent wants inline or oob, not 'out'"},
	        {"--overlap=bsdx",
	         "--overlap wants linux, first, last, bsd, solaris or windows, not 'bsdx'"},
	        {"--overlap-map=10.0.0.0/8=bsd,10.0.0.0/99=bsd",
	         "--overlap-map wants networks and policies such as "
	         "10.0.0.0/8=bsd,2001:db8::/32=linux (64 at most), not "
	         "'10.0.0.0/8=bsd,10.0.0.0/99=bsd'"},
	        {"--quiet=3", "--quiet takes no value"},
	        {"--strict=", "--strict takes no value"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		refuse(rows[i].line, rows[i].text);
	struct options o = accept("-r x -b 9223372036854775807 -m 2147483647 -f 1M -j 256 -d 10");
	assert_true(o.flow_bytes == INT64_MAX && o.hole_max == INT32_MAX);
	options_free(&o);
	o = accept("-r x -m 0 -b 0");
	assert_true(o.hole_max == 0 && o.flow_bytes == 0);
	options_free(&o);
}

static void unknown(void **state)
{
	(void)state;
	refuse("-Q", "there is no option -Q; tcpflow --help lists the options");
	refuse("-qQ", "there is no option -Q; tcpflow --help lists the options");
	refuse("--strict -Qq", "there is no option -Q; tcpflow --help lists the options");
	refuse("-?", "there is no option -?; tcpflow --help lists the options");
	refuse("-:", "there is no option -:; tcpflow --help lists the options");
	refuse("-r x --nosuch", "there is no option --nosuch; tcpflow --help lists the options");
	refuse("--nosuch=1", "there is no option --nosuch=1; tcpflow --help lists the options");
	refuse("--ver", "--ver may be --verbose or --version; write it out");
	refuse("--max=3", "--max may be --max-bytes or --max-hole; write it out");
}

static void too_many_ports(void **state)
{
	char line[1000] = "-r x";
	(void)state;
	for (unsigned i = 1; i <= TF_TUNNEL_PORTS; i++) {
		size_t n = strlen(line);
		(void)snprintf(line + n, sizeof line - n, " --tunnel-port vxlan=%u", i);
	}
	struct options o = accept(line);
	assert_int_equal(o.tunnel_ports, TF_TUNNEL_PORTS);
	options_free(&o);
	strcat(line, " --tunnel-port vxlan=99");
	refuse(line, "--tunnel-port wants the name of a tunnel in UDP and a port, such as "
	             "vxlan=4788 (32 times at most), not 'vxlan=99'");
}

static void room(void **state)
{
	(void)state;
	struct options o = accept("-r x --max-disk 3K --min-free 2M");
	assert_int_equal(o.disk_max, 3072);
	assert_int_equal(o.free_least, 2 << 20);
	assert_int_equal(o.free_percent, 0);
	options_free(&o);
	o = accept("-r x --min-free 2M --min-free 99%");
	assert_int_equal(o.free_least, 0);
	assert_int_equal(o.free_percent, 99);
	options_free(&o);
	static const char *const wrong[] = {"0",
	                                    "0%",
	                                    "100%",
	                                    "%",
	                                    "-1",
	                                    "1%%",
	                                    "2Q",
	                                    "9223372036854775808",
	                                    "000000000000000000000000000000000001"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		char line[100], why[200];
		(void)snprintf(line, sizeof line, "-r x --min-free %s", wrong[i]);
		(void)snprintf(
		        why, sizeof why,
		        "--min-free wants a size such as 2G, or a part from 1%% to 99%%, not "
		        "'%s'",
		        wrong[i]);
		refuse(line, why);
	}
	o = accept("-r x -c --max-disk 1");
	assert_int_equal(o.notes, 1);
	options_free(&o);
}

static void stats(void **state)
{
	(void)state;
	struct options o = accept("-r x --stats a/b,7");
	assert_string_equal(o.stats, "a/b,7");
	assert_int_equal(o.stats_length, 3);
	assert_int_equal(o.stats_s, 7);
	options_free(&o);
	refuse("-r x --stats a,0", "--stats wants a file name, maybe with a comma and 1 to 86400 "
	                           "seconds behind it, not 'a,0'");
}

/* Every option of 1.6.1 has a row, and no letter has two. */
static void options_of_1_6_1(void **state)
{
	static const char letters[] = "aAbBcCdDeEFfghHiIJKlLmopPqrRsSTUvVwxXzZ0";
	size_t rows;
	const struct option_row *row = option_rows(&rows);
	(void)state;
	for (const char *s = letters; *s; s++) {
		int found = 0;
		for (size_t i = 0; i < rows; i++)
			found += row[i].letter == *s;
		if (found != 1)
			fail_msg("-%c stands in %d rows", *s, found);
	}
	for (size_t i = 0; i < rows; i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(row[i].name, row[k].name);
}

/* What each row must have, so that parser, messages and help can use it. */
static void rows_are_whole(void **state)
{
	size_t rows;
	const struct option_row *row = option_rows(&rows);
	(void)state;
	for (size_t i = 0; i < rows; i++, row++) {
		bool checked = row->value && row->take != take_any && row->take != NULL;
		bool optional = row->value && row->value[0] == '[';
		if (row->group == NULL || row->help == NULL || row->example == NULL)
			fail_msg("--%s lacks a group, help or example", row->name);
		if (checked && row->wanted == NULL)
			fail_msg("--%s does not say what it wants", row->name);
		if (row->take == NULL && row->once == NULL)
			fail_msg("--%s does nothing and does not say so", row->name);
		if (row->missing && !optional)
			fail_msg("--%s always has a value", row->name);
	}
}

static void console(void **state)
{
	(void)state;
	struct options o = accept("-c -r x");
	assert_true(o.console && o.console_headers && !o.hex);
	assert_string_equal(o.report, "");
	options_free(&o);
	o = accept("-CDgB0 --timestamps -r x -X y");
	assert_true(o.console && !o.console_headers && o.hex && o.colour && o.binary &&
	            o.no_newline && !o.json);
	assert_int_equal(o.timestamps, TIMESTAMPS_ISO);
	assert_string_equal(o.report, "y");
	assert_int_equal(o.notes, 1); /* -B with -D */
	options_free(&o);
	o = accept("-Cc --json-legacy --packets --timestamps=delta -r x");
	assert_true(!o.console_headers && o.json && o.json_legacy && o.packets_view);
	assert_int_equal(o.timestamps, TIMESTAMPS_DELTA);
	options_free(&o);
	o = accept("--session --timestamps=epoch --gaps=mark -r x");
	assert_true(o.session && !o.console);
	assert_int_equal(o.timestamps, TIMESTAMPS_EPOCH);
	assert_int_equal(o.gaps, TF_GAPS_MARK);
	options_free(&o);
	refuse("-cJD -r x", "-J and -D do not go together");
	refuse("-cK -r x", "-K and -c do not go together: -K makes files");
	refuse("-K --session -r x", "-K and --session do not go together");
	refuse("--packets -r x", "--packets is for the console: give -c or -C, too");
	refuse("--packets --session -r x", "--packets and --session do not go together");
	refuse("-B --session -r x",
	       "-B and --session go together on the console only: give -c or -C, too");
	refuse("-Cw- -r x", "-w - and -c do not go together: both write to standard output");
	refuse("--jsonl -K -r x", "--jsonl writes beside files of streams, and none are made");
	refuse("--jsonl -c -r x", "--jsonl writes beside files of streams, and none are made");
	refuse("--packets --session -c -r x", "--packets and --session do not go together");
	refuse("--timestamps -r x", "--timestamps is for the console and --session: give -c, -C or "
	                            "--session, too");
	refuse("--timestamps=x -r x", "--timestamps wants none, iso, epoch or delta, not 'x'");
}

static void names(void **state)
{
	(void)state;
	struct options o = accept("-Fct -FTX -F Mkmg -T %A -r x");
	assert_int_equal(o.names, 255);
	assert_true(o.no_files && o.md5);
	assert_string_equal(o.template, "%A");
	options_free(&o);
	o = accept("-Fg -IK -r x");
	assert_int_equal(o.names, NAME_BIN_G);
	assert_true(!o.no_files && !o.md5 && o.index && o.flow_pcap);
	options_free(&o);
	refuse("-FcQ -r x", "-F wants some of the letters c, t, T, X, M, k, m and g, not 'cQ'");
	refuse("--names= -r x",
	       "--names wants some of the letters c, t, T, X, M, k, m and g, not ''");
}

static void reports(void **state)
{
	(void)state;
	struct options o = accept("-X a.xml --jsonl --sha256 --community-id-seed 7 -r x");
	assert_string_equal(o.report, "a.xml");
	assert_true(o.jsonl && o.sha256 && !o.md5);
	assert_int_equal(o.community_id_seed, 7);
	options_free(&o);
	o = accept("--report= -r x");
	assert_string_equal(o.report, "");
	options_free(&o);
	o = accept("-S enable_report=NO -X a -r x");
	assert_string_equal(o.report, "");
	options_free(&o);
	o = accept("-S enable_report=NO -S enable_report=YES -r x");
	assert_null(o.report);
	options_free(&o);
	refuse("--community-id-seed 65536", "--community-id-seed wants a number from 0 to 65535; "
	                                    "65536 is too large");
}

static void scanners(void **state)
{
	static const struct {
		const char *line;
		bool no_files, md5;
	} rows[] = {
	        {"-r x", false, false},
	        {"-a -r x", false, true},
	        {"-e all -r x", false, true},
	        {"-a -x md5 -r x", false, false},
	        {"-x md5 -FM -r x", false, true},
	        {"-E tcpdemux -r x", false, false},
	        {"-E md5 -r x", true, true},
	        {"-E md5 -e tcpdemux -r x", false, true},
	        {"-x tcpdemux -r x", true, false},
	        {"-e http -x http -r x", false, false},
	        {"-x all -r x", true, false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct options o = accept(rows[i].line);
		if (o.no_files != rows[i].no_files || o.md5 != rows[i].md5)
			fail_msg("%s", rows[i].line);
		options_free(&o);
	}
	refuse("-e http -r x", "this version does not extract HTTP bodies yet");
	refuse("-E http -r x", "this version does not extract HTTP bodies yet");
	refuse("-e port~80 -r x", "-e wants a scanner: md5, http, netviz, tcpdemux, wifiviz or "
	                          "all, not 'port 80'; the option for colours is -g");
	refuse("-r x -e", "-e wants a scanner: md5, http, netviz, tcpdemux, wifiviz or all, and "
	                  "nothing follows it; the option for colours is -g");
	refuse("-x pdf -r x",
	       "-x wants a scanner: md5, http, netviz, tcpdemux, wifiviz or all, not 'pdf'");
}

static void settings(void **state)
{
	(void)state;
	struct options o = accept("-S tcp_cmd=a=b=c -S tcp_alert_fd=5 -Stdelta=-3600.25 "
	                          "-S tcp_timeout=60 -r x");
	assert_string_equal(o.tcp_cmd, "a=b=c");
	assert_int_equal(o.tcp_alert_fd, 5);
	assert_true(o.shift_ns == INT64_C(-3600250000000));
	assert_int_equal(o.idle_s, 60);
	options_free(&o);
	o = accept("-S tcp_alert_fd=-1 -S http_alert_fd=-1 --idle-timeout=7 -S tdelta=+1 -r x");
	assert_true(o.tcp_alert_fd == OPTION_NONE && o.http_alert_fd == OPTION_NONE);
	assert_int_equal(o.idle_s, 7);
	assert_int_equal(o.shift_ns, 1000000000);
	options_free(&o);
	refuse("-S http_cmd=x -r x", "this version does not extract HTTP bodies yet");
	refuse("-S http_alert_fd=3 -r x", "this version does not extract HTTP bodies yet");
	refuse("-S tdelta -r x", "-S wants NAME=VALUE, not 'tdelta'");
	refuse("-S tdelta=1=2 -r x",
	       "-S tdelta wants a number of seconds such as -3600 or 0.25, not '1=2'");
	refuse("-S tcp_timeout=x -r x", "-S tcp_timeout wants a number of seconds, not 'x'");
	refuse("-S tcp_cmd= -r x", "-S tcp_cmd wants a command, not ''");
	refuse("-S enable_report=maybe -r x", "-S enable_report wants YES or NO, not 'maybe'");
	refuse("--set=tcp=x -r x", "there is no setting 'tcp'; tcpflow -H lists them");
	refuse("-S tcp_cmds=x -r x", "there is no setting 'tcp_cmds'; tcpflow -H lists them");
}

/* What does nothing is told, once. */
static void notes(void **state)
{
	static const struct {
		const char *line, *note;
	} rows[] = {
	        {"-L x -r x", "-L does nothing: lines on the console are written whole"},
	        {"-AH -r x", "-A does nothing: see -a"},
	        {"-PP -r x", "-P does nothing: --memory decides what is remembered"},
	        {"-s -r x", "-s does nothing: on the console it is so without -B, and files have "
	                    "all bytes"},
	        {"-Z -r x", "-Z does nothing: HTTP bodies are not extracted in this version"},
	        {"-a -e all -r x", "HTTP bodies are not extracted in this version (-a)"},
	        {"-e netviz -r x",
	         "the scanner netviz does nothing: no picture of the traffic is made"},
	        {"-E wifiviz -r x",
	         "the scanner wifiviz does nothing: no picture of Wi-Fi traffic is made"},
	        {"-S packet-buffer-timeout=7 -r x",
	         "-S packet-buffer-timeout does nothing: nothing is captured live"},
	        {"-S check_fcs=NO -S check_fcs=YES -r x",
	         "-S check_fcs does nothing: what a capture itself calls damaged is left out"},
	        {"-S netviz_histogram_dump=1 -r x",
	         "-S netviz_histogram_dump does nothing: no picture of the traffic is made"},
	        {"-S netviz_histogram_size=1 -r x",
	         "-S netviz_histogram_size does nothing: no picture of the traffic is made"},
	        {"-S debug-prefix=x -r x",
	         "-S debug-prefix does nothing: messages begin with tcpflow:"},
	        {"-i lo -r x", "-i has no effect with -r"},
	        {"-p -r x", "-p has no effect with -r"},
	        {"--ring 1M -r x", "--ring has no effect with -r"},
	        {"--snaplen 99 -r x", "--snaplen has no effect with -r"},
	        {"-J -r x", "-J has no effect without -c, -C or --session"},
	        {"-D -r x", "-D has no effect without -c, -C or --session"},
	        {"-g -r x", "-g has no effect without -c or -C"},
	        {"-B -r x", "-B has no effect without -c or -C"},
	        {"-0 -r x", "-0 has no effect without -c or -C"},
	        {"-I -FX -r x", "-I has no effect where no files of streams are made"},
	        {"-cBD -r x", "-B has no effect with -D or -J"},
	        {"-cBJ -r x", "-B has no effect with -D or -J"},
	        {"-c -FM -r x", "there are no digests where no files of streams are made"},
	        {"-K --sha256 -r x", "there are no digests where no files of streams are made"},
	        {"-FX --gaps=skip -r x", "--gaps has no effect where no files of streams are made"},
	        {"-c --keep-rejected -r x",
	         "--keep-rejected has no effect where no files of streams are made"},
	        {"-K -S tcp_cmd=true -r x",
	         "-S tcp_cmd has no effect where no files of streams are made"},
	        {"-c -S tcp_alert_fd=2 -r x",
	         "-S tcp_alert_fd has no effect where no files of streams are made"},
	        {"--flow-pcap-format=both -r x", "--flow-pcap-format has no effect without -K"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct options o = accept(rows[i].line);
		assert_int_equal(o.notes, 1);
		assert_string_equal(o.note[0], rows[i].note);
		options_free(&o);
	}
}

/* Without capture files, interfaces it is. */
static void live(void **state)
{
	(void)state;
	struct options o = accept("");
	assert_true(options_live(&o));
	assert_int_equal(o.interface_count, 0);
	assert_false(o.not_promiscuous);
	assert_true(o.ring == OPTION_NONE && o.snaplen == OPTION_NONE);
	assert_int_equal(o.idle_s, 3600);
	options_free(&o);
	o = accept("-i lo -cp --interface=any --ring 8M --snaplen=96 tcp port 80");
	assert_true(options_live(&o) && o.not_promiscuous);
	assert_int_equal(o.interface_count, 2);
	assert_string_equal(o.interfaces[0], "lo");
	assert_string_equal(o.interfaces[1], "any");
	assert_int_equal(o.ring, 8 << 20);
	assert_int_equal(o.snaplen, 96);
	assert_string_equal(o.filter, "tcp port 80");
	assert_int_equal(o.notes, 0);
	options_free(&o);
	o = accept("-- -r x"); /* words of an expression */
	assert_true(options_live(&o));
	options_free(&o);
	o = accept("-i lo --idle-timeout 0");
	assert_int_equal(o.idle_s, 0);
	options_free(&o);
	o = accept("-S tcp_timeout=9");
	assert_int_equal(o.idle_s, 9);
	options_free(&o);
	o = accept("-r x");
	assert_false(options_live(&o));
	assert_int_equal(o.idle_s, 0);
	options_free(&o);
}

static void live_refused(void **state)
{
	(void)state;
	refuse("-R x", "-R is for capture files, not for interfaces: give the file to read with "
	               "-r FILE");
	refuse("-i lo -l x", "-l is for capture files, not for interfaces: give the file to read "
	                     "with -r FILE");
	refuse("-l", "-l is for capture files, not for interfaces: give the file to read with "
	             "-r FILE");
	refuse("-i lo --merge", "--merge is for capture files, not for interfaces: give the file "
	                        "to read with -r FILE");
	refuse("-i lo --follow", "--follow is for capture files, not for interfaces: give the file "
	                         "to read with -r FILE");
	refuse("--ring 1K", "--ring wants a size from 64K to 1G, such as 16M; 1K is too small");
	refuse("--snaplen 262145",
	       "--snaplen wants a number of bytes from 1 to 262144; 262145 is too large");
}

static void privileges(void **state)
{
	(void)state;
	struct options o = accept("-U nobody -z / --sandbox=require --umask 027");
	assert_string_equal(o.user, "nobody");
	assert_string_equal(o.root, "/");
	assert_int_equal(o.sandbox, SANDBOX_REQUIRE);
	assert_int_equal(o.umask, 027);
	options_free(&o);
	refuse("--chroot=/ -r x", "-z wants -U, too: root gets out of any folder");
	refuse("-z / -U nobody -S tcp_cmd=x", "-z and -S tcp_cmd do not go together: the command "
	                                      "would not find the files");
	refuse("--sandbox=no", "--sandbox wants auto, require or off, not 'no'");
	refuse("--umask 1000", "--umask wants an octal number from 0 to 777, such as 027, not "
	                       "'1000'");
	refuse("--umask 8", "--umask wants an octal number from 0 to 777, such as 027, not '8'");
}

/* A word of the line is the option, or a bundle with its letter. */
static bool shows(const char *line, const struct option_row *row)
{
	char copy[200], *rest = NULL;
	size_t n = strlen(row->name);
	(void)snprintf(copy, sizeof copy, "%s", line);
	for (char *w = strtok_r(copy, " ", &rest); w; w = strtok_r(NULL, " ", &rest)) {
		if (strncmp(w, "--", 2) == 0 && strncmp(w + 2, row->name, n) == 0 &&
		    (w[n + 2] == '\0' || w[n + 2] == '='))
			return true;
		if (w[0] == '-' && w[1] != '-' && row->letter && strchr(w, row->letter))
			return true;
	}
	return false;
}

/* The example of each row is a command that does not contradict itself. */
static void examples(void **state)
{
	size_t rows;
	const struct option_row *row = option_rows(&rows);
	(void)state;
	for (size_t i = 0; i < rows; i++, row++) {
		struct options o;
		struct tf_error err;
		assert_memory_equal(row->example, "tcpflow ", 8);
		if (!shows(row->example, row))
			fail_msg("the example of --%s does not show it", row->name);
		if (!parse(&o, row->example + 8, &err))
			fail_msg("%s: %s", row->example, err.text);
		options_free(&o);
	}
}

static char *help(bool all)
{
	char *text = NULL;
	size_t n = 0, column = 0;
	FILE *to = open_memstream(&text, &n);
	help_write(to, all);
	assert_int_equal(fclose(to), 0);
	for (const char *s = text; *s; s++) {
		column = *s == '\n' ? 0 : column + 1;
		assert_true(column < 80);
	}
	return text;
}

static void in_help(const char *text, const struct option_row *row)
{
	char want[60], heading[60], letter[] = "-x,";
	letter[1] = (char)row->letter;
	bool glued = row->value && row->value[0] == '[';
	(void)snprintf(want, sizeof want, "\n  %3s --%s%s%s", row->letter ? letter : "", row->name,
	               row->value && !glued ? " " : "", row->value ? row->value : "");
	(void)snprintf(heading, sizeof heading, "\n%s:\n", row->group);
	const char *group = strstr(text, heading);
	assert_non_null(group);
	assert_null(strstr(group + 1, heading)); /* what belongs together stands together */
	const char *found = strstr(text, want);
	if (found == NULL || strchr(" \n", found[strlen(want)]) == NULL)
		fail_msg("no --%s in the help", row->name);
}

static void help_has_each_row(void **state)
{
	size_t count;
	const struct option_row *row = option_rows(&count);
	char *all = help(true), *usual = help(false);
	(void)state;
	for (size_t i = 0; i < count; i++, row++) {
		in_help(all, row);
		if (row->usual)
			in_help(usual, row);
	}
	assert_true(strlen(usual) < strlen(all) / 2);
	assert_non_null(strstr(usual, "tcpflow -hh lists all options."));
	free(all);
	free(usual);
}

static void scanners_text_has_each(void **state)
{
	char *text = NULL, want[60];
	size_t n = 0, count;
	const struct option_row *row = setting_rows(&count);
	(void)state;
	FILE *to = open_memstream(&text, &n);
	scanners_write(to);
	assert_int_equal(fclose(to), 0);
	for (size_t i = 0; i < count; i++, row++) {
		(void)snprintf(want, sizeof want, "\n  %s=%s ", row->name, row->value);
		assert_non_null(strstr(text, want));
	}
	for (const char *const *word = scanner_words; *word; word++) {
		(void)snprintf(want, sizeof want, "\n  %s ", *word);
		assert_non_null(strstr(text, want));
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(defaults),
	        cmocka_unit_test(each_row),
	        cmocka_unit_test(verbosity),
	        cmocka_unit_test(checksums),
	        cmocka_unit_test(overlaps),
	        cmocka_unit_test(texts_alone),
	        cmocka_unit_test(what_is_mended),
	        cmocka_unit_test(bad_values),
	        cmocka_unit_test(what_is_read),
	        cmocka_unit_test(unknown),
	        cmocka_unit_test(too_many_ports),
	        cmocka_unit_test(room),
	        cmocka_unit_test(stats),
	        cmocka_unit_test(options_of_1_6_1),
	        cmocka_unit_test(rows_are_whole),
	        cmocka_unit_test(console),
	        cmocka_unit_test(names),
	        cmocka_unit_test(reports),
	        cmocka_unit_test(scanners),
	        cmocka_unit_test(settings),
	        cmocka_unit_test(notes),
	        cmocka_unit_test(live),
	        cmocka_unit_test(live_refused),
	        cmocka_unit_test(privileges),
	        cmocka_unit_test(examples),
	        cmocka_unit_test(help_has_each_row),
	        cmocka_unit_test(scanners_text_has_each),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
