/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a run writes. Whoever adds an output that opens, renames or removes files after the first
 * frame names its folder here; all that is not named is out of reach then (sandbox/lock.h).
 */
#ifndef CLI_PLACES_H
#define CLI_PLACES_H

#include "cli/options.h"

enum { PLACES = 8 };

struct place {
	char *path;
	bool folder; /* files are made in it as the run goes on. Else it is a file that is open by
	                then */
	bool made;   /* if missing */
};

struct places {
	struct place place[PLACES];
	size_t count;
};

/* Free it with places_free() whatever the answer was -> false with *err */
bool places_gather(struct places *p, const struct options *o, struct tf_error *err);
void places_free(struct places *p);

/* Makes the folders of a path that are missing -> false with errno. each, which may be NULL, is
   called for those that were made. */
bool places_make(const char *path, bool (*each)(void *arg, const char *path), void *arg);

/* -> whether the process may write there as it is now (with a path that is no folder: to it, or
   else to its folder) */
bool places_may(const struct place *p);

#endif
