/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A command that is run for each stream file that is complete (-S tcp_cmd). A process of
 * its own does that: it is made before privileges are given up and threads are started, reads
 * the lines of sink/alert.h from a pipe, and runs
 *
 *	WORD [WORD...] -- PATH
 *
 * without a shell, at most HOOKS_AT_ONCE at a time. When all of them are busy the pipe fills
 * up, and the recording waits.
 */
#ifndef CLI_HOOKS_H
#define CLI_HOOKS_H

#include "sandbox/identity.h"

enum { HOOKS_AT_ONCE = 10 };

struct hooks {
	pid_t pid; /* 0: there is none */
	int fd;    /* lines go here */
};

/* Starts the process, which becomes `who`, if that is not NULL. command is split at blanks -> false
   with *err */
bool hooks_start(struct hooks *h, const char *command, const struct identity *who,
                 struct tf_error *err);

/* Waits until all commands have ended -> false with *err: one could not be run */
bool hooks_finish(struct hooks *h, struct tf_error *err);

#endif
