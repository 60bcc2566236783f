/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/options.h"

#include "base/error.h"
#include "cli/number.h"
#include "cli/when.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define K UINT64_C(1024)
#define M (K * K)
#define G (K * M)

enum {
	LETTERLESS = 256,
	OPTION_MEMORY = LETTERLESS,
	OPTION_STRICT,
	OPTION_START,
	OPTION_STOP,
	OPTION_COUNT,
	OPTION_FOLLOW,
	OPTION_MERGE,
	OPTION_DECAP,
	OPTION_PORT,
	OPTION_ESP,
	OPTION_KEY,
	OPTION_CHECKSUM,
	OPTION_OVERLAP,
	OPTION_OVERLAP_MAP,
	OPTION_KEEP_REJECTED,
	OPTION_IDLE,
	OPTION_COMMUNITY
};

/* -- what the options do -- */

static bool take_source(struct options *o, const struct option_row *row, const char *value)
{
	(void)row;
	o->sources[o->source_count++] = value;
	return *value != '\0';
}

static bool take_finisher(struct options *o, const struct option_row *row, const char *value)
{
	(void)row;
	o->finishers[o->finisher_count++] = value;
	return *value != '\0';
}

static bool take_list(struct options *o, const struct option_row *row, const char *value)
{
	(void)row, (void)value;
	o->words_are_files = true;
	return true;
}

static bool take_merge(struct options *o, const struct option_row *row, const char *value)
{
	(void)row, (void)value;
	o->merge = true;
	return true;
}

static bool take_unrecorded(struct options *o, const struct option_row *row, const char *value)
{
	(void)row;
	o->unrecorded = value;
	return *value != '\0';
}

static bool take_time(struct options *o, const struct option_row *row, const char *value)
{
	int64_t ns;
	if (!when_parse(value, &ns))
		return false;
	memcpy((char *)o + row->field, &ns, sizeof ns);
	return true;
}

static bool take_folder(struct options *o, const struct option_row *row, const char *value)
{
	(void)row;
	o->folder = value;
	return *value != '\0';
}

static bool take_number(struct options *o, const struct option_row *row, const char *value)
{
	uint64_t n;
	if (!number_parse(value, &n) || n < row->least || n > row->most)
		return false;
	memcpy((char *)o + row->field, &n, sizeof n);
	return true;
}

/* Its value may be missing. */
static bool take_follow(struct options *o, const struct option_row *row, const char *value)
{
	return take_number(o, row, value != NULL ? value : "10");
}

static bool take_help(struct options *o, const struct option_row *row, const char *value)
{
	(void)row, (void)value;
	o->action = ACTION_HELP;
	return true;
}

static bool take_version(struct options *o, const struct option_row *row, const char *value)
{
	(void)row, (void)value;
	o->action = ACTION_VERSION;
	return true;
}

static bool take_verbose(struct options *o, const struct option_row *row, const char *value)
{
	(void)row, (void)value;
	o->debug = 10;
	return true;
}

static bool take_quiet(struct options *o, const struct option_row *row, const char *value)
{
	(void)row, (void)value;
	o->quiet = true;
	return true;
}

static bool take_strict(struct options *o, const struct option_row *row, const char *value)
{
	(void)row, (void)value;
	o->strict = true;
	return true;
}

static bool take_decap(struct options *o, const struct option_row *row, const char *value)
{
	(void)row;
	return tf_decap_parse(value, &o->decap);
}

/* NAME=PORT, where NAME is a tunnel that is told by its port. */
static bool take_tunnel_port(struct options *o, const struct option_row *row, const char *value)
{
	const char *equals = strchr(value, '=');
	uint64_t port;
	size_t count;
	const struct tf_decap_row *tunnel = tf_decap_rows(&count);

	if (equals == NULL || !number_parse(equals + 1, &port) || port < row->least ||
	    port > row->most || o->tunnel_ports == TF_TUNNEL_PORTS)
		return false;
	for (size_t i = 0; i < count; i++, tunnel++) {
		size_t n = strlen(tunnel->name);
		if (!tunnel->has_port || n != (size_t)(equals - value) ||
		    memcmp(tunnel->name, value, n) != 0)
			continue;
		o->tunnel_port[o->tunnel_ports++] =
		        (struct tf_tunnel_port){.tunnel = tunnel->bit, .port = (uint16_t)port};
		return true;
	}
	return false;
}

