/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/reading.h"

#include "base/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum source_result reading_damage(const struct reading *r, struct tf_error *err, const char *format,
                                  ...)
{
	char what[128];
	va_list ap;
	va_start(ap, format);
	(void)vsnprintf(what, sizeof what, format, ap);
	va_end(ap);
	(void)error_set(err, TF_DAMAGED, "%s: %s %" PRIu64 " at byte %" PRIu64 " %s", r->name,
	                r->unit, r->record, r->start, what);
	return SOURCE_DAMAGED;
}

enum source_result reading_short(const struct reading *r, uint64_t needs, struct tf_error *err)
{
	const struct feed *f = &r->feed;
	uint64_t end = feed_taken(f);

	switch (f->state) {
	case FEED_FAILED:
		if (f->origin.why != NULL) {
			(void)error_set(err, TF_DAMAGED,
			                "%s: cannot be read beyond byte %" PRIu64 ": %s", r->name,
			                end, f->origin.why);
			break;
		}
		errno = f->cause;
		(void)error_sys(err, TF_DAMAGED, "%s: cannot be read beyond byte %" PRIu64, r->name,
		                end);
		break;
	case FEED_NO_BLOCK:
		(void)error_set(err, TF_USAGE, "%s: no memory to read it (see --memory)", r->name);
		break;
	case FEED_TOO_LARGE:
		return reading_damage(r, err, "claims to be %" PRIu64 " bytes long", needs);
	case FEED_OPEN:
	case FEED_ENDED:
		(void)error_set(err, TF_DAMAGED,
		                "%s: cut off at byte %" PRIu64 " (%s %" PRIu64 " needs %" PRIu64
		                " bytes, %" PRIu64 " are there)",
		                r->name, end, r->unit, r->record, needs, end - r->start);
		break;
	}
	return SOURCE_DAMAGED;
}
