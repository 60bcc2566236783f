/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What signals do to a run. There is one run, and one thread that gets signals.
 *
 *	SIGINT, SIGTERM   the first ends it in order, the second one at once
 *	SIGHUP            live, where there are output generations: the next one
 *	SIGUSR1           live: its status is asked for
 */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include "cli/options.h"

/* From here on. */
void signals_set(const struct options *o);

/* Writes that nobody reads, or that are too long, fail instead. */
void signals_ignore(void);

/* Signals concern e from here on; NULL: nobody. */
void signals_reach(struct tf_engine *e);

/* -> the signal that stopped the run, or 0 */
int signals_stopped(void);

/* -> whether the status was asked for since the last call */
bool signals_take_question(void);

#endif