static bool take_esp_null(struct options *o, const struct option_row *row, const char *value)
{
	(void)row, (void)value;
	o->esp_null = true;
	return true;
}

static bool take_key(struct options *o, const struct option_row *row, const char *value)
{
	(void)row;
	o->key = strcmp(value, "5tuple") == 0 ? TF_KEY_5TUPLE : TF_KEY_FULL;
	return o->key == TF_KEY_5TUPLE || strcmp(value, "full") == 0;
}

static bool take_checksum(struct options *o, const struct option_row *row, const char *value)
{
	static const char *const words[] = {
	        [TF_CHECKSUM_AUTO] = "auto",
	        [TF_CHECKSUM_STRICT] = "strict",
	        [TF_CHECKSUM_IGNORE] = "ignore",
	};
	(void)row;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcmp(value, words[i]) == 0) {
			o->checksum = (enum tf_checksum)i;
			return true;
		}
	}
	return false;
}

static bool take_overlap(struct options *o, const struct option_row *row, const char *value)
{
	(void)row;
	return tf_overlap_parse(value, strlen(value), &o->overlap);
}

static bool take_overlap_map(struct options *o, const struct option_row *row, const char *value)
{
	(void)row;
	return tf_overlap_map_parse(value, o->overlap_rule, &o->overlap_rules);
}

static bool take_keep_rejected(struct options *o, const struct option_row *row, const char *value)
{
	(void)row, (void)value;
	o->keep_rejected = true;
	return true;
}

/* -- the tables -- */

#define NUMBER(f, low, high) take_number, offsetof(struct options, f), low, high
#define TIME(f)              take_time, offsetof(struct options, f), 0, 0
#define PLAIN(function)      function, 0, 0, 0

static const char input[] = "Input", output[] = "Output", means[] = "Resources";
static const char tunnels[] = "Tunnels", receiver[] = "Receiver";
static const char talk[] = "Messages", other[] = "Other";

