/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The output folder. Every file that a packet gives a name to is opened here, by
 * one function that cannot leave the folder: names are resolved beneath it, no
 * symbolic link is followed, and what is opened is a plain file with one name.
 */
#ifndef SINK_OUTDIR_H
#define SINK_OUTDIR_H

#include <tcpflow/tcpflow.h>

#include <sys/types.h>

struct outdir {
	int fd;
	const char *path;    /* for messages; the caller's, outlives this */
	unsigned generation; /* of output: another folder, in which all names are free again */
};

/* Opens the folder, made (with the folders above it) when missing. */
bool outdir_open(struct outdir *d, const char *path, struct tf_error *err);
void outdir_close(struct outdir *d);

/* Makes a new folder of that name in d, and what is missing above it -> its descriptor, or -1 with
   errno (EEXIST: the name is taken) */
int outdir_new(const struct outdir *d, const char *name);

/* What a file is known by when it is opened again. */
struct outfile_id {
	dev_t device;
	ino_t inode;
};

/* Makes a file that did not exist (mode 0666 less the umask), and the folders in its name
   that are missing -> its descriptor, open for reading and writing, or -1 with errno (EEXIST: the
   name is taken). id: as outdir_identify() fills it in; or NULL, for most are never opened again.
 */
int outdir_create(const struct outdir *d, const char *name, struct outfile_id *id);

/* What fd, a file of ours, is known by -> false with errno: it is none (any more). */
bool outdir_identify(int fd, struct outfile_id *id);

/* Opens a file made before -> its descriptor, or -1 with errno (ESTALE: the name
   belongs to another file now). */
int outdir_reopen(const struct outdir *d, const char *name, const struct outfile_id *id);

/* Opens a file of any run, for reading and writing -> its descriptor, or -1 with errno. */
int outdir_find(const struct outdir *d, const char *name);

/* Gives a file another name, which nobody has -> false with errno. */
bool outdir_rename(const struct outdir *d, const char *from, const char *to);

/* -> whether the name is taken, by whatever it may be */
bool outdir_has(const struct outdir *d, const char *name);

void outdir_remove(const struct outdir *d, const char *name);

#endif
