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
#include <sanitizer/asan_interface.h>
#define POISON_HIDE(p, n) __asan_poison_memory_region(p, n)
#define POISON_SHOW(p, n) __asan_unpoison_memory_region(p, n)
#else
#define POISON_HIDE(p, n) ((void)(p), (void)(n))
#define POISON_SHOW(p, n) ((void)(p), (void)(n))
#endif

#endif
