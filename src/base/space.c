/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/space.h"

#include "base/system.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#if SYSTEM_LINUX

bool space_punch(int fd, int64_t position, int64_t n)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, position, n) == 0 ||
	       space_punch_posix(fd, position, n);
}

bool space_append(int fd, int64_t length, int64_t n)
{
	return fallocate(fd, 0, length, n) == 0 ||
	       (errno == EOPNOTSUPP && ftruncate(fd, length + n) == 0);
}

#else

bool space_punch(int fd, int64_t position, int64_t n)
{
	return space_punch_posix(fd, position, n);
}

bool space_append(int fd, int64_t length, int64_t n)
{
	return space_append_posix(fd, length, n);
}

#endif

bool space_punch_posix(int fd, int64_t position, int64_t n)
{
	static const char nothing[4096];
	char there[sizeof nothing];
	while (n > 0) {
		size_t part = n < (int64_t)sizeof there ? (size_t)n : sizeof there;
		ssize_t got = pread(fd, there, part, position);
		if (got == 0) /* behind the end */
			return true;
		if (got < 0 || memcmp(there, nothing, (size_t)got) != 0)
			return false;
		position += got;
		n -= got;
	}
	return true;
}

/* Some systems take space bit by bit, or say that they cannot in words of their own. */
bool space_append_posix(int fd, int64_t length, int64_t n)
{
	int cause = EOPNOTSUPP;
#if defined _POSIX_ADVISORY_INFO && _POSIX_ADVISORY_INFO > 0
	cause = posix_fallocate(fd, length, n);
#endif
	if (cause == EOPNOTSUPP || cause == EINVAL)
		return ftruncate(fd, length + n) == 0;
	if (cause != 0 && ftruncate(fd, length) < 0)
		cause = errno;
	errno = cause;
	return cause == 0;
}
