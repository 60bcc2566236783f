/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation
 *
 * One function for each feature that is more than a value in struct tf_config. Each is called
 * once with everything that a feature may need: before the engine is made, engine is NULL and
 * it may change *cfg; afterwards it attaches its sink. It looks at the stage that concerns it
 * and passes over the other. What this version does not have yet is refused at the first
 * stage, before anything is written.
 */
#include "cli/configure.h"

#include "base/error.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct stage {
	const struct options *options;
	struct tf_config *cfg;    /* before the engine is made, else NULL */
	struct tf_engine *engine; /* once it is made, else NULL */
	const struct outputs *to; /* likewise */
};

/* -> whether that is no reason to stop: it was not asked for, or is not refused now */
static bool without(bool wanted, const char *what, struct tf_error *err)
{
	return !wanted || error_set(err, TF_USAGE, "this version does not have %s yet", what);
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
	if (s->engine == NULL || o->no_files || o->console)
		return true;
	unsigned others = transcripts(s);
	const struct tf_recording how = {.folder = o->folder,
	                                 .files_max =
	                                         s->to->files > others ? s->to->files - others : 1};
	return tf_engine_record(s->engine, &how, err);
}

static bool gaps(const struct stage *s, struct tf_error *err)
{
	return without(s->options->gaps != GAPS_HOLE, "--gaps", err);
}

static bool byte_index(const struct stage *s, struct tf_error *err)
{
	return without(s->options->index, "index files (-I)", err);
}

static bool flow_pcap(const struct stage *s, struct tf_error *err)
{
	return without(s->options->flow_pcap, "a capture file for each flow (-K)", err);
}

static bool unrecorded(const struct stage *s, struct tf_error *err)
{
	const char *path = s->options->unrecorded;
	return s->engine == NULL || path == NULL || tf_engine_set_aside(s->engine, path, err);
}

/* -- names -- */

static bool template(const struct stage *s, struct tf_error *err)
{
	return without(s->options->template != NULL, "templates for file names (-T)", err);
}

static bool names(const struct stage *s, struct tf_error *err)
{
	unsigned naming = s->options->names & ~(unsigned)(NAME_NO_FILES | NAME_MD5);
	return without(naming != 0, "other file names (-F)", err);
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
	if (s->engine == NULL || (!o->console && !o->session))
		return true;
	char prefix[PATH_MAX + 1] = ""; /* that of 1.6.1 */
	if (strcmp(o->folder, ".") != 0)
		(void)snprintf(prefix, sizeof prefix, "%s/", o->folder);
	const struct tf_printing how = {.fd = STDOUT_FILENO,
	                                .form = form(o),
	                                .stamps = stamps[o->timestamps],
	                                .packets = o->packets_view,
	                                .sessions = o->session,
	                                .folder = o->console ? NULL : o->folder,
	                                .files_max = transcripts(s),
	                                .prefix = o->console ? prefix : NULL,
	                                .bare = !o->console_headers,
	                                .joined = o->no_newline,
	                                .colours = o->colour && o->console};
	return tf_engine_print(s->engine, &how, err);
}

/* -- report and digests -- */

/* NULL is the usual one, and "" none. */
static bool report(const struct stage *s, struct tf_error *err)
{
	const char *path = s->options->report;
	return without(path != NULL && *path != '\0', "a report (-X)", err);
}

static bool jsonl(const struct stage *s, struct tf_error *err)
{
	return without(s->options->jsonl, "flows.jsonl (--jsonl)", err);
}

static bool digests(const struct stage *s, struct tf_error *err)
{
	return without(s->options->md5, "digests (-FM, -e md5, -a)", err) &&
	       without(s->options->sha256, "digests (--sha256)", err);
}

/* -- times, ends, hooks -- */

static bool shift(const struct stage *s, struct tf_error *err)
{
	return without(s->options->shift_ns != 0, "-S tdelta", err);
}

/* Where no files are made there is nothing to tell of. */
static bool hooks(const struct stage *s, struct tf_error *err)
{
	const struct options *o = s->options;
	if (s->engine == NULL || o->no_files)
		return true;
	if (s->to->hooks >= 0 && !tf_engine_alert(s->engine, s->to->hooks, TF_ALERT_CLOSE, err))
		return false;
	return o->tcp_alert_fd == OPTION_NONE ||
	       tf_engine_alert(s->engine, (int)o->tcp_alert_fd, TF_ALERT_OPEN | TF_ALERT_CLOSE,
	                       err);
}

/* In the order in which their sinks hear events. */
static bool (*const features[])(const struct stage *s, struct tf_error *err) = {
        shift,   gaps,  template, names,  files, byte_index, flow_pcap,
        console, jsonl, digests,  report, hooks, unrecorded,
};

static bool run(const struct stage *s, struct tf_error *err)
{
	for (size_t i = 0; i < sizeof features / sizeof features[0]; i++)
		if (!features[i](s, err))
			return false;
	return true;
}

bool configure(struct tf_config *cfg, const struct options *o, struct tf_error *err)
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
	cfg->keep_rejected = o->keep_rejected;
	cfg->idle_ns = (int64_t)o->idle_s * 1000000000;
	cfg->community_seed = (uint16_t)o->community_id_seed;
	return run(&(struct stage){.options = o, .cfg = cfg}, err);
}

bool configure_outputs(struct tf_engine *e, const struct options *o, const struct outputs *to,
                       struct tf_error *err)
{
	return run(&(struct stage){.options = o, .engine = e, .to = to}, err);
}
