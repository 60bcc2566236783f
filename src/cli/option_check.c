/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/option_check.h"

#include "base/error.h"

#include <string.h>

/* On a wire state has to end some time; a file ends by itself. */
enum { LIVE_IDLE_S = 3600 };

static void derive(struct options *o)
{
	if ((o->names & NAME_NO_FILES) != 0 || (o->scanners & SCANNER_TCPDEMUX) == 0)
		o->no_files = true;
	if ((o->names & NAME_MD5) != 0 || (o->scanners & SCANNER_MD5) != 0)
		o->md5 = true;
	if (o->json_legacy)
		o->json = true;
	if (o->idle_s == OPTION_NONE)
		o->idle_s = options_live(o) ? LIVE_IDLE_S : 0;
	if (o->no_report || (o->console && o->report == NULL))
		o->report = "";
}

struct rule {
	bool broken;
	const char *sentence;
};

/* -> the option that is for capture files, where there are none; or NULL */
static const char *for_files(const struct options *o)
{
	const struct rule rules[] = {
	        {o->finisher_count > 0, "-R"},
	        {o->words_are_files, "-l"},
	        {o->merge, "--merge"},
	        {o->follow_s > 0, "--follow"},
	};
	bool live = options_live(o) || (o->interface_count > 0 && o->words_are_files);
	for (size_t i = 0; live && i < sizeof rules / sizeof rules[0]; i++)
		if (rules[i].broken)
			return rules[i].sentence;
	return NULL;
}

static bool check_input(const struct options *o, struct tf_error *err)
{
	const char *what = for_files(o);
	return what == NULL ||
	       error_set(err, TF_USAGE,
	                 "%s is for capture files, not for interfaces: give the file to read "
	                 "with -r FILE",
	                 what);
}

/* -> whether that is the file of --stats, which is replaced while others write to theirs */
static bool is_stats(const struct options *o, const char *path)
{
	return o->stats != NULL && path != NULL && strlen(path) == o->stats_length &&
	       memcmp(path, o->stats, o->stats_length) == 0;
}

static const char *contradiction(const struct options *o)
{
	const char *name_http = "this version does not extract HTTP bodies yet";
	const struct rule rules[] = {
	        {o->root != NULL && o->user == NULL,
	         "-z wants -U, too: root gets out of any folder"},
	        {o->root != NULL && o->tcp_cmd != NULL,
	         "-z and -S tcp_cmd do not go together: the command would not find the files"},
	        {o->merge && o->follow_s > 0, "--merge and --follow do not go together"},
	        {o->json && o->hex, "-J and -D do not go together"},
	        {o->flow_pcap && o->console, "-K and -c do not go together: -K makes files"},
	        {o->flow_pcap && o->session, "-K and --session do not go together"},
	        {o->packets_view && o->session, "--packets and --session do not go together"},
	        {o->packets_view && !o->console,
	         "--packets is for the console: give -c or -C, too"},
	        {o->binary && o->session && !o->console,
	         "-B and --session go together on the console only: give -c or -C, too"},
	        {o->console && o->unrecorded != NULL && strcmp(o->unrecorded, "-") == 0,
	         "-w - and -c do not go together: both write to standard output"},
	        {o->console && o->write != NULL && strcmp(o->write, "-") == 0,
	         "--write - and -c do not go together: both write to standard output"},
	        {o->unrecorded != NULL && o->write != NULL && strcmp(o->unrecorded, o->write) == 0,
	         "-w and --write do not go to the same file"},
	        {is_stats(o, o->unrecorded) || is_stats(o, o->write) || is_stats(o, o->report),
	         "--stats does not go to the file of another option"},
	        {o->jsonl && !options_record(o),
	         "--jsonl writes beside files of streams, and none are made"},
	        {o->timestamps != TIMESTAMPS_NONE && !o->console && !o->session,
	         "--timestamps is for the console and --session: give -c, -C or --session, too"},
	        {(o->scanners & SCANNER_HTTP_NAMED) != 0 || o->http_cmd != NULL ||
	                 o->http_alert_fd != OPTION_NONE,
	         name_http},
	};
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
		if (rules[i].broken)
			return rules[i].sentence;
	return NULL;
}

/* Where the template will not do, that is told before anything is written. */
static bool check_names(const struct options *o, struct tf_error *err)
{
	return o->template == NULL || tf_names_check(o->template, err);
}

/* What 1.6.1 passed over in silence. */
static void note_idle(struct options *o)
{
	const bool live = options_live(o), without_files = !options_record(o);
	const struct rule rules[] = {
	        {!live && o->interface_count > 0, "-i has no effect with -r"},
	        {!live && o->not_promiscuous, "-p has no effect with -r"},
	        {!live && o->no_fanout, "--no-fanout has no effect with -r"},
	        {!live && o->ring != OPTION_NONE, "--ring has no effect with -r"},
	        {!live && o->snaplen != OPTION_NONE, "--snaplen has no effect with -r"},
	        {(o->scanners & SCANNER_HTTP) != 0,
	         "HTTP bodies are not extracted in this version (-a)"},
	        {o->json && !o->console && !o->session,
	         "-J has no effect without -c, -C or --session"},
	        {o->hex && !o->console && !o->session,
	         "-D has no effect without -c, -C or --session"},
	        {o->colour && !o->console, "-g has no effect without -c or -C"},
	        {o->binary && !o->console, "-B has no effect without -c or -C"},
	        {o->no_newline && !o->console, "-0 has no effect without -c or -C"},
	        {o->binary && o->console && (o->hex || o->json), "-B has no effect with -D or -J"},
	        {o->index && without_files, "-I has no effect where no files of streams are made"},
	        {(o->md5 || o->sha256) && without_files,
	         "there are no digests where no files of streams are made"},
	        {o->gaps != TF_GAPS_HOLE && without_files,
	         "--gaps has no effect where no files of streams are made"},
	        {(o->disk_max | o->free_least | o->free_percent) != 0 && without_files,
	         "--max-disk and --min-free have no effect where no files of streams are made"},
	        {(o->rotate_s > 0 || o->rotate_bytes > 0) && !options_use_folder(o) &&
	                 o->write == NULL,
	         "--rotate has no effect where no files are made"},
	        {o->keep_rejected && without_files,
	         "--keep-rejected has no effect where no files of streams are made"},
	        {o->tcp_cmd != NULL && without_files,
	         "-S tcp_cmd has no effect where no files of streams are made"},
	        {o->tcp_alert_fd != OPTION_NONE && without_files,
	         "-S tcp_alert_fd has no effect where no files of streams are made"},
	        {o->packets_format != PACKETS_PCAP && !o->flow_pcap,
	         "--flow-pcap-format has no effect without -K"},
	};
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
		if (rules[i].broken)
			options_note(o, rules[i].sentence);
}

bool options_check(struct options *o, struct tf_error *err)
{
	derive(o);
	if (!check_input(o, err))
		return false;
	if (!check_names(o, err))
		return false;
	const char *why = contradiction(o);
	if (why != NULL)
		return error_set(err, TF_USAGE, "%s", why);
	note_idle(o);
	return true;
}
