/* SPDX-License-Identifier: BSD-3-Clause */
/* Parsing, and one line for whatever is wrong. */
#include "cli/options.h"

#include "base/error.h"
#include "cli/number.h"
#include "cli/option_check.h"
#include "sandbox/lock.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What getopt_long() answers for --name: NAMED and the row's place. Letters lie below. */
enum { NAMED = 256, ROWS_MOST = 128 };

static const struct option_row *row_of(int answer)
{
	size_t count;
	const struct option_row *rows = option_rows(&count);

	if (answer >= NAMED)
		return &rows[answer - NAMED];
	for (size_t i = 0; i < count; i++)
		if (answer != 0 && rows[i].letter == answer)
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

/* *err holds a sentence already when the option has its own. */
static bool bad_value(const struct option_row *row, bool by_name, const char *value,
                      struct tf_error *err)
{
	char option[SPELLED];
	uint64_t n;

	if (err->text[0] != '\0')
		return false;
	spell(row, by_name, option);
	if (row->most > 0 && number_parse(value, &n))
		return error_set(err, TF_USAGE, "%s wants %s; %.100s is too %s", option,
		                 row->wanted, value, n < row->least ? "small" : "large");
	return error_set(err, TF_USAGE, "%s wants %s, not '%.100s'%s%s", option, row->wanted, value,
	                 row->hint != NULL ? "; " : "", row->hint != NULL ? row->hint : "");
}

/* word is --name or --name=value, where name is no option's or the beginning of
   several. */
static bool unknown_name(const char *word, struct tf_error *err)
{
	const char *name = word + 2, *first = NULL;
	size_t n = strcspn(name, "="), count;
	const struct option_row *rows = option_rows(&count);

	for (size_t i = 0; i < count; i++) {
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
 * 0 for a name that it does not know, the answer of a row for a name with a value
 * that it does not take, or a letter that is no row's.
 */
static bool bad_option(int answer, const char *word, struct tf_error *err)
{
	const struct option_row *row = row_of(optopt);
	char option[SPELLED];

	if (optopt == 0)
		return unknown_name(word, err);
	if (row == NULL)
		return error_set(err, TF_USAGE,
		                 "there is no option -%c; tcpflow --help lists the options",
		                 optopt);
	if (answer == ':')
		return error_set(err, TF_USAGE, "%s wants %s, and nothing follows it%s%s",
		                 spell(row, optopt >= NAMED, option), row->wanted,
		                 row->hint != NULL ? "; " : "", row->hint != NULL ? row->hint : "");
	return error_set(err, TF_USAGE, "%s takes no value", spell(row, true, option));
}

/* -- parsing -- */

/* What getopt_long() wants to know, made from the rows. */
struct grammar {
	char letters[2 + 2 * ROWS_MOST];
	struct option names[ROWS_MOST + 1];
};

static int has_value(const struct option_row *row)
{
	if (row->value == NULL)
		return no_argument;
	return row->value[0] == '[' ? optional_argument : required_argument;
}

static void make_grammar(struct grammar *g)
{
	size_t count;
	const struct option_row *rows = option_rows(&count);
	char *s = g->letters;

	MUST(count <= ROWS_MOST);
	*s++ = ':'; /* tell a missing value from an unknown option */
	for (size_t i = 0; i < count; i++) {
		g->names[i] = (struct option){
		        .name = rows[i].name,
		        .has_arg = has_value(&rows[i]),
		        .val = NAMED + (int)i,
		};
		if (rows[i].letter == 0)
			continue;
		*s++ = (char)rows[i].letter;
		if (has_value(&rows[i]) == required_argument) /* an optional one has its '=' */
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

static bool take_option(struct options *o, int answer, const char *value, struct tf_error *err)
{
	const struct option_row *row = row_of(answer);

	if (row->once != NULL)
		options_note(o, row->once);
	if (value == NULL)
		value = row->missing;
	return row->take == NULL || row->take(o, row, value, err) ||
	       bad_value(row, answer >= NAMED, value, err);
}

/* Only another -h counts behind -h, and nothing behind the other texts. */
static bool only_help(const struct options *o, int answer)
{
	const struct option_row *row = answer == '?' || answer == ':' ? NULL : row_of(answer);
	return o->action == ACTION_HELP && (row == NULL || row->letter != 'h');
}

/* Options up to the last, or to the first that asks for a text alone. */
static bool take_options(struct options *o, int argc, char **argv, struct tf_error *err)
{
	struct grammar g = {0};
	int answer;

	make_grammar(&g);
	opterr = 0;
	optind = 0; /* from the start again, also after an earlier parse */
	while (o->action != ACTION_VERSION && o->action != ACTION_HELP_ALL &&
	       o->action != ACTION_SCANNERS &&
	       (answer = getopt_long(argc, argv, g.letters, g.names, NULL)) != -1) {
		if (only_help(o, answer))
			continue;
		if (answer == '?' || answer == ':')
			return bad_option(answer, argv[optind - 1], err);
		if (!take_option(o, answer, optarg, err))
			return false;
	}
	return true;
}

static const char FOLDER[] = "."; /* of outputs, unless -o says another */

static void set_defaults(struct options *o)
{
	struct tf_config defaults;

	tf_config_init(&defaults);
	*o = (struct options){
	        .folder = FOLDER,
	        .flow_bytes = (uint64_t)defaults.flow_bytes,
	        .hole_max = (uint64_t)defaults.hole_max,
	        .memory = defaults.memory,
	        .idle_s = OPTION_NONE,
	        .ring = OPTION_NONE,
	        .snaplen = OPTION_NONE,
	        .sandbox = lock_usual() ? SANDBOX_AUTO : SANDBOX_OFF,
	        .umask = OPTION_NONE,
	        .decap = defaults.decap,
	        .key = defaults.key,
	        .checksum = defaults.checksum,
	        .overlap = defaults.overlap,
	        .debug = 1,
	        .start_ns = defaults.start_ns,
	        .stop_ns = defaults.stop_ns,
	        .count = defaults.count,
	        .console_headers = true,
	        .scanners = SCANNER_TCPDEMUX,
	        .tcp_alert_fd = OPTION_NONE,
	        .http_alert_fd = OPTION_NONE,
	};
}

/* It reads nothing but that folder. word: what stands behind the options, or NULL */
static bool check_recover(struct options *o, const char *word, struct tf_error *err)
{
	if (word != NULL)
		return error_set(
		        err, TF_USAGE,
		        "--recover mends one folder: leave out \"%.100s\", or run it again "
		        "with that",
		        word);
	if (o->source_count + o->finisher_count + o->interface_count > 0 ||
	    strcmp(o->folder, FOLDER) != 0)
		return error_set(
		        err, TF_USAGE,
		        "--recover reads no packets, and writes nowhere else: leave out -r, "
		        "-R, -i and -o");
	if (o->root != NULL)
		return error_set(err, TF_USAGE, "--recover and -z do not go together");
	o->folder = o->recovers;
	return true;
}

bool options_parse(struct options *o, int argc, char **argv, struct tf_error *err)
{
	err->text[0] = '\0';
	set_defaults(o);
	o->sources = calloc((size_t)argc + 1, sizeof *o->sources);
	o->finishers = calloc((size_t)argc + 1, sizeof *o->finishers);
	o->interfaces = calloc((size_t)argc + 1, sizeof *o->interfaces);
	if (o->sources == NULL || o->finishers == NULL || o->interfaces == NULL)
		return error_set(err, TF_USAGE, "no memory for the command line");
	if (!take_options(o, argc, argv, err))
		return false;
	if (o->action == ACTION_RECOVER)
		return check_recover(o, argv[optind], err);
	if (o->action != ACTION_RECORD)
		return true;
	return take_words(o, argv + optind, err) && options_check(o, err);
}

void options_note(struct options *o, const char *sentence)
{
	for (unsigned i = 0; i < o->notes; i++)
		if (strcmp(o->note[i], sentence) == 0)
			return;
	if (o->notes < OPTION_NOTES)
		o->note[o->notes++] = sentence;
}

void options_free(struct options *o)
{
	free(o->sources);
	free(o->finishers);
	free(o->interfaces);
	free(o->filter);
	*o = (struct options){0};
}

bool options_turn(const struct options *o)
{
	return options_live(o) || o->rotate_s > 0 || o->rotate_bytes > 0 ||
	       strchr(o->folder, '%') != NULL ||
	       (o->write != NULL && strchr(o->write, '%') != NULL);
}
