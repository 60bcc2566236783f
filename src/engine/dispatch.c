/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/dispatch.h"

#include "base/error.h"
#include "decode/decode.h"
#include "flow/key.h"

enum { BLOCK_LARGE = 1 << 20, BLOCK_SMALL = 1 << 19, BLOCKS_LEAST = 4 };

bool dispatch_init(struct dispatch *d, size_t memory, struct worker *worker, unsigned workers,
                   uint64_t seed, unsigned sources, struct tf_error *err)
{
	bool large = sources <= 1 && memory >= (size_t)BLOCK_LARGE * BLOCKS_LEAST;
	size_t size = large ? BLOCK_LARGE : BLOCK_SMALL;
	size_t count = memory / size, most = sources <= 1 ? DISPATCH_USUAL : DISPATCH_BLOCKS;
	d->worker = worker; /* all else is 0, but stop, which may be set by now */
	d->workers = workers;
	d->seed = seed;
	d->blocks = (unsigned)(count > most ? most : count < BLOCKS_LEAST ? BLOCKS_LEAST : count);
	if (!arena_init(&d->arena, d->blocks * size, err))
		return false;
	for (unsigned i = 0; i < d->blocks; i++)
		d->block[i] = (struct block){.bytes = arena_take(&d->arena, size), .size = size};
	return true;
}

unsigned dispatch_sources(const struct dispatch *d)
{
	return d->blocks - DISPATCH_BESIDE;
}

size_t dispatch_memory(size_t sources)
{
	return (sources + DISPATCH_BESIDE) * BLOCK_SMALL;
}

void dispatch_free(struct dispatch *d)
{
	arena_free(&d->arena);
}

/* -- batches --------------------------------------------------------------------- */

/* An empty batch is the reader's again: its blocks lose a user. */
static void recycle(struct worker *w, struct batch *b)
{
	for (unsigned i = 0; i < b->blocks; i++)
		b->block[i]->users--;
	b->blocks = b->packets = 0;
	w->idle[w->idles++] = b;
}

static void collect(struct worker *w)
{
	void *b;
	while (w->threaded && ring_try_take(&w->empty, &b))
		recycle(w, b);
}

static void wait_for_one(struct worker *w)
{
	recycle(w, ring_take(&w->empty));
}

static void hand_over(struct worker *w)
{
	struct batch *b = w->filling;
	w->filling = NULL;
	if (w->threaded) {
		ring_put(&w->full, b);
	} else {
		worker_run(w, b);
		recycle(w, b);
	}
}

static struct batch *fill(struct worker *w)
{
	if (w->filling == NULL) {
		collect(w);
		if (w->idles == 0) {
			ring_await(&w->empty, WORKER_BATCHES / 2); /* few naps, not many */
			collect(w);
		}
		w->filling = w->idle[--w->idles];
	}
	return w->filling;
}

/* -> whether b is (now) among the blocks that the batch holds */
static bool hold_block(struct batch *batch, struct block *b)
{
	for (unsigned i = batch->blocks; i-- > 0;) /* mostly the last */
		if (batch->block[i] == b)
			return true;
	if (batch->blocks == BATCH_BLOCKS)
		return false;
	batch->block[batch->blocks++] = b;
	b->users++;
	return true;
}

static void hand_packet(struct worker *w, const struct tf_packet *pkt, struct block *b)
{
	struct batch *batch = fill(w);
	if (!hold_block(batch, b)) {
		hand_over(w);
		batch = fill(w);
		(void)hold_block(batch, b);
	}
	batch->packet[batch->packets++] = *pkt;
	if (batch->packets == BATCH_PACKETS)
		hand_over(w);
}

/* -- blocks ------------------------------------------------------------------------- */

static struct block *find_free(struct dispatch *d)
{
	for (unsigned i = 0; i < d->blocks; i++) {
		unsigned at = (d->next_block + i) % d->blocks;
		if (d->block[at].users == 0) {
			d->next_block = at;
			d->block[at].users = 1;
			return &d->block[at];
		}
	}
	return NULL;
}

static bool is_busy(const struct worker *w)
{
	return w->idles + (w->filling != NULL) < WORKER_BATCHES;
}

/* Waits for a batch of any worker that has some -> false: none has */
static bool wait_for_any(struct dispatch *d)
{
	for (unsigned i = 0; i < d->workers; i++) {
		if (is_busy(&d->worker[i])) {
			wait_for_one(&d->worker[i]);
			return true;
		}
	}
	return false;
}

static struct block *take_block(void *arg)
{
	struct dispatch *d = arg;
	for (unsigned i = 0; i < d->workers; i++)
		collect(&d->worker[i]);
	struct block *b = find_free(d);
	if (b != NULL)
		return b;
	for (unsigned i = 0; i < d->workers; i++)
		if (d->worker[i].filling != NULL)
			hand_over(&d->worker[i]);
	while ((b = find_free(d)) == NULL && wait_for_any(d)) {
	}
	return b;
}

static void give_block(void *arg, struct block *b)
{
	(void)arg;
	b->users--;
}

static bool is_stopped(void *arg)
{
	const struct dispatch *d = arg;
	return atomic_load_explicit(&d->stop, memory_order_relaxed);
}

struct block_store dispatch_store(struct dispatch *d)
{
	return (struct block_store){
	        .arg = d, .take = take_block, .give = give_block, .stopped = is_stopped};
}

/* -- frames --------------------------------------------------------------------------- */

void dispatch_leave_out(struct dispatch *d, const struct tf_frame *frame, enum fate fate)
{
	d->numbers++;
	d->frame_bytes += frame->captured;
	d->fate[fate]++;
}

enum fate dispatch_frame(struct dispatch *d, const struct tf_frame *frame, struct block *b)
{
	struct tf_packet pkt;
	enum fate fate = decode_frame(frame, &pkt);
	d->numbers++;
	d->frame_bytes += frame->captured;
	d->fate[fate]++;
	if (fate != FATE_tcp_segments)
		return fate;
	pkt.number = d->numbers;
	pkt.known_only = d->known_only;
	uint64_t ends = key_hash(&pkt, d->seed);
	/* The high half chooses the worker; tables use the low half. */
	struct worker *w = &d->worker[((ends >> 32) * d->workers) >> 32];
	hand_packet(w, &pkt, b);
	return fate;
}

void dispatch_flush(struct dispatch *d, bool last)
{
	for (unsigned i = 0; i < d->workers; i++) {
		struct worker *w = &d->worker[i];
		fill(w)->last = last;
		hand_over(w);
	}
	for (unsigned i = 0; i < d->workers; i++)
		while (is_busy(&d->worker[i]))
			wait_for_one(&d->worker[i]);
}

bool dispatch_failed(const struct dispatch *d)
{
	for (unsigned i = 0; i < d->workers; i++)
		if (atomic_load_explicit(&d->worker[i].failed, memory_order_relaxed))
			return true;
	return false;
}