static const struct option_row rows[] = {
        {'r', "read", "FILE", input,
         "read this capture file (pcap or pcapng, packed or not), or all captures of this folder "
         "in the order of their times; \"-\" is standard input, tcp://HOST:PORT a peer that sends "
         "a capture; give it again to read several, one after the other",
         "a capture file, or - for standard input", PLAIN(take_source)},
        {'R', "read-known", "FILE", input,
         "read this after all of -r, and only go on with connections that began there",
         "a capture file, or - for standard input", PLAIN(take_finisher)},
        {'l', "list", NULL, input, "the words that are no options are capture files, as for -r",
         NULL, PLAIN(take_list)},
        {OPTION_MERGE, "merge", NULL, input,
         "read all files of -r at the same time, their packets in the order of their times", NULL,
         PLAIN(take_merge)},
        {OPTION_FOLLOW, "follow", "[=SECONDS]", input,
         "the last file is still being written: read on until nothing came for so long (default "
         "10)",
         "a number of seconds from 1 to 1000000", take_follow, offsetof(struct options, follow_s),
         1, 1000000},
        {OPTION_START, "start", "TIME", input,
         "leave out packets before this time (2026-11-23T17:30:00Z, or seconds since 1970)",
         "a time such as 2026-11-23T17:30:00Z or seconds since 1970", TIME(start_ns)},
        {OPTION_STOP, "stop", "TIME", input, "leave out packets at this time or later",
         "a time such as 2026-11-23T17:30:00Z or seconds since 1970", TIME(stop_ns)},
        {OPTION_COUNT, "count", "N", input,
         "read no more after N packets that nothing above and no expression leaves out",
         "a number of packets", NUMBER(count, 1, UINT64_MAX)},
        {'o', "output", "DIR", output,
         "write the files into this folder (default .), made if missing", "a folder",
         PLAIN(take_folder)},
        {'b', "max-bytes", "N", output, "record at most N bytes of each stream (default: all)",
         "a number of bytes such as 4096, 64K or 2G", NUMBER(flow_bytes, 1, INT64_MAX)},
        {'m', "max-hole", "N", output,
         "start a new file at a hole longer than N bytes (default 16M, below 2G)",
         "a number of bytes below 2G, such as 64K or 16M", NUMBER(hole_max, 0, 2 * G - 1)},
        {OPTION_COMMUNITY, "community-id-seed", "N", output,
         "seed of the Community IDs that tell connections in other tools (default 0)",
         "a number up to 65535", NUMBER(community_seed, 0, UINT16_MAX)},
        {'w', "unrecorded", "FILE", output,
         "write the packets that are not recorded (not TCP, not decoded, refused) to this pcapng "
         "file, with comments that say why; \"-\" is standard output",
         "a file name", PLAIN(take_unrecorded)},
        {OPTION_CHECKSUM, "checksum", "KIND", receiver,
         "segments with a wrong TCP checksum: auto (default) leaves them out once their direction "
         "has shown a good one, strict always does, ignore looks at none",
         "auto, strict or ignore", PLAIN(take_checksum)},
        {OPTION_OVERLAP, "overlap", "POLICY", receiver,
         "where copies of the same bytes differ, keep that which such a receiver keeps: linux "
         "(default), bsd, solaris, windows, or the first or last one",
         "linux, first, last, bsd, solaris or windows", PLAIN(take_overlap)},
        {OPTION_OVERLAP_MAP, "overlap-map", "CIDR=POLICY", receiver,
         "the same for the receivers of these networks, several with commas between them; the "
         "longest prefix counts; may be given several times, up to 64 networks",
         "networks and policies such as 10.0.0.0/8=bsd,2001:db8::/32=linux (64 at most)",
         PLAIN(take_overlap_map)},
        {OPTION_IDLE, "idle-timeout", "SECONDS", receiver,
         "a connection that was silent for longer has ended; its next packet begins another one "
         "(default 0: never)",
         "a number of seconds up to 1000000000", NUMBER(idle_s, 0, UINT64_C(1000000000))},
        {OPTION_KEEP_REJECTED, "keep-rejected", NULL, receiver,
         "write the bytes of rejected segments to conflicts.jsonl, with the reason", NULL,
         PLAIN(take_keep_rejected)},
        {OPTION_DECAP, "decap", "LIST", tunnels,
         "open these tunnels only: all (default), none, or names such as vxlan,gre,mpls",
         "all, none, or names of tunnels such as vxlan,gre,mpls", PLAIN(take_decap)},
        {OPTION_PORT, "tunnel-port", "NAME=PORT", tunnels,
         "UDP packets from or to this port are such a tunnel (vxlan, geneve, gtp, ...), besides "
         "those of its usual port; may be given up to 32 times",
         "the name of a tunnel in UDP and a port, such as vxlan=4788 (32 times at most)",
         take_tunnel_port, 0, 1, UINT16_MAX},
        {OPTION_ESP, "esp-null", NULL, tunnels, "take IPsec ESP for unencrypted and look into it",
         NULL, PLAIN(take_esp_null)},
        {OPTION_KEY, "key", "KIND", tunnels,
         "what tells flows apart: full (default) is addresses, ports, VLAN ids and network ids of "
         "tunnels; 5tuple is addresses and ports alone",
         "full or 5tuple", PLAIN(take_key)},
        {'f', "max-files", "N", means,
         "use at most N descriptors for files (default: what the system allows)",
         "a number of files from 1 to 1048576", NUMBER(files_max, 1, M)},
        {'j', "jobs", "N", means,
         "rebuild streams in N threads (default: one for each core); 1: none",
         "a number of threads from 1 to 256", NUMBER(jobs, 1, 256)},
        {OPTION_MEMORY, "memory", "SIZE", means,
         "memory for all state and buffers (default 512M, at least 8M)",
         "a size of at least 8M, such as 64M or 2G", NUMBER(memory, 8 * M, INT64_MAX)},
        {'q', "quiet", NULL, talk, "no summary, no warnings, no progress; errors stay", NULL,
         PLAIN(take_quiet)},
        {'v', "verbose", NULL, talk, "tell everything, as -d 10 does", NULL, PLAIN(take_verbose)},
        {'d', "debug", "N", talk,
         "how much to tell: 0 errors alone, 1 the summary (default), 2 each file too, 10 every "
         "counter too",
         "a number from 0 to 10", NUMBER(debug, 0, 10)},
        {OPTION_STRICT, "strict", NULL, other,
         "exit with 4 when bytes were missing, conflicting or given up", NULL, PLAIN(take_strict)},
        {'h', "help", NULL, other, "show this text", NULL, PLAIN(take_help)},
        {'V', "version", NULL, other, "show the version", NULL, PLAIN(take_version)},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static const struct option_absent absent[] = {
        {'0', NULL, "no newline after each packet on the console"},
        {'a', NULL, "all post-processing"},
        {'A', NULL, "select post-processing"},
        {'B', NULL, "binary console output"},
        {'c', NULL, "print to the console"},
        {'C', NULL, "print to the console without headers"},
        {'D', NULL, "print in hexadecimal"},
        {'e', NULL, "enable a scanner"},
        {'E', NULL, "enable one scanner only"},
        {'F', NULL, "other file names"},
        {'g', NULL, "print in colours"},
        {'H', NULL, "describe the scanners"},
        {'i', NULL, "capture from an interface"},
        {'I', NULL, "index files of packet times"},
        {'J', NULL, "print as JSON"},
        {'K', NULL, "a pcap file for each flow"},
        {'L', NULL, "lock the console with a semaphore"},
        {'p', NULL, "no promiscuous mode"},
        {'P', NULL, "no purging of flows"},
        {'s', NULL, "replace what is not printable"},
        {'S', NULL, "settings of scanners and hooks"},
        {'T', NULL, "a template for file names"},
        {'U', "relinquish-privileges", "change to another user"},
        {'x', NULL, "disable a scanner"},
        {'X', NULL, "the report file"},
        {'z', "chroot", "change the root folder"},
        {'Z', NULL, "leave HTTP bodies compressed"},
};

const struct option_row *option_rows(size_t *count)
{
	*count = ROWS;
	return rows;
}

const struct option_absent *option_absentees(size_t *count)
{
	*count = sizeof absent / sizeof absent[0];
	return absent;
}

static const struct option_row *row_of(int letter)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].letter == letter)
			return &rows[i];
	return NULL;
}

