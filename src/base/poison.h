/* SPDX-License-Identifier: BSD-3-Clause */
/* Tells AddressSanitizer which memory of ours is in use; nothing in other builds. */
#ifndef BASE_POISON_H
#define BASE_POISON_H

#if defined(__SANITIZE_ADDRESS__)
#define POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISONS 1
#endif
#endif

#ifdef POISONS
#include "base/error.h"

#include <sanitizer/asan_interface.h>
#include <stdint.h>
#include <sys/mman.h>

#define POISON_HIDE(p, n)     __asan_poison_memory_region(p, n)
#define POISON_SHOW(p, n)     __asan_unpoison_memory_region(p, n)
#define POISON_SHOW_ALL(p, n) poison_show_all(p, n)

/* The same as POISON_SHOW, for a whole mapping: what the sanitizer keeps of it, an eighth of its
   size, goes back to the system, and reads as nothing hidden; to overwrite it would cost more than
   a short run. */
static inline void poison_show_all(uint8_t *p, size_t n)
{
	size_t scale, offset;
	__asan_get_shadow_mapping(&scale, &offset);
	uintptr_t unit = (uintptr_t)1 << (scale + 16); /* kept in whole pages of any size */
	uintptr_t from = (uintptr_t)p, to = from + n;
	uintptr_t first = (from + unit - 1) & ~(unit - 1), last = to & ~(unit - 1);
	if (first >= last) {
		POISON_SHOW(p, n);
		return;
	}
	POISON_SHOW(p, first - from);
	MUST(madvise((void *)((first >> scale) + offset), (last - first) >> scale, MADV_DONTNEED) ==
	     0);
	POISON_SHOW((void *)last, to - last);
}
#else
#define POISON_HIDE(p, n)     ((void)(p), (void)(n))
#define POISON_SHOW(p, n)     ((void)(p), (void)(n))
#define POISON_SHOW_ALL(p, n) ((void)(p), (void)(n))
#endif

#endif
