/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who the process is: a user, a group, and further groups. All that names are needed for is
 * looked up first, so that the change itself works in another root folder, too.
 *
 * Only one thread may exist: the C library changes all of them, one after the other.
 */
#ifndef SANDBOX_IDENTITY_H
#define SANDBOX_IDENTITY_H

#include <tcpflow/tcpflow.h>

#include <sys/types.h>

enum { IDENTITY_GROUPS = 1024, IDENTITY_NAME = 64 };

struct identity {
	uid_t uid;
	gid_t gid;
	gid_t group[IDENTITY_GROUPS];
	int groups;
	char name[IDENTITY_NAME]; /* a number where it has no name */
};

/* Who the process is now; by number, since looking a name up takes its time. */
void identity_own(struct identity *who);

/* -> false: there is no user of that name, or it is in more groups than there is room for. */
bool identity_named(struct identity *who, const char *name);

/* Without a name in the system's list the user is in that one group. */
void identity_numbered(struct identity *who, uid_t uid, gid_t gid);

/*
 * Acts as `who` for a while, with no capability but, if search, that to walk through folders;
 * then as before. Takes root. -> false with errno; it is as before
 */
bool identity_wear(const struct identity *who, bool search);
bool identity_take_off(const struct identity *own);

/*
 * Becomes who for good; nothing that is executed later has more rights. Capabilities go, but, if
 * search, that to walk through folders. Somebody who is no root stays, and loses capabilities.
 * -> false with errno
 */
bool identity_become(const struct identity *who, bool search);

#endif
