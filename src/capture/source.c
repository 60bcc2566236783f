/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/source.h"

#include "base/error.h"
#include "capture/pcap.h"
#include "capture/pcapng.h"

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
	uint32_t index;
	uint64_t frames;
	enum source_result latest; /* once it is not SOURCE_FRAME, it stays */
	struct tf_error why;       /* SOURCE_DAMAGED: said again when asked again */
};

enum { LOOK = 12 }; /* the first bytes, from which the format is told */

static const struct format *const formats[] = {&pcap_format, &pcapng_format};

/* What people hand in and must unpack first. */
static const struct packed {
	const char *name, *remedy;
	uint8_t magic[6];
	uint8_t n;
} packed[] = {
        {"gzip", "gunzip", {0x1f, 0x8b}, 2},
        {"zstd", "unzstd", {0x28, 0xb5, 0x2f, 0xfd}, 4},
        {"xz", "unxz", {0xfd, '7', 'z', 'X', 'Z', 0}, 6},
        {"bzip2", "bunzip2", {'B', 'Z', 'h'}, 3},
        {"lz4", "unlz4", {0x04, 0x22, 0x4d, 0x18}, 4},
};

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
	for (size_t i = 0; i < sizeof packed / sizeof packed[0]; i++) {
		const struct packed *k = &packed[i];
		if (first.n >= k->n && memcmp(first.p, k->magic, k->n) == 0) {
			(void)error_set(err, TF_DAMAGED,
			                "%s is compressed with %s: unpack it first (%s)", r->name,
			                k->name, k->remedy);
			return;
		}
	}
	if (first.n == 0)
		(void)error_set(err, TF_DAMAGED, "%s is empty", r->name);
	else
		(void)error_set(err, TF_DAMAGED, "%s is not a capture file (pcap or pcapng)",
		                r->name);
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

struct source *source_open_origin(const struct origin *from, const char *name, uint32_t index,
                                  const struct block_store *store, struct tf_error *err)
{
	struct origin o = *from;
	struct source *s = calloc(1, sizeof *s);
	if (s == NULL) {
		(void)error_sys(err, TF_USAGE, "cannot open %s", name);
		origin_close(&o);
		return NULL;
	}
	s->index = index;
	s->r.unit = "record";
	shorten(s->r.name, name);
	if (!feed_open(&s->r.feed, o, store))
		(void)reading_short(&s->r, LOOK, err);
	else if (choose_format(s, err))
		return s;
	source_close(s);
	return NULL;
}

struct source *source_open(const char *path, uint32_t index, const struct block_store *store,
                           struct tf_error *err)
{
	bool piped = strcmp(path, "-") == 0;
	int fd = piped ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
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
	return source_open_origin(&o, name, index, store, err);
}

enum source_result source_next(struct source *s, struct tf_frame *frame, struct tf_error *err)
{
	if (s->latest == SOURCE_FRAME)
		s->latest = s->format->next(s->state, &s->r, frame, &s->why);
	if (s->latest == SOURCE_FRAME) {
		frame->source = s->index;
		frame->number = ++s->frames;
	} else if (s->latest == SOURCE_DAMAGED && err != NULL) {
		*err = s->why;
	}
	return s->latest;
}

struct block *source_block(const struct source *s)
{
	return s->r.feed.block;
}

uint64_t source_position(const struct source *s)
{
	return feed_taken(&s->r.feed);
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
	return false;
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
