/* SPDX-License-Identifier: BSD-3-Clause */
/* What a process inherits and should not have. */
#ifndef SANDBOX_STRAYS_H
#define SANDBOX_STRAYS_H

#include <stddef.h>

/* Closes all descriptors from 3 on but those in keep[n] (in any order; what is below 3 or no
   descriptor is passed over). n is at most STRAYS_KEPT. */
enum { STRAYS_KEPT = 64 };
void strays_close(const int *keep, size_t n);

/* No core is dumped, and nobody else's process may look into this one, whoever it runs as. */
void strays_no_cores(void);

#endif
