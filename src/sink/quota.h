/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much of a disk a run may fill. When there is no room any more, connections whose first bytes
 * come then are left out of the record: they are only counted. Those that have files go on.
 *
 * All workers share one, without locks: each adds up what it records on its own, and says so
 * when it asks. So with one worker the answer depends on nothing but the packets before; with
 * several, what others have recorded since they asked is not in it yet.
 *
 * The file system is asked when sinks flush, some two times a second, and when much was
 * recorded since; never for each packet or connection.
 */
#ifndef SINK_QUOTA_H
#define SINK_QUOTA_H

#include <tcpflow/tcpflow.h>

#include <stdatomic.h>

struct quota {
	int64_t disk_max;    /* bytes of streams; INT64_MAX: any number */
	uint64_t free_least; /* bytes that stay free; 0: none need to */
	unsigned free_percent;
	int fd;                           /* a folder in that file system */
	_Atomic int64_t recorded, looked; /* bytes: as far as is known; when it was asked last */
	_Atomic unsigned now;             /* enum tf_room */
	_Atomic unsigned open;            /* descriptors of files, for who looks from outside */
};

/* All else in q is filled in -> false with *err: the file system does not answer. */
bool quota_init(struct quota *q, const struct tf_recording *how, int fd, struct tf_error *err);

/* The caller has recorded *fresh bytes more, which becomes 0 -> whether another connection's bytes
   may be recorded. */
bool quota_admits(struct quota *q, int64_t *fresh);

/* Asks the file system, if that matters. */
void quota_look(struct quota *q);

#endif
