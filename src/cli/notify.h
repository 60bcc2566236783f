/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a service manager is told, as sd_notify(3) does it: one datagram for each message, to the
 * socket that NOTIFY_SOCKET names. The socket is connected at the start, so that later nothing
 * but send() on it is needed.
 *
 *	READY=1      packets are about to be read
 *	STATUS=...   how it goes, every few seconds
 *	WATCHDOG=1   reading goes on, whether or not there is anything to read: told by
 *	             whoever reads, so a run that hangs does not tell it
 *	STOPPING=1   the run ends in order
 */
#ifndef CLI_NOTIFY_H
#define CLI_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

struct notify {
	int fd;                      /* -1: nobody wants to know */
	int64_t watchdog_ns;         /* tell it this often; 0: nobody watches */
	int64_t watched_ns, told_ns; /* when WATCHDOG and STATUS were told */
};

/* The three are environment variables, or NULL; pid is ours -> false with errno: nobody is told. */
bool notify_open(struct notify *n, const char *socket, const char *watchdog_usec,
                 const char *watchdog_pid, int64_t pid);

/* Waits for a moment, if it has to. */
void notify_say(const struct notify *n, const char *message);

/* Reading goes on. -> whether it is time for STATUS */
bool notify_alive(struct notify *n, int64_t now_ns);

/* Tells STATUS, or nothing when the manager is slow. */
void notify_status(struct notify *n, const char *text, int64_t now_ns);

void notify_close(struct notify *n);

#endif