/* -- one line for whatever is wrong -- */

enum { SPELLED = 40 };

/* The option as it was typed: options without a letter come by name only. */
static const char *spell(const struct option_row *row, bool by_name, char to[SPELLED])
{
	if (by_name)
		(void)snprintf(to, SPELLED, "--%s", row->name);
	else
		(void)snprintf(to, SPELLED, "-%c", row->letter);
	return to;
}

static bool bad_value(const struct option_row *row, bool by_name, const char *value,
                      struct tf_error *err)
{
	char option[SPELLED];
	uint64_t n;

	spell(row, by_name, option);
	if (row->most > 0 && number_parse(value, &n))
		return error_set(err, TF_USAGE, "%s wants %s; %.100s is too %s", option,
		                 row->wanted, value, n < row->least ? "small" : "large");
	return error_set(err, TF_USAGE, "%s wants %s, not '%.100s'", option, row->wanted, value);
}

static bool absent_option(const struct option_absent *a, bool by_name, struct tf_error *err)
{
	return by_name ? error_set(err, TF_USAGE, "this version does not have --%s (%s)", a->name,
	                           a->what)
	               : error_set(err, TF_USAGE, "this version does not have -%c (%s)", a->letter,
	                           a->what);
}

static bool unknown_letter(int letter, struct tf_error *err)
{
	for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
		if (absent[i].letter == letter)
			return absent_option(&absent[i], false, err);
	return error_set(err, TF_USAGE, "there is no option -%c; tcpflow --help lists the options",
	                 letter);
}

/* word is --name or --name=value, where name is no option's or the beginning of
   several. */
static bool unknown_name(const char *word, struct tf_error *err)
{
	const char *name = word + 2, *first = NULL;
	size_t n = strcspn(name, "=");

	for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
		if (absent[i].name && strlen(absent[i].name) == n &&
		    memcmp(absent[i].name, name, n) == 0)
			return absent_option(&absent[i], true, err);
	for (size_t i = 0; i < ROWS; i++) {
		if (strncmp(rows[i].name, name, n) != 0)
			continue;
		if (first)
			return error_set(err, TF_USAGE, "--%.*s may be --%s or --%s; write it out",
			                 (int)n, name, first, rows[i].name);
		first = rows[i].name;
	}
	return error_set(err, TF_USAGE,
	                 "there is no option %.100s; tcpflow --help lists the options", word);
}

/*
 * getopt_long() said '?' or ':', and optopt and optind tell what about: optopt is
 * 0 for a name that it does not know, the letter of a row for a name with a value
 * that it does not take, or a letter that is no row's.
 */
