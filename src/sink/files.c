/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From events to files.
 *
 * A stream's bytes are gathered in chunks until 64 KiB follow on one another, then
 * written with one call; a small stream is one open, one write, one close, at its
 * end. Bytes that come from the receive queue are already in chunks, which are taken
 * over as they are.
 *
 *	file:  0 ......... position of run              origin: the stream offset that
 *	       | written | chunk -> chunk -> chunk |            stands at position 0
 *	                   <----- pending ----->
 *
 * Bytes before the origin turn up when a capture starts in the middle. Before the
 * file is made, the origin just moves. Afterwards they are gathered in a second file
 * (NAME.head) and put in front when the stream ends: one pass over the data,
 * however many such pieces there were.
 *
 * Descriptors are held by files that were written last (list `open`), and given up
 * in that order; files with pending bytes stand in `dirty`, the oldest first, and are
 * written out in that order when chunks run short.
 *
 * Invariants: F1 pending bytes are one run; F2 a file stands in `open` exactly when
 * fd >= 0, in `dirty` exactly when pending > 0; F3 head_low <= origin.
 *
 * A file that cannot be written keeps what it has; from then on its bytes count as
 * lost, and its END moves them from written to write_failed. The first failure is
 * told once and ends the run.
 */
#include "sink/files.h"

#include "base/error.h"
#include "base/hash.h"
#include "sink/name.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	GATHER = 32,        /* chunks in one write: about 64 KiB */
	DIRECT = 16 * 1024, /* a piece this long is written without being gathered */
	NUMBERS = 4096,     /* names whose latest number is remembered */
	COPY = 64 * 1024,   /* piece size for putting the head in front */
};
#define HEAD_ROOM (INT64_C(1) << 33) /* position of the origin in NAME.head */

struct link {
	struct file *older, *newer;
};

struct list {
	struct file *oldest, *newest;
};

struct file {
	const struct tf_flow *flow;
	struct chunk *head, *tail;
	int64_t run;    /* stream offset of the first pending byte */
	int64_t origin; /* stream offset of position 0 */
	int64_t low;    /* lowest stream offset: bytes in NAME.head when below origin */
	int64_t end;    /* behind the highest byte written: a position */
	int64_t lost;   /* bytes that could not be written */
	struct outfile_id id, head_id;
	uint32_t pending; /* bytes in chunks */
	uint32_t chunks;
	uint32_t number; /* files of this name before */
	int fd;
	uint8_t dir;
	bool made, head_made, failed;
	struct link open, dirty;
};

/* Streams with the same name: the number that the latest of them got. */
struct number {
	uint64_t name; /* its hash */
	uint32_t latest;
};

struct files {
	const struct outdir *dir;
	struct chunk_pool *chunks;
	struct slab slab;
	struct list open, dirty;
	unsigned open_count, open_max;
	uint64_t seed;
	uint64_t made, writes;
	bool failed;
	struct tf_error err;
	struct number *number; /* [NUMBERS] */
	uint8_t *copy;         /* [COPY] */
};

/* -- lists ------------------------------------------------------------------ */

#define LIST_ADD(list, f, which)                                                                   \
	do {                                                                                       \
		(f)->which = (struct link){.older = (list)->newest};                               \
		*((list)->newest != NULL ? &(list)->newest->which.newer : &(list)->oldest) = (f);  \
		(list)->newest = (f);                                                              \
	} while (0)

#define LIST_REMOVE(list, f, which)                                                                \
	do {                                                                                       \
		const struct link l = (f)->which;                                                  \
		*(l.older != NULL ? &l.older->which.newer : &(list)->oldest) = l.newer;            \
		*(l.newer != NULL ? &l.newer->which.older : &(list)->newest) = l.older;            \
	} while (0)

/* -- failures ----------------------------------------------------------------- */

static void fail(struct files *s, struct file *f, const char *what, const char *name)
{
	f->failed = true;
	if (!s->failed)
		(void)error_sys(&s->err, TF_OUTPUT, "cannot %s %s in %s", what, name, s->dir->path);
	s->failed = true;
}

/* -- descriptors ---------------------------------------------------------------- */

static struct timespec timespec_of(int64_t ns)
{
	int64_t sec = ns / 1000000000, rest = ns % 1000000000;
	return (struct timespec){.tv_sec = rest < 0 ? sec - 1 : sec,
	                         .tv_nsec = (long)(rest < 0 ? rest + 1000000000 : rest)};
}

