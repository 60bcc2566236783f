/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who watches a run from outside: the file of --stats, a service manager. The manager's socket is
 * found while nothing has been given up; the file is made as other outputs are, by the user that
 * the process has become, and beneath its root folder. What is left to do then happens about once
 * a second, in the thread that has begun the run.
 */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include "cli/notify.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/stats.h"

struct watch {
	struct stats stats;
	struct notify notify;
	struct progress status; /* of the latest STATUS */
};

/* w->stats.folder and w->notify.fd are -1. Calls the manager. */
void watch_open(struct watch *w, int64_t now_ns);

/* The file is there from the start, so that a wrong place is told before anything is read.
   -> false with *err: it cannot be written */
bool watch_begin_stats(struct watch *w, const struct options *o, int64_t start_ns,
                       struct tf_error *err);

/* -> whether anybody watches, or will. */
bool watch_wanted(const struct watch *w, const struct options *o);

/* Packets are about to be read. */
void watch_ready(const struct watch *w);

/* Reading goes on -> false with *err, each time that the file could not be written. */
bool watch_look(struct watch *w, const struct tf_engine *e, int64_t now_ns, struct tf_error *err);

/* No more is read. */
void watch_stopping(const struct watch *w);

/* The run has ended: writes the file for the last time -> as watch_look(). */
bool watch_end(struct watch *w, const struct tf_engine *e, int64_t now_ns, struct tf_error *err);

void watch_close(struct watch *w);

#endif
