/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line. Its options are rows of one table, from which the parser, the
 * help, the completions of shells and the test of the manual are made.
 *
 * How do I add an option? A row in option_rows.c, a field below, an .It with the row's
 * example in doc/man/tcpflow.1, and a line in configure.c that hands the field on. A flag,
 * a text, a number and a choice of words need no function of their own (option_take.h).
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <tcpflow/tcpflow.h>

enum action {
	ACTION_RECORD,
	ACTION_HELP,
	ACTION_HELP_ALL,
	ACTION_SCANNERS,
	ACTION_RECOVER,
	ACTION_VERSION
};

/* Bits of options.names: the letters of -F, in their order. */
enum {
	NAME_COUNTER = 1 << 0,  /* c: the counter in all names */
	NAME_EPOCH = 1 << 1,    /* t: seconds since 1970 in front */
	NAME_ISO = 1 << 2,      /* T: date and time in front */
	NAME_NO_FILES = 1 << 3, /* X */
	NAME_MD5 = 1 << 4,      /* M */
	NAME_BIN_K = 1 << 5,    /* k, m, g: folders of 1,000 */
	NAME_BIN_M = 1 << 6,
	NAME_BIN_G = 1 << 7
};

/* Bits of options.scanners: what -e, -E and -x name. */
enum {
	SCANNER_MD5 = 1 << 0,
	SCANNER_HTTP = 1 << 1,
	SCANNER_NETVIZ = 1 << 2,
	SCANNER_TCPDEMUX = 1 << 3,
	SCANNER_WIFIVIZ = 1 << 4,
	SCANNER_ALL = (1 << 5) - 1,
	SCANNER_HTTP_NAMED = 1 << 5 /* not by `all` or -a */
};

/* What -K makes: a file for each direction, or for both. */
enum packets_format { PACKETS_PCAP, PACKETS_PCAPNG, PACKETS_BOTH, PACKETS_BOTH_PCAPNG };

enum timestamps { TIMESTAMPS_NONE, TIMESTAMPS_ISO, TIMESTAMPS_EPOCH, TIMESTAMPS_DELTA };

enum sandbox { SANDBOX_AUTO, SANDBOX_REQUIRE, SANDBOX_OFF };

#define OPTION_NONE  UINT64_MAX /* a number that was not given */
#define OPTION_NOTES 24

/* What the user wants. The strings are those of argv, but for filter. */
struct options {
	enum action action;
	/* input */
	const char **sources; /* capture files in their order, "-": standard input */
	size_t source_count;
	const char **finishers; /* those of -R */
	size_t finisher_count;
	bool merge;           /* the sources by packet time */
	bool words_are_files; /* -l: no filter, but more sources */
	int64_t start_ns, stop_ns;
	int64_t shift_ns;  /* added to each packet's time */
	uint64_t count;    /* packets */
	uint64_t follow_s; /* of the last source; 0: it is read to its end */
	char *filter;      /* NULL: everything */
	/* live capture */
	const char **interfaces; /* those of -i; none: libpcap's first one */
	size_t interface_count;
	bool not_promiscuous;
	bool no_fanout;
	uint64_t ring;    /* bytes, for all interfaces; OPTION_NONE: not given */
	uint64_t snaplen; /* OPTION_NONE: not given */
	/* privileges */
	const char *user, *root; /* NULL: not given */
	enum sandbox sandbox;
	uint64_t umask; /* OPTION_NONE: not given */
	/* output */
	const char *folder;
	const char *recovers;   /* that of --recover, which becomes `folder` */
	uint64_t rotate_s;      /* another generation of output after so long, */
	uint64_t rotate_bytes;  /* or so much payload; 0: not so */
	const char *unrecorded; /* the file of -w, or NULL */
	const char *write;      /* that of --write, or NULL */
	uint64_t flow_bytes;    /* recorded of each stream */
	uint64_t hole_max;
	uint64_t disk_max;     /* bytes of all streams; 0: any number */
	uint64_t free_least;   /* bytes that stay free, */
	uint64_t free_percent; /* or a part of the file system; 0: none need to */
	enum tf_gaps gaps;
	bool no_files; /* of streams */
	bool session;  /* both directions in one */
	bool index, flow_pcap;
	enum packets_format packets_format; /* of flow_pcap */
	/* file names */
	const char *template;              /* NULL: the usual one */
	char template_room[TF_NAMES_ROOM]; /* for what -F makes of it */
	unsigned names;
	/* console */
	bool console, console_headers; /* console_headers only with console */
	bool hex, colour, binary, no_newline, json, json_legacy, packets_view;
	enum timestamps timestamps;
	/* report */
	const char *report; /* a file; NULL: the usual one, "": none */
	bool no_report;     /* while it is parsed: -S enable_report=NO was given */
	bool jsonl, md5, sha256;
	uint64_t community_id_seed;
	/* scanners and hooks */
	unsigned scanners;
	bool keep_encoding;                   /* HTTP bodies stay compressed */
	const char *tcp_cmd, *http_cmd;       /* NULL: none */
	uint64_t tcp_alert_fd, http_alert_fd; /* OPTION_NONE: none */
	/* resources */
	uint64_t files_max; /* 0: as many as the system allows */
	uint64_t jobs;      /* 0: as many as there are cores */
	uint64_t memory;
	uint64_t idle_s; /* a connection that is silent for so long has ended; 0: none has.
	                    OPTION_NONE, while it is parsed: not given */
	/* who watches */
	const char *stats; /* a file, whose name is the first stats_length bytes; or NULL */
	size_t stats_length;
	uint64_t stats_s; /* it is written every so many seconds */
	/* messages */
	uint64_t debug; /* 0: errors alone, to 10: everything */
	bool quiet;
	bool strict;
	/* receivers and tunnels, as in struct tf_config */
	uint64_t decap;
	struct tf_tunnel_port tunnel_port[TF_TUNNEL_PORTS];
	unsigned tunnel_ports;
	bool esp_null;
	enum tf_key key;
	enum tf_checksum checksum;
	enum tf_urgent urgent;
	enum tf_overlap overlap;
	struct tf_overlap_rule overlap_rule[TF_OVERLAP_RULES];
	unsigned overlap_rules;
	enum tf_fragments fragments;
	bool keep_rejected;
	/* What was given and does nothing: sentences, each once. */
	const char *note[OPTION_NOTES];
	unsigned notes;
};

