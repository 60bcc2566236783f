/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/system.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#if SYSTEM_LINUX

#include <sched.h>
#include <sys/random.h>

bool system_pipe(int ends[2])
{
	return pipe2(ends, O_CLOEXEC) == 0;
}

long system_cores(void)
{
	cpu_set_t set;
	/* The set is too small for machines with more than 1,024 cores. */
	return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
	                                                   : sysconf(_SC_NPROCESSORS_ONLN);
}

bool system_random(void *to, size_t n)
{
	return getrandom(to, n, 0) == (ssize_t)n;
}

#else

bool system_pipe(int ends[2])
{
	if (pipe(ends) < 0)
		return false;
	if (fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0 && fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0)
		return true;
	int cause = errno;
	(void)close(ends[0]);
	(void)close(ends[1]);
	errno = cause;
	return false;
}

long system_cores(void)
{
#ifdef _SC_NPROCESSORS_ONLN
	return sysconf(_SC_NPROCESSORS_ONLN);
#else
	return 1;
#endif
}

bool system_random(void *to, size_t n)
{
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t got = read(fd, to, n);
	int cause = got < 0 ? errno : EIO;
	(void)close(fd);
	errno = cause;
	return got == (ssize_t)n;
}

#endif

bool system_write(int fd, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	while (n > 0) {
		ssize_t done = write(fd, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			errno = done == 0 ? EIO : errno;
			return false;
		}
		p += done;
		n -= (size_t)done;
	}
	return true;
}

struct timespec system_time(int64_t ns)
{
	enum { BILLION = 1000000000 };
	const int64_t most = sizeof(time_t) < sizeof(int64_t) ? INT32_MAX : INT64_MAX;
	int64_t sec = ns / BILLION, rest = ns % BILLION;
	if (rest < 0) {
		sec--;
		rest += BILLION;
	}
	sec = sec > most ? most : sec < -most ? -most : sec;
	return (struct timespec){.tv_sec = (time_t)sec, .tv_nsec = (long)rest};
}

int system_descriptor(const char *path)
{
	static const char *const names[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
	static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
	for (int i = 0; i < 3; i++)
		if (strcmp(path, names[i]) == 0)
			return i;
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		size_t n = strlen(folders[i]);
		if (strncmp(path, folders[i], n) != 0 || path[n] == '\0')
			continue;
		long fd = 0;
		for (path += n; *path >= '0' && *path <= '9' && fd < INT_MAX / 10; path++)
			fd = fd * 10 + (*path - '0');
		return *path == '\0' ? (int)fd : -1;
	}
	return -1;
}
