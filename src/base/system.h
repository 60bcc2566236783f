/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What systems have and others have not. What only Linux has is used where SYSTEM_LINUX
 * is 1. The build option `portable` makes it 0 on Linux, too: then nothing is used but
 * what others have as well, so that the other way can be tried here.
 */
#ifndef BASE_SYSTEM_H
#define BASE_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#if defined __linux__ && !defined TF_PORTABLE
#define SYSTEM_LINUX 1
#else
#define SYSTEM_LINUX 0
#endif

/* As pipe2(2) with O_CLOEXEC -> false with errno. Where there is no such call, a thread that
   starts a command meanwhile hands the pipe on. */
bool system_pipe(int ends[2]);

/* Writes n bytes, in several calls if need be -> false with errno */
bool system_write(int fd, const void *bytes, size_t n);

/* -> the descriptor that a path such as /dev/stdout, /dev/fd/5 or /proc/self/fd/5 names, or -1.
   It is the caller's own, and needs no right to be used again. */
int system_descriptor(const char *path);

/* -> processors that this process may use, or less than 1 when the system does not say */
long system_cores(void);

/* A time in nanoseconds since 1970; of one that time_t cannot say, the nearest that it can. */
struct timespec system_time(int64_t ns);

/* Fills n <= 256 bytes with what nobody can guess -> false with errno */
bool system_random(void *to, size_t n);

#endif
