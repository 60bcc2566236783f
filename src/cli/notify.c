/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { STATUS_NS = 1000000000, PATIENCE_MS = 1000, LINE = 256 };

/* A path, or "@name": that is a name beside the file system, with a NUL in front. */
static bool address_of(const char *name, struct sockaddr_un *to, socklen_t *n)
{
	size_t length = strlen(name);
	*to = (struct sockaddr_un){.sun_family = AF_UNIX};
	if ((name[0] != '/' && name[0] != '@') || length < 2 || length >= sizeof to->sun_path) {
		errno = EINVAL;
		return false;
	}
	memcpy(to->sun_path, name, length);
	if (name[0] == '@')
		to->sun_path[0] = '\0';
	*n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (name[0] != '@'));
	return true;
}

/* Half of what the manager waits, as it advises. */
static int64_t watchdog_of(const char *usec, const char *watched, int64_t pid)
{
	if (usec == NULL || (watched != NULL && strtoll(watched, NULL, 10) != pid))
		return 0;
	int64_t wait_us = strtoll(usec, NULL, 10);
	return wait_us > 0 && wait_us < INT64_MAX / 1000 ? wait_us * 1000 / 2 : 0;
}

bool notify_open(struct notify *n, const char *socket_name, const char *watchdog_usec,
                 const char *watchdog_pid, int64_t pid)
{
	struct sockaddr_un to;
	socklen_t size;
	*n = (struct notify){.fd = -1};
	if (socket_name == NULL)
		return true;
	if (!address_of(socket_name, &to, &size))
		return false;
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (fd < 0)
		return false;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
	    connect(fd, (const struct sockaddr *)&to, size) != 0) {
		int cause = errno;
		(void)close(fd);
		errno = cause;
		return false;
	}
	n->fd = fd;
	n->watchdog_ns = watchdog_of(watchdog_usec, watchdog_pid, pid);
	return true;
}

static bool try_to_say(const struct notify *n, const char *message)
{
	return send(n->fd, message, strlen(message), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

void notify_say(const struct notify *n, const char *message)
{
	struct pollfd p = {.fd = n->fd, .events = POLLOUT};
	if (n->fd >= 0 && !try_to_say(n, message) && poll(&p, 1, PATIENCE_MS) > 0)
		(void)try_to_say(n, message);
}

/* It is told when the next call, which comes about once a second, might be too late. */
bool notify_alive(struct notify *n, int64_t now_ns)
{
	if (n->fd < 0)
		return false;
	if (n->watchdog_ns > 0 && now_ns - n->watched_ns >= n->watchdog_ns / 2 &&
	    try_to_say(n, "WATCHDOG=1"))
		n->watched_ns = now_ns;
	return now_ns - n->told_ns >= STATUS_NS;
}

void notify_status(struct notify *n, const char *text, int64_t now_ns)
{
	char line[LINE];
	(void)snprintf(line, sizeof line, "STATUS=%s", text);
	n->told_ns = now_ns;
	(void)try_to_say(n, line);
}

void notify_close(struct notify *n)
{
	if (n->fd >= 0)
		(void)close(n->fd);
	n->fd = -1;
}
