/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/source.h"

#include "base/error.h"
#include "capture/pcap.h"
#include "capture/pcapng.h"
#include "capture/remote.h"
#include "capture/unpack.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct source {
	struct reading r;
	const struct format *format;
	void *state; /* of the format's reader */
	bool packed;
	bool never_waits;
	enum source_result latest; /* once it is not SOURCE_FRAME, it stays */
	struct tf_error why;       /* SOURCE_DAMAGED: said again when asked again */
	bool is_file;
};

enum { LOOK = 12 }; /* the first bytes, from which the format is told */

static const struct format *const formats[] = {&pcap_format, &pcapng_format};

/* The end of a long path tells more than its start. */
static void shorten(char to[NAME_ROOM], const char *name)
{
	size_t n = strlen(name);
	if (n < NAME_ROOM)
		memcpy(to, name, n + 1);
	else
		(void)snprintf(to, NAME_ROOM, "...%s", name + (n - NAME_ROOM + 4));
}

/* The first bytes of the file, at most LOOK. */
static struct tf_span look(struct feed *f)
{
	const uint8_t *p = feed_need(f, LOOK);
	if (p != NULL)
		return (struct tf_span){p, LOOK};
	return (struct tf_span){f->block->bytes + f->at, feed_left(f)};
}

/* Says why a file of no known format is none. */
static void refuse(const struct reading *r, struct tf_span first, struct tf_error *err)
{
	if (unpack_packer(first) != NULL)
		(void)error_set(err, TF_DAMAGED, "%s is packed more than once: unpack it first",
		                r->name);
	else if (first.n == 0)
		(void)error_set(err, TF_DAMAGED, "%s is empty", r->name);
	else
		(void)error_set(err, TF_DAMAGED, "%s is not a capture file (pcap or pcapng)",
		                r->name);
}

/* When the file is packed, the feed goes on with what it holds. */
static bool unpack(struct source *s, const struct opening *how, struct tf_error *err)
{
	struct feed *f = &s->r.feed;
	if (unpack_packer(look(f)) == NULL)
		return true;
	struct tf_span first = {f->block->bytes + f->at, feed_left(f)};
	struct origin o = f->origin;
	/* It may be read in another thread; `waits` is for the reader's. */
	const struct watch watch = {.over = how->watch.over, .arg = how->watch.arg};
	o.watch.waits = NULL;
	if (!unpack_origin(&o, first, watch))
		return error_set(err, TF_USAGE, "%s: no memory to unpack it", s->r.name);
	if (how->apart != NULL)
		how->apart(how->arg, &o);
	feed_restart(f, o);
	s->packed = true;
	return true;
}

static bool choose_format(struct source *s, struct tf_error *err)
{
	struct feed *f = &s->r.feed;
	struct tf_span first = look(f);
	if (f->state != FEED_OPEN && f->state != FEED_ENDED) {
		(void)reading_short(&s->r, LOOK, err);
		return false;
	}
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (first.n >= 4 && formats[i]->starts(first))
			s->format = formats[i];
	if (s->format == NULL) {
		refuse(&s->r, first, err);
		return false;
	}
	s->r.unit = s->format->unit;
	s->state = s->format->open(&s->r, err);
	return s->state != NULL;
}

static struct source *open_origin(struct origin o, const char *name, const struct opening *how,
                                  struct tf_error *err)
{
	struct source *s = calloc(1, sizeof *s);
	if (s == NULL) {
		(void)error_sys(err, TF_USAGE, "cannot open %s", name);
		origin_close(&o);
		return NULL;
	}
	s->r.index = how->index;
	s->r.unit = "record";
	shorten(s->r.name, name);
	if (!feed_open(&s->r.feed, o, how->store))
		(void)reading_short(&s->r, LOOK, err);
	else if (unpack(s, how, err) && choose_format(s, err))
		return s;
	source_close(s);
	return NULL;
}

