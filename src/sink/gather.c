/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/gather.h"

#include <string.h>

enum {
	GATHER = 48,             /* chunks in one write, at most */
	STRIDE = 64 * 1024,      /* a run ends where a multiple of this stands in the file; */
	MANY = 24,               /* while more files than these are dirty, */
	STRIDE_MANY = 16 * 1024, /* of this: what waits should stay in the processor's caches */
	MUCH = 2 * 1024,         /* bytes after which a run goes on in large chunks */
	DIRECT = 16 * 1024,      /* a piece this long is written without being gathered */
};

/* -- writing ------------------------------------------------------------------- */

static void dirty_add(struct gather *g, struct gathered *f)
{
	f->since = g->flushes;
	f->older = g->newest;
	f->newer = NULL;
	*(g->newest != NULL ? &g->newest->newer : &g->oldest) = f;
	g->newest = f;
	g->dirty++;
}

static void dirty_remove(struct gather *g, struct gathered *f)
{
	*(f->older != NULL ? &f->older->newer : &g->oldest) = f->newer;
	*(f->newer != NULL ? &f->newer->older : &g->newest) = f->older;
	g->dirty--;
}

/* Writes what is pending, and mark behind it, which is no loss when it cannot be written. */
static void write_out(struct gather *g, struct gathered *f, struct tf_span mark)
{
	struct iovec iov[GATHER + 1];
	int count = 0;
	int64_t lost = f->stored.lost;
	for (const struct chunk *c = f->head; c != NULL; c = c->next) {
		struct tf_span b = chunk_span(c);
		iov[count++] = (struct iovec){.iov_base = (void *)(uintptr_t)b.p, .iov_len = b.n};
	}
	if (mark.n > 0)
		iov[count++] =
		        (struct iovec){.iov_base = (void *)(uintptr_t)mark.p, .iov_len = mark.n};
	store_write(g->store, &f->stored, iov, count, f->run, f->pending + mark.n);
	lost = f->stored.lost - lost;
	f->stored.lost -= lost < (int64_t)mark.n ? lost : (int64_t)mark.n;
	if (f->pending == 0)
		return;
	chunk_give_chain(g->chunks, f->head);
	f->busy = f->pending >= MUCH;
	f->head = f->tail = NULL;
	f->pending = f->left = f->chunks = 0;
	dirty_remove(g, f);
}

void gather_flush(struct gather *g, struct gathered *f)
{
	if (f->pending > 0)
		write_out(g, f, (struct tf_span){0});
}

void gather_settle(struct gather *g, struct gathered *f)
{
	gather_flush(g, f);
	f->run = 0;
	f->busy = false;
	f->older = f->newer = NULL;
	f->since = 0;
}

void gather_flush_old(struct gather *g)
{
	while (g->oldest != NULL && g->oldest->since < g->flushes)
		gather_flush(g, g->oldest);
	g->flushes++;
	store_tick(g->store);
}

/* The run stays one: what follows the skipped bytes follows it in the file. */
void gather_skip(struct gather *g, struct gathered *f, int64_t off, int64_t n, struct tf_span mark)
{
	int64_t by = n - (int64_t)mark.n;
	if (f->pending == 0)
		f->run = off;
	if (mark.n > 0)
		write_out(g, f, mark);
	f->run += by;
	stored_shift(&f->stored, by);
}

static bool flush_oldest(void *arg)
{
	struct gather *g = arg;
	if (g->oldest == NULL)
		return g->next_reclaim != NULL && g->next_reclaim(g->next_arg);
	gather_flush(g, g->oldest);
	return true;
}

/* -- gathering ---------------------------------------------------------------------- */

static void append_chunk(struct gather *g, struct gathered *f, struct chunk *c)
{
	if (f->pending == 0)
		dirty_add(g, f);
	f->pending += (uint32_t)(c->to - c->from);
	*(f->tail != NULL ? &f->tail->next : &f->head) = c;
	f->tail = c;
	f->left = 0;
	f->chunks++;
}

/* -> how many bytes more should be in the run */
static size_t run_left(const struct gather *g, const struct gathered *f)
{
	size_t stride = g->dirty > MANY ? STRIDE_MANY : STRIDE;
	size_t over = (size_t)(f->run + f->pending - f->stored.origin) & (stride - 1);
	return over == 0 && f->pending > 0 ? 0 : stride - over;
}

/* -> a chunk for what comes next, or NULL; may flush f, too, when chunks are short */
static struct chunk *take(struct gather *g, const struct gathered *f)
{
	struct chunk *c = NULL;
	if (f->busy || f->pending >= MUCH)
		c = chunk_take_large(g->chunks);
	return c != NULL ? c : chunk_take(g->chunks);
}

/* Into the last chunk, b.n being at most f->left. */
static void copy(struct gathered *f, struct tf_span b)
{
	struct chunk *c = f->tail;
	memcpy(c->data + c->to, b.p, b.n);
	c->to += (uint32_t)b.n;
	f->pending += (uint32_t)b.n;
	f->left -= (uint32_t)b.n;
}

