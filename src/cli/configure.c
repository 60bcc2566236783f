/* SPDX-License-Identifier: BSD-3-Clause */
/* One function for each output, which attaches its sink if it is wanted. */
#include "cli/configure.h"

#include "base/error.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct stage {
	const struct options *options;
	struct tf_engine *engine;
	const struct outputs *to;
};

/* -- generations -- */

static const char *folder(const struct options *o)
{
	return options_turn(o) && options_use_folder(o) ? TF_GENERATION : o->folder;
}

static bool rotation(const struct stage *s, struct tf_error *err)
{
	const struct options *o = s->options;
	const struct tf_rotation how = {
	        .folder = options_use_folder(o) ? o->folder : NULL,
	        .every_ns = (int64_t)o->rotate_s * 1000000000,
	        .bytes = o->rotate_bytes,
	        .start_ns = s->to->facts->tell.start_ns,
	};
	return !options_turn(o) || tf_engine_rotate(s->engine, &how, err);
}

static bool keep(const struct stage *s, struct tf_error *err)
{
	const char *path = s->options->write;
	return path == NULL || tf_engine_keep(s->engine, path, err);
}

/* -- files of streams -- */

/* Transcripts that are files get a part of the descriptors. */
static unsigned transcripts(const struct stage *s)
{
	unsigned part = s->to->files / 4;
	if (!s->options->session || s->options->console)
		return 0;
	return part > 0 ? part : 1;
}

static bool files(const struct stage *s, struct tf_error *err)
{
	const struct options *o = s->options;
	if (!options_record(o))
		return true;
	unsigned others = transcripts(s);
	const struct tf_recording how = {
	        .folder = folder(o),
	        .names = o->template,
	        .gaps = o->gaps,
	        .files_max = s->to->files > others ? s->to->files - others : 1,
	        .md5 = o->md5,
	        .sha256 = o->sha256,
	        .index = o->index,
	        .disk_max = (int64_t)o->disk_max,
	        .free_least = o->free_least,
	        .free_percent = (unsigned)o->free_percent,
	};
	return tf_engine_record(s->engine, &how, err);
}

static bool flow_pcap(const struct stage *s, struct tf_error *err)
{
	const struct options *o = s->options;
	if (!o->flow_pcap || o->no_files)
		return true;
	const struct tf_packets how = {
	        .folder = folder(o),
	        .names = o->template,
	        .files_max = s->to->files,
	        .format = o->packets_format == PACKETS_PCAPNG ||
	                                  o->packets_format == PACKETS_BOTH_PCAPNG
	                          ? TF_PACKETS_PCAPNG
	                          : TF_PACKETS_PCAP,
	        .both = o->packets_format == PACKETS_BOTH ||
	                o->packets_format == PACKETS_BOTH_PCAPNG,
	};
	return tf_engine_record_packets(s->engine, &how, err);
}

static bool unrecorded(const struct stage *s, struct tf_error *err)
{
	const char *path = s->options->unrecorded;
	return path == NULL || tf_engine_set_aside(s->engine, path, err);
}

/* -- console: headers, hex, colour, binary, newlines, JSON, packets, times -- */

static enum tf_form form(const struct options *o)
{
	return o->json_legacy ? TF_FORM_JSON_LEGACY
	       : o->json      ? TF_FORM_JSON
	       : o->hex       ? TF_FORM_HEX
	       : o->binary    ? TF_FORM_RAW
	                      : TF_FORM_TEXT;
}

