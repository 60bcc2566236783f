/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From events to files.
 *
 * A stream's bytes are gathered in chunks until 64 KiB follow on one another, then
 * written with one call; a small stream is one open, one write, one close, at its
 * end. Bytes that come from the receive queue are already in chunks, which are taken
 * over as they are. The files themselves are store.c's.
 *
 *	| written | chunk -> chunk -> chunk |
 *	          ^run       pending
 *
 * Files with pending bytes stand in `dirty`, the oldest first, and are written out in
 * that order when chunks run short.
 *
 * Invariants: F1 pending bytes are one run; F2 a run never crosses the origin of a file
 * that was made; F3 a file stands in `dirty` exactly when pending > 0.
 *
 * The first failure is told once and ends the run; each END then moves the bytes that
 * were lost from written to write_failed.
 */
#include "sink/files.h"

#include "base/error.h"
#include "sink/name.h"
#include "sink/store.h"

#include <string.h>

enum {
	GATHER = 32,        /* chunks in one write: about 64 KiB */
	DIRECT = 16 * 1024, /* a piece this long is written without being gathered */
};

struct file {
	struct stored stored;
	struct chunk *head, *tail; /* bytes not written yet */
	int64_t run;               /* stream offset of the first of them */
	uint32_t pending;          /* how many they are */
	uint32_t chunks;
	struct file *older, *newer; /* in files.dirty */
};

struct files {
	struct store store;
	struct chunk_pool *chunks;
	struct slab slab;
	struct file *oldest, *newest; /* dirty ones */
	char name[2][NAME_ROOM];      /* of the files that ended last */
};

/* -- writing ------------------------------------------------------------------- */

static void dirty_add(struct files *s, struct file *f)
{
	f->older = s->newest;
	f->newer = NULL;
	*(s->newest != NULL ? &s->newest->newer : &s->oldest) = f;
	s->newest = f;
}

static void dirty_remove(struct files *s, struct file *f)
{
	*(f->older != NULL ? &f->older->newer : &s->oldest) = f->newer;
	*(f->newer != NULL ? &f->newer->older : &s->newest) = f->older;
}

static void flush(struct files *s, struct file *f)
{
	if (f->pending == 0)
		return;
	struct iovec iov[GATHER];
	int count = 0;
	for (const struct chunk *c = f->head; c != NULL; c = c->next) {
		struct tf_span b = chunk_span(c);
		iov[count++] = (struct iovec){.iov_base = (void *)(uintptr_t)b.p, .iov_len = b.n};
	}
	store_write(&s->store, &f->stored, iov, count, f->run, f->pending);
	chunk_give_chain(s->chunks, f->head);
	f->head = f->tail = NULL;
	f->pending = f->chunks = 0;
	dirty_remove(s, f);
}

static bool flush_oldest(void *arg)
{
	struct files *s = arg;
	if (s->oldest == NULL)
		return false;
	flush(s, s->oldest);
	return true;
}

/* -- gathering ---------------------------------------------------------------------- */

static void append_chunk(struct files *s, struct file *f, struct chunk *c)
{
	if (f->pending == 0)
		dirty_add(s, f);
	f->pending += (uint32_t)(c->to - c->from);
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
	store_write(&s->store, &f->stored, &iov, 1, off, b.n);
}

/* -> whether bytes at off go on where the pending run ends */
static bool follows(const struct file *f, int64_t off)
{
	return f->pending > 0 && off == f->run + f->pending &&
	       !(f->stored.made && off == f->stored.origin);
}

/* -> whether bytes that end at end can go in front of the pending run */
static bool precedes(const struct file *f, int64_t end)
{
	return f->pending > 0 && end == f->run && !(f->stored.made && end == f->stored.origin);
}

