/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/alert.h"

#include "base/error.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE = PATH_MAX + 16 };

/* A pipe takes a line that is longer than PIPE_BUF in pieces. */
static bool write_line(int fd, const char *line, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, line, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		line += done;
		n -= (size_t)done;
	}
	return true;
}

void alerts_write(struct alerts *a, enum tf_alert what, const char *name)
{
	char line[LINE];
	if (atomic_load(&a->error) != 0)
		return;
	bool here = strcmp(a->folder, ".") == 0;
	int n = snprintf(line, sizeof line, "%s\t%s%s%s\n",
	                 what == TF_ALERT_OPEN ? "open" : "close", here ? "" : a->folder,
	                 here ? "" : "/", name);
	if (n < 0 || n >= LINE) {
		atomic_store(&a->error, ENAMETOOLONG);
		return;
	}
	for (unsigned i = 0; i < a->count; i++)
		if ((a->to[i].what & what) != 0 && !write_line(a->to[i].fd, line, (size_t)n))
			atomic_store(&a->error, errno != 0 ? errno : EIO);
}

bool alerts_close(struct alerts *a, struct tf_error *err)
{
	int error = atomic_exchange(&a->error, 0);
	if (error == 0)
		return true;
	errno = error;
	return error_sys(err, TF_OUTPUT, "cannot tell of files any more");
}
