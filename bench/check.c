/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What was recorded, against a manifest of gen: check [-n] MANIFEST FOLDER
 *
 * Prints how many streams are right, wrong (a file of that name has other bytes), missing, and
 * extra (files of no stream's name; empty ones, and tcpflow's own, do not count). With -n names
 * mean nothing: for programs that have other ones, a file is right when its bytes are those of some
 * stream, a stream is missing when no file has them, and none is wrong. Exits with 0 when all
 * are right, 1 when not, 2 when it could not tell.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_STATIC_LINKING_ONLY /* for states that are no pointers */
#include <xxhash.h>

enum { NAME = 256, PIECE = 1 << 18 };

struct stream {
	char name[NAME];
	uint64_t length;
	XXH128_hash_t hash;
	bool seen;
};

static struct stream *streams;
static size_t count;
static bool nameless;

static void stop(const char *what)
{
	(void)fprintf(stderr, "check: %s: %s\n", what,
	              errno != 0 ? strerror(errno) : "not as it should be");
	exit(2);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct stream *)a)->name, ((const struct stream *)b)->name);
}

static int by_content(const void *a, const void *b)
{
	const struct stream *x = a, *y = b;
	if (x->length != y->length)
		return x->length < y->length ? -1 : 1;
	return XXH128_cmp(&x->hash, &y->hash);
}

static void read_manifest(const char *path)
{
	size_t room = 0;
	struct stream s = {0};
	FILE *f = fopen(path, "r");
	if (f == NULL)
		stop(path);
	while (fscanf(f, "%16" SCNx64 "%16" SCNx64 " %" SCNu64 " %255s", &s.hash.high64,
	              &s.hash.low64, &s.length, s.name) == 4) {
		if (count == room) {
			room = room * 2 + 1024;
			streams = realloc(streams, room * sizeof *streams);
			if (streams == NULL)
				stop(path);
		}
		streams[count++] = s;
	}
	errno = 0;
	if (!feof(f))
		stop(path);
	(void)fclose(f);
	qsort(streams, count, sizeof *streams, nameless ? by_content : by_name);
}

/* -> false: cannot be read */
static bool hash_file(int folder, const char *name, struct stream *s)
{
	static XXH3_state_t hash;
	static uint8_t buffer[PIECE];
	ssize_t n;
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW);
	if (fd < 0)
		return false;
	(void)XXH3_128bits_reset(&hash);
	s->length = 0;
	while ((n = read(fd, buffer, sizeof buffer)) > 0) {
		(void)XXH3_128bits_update(&hash, buffer, (size_t)n);
		s->length += (uint64_t)n;
	}
	s->hash = XXH3_128bits_digest(&hash);
	(void)close(fd);
	return n == 0;
}

enum verdict { RIGHT, WRONG, EXTRA, NOTHING };

/* Several streams may have the same bytes; each file is one of them. */
static enum verdict judge_nameless(const struct stream *found)
{
	struct stream *s = bsearch(found, streams, count, sizeof *streams, by_content);
	if (found->length == 0)
		return NOTHING;
	while (s != NULL && s > streams && by_content(s - 1, found) == 0)
		s--;
	while (s != NULL && s->seen)
		s = s + 1 < streams + count && by_content(s + 1, found) == 0 ? s + 1 : NULL;
	if (s == NULL)
		return EXTRA;
	s->seen = true;
	return RIGHT;
}

static enum verdict judge(int folder, const char *name)
{
	struct stream found = {0};
	if (strlen(name) >= NAME)
		return EXTRA;
	memcpy(found.name, name, strlen(name));
	struct stream *s =
	        nameless ? NULL : bsearch(&found, streams, count, sizeof *streams, by_name);
	if (s != NULL)
		s->seen = true;
	if (!hash_file(folder, name, &found))
		return s != NULL ? WRONG : EXTRA;
	if (nameless)
		return judge_nameless(&found);
	if (s == NULL)
		return found.length == 0 ? NOTHING : EXTRA;
	return by_content(s, &found) == 0 ? RIGHT : WRONG;
}

static bool is_ours(const char *name)
{
	static const char *const own[] = {".", "..", "report.xml", "flows.jsonl",
	                                  "conflicts.jsonl"};
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (strcmp(name, own[i]) == 0)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	size_t sum[NOTHING + 1] = {0}, missing = 0;
	nameless = argc == 4 && strcmp(argv[1], "-n") == 0;
	if (argc != 3 && !nameless) {
		(void)fprintf(stderr, "usage: check [-n] MANIFEST FOLDER\n");
		return 2;
	}
	const char *path = argv[argc - 1];
	read_manifest(argv[argc - 2]);
	DIR *folder = opendir(path);
	if (folder == NULL)
		stop(path);
	for (const struct dirent *e; (e = readdir(folder)) != NULL;)
		if (!is_ours(e->d_name))
			sum[judge(dirfd(folder), e->d_name)]++;
	(void)closedir(folder);
	for (size_t i = 0; i < count; i++)
		missing += !streams[i].seen;
	(void)printf("%zu right, %zu wrong, %zu missing, %zu extra\n", sum[RIGHT], sum[WRONG],
	             missing, sum[EXTRA]);
	free(streams);
	return sum[RIGHT] != count || sum[WRONG] + missing + sum[EXTRA] != 0;
}
