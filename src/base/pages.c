/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/pages.h"

#include "base/system.h"

#if SYSTEM_LINUX

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1 */
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

/* Whole pages within; that some system has no such advice is no failure. */
static void advise(void *p, size_t n, int advice)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = ((uintptr_t)p + page - 1) & ~(page - 1),
	          to = ((uintptr_t)p + n) & ~(page - 1);
	int cause = errno;
	if (from < to)
		(void)madvise((char *)p + (from - (uintptr_t)p), to - from, advice);
	errno = cause;
}

void pages_join(void *p, size_t n)
{
	advise(p, n, MADV_HUGEPAGE); /* for what was not touched at all */
	advise(p, n, MADV_COLLAPSE);
	/* What is not in large ones by now would be read first, which gets it the page of all
	   zeros, and then written, which takes that away again: two faults, and each other thread's
	   processor is interrupted to forget the first. */
	advise(p, n, MADV_POPULATE_WRITE);
}

#else

void pages_join(void *p, size_t n)
{
	(void)p;
	(void)n;
}

#endif
