/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/aside.h"

#include "base/error.h"

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
	COMMENT_MOST = 1000,
	SECTION = 0x0a0d0d0a,
	BYTE_ORDER_MARK = 0x1a2b3c4d,
	OPTION_COMMENT = 1,
	OPTION_TSRESOL = 9,
	NANOSECONDS = 9,
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

static void put16(struct aside *a, uint16_t v)
{
	put(a, (const uint8_t[]){(uint8_t)v, (uint8_t)(v >> 8)}, 2);
}

static void put32(struct aside *a, uint32_t v)
{
	put16(a, (uint16_t)v);
	put16(a, (uint16_t)(v >> 16));
}

static uint32_t padded(uint32_t n)
{
	return (n + 3) / 4 * 4;
}

static void put_padded(struct aside *a, const void *p, uint32_t n)
{
	put(a, p, n);
	put(a, (const uint8_t[4]){0}, padded(n) - n);
}

static void put_option(struct aside *a, uint16_t code, const void *p, uint16_t n)
{
	put16(a, code);
	put16(a, n);
	put_padded(a, p, n);
}

static void put_section(struct aside *a)
{
	const uint32_t total = 28;
	put32(a, SECTION);
	put32(a, total);
	put32(a, BYTE_ORDER_MARK);
	put16(a, 1);
	put16(a, 0);
	put32(a, UINT32_MAX); /* the section's length is not told */
	put32(a, UINT32_MAX);
	put32(a, total);
}

static void put_interface(struct aside *a, uint16_t link_type)
{
	const uint32_t total = 20 + 8 + 4;
	put32(a, 1);
	put32(a, total);
	put16(a, link_type);
	put16(a, 0);
	put32(a, 0); /* no snaplen */
	put_option(a, OPTION_TSRESOL, (const uint8_t[]){NANOSECONDS}, 1);
	put32(a, 0); /* end of options */
	put32(a, total);
}

static uint32_t interface_of(struct aside *a, uint16_t link_type)
{
	if (a->interface[link_type] == 0) {
		put_interface(a, link_type);
		a->interface[link_type] = ++a->interfaces;
	}
	return a->interface[link_type] - 1;
}

bool aside_write(struct aside *a, const struct tf_frame *f, const char *comment)
{
	if (a->failed)
		return false;
	uint32_t said = (uint32_t)strnlen(comment, COMMENT_MOST);
	uint32_t total = 32 + padded(f->captured) + 4 + padded(said) + 4;
	uint64_t ts = f->ts_ns > 0 ? (uint64_t)f->ts_ns : 0;
	uint32_t interface = interface_of(a, (uint16_t)f->link_type);
	put32(a, 6);
	put32(a, total);
	put32(a, interface);
	put32(a, (uint32_t)(ts >> 32));
	put32(a, (uint32_t)ts);
	put32(a, f->captured);
	put32(a, f->length);
	put_padded(a, f->bytes, f->captured);
	put_option(a, OPTION_COMMENT, comment, (uint16_t)said);
	put32(a, 0); /* end of options */
	put32(a, total);
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
	put_section(a);
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
