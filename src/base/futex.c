/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/futex.h"

#include "base/system.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>

#if SYSTEM_LINUX

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A time of the C library may be longer than the kernel's was on 32 bits (and then the
   call that takes the longer one is the only one on new machines). */
static long sleep_on(void *word, uint32_t seen, const struct timespec *most)
{
	long r = -1;
	errno = ENOSYS;
#ifdef SYS_futex_time64
	if (sizeof most->tv_sec > sizeof(long))
		r = syscall(SYS_futex_time64, word, FUTEX_WAIT_PRIVATE, seen, most, NULL, 0);
#endif
#ifdef SYS_futex
	if (r < 0 && errno == ENOSYS) {
		struct {
			long s, ns;
		} t = {0};
		if (most != NULL) {
			t.s = (long)most->tv_sec;
			t.ns = (long)most->tv_nsec;
		}
		r = syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, most == NULL ? NULL : &t,
		            NULL, 0);
	}
#endif
	return r;
}

void futex_wait(_Atomic uint32_t *word, uint32_t seen, const struct timespec *most)
{
	(void)sleep_on(word, seen, most);
}

void futex_wake(_Atomic uint32_t *word)
{
#ifdef SYS_futex
	(void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
#else
	(void)syscall(SYS_futex_time64, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
#endif
}

#else

void futex_wait(_Atomic uint32_t *word, uint32_t seen, const struct timespec *most)
{
	futex_wait_posix(word, seen, most);
}

void futex_wake(_Atomic uint32_t *word)
{
	futex_wake_posix(word);
}

#endif

/* Words share few places to sleep at, by their address: who is woken for another's word
   looks at his own, and sleeps on. */
enum { PLACES = 16 };

static struct place {
	pthread_mutex_t lock;
	pthread_cond_t news;
} places[PLACES];

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_places(void)
{
	pthread_condattr_t clock;
	(void)pthread_condattr_init(&clock);
	(void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	for (size_t i = 0; i < PLACES; i++) {
		(void)pthread_mutex_init(&places[i].lock, NULL);
		(void)pthread_cond_init(&places[i].news, &clock);
	}
	(void)pthread_condattr_destroy(&clock);
}

static struct place *place_of(const void *word)
{
	enum { LINE = 64 }; /* words that are slept on stand in cache lines of their own */
	(void)pthread_once(&once, make_places);
	return &places[(uintptr_t)word / LINE % PLACES];
}

static struct timespec in_future(const struct timespec *most)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* a condition wants to know when, not how long */
	t.tv_sec += most->tv_sec;
	t.tv_nsec += most->tv_nsec;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return t;
}

void futex_wait_posix(_Atomic uint32_t *word, uint32_t seen, const struct timespec *most)
{
	struct place *p = place_of(word);
	struct timespec until = most != NULL ? in_future(most) : (struct timespec){0};
	int r = 0;
	(void)pthread_mutex_lock(&p->lock);
	while (r == 0 && atomic_load(word) == seen)
		r = most != NULL ? pthread_cond_timedwait(&p->news, &p->lock, &until)
		                 : pthread_cond_wait(&p->news, &p->lock);
	(void)pthread_mutex_unlock(&p->lock);
}

void futex_wake_posix(_Atomic uint32_t *word)
{
	struct place *p = place_of(word);
	(void)pthread_mutex_lock(&p->lock); /* a sleeper has looked, and does sleep now */
	(void)pthread_cond_broadcast(&p->news);
	(void)pthread_mutex_unlock(&p->lock);
}
