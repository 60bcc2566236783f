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
#include "cli/options.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

enum { WORDS = 80 };

/* Parses a line of words with blanks between them; '_' stands for a blank. */
static bool parse(struct options *o, const char *line, struct tf_error *err)
{
	/* The options point into it, until the next call. */
	static char copy[1200], *words[WORDS];
	int argc = 0;

	memset(err, 0, sizeof *err);
	(void)snprintf(copy, sizeof copy, "tcpflow %s", line);
	for (char *w = strtok(copy, " "); w; w = strtok(NULL, " ")) {
		for (char *s = strchr(w, '_'); s; s = strchr(s, '_'))
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
	assert_false(o.quiet || o.strict);
	options_free(&o);
}

/* Each row by its letter, bundled, glued, by name, by name with '='. */
static void each_row(void **state)
{
	static const char *const lines[] = {
	        "-r a -r - -o out -b 5K -m 1M -f 7 -j 3 --memory 8M -q -d 2 --strict tcp port_80",
	        "-ra -r- -oout -b5k -m1m -f7 -j3 --memory=8m -qd2 --strict tcp port_80",
	        "-qra --read=- --output=out --max-bytes=5120 --max-hole=1024K --max-files=7 "
	        "--jobs=3 "
	        "--memory=8388608 --debug=2 --strict -- tcp port_80",
	        "--read a tcp --read - --output out --max-bytes 5K --max-hole 1M --max-files 7 "
	        "--jobs 3 "
	        "--memory 8192K --quiet --verbose --debug 2 --strict port_80",
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
	assert_false(o.keep_rejected);
	assert_int_equal(o.overlap_rules, 0);
	options_free(&o);
	o = accept("-r a --overlap last --overlap-map 10.0.0.0/8=bsd,::1=first --keep-rejected "
	           "--overlap-map=1.2.3.4/31=linux");
	assert_int_equal(o.overlap, TF_OVERLAP_LAST);
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
	        {"-hV", ACTION_HELP},
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
	o = accept("-r c --follow --start 2008-10-06_17:54:54 --stop=1223315695.5 --count 1K tcp");
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
	refuse("--follow=0 -r c",
	       "--follow wants a number of seconds from 1 to 1000000; 0 is too small");
	refuse("--start yesterday", "--start wants a time such as 2026-11-23T17:30:00Z or seconds "
	                            "since 1970, not 'yesterday'");
	refuse("--count 0", "--count wants a number of packets; 0 is too small");
	refuse("-l", "give the capture file to read with -r FILE (this version does not capture "
	             "live)");
}

static void bad_values(void **state)
{
	static const struct {
		const char *line, *text;
	} rows[] = {
	        {"-b x5", "-b wants a number of bytes such as 4096, 64K or 2G, not 'x5'"},
	        {"-b 0", "-b wants a number of bytes such as 4096, 64K or 2G; 0 is too small"},
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
	o = accept("-r x -m 0");
	assert_int_equal(o.hole_max, 0);
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
	refuse("",
	       "give the capture file to read with -r FILE (this version does not capture live)");
	refuse("-q tcp",
	       "give the capture file to read with -r FILE (this version does not capture live)");
	refuse("-- -r x",
	       "give the capture file to read with -r FILE (this version does not capture live)");
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

/* Every option of 1.6.1 is either here or refused by name. */
static void options_of_1_6_1(void **state)
{
	static const char letters[] = "aAbBcCdDeEFfghHiIJKlLmopPqrRsSTUvVwxXzZ0";
	size_t rows, absentees;
	const struct option_row *row = option_rows(&rows);
	const struct option_absent *a = option_absentees(&absentees);
	(void)state;
	for (const char *s = letters; *s; s++) {
		int found = 0;
		for (size_t i = 0; i < rows; i++)
			found += row[i].letter == *s;
		for (size_t i = 0; i < absentees; i++)
			found += a[i].letter == *s;
		if (found != 1)
			fail_msg("-%c stands in %d rows", *s, found);
	}
	for (size_t i = 0; i < absentees; i++) {
		char line[20], text[200];
		(void)snprintf(line, sizeof line, "-q%c -r x", a[i].letter);
		(void)snprintf(text, sizeof text, "this version does not have -%c (%s)",
		               a[i].letter, a[i].what);
		refuse(line, text);
	}
	refuse("--chroot=/x", "this version does not have --chroot (change the root folder)");
	refuse("--relinquish-privileges x",
	       "this version does not have --relinquish-privileges (change to another user)");
}

static void help_has_each_row(void **state)
{
	char *text = NULL;
	size_t n = 0, count, column = 0;
	const struct option_row *rows = option_rows(&count);
	(void)state;
	FILE *to = open_memstream(&text, &n);
	help_write(to);
	assert_int_equal(fclose(to), 0);
	for (const char *s = text; *s; s++) {
		column = *s == '\n' ? 0 : column + 1;
		assert_true(column < 80);
	}
	for (size_t i = 0; i < count; i++) {
		char want[60], letter[] = "-x,";
		letter[1] = (char)rows[i].letter;
		for (size_t k = 0; i > 0 && k < i - 1; k++) /* a heading comes once */
			assert_true(rows[k].group != rows[i].group ||
			            rows[i - 1].group == rows[i].group);
		bool glued = rows[i].value && rows[i].value[0] == '[';
		(void)snprintf(want, sizeof want, "\n  %3s --%s%s%s",
		               rows[i].letter < 256 ? letter : "", rows[i].name,
		               rows[i].value && !glued ? " " : "",
		               rows[i].value ? rows[i].value : "");
		char heading[40];
		(void)snprintf(heading, sizeof heading, "\n%s:\n", rows[i].group);
		const char *group = strstr(text, heading);
		assert_non_null(group);
		assert_null(strstr(group + 1, heading)); /* what belongs together stands together */
		const char *found = strstr(text, want);
		if (found == NULL || strchr(" \n", found[strlen(want)]) == NULL)
			fail_msg("no --%s in the help", rows[i].name);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(defaults),         cmocka_unit_test(each_row),
	        cmocka_unit_test(verbosity),        cmocka_unit_test(checksums),
	        cmocka_unit_test(overlaps),         cmocka_unit_test(texts_alone),
	        cmocka_unit_test(bad_values),       cmocka_unit_test(what_is_read),
	        cmocka_unit_test(unknown),          cmocka_unit_test(too_many_ports),
	        cmocka_unit_test(options_of_1_6_1), cmocka_unit_test(help_has_each_row),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
