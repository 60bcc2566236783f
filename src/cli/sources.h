/* SPDX-License-Identifier: BSD-3-Clause */
/* The capture files that a run reads, in their order; folders are gone through. */
#ifndef CLI_SOURCES_H
#define CLI_SOURCES_H

#include "cli/options.h"

#include <sys/stat.h>

struct sources {
	char **path;
	int *fd;     /* of each that is open by now, else -1 */
	bool *early; /* of each: it is to be opened before privileges are given up */
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

/* Opens one of them before its turn; over (its argument is NULL) is asked meanwhile whether to wait
   no longer -> false with *err */
bool sources_open(struct sources *s, size_t i, bool (*over)(void *arg), struct tf_error *err);

/* -> how many are open now */
size_t sources_opened(const struct sources *s);

/* tf_config.open_capture; arg is the struct sources */
int sources_take(void *arg, const char *path);

/* -> whether it is tcp://HOST:PORT */
bool sources_is_remote(const char *path);

/* As stat(), for a source: -> 0, or -1 with errno. A network peer has a size of 0
   and no kind. */
int sources_stat(const char *path, struct stat *st);

/* The same for one of them, which may be open by now: what its path names may be out of reach. */
int sources_look(const struct sources *s, size_t i, struct stat *st);

/* -> bytes of all of them, or 0 when one is no plain file. */
uint64_t sources_size(const struct sources *s);

#endif
