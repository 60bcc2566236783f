/* SPDX-License-Identifier: BSD-3-Clause */
/* Sleeping until a word changes: futex(2), within one process. */
#ifndef BASE_FUTEX_H
#define BASE_FUTEX_H

#include <linux/futex.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Sleeps while *word is still seen, at most that long (NULL: for ever); may wake without
   a reason. */
static inline void futex_wait(_Atomic uint32_t *word, uint32_t seen, const struct timespec *most)
{
	(void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, most, NULL, 0);
}

/* Wakes one sleeper. */
static inline void futex_wake(_Atomic uint32_t *word)
{
	(void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

#endif