/* Copies b behind the pending bytes -> how much of it found room */
static size_t append(struct gather *g, struct gathered *f, struct tf_span b)
{
	size_t left = run_left(g, f);
	if (left == 0)
		return 0;
	if (f->tail == NULL || chunk_left(f->tail) == 0) {
		if (f->chunks == GATHER)
			return 0;
		int64_t run = f->run + f->pending;
		struct chunk *c = take(g, f);
		if (c == NULL)
			return 0;
		if (f->pending == 0)
			f->run = run; /* it was flushed, and begins another */
		append_chunk(g, f, c);
	}
	if (left > chunk_left(f->tail))
		left = chunk_left(f->tail);
	f->left = (uint32_t)left;
	if (b.n > left)
		b.n = left;
	copy(f, b);
	return b.n;
}

/* Copies b in front of the pending bytes -> whether there was room */
static bool prepend(struct gather *g, struct gathered *f, struct tf_span b)
{
	if (b.n > CHUNK_ROOM || f->chunks == GATHER)
		return false;
	struct chunk *c = chunk_take(g->chunks);
	if (c == NULL)
		return false;
	if (f->pending == 0) { /* flushed to make room */
		chunk_give(g->chunks, c);
		return false;
	}
	memcpy(c->data, b.p, b.n);
	c->to = (uint32_t)b.n;
	c->next = f->head;
	f->head = c;
	f->chunks++;
	f->run -= (int64_t)b.n;
	f->pending += (uint32_t)b.n;
	return true;
}

static void write_direct(struct gather *g, struct gathered *f, int64_t off, struct tf_span b)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)b.p, .iov_len = b.n};
	store_write(g->store, &f->stored, &iov, 1, off, b.n);
}

/* -> whether bytes at off go on where the pending run ends */
static bool follows(const struct gathered *f, int64_t off)
{
	return f->pending > 0 && off == f->run + f->pending &&
	       !(f->stored.made && off == f->stored.origin);
}

/* -> whether bytes that end at end can go in front of the pending run */
static bool precedes(const struct gathered *f, int64_t end)
{
	return f->pending > 0 && end == f->run && !(f->stored.made && end == f->stored.origin);
}

/* -> whether a chunk that is lent becomes f's; not where its bytes go into a large one */
static bool takes_over(const struct gathered *f, struct chunk **loan)
{
	return loan != NULL && *loan != NULL && (f->tail == NULL || !f->tail->large);
}

void gather_put(struct gather *g, struct gathered *f, int64_t off, struct tf_span b,
                struct chunk **loan)
{
	if (off == f->run + f->pending && b.n <= f->left && !takes_over(f, loan)) {
		copy(f, b);
		return;
	}
	if (!f->stored.made)
		stored_lower(&f->stored, off);
	if (precedes(f, off + (int64_t)b.n) && prepend(g, f, b))
		return;
	if (!follows(f, off) || f->chunks == GATHER || b.n >= DIRECT)
		gather_flush(g, f);
	if (f->pending == 0)
		f->run = off;
	if (b.n >= DIRECT) {
		write_direct(g, f, off, b);
		return;
	}
	if (takes_over(f, loan)) {
		append_chunk(g, f, *loan);
		*loan = NULL;
		return;
	}
	while (b.n > 0) {
		size_t n = append(g, f, b);
		off += (int64_t)n;
		b.p += n;
		b.n -= n;
		if (n > 0)
			continue;
		if (f->pending == 0) { /* no chunk to be had */
			write_direct(g, f, off, b);
			return;
		}
		gather_flush(g, f);
		f->run = off;
	}
}

/* -- rewriting and reading ----------------------------------------------------------- */

/* -> how many of b's bytes stood in the pending run at off, and have been replaced */
static size_t rewrite_pending(struct gathered *f, int64_t off, struct tf_span b)
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

void gather_rewrite(struct gather *g, struct gathered *f, int64_t off, struct tf_span b)
{
	while (b.n > 0) {
		bool pending = f->pending > 0 && off >= f->run && off < f->run + f->pending;
		size_t n = b.n;
		if (pending)
			n = rewrite_pending(f, off, b);
		else if (f->pending > 0 && off < f->run && off + (int64_t)n > f->run)
			n = (size_t)(f->run - off);
		if (!pending)
			n = store_rewrite(g->store, &f->stored, off, b.p, n);
		off += (int64_t)n;
		b.p += n;
		b.n -= n;
	}
}

size_t gather_read(struct gather *g, struct gathered *f, int64_t off, uint8_t *to, size_t n)
{
	int64_t run_end = f->run + f->pending;
	if (f->pending > 0 && off >= f->run && off < run_end)
		return chunk_copy(f->head, (size_t)(off - f->run), to, n);
	if (f->pending > 0 && off < f->run && off + (int64_t)n > f->run)
		n = (size_t)(f->run - off);
	return store_read(g->store, &f->stored, off, to, n);
}

void gather_init(struct gather *g, struct store *store, struct chunk_pool *chunks)
{
	*g = (struct gather){.store = store,
	                     .chunks = chunks,
	                     .next_reclaim = chunks->reclaim,
	                     .next_arg = chunks->reclaim_arg};
	chunks->reclaim = flush_oldest;
	chunks->reclaim_arg = g;
}
