/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/folders.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

bool folders_make(const char *path, int *refused, bool (*each)(void *arg, const char *path),
                  void *arg)
{
	char part[PATH_MAX];
	size_t n = strlen(path);
	*refused = 0;
	if (n == 0 || n >= sizeof part) {
		errno = n == 0 ? ENOENT : ENAMETOOLONG;
		return false;
	}
	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		bool fresh = mkdir(part, 0777) == 0, made = fresh || errno == EEXIST;
		if (fresh && each != NULL && !each(arg, part))
			return false;
		if (!made && errno == ENOENT && *refused != 0)
			errno = *refused; /* the one above it is not there */
		*refused = made ? 0 : errno;
		if (!made && errno != EROFS && errno != EACCES)
			return false;
	}
	return true;
}
