/* SPDX-License-Identifier: BSD-3-Clause */
/* Times as people type them. */
#ifndef CLI_WHEN_H
#define CLI_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Reads seconds since 1970 ("1223315694.694099"), or a date with or without a time
 * of day in ISO 8601 ("2008-10-06", "2008-10-06T17:54:54.694099Z", with a blank for
 * the T, with +02:00 or +0200 for the Z; UTC when neither is there). At most nine
 * decimals. *ns: nanoseconds since 1970.
 * -> false, *ns untouched, when text is anything else or outside the years 1970 to
 * 2261.
 */
bool when_parse(const char *text, int64_t *ns);

/*
 * Reads seconds, with a sign or not and at most nine decimals ("-3600", "+0.25"), that
 * times are moved by. *ns: the same in nanoseconds, less than 146 years either way.
 * -> false, *ns untouched, when text is anything else.
 */
bool when_shift(const char *text, int64_t *ns);

#endif
