/* SPDX-License-Identifier: BSD-3-Clause */
#include "sandbox/identity.h"

#include "sandbox/rights.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

void identity_own(struct identity *who)
{
	*who = (struct identity){.uid = geteuid(), .gid = getegid()};
	int n = getgroups(IDENTITY_GROUPS, who->group);
	who->groups = n > 0 ? n : 0;
	(void)snprintf(who->name, sizeof who->name, "%lu", (unsigned long)who->uid);
}

static bool fill(struct identity *who, const struct passwd *user)
{
	*who = (struct identity){
	        .uid = user->pw_uid, .gid = user->pw_gid, .groups = IDENTITY_GROUPS};
	(void)snprintf(who->name, sizeof who->name, "%s", user->pw_name);
	return getgrouplist(user->pw_name, user->pw_gid, who->group, &who->groups) >= 0;
}

bool identity_named(struct identity *who, const char *name)
{
	const struct passwd *user = getpwnam(name);
	return user != NULL && fill(who, user);
}

void identity_numbered(struct identity *who, uid_t uid, gid_t gid)
{
	const struct passwd *user = getpwuid(uid);
	if (user != NULL && fill(who, user)) {
		who->gid = gid;
		return;
	}
	*who = (struct identity){.uid = uid, .gid = gid, .group = {gid}, .groups = 1};
	(void)snprintf(who->name, sizeof who->name, "%lu", (unsigned long)uid);
}

static bool set_groups(const struct identity *who)
{
	return setgroups((size_t)who->groups, who->group) == 0;
}

/* As it was, as far as that goes; why it had to be is kept in errno. */
static void undo(const struct identity *own)
{
	const int cause = errno;
	bool ok = seteuid(own->uid) == 0;
	ok = rights_wake() && ok;
	ok = setegid(own->gid) == 0 && ok;
	ok = set_groups(own) && ok;
	(void)ok;
	errno = cause;
}

bool identity_wear(const struct identity *who, bool search)
{
	struct identity own;
	if (who->uid == geteuid())
		return rights_rest(search);
	identity_own(&own);
	if (set_groups(who) && setegid(who->gid) == 0 && seteuid(who->uid) == 0 &&
	    rights_rest(search))
		return true;
	undo(&own);
	return false;
}

bool identity_take_off(const struct identity *own)
{
	if (own->uid == geteuid())
		return rights_wake();
	return seteuid(own->uid) == 0 && rights_wake() && setegid(own->gid) == 0 && set_groups(own);
}

bool identity_become(const struct identity *who, bool search)
{
	rights_bound();
	if (geteuid() == 0 && who->uid != 0) {
		if (!set_groups(who) || setgid(who->gid) != 0 || !rights_survive() ||
		    setuid(who->uid) != 0)
			return false;
		if (getuid() != who->uid || geteuid() != who->uid) {
			errno = EPERM;
			return false;
		}
	}
	return rights_keep_search(search);
}
