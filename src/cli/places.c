/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/places.h"

#include "base/error.h"
#include "base/folders.h"
#include "base/system.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first n bytes of path; of none, the current folder. */
static bool add(struct places *p, const char *path, size_t n, bool folder)
{
	char *copy = n > 0 ? strndup(path, n) : strdup(".");
	if (copy == NULL || p->count == PLACES) {
		free(copy);
		return false;
	}
	p->place[p->count++] = (struct place){.path = copy, .folder = folder, .made = true};
	return true;
}

/* -> bytes of path that name its folder; those of "/x" are "/" */
static size_t folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (slash == NULL)
		return 0;
	return slash == path ? 1 : (size_t)(slash - path);
}

/* A report that is a file is renamed and joined at times; any other is open. */
static bool add_report(struct places *p, const char *path)
{
	struct stat st;
	if (system_descriptor(path) >= 0)
		return true;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return add(p, path, strlen(path), false);
	return add(p, path, folder_of(path), true);
}

/* -> bytes of path that name the folder in which output generations begin: before the first
   component with a letter */
static size_t root_of(const char *path)
{
	char root[PATH_MAX];
	size_t n = strcspn(path, "%");
	if (path[n] == '\0' || n >= sizeof root)
		return n;
	memcpy(root, path, n);
	root[n] = '\0';
	return folder_of(root);
}

/* Where output comes in generations, other files will be made beside the first one. */
static bool add_write(struct places *p, const struct options *o)
{
	struct stat st;
	const char *path = o->write;
	if (strcmp(path, "-") == 0 || system_descriptor(path) >= 0)
		return true;
	if (strchr(path, '%') != NULL)
		return add(p, path, root_of(path), true);
	if (!options_turn(o) || (stat(path, &st) == 0 && !S_ISREG(st.st_mode)))
		return add(p, path, strlen(path), false);
	return add(p, path, folder_of(path), true);
}

bool places_gather(struct places *p, const struct options *o, struct tf_error *err)
{
	char path[PATH_MAX];
	bool writes = options_use_folder(o) || o->jsonl;
	*p = (struct places){0};
	bool ok = !writes || add(p, o->folder, root_of(o->folder), true);
	if (o->report != NULL && o->report[0] != '\0')
		ok = ok && add_report(p, o->report);
	if (o->unrecorded != NULL && strcmp(o->unrecorded, "-") != 0)
		ok = ok && add(p, o->unrecorded, strlen(o->unrecorded), false);
	if (o->write != NULL)
		ok = ok && add_write(p, o);
	if (o->stats != NULL && o->stats_length < sizeof path) {
		memcpy(path, o->stats, o->stats_length);
		path[o->stats_length] = '\0';
		ok = ok && add(p, path, folder_of(path), true);
		if (ok)
			p->place[p->count - 1].made = false; /* by nobody, if it is missing */
	}
	return ok || error_set(err, TF_USAGE, "out of memory");
}

void places_free(struct places *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->place[i].path);
	p->count = 0;
}

bool places_make(const char *path, bool (*each)(void *arg, const char *path), void *arg)
{
	struct stat st;
	int refused;
	if (!folders_make(path, &refused, each, arg))
		return false;
	/* Why not is of no interest where it is there. */
	if (refused == 0 || stat(path, &st) == 0)
		return true;
	errno = refused;
	return false;
}

bool places_may(const struct place *p)
{
	char folder[PATH_MAX] = ".";
	size_t n = folder_of(p->path);
	if (p->folder)
		return faccessat(AT_FDCWD, p->path, W_OK | X_OK, AT_EACCESS) == 0;
	if (faccessat(AT_FDCWD, p->path, W_OK, AT_EACCESS) == 0)
		return true;
	if (errno != ENOENT || n >= sizeof folder)
		return false;
	if (n > 0) {
		memcpy(folder, p->path, n);
		folder[n] = '\0';
	}
	return faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0;
}
