/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sleeping until a word changes, within one process: futex(2), or mutexes and
 * conditions. Whoever changes the word wakes the sleeper afterwards.
 */
#ifndef BASE_FUTEX_H
#define BASE_FUTEX_H

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

/* Sleeps while *word is still seen, at most that long (NULL: for ever); may wake without
   a reason. */
void futex_wait(_Atomic uint32_t *word, uint32_t seen, const struct timespec *most);

/* Wakes one sleeper (the POSIX way: at least one). */
void futex_wake(_Atomic uint32_t *word);

/* The two of every system. Nothing but what was slept by the one may be woken by the other. */
void futex_wait_posix(_Atomic uint32_t *word, uint32_t seen, const struct timespec *most);
void futex_wake_posix(_Atomic uint32_t *word);

#endif
