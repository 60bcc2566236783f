/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line. Its options are rows of one table, from which the parser, the
 * help text and the test of the manual are made.
 *
 * How do I add an option? A row in `rows` (options.c), a field below, and an .It
 * in doc/man/tcpflow.1; options of 1.6.1 also lose their row in `absent`.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <tcpflow/tcpflow.h>

enum action { ACTION_RECORD, ACTION_HELP, ACTION_VERSION };

/* What the user wants. The strings are those of argv, but for filter. */
struct options {
	enum action action;
	const char **sources; /* capture files in their order, "-": standard input */
	size_t source_count;
	const char **finishers; /* those of -R */
	size_t finisher_count;
	bool merge;             /* the sources by packet time */
	const char *unrecorded; /* the file of -w, or NULL */
	bool words_are_files;   /* -l: no filter, but more sources */
	int64_t start_ns, stop_ns;
	uint64_t count;    /* packets */
	uint64_t follow_s; /* of the last source; 0: it is read to its end */
	const char *folder;
	char *filter;        /* NULL: everything */
	uint64_t flow_bytes; /* recorded of each stream */
	uint64_t files_max;  /* 0: as many as the system allows */
	uint64_t hole_max;
	uint64_t jobs; /* 0: as many as there are cores */
	uint64_t memory;
	uint64_t debug; /* 0: errors alone, to 10: everything */
	bool quiet;
	bool strict;
	uint64_t decap; /* as in struct tf_config, these six */
	struct tf_tunnel_port tunnel_port[TF_TUNNEL_PORTS];
	unsigned tunnel_ports;
	bool esp_null;
	enum tf_key key;
	enum tf_checksum checksum;
	enum tf_overlap overlap; /* and these four */
	struct tf_overlap_rule overlap_rule[TF_OVERLAP_RULES];
	unsigned overlap_rules;
	bool keep_rejected;
	uint64_t idle_s;         /* 0: never */
	uint64_t community_seed; /* of Community IDs */
};

struct option_row {
	int letter;         /* a number above 255 for options without one */
	const char *name;   /* --name */
	const char *value;  /* what the help calls its value; NULL: it takes none. "[=...]":
	                       it may stand behind the name, with a '=' */
	const char *group;  /* heading in the help */
	const char *help;   /* a phrase, as the manual's opening words */
	const char *wanted; /* "-b wants ...", for values that will not do */
	bool (*take)(struct options *o, const struct option_row *row, const char *value);
	size_t field;         /* of the number within struct options */
	uint64_t least, most; /* bounds of the number */
};
const struct option_row *option_rows(size_t *count);

/* An option of tcpflow 1.6.1 that this version does not have. */
struct option_absent {
	char letter;
	const char *name; /* its --name, or NULL */
	const char *what; /* what it was for */
};
const struct option_absent *option_absentees(size_t *count);

/*
 * Reads the command line. *o is filled in with the defaults first; free it with
 * options_free() whatever the answer was.
 * -> false with one sentence in *err (TF_USAGE) when it cannot be obeyed.
 */
bool options_parse(struct options *o, int argc, char **argv, struct tf_error *err);
void options_free(struct options *o);

/* Something is to be said besides errors: the summary, warnings, progress. */
static inline bool options_talkative(const struct options *o)
{
	return !o->quiet && o->debug > 0;
}

#endif
