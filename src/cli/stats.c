/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/stats.h"

#include "base/error.h"
#include "base/system.h"
#include "cli/number.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROOM = 128 * 1024 };

#define SECOND INT64_C(1000000000)

static const char fresh[] = STATS_FRESH;

size_t stats_parse(const char *value, uint64_t *seconds)
{
	const char *comma = strrchr(value, ',');
	bool digits = comma != NULL && comma[1] != '\0' &&
	              strspn(comma + 1, "0123456789") == strlen(comma + 1);
	*seconds = STATS_USUAL_S;
	if (!digits)
		return strlen(value);
	if (!number_parse(comma + 1, seconds) || *seconds < STATS_LEAST_S ||
	    *seconds > STATS_MOST_S)
		return 0;
	return (size_t)(comma - value);
}

/* -- the text ------------------------------------------------------------------------- */

/* The metric's name, without _total. */
static void write_name(struct text *t, const char *name, const char *unit)
{
	size_t n = strlen(name), u = strlen(unit);
	bool alone = strcmp(name, unit) == 0;
	bool behind = n > u && name[n - u - 1] == '_' && strcmp(name + n - u, unit) == 0;
	bool in_front = n > u && name[u] == '_' && strncmp(name, unit, u) == 0;
	text_string(t, "tcpflow_");
	text_string(t, in_front ? name + u + 1 : name);
	if (u > 0 && !alone && !behind) {
		text_string(t, "_");
		text_string(t, unit);
	}
}

static void write_line(struct text *t, const char *what, const char *name, const char *unit,
                       const char *value)
{
	text_string(t, "# ");
	text_string(t, what);
	text_string(t, " ");
	write_name(t, name, unit);
	text_string(t, " ");
	for (const char *p = value; *p != '\0'; p++) {
		text_string(t, *p == '\\' || *p == '"' ? "\\" : "");
		text_bytes(t, p, 1);
	}
	text_string(t, "\n");
}

static void write_head(struct text *t, const char *type, const char *name, const char *unit,
                       const char *sentence)
{
	write_line(t, "TYPE", name, unit, type);
	if (unit[0] != '\0')
		write_line(t, "UNIT", name, unit, unit);
	write_line(t, "HELP", name, unit, sentence);
	write_name(t, name, unit);
}

static void write_counters(struct text *t, const struct tf_counters *c)
{
	size_t count;
	const struct tf_counter_row *row = tf_counter_rows(&count);
	for (size_t i = 0; i < count; i++) {
		uint64_t value;
		memcpy(&value, (const char *)c + row[i].offset, sizeof value);
		write_head(t, "counter", row[i].name, row[i].unit, row[i].sentence);
		text_string(t, "_total ");
		text_u64(t, value);
		text_string(t, "\n");
	}
}

struct gauge {
	const char *name, *unit, *sentence;
	uint64_t value;
	bool is_time; /* in nanoseconds */
	bool unknown;
};

static void write_gauge(struct text *t, const struct gauge *g)
{
	if (g->unknown)
		return;
	write_head(t, "gauge", g->name, g->unit, g->sentence);
	text_string(t, " ");
	if (g->is_time)
		text_seconds(t, (int64_t)g->value);
	else
		text_u64(t, g->value);
	text_string(t, "\n");
}

static void write_gauges(struct text *t, const struct tf_moment *m, int64_t uptime_ns)
{
	const struct gauge gauges[] = {
	        {"open_flows", "flows", "connections in memory", .value = m->flows},
	        {"memory", "bytes", "in use of the blocks, flows and buffers of --memory",
	         .value = m->memory},
	        {"memory_limit", "bytes", "the bound that --memory sets", .value = m->memory_max},
	        {"open_files", "files", "files of streams that have a descriptor",
	         .value = m->files_open},
	        {"recording", "", "whether new connections are recorded: 1, or 0 for want of room",
	         .value = m->room == TF_ROOM_ENOUGH},
	        {"latest_segment_timestamp", "seconds", "time of the latest segment, since 1970",
	         .value = (uint64_t)m->latest_ns, .is_time = true, .unknown = m->latest_ns == 0},
	        {"uptime", "seconds", "since the run began", .value = (uint64_t)uptime_ns,
	         .is_time = true},
	};
	for (size_t i = 0; i < sizeof gauges / sizeof gauges[0]; i++)
		write_gauge(t, &gauges[i]);
}

