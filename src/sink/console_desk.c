/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of transcripts: see struct desk. */
#include "sink/console_inside.h"

#include "base/error.h"
#include "base/system.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PLACE = 16 * 1024 };

size_t desk_memory(unsigned places)
{
	return (sizeof(struct place) + PLACE) * places + 256; /* and alignment */
}

static void unlist(struct desk *d, struct place *p)
{
	*(p->older != NULL ? &p->older->newer : &d->oldest) = p->newer;
	*(p->newer != NULL ? &p->newer->older : &d->newest) = p->older;
}

static void list_newest(struct desk *d, struct place *p)
{
	p->older = d->newest;
	p->newer = NULL;
	*(d->newest != NULL ? &d->newest->newer : &d->oldest) = p;
	d->newest = p;
}

static void list_oldest(struct desk *d, struct place *p)
{
	p->newer = d->oldest;
	p->older = NULL;
	*(d->oldest != NULL ? &d->oldest->older : &d->newest) = p;
	d->oldest = p;
}

bool desk_init(struct desk *d, struct arena *a, const struct console_setup *setup, unsigned places,
               const char *suffix)
{
	*d = (struct desk){.dir = setup->dir, .names = setup->names, .suffix = suffix};
	struct place *place = arena_take(a, places * sizeof *place);
	uint8_t *buffers = arena_take(a, (size_t)places * PLACE);
	if (place == NULL || buffers == NULL)
		return false;
	for (unsigned i = 0; i < places; i++) {
		place[i] = (struct place){.fd = -1, .buffer = buffers + (size_t)i * PLACE};
		list_newest(d, &place[i]);
	}
	return true;
}

/* -- files ------------------------------------------------------------------------------ */

static void name_file(const struct desk *d, const struct transcript *t, uint32_t number,
                      char name[CONSOLE_NAME])
{
	console_name(&t->who, number, d->suffix, name);
}

static void fail(struct desk *d, const struct transcript *t, const char *what)
{
	char name[CONSOLE_NAME];
	name_file(d, t, t->number, name);
	if (!d->failed)
		(void)error_sys(&d->err, TF_OUTPUT, "cannot %s %s in %s", what, name, d->dir->path);
	d->failed = true;
}

static bool is_taken(const struct desk *d, const struct transcript *t, uint32_t number)
{
	char name[CONSOLE_NAME];
	name_file(d, t, number, name);
	return outdir_has(d->dir, name);
}

/* -> a number that is not taken, when low is: there may be thousands of them */
static uint32_t find_number(const struct desk *d, const struct transcript *t, uint32_t low)
{
	uint32_t step = 1;
	for (; low + step > low && is_taken(d, t, low + step); step *= 2)
		low += step;
	while (step > 1) { /* low + step is not taken */
		step /= 2;
		if (is_taken(d, t, low + step))
			low += step;
	}
	return low + 1;
}

static int create(struct desk *d, struct transcript *t)
{
	char name[CONSOLE_NAME];
	int fd;
	t->who = name_subject(d->names, t->of, t->of->originator);
	name_file(d, t, t->number, name);
	while ((fd = outdir_create(d->dir, name, &t->id)) < 0 && errno == EEXIST) {
		t->number = find_number(d, t, t->number);
		name_file(d, t, t->number, name);
	}
	t->made = fd >= 0;
	d->made += t->made;
	return fd;
}

static int open_file(struct desk *d, struct transcript *t)
{
	char name[CONSOLE_NAME];
	if (!t->made)
		return create(d, t);
	name_file(d, t, t->number, name);
	return outdir_reopen(d->dir, name, &t->id);
}

/* The file's time is that of its connection's first packet. */
static void shut(struct desk *d, struct place *p)
{
	if (p->fd < 0)
		return;
	struct timespec t = system_time(p->of->of->first_ns);
	(void)futimens(p->fd, (struct timespec[2]){t, t});
	if (close(p->fd) < 0 && errno != EINTR)
		fail(d, p->of, "close");
	p->fd = -1;
}

/* -> whether the place's file is open */
static bool ready(struct desk *d, struct place *p)
{
	struct place *other = d->oldest;
	while (p->fd < 0 && (p->fd = open_file(d, p->of)) < 0) {
		while (other != NULL && (other->fd < 0 || other == p))
			other = other->newer;
		if ((errno != EMFILE && errno != ENFILE) || other == NULL) {
			fail(d, p->of, p->of->made ? "open again" : "make");
			return false;
		}
		shut(d, other); /* the system gives fewer than we were promised */
	}
	return true;
}

static void write_all(struct desk *d, struct place *p, const uint8_t *bytes, size_t n)
{
	if (n == 0 || d->failed || !ready(d, p))
		return;
	while (n > 0) {
		ssize_t done = pwrite(p->fd, bytes, n, p->of->size);
		d->writes++;
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			errno = done == 0 ? EIO : errno;
			fail(d, p->of, "write");
			return;
		}
		p->of->size += done;
		bytes += done;
		n -= (size_t)done;
	}
}

/* -- places ------------------------------------------------------------------------------ */

static void empty(struct desk *d, struct place *p)
{
	write_all(d, p, p->buffer, p->n);
	p->n = 0;
}

static void leave(struct desk *d, struct place *p)
{
	empty(d, p);
	shut(d, p);
	p->of->place = NULL;
	p->of = NULL;
}

static struct place *take_place(struct desk *d, struct transcript *t)
{
	struct place *p = t->place != NULL ? t->place : d->oldest;
	if (p->of != NULL && p->of != t)
		leave(d, p);
	p->of = t;
	t->place = p;
	if (p != d->newest) {
		unlist(d, p);
		list_newest(d, p);
	}
	return p;
}

bool desk_write(struct desk *d, struct transcript *t, const void *bytes, size_t n)
{
	struct place *p = take_place(d, t);
	if (n > PLACE - p->n)
		empty(d, p);
	if (n > PLACE) {
		write_all(d, p, bytes, n);
		return !d->failed;
	}
	memcpy(p->buffer + p->n, bytes, n);
	p->n += n;
	return !d->failed;
}

bool desk_finish(struct desk *d, struct transcript *t)
{
	struct place *p = t->place;
	if (p == NULL)
		return !d->failed;
	leave(d, p);
	unlist(d, p);
	list_oldest(d, p);
	return !d->failed;
}
