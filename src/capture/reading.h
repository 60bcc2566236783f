/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the readers of all formats share: the feed, where they are in it, and how
 * they say that something is wrong.
 */
#ifndef CAPTURE_READING_H
#define CAPTURE_READING_H

#include "capture/feed.h"
#include "capture/source.h"

/* The largest snaplen in use (libpcap's MAXIMUM_SNAPLEN): a record that claims
   more captured bytes is damage. */
enum { CAPTURED_MOST = 262144 };

enum { NAME_ROOM = 200 };

struct reading {
	struct feed feed;
	char name[NAME_ROOM]; /* of the file, for messages; a long path by its end */
	const char *unit;     /* what the format calls a record */
	uint64_t record;      /* the latest, counted from 1 */
	uint64_t start;       /* its position */
	uint32_t index;       /* of the source: tf_frame.source */
	uint64_t frames;      /* so far: tf_frame.number of the latest */
	struct source_notes notes;
	uint8_t *secrets; /* owns notes.secrets_data */
};

/* A format of capture files. */
struct format {
	const char *name;
	const char *unit;
	/* -> whether a file that starts with these bytes (12, or the whole file
	   when it is shorter; at least 4) is of this format */
	bool (*starts)(struct tf_span first);
	/* Reads what stands before the records -> the reader's own state, or NULL
	   with *err */
	void *(*open)(struct reading *r, struct tf_error *err);
	/* Fills in all of *frame but source and number */
	enum source_result (*next)(void *self, struct reading *r, struct tf_frame *frame,
	                           struct tf_error *err);
	/* May be NULL. Goes on with the frames behind the latest one that lie whole in the feed's
	   block by now, and have nothing else between them: fills in all of each, at most `most`
	   -> how many; what comes then is for next() */
	unsigned (*more)(void *self, struct reading *r, struct tf_frame *frame, unsigned most);
	void (*close)(void *self);
	/* source_kind() of this format's kinds */
	bool (*kind)(size_t index, struct source_kind *to);
};

/* A record starts here. */
static inline void reading_record(struct reading *r)
{
	r->record++;
	r->start = r->feed.position;
}

/* -> whether the file ended where a record ends. */
static inline bool reading_over(const struct reading *r)
{
	return r->feed.state == FEED_ENDED && feed_taken(&r->feed) == r->start;
}

/* Says why the feed did not give the record, which needs so many bytes. */
enum source_result reading_short(const struct reading *r, uint64_t needs, struct tf_error *err);

/* Says "NAME: UNIT 5 at byte 1234 " and what is wrong with it. */
enum source_result reading_damage(const struct reading *r, struct tf_error *err, const char *format,
                                  ...) __attribute__((format(printf, 3, 4)));

#endif
