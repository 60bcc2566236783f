/* SPDX-License-Identifier: BSD-3-Clause */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 16, FILES = 1 << 24 };

struct file {
	struct ends ends;
	int fd;            /* 0: not open */
	int64_t base, top; /* the piece has bytes base..top of the stream */
	struct piece *piece;
};

struct piece {
	struct piece *next; /* in the list of free ones */
	uint8_t bytes[PIECE];
};

static struct file *files;
static uint32_t count = 1;
static struct piece *free_pieces;
static int folder;

static void stop(const char *what)
{
	(void)fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

bool store_begin(const char *path)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	files = mmap(NULL, FILES * sizeof *files, PROT_READ | PROT_WRITE,
	             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (files == MAP_FAILED || (mkdir(path, 0777) != 0 && errno != EEXIST))
		return false;
	folder = open(path, O_RDONLY | O_DIRECTORY);
	return folder >= 0;
}

uint32_t store_new(const struct ends *e)
{
	if (count == FILES)
		stop("too many files");
	files[count].ends = *e;
	return count++;
}

static int create(const struct ends *e)
{
	char name[64];
	uint32_t s = e->src, d = e->dst;
	(void)snprintf(name, sizeof name, "%03u.%03u.%03u.%03u.%05u-%03u.%03u.%03u.%03u.%05u",
	               s >> 24, s >> 16 & 255, s >> 8 & 255, s & 255, e->ports >> 16, d >> 24,
	               d >> 16 & 255, d >> 8 & 255, d & 255, e->ports & 0xffff);
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL, 0666);
	if (fd < 0)
		stop(name);
	return fd;
}

static void write_at(struct file *f, const uint8_t *p, size_t n, int64_t off)
{
	if (f->fd == 0)
		f->fd = create(&f->ends);
	if (pwrite(f->fd, p, n, off) != (ssize_t)n)
		stop("cannot write");
}

static void flush(struct file *f)
{
	if (f->top > f->base)
		write_at(f, f->piece->bytes, (size_t)(f->top - f->base), f->base);
	f->base = f->top;
}

static struct piece *take_piece(void)
{
	struct piece *p = free_pieces;
	if (p != NULL)
		free_pieces = p->next;
	else if ((p = malloc(sizeof *p)) == NULL)
		stop("no memory");
	return p;
}

void store_put(uint32_t file, int64_t off, const uint8_t *p, size_t n)
{
	struct file *f = &files[file];
	int64_t end = off + (int64_t)n;
	if (off >= f->base && end > f->base + PIECE)
		flush(f);
	if (off < f->base || end > f->base + PIECE) {
		write_at(f, p, n, off);
		return;
	}
	if (f->piece == NULL)
		f->piece = take_piece();
	memcpy(f->piece->bytes + (off - f->base), p, n);
	if (end > f->top)
		f->top = end;
}

void store_end(uint32_t file)
{
	struct file *f = &files[file];
	flush(f);
	if (f->fd != 0)
		(void)close(f->fd);
	f->fd = 0;
	if (f->piece != NULL) {
		f->piece->next = free_pieces;
		free_pieces = f->piece;
	}
	f->piece = NULL;
}

void store_close(void)
{
	for (uint32_t i = 1; i < count; i++)
		store_end(i);
}