/* Closes a file with its direction's first packet as its time. */
static void shut(struct files *s, struct file *f)
{
	if (f->fd < 0)
		return;
	struct timespec t = timespec_of(f->flow->began_ns[f->dir]);
	(void)futimens(f->fd, (struct timespec[2]){t, t});
	if (close(f->fd) < 0 && errno != EINTR) {
		char name[NAME_ROOM];
		name_of(f->flow, f->dir, f->number, name);
		fail(s, f, "close", name);
	}
	f->fd = -1;
	LIST_REMOVE(&s->open, f, open);
	s->open_count--;
}

/* -> where the numbers of this name are remembered */
static struct number *number_of(struct files *s, const char *name)
{
	uint64_t hash = hash_bytes(name, strlen(name), s->seed);
	struct number *n = &s->number[hash % NUMBERS];
	if (n->name != hash)
		*n = (struct number){.name = hash};
	return n;
}

/* Makes the file under the first name that is not taken. */
static int create(struct files *s, struct file *f, char name[NAME_ROOM])
{
	name_of(f->flow, f->dir, 0, name);
	int fd = outdir_create(s->dir, name, &f->id);
	if (fd < 0 && errno == EEXIST) {
		struct number *n = number_of(s, name);
		do {
			f->number = ++n->latest;
			name_of(f->flow, f->dir, f->number, name);
			fd = outdir_create(s->dir, name, &f->id);
		} while (fd < 0 && errno == EEXIST);
	}
	f->made = fd >= 0;
	s->made += f->made;
	return fd;
}

/* Makes sure that f->fd is open; the latest used is the last to be given up. */
static bool ready(struct files *s, struct file *f)
{
	if (f->failed)
		return false;
	if (f->fd >= 0) {
		if (s->open.newest != f) {
			LIST_REMOVE(&s->open, f, open);
			LIST_ADD(&s->open, f, open);
		}
		return true;
	}
	while (s->open_count >= s->open_max)
		shut(s, s->open.oldest);
	char name[NAME_ROOM];
	const char *what = f->made ? "open again" : "make";
	if (f->made) {
		name_of(f->flow, f->dir, f->number, name);
		f->fd = outdir_reopen(s->dir, name, &f->id);
	} else {
		f->fd = create(s, f, name);
	}
	if (f->fd < 0) {
		fail(s, f, what, name);
		return false;
	}
	LIST_ADD(&s->open, f, open);
	s->open_count++;
	return true;
}

/* -- writing ---------------------------------------------------------------------- */

/* Writes all of iov at a position -> false with errno */
static bool write_all(struct files *s, int fd, struct iovec *iov, int count, int64_t position)
{
	while (count > 0) {
		ssize_t n = pwritev(fd, iov, count, position);
		s->writes++;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? EIO : errno;
			return false;
		}
		position += n;
		for (; count > 0 && (size_t)n >= iov->iov_len; iov++, count--)
			n -= (ssize_t)iov->iov_len;
		if (count > 0) {
			iov->iov_base = (uint8_t *)iov->iov_base + n;
			iov->iov_len -= (size_t)n;
		}
	}
	return true;
}

static void name_head(const struct file *f, char to[NAME_ROOM])
{
	name_of(f->flow, f->dir, f->number, to);
	size_t n = strlen(to);
	(void)snprintf(to + n, NAME_ROOM - n, ".head");
}

/* Opens NAME.head; it is rarely needed and closed after each use. */
static int open_head(struct files *s, struct file *f)
{
	char name[NAME_ROOM];
	name_head(f, name);
	if (f->head_made)
		return outdir_reopen(s->dir, name, &f->head_id);
	int fd = outdir_create(s->dir, name, &f->head_id);
	f->head_made = fd >= 0;
	return fd;
}

static bool write_head(struct files *s, struct file *f, struct iovec *iov, int count, int64_t off)
{
	int fd = open_head(s, f);
	bool ok = fd >= 0 && write_all(s, fd, iov, count, HEAD_ROOM + off - f->origin);
	int cause = errno;
	if (fd >= 0)
		(void)close(fd);
	errno = cause;
	return ok;
}

