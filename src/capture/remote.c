/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/remote.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TICK_MS = 100, PATIENCE_MS = 10000, HOST_ROOM = 256, PORT_ROOM = 32 };

const char *remote_address(const char *path)
{
	static const char scheme[] = "tcp://";
	size_t n = sizeof scheme - 1;
	return strncmp(path, scheme, n) == 0 ? path + n : NULL;
}

static bool copy(char *to, size_t room, const char *from, size_t n)
{
	if (n == 0 || n >= room)
		return false;
	memcpy(to, from, n);
	to[n] = '\0';
	return true;
}

/* -> whether it is a number from 1 to 65535: getaddrinfo() takes larger ones for others. */
static bool is_port(const char *s)
{
	unsigned n = 0;
	for (; *s >= '0' && *s <= '9' && n <= UINT16_MAX; s++)
		n = n * 10 + (unsigned)(*s - '0');
	return *s == '\0' && n >= 1 && n <= UINT16_MAX;
}

/* The port is what follows the last colon; brackets around the host are left out. */
static bool split(const char *address, char host[HOST_ROOM], char port[PORT_ROOM])
{
	const char *colon = strrchr(address, ':');
	if (colon == NULL)
		return false;
	size_t n = (size_t)(colon - address);
	if (n > 2 && address[0] == '[' && colon[-1] == ']') {
		address++;
		n -= 2;
	}
	return copy(host, HOST_ROOM, address, n) &&
	       copy(port, PORT_ROOM, colon + 1, strlen(colon + 1)) && is_port(port);
}

/* Waits until the connection stands -> false: errno says why it does not. */
static bool await(int fd, const struct watch *watch)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int n = 0, cause = 0;
	socklen_t size = sizeof cause;
	for (int spent = 0; n == 0 && spent < PATIENCE_MS; spent += TICK_MS) {
		if (watch_over(watch)) {
			errno = EINTR;
			return false;
		}
		n = poll(&p, 1, TICK_MS);
		if (n < 0 && errno == EINTR)
			n = 0;
	}
	if (n == 0)
		errno = ETIMEDOUT;
	if (n <= 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &cause, &size) != 0)
		return false;
	errno = cause;
	return cause == 0;
}

/* A peer that has vanished without a word is noticed after a minute and a half. */
static bool stay_alert(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {{SOL_SOCKET, SO_KEEPALIVE, 1},
	               {IPPROTO_TCP, TCP_KEEPIDLE, 30},
	               {IPPROTO_TCP, TCP_KEEPINTVL, 10},
	               {IPPROTO_TCP, TCP_KEEPCNT, 6}};
	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
		if (setsockopt(fd, options[i].level, options[i].name, &options[i].value,
		               sizeof options[i].value) != 0)
			return false;
	return true;
}

/* -> a connected, blocking socket, or -1 with errno */
static int connect_one(const struct addrinfo *a, const struct watch *watch)
{
	int fd =
	        socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
	if (fd < 0)
		return -1;
	bool up = connect(fd, a->ai_addr, a->ai_addrlen) == 0 ||
	          (errno == EINPROGRESS && await(fd, watch));
	if (up && stay_alert(fd) && fcntl(fd, F_SETFL, 0) == 0)
		return fd;
	int cause = errno;
	(void)close(fd);
	errno = cause;
	return -1;
}

int remote_connect(const char *address, const struct watch *watch, struct tf_error *err)
{
	char host[HOST_ROOM], port[PORT_ROOM];
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list;
	if (!split(address, host, port)) {
		(void)error_set(err, TF_USAGE, "tcp://%s names no host and port (tcp://HOST:PORT)",
		                address);
		return -1;
	}
	int r = getaddrinfo(host, port, &hints, &list);
	if (r != 0) {
		(void)error_set(err, TF_USAGE, "cannot find tcp://%s: %s", address,
		                gai_strerror(r));
		return -1;
	}
	int fd = -1;
	for (const struct addrinfo *a = list; a != NULL && fd < 0; a = a->ai_next)
		fd = connect_one(a, watch);
	if (fd < 0)
		(void)error_sys(err, TF_USAGE, "cannot connect to tcp://%s", address);
	freeaddrinfo(list);
	return fd;
}
