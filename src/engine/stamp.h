/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Paths with the letters of strftime(3) in them, which stand for a time in UTC: %Y %y %m %d %H %M
 * %S %j %F (as %Y-%m-%d) and %s (seconds since 1970); %% is a percent sign.
 *
 *	/var/flows / %Y-%m-%d/%H%M%S
 *	root         form
 */
#ifndef ENGINE_STAMP_H
#define ENGINE_STAMP_H

#include <tcpflow/tcpflow.h>

enum { STAMP_ROOM = 512 };

/* -> whether there are letters in the path */
bool stamp_has(const char *path);

/* -> bytes of path that stand before its first component with letters (or, when no one has, before
   its last one), less the '/' behind them: 0 when there is none, or the '/' is the root's */
size_t stamp_root(const char *path);

/* Looks at the form -> false with *err (TF_USAGE): it has another letter, or a component that is
   empty, "." or "..", or is too long. */
bool stamp_check(const char *form, struct tf_error *err);

/* Writes the form, which has been looked at, with the time ts_ns. A number above 0 stands behind
   it: NAME.1; with `inside`, in front of what is behind the last dot: NAME.1.pcapng */
void stamp_write(const char *form, int64_t ts_ns, unsigned number, bool inside,
                 char to[STAMP_ROOM]);

#endif