/* Writes a run of n bytes that starts at stream offset off. */
static void write_run(struct files *s, struct file *f, struct iovec *iov, int count, int64_t off,
                      int64_t n)
{
	bool ok = ready(s, f);
	if (ok)
		ok = off < f->origin ? write_head(s, f, iov, count, off)
		                     : write_all(s, f->fd, iov, count, off - f->origin);
	if (!ok) {
		char name[NAME_ROOM];
		name_of(f->flow, f->dir, f->number, name);
		if (!f->failed)
			fail(s, f, "write", name);
		f->lost += n;
		return;
	}
	if (off < f->low)
		f->low = off;
	if (off - f->origin + n > f->end)
		f->end = off - f->origin + n;
}

/* A run never crosses the origin of a made file. */
static void flush(struct files *s, struct file *f)
{
	if (f->pending == 0)
		return;
	struct iovec iov[GATHER + 1];
	int count = 0;
	for (const struct chunk *c = f->head; c != NULL; c = c->next) {
		struct tf_span b = chunk_span(c);
		iov[count++] = (struct iovec){.iov_base = (void *)(uintptr_t)b.p, .iov_len = b.n};
	}
	write_run(s, f, iov, count, f->run, f->pending);
	chunk_give_chain(s->chunks, f->head);
	f->head = f->tail = NULL;
	f->pending = f->chunks = 0;
	LIST_REMOVE(&s->dirty, f, dirty);
}

static bool flush_oldest(void *arg)
{
	struct files *s = arg;
	if (s->dirty.oldest == NULL)
		return false;
	flush(s, s->dirty.oldest);
	return true;
}

/* -- gathering ---------------------------------------------------------------------- */

static void added(struct files *s, struct file *f, size_t n)
{
	if (f->pending == 0)
		LIST_ADD(&s->dirty, f, dirty);
	f->pending += (uint32_t)n;
}

static void append_chunk(struct files *s, struct file *f, struct chunk *c)
{
	added(s, f, (size_t)(c->to - c->from));
	*(f->tail != NULL ? &f->tail->next : &f->head) = c;
	f->tail = c;
	f->chunks++;
}

/* Copies b behind the pending bytes -> how much of it found room */
static size_t append(struct files *s, struct file *f, struct tf_span b)
{
	struct chunk *c = f->tail;
	if (c == NULL || c->to == CHUNK_ROOM) {
		if (f->chunks == GATHER)
			return 0;
		/* Taking a chunk may flush this file too; then it starts a new run. */
		int64_t run = f->run + f->pending;
		c = chunk_take(s->chunks);
		if (c == NULL)
			return 0;
		if (f->pending == 0)
			f->run = run;
		append_chunk(s, f, c);
	}
	size_t room = (size_t)(CHUNK_ROOM - c->to), n = b.n < room ? b.n : room;
	memcpy(c->data + c->to, b.p, n);
	c->to = (uint16_t)(c->to + n);
	f->pending += (uint32_t)n;
	return n;
}

/* Copies b in front of the pending bytes -> whether there was room */
static bool prepend(struct files *s, struct file *f, struct tf_span b)
{
	if (b.n > CHUNK_ROOM || f->chunks == GATHER)
		return false;
	struct chunk *c = chunk_take(s->chunks);
	if (c == NULL)
		return false;
	if (f->pending == 0) { /* flushed to make room */
		chunk_give(s->chunks, c);
		return false;
	}
	memcpy(c->data, b.p, b.n);
	c->to = (uint16_t)b.n;
	c->next = f->head;
	f->head = c;
	f->chunks++;
	f->run -= (int64_t)b.n;
	f->pending += (uint32_t)b.n;
	return true;
}

static void write_direct(struct files *s, struct file *f, int64_t off, struct tf_span b)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)b.p, .iov_len = b.n};
	write_run(s, f, &iov, 1, off, (int64_t)b.n);
}

/* -> whether bytes at off go on where the pending run ends */
static bool follows(const struct file *f, int64_t off)
{
	return f->pending > 0 && off == f->run + f->pending && !(f->made && off == f->origin);
}

/* -> whether bytes that end at end can go in front of the pending run */
static bool precedes(const struct file *f, int64_t end)
{
	return f->pending > 0 && end == f->run && !(f->made && end == f->origin);
}

