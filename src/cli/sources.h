/* SPDX-License-Identifier: BSD-3-Clause */
/* The capture files that a run reads, in their order; folders are gone through. */
#ifndef CLI_SOURCES_H
#define CLI_SOURCES_H

#include "cli/options.h"

#include <sys/stat.h>

struct sources {
	char **path;
	size_t count;
	size_t known; /* from here on, those of -R */
};

/*
 * Gathers them; free them with sources_free() whatever the answer was. skipped is told
 * why a file of a folder is left out.
 * -> false with *err when one is not there or cannot be read.
 */
bool sources_gather(struct sources *s, const struct options *o,
                    void (*skipped)(void *arg, const char *why), void *arg, struct tf_error *err);
void sources_free(struct sources *s);

/* As stat(), for a source: -> 0, or -1 with errno. A network peer has a size of 0
   and no kind. */
int sources_stat(const char *path, struct stat *st);

/* -> bytes of all of them, or 0 when one is no plain file. */
uint64_t sources_size(const struct sources *s);

#endif
