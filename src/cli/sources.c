/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/sources.h"

#include "base/error.h"
#include "base/system.h"
#include "capture/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool sources_is_remote(const char *path)
{
	return remote_address(path) != NULL;
}

int sources_stat(const char *path, struct stat *st)
{
	int fd = system_descriptor(path);
	if (fd >= 0)
		return fstat(fd, st);
	if (sources_is_remote(path)) {
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
	if (!add_all(s, o->finishers, o->finisher_count, &how, err))
		return false;
	s->fd = calloc(s->count + 1, sizeof *s->fd);
	s->early = calloc(s->count + 1, sizeof *s->early);
	for (size_t i = 0; s->fd != NULL && i < s->count; i++)
		s->fd[i] = -1;
	return (s->fd != NULL && s->early != NULL) ||
	       error_set(err, TF_USAGE, "no memory for the files' names");
}

/* A descriptor that the caller handed over is used again; a file is read from its beginning, as
   it would be when its path is opened. */
static int open_path(const char *path)
{
	int own = system_descriptor(path);
	if (own < 0)
		return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int fd = fcntl(own, F_DUPFD_CLOEXEC, 3);
	if (fd >= 0)
		(void)lseek(fd, 0, SEEK_SET);
	return fd;
}

bool sources_open(struct sources *s, size_t i, bool (*over)(void *arg), struct tf_error *err)
{
	const struct watch watch = {.over = over};
	const char *address = remote_address(s->path[i]);
	if (address != NULL) {
		s->fd[i] = remote_connect(address, &watch, err);
		return s->fd[i] >= 0;
	}
	s->fd[i] = open_path(s->path[i]);
	if (s->fd[i] >= 0)
		return true;
	return error_sys(err, TF_USAGE,
	                 errno == EMFILE ? "cannot open %s before privileges are given up"
	                                 : "cannot open %s",
	                 s->path[i]);
}

size_t sources_opened(const struct sources *s)
{
	size_t sum = 0;
	for (size_t i = 0; i < s->count; i++)
		sum += s->fd[i] >= 0;
	return sum;
}

int sources_look(const struct sources *s, size_t i, struct stat *st)
{
	return s->fd[i] >= 0 ? fstat(s->fd[i], st) : sources_stat(s->path[i], st);
}

/* What can be opened only once is handed over; a file may be opened again (--merge). */
int sources_take(void *arg, const char *path)
{
	struct sources *s = arg;
	struct stat st;
	for (size_t i = 0; i < s->count; i++) {
		if (s->path[i] != path || s->fd[i] < 0)
			continue;
		int fd = s->fd[i];
		if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
			(void)lseek(fd, 0, SEEK_SET);
			return fcntl(fd, F_DUPFD_CLOEXEC, 3);
		}
		s->fd[i] = -1;
		return fd;
	}
	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

void sources_free(struct sources *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->path[i]);
	for (size_t i = 0; s->fd != NULL && i < s->count; i++)
		if (s->fd[i] >= 0)
			(void)close(s->fd[i]);
	free(s->fd);
	free(s->early);
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