static bool console(const struct stage *s, struct tf_error *err)
{
	static const enum tf_stamps stamps[] = {
	        [TIMESTAMPS_NONE] = TF_STAMPS_NONE,
	        [TIMESTAMPS_ISO] = TF_STAMPS_ISO,
	        [TIMESTAMPS_EPOCH] = TF_STAMPS_EPOCH,
	        [TIMESTAMPS_DELTA] = TF_STAMPS_DELTA,
	};
	const struct options *o = s->options;
	if (!o->console && !o->session)
		return true;
	char prefix[PATH_MAX + 1] = ""; /* that of 1.6.1 */
	if (strcmp(o->folder, ".") != 0)
		(void)snprintf(prefix, sizeof prefix, "%s/", o->folder);
	const struct tf_printing how = {.fd = STDOUT_FILENO,
	                                .form = form(o),
	                                .stamps = stamps[o->timestamps],
	                                .names = o->template,
	                                .packets = o->packets_view,
	                                .sessions = o->session,
	                                .folder = o->console ? NULL : folder(o),
	                                .files_max = transcripts(s),
	                                .prefix = o->console ? prefix : NULL,
	                                .bare = !o->console_headers,
	                                .joined = o->no_newline,
	                                .colours = o->colour && o->console};
	return tf_engine_print(s->engine, &how, err);
}

/* -- report -- */

/* Without files of streams the report lies in their folder all the same. */
static bool report(const struct stage *s, struct tf_error *err)
{
	const struct options *o = s->options;
	bool wanted = o->report == NULL || *o->report != '\0';
	char path[PATH_MAX];
	if (!wanted && !o->jsonl)
		return true;
	int n = snprintf(path, sizeof path, "%s/report.xml", o->folder);
	if (n < 0 || n >= (int)sizeof path)
		return error_set(err, TF_USAGE, "the folder of -o has too long a name");
	struct tf_reporting how = {
	        .path = o->report,
	        .jsonl = o->jsonl,
	        .facts = s->to->facts->tell,
	        .usage = facts_usage,
	        .usage_arg = s->to->facts,
	};
	if (o->report == NULL && !options_record(o) && !options_turn(o))
		how.path = path;
	return tf_engine_report(s->engine, &how, err);
}

/* -- hooks -- */

/* Where no files are made there is nothing to tell of. */
static bool hooks(const struct stage *s, struct tf_error *err)
{
	const struct options *o = s->options;
	if (!options_record(o))
		return true;
	if (s->to->hooks >= 0 && !tf_engine_alert(s->engine, s->to->hooks, TF_ALERT_CLOSE, err))
		return false;
	return o->tcp_alert_fd == OPTION_NONE ||
	       tf_engine_alert(s->engine, (int)o->tcp_alert_fd, TF_ALERT_OPEN | TF_ALERT_CLOSE,
	                       err);
}

/* In the order in which their sinks hear events. */
static bool (*const features[])(const struct stage *s, struct tf_error *err) = {
        rotation, files, flow_pcap, console, report, hooks, unrecorded, keep,
};

static bool run(const struct stage *s, struct tf_error *err)
{
	for (size_t i = 0; i < sizeof features / sizeof features[0]; i++)
		if (!features[i](s, err))
			return false;
	return true;
}

void configure(struct tf_config *cfg, const struct options *o)
{
	tf_config_init(cfg);
	cfg->memory = (size_t)o->memory;
	cfg->flow_bytes = (int64_t)o->flow_bytes;
	cfg->hole_max = (int64_t)o->hole_max;
	cfg->filter = o->filter;
	cfg->decap = o->decap;
	memcpy(cfg->tunnel_port, o->tunnel_port, sizeof cfg->tunnel_port);
	cfg->tunnel_ports = o->tunnel_ports;
	cfg->esp_null = o->esp_null;
	cfg->key = o->key;
	cfg->start_ns = o->start_ns;
	cfg->stop_ns = o->stop_ns;
	cfg->count = o->count;
	cfg->checksum = o->checksum;
	cfg->urgent = o->urgent;
	cfg->overlap = o->overlap;
	memcpy(cfg->overlap_rule, o->overlap_rule, sizeof cfg->overlap_rule);
	cfg->overlap_rules = o->overlap_rules;
	cfg->fragments = o->fragments;
	cfg->keep_rejected = o->keep_rejected;
	cfg->shift_ns = o->shift_ns;
	cfg->idle_ns = (int64_t)o->idle_s * 1000000000;
	cfg->community_seed = (uint16_t)o->community_id_seed;
}

bool configure_outputs(struct tf_engine *e, const struct options *o, const struct outputs *to,
                       struct tf_error *err)
{
	return run(&(struct stage){.options = o, .engine = e, .to = to}, err);
}
