/* SPDX-License-Identifier: BSD-3-Clause */
#include "prop/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *parent(void)
{
	const char *tmp = getenv("TMPDIR");
	if (access("/dev/shm", W_OK) == 0)
		return "/dev/shm";
	return tmp != NULL ? tmp : "/tmp";
}

void folder_make(char path[FOLDER_PATH])
{
	(void)snprintf(path, FOLDER_PATH, "%s/tcpflow-prop-XXXXXX", parent());
	if (mkdtemp(path) == NULL) {
		perror(path);
		abort();
	}
}

static int open_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		perror(path);
		abort();
	}
	return fd;
}

static int is_name(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* conflicts.jsonl numbers packets, so it is the same only where they are. */
static int is_stream(const struct dirent *d)
{
	return is_name(d) && strcmp(d->d_name, "conflicts.jsonl") != 0;
}

/* Calls each with every name, in order -> how many there are */
static size_t list(const char *path, int (*which)(const struct dirent *d),
                   void (*each)(int fd, const char *name))
{
	struct dirent **names = NULL;
	int n = scandir(path, &names, which, alphasort);
	int fd = open_folder(path);
	for (int i = 0; i < n; i++) {
		if (each != NULL)
			each(fd, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	(void)close(fd);
	return n < 0 ? 0 : (size_t)n;
}

static void remove_one(int fd, const char *name)
{
	(void)unlinkat(fd, name, 0);
}

void folder_empty(const char *path)
{
	(void)list(path, is_name, remove_one);
}

void folder_remove(const char *path)
{
	folder_empty(path);
	(void)rmdir(path);
}

size_t folder_count(const char *path)
{
	return list(path, is_stream, NULL);
}

uint8_t *folder_read(const char *path, const char *name, size_t *n)
{
	int folder = open_folder(path);
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	(void)close(folder);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	uint8_t *bytes = malloc((size_t)st.st_size + 1);
	if (bytes == NULL || read(fd, bytes, (size_t)st.st_size) != st.st_size)
		abort();
	(void)close(fd);
	*n = (size_t)st.st_size;
	return bytes;
}

/* -- comparing ------------------------------------------------------------------- */

struct pair {
	const char *a, *b;
	bool times;
	char *why;
	size_t room;
};

static bool differs(const struct pair *p, const char *name, const char *what)
{
	(void)snprintf(p->why, p->room, "%s: %s", name, what);
	return false;
}

static bool same_bytes(const struct pair *p, const char *name)
{
	size_t n = 0, m = 0;
	uint8_t *x = folder_read(p->a, name, &n), *y = folder_read(p->b, name, &m);
	bool same = x != NULL && y != NULL && n == m && memcmp(x, y, n) == 0;
	free(x);
	free(y);
	return same || differs(p, name, "the bytes differ");
}

static bool same_times(const struct pair *p, const char *name)
{
	int a = open_folder(p->a), b = open_folder(p->b);
	struct stat x, y;
	bool same = fstatat(a, name, &x, 0) == 0 && fstatat(b, name, &y, 0) == 0 &&
	            x.st_mtim.tv_sec == y.st_mtim.tv_sec && x.st_mtim.tv_nsec == y.st_mtim.tv_nsec;
	(void)close(a);
	(void)close(b);
	return same || differs(p, name, "the times differ");
}

static bool same_file(const struct pair *p, const char *name)
{
	return same_bytes(p, name) && (!p->times || same_times(p, name));
}

bool folder_same(const char *a, const char *b, bool times, char *why, size_t room)
{
	struct pair p = {a, b, times, why, room};
	struct dirent **x = NULL, **y = NULL;
	int n = scandir(a, &x, is_stream, alphasort), m = scandir(b, &y, is_stream, alphasort);
	bool same = n >= 0 && m >= 0;
	for (int i = 0; same && (i < n || i < m); i++) {
		int order = i >= n ? 1 : i >= m ? -1 : strcmp(x[i]->d_name, y[i]->d_name);
		if (order != 0)
			same = differs(&p, (order < 0 ? x : y)[i]->d_name,
			               order < 0 ? "only in the first" : "only in the second");
		else
			same = same_file(&p, x[i]->d_name);
	}
	for (int i = 0; i < n; i++)
		free(x[i]);
	for (int i = 0; i < m; i++)
		free(y[i]);
	free(x);
	free(y);
	return same;
}
