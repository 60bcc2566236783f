/* SPDX-License-Identifier: BSD-3-Clause */
/* The captures of a folder: see tf_captures_find(). */
#include "base/error.h"
#include "capture/feed.h"
#include "capture/source.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A store of two blocks, for looking into one file after the other. */
struct lookout {
	struct block block[2];
	struct block_store store;
};

/* Blocks are as small as blocks may be. */
enum { LOOKOUT_BLOCK = 512 * 1024 };

static struct block *take(void *arg)
{
	struct lookout *l = arg;
	struct block *b = l->block[0].users == 0 ? &l->block[0] : &l->block[1];
	if (b->users > 0)
		return NULL;
	b->users = 1;
	return b;
}

static void give(void *arg, struct block *b)
{
	(void)arg;
	b->users--;
}

static bool lookout_init(struct lookout *l)
{
	*l = (struct lookout){.store = {.arg = l, .take = take, .give = give}};
	for (int i = 0; i < 2; i++)
		l->block[i] = (struct block){malloc(LOOKOUT_BLOCK), LOOKOUT_BLOCK, 0};
	return l->block[0].bytes != NULL && l->block[1].bytes != NULL;
}

static void lookout_free(struct lookout *l)
{
	free(l->block[0].bytes);
	free(l->block[1].bytes);
}

struct found {
	char *path;
	int64_t first_ns; /* INT64_MAX: it has no packet */
};

struct list {
	struct found *row;
	size_t count, room;
};

static int by_time(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	if (x->first_ns != y->first_ns)
		return x->first_ns < y->first_ns ? -1 : 1;
	return strcmp(x->path, y->path);
}

static bool add(struct list *l, char *path, int64_t first_ns)
{
	if (l->count == l->room) {
		size_t room = l->room == 0 ? 64 : l->room * 2;
		struct found *more = realloc(l->row, room * sizeof *more);
		if (more == NULL)
			return false;
		l->row = more;
		l->room = room;
	}
	struct found *f = &l->row[l->count++];
	f->path = path;
	f->first_ns = first_ns;
	return true;
}

static void list_free(struct list *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->row[i].path);
	free(l->row);
}

/* -> whether it starts as a capture does; *first_ns is then its first packet's time. */
static bool look_into(struct lookout *l, const char *path, int64_t *first_ns, struct tf_error *err)
{
	struct tf_frame frame;
	struct source *s = source_open(path, 0, &l->store, err);
	if (s == NULL)
		return false;
	*first_ns = source_next(s, &frame, NULL) == SOURCE_FRAME ? frame.ts_ns : INT64_MAX;
	source_close(s);
	return true;
}

struct search {
	struct lookout lookout;
	struct list list;
	void (*skipped)(void *arg, const char *why);
	void *arg;
};

static void skip(const struct search *s, const char *why)
{
	if (s->skipped != NULL)
		s->skipped(s->arg, why);
}

/* Looks into one entry -> false with *err: the search fails. Pipes and the like are
   not opened, for that might wait for ever. */
static bool look_at(struct search *s, const char *path, struct tf_error *err)
{
	struct stat st;
	struct tf_error why = {0};
	int64_t first_ns;
	if (stat(path, &st) != 0)
		return error_sys(err, TF_USAGE, "cannot read %s", path);
	if (!S_ISREG(st.st_mode)) {
		(void)error_set(&why, TF_USAGE, "%s is no plain file", path);
		skip(s, why.text);
		return true;
	}
	if (!look_into(&s->lookout, path, &first_ns, &why)) {
		if (why.status == TF_DAMAGED) {
			skip(s, why.text);
			return true;
		}
		if (err != NULL)
			*err = why;
		return false;
	}
	char *copy = strdup(path);
	if (copy != NULL && add(&s->list, copy, first_ns))
		return true;
	free(copy);
	return error_set(err, TF_USAGE, "no memory for the files' names");
}

static bool look_at_name(struct search *s, const char *folder, const char *name,
                         struct tf_error *err)
{
	size_t n = strlen(folder), room = n + strlen(name) + 2;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return true;
	char *path = malloc(room);
	if (path == NULL)
		return error_set(err, TF_USAGE, "no memory for the files' names");
	(void)snprintf(path, room, "%s%s%s", folder, n > 0 && folder[n - 1] == '/' ? "" : "/",
	               name);
	bool ok = look_at(s, path, err);
	free(path);
	return ok;
}

/* Hands the names over, in order. */
static bool hand_over(struct list *l, struct tf_captures *found, struct tf_error *err)
{
	if (l->count > 0)
		qsort(l->row, l->count, sizeof *l->row, by_time);
	found->path = calloc(l->count + 1, sizeof *found->path);
	if (found->path == NULL)
		return error_set(err, TF_USAGE, "no memory for the files' names");
	found->count = l->count;
	for (size_t i = 0; i < l->count; i++)
		found->path[i] = l->row[i].path;
	l->count = 0;
	return true;
}

bool tf_captures_find(struct tf_captures *found, const char *folder,
                      void (*skipped)(void *arg, const char *why), void *arg, struct tf_error *err)
{
	struct search s = {.skipped = skipped, .arg = arg};
	*found = (struct tf_captures){0};
	struct dirent **name;
	int n = scandir(folder, &name, NULL, alphasort);
	if (n < 0)
		return error_sys(err, TF_USAGE, "cannot read the folder %s", folder);
	bool ok = lookout_init(&s.lookout) ||
	          error_set(err, TF_USAGE, "no memory to look into %s", folder);
	for (int i = 0; i < n; i++) {
		ok = ok && look_at_name(&s, folder, name[i]->d_name, err);
		free(name[i]);
	}
	free(name);
	ok = ok && hand_over(&s.list, found, err);
	lookout_free(&s.lookout);
	list_free(&s.list);
	return ok;
}

void tf_captures_free(struct tf_captures *found)
{
	for (size_t i = 0; i < found->count; i++)
		free(found->path[i]);
	free(found->path);
	*found = (struct tf_captures){0};
}