static void gather(struct files *s, struct file *f, const struct tf_event *ev)
{
	struct tf_span b = ev->data;
	int64_t off = ev->offset;
	if (!f->stored.made)
		stored_lower(&f->stored, off);
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

/* -- the sink --------------------------------------------------------------------------- */

/* Ends the file of one direction, if it has any; which is the k-th that END tells of. */
static void finish(struct files *s, unsigned k, uintptr_t *slot, struct tf_account *account,
                   struct tf_record *record)
{
	struct file *f = slab_at(&s->slab, (uint32_t)*slot);
	*slot = 0;
	if (f == NULL)
		return;
	flush(s, f);
	store_finish(&s->store, &f->stored);
	int64_t lost = f->stored.garbled ? account->written : f->stored.lost;
	account->written -= lost;
	account->write_failed += lost;
	if (f->stored.made) {
		name_of(f->stored.flow, f->stored.dir, f->stored.number, s->name[k]);
		*record = (struct tf_record){.name = s->name[k], .size = f->stored.end};
		if (s->store.alerts != NULL)
			alerts_tell(s->store.alerts, TF_ALERT_CLOSE, s->name[k]);
	}
	slab_give(&s->slab, f);
}

static struct file *file_of(struct files *s, const struct tf_event *ev)
{
	struct file *f = slab_at(&s->slab, (uint32_t)*ev->slot);
	if (f != NULL)
		return f;
	f = slab_take(&s->slab);
	MUST(f != NULL); /* there are two for each flow */
	*f = (struct file){0};
	stored_init(&f->stored, ev->flow, ev->dir);
	*ev->slot = slab_index(&s->slab, f);
	return f;
}

static void data(struct files *s, const struct tf_event *ev)
{
	struct file *f = file_of(s, ev);
	/* Flows that share a name get their numbers in order of their first bytes,
	   not of their first writes, which depend on memory. */
	if (!f->stored.made && name_is_ambiguous(ev->flow)) {
		stored_lower(&f->stored, ev->offset);
		(void)store_ready(&s->store, &f->stored);
	}
	gather(s, f, ev);
}

/* -> how many of b's bytes stood in the pending run at off, and have been replaced */
static size_t rewrite_pending(struct file *f, int64_t off, struct tf_span b)
{
	size_t skip = (size_t)(off - f->run), done = 0;
	for (struct chunk *c = f->head; c != NULL && done < b.n; c = c->next) {
		size_t size = (size_t)(c->to - c->from);
		if (skip >= size) {
			skip -= size;
			continue;
		}
		size_t n = size - skip < b.n - done ? size - skip : b.n - done;
		memcpy(c->data + c->from + skip, b.p + done, n);
		done += n;
		skip = 0;
	}
	return done;
}

/* Bytes that were told before are replaced (the policy `last`). */
static void rewrite(struct files *s, const struct tf_event *ev)
{
	struct file *f = slab_at(&s->slab, (uint32_t)*ev->slot);
	struct tf_span b = ev->data;
	int64_t off = ev->offset;
	while (f != NULL && b.n > 0) {
		bool pending = f->pending > 0 && off >= f->run && off < f->run + f->pending;
		size_t n = b.n;
		if (pending)
			n = rewrite_pending(f, off, b);
		else if (f->pending > 0 && off < f->run && off + (int64_t)n > f->run)
			n = (size_t)(f->run - off);
		if (!pending)
			n = store_rewrite(&s->store, &f->stored, off, b.p, n);
		off += (int64_t)n;
		b.p += n;
		b.n -= n;
	}
}

/* A hole before the first byte moves the others up; all other holes are there
   because nothing is written in them. */
static void gap(struct files *s, const struct tf_event *ev)
{
	struct file *f = slab_at(&s->slab, (uint32_t)*ev->slot);
	if (f != NULL)
		stored_lower(&f->stored, ev->offset);
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
		finish(s, 0, &ev->slot[0], &ev->account[0], &ev->record[0]);
		if (ev->dir == TF_BOTH)
			finish(s, 1, &ev->slot[1], &ev->account[1], &ev->record[1]);
		break;
	case TF_CONFLICT:
		if (ev->conflict->rewrites)
			rewrite(s, ev);
		break;
	case TF_BEGIN:
	case TF_PROOF:
	case TF_REJECT:
	case TF_SEGMENT:
	case TF_APP:
		break;
	}
	if (s->store.failed && err != NULL)
		*err = s->store.err;
	return !s->store.failed;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): struct tf_sink says so */
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
		return chunk_copy(f->head, (size_t)(offset - f->run), to, n);
	if (f->pending > 0 && offset < f->run && offset + (int64_t)n > f->run)
		n = (size_t)(f->run - offset);
	return store_read(&s->store, &f->stored, offset, to, n);
}

static void count(void *self, struct tf_counters *c)
{
	const struct files *s = self;
	c->files += s->store.made;
	c->writes += s->store.writes;
}

static bool close_all(void *self, struct tf_error *err)
{
	const struct files *s = self;
	if (s->store.failed && err != NULL)
		*err = s->store.err;
	return !s->store.failed;
}

static void *open_sink(void *arg, unsigned worker, unsigned workers, struct tf_error *err)
{
	const struct files_setup *setup = arg;
	const struct sink_share *share = &setup->share[worker];
	struct files *s = arena_take(share->arena, sizeof *s);
	unsigned each = setup->descriptors / workers;
	if (s == NULL ||
	    !store_init(&s->store, share->arena, setup->dir, each > 0 ? each : 1, share->seed) ||
	    !slab_init(&s->slab, share->arena, sizeof(struct file), 2 * share->flows_max)) {
		(void)error_set(err, TF_USAGE, "--memory is too little for the files");
		return NULL;
	}
	s->store.alerts = setup->alerts;
	s->chunks = share->chunks;
	s->chunks->reclaim = flush_oldest;
	s->chunks->reclaim_arg = s;
	return s;
}

size_t files_memory_per_flow(void)
{
	return 2 * sizeof(struct file);
}

size_t files_memory_fixed(void)
{
	return sizeof(struct files) + store_memory() + 256; /* and alignment */
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
