/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Landlock: which files the process may reach from here on. It binds the calling thread and
 * those that it starts, whatever folder, user or descriptor a path is resolved with; what is
 * open already stays open.
 *
 * Versions of it are told by a number, the ABI. Each one forbids more; what a kernel does not
 * know is not asked of it.
 *
 *	1  files and folders: read, write, make, remove       Linux 5.13
 *	2  nothing moves from one folder into another         5.19
 *	3  truncation                                         6.2
 *	4  TCP: bind, connect                                 6.7
 *	5  ioctl on devices that are opened later             6.10
 *	6  signals and abstract sockets to outside            6.12
 *	7  (how refusals are logged: as is usual)             6.15
 */
#ifndef SANDBOX_LANDLOCK_H
#define SANDBOX_LANDLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum { LANDLOCK_ABI_MOST = 7 };

struct landlock {
	int fd;  /* of the rules; -1: none */
	int abi; /* that is used */
	uint64_t files;
};

/* -> the kernel's ABI, or 0 with errno: it has none, or may not be asked */
int landlock_abi(void);

/* Begins with everything forbidden; l->abi is at most `most`. -> false with errno */
bool landlock_begin(struct landlock *l, int most);

/* Beneath this folder files may be made, read, written, renamed within their folders and removed,
   and folders made. -> false with errno */
bool landlock_allow_writing(struct landlock *l, const char *path);

/* This file, or the files beneath this folder, may be read. -> false with errno */
bool landlock_allow_reading(struct landlock *l, const char *path);

/* From here on; l->fd is closed. Wants no-new-privs. -> false with errno */
bool landlock_restrict(struct landlock *l);

/* Gives up before that. */
void landlock_forget(struct landlock *l);

#endif