struct option_row {
	int letter;        /* 0: it has none */
	const char *name;  /* --name */
	const char *value; /* what the help calls its value; NULL: it takes none. "[=...]":
	                      it may stand behind the name, with a '=' */
	const char *group; /* heading in the help */
	const char *help;  /* a phrase, as the manual's opening words */

	/*
	 * Does what the option is for. NULL: nothing.
	 * -> false when the value will not do; with a sentence in *err, which is empty
	 * before, where `wanted` and `hint` do not suffice
	 */
	bool (*take)(struct options *o, const struct option_row *row, const char *value,
	             struct tf_error *err);
	size_t field;         /* what it sets within struct options */
	uint64_t least, most; /* bounds of a number */

	const char *wanted;       /* "-b wants ...", for values that will not do */
	const char *hint;         /* told behind that, or NULL */
	const char *const *words; /* values to choose from, ended by NULL; or NULL */
	const char *missing;      /* what a value that may be left out is then */
	const char *once;         /* said once when it is given: why it does nothing */
	const char *example;      /* a whole command, for the manual */
	bool usual;               /* stands in the short help */
};
const struct option_row *option_rows(size_t *count);

/*
 * Reads the command line. *o is filled in with the defaults first; free it with
 * options_free() whatever the answer was.
 * -> false with one sentence in *err (TF_USAGE) when it cannot be obeyed.
 */
bool options_parse(struct options *o, int argc, char **argv, struct tf_error *err);
void options_free(struct options *o);

/* Remembers a sentence, which stays where it is, to be said before the run. */
void options_note(struct options *o, const char *sentence);

/* Packets come from interfaces, not from files. */
static inline bool options_live(const struct options *o)
{
	return o->source_count == 0 && o->action != ACTION_RECOVER;
}

/* Files of streams are to be made. */
static inline bool options_record(const struct options *o)
{
	return !o->no_files && !o->console && !o->flow_pcap;
}

/* Something is written into the folder. */
static inline bool options_use_folder(const struct options *o)
{
	return options_record(o) || (o->flow_pcap && !o->no_files) || (o->session && !o->console) ||
	       o->report == NULL;
}

/* What is written may come in several generations, each in a folder of its own. */
bool options_turn(const struct options *o);

/* Something is to be said besides errors: the summary, warnings, progress. */
static inline bool options_talkative(const struct options *o)
{
	return !o->quiet && o->debug > 0;
}

#endif
