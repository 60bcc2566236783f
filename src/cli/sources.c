/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/sources.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int sources_stat(const char *path, struct stat *st)
{
	if (strncmp(path, "tcp://", 6) == 0) {
		memset(st, 0, sizeof *st);
		return 0;
	}
	return strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, st) : stat(path, st);
}

static bool add(struct sources *s, const char *path, struct tf_error *err)
{
	char **more = realloc(s->path, (s->count + 1) * sizeof *more);
	if (more != NULL) {
		s->path = more;
		s->path[s->count] = strdup(path);
		if (s->path[s->count] != NULL) {
			s->count++;
			return true;
		}
	}
	return error_set(err, TF_USAGE, "no memory for the files' names");
}

struct skipping {
	void (*skipped)(void *arg, const char *why);
	void *arg;
};

static bool add_folder(struct sources *s, const char *path, const struct skipping *how,
                       struct tf_error *err)
{
	struct tf_captures found;
	bool ok = tf_captures_find(&found, path, how->skipped, how->arg, err);
	if (ok && found.count == 0)
		ok = error_set(err, TF_USAGE,
		               "no file in the folder %s is a capture file (-d 2 says why)", path);
	for (size_t i = 0; ok && i < found.count; i++)
		ok = add(s, found.path[i], err);
	tf_captures_free(&found);
	return ok;
}

static bool has_piped(const struct sources *s)
{
	bool has = false;
	for (size_t i = 0; i < s->count; i++)
		has = has || strcmp(s->path[i], "-") == 0;
	return has;
}

static bool add_all(struct sources *s, const char *const *path, size_t count,
                    const struct skipping *how, struct tf_error *err)
{
	for (size_t i = 0; i < count; i++) {
		struct stat st;
		if (sources_stat(path[i], &st) != 0)
			return error_sys(err, TF_USAGE, "cannot read %s", path[i]);
		if (strcmp(path[i], "-") == 0 && has_piped(s))
			return error_set(err, TF_USAGE, "standard input can be read only once");
		bool folder = S_ISDIR(st.st_mode) && strcmp(path[i], "-") != 0;
		if (!(folder ? add_folder(s, path[i], how, err) : add(s, path[i], err)))
			return false;
	}
	return true;
}

bool sources_gather(struct sources *s, const struct options *o,
                    void (*skipped)(void *arg, const char *why), void *arg, struct tf_error *err)
{
	struct skipping how = {skipped, arg};
	*s = (struct sources){0};
	if (!add_all(s, o->sources, o->source_count, &how, err))
		return false;
	s->known = s->count;
	return add_all(s, o->finishers, o->finisher_count, &how, err);
}

void sources_free(struct sources *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->path[i]);
	free(s->path);
	*s = (struct sources){0};
}

uint64_t sources_size(const struct sources *s)
{
	uint64_t total = 0;
	for (size_t i = 0; i < s->count; i++) {
		struct stat st;
		if (sources_stat(s->path[i], &st) != 0 || !S_ISREG(st.st_mode))
			return 0;
		total += (uint64_t)st.st_size;
	}
	return total;
}
