/* SPDX-License-Identifier: BSD-3-Clause */
/* seccomp: which system calls the process may make from here on. */
#ifndef SANDBOX_SYSCALLS_H
#define SANDBOX_SYSCALLS_H

#include <stdbool.h>

/*
 * Allows what a recording program needs once all that it reads and writes is open, or can be
 * opened (which Landlock bounds), and threads. All else answers ENOSYS, as a kernel does that has
 * never heard of it. Binds the calling thread and those that it starts. Wants no-new-privs.
 * -> false with errno; ENOTSUP: this build has no libseccomp
 */
bool syscalls_restrict(void);

/* -> whether this build and this kernel can do that; else errno */
bool syscalls_can(void);

#endif
