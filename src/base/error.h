/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One failure, said in one sentence: what was wrong and, where it helps, what to
 * do. The text is made where the facts are known and printed in cli/ alone.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <tcpflow/tcpflow.h>

/* Fills in *err (which may be NULL). Always false, so that callers can
   `return error_set(...)`. */
bool error_set(struct tf_error *err, enum tf_status status, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* The same, with ": " and the meaning of errno at the end. */
bool error_sys(struct tf_error *err, enum tf_status status, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* What must hold whatever the input was; stays on in release builds. */
#define MUST(fact)                                                                                 \
	do {                                                                                       \
		if (!(fact))                                                                       \
			error_die(#fact, __FILE__, __LINE__);                                      \
	} while (0)

_Noreturn void error_die(const char *fact, const char *file, int line);

#endif
