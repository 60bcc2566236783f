/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/origin.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TICK_MS = 100 }; /* so soon a wait notices that it is over */

/* Waits for bytes -> false: it is over. A signal that comes between the question
   and poll() is noticed a tick later. */
static bool wait_for_bytes(struct origin *o)
{
	struct pollfd p = {.fd = o->fd, .events = POLLIN};
	for (;;) {
		if (watch_over(&o->watch)) {
			errno = EINTR;
			return false;
		}
		watch_waits(&o->watch);
		int n = poll(&p, 1, TICK_MS);
		if (n > 0 || (n < 0 && errno != EINTR))
			return true; /* what is wrong, read() says */
	}
}

static ssize_t read_fd(struct origin *o, void *to, size_t n)
{
	for (;;) {
		if (o->waits && !wait_for_bytes(o))
			return -1;
		ssize_t got = read(o->fd, to, n);
		/* EAGAIN: somebody who shares the descriptor made it non-blocking. */
		if (got >= 0 || errno != EAGAIN)
			return got;
		o->waits = true;
	}
}

static void close_fd(struct origin *o)
{
	(void)close(o->fd);
}

static ssize_t fail(struct origin *o, int cause, const char *why)
{
	o->why = why;
	errno = cause;
	return -1;
}

/* -> whether the file ends before the place that was read to */
static bool is_truncated(const struct origin *o)
{
	struct stat st;
	return fstat(o->fd, &st) == 0 && st.st_size < lseek(o->fd, 0, SEEK_CUR);
}

/* A name that leads nowhere is about to be given to another file, or it was removed:
   whoever writes may go on for a while. */
static bool is_replaced(const struct origin *o)
{
	struct stat own, st;
	return fstat(o->fd, &own) == 0 && stat(o->path, &st) == 0 &&
	       (own.st_dev != st.st_dev || own.st_ino != st.st_ino);
}

/* At the end of what is there: sleeps, and looks again. Ticks are counted, so no
   clock is needed. */
static ssize_t read_growing(struct origin *o, void *to, size_t n)
{
	for (;;) {
		ssize_t got = read_fd(o, to, n);
		if (got > 0)
			o->idle = 0;
		if (got != 0)
			return got;
		if (is_truncated(o))
			return fail(o, EIO, "it was truncated while it was read");
		if (o->replaced)
			return fail(o, EIO, "another file, which is not read, took its place");
		if (o->idle >= o->patience)
			return 0;
		if (watch_over(&o->watch))
			return fail(o, EINTR, NULL);
		/* What was written just before is read first. */
		o->replaced = is_replaced(o);
		watch_waits(&o->watch);
		if (!o->replaced)
			(void)poll(NULL, 0, TICK_MS);
		o->idle += TICK_MS;
	}
}

static ssize_t read_memory(struct origin *o, void *to, size_t n)
{
	n = n < o->left.n ? n : o->left.n;
	if (n == 0)
		return 0;
	memcpy(to, o->left.p, n);
	o->left.p += n;
	o->left.n -= n;
	return (ssize_t)n;
}

static const struct origin_kind file_kind = {"file", read_fd, close_fd};
static const struct origin_kind borrowed_kind = {"borrowed descriptor", read_fd, NULL};
static const struct origin_kind growing_kind = {"growing file", read_growing, close_fd};
static const struct origin_kind memory_kind = {"memory", read_memory, NULL};

static bool may_wait(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

struct origin origin_file(int fd)
{
#ifdef POSIX_FADV_SEQUENTIAL
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
#endif
	return (struct origin){.kind = &file_kind, .fd = fd, .waits = may_wait(fd)};
}

struct origin origin_borrowed(int fd)
{
	return (struct origin){.kind = &borrowed_kind, .fd = fd, .waits = may_wait(fd)};
}

struct origin origin_memory(struct tf_span bytes)
{
	return (struct origin){.kind = &memory_kind, .fd = -1, .left = bytes};
}

void origin_follow(struct origin *o, const char *path, unsigned patience_ms)
{
	if (o->kind != &file_kind || o->waits)
		return;
	o->kind = &growing_kind;
	o->path = path;
	o->patience = patience_ms;
}

void origin_close(struct origin *o)
{
	if (o->kind != NULL && o->kind->close != NULL)
		o->kind->close(o);
	o->kind = NULL;
}