void stats_text(struct text *t, const struct tf_counters *c, const struct tf_moment *m,
                int64_t uptime_ns)
{
	write_head(t, "info", "build", "", "the program");
	text_printf(t, "_info{version=\"%s\"} 1\n", tf_version());
	write_gauges(t, m, uptime_ns);
	write_counters(t, c);
	text_string(t, "# EOF\n");
}

/* -- the file --------------------------------------------------------------------------- */

/* Splits path -> whether its last part can be a file's name */
static bool take_names(struct stats *s, const char *path, size_t n, char folder[PATH_MAX])
{
	size_t at = n;
	while (at > 0 && path[at - 1] != '/')
		at--;
	size_t name = n - at;
	if (name == 0 || name + sizeof fresh > sizeof s->fresh || at >= PATH_MAX)
		return false;
	memcpy(s->name, path + at, name);
	s->name[name] = '\0';
	memcpy(s->fresh, s->name, name);
	memcpy(s->fresh + name, fresh, sizeof fresh);
	memcpy(folder, path, at);
	folder[at] = '\0';
	if (at == 0)
		memcpy(folder, ".", 2);
	return strcmp(s->name, ".") != 0 && strcmp(s->name, "..") != 0;
}

bool stats_open(struct stats *s, const char *path, size_t n, uint64_t seconds, int64_t now_ns,
                struct tf_error *err)
{
	char folder[PATH_MAX];
	*s = (struct stats){.folder = -1,
	                    .start_ns = now_ns,
	                    .every_ns = (int64_t)seconds * SECOND,
	                    .next_ns = now_ns};
	if (!take_names(s, path, n, folder))
		return error_set(err, TF_USAGE, "--stats: %.*s cannot be a file", (int)n, path);
	s->path = strndup(path, n);
	s->room = malloc(ROOM);
	if (s->path == NULL || s->room == NULL)
		return error_set(err, TF_USAGE, "out of memory");
	s->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return s->folder >= 0 || error_sys(err, TF_OUTPUT, "cannot write %s", s->path);
}

bool stats_due(const struct stats *s, int64_t now_ns)
{
	return s->folder >= 0 && now_ns >= s->next_ns;
}

/* Whatever has that name, a run that was killed or somebody else has left it. */
static int create(const struct stats *s)
{
	enum { HOW = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC };
	int fd = openat(s->folder, s->fresh, HOW, 0666);
	if (fd < 0 && errno == EEXIST && unlinkat(s->folder, s->fresh, 0) == 0)
		fd = openat(s->folder, s->fresh, HOW, 0666);
	return fd;
}

/* -> false with errno; nothing has changed */
static bool replace(const struct stats *s, const char *p, size_t n)
{
	int fd = create(s);
	if (fd < 0)
		return false;
	bool ok = system_write(fd, p, n);
	int cause = errno;
	if (close(fd) < 0 && ok) {
		ok = false;
		cause = errno;
	}
	if (ok && renameat(s->folder, s->fresh, s->folder, s->name) == 0)
		return true;
	cause = ok ? errno : cause;
	(void)unlinkat(s->folder, s->fresh, 0);
	errno = cause;
	return false;
}

bool stats_write(struct stats *s, const struct tf_counters *c, const struct tf_moment *m,
                 int64_t now_ns, struct tf_error *err)
{
	struct text t = text_in(s->room, ROOM);
	s->next_ns = now_ns + s->every_ns;
	stats_text(&t, c, m, now_ns - s->start_ns);
	MUST(!t.full);
	return replace(s, t.to, t.n) || error_sys(err, TF_OUTPUT, "cannot write %s", s->path);
}

void stats_close(struct stats *s)
{
	if (s->folder >= 0)
		(void)close(s->folder);
	s->folder = -1;
	free(s->path);
	free(s->room);
	s->path = s->room = NULL;
}
