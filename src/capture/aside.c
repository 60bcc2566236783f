/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/aside.h"

#include "base/error.h"
#include "base/patient.h"
#include "model/pcapng.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	ROOM = 64 * 1024,
	LINK_TYPES = 65536,
};

struct aside {
	struct patient to;
	char *path;
	bool failed;
	struct tf_error why;
	uint32_t interfaces;
	size_t used;
	uint8_t room[ROOM];
	struct {
		uint32_t source, interface;
	} named[ASIDE_NAMES]; /* interfaces that have names */
	unsigned named_count;
	/* The interface of each link type, from 1; mostly never touched. */
	uint32_t interface[LINK_TYPES];
};

static void write_all(struct aside *a, const uint8_t *p, size_t n)
{
	while (n > 0 && !a->failed) {
		ssize_t done = patient_write(&a->to, p, n);
		if (done < 0) {
			(void)(errno == ETIMEDOUT
			               ? error_set(&a->why, TF_OUTPUT,
			                           "nobody reads %s: the rest of it was given up",
			                           a->path)
			               : error_sys(&a->why, TF_OUTPUT, "cannot write to %s",
			                           a->path));
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

/* -> the interface with a name that is this source, or UINT32_MAX */
static uint32_t named_of(const struct aside *a, uint32_t source)
{
	for (unsigned i = 0; i < a->named_count; i++)
		if (a->named[i].source == source)
			return a->named[i].interface;
	return UINT32_MAX;
}

static uint32_t interface_of(struct aside *a, const struct tf_frame *f)
{
	uint8_t block[PCAPNG_INTERFACE];
	uint16_t link_type = (uint16_t)f->link_type;
	uint32_t named = named_of(a, f->source);
	if (named != UINT32_MAX)
		return named;
	if (a->interface[link_type] == 0) {
		pcapng_interface(block, link_type);
		put(a, block, sizeof block);
		a->interface[link_type] = ++a->interfaces;
	}
	return a->interface[link_type] - 1;
}

void aside_name(struct aside *a, uint32_t source, uint32_t link_type, uint32_t snaplen,
                const char *name)
{
	uint8_t block[PCAPNG_NAMED];
	MUST(a->named_count < ASIDE_NAMES);
	size_t n = pcapng_named(block, link_type, snaplen, name);
	put(a, block, n);
	a->named[a->named_count].source = source;
	a->named[a->named_count++].interface = a->interfaces++;
}

void aside_drops(struct aside *a, uint32_t source, int64_t ts_ns, uint64_t interface,
                 uint64_t kernel)
{
	uint8_t block[PCAPNG_STATISTICS];
	pcapng_statistics(block, named_of(a, source), ts_ns, interface, kernel);
	put(a, block, sizeof block);
}

bool aside_write(struct aside *a, const struct tf_frame *f, const char *comment)
{
	uint8_t head[PCAPNG_PACKET], end[PCAPNG_END];
	if (a->failed)
		return false;
	pcapng_packet(head, f, interface_of(a, f), comment);
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
	int fd = open_output(path, err);
	return fd >= 0 ? aside_take(fd, strcmp(path, "-") == 0 ? "standard output" : path, err)
	               : NULL;
}

struct aside *aside_take(int fd, const char *path, struct tf_error *err)
{
	struct aside *a = calloc(1, sizeof *a);
	if (a == NULL || (a->path = strdup(path)) == NULL) {
		free(a);
		(void)close(fd);
		(void)error_set(err, TF_OUTPUT, "no memory to write %s", path);
		return NULL;
	}
	a->to = patient_of(fd, NULL);
	uint8_t section[PCAPNG_SECTION];
	pcapng_section(section);
	put(a, section, sizeof section);
	return a;
}

void aside_heed(struct aside *a, const _Atomic bool *stopped)
{
	a->to.stopped = stopped;
}

bool aside_close(struct aside *a, struct tf_error *err)
{
	if (a == NULL)
		return true;
	flush(a);
	if (close(a->to.fd) != 0 && !a->failed) {
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
