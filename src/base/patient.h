/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writing to what somebody else reads: a pipe, a terminal, a socket. It may be full, for as long
 * as the reader likes, and may not want to wait though we do, since it is others' too. Whoever
 * writes never sleeps in write() then, where no signal of another thread would be heard of;
 * only a terminal that has room, but too little, may keep it.
 */
#ifndef BASE_PATIENT_H
#define BASE_PATIENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct patient {
	int fd;
	bool waits;                  /* it is no file */
	const _Atomic bool *stopped; /* NULL: there is nothing to stop */
};

struct patient patient_of(int fd, const _Atomic bool *stopped);

/* As write(2), of a part at least; waits as long as it takes, but once *stopped for 2 seconds.
   -> bytes, or -1 with errno (ETIMEDOUT: it was given up) */
ssize_t patient_write(const struct patient *w, const void *bytes, size_t n);

#endif
