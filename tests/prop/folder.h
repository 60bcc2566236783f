/* SPDX-License-Identifier: BSD-3-Clause */
/* Folders for what a test writes, and how to look at them. */
#ifndef PROP_FOLDER_H
#define PROP_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOLDER_PATH 256

/* Makes an empty folder, in memory (/dev/shm) where that can be. */
void folder_make(char path[FOLDER_PATH]);

/* Removes the folder and the plain files in it. */
void folder_remove(const char *path);

/* Removes the plain files in it. */
void folder_empty(const char *path);

/* -> the contents of a file (to be freed) with its size in *n, or NULL: there is none */
uint8_t *folder_read(const char *path, const char *name, size_t *n);

/* -> how many files there are */
size_t folder_count(const char *path);

/* Compares names, bytes and, if asked, times -> true, or false with the first difference in
   why. */
bool folder_same(const char *a, const char *b, bool times, char *why, size_t room);

#endif
