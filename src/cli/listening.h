/* SPDX-License-Identifier: BSD-3-Clause */
/* Capture from interfaces: which ones are opened, and what is said of them. */
#ifndef CLI_LISTENING_H
#define CLI_LISTENING_H

#include "cli/options.h"

enum { LISTENING_SNAPLEN = 262144 };

/* Opens all interfaces of -i, or libpcap's first one, whose name is put into first
   -> false with *err. */
bool listening_open(struct tf_engine *e, const struct options *o, char first[TF_INTERFACE_ROOM],
                    struct tf_error *err);

/* Says so. first: as listening_open() has filled it in, where none was named */
void listening_tell(const struct options *o, const char *first);

/* -> the kernel's buffer for each of so many interfaces, in bytes. */
size_t listening_ring(const struct options *o, size_t interfaces);

#endif
