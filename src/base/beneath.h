/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opening what a name says beneath a folder, and nothing that is elsewhere. Names
 * may have folders in them ("10.0.0.1/web"); a plain name has no component that is
 * empty, "." or "..", so neither begins nor ends with '/'. Others are refused
 * (EINVAL) before the system hears of them. No symbolic link is followed, be it a
 * folder or the last (ELOOP).
 *
 * There are two ways, with the same outcomes and the same errno:
 *
 *	beneath_linux	openat2(2): the kernel resolves the whole name at once
 *	beneath_posix	one folder after the other, each opened in the one before
 *
 * Each step of the second begins at an open descriptor, so whoever exchanges a folder
 * for a link meanwhile gains nothing. In both ways a folder that is moved elsewhere
 * while it is walked through takes with it what is opened there: moving it was theirs
 * to do, and no name of ours led out.
 *
 * Every function may be called by any thread at any time.
 */
#ifndef BASE_BENEATH_H
#define BASE_BENEATH_H

#include <stdbool.h>
#include <sys/types.h>

/* Opens a plain name whose folders exist -> descriptor, or -1 with errno. As open(2),
   with O_NOFOLLOW and O_CLOEXEC in any case; mode counts with O_CREAT. */
typedef int beneath_way(int folder, const char *name, int flags, mode_t mode);

/* Where the system has no openat2 it is beneath_posix. */
beneath_way beneath_linux, beneath_posix;

struct beneath {
	int folder; /* open as long as this is used; the owner closes it */
	beneath_way *way;
};

/* The way is that of this build. */
struct beneath beneath_of(int folder);

/* As the way, for any name. */
int beneath_open(const struct beneath *b, const char *name, int flags, mode_t mode);

/* Makes the folders of a name (all but its last component) that are missing, with mode
   0777 less the umask -> false with errno, when one of them cannot be. */
bool beneath_make_folders(const struct beneath *b, const char *name);

/* Makes a folder of that name, which nobody has, and those above it that are missing -> its
   descriptor, for reading, or -1 with errno (EEXIST: the name is taken) */
int beneath_new_folder(const struct beneath *b, const char *name);

/* -> whether the name is there, as whatever it may be; false with errno */
bool beneath_has(const struct beneath *b, const char *name);

/* Removes what has the name, if it is no folder; its folders stay -> false with errno */
bool beneath_remove(const struct beneath *b, const char *name);

#endif
