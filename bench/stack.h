/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments deep inside of other headers. A stack is a text, a letter for each header, the
 * outermost first; stack.c has the table of letters.
 */
#ifndef BENCH_STACK_H
#define BENCH_STACK_H

#include "capture.h"

void put_stacked(const char *stack, const struct segment *s);

/* What tcpflow appends to the names of such a connection's files: the VLAN. */
const char *stack_suffix(const char *stack);

#endif
