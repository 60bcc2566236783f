/* SPDX-License-Identifier: BSD-3-Clause */
#include "sandbox/strays.h"

#include "base/error.h"
#include "base/system.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#if SYSTEM_LINUX
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

static int compare(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;
	return (x > y) - (x < y);
}

/* From first to last -> false: the system has no call for it. */
static bool close_range_of(unsigned first, unsigned last)
{
#if SYSTEM_LINUX && defined SYS_close_range
	return first > last || syscall(SYS_close_range, first, last, 0) == 0;
#else
	(void)first, (void)last;
	return false;
#endif
}

static bool is_kept(int fd, const int *keep, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (keep[i] == fd)
			return true;
	return false;
}

/* Each that the system says is open. Where it does not say, they stay. */
static void close_listed(const int *keep, size_t n)
{
	DIR *list = opendir("/proc/self/fd");
	const struct dirent *entry;
	while (list != NULL && (entry = readdir(list)) != NULL) {
		char *end;
		long fd = strtol(entry->d_name, &end, 10);
		if (end != entry->d_name && fd > 2 && fd != dirfd(list) &&
		    !is_kept((int)fd, keep, n))
			(void)close((int)fd);
	}
	if (list != NULL)
		(void)closedir(list);
}

void strays_close(const int *keep, size_t n)
{
	int sorted[STRAYS_KEPT] = {0};
	unsigned next = 3;
	MUST(n <= STRAYS_KEPT);
	if (n > 0)
		memcpy(sorted, keep, n * sizeof *keep);
	qsort(sorted, n, sizeof *sorted, compare);
	for (size_t i = 0; i < n; i++) {
		if (sorted[i] < (int)next)
			continue;
		if (!close_range_of(next, (unsigned)sorted[i] - 1)) {
			close_listed(keep, n);
			return;
		}
		next = (unsigned)sorted[i] + 1;
	}
	if (!close_range_of(next, ~0U))
		close_listed(keep, n);
}

void strays_no_cores(void)
{
	const struct rlimit none = {0, 0};
	(void)setrlimit(RLIMIT_CORE, &none);
#if SYSTEM_LINUX
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}