static struct source *open_remote(const char *address, const char *path, const struct opening *how,
                                  struct tf_error *err)
{
	int fd = how->open != NULL ? how->open(how->open_arg, path)
	                           : remote_connect(address, &how->watch, err);
	if (fd < 0 && how->open != NULL)
		(void)error_sys(err, TF_USAGE, "cannot connect to %s", path);
	if (fd < 0)
		return NULL;
	struct origin o = origin_file(fd);
	o.watch = how->watch;
	return open_origin(o, path, how, err);
}

static int open_path(const char *path, const struct opening *how)
{
	return how->open != NULL ? how->open(how->open_arg, path)
	                         : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

struct source *source_open_as(const char *path, const struct opening *how, struct tf_error *err)
{
	const char *address = remote_address(path);
	if (address != NULL)
		return open_remote(address, path, how, err);
	bool piped = strcmp(path, "-") == 0;
	int fd = piped ? STDIN_FILENO : open_path(path, how);
	struct stat st;
	char name[NAME_ROOM];

	shorten(name, piped ? "standard input" : path);
	if (fd < 0 || fstat(fd, &st) != 0) {
		(void)error_sys(err, TF_USAGE, "cannot open %s", name);
		if (fd >= 0 && !piped)
			(void)close(fd);
		return NULL;
	}
	struct origin o = piped ? origin_borrowed(fd) : origin_file(fd);
	if (S_ISDIR(st.st_mode)) {
		(void)error_set(err, TF_USAGE, "%s is a folder, not a capture file", name);
		origin_close(&o);
		return NULL;
	}
	o.watch = how->watch;
	if (how->patience_ms > 0)
		origin_follow(&o, path, how->patience_ms);
	struct source *s = open_origin(o, name, how, err);
	if (s != NULL) {
		s->is_file = !piped && S_ISREG(st.st_mode);
		s->never_waits = S_ISREG(st.st_mode) && how->patience_ms == 0 && !s->packed;
	}
	return s;
}

struct source *source_open(const char *path, uint32_t index, const struct block_store *store,
                           struct tf_error *err)
{
	return source_open_as(path, &(struct opening){.index = index, .store = store}, err);
}

struct source *source_open_origin(const struct origin *from, const char *name, uint32_t index,
                                  const struct block_store *store, struct tf_error *err)
{
	return open_origin(*from, name, &(struct opening){.index = index, .store = store}, err);
}

enum source_result source_next(struct source *s, struct tf_frame *frame, struct tf_error *err)
{
	if (s->latest == SOURCE_FRAME)
		s->latest = s->format->next(s->state, &s->r, frame, &s->why);
	if (s->latest == SOURCE_FRAME) {
		frame->source = s->r.index;
		frame->number = ++s->r.frames;
	} else if (s->latest == SOURCE_DAMAGED && err != NULL) {
		*err = s->why;
	}
	return s->latest;
}

enum source_result source_frames(struct source *s, struct tf_frame *frame, unsigned most,
                                 unsigned *count, struct tf_error *err)
{
	enum source_result first = source_next(s, frame, err);
	*count = first == SOURCE_FRAME;
	if (first == SOURCE_FRAME && s->format->more != NULL)
		*count += s->format->more(s->state, &s->r, frame + 1, most - 1);
	return first;
}

struct block *source_block(const struct source *s)
{
	return s->r.feed.block;
}

uint64_t source_position(const struct source *s)
{
	return feed_taken(&s->r.feed);
}

uint64_t source_progress(const struct source *s)
{
	uint64_t behind = s->r.feed.origin.taken;
	return behind > 0 ? behind : feed_taken(&s->r.feed);
}

bool source_never_waits(const struct source *s)
{
	return s->never_waits;
}

bool source_is_file(const struct source *s)
{
	return s->is_file;
}

const struct source_notes *source_notes(const struct source *s)
{
	return &s->r.notes;
}

bool source_kind(size_t index, struct source_kind *to)
{
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
		size_t kinds = 0;
		while (formats[i]->kind(kinds, to))
			if (kinds++ == index)
				return true;
		index -= kinds;
	}
	return unpack_kind(index, to);
}

void source_close(struct source *s)
{
	if (s == NULL)
		return;
	if (s->state != NULL)
		s->format->close(s->state);
	feed_close(&s->r.feed);
	free(s->r.secrets);
	free(s);
}
