/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/aside.h"

#include "base/error.h"
#include "model/pcapng.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	ROOM = 64 * 1024,
	LINK_TYPES = 65536,
};

struct aside {
	int fd;
	char *path;
	bool failed;
	struct tf_error why;
	uint32_t interfaces;
	size_t used;
	uint8_t room[ROOM];
	/* The interface of each link type, from 1; mostly never touched. */
	uint32_t interface[LINK_TYPES];
};

/* Somebody who shares standard output made it non-blocking. */
static bool can_wait(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	return poll(&p, 1, -1) >= 0 || errno == EINTR;
}

static void write_all(struct aside *a, const uint8_t *p, size_t n)
{
	while (n > 0 && !a->failed) {
		ssize_t done = write(a->fd, p, n);
		if (done < 0 && (errno == EINTR || (errno == EAGAIN && can_wait(a->fd))))
			continue;
		if (done < 0) {
			(void)error_sys(&a->why, TF_OUTPUT, "cannot write to %s", a->path);
			a->failed = true;
			return;
		}
		p += done;
		n -= (size_t)done;
	}
}

static void flush(struct aside *a)
{
	write_all(a, a->room, a->used);
	a->used = 0;
}

static void put(struct aside *a, const void *p, size_t n)
{
	if (n > ROOM - a->used)
		flush(a);
	if (n >= ROOM) {
		write_all(a, p, n);
	} else if (n > 0) {
		memcpy(a->room + a->used, p, n);
		a->used += n;
	}
}

static uint32_t interface_of(struct aside *a, uint16_t link_type)
{
	uint8_t block[PCAPNG_INTERFACE];
	if (a->interface[link_type] == 0) {
		pcapng_interface(block, link_type);
		put(a, block, sizeof block);
		a->interface[link_type] = ++a->interfaces;
	}
	return a->interface[link_type] - 1;
}

bool aside_write(struct aside *a, const struct tf_frame *f, const char *comment)
{
	uint8_t head[PCAPNG_PACKET], end[PCAPNG_END];
	if (a->failed)
		return false;
	pcapng_packet(head, f, interface_of(a, (uint16_t)f->link_type), comment);
	put(a, head, sizeof head);
	put(a, f->bytes, f->captured);
	put(a, end, pcapng_packet_end(end, f, comment));
	return !a->failed;
}

/* A file with one name that is no link; else the folder's other users choose what is
   overwritten. -> false with *err */
static bool is_safe(int fd, const char *path, struct tf_error *err)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return error_sys(err, TF_OUTPUT, "cannot write to %s", path);
	if (S_ISREG(st.st_mode) && st.st_nlink > 1)
		return error_set(err, TF_OUTPUT, "%s has other names: it is not overwritten", path);
	/* Only now: what is not ours keeps its bytes. Devices and pipes have none. */
	if ((S_ISREG(st.st_mode) && ftruncate(fd, 0) != 0) || fcntl(fd, F_SETFL, 0) != 0)
		return error_sys(err, TF_OUTPUT, "cannot write to %s", path);
	return true;
}

/* -> a descriptor, or -1 with *err. A pipe that nobody reads is not waited for. */
static int open_file(const char *path, struct tf_error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
	              0666);
	if (fd < 0 && errno == ELOOP)
		(void)error_set(err, TF_OUTPUT, "%s is a symbolic link: it is not followed", path);
	else if (fd < 0)
		(void)error_sys(err, TF_OUTPUT, "cannot write to %s", path);
	if (fd < 0 || is_safe(fd, path, err))
		return fd;
	(void)close(fd);
	return -1;
}

/* -> a descriptor, or -1 with *err. */
static int open_stdout(struct tf_error *err)
{
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		(void)error_sys(err, TF_OUTPUT, "cannot write to standard output");
	return fd;
}

static int open_output(const char *path, struct tf_error *err)
{
	int fd = strcmp(path, "-") == 0 ? open_stdout(err) : open_file(path, err);
	if (fd < 0 || !isatty(fd))
		return fd;
	(void)error_set(err, TF_OUTPUT, "a capture is not for a terminal: redirect it");
	(void)close(fd);
	return -1;
}

struct aside *aside_open(const char *path, struct tf_error *err)
{
	struct aside *a = calloc(1, sizeof *a);
	const char *name = strcmp(path, "-") == 0 ? "standard output" : path;
	if (a == NULL || (a->path = strdup(name)) == NULL) {
		free(a);
		(void)error_set(err, TF_OUTPUT, "no memory to write %s", name);
		return NULL;
	}
	a->fd = open_output(path, err);
	if (a->fd < 0) {
		free(a->path);
		free(a);
		return NULL;
	}
	uint8_t section[PCAPNG_SECTION];
	pcapng_section(section);
	put(a, section, sizeof section);
	return a;
}

bool aside_close(struct aside *a, struct tf_error *err)
{
	if (a == NULL)
		return true;
	flush(a);
	if (close(a->fd) != 0 && !a->failed) {
		(void)error_sys(&a->why, TF_OUTPUT, "cannot write to %s", a->path);
		a->failed = true;
	}
	bool ok = !a->failed;
	if (!ok && err != NULL)
		*err = a->why;
	free(a->path);
	free(a);
	return ok;
}