static bool bad_option(int answer, const char *word, struct tf_error *err)
{
	const struct option_row *row = row_of(optopt);
	char option[SPELLED];

	if (optopt == 0)
		return unknown_name(word, err);
	if (row == NULL)
		return unknown_letter(optopt, err);
	if (answer == ':')
		return error_set(err, TF_USAGE, "%s wants %s, and nothing follows it",
		                 spell(row, strncmp(word, "--", 2) == 0, option), row->wanted);
	return error_set(err, TF_USAGE, "%s takes no value", spell(row, true, option));
}

/* -- parsing -- */

/* What getopt_long() wants to know, made from the rows. */
struct grammar {
	char letters[2 + 2 * ROWS];
	struct option names[ROWS + 1];
};

static int has_value(const struct option_row *row)
{
	if (row->value == NULL)
		return no_argument;
	return row->value[0] == '[' ? optional_argument : required_argument;
}

static void make_grammar(struct grammar *g)
{
	char *s = g->letters;

	*s++ = ':'; /* tell a missing value from an unknown option */
	for (size_t i = 0; i < ROWS; i++) {
		g->names[i] = (struct option){
		        .name = rows[i].name,
		        .has_arg = has_value(&rows[i]),
		        .val = rows[i].letter,
		};
		if (rows[i].letter >= LETTERLESS)
			continue;
		*s++ = (char)rows[i].letter;
		if (rows[i].value)
			*s++ = ':';
	}
}

/* The words that are no options, with blanks between them. */
static bool take_filter(struct options *o, char **words, struct tf_error *err)
{
	size_t size = 1;
	for (char **w = words; *w; w++)
		size += strlen(*w) + 1;
	if (size == 1)
		return true;
	o->filter = calloc(1, size);
	if (o->filter == NULL)
		return error_set(err, TF_USAGE, "no memory for the filter expression");
	char *end = o->filter;
	for (char **w = words; *w; w++) {
		if (w != words)
			*end++ = ' ';
		end = stpcpy(end, *w);
	}
	return true;
}

static bool take_words(struct options *o, char **words, struct tf_error *err)
{
	if (!o->words_are_files)
		return take_filter(o, words, err);
	for (; *words; words++)
		o->sources[o->source_count++] = *words;
	return true;
}

/* Options up to the last, or to the first that asks for a text alone. */
static bool take_options(struct options *o, int argc, char **argv, struct tf_error *err)
{
	struct grammar g = {0};
	int letter, by_name = -1;

	make_grammar(&g);
	opterr = 0;
	optind = 0; /* from the start again, also after an earlier parse */
	while (o->action == ACTION_RECORD &&
	       (letter = getopt_long(argc, argv, g.letters, g.names, &by_name)) != -1) {
		if (letter == '?' || letter == ':')
			return bad_option(letter, argv[optind - 1], err);
		const struct option_row *row = row_of(letter);
		if (!row->take(o, row, optarg))
			return bad_value(row, by_name >= 0, optarg, err);
		by_name = -1;
	}
	return true;
}

bool options_parse(struct options *o, int argc, char **argv, struct tf_error *err)
{
	struct tf_config defaults;

	tf_config_init(&defaults);
	*o = (struct options){
	        .folder = ".",
	        .flow_bytes = (uint64_t)defaults.flow_bytes,
	        .hole_max = (uint64_t)defaults.hole_max,
	        .memory = defaults.memory,
	        .decap = defaults.decap,
	        .key = defaults.key,
	        .checksum = defaults.checksum,
	        .debug = 1,
	        .start_ns = defaults.start_ns,
	        .stop_ns = defaults.stop_ns,
	        .count = defaults.count,
	        .sources = calloc((size_t)argc + 1, sizeof *o->sources),
	        .finishers = calloc((size_t)argc + 1, sizeof *o->finishers),
	};
	if (o->sources == NULL || o->finishers == NULL)
		return error_set(err, TF_USAGE, "no memory for the command line");
	if (!take_options(o, argc, argv, err))
		return false;
	if (o->action != ACTION_RECORD)
		return true;
	if (!take_words(o, argv + optind, err))
		return false;
	if (o->merge && o->follow_s > 0)
		return error_set(err, TF_USAGE, "--merge and --follow do not go together");
	if (o->source_count > 0)
		return true;
	return error_set(err, TF_USAGE,
	                 "give the capture file to read with -r FILE (this version does not "
	                 "capture live)");
}

void options_free(struct options *o)
{
	free(o->sources);
	free(o->finishers);
	free(o->filter);
	*o = (struct options){0};
}
