/* SPDX-License-Identifier: BSD-3-Clause */
/* The space that a file takes on the disk: what it lacks (holes) and what it is given. */
#ifndef BASE_SPACE_H
#define BASE_SPACE_H

#include <stdbool.h>
#include <stdint.h>

/* Makes n > 0 bytes at a position a hole, which reads as NULs; the file's length stays
   -> false when there are no holes here: then NULs must be written. POSIX knows no such
   call; its way is to see whether there are NULs already. */
bool space_punch(int fd, int64_t position, int64_t n);
bool space_punch_posix(int fd, int64_t position, int64_t n);

/* Makes a file of `length` bytes longer by n > 0, and takes the space for them at once, where
   the file system can promise space -> false with errno: the file stays as it is. */
bool space_append(int fd, int64_t length, int64_t n);
bool space_append_posix(int fd, int64_t length, int64_t n);

#endif
