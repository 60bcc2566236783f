/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/dispatch.h"

#include "base/error.h"
#include "flow/key.h"

#define SECOND INT64_C(1000000000)

enum { BLOCK_LARGE = 1 << 20, BLOCK_SMALL = 1 << 19, BLOCKS_LEAST = 4 };

bool dispatch_init(struct dispatch *d, size_t memory, size_t fragments, struct worker *worker,
                   const struct tf_config *cfg, struct tf_error *err)
{
	const struct defrag_setup setup = {.seed = cfg->hash_seed,
	                                   .ip4 = DEFRAG_AS_LINUX,
	                                   .ip6 = DEFRAG_STRICT,
	                                   .timeout_ns = 60 * SECOND,
	                                   .counters = &d->counters};
	size_t size = memory >= (size_t)BLOCK_LARGE * BLOCKS_LEAST ? BLOCK_LARGE : BLOCK_SMALL;
	size_t count = memory / size;
	d->worker = worker; /* all else is 0, but stop, which may be set by now */
	d->workers = cfg->workers;
	d->seed = cfg->hash_seed;
	decode_init(&d->decode, cfg);
	d->blocks = count > DISPATCH_BLOCKS ? DISPATCH_BLOCKS
	            : count < BLOCKS_LEAST  ? BLOCKS_LEAST
	                                    : (unsigned)count;
	if (!arena_init(&d->arena, d->blocks * size + fragments, err))
		return false;
	for (unsigned i = 0; i < d->blocks; i++)
		d->block[i] = (struct block){.bytes = arena_take(&d->arena, size), .size = size};
	MUST(defrag_init(&d->defrag, &d->arena, fragments, &setup));
	return true;
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
	for (unsigned i = batch->blocks; i > 0; i--)
		if (batch->block[i - 1] == b)
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

uint8_t *dispatch_room(struct dispatch *d, size_t n)
{
	if (d->room != NULL && n > d->room->size - d->room_used) {
		if (d->spent != NULL)
			return NULL; /* more datagrams of one frame than any honest one has */
		d->spent = d->room;
		d->room = NULL;
	}
	if (d->room == NULL) {
		d->room = take_block(d);
		d->room_used = 0;
	}
	if (d->room == NULL || n > d->room->size)
		return NULL;
	uint8_t *room = d->room->bytes + d->room_used;
	d->room_used += n;
	return room;
}

/* The bytes of the frame before are not looked at any more, but by batches. */
static void give_spent(struct dispatch *d)
{
	if (d->spent == NULL)
		return;
	d->spent->users--;
	d->spent = NULL;
}

void dispatch_close(struct dispatch *d)
{
	give_spent(d);
	if (d->room != NULL)
		d->room->users--;
	d->room = NULL;
	defrag_finish(&d->defrag);
}

/* -- frames --------------------------------------------------------------------------- */

void dispatch_filtered(struct dispatch *d, const struct tf_frame *frame)
{
	d->numbers++;
	d->frame_bytes += frame->captured;
	d->fate[FATE_filtered]++;
	give_spent(d);
}

/* Remembers a link type that is not decoded, while there is room. */
static void note_link(struct dispatch *d, uint32_t type)
{
	for (size_t i = 0; i < d->links && i < TF_LINKS; i++) {
		if (d->link[i].type == type) {
			d->link[i].frames++;
			return;
		}
	}
	if (d->links < TF_LINKS)
		d->link[d->links++] =
		        (struct tf_link){.type = type, .name = decode_link_name(type), .frames = 1};
}

/* A fragment waits for the others, or goes on as the datagram that it completes, which
   lies in d->room; and that may be a fragment again. Apart, so that whole packets
   do not pay for it. */
static __attribute__((noinline)) enum fate join(struct dispatch *d, const struct tf_frame *frame,
                                                struct tf_packet *pkt)
{
	enum fate fate = FATE_fragments;
	while (fate == FATE_fragments) {
		struct tf_datagram whole;
		enum defrag_answer answer = defrag_take(&d->defrag, &d->decode.fragment, &whole);
		if (answer == DEFRAG_WAITING)
			return FATE_fragments;
		if (answer != DEFRAG_COMPLETE)
			return FATE_drop_fragments;
		uint8_t *room = dispatch_room(d, whole.payload.n);
		if (room == NULL) {
			defrag_drop(&d->defrag);
			return FATE_drop_fragments;
		}
		defrag_gather(&d->defrag, room);
		whole.payload.p = room;
		fate = decode_datagram(&d->decode, frame, &whole, pkt);
	}
	return fate;
}

/* Takes a packet that was decoded to that fate; its bytes lie in b. */
static void take_packet(struct dispatch *d, const struct tf_frame *frame, enum fate fate,
                        struct tf_packet *pkt, struct block *b)
{
	if (fate == FATE_fragments) {
		fate = join(d, frame, pkt);
		b = d->room;
	}
	d->fate[fate]++;
	if (fate != FATE_tcp_segments)
		return;
	pkt->number = d->numbers;
	uint64_t ends = key_hash(pkt, d->seed);
	/* The high half chooses the worker; tables use the low half. */
	struct worker *w = &d->worker[((ends >> 32) * d->workers) >> 32];
	hand_packet(w, pkt, b);
}

void dispatch_frame(struct dispatch *d, const struct tf_frame *frame, struct block *b)
{
	struct tf_packet *pkt = &d->packet;
	enum fate fate = decode_frame(&d->decode, frame, pkt);
	d->numbers++;
	d->frame_bytes += frame->captured;
	take_packet(d, frame, fate, pkt, b);
	if (fate == FATE_drop_link_type)
		note_link(d, frame->link_type);
	while (decode_has_more(&d->decode)) {
		d->aggregated++;
		take_packet(d, frame, decode_more(&d->decode, frame, pkt), pkt, b);
	}
	give_spent(d);
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
