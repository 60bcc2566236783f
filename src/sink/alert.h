/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines that tell another program of stream files:
 *
 *	open\tPATH\n	the file was made
 *	close\tPATH\n	it is complete
 *
 * each in one write, so that lines of several workers do not mix in a pipe. PATH is the
 * folder, as it was given, and the name below it.
 */
#ifndef SINK_ALERT_H
#define SINK_ALERT_H

#include <stdatomic.h>

#include <tcpflow/tcpflow.h>

enum { ALERTS = 4 };

struct alerts {
	const char *folder; /* outlives this */
	unsigned count;
	struct {
		int fd;
		unsigned what; /* enum tf_alert */
	} to[ALERTS];
	_Atomic int error; /* errno of the first write that failed; nothing is told after it */
};

/* Somebody is there to be told. */
void alerts_write(struct alerts *a, enum tf_alert what, const char *name);

static inline void alerts_tell(struct alerts *a, enum tf_alert what, const char *name)
{
	if (a != NULL && a->count > 0)
		alerts_write(a, what, name);
}

/* -> false with *err when something could not be told */
bool alerts_close(struct alerts *a, struct tf_error *err);

#endif
