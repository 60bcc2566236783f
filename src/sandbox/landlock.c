/* SPDX-License-Identifier: BSD-3-Clause */
#include "sandbox/landlock.h"

#include "base/system.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#if SYSTEM_LINUX

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* The kernel's numbers, which are the same on every architecture; its header may be older than
   the kernel that this runs on. */
enum { NR_CREATE_RULESET = 444, NR_ADD_RULE = 445, NR_RESTRICT_SELF = 446 };
enum { CREATE_RULESET_VERSION = 1, RULE_PATH_BENEATH = 1 };

enum access {
	WRITE_FILE = 1 << 1,
	READ_FILE = 1 << 2,
	READ_DIR = 1 << 3,
	REMOVE_FILE = 1 << 5,
	MAKE_DIR = 1 << 7,
	MAKE_REG = 1 << 8,
	ALL_OF_1 = (1 << 13) - 1,
	REFER = 1 << 13,
	TRUNCATE = 1 << 14,
	IOCTL_DEVICE = 1 << 15
};

enum { NET_ALL = 3, SCOPED_ALL = 3 };

struct ruleset {
	uint64_t files, net, scoped;
};

struct path_beneath {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

int landlock_abi(void)
{
	long abi = syscall(NR_CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
	return abi > 0 ? (int)abi : 0;
}

/* What each ABI added. -> bytes of *r that the kernel knows */
static size_t forbid(struct ruleset *r, int abi)
{
	*r = (struct ruleset){.files = ALL_OF_1};
	if (abi >= 2)
		r->files |= REFER;
	if (abi >= 3)
		r->files |= TRUNCATE;
	if (abi >= 4)
		r->net = NET_ALL;
	if (abi >= 5)
		r->files |= IOCTL_DEVICE;
	if (abi >= 6)
		r->scoped = SCOPED_ALL;
	return abi >= 6   ? sizeof *r
	       : abi >= 4 ? offsetof(struct ruleset, scoped)
	                  : offsetof(struct ruleset, net);
}

bool landlock_begin(struct landlock *l, int most)
{
	struct ruleset r;
	*l = (struct landlock){.fd = -1, .abi = landlock_abi()};
	if (l->abi == 0)
		return false;
	if (l->abi > most)
		l->abi = most;
	size_t n = forbid(&r, l->abi);
	l->files = r.files;
	l->fd = (int)syscall(NR_CREATE_RULESET, &r, n, 0);
	return l->fd >= 0;
}

static bool allow(struct landlock *l, const char *path, uint64_t in_folder, uint64_t file)
{
	struct stat st;
	int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool ok = fstat(fd, &st) == 0;
	if (ok) {
		struct path_beneath rule = {.allowed = (S_ISDIR(st.st_mode) ? in_folder : file) &
		                                       l->files,
		                            .parent = fd};
		ok = syscall(NR_ADD_RULE, l->fd, RULE_PATH_BENEATH, &rule, 0) == 0;
	}
	int cause = errno;
	(void)close(fd);
	errno = cause;
	return ok;
}

bool landlock_allow_writing(struct landlock *l, const char *path)
{
	return allow(l, path,
	             WRITE_FILE | READ_FILE | READ_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG |
	                     TRUNCATE,
	             WRITE_FILE | READ_FILE | TRUNCATE);
}

bool landlock_allow_reading(struct landlock *l, const char *path)
{
	return allow(l, path, READ_FILE, READ_FILE);
}

bool landlock_restrict(struct landlock *l)
{
	bool ok = syscall(NR_RESTRICT_SELF, l->fd, 0) == 0;
	int cause = errno;
	landlock_forget(l);
	errno = cause;
	return ok;
}

#else

int landlock_abi(void)
{
	errno = ENOSYS;
	return 0;
}

bool landlock_begin(struct landlock *l, int most)
{
	(void)most;
	*l = (struct landlock){.fd = -1};
	errno = ENOSYS;
	return false;
}

bool landlock_allow_writing(struct landlock *l, const char *path)
{
	(void)l, (void)path;
	return false;
}

bool landlock_allow_reading(struct landlock *l, const char *path)
{
	(void)l, (void)path;
	return false;
}

bool landlock_restrict(struct landlock *l)
{
	(void)l;
	return false;
}

#endif

void landlock_forget(struct landlock *l)
{
	if (l->fd >= 0)
		(void)close(l->fd);
	l->fd = -1;
}
