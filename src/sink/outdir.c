/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/outdir.h"

#include "base/beneath.h"
#include "base/error.h"
#include "base/folders.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool outdir_open(struct outdir *d, const char *path, struct tf_error *err)
{
	*d = (struct outdir){.fd = -1, .path = path};
	int refused;
	if (!folders_make(path, &refused, NULL, NULL))
		return error_sys(err, TF_OUTPUT, "cannot make the output folder %s", path);
	d->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->fd < 0) {
		errno = errno == ENOENT && refused != 0 ? refused : errno;
		return error_sys(err, TF_OUTPUT, "cannot open the output folder %s", path);
	}
	if (faccessat(d->fd, ".", W_OK | X_OK, AT_EACCESS) < 0) {
		(void)error_sys(err, TF_OUTPUT, "cannot write to the output folder %s", path);
		outdir_close(d);
		return false;
	}
	return true;
}

void outdir_close(struct outdir *d)
{
	if (d->fd >= 0)
		(void)close(d->fd);
	d->fd = -1;
}

int outdir_new(const struct outdir *d, const char *name)
{
	const struct beneath b = beneath_of(d->fd);
	return beneath_new_folder(&b, name);
}

/* The one place where files are opened beneath the folder. */
static int open_beneath(const struct outdir *d, const char *name, int flags)
{
	const struct beneath b = beneath_of(d->fd);
	return beneath_open(&b, name, flags | O_RDWR | O_NONBLOCK | O_NOCTTY, 0666);
}

bool outdir_identify(int fd, struct outfile_id *id)
{
	struct stat st;
	int cause = fstat(fd, &st) < 0                        ? errno
	            : !S_ISREG(st.st_mode) || st.st_nlink > 1 ? ESTALE
	                                                      : 0;
	errno = cause;
	*id = (struct outfile_id){0};
	if (cause == 0)
		*id = (struct outfile_id){.device = st.st_dev, .inode = st.st_ino};
	return cause == 0;
}

/* -> fd; or -1 with errno, and fd closed, when it is no file of ours */
static int identified(int fd, struct outfile_id *id)
{
	if (fd < 0 || outdir_identify(fd, id))
		return fd;
	int cause = errno;
	(void)close(fd);
	errno = cause;
	return -1;
}

int outdir_create(const struct outdir *d, const char *name, struct outfile_id *id)
{
	int fd = open_beneath(d, name, O_CREAT | O_EXCL);
	const struct beneath b = beneath_of(d->fd);
	if (fd < 0 && errno == ENOENT && beneath_make_folders(&b, name))
		fd = open_beneath(d, name, O_CREAT | O_EXCL);
	return id != NULL ? identified(fd, id) : fd;
}

int outdir_reopen(const struct outdir *d, const char *name, const struct outfile_id *id)
{
	struct outfile_id now;
	int fd = identified(open_beneath(d, name, 0), &now);
	if (fd < 0)
		return -1;
	if (now.device == id->device && now.inode == id->inode)
		return fd;
	(void)close(fd);
	errno = ESTALE;
	return -1;
}

int outdir_find(const struct outdir *d, const char *name)
{
	struct outfile_id id;
	return identified(open_beneath(d, name, 0), &id);
}

bool outdir_rename(const struct outdir *d, const char *from, const char *to)
{
	if (outdir_has(d, to)) {
		errno = EEXIST;
		return false;
	}
	return renameat(d->fd, from, d->fd, to) == 0;
}

bool outdir_has(const struct outdir *d, const char *name)
{
	const struct beneath b = beneath_of(d->fd);
	return beneath_has(&b, name);
}

void outdir_remove(const struct outdir *d, const char *name)
{
	const struct beneath b = beneath_of(d->fd);
	(void)beneath_remove(&b, name);
}
