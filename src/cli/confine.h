/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From what the user wants to a process without rights: in this order, with one thread.
 *
 *	confine_begin()    no core dumps, no descriptors but those that are known, the umask
 *	confine_choose()   who it will be; the folders that are to be written are made
 *	                   (here the command of tcp_cmd is started, as that user, and interfaces
 *	                   are opened)
 *	confine_sources()  what that user could not open is opened
 *	confine_become()   another root folder, another user; the right to walk through folders
 *	                   is kept, so that outputs can be opened beneath those of root
 *	                   (here outputs are opened, as that user)
 *	confine_lock()     the lock, and a look at what is in force
 *
 * Threads and the first packet come behind that. See ADR 26.
 */
#ifndef CLI_CONFINE_H
#define CLI_CONFINE_H

#include "cli/options.h"
#include "cli/places.h"
#include "cli/sources.h"
#include "sandbox/identity.h"
#include "sandbox/lock.h"

struct confine {
	const struct options *options;
	struct identity own, who;
	struct places places;
	bool root;         /* it was started as root */
	bool leaves;       /* who is to be another one */
	bool remains_root; /* nobody said so, but no other one may write there */
	bool nobody;       /* for want of a user of its own */
	const char *unfit; /* where a user may not write who would have been the one */
	struct lock_state state;
};

void confine_begin(struct confine *c, const struct options *o);

/* Each of these -> false with *err. Where a record is mended it will be whose folder that is. */
bool confine_choose(struct confine *c, struct tf_error *err);
bool confine_sources(const struct confine *c, struct sources *s, bool (*over)(void *arg),
                     struct tf_error *err);
bool confine_become(struct confine *c, struct tf_error *err);
bool confine_lock(struct confine *c, const struct sources *s, struct tf_error *err);

/* Who the command of tcp_cmd runs as; NULL: as the caller, since nobody said otherwise (-U). */
const struct identity *confine_command(const struct confine *c);

/* Says what is to be known of the choice and of what is in force, on standard error. */
void confine_tell(const struct confine *c);

void confine_free(struct confine *c);

#endif