static void gather(struct files *s, struct file *f, const struct tf_event *ev)
{
	struct tf_span b = ev->data;
	int64_t off = ev->offset;
	if (!f->made && off < f->origin)
		f->origin = f->low = off;
	if (precedes(f, off + (int64_t)b.n) && prepend(s, f, b))
		return;
	if (!follows(f, off) || f->chunks == GATHER || b.n >= DIRECT)
		flush(s, f);
	if (f->pending == 0)
		f->run = off;
	if (b.n >= DIRECT) {
		write_direct(s, f, off, b);
		return;
	}
	if (ev->loan != NULL && *ev->loan != NULL) {
		append_chunk(s, f, *ev->loan);
		*ev->loan = NULL;
		return;
	}
	while (b.n > 0) {
		size_t n = append(s, f, b);
		off += (int64_t)n;
		b.p += n;
		b.n -= n;
		if (n > 0)
			continue;
		if (f->pending == 0) { /* no chunk to be had */
			write_direct(s, f, off, b);
			return;
		}
		flush(s, f);
		f->run = off;
	}
}

/* -- the end of a stream --------------------------------------------------------------- */

/* Copies n bytes within or between files, the last ones first, so that they may move
   up over themselves. */
static bool move_up(struct files *s, int from, int64_t at, int to, int64_t position, int64_t n)
{
	while (n > 0) {
		int64_t part = n < COPY ? n : COPY;
		n -= part;
		memset(s->copy, 0, (size_t)part); /* what lies behind the end reads as a hole */
		if (pread(from, s->copy, (size_t)part, at + n) < 0)
			return false;
		struct iovec iov = {.iov_base = s->copy, .iov_len = (size_t)part};
		if (!write_all(s, to, &iov, 1, position + n))
			return false;
	}
	return true;
}

/* Puts what lies before the origin in front: bytes of NAME.head, or a hole. */
static void join_head(struct files *s, struct file *f)
{
	int64_t room = f->origin - f->low;
	if (!f->made || room == 0 || !ready(s, f))
		return;
	char name[NAME_ROOM];
	name_head(f, name);
	int head = f->head_made ? open_head(s, f) : -1;
	bool ok = (head >= 0 || !f->head_made) && move_up(s, f->fd, 0, f->fd, room, f->end);
	if (ok && f->head_made)
		ok = move_up(s, head, HEAD_ROOM - room, f->fd, 0, room);
	else if (ok)
		ok = fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, room) == 0;
	if (!ok)
		fail(s, f, "put the first bytes in front of", name);
	else if (f->head_made)
		outdir_remove(s->dir, name);
	if (head >= 0)
		(void)close(head);
}

/* Ends the file of one direction, if it has any. */
static void finish(struct files *s, uintptr_t *slot, struct tf_account *account)
{
	struct file *f = slab_at(&s->slab, (uint32_t)*slot);
	*slot = 0;
	if (f == NULL)
		return;
	flush(s, f);
	join_head(s, f);
	shut(s, f);
	account->written -= f->lost;
	account->write_failed += f->lost;
	slab_give(&s->slab, f);
}

/* -- the sink --------------------------------------------------------------------------- */

static struct file *file_of(struct files *s, const struct tf_event *ev)
{
	struct file *f = slab_at(&s->slab, (uint32_t)*ev->slot);
	if (f != NULL)
		return f;
	f = slab_take(&s->slab);
	MUST(f != NULL); /* there are two for each flow */
	*f = (struct file){.flow = ev->flow, .dir = ev->dir, .fd = -1};
	*ev->slot = slab_index(&s->slab, f);
	return f;
}

static void data(struct files *s, const struct tf_event *ev)
{
	struct file *f = file_of(s, ev);
	/* Flows that share a name get their numbers in order of their first bytes,
	   not of their first writes, which depend on memory. */
	if (!f->made && name_is_ambiguous(ev->flow))
		(void)ready(s, f);
	gather(s, f, ev);
}

/* A hole before the first byte moves the others up; all other holes are there
   because nothing is written in them. */
static void gap(struct files *s, const struct tf_event *ev)
{
	struct file *f = slab_at(&s->slab, (uint32_t)*ev->slot);
	if (f == NULL || ev->offset >= f->low)
		return;
	f->low = ev->offset;
	if (!f->made)
		f->origin = f->low;
}

static bool event(void *self, const struct tf_event *ev, struct tf_error *err)
{
	struct files *s = self;
	switch (ev->kind) {
	case TF_DATA:
		data(s, ev);
		break;
	case TF_GAP:
		gap(s, ev);
		break;
	case TF_END:
		finish(s, &ev->slot[0], &ev->account[0]);
		if (ev->dir == TF_BOTH)
			finish(s, &ev->slot[1], &ev->account[1]);
		break;
	case TF_BEGIN:
	case TF_CONFLICT:
	case TF_APP:
		break;
	}
	if (s->failed && err != NULL)
		*err = s->err;
	return !s->failed;
}

