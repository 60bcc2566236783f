/* SPDX-License-Identifier: BSD-3-Clause */
#include "sandbox/identity.h"
#include "sandbox/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* In a process of its own -> what it exits with */
static int apart(int (*what)(void))
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		_exit(what());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define FACT(n, x)                                                                                 \
	do {                                                                                       \
		if (!(x))                                                                          \
			return n;                                                                  \
	} while (0)

static void names(void **state)
{
	struct identity who;
	(void)state;
	assert_true(identity_named(&who, "root"));
	assert_int_equal(who.uid, 0);
	assert_string_equal(who.name, "root");
	assert_false(identity_named(&who, "no-such-user"));
	identity_numbered(&who, 54321, 12345);
	assert_int_equal(who.uid, 54321);
	assert_int_equal(who.gid, 12345);
	assert_int_equal(who.groups, 1);
	assert_int_equal(who.group[0], 12345);
	assert_string_equal(who.name, "54321");
	identity_own(&who);
	assert_int_equal(who.uid, geteuid());
}

static int wear(void)
{
	struct identity own, who;
	identity_own(&own);
	identity_numbered(&who, 54321, 12345);
	FACT(1, identity_wear(&who, false));
	FACT(2, geteuid() == 54321 && getegid() == 12345 && getuid() == 0);
	FACT(3, open("/etc/shadow", O_RDONLY | O_CLOEXEC) < 0);
	FACT(4, identity_take_off(&own) && geteuid() == 0 && getegid() == own.gid);
	FACT(5, open("/etc/shadow", O_RDONLY | O_CLOEXEC) >= 0);
	FACT(6, identity_wear(&who, true));
	FACT(7, open("/etc/shadow", O_RDONLY | O_CLOEXEC) >= 0); /* the right to walk and read */
	FACT(8, open("/etc/shadow", O_WRONLY | O_CLOEXEC) < 0);
	return 0;
}

/* What nobody can become leaves nothing behind. */
static int wear_none(void)
{
	struct identity own, now;
	const struct identity none = {
	        .uid = (uid_t)-1, .gid = 12345, .group = {12345, 12346}, .groups = 2};
	identity_own(&own);
	FACT(1, !identity_wear(&none, false) && errno == EINVAL);
	identity_own(&now);
	FACT(2, now.uid == own.uid && now.gid == own.gid && now.groups == own.groups);
	FACT(3, open("/etc/shadow", O_WRONLY | O_CLOEXEC) >= 0);
	return 0;
}

static int become(void)
{
	struct identity who;
	identity_numbered(&who, 54321, 12345);
	FACT(1, identity_become(&who, true) && !rights_none());
	FACT(2, open("/etc/shadow", O_RDONLY | O_CLOEXEC) >= 0);
	FACT(3, open("/etc/shadow", O_WRONLY | O_CLOEXEC) < 0);
	FACT(4, getuid() == 54321 && getgid() == 12345 && getgroups(0, NULL) == 1);
	FACT(5, setuid(0) != 0 && seteuid(0) != 0 && setgid(0) != 0);
	FACT(6, rights_drop() && rights_none());
	FACT(7, open("/etc/shadow", O_RDONLY | O_CLOEXEC) < 0);
	return 0;
}

/* Without capabilities it owns its files, and no others. */
static int remain(void)
{
	struct identity own;
	identity_own(&own);
	FACT(1, identity_become(&own, false) && rights_none() && geteuid() == 0);
	FACT(2, setuid(54321) != 0);
	FACT(3, open("/etc/shadow", O_WRONLY | O_CLOEXEC) >= 0);
	FACT(4, chown("/etc/shadow", 0, 54321) != 0);
	return 0;
}

static void as_root(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(apart(wear), 0);
	assert_int_equal(apart(wear_none), 0);
	assert_int_equal(apart(become), 0);
	assert_int_equal(apart(remain), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(as_root)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
