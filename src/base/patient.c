/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/patient.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SLICE_MS = 100, SLICES = 20 }; /* of patience, once stopped */

struct patient patient_of(int fd, const _Atomic bool *stopped)
{
	struct stat st;
	bool file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	return (struct patient){.fd = fd, .waits = !file, .stopped = stopped};
}

static bool is_stopped(const struct patient *w)
{
	return w->stopped != NULL && atomic_load_explicit(w->stopped, memory_order_relaxed);
}

/* -> false with errno */
static bool wait_for_room(const struct patient *w)
{
	struct pollfd p = {.fd = w->fd, .events = POLLOUT};
	for (int slices = 0; slices < SLICES; slices += is_stopped(w)) {
		int n = poll(&p, 1, SLICE_MS);
		if (n > 0 || (n < 0 && errno != EINTR))
			return n > 0;
	}
	errno = ETIMEDOUT;
	return false;
}

ssize_t patient_write(const struct patient *w, const void *bytes, size_t n)
{
	ssize_t done;
	do {
		if (w->waits && !wait_for_room(w))
			return -1;
		/* A pipe that has room takes as much as that at once. */
		done = write(w->fd, bytes, w->waits && n > PIPE_BUF ? PIPE_BUF : n);
	} while (done < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK));
	return done;
}
