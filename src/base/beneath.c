/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/beneath.h"

#include "base/system.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if SYSTEM_LINUX
#include <linux/openat2.h>
#include <sys/syscall.h>
#endif

/* Folders are walked through, not read: those without the right to read are no obstacle. */
#if defined O_SEARCH
#define WALK O_SEARCH
#elif SYSTEM_LINUX
#define WALK O_PATH
#else
#define WALK O_RDONLY
#endif

enum {
	TRIES = 100,
	COMPONENT = 256, /* with its NUL; no system has longer ones */
};

/* Closes a descriptor that is not the caller's own, and keeps errno. */
static void leave(int fd, int own)
{
	int cause = errno;
	if (fd >= 0 && fd != own)
		(void)close(fd);
	errno = cause;
}

/* -- names --------------------------------------------------------------------- */

/* -> whether n bytes can be a component */
static bool is_plain_part(const char *part, size_t n)
{
	return n > 0 && !(n == 1 && part[0] == '.') &&
	       !(n == 2 && part[0] == '.' && part[1] == '.');
}

/* -> false with errno */
static bool is_plain(const char *name)
{
	size_t n;
	errno = ENAMETOOLONG;
	if (strlen(name) >= PATH_MAX)
		return false;
	errno = EINVAL;
	for (;; name += n + 1) {
		n = strcspn(name, "/");
		if (!is_plain_part(name, n))
			return false;
		if (name[n] == '\0')
			return true;
	}
}

/* Takes the first folder off *name -> 1; 0: only the last component is left; -1 with
   errno: it is too long */
static int next_folder(const char **name, char part[COMPONENT])
{
	size_t n = strcspn(*name, "/");
	if ((*name)[n] == '\0')
		return 0;
	if (n >= COMPONENT) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(part, *name, n);
	part[n] = '\0';
	*name += n + 1;
	return 1;
}

/* -- the two ways ---------------------------------------------------------------- */

/* Opens one component. Systems differ in what they say of a link that is not followed. */
static int open_part(int folder, const char *part, int flags, mode_t mode)
{
	int fd;
	do
		fd = openat(folder, part, flags | O_NOFOLLOW | O_CLOEXEC, mode);
	while (fd < 0 && errno == EINTR);
	if (fd >= 0 || errno == EEXIST || errno == ENOENT)
		return fd;
	int cause = errno;
	struct stat st;
	bool link = fstatat(folder, part, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
	errno = link ? ELOOP : cause;
	return -1;
}

int beneath_posix(int folder, const char *name, int flags, mode_t mode)
{
	char part[COMPONENT];
	int at = folder, more;
	while ((more = next_folder(&name, part)) > 0) {
		int next = open_part(at, part, WALK | O_DIRECTORY, 0);
		leave(at, folder);
		if (next < 0)
			return -1;
		at = next;
	}
	int fd = more == 0 ? open_part(at, name, flags, mode) : -1;
	leave(at, folder);
	return fd;
}

#if SYSTEM_LINUX

int beneath_linux(int folder, const char *name, int flags, mode_t mode)
{
	/* The C library says O_LARGEFILE by itself; here there is none in between. The kernel
	   refuses it beside O_PATH. */
	int all = flags | O_NOFOLLOW | O_CLOEXEC | O_LARGEFILE;
	if ((flags & O_PATH) != 0)
		all &= ~O_LARGEFILE;
	struct open_how how = {
	        .flags = (unsigned)all,
	        .mode = flags & O_CREAT ? mode : 0,
	        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd;
	int tries = 0; /* EAGAIN: something was renamed meanwhile, or a lease is held */
	do
		fd = syscall(SYS_openat2, folder, name, &how, sizeof how);
	while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++tries < TRIES)));
	/* Before Linux 5.6, or in a sandbox that has never heard of it; and where a folder is
	   wanted, no folder (ENOTDIR) may be a link. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM || errno == ENOTDIR))
		return beneath_posix(folder, name, flags, mode);
	return (int)fd;
}

#else

int beneath_linux(int folder, const char *name, int flags, mode_t mode)
{
	return beneath_posix(folder, name, flags, mode);
}

#endif

/* -- what is made of them ----------------------------------------------------------- */

struct beneath beneath_of(int folder)
{
	return (struct beneath){.folder = folder, .way = beneath_linux};
}

int beneath_open(const struct beneath *b, const char *name, int flags, mode_t mode)
{
	return is_plain(name) ? b->way(b->folder, name, flags, mode) : -1;
}

/* Opens a folder in another, made when missing. (Others may make it at the same time.) */
static int make_folder(const struct beneath *b, int at, const char *part)
{
	int fd = b->way(at, part, WALK | O_DIRECTORY, 0);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (mkdirat(at, part, 0777) < 0 && errno != EEXIST)
		return -1;
	return b->way(at, part, WALK | O_DIRECTORY, 0);
}

bool beneath_make_folders(const struct beneath *b, const char *name)
{
	char part[COMPONENT];
	int at = b->folder, more;
	if (!is_plain(name))
		return false;
	while ((more = next_folder(&name, part)) > 0) {
		int next = make_folder(b, at, part);
		leave(at, b->folder);
		if (next < 0)
			return false;
		at = next;
	}
	leave(at, b->folder);
	return more == 0;
}

/* Opens the folder that a name stands in -> descriptor, or -1 with errno; *last: the name
   there. Without a '/' it is b->folder itself. */
static int open_folder(const struct beneath *b, const char *name, const char **last)
{
	char folders[PATH_MAX];
	if (!is_plain(name))
		return -1;
	const char *slash = strrchr(name, '/');
	*last = slash == NULL ? name : slash + 1;
	if (slash == NULL)
		return b->folder;
	memcpy(folders, name, (size_t)(slash - name));
	folders[slash - name] = '\0';
	return b->way(b->folder, folders, WALK | O_DIRECTORY, 0);
}

bool beneath_has(const struct beneath *b, const char *name)
{
	struct stat st;
	const char *last;
	int at = open_folder(b, name, &last);
	bool there = at >= 0 && fstatat(at, last, &st, AT_SYMLINK_NOFOLLOW) == 0;
	leave(at, b->folder);
	return there;
}

bool beneath_remove(const struct beneath *b, const char *name)
{
	const char *last;
	int at = open_folder(b, name, &last);
	bool removed = at >= 0 && unlinkat(at, last, 0) == 0;
	leave(at, b->folder);
	return removed;
}

int beneath_new_folder(const struct beneath *b, const char *name)
{
	const char *last;
	if (!beneath_make_folders(b, name))
		return -1;
	int at = open_folder(b, name, &last);
	int fd = at >= 0 && mkdirat(at, last, 0777) == 0
	                 ? b->way(at, last, O_RDONLY | O_DIRECTORY, 0)
	                 : -1;
	leave(at, b->folder);
	return fd;
}
