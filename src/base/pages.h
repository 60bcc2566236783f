/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Large pages (2 MiB on most machines) for memory that is touched in no order: each access to
 * another page may cost a look into the page tables, and each first touch a page fault. Where the
 * system has none, or gives none, nothing happens; what memory holds never changes.
 */
#ifndef BASE_PAGES_H
#define BASE_PAGES_H

#include <stddef.h>

enum { PAGES_LARGE = 2 << 20 };

/* [p, p + n), much of which was touched, is moved into large pages, and then all there. It takes
   about a millisecond for each MiB, and waits for every processor: not for whoever may not wait. */
void pages_join(void *p, size_t n);

#endif
