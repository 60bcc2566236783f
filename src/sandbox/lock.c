/* SPDX-License-Identifier: BSD-3-Clause */
#include "sandbox/lock.h"

#include "base/error.h"
#include "base/system.h"
#include "sandbox/landlock.h"
#include "sandbox/rights.h"
#include "sandbox/strays.h"
#include "sandbox/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#if SYSTEM_LINUX
#include <sys/prctl.h>
#endif

enum { STATUS_ROOM = 8192 };

static void add_line(struct lock_state *s, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

static void add_line(struct lock_state *s, const char *format, ...)
{
	va_list ap;
	if (s->lines == LOCK_LINES)
		return;
	va_start(ap, format);
	(void)vsnprintf(s->line[s->lines++], LOCK_LINE, format, ap);
	va_end(ap);
}

/* Only the first one is told. */
static void lack(struct lock_state *s, const char *what, int cause)
{
	if (s->lacking[0] != '\0')
		return;
	const char *why = cause == ENOTSUP ? "not in this build"
	                  : cause == 0     ? "tried from inside, it does not hold"
	                                   : strerror(cause);
	(void)snprintf(s->lacking, sizeof s->lacking, "%s: %s", what, why);
}

/* -- the steps --------------------------------------------------------------------- */

static bool set_no_new_privs(void)
{
#if SYSTEM_LINUX
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
#else
	errno = ENOTSUP;
	return false;
#endif
}

/* A file to read that is not there any more is told when it is to be read; a folder to write to
   that cannot be named is a fault. */
static bool write_rules(struct landlock *l, const struct lock_request *r)
{
	for (size_t i = 0; i < r->reads; i++)
		if (!landlock_allow_reading(l, r->read[i]) && errno != ENOENT && errno != EACCES &&
		    errno != ENOTDIR && errno != ELOOP && errno != EBADFD)
			return false;
	for (size_t i = 0; i < r->writes; i++)
		if (!landlock_allow_writing(l, r->write[i]))
			return false;
	return true;
}

/* The rules are made while folders can still be walked through, and hold later. */
static bool restrict_files(const struct lock_request *r, struct lock_state *s)
{
	struct landlock l;
	bool ok = landlock_begin(&l, LANDLOCK_ABI_MOST) && write_rules(&l, r);
	int cause = errno;
	s->capabilities = rights_drop() && rights_none();
	if (!s->capabilities)
		lack(s, "capabilities", errno);
	s->no_new_privs = set_no_new_privs();
	if (!s->no_new_privs)
		lack(s, "no-new-privs", errno);
	if (ok && landlock_restrict(&l)) {
		s->landlock = l.abi;
		return true;
	}
	lack(s, "Landlock", ok ? errno : cause);
	landlock_forget(&l);
	return false;
}

/* -- the test from inside ------------------------------------------------------------ */

static bool is_refused(int answer)
{
	bool refused = answer < 0 && (errno == ENOSYS || errno == EACCES || errno == EPERM);
	if (answer >= 0)
		(void)close(answer);
	return refused;
}

/* What everybody may open for writing, and nothing is lost by. (In another root folder it may not
   be there.) */
static bool is_file_refused(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	return (fd < 0 && errno == ENOENT) || is_refused(fd);
}

static bool is_socket_refused(void)
{
	return is_refused(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

/* Nobody who has given up root gets it back. */
static bool is_root_gone(void)
{
	return getuid() != 0 && geteuid() != 0 && setuid(0) != 0 && seteuid(0) != 0;
}

static void test_from_inside(struct lock_state *s)
{
	s->user = is_root_gone();
	if (!s->user && s->lacking[0] == '\0')
		(void)snprintf(s->lacking, sizeof s->lacking, "the user is still root");
	if (s->landlock > 0 && !is_file_refused()) {
		s->landlock = 0;
		lack(s, "Landlock", 0);
	}
	if (s->seccomp && !is_socket_refused()) {
		s->seccomp = false;
		lack(s, "seccomp", 0);
	}
	s->in_force =
	        s->user && s->capabilities && s->no_new_privs && s->landlock > 0 && s->seccomp;
}

/* -- what is told --------------------------------------------------------------------- */

void lock_begin(struct lock_state *s)
{
	*s = (struct lock_state){.status = open("/proc/self/status", O_RDONLY | O_CLOEXEC)};
}

static void take_status(struct lock_state *s, char *text)
{
	static const char *const wanted[] = {"Uid:", "Gid:", "CapEff:", "NoNewPrivs:", "Seccomp:"};
	char *save;
	for (char *l = strtok_r(text, "\n", &save); l != NULL; l = strtok_r(NULL, "\n", &save))
		for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
			if (strncmp(l, wanted[i], strlen(wanted[i])) != 0)
				continue;
			for (char *tab = strchr(l, '\t'); tab != NULL; tab = strchr(tab, '\t'))
				*tab = ' ';
			add_line(s, "%s", l);
		}
}

/* What the kernel says now, through a descriptor that was opened when that was possible. */
static void read_status(struct lock_state *s)
{
	int fd = s->status;
	char text[STATUS_ROOM];
	size_t n = 0;
	ssize_t got = 0;
	while (fd >= 0 && n < sizeof text - 1 &&
	       (got = read(fd, text + n, sizeof text - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	take_status(s, text);
	if (fd >= 0)
		(void)close(fd);
	s->status = -1;
}

static void tell(struct lock_state *s)
{
	if (s->landlock > 0)
		add_line(s, "Landlock: ABI %d", s->landlock);
	else
		add_line(s, "Landlock: no");
	add_line(s, "Sandbox: %s%s", s->in_force ? "in force" : "not in force, ", s->lacking);
}

void lock_close(const struct lock_request *r, struct lock_state *s)
{
	strays_no_cores();
	(void)restrict_files(r, s);
	s->seccomp = s->no_new_privs && syscalls_restrict();
	if (!s->seccomp)
		lack(s, "seccomp", errno);
	test_from_inside(s);
	read_status(s);
	tell(s);
}

void lock_look(struct lock_state *s)
{
	s->user = geteuid() != 0;
	s->capabilities = rights_none();
	(void)snprintf(s->lacking, sizeof s->lacking, "--sandbox=off");
	read_status(s);
	tell(s);
}

bool lock_usual(void)
{
#ifdef TF_SANITIZED
	return false;
#else
	return true;
#endif
}

bool lock_possible(struct tf_error *err)
{
	const char *what = NULL;
	if (landlock_abi() == 0)
		what = "Landlock";
	else if (!syscalls_can())
		what = "seccomp";
	if (what == NULL)
		return true;
	return error_set(err, TF_SANDBOX, "--sandbox=require: %s is not to be had here: %s", what,
	                 errno == ENOTSUP ? "not in this build" : strerror(errno));
}
