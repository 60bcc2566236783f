/* SPDX-License-Identifier: BSD-3-Clause */
/* Capture from interfaces: which ones are opened, and what is said of them. */
#ifndef CLI_LISTENING_H
#define CLI_LISTENING_H

#include "cli/options.h"

enum { LISTENING_SNAPLEN = 262144 };

/* Opens all interfaces of -i, or libpcap's first one, and says so if anything is to be said
   -> false with *err. */
bool listening_open(struct tf_engine *e, const struct options *o, struct tf_error *err);

/* -> the kernel's buffer for each of so many interfaces, in bytes. */
size_t listening_ring(const struct options *o, size_t interfaces);

#endif