/* From the chunks that wait to be written. */
static size_t recall_pending(const struct file *f, int64_t offset, uint8_t *to, size_t n)
{
	size_t done = 0;
	int64_t skip = offset - f->run;
	for (const struct chunk *c = f->head; c != NULL && done < n; c = c->next) {
		struct tf_span b = chunk_span(c);
		if (skip >= (int64_t)b.n) {
			skip -= (int64_t)b.n;
			continue;
		}
		size_t part = b.n - (size_t)skip < n - done ? b.n - (size_t)skip : n - done;
		memcpy(to + done, b.p + skip, part);
		done += part;
		skip = 0;
	}
	return done;
}

static size_t recall_written(struct files *s, struct file *f, int64_t offset, uint8_t *to, size_t n)
{
	if (!f->made || f->lost > 0 || !ready(s, f))
		return 0;
	if (offset >= f->origin) {
		ssize_t got = pread(f->fd, to, n, offset - f->origin);
		return got < 0 ? 0 : (size_t)got;
	}
	int fd = f->head_made ? open_head(s, f) : -1;
	if (fd < 0)
		return 0;
	if (offset + (int64_t)n > f->origin)
		n = (size_t)(f->origin - offset);
	ssize_t got = pread(fd, to, n, HEAD_ROOM + offset - f->origin);
	(void)close(fd);
	return got < 0 ? 0 : (size_t)got;
}

static size_t recall(void *self, const struct tf_flow *flow, unsigned dir, uintptr_t *slot,
                     int64_t offset, uint8_t *to, size_t n)
{
	(void)flow;
	(void)dir;
	struct files *s = self;
	struct file *f = slab_at(&s->slab, (uint32_t)*slot);
	if (f == NULL)
		return 0;
	int64_t run_end = f->run + f->pending;
	if (f->pending > 0 && offset >= f->run && offset < run_end)
		return recall_pending(f, offset, to, n);
	if (f->pending > 0 && offset < f->run && offset + (int64_t)n > f->run)
		n = (size_t)(f->run - offset);
	return recall_written(s, f, offset, to, n);
}

static void count(void *self, struct tf_counters *c)
{
	const struct files *s = self;
	c->files += s->made;
	c->writes += s->writes;
}

static bool close_all(void *self, struct tf_error *err)
{
	const struct files *s = self;
	if (s->failed && err != NULL)
		*err = s->err;
	return !s->failed;
}

static void *open_sink(void *arg, unsigned worker, unsigned workers, struct tf_error *err)
{
	const struct files_setup *setup = arg;
	const struct files_share *share = &setup->share[worker];
	struct files *s = arena_take(share->arena, sizeof *s);
	struct number *numbers = arena_take(share->arena, NUMBERS * sizeof *numbers);
	uint8_t *copy = arena_take(share->arena, COPY);
	struct slab slab;
	if (s == NULL || numbers == NULL || copy == NULL ||
	    !slab_init(&slab, share->arena, sizeof(struct file), 2 * share->flows_max)) {
		(void)error_set(err, TF_USAGE, "--memory is too little for the files");
		return NULL;
	}
	unsigned each = setup->descriptors / workers;
	*s = (struct files){.dir = &setup->dir,
	                    .chunks = share->chunks,
	                    .slab = slab,
	                    .open_max = each > 0 ? each : 1,
	                    .seed = share->seed,
	                    .number = numbers,
	                    .copy = copy};
	share->chunks->reclaim = flush_oldest;
	share->chunks->reclaim_arg = s;
	return s;
}

size_t files_memory_per_flow(void)
{
	return 2 * sizeof(struct file);
}

size_t files_memory_fixed(void)
{
	return sizeof(struct files) + NUMBERS * sizeof(struct number) + COPY + 256;
}

struct tf_sink files_sink(struct files_setup *setup)
{
	return (struct tf_sink){.name = "files",
	                        .order = TF_PLACED,
	                        .arg = setup,
	                        .open = open_sink,
	                        .event = event,
	                        .recall = recall,
	                        .count = count,
	                        .close = close_all};
}
