/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/watch.h"

#include "cli/message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Commands that are started are not the service: its socket is not theirs. */
void watch_open(struct watch *w, int64_t now_ns)
{
	if (!notify_open(&w->notify, getenv("NOTIFY_SOCKET"), getenv("WATCHDOG_USEC"),
	                 getenv("WATCHDOG_PID"), getpid()))
		message_say(stderr, "cannot tell the service manager (NOTIFY_SOCKET): %s",
		            strerror(errno));
	(void)unsetenv("NOTIFY_SOCKET");
	progress_begin(&w->status, NULL, 0, now_ns);
}

bool watch_begin_stats(struct watch *w, const struct options *o, int64_t start_ns,
                       struct tf_error *err)
{
	static const struct tf_counters none;
	const struct tf_moment nothing = {.memory_max = o->memory};
	return o->stats == NULL ||
	       (stats_open(&w->stats, o->stats, o->stats_length, o->stats_s, start_ns, err) &&
	        stats_write(&w->stats, &none, &nothing, start_ns, err));
}

bool watch_wanted(const struct watch *w, const struct options *o)
{
	return o->stats != NULL || w->notify.fd >= 0;
}

void watch_ready(const struct watch *w)
{
	notify_say(&w->notify, "READY=1");
}

static bool write_stats(struct watch *w, const struct tf_engine *e, int64_t now_ns,
                        struct tf_error *err)
{
	struct tf_counters counters;
	struct tf_moment moment;
	tf_engine_counters(e, &counters);
	tf_engine_moment(e, &moment);
	return stats_write(&w->stats, &counters, &moment, now_ns, err);
}

static void tell_status(struct watch *w, const struct tf_engine *e, int64_t now_ns)
{
	struct tf_moment moment;
	char text[PROGRESS_TEXT];
	tf_engine_moment(e, &moment);
	progress_status(&w->status, &moment, now_ns, text);
	notify_status(&w->notify, text, now_ns);
}

bool watch_look(struct watch *w, const struct tf_engine *e, int64_t now_ns, struct tf_error *err)
{
	if (notify_alive(&w->notify, now_ns))
		tell_status(w, e, now_ns);
	return !stats_due(&w->stats, now_ns) || write_stats(w, e, now_ns, err);
}

void watch_stopping(const struct watch *w)
{
	notify_say(&w->notify, "STOPPING=1");
}

bool watch_end(struct watch *w, const struct tf_engine *e, int64_t now_ns, struct tf_error *err)
{
	return w->stats.folder < 0 || write_stats(w, e, now_ns, err);
}

void watch_close(struct watch *w)
{
	stats_close(&w->stats);
	notify_close(&w->notify);
}
