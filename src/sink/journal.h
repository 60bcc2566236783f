/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A journal is a file of rows (lines of JSON, elements of XML) that all workers write, and
 * that is the same however many they are: rows stand in the order of their turns.
 *
 *	one worker:   row -> buffer -> NAME
 *	several:      mark, row -> buffer -> NAME.K   (K: the worker), and the last worker to
 *	              close joins them behind what NAME has (join.h) and removes them
 *
 * Rows go out when the buffer is half full, and at each journal_flush(). So a run that is
 * killed leaves a file that ends within a row at worst, or parts that can still be joined:
 * see recover.h.
 *
 * At the end of an output generation the journal is finished as at its last close, while no worker
 * runs, and begins again in another folder; connections keep their numbers.
 *
 * Bounds: JOIN_BUFFER and, where rows have numbers of connections, 8 bytes for each flow, for
 * each worker. A row has at most JOIN_ROW_MAX bytes.
 */
#ifndef SINK_JOURNAL_H
#define SINK_JOURNAL_H

#include "base/text.h"
#include "sink/join.h"
#include "sink/outdir.h"
#include "sink/share.h"

struct journal_part;

/* The journal as a whole. */
struct journal {
	/* filled in by its owner, */
	const struct outdir *dir; /* outlives it */
	const char *base;         /* the file's name, at most 40 bytes */
	const char *path;         /* NULL, or what journal_use() writes to: for messages */
	bool dated;               /* the file gets the time of its latest row */
	/* May be NULL. What stands behind the last row */
	void (*tail)(void *arg, struct text *t);
	void *arg;
	struct journal_part **part;     /* [workers], zeroed */
	const struct sink_share *share; /* [workers] */
	unsigned workers;               /* before the first is opened */
	/* and its own */
	int fd; /* -1: there is no file yet */
	char name[JOURNAL_NAME];
	unsigned closed;
	uint64_t connections; /* in rows of several workers, in the generations before this one */
};

/* Makes the file now, with `head` as its beginning: an older one of that name keeps what it has
   under another (NAME.1 and so on), after it was mended where it is broken (recover.h). Without
   this it is made with its first row, under the next free name: NAMEc1, NAMEc2, ...
   -> false with *err */
bool journal_make(struct journal *j, const char *head, size_t n, struct tf_error *err);

/* Writes to that descriptor, which becomes the journal's: what path names. */
bool journal_use(struct journal *j, int fd, const char *head, size_t n, struct tf_error *err);

/* What a part takes of its worker's arena: for each flow, if rows have numbers, and besides. */
size_t journal_memory_per_flow(void);
size_t journal_memory_fixed(void);

/* The part of a worker, as struct tf_sink's open. numbers: rows have numbers of connections. */
struct journal_part *journal_open(struct journal *j, unsigned worker, bool numbers,
                                  struct tf_error *err);

/* A connection begins, whose id (from 1 to the worker's flows_max) is not in use. */
void journal_begin(struct journal_part *p, const struct tf_event *ev, uint32_t id);

/* -> where the next row is to be put, with room for JOIN_ROW_MAX bytes; NULL: the journal
   has failed */
struct text *journal_row(struct journal_part *p);

/* Puts the number of a connection there: now or when parts are joined. */
void journal_number(struct journal_part *p, const struct tf_flow *flow);

/* The row of that event is done. id: of the connection whose number is in it; else 0. -> false: it
   was too long, and is taken back. */
bool journal_add(struct journal_part *p, const struct tf_event *ev, uint32_t id);

/* Rows that wait go out -> false: the journal has failed */
bool journal_flush(struct journal_part *p);

/* -> false, with *err (when err is not NULL), when it has */
bool journal_works(const struct journal_part *p, struct tf_error *err);

/* The connection of that event, whose id is in use, began in a generation before this one: before
   its first row in this one. */
void journal_carry(struct journal_part *p, const struct tf_event *ev, uint32_t id);

/* An output generation ends, and no worker runs: what the parts have becomes the journal, which is
   closed, as all files are -> false with *err */
bool journal_finish(struct journal *j, struct tf_error *err);

/* Another one begins, in j->dir as it is now; journal_make() came first, where there is to be a
   journal without rows -> false with *err */
bool journal_begin_again(struct journal *j, struct tf_error *err);

/* As struct tf_sink's close. */
bool journal_close(struct journal_part *p, struct tf_error *err);

/* Of a journal that was made but never opened: its tail is written, and it is closed. */
void journal_give_up(struct journal *j);

#endif
