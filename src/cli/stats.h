/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --stats: a file with all counters, and how things are at the moment, as OpenMetrics text
 * (github.com/OpenObservability/OpenMetrics, version 1.0).
 *
 * A metric has the name of its counter with its unit at the end, as OpenMetrics wants it:
 *
 *	bytes_seen, bytes     ->  tcpflow_seen_bytes
 *	frames, frames        ->  tcpflow_frames
 *	not_tcp, frames       ->  tcpflow_not_tcp_frames
 *
 * The file is replaced as a whole: NAME.new beside it is written, and gets its name. Both are
 * opened beneath a folder that is open from the start, so that nothing else is needed once
 * privileges have been given up: openat, unlinkat and renameat in that folder.
 */
#ifndef CLI_STATS_H
#define CLI_STATS_H

#include "base/text.h"

#include <limits.h>
#include <tcpflow/tcpflow.h>

#define STATS_LEAST_S 1
#define STATS_MOST_S  86400
#define STATS_USUAL_S 10

#define STATS_FRESH ".new" /* behind its name, the text that is about to replace it */

/* Cuts FILE[,SECONDS] -> the length of FILE, or 0: there is none, or the seconds are not within
   their bounds. A comma that no number follows is part of FILE. */
size_t stats_parse(const char *value, uint64_t *seconds);

struct stats {
	int folder; /* -1: there is no such file */
	char name[NAME_MAX + 1];
	char fresh[NAME_MAX + 1]; /* name.new */
	char *path;               /* for messages */
	char *room;               /* for the text */
	int64_t start_ns, every_ns, next_ns;
};

/* The first n bytes of path name the file. Its folder must be there -> false with *err */
bool stats_open(struct stats *s, const char *path, size_t n, uint64_t seconds, int64_t now_ns,
                struct tf_error *err);

/* -> whether it is time to write. */
bool stats_due(const struct stats *s, int64_t now_ns);

/* -> false with *err; what was there stays, and the next time it may go well. */
bool stats_write(struct stats *s, const struct tf_counters *c, const struct tf_moment *m,
                 int64_t now_ns, struct tf_error *err);

void stats_close(struct stats *s);

/* The text alone. */
void stats_text(struct text *t, const struct tf_counters *c, const struct tf_moment *m,
                int64_t uptime_ns);

#endif
