/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/dispatch.h"

#include "base/error.h"
#include "flow/key.h"

enum { NOBODY = UINT16_MAX };
enum { FLUSH_NS = 400000000 }; /* what is written at every other flush has waited for 0.8 s */

/* -- batches --------------------------------------------------------------------- */

/* An empty batch is the reader's again: its blocks lose a user. */
static void recycle(struct dispatch *d, struct worker *w, struct batch *b)
{
	if (atomic_load_explicit(&w->failed, memory_order_relaxed))
		d->failed = true;
	for (unsigned i = 0; i < b->blocks; i++)
		b->block[i]->users--;
	b->blocks = b->packets = 0;
	b->ticks = b->rest = b->flush = b->drops = b->turns = false;
	w->idle[w->idles++] = b;
}

static void collect(struct dispatch *d, struct worker *w)
{
	void *b;
	while (w->threaded && ring_try_take(&w->empty, &b))
		recycle(d, w, b);
}

static void wait_for_one(struct dispatch *d, struct worker *w)
{
	recycle(d, w, ring_take(&w->empty));
}

/* The reading worker does a batch of its own -> false: there is none */
static bool work_off(struct dispatch *d)
{
	void *b;
	if (d->self == NULL || !ring_try_take(&d->self->full, &b))
		return false;
	worker_run(d->self, b);
	recycle(d, d->self, b);
	return true;
}

static __attribute__((noinline)) void hand_over(struct dispatch *d, struct worker *w)
{
	struct batch *b = w->filling;
	w->filling = NULL;
	if (w->threaded) {
		ring_put(&w->full, b);
	} else {
		worker_run(w, b);
		recycle(d, w, b);
	}
}

/* Apart from fill(), as all here that is not done for each packet: what is needed for it would be
   saved and restored each time. */
static __attribute__((noinline)) struct batch *begin_batch(struct dispatch *d, struct worker *w)
{
	collect(d, w);
	while (w->idles == 0 && work_off(d))
		collect(d, w);
	if (w->idles == 0) {
		ring_await(&w->empty, WORKER_BATCHES / 2); /* few naps, not many */
		collect(d, w);
	}
	w->filling = w->idle[--w->idles];
	return w->filling;
}

static inline struct batch *fill(struct dispatch *d, struct worker *w)
{
	return w->filling != NULL ? w->filling : begin_batch(d, w);
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

/* -> the batch that w's next packet goes to; it holds both blocks. */
static __attribute__((noinline)) struct batch *hold_blocks(struct dispatch *d, struct worker *w,
                                                           struct block *a, struct block *b)
{
	struct batch *batch = fill(d, w);
	if (!hold_block(batch, b) || (a != b && !hold_block(batch, a))) {
		hand_over(d, w);
		batch = fill(d, w);
		(void)hold_block(batch, b);
		(void)hold_block(batch, a);
	}
	return batch;
}

/* -> whether that is so without more ado: the block is the one of the packet before. */
static inline bool holds(const struct batch *batch, const struct block *b)
{
	return batch != NULL && batch->blocks > 0 && batch->block[batch->blocks - 1] == b;
}

/* a, b: where the frame's bytes and the payload lie; most often one block */
static inline void hand_packet(struct dispatch *d, struct worker *w, const struct tf_packet *pkt,
                               struct block *a, struct block *b)
{
	struct batch *batch = w->filling;
	if (a != b || !holds(batch, b))
		batch = hold_blocks(d, w, a, b);
	struct tf_packet *to = &batch->packet[batch->packets++];
	if (to != pkt)
		*to = *pkt;
	batch->drops |= d->drops_rising;
	if (batch->packets == BATCH_PACKETS)
		hand_over(d, w);
}

/* -- blocks ------------------------------------------------------------------------- */

/* The same few again and again, as long as they do: what is in the processor's caches is read into
   quickest, and what is never touched takes no memory. */
static struct block *find_free(struct dispatch *d)
{
	for (unsigned i = 0; i < d->blocks; i++) {
		if (d->block[i].users == 0) {
			d->block[i].users = 1;
			return &d->block[i];
		}
	}
	return NULL;
}

static bool is_busy(const struct worker *w)
{
	return w->idles + (w->filling != NULL) < w->batches;
}

/* Waits for a batch of any worker that has some -> false: none has */
static bool wait_for_any(struct dispatch *d)
{
	for (unsigned i = 0; i < d->workers; i++) {
		if (is_busy(&d->worker[i])) {
			wait_for_one(d, &d->worker[i]);
			return true;
		}
	}
	return false;
}

static struct block *take_block(void *arg)
{
	struct dispatch *d = arg;
	for (unsigned i = 0; i < d->workers; i++)
		collect(d, &d->worker[i]);
	struct block *b = find_free(d);
	if (b != NULL)
		return b;
	for (unsigned i = 0; i < d->workers; i++)
		if (d->worker[i].filling != NULL)
			hand_over(d, &d->worker[i]);
	while ((b = find_free(d)) == NULL && (work_off(d) || wait_for_any(d))) {
	}
	return b;
}

void dispatch_hand_over(struct dispatch *d)
{
	for (unsigned i = 0; i < d->workers; i++) {
		struct worker *w = &d->worker[i];
		collect(d, w);
		if (d->rests && (w->filling != NULL || w->idles > 0))
			fill(d, w)->rest = true;
		if (w->filling != NULL)
			hand_over(d, w);
	}
}

/* The source is about to wait, perhaps: nobody downstream should have to. */
static void rest(void *arg)
{
	struct dispatch *d = arg;
	if (d->rests)
		dispatch_hand_over(d);
}

static void give_block(void *arg, struct block *b)
{
	(void)arg;
	b->users--;
}

static bool is_stopped(void *arg)
{
	const struct dispatch *d = arg;
	return d->failed || atomic_load_explicit(&d->stop, memory_order_relaxed);
}

struct block_store dispatch_store(struct dispatch *d)
{
	return (struct block_store){.arg = d,
	                            .take = take_block,
	                            .give = give_block,
	                            .stopped = is_stopped,
	                            .rest = rest};
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

/* -- what is not recorded ----------------------------------------------------------------- */

/* The counter of a fate, as its offset. */
static size_t fate_row(enum fate fate)
{
	static const size_t rows[FATES] = {
#define FATE_ROW(name, ...) offsetof(struct tf_counters, name),
	        TF_FATES(FATE_ROW)
#undef FATE_ROW
	};
	return rows[fate];
}

static void write_out(struct dispatch *d, const struct tf_frame *frame, size_t why, size_t detail)
{
	unrecorded_write(d->unrecorded, frame, why, detail);
	d->failed = d->failed || d->unrecorded->failed;
}

/* A frame that comes to nothing, or a part of it does: it is written once. So are those
   that carried it, when it came in fragments. */
static void set_aside(struct dispatch *d, const struct tf_frame *frame, size_t why, size_t detail)
{
	d->why = why;
	d->detail = detail;
	defrag_release(&d->defrag, false);
	if (d->set_aside != d->numbers)
		write_out(d, frame, why, detail);
	d->set_aside = d->numbers;
}

void dispatch_left_out(void *arg, const struct tf_frame *frame, enum defrag_answer answer)
{
	struct dispatch *d = arg;
	if (answer == DEFRAG_COMPLETE)
		write_out(d, frame, d->why, d->detail);
	else if (answer == DEFRAG_WAITING)
		write_out(d, frame, fate_row(FATE_fragments), 0);
	else
		write_out(d, frame, fate_row(FATE_drop_fragments), defrag_counter(answer));
}

/* The worker looks at the packet now. */
static void judge(struct dispatch *d, struct worker *w, const struct tf_frame *frame)
{
	size_t *refused = &w->flows.reasm.refused;
	*refused = 0;
	hand_over(d, w);
	if (*refused != 0)
		set_aside(d, frame, *refused, 0);
	else
		defrag_release(&d->defrag, true);
}

/* A packet of that fate goes to no worker. */
static void leave(struct dispatch *d, const struct tf_frame *frame, enum fate fate)
{
	if (fate == FATE_fragments && d->set_aside != d->numbers)
		defrag_keep(&d->defrag, frame);
	else if (fate == FATE_drop_fragments)
		set_aside(d, frame, fate_row(fate), defrag_counter(d->answer));
	else
		set_aside(d, frame, fate_row(fate), 0);
}

/* -- frames --------------------------------------------------------------------------- */

void dispatch_leave_out(struct dispatch *d, const struct tf_frame *frame, enum fate fate)
{
	d->numbers++;
	d->frame_bytes += frame->captured;
	d->fate[fate]++;
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
		d->answer = defrag_take(&d->defrag, &d->decode.fragment, &whole);
		if (d->answer == DEFRAG_WAITING)
			return FATE_fragments;
		if (d->answer != DEFRAG_COMPLETE)
			return FATE_drop_fragments;
		uint8_t *room = dispatch_room(d, whole.payload.n);
		if (room == NULL) {
			defrag_drop(&d->defrag);
			d->answer = DEFRAG_EVICTED;
			return FATE_drop_fragments;
		}
		defrag_gather(&d->defrag, room);
		whole.payload.p = room;
		fate = decode_datagram(&d->decode, frame, &whole, pkt);
	}
	return fate;
}

/* The endpoints' hash names a bucket, and the bucket belongs to the worker that had least
   to do when its first packet came: a few large connections are spread evenly. The high
   half names it; tables use the low half. */
static inline struct worker *choose_worker(struct dispatch *d, uint64_t ends, size_t bytes)
{
	if (d->workers == 1)
		return d->worker;
	uint16_t *owner = &d->owner[ends >> (64 - DISPATCH_BUCKET_BITS)];
	if (*owner == NOBODY) {
		unsigned least = 0;
		for (unsigned i = 1; i < d->workers; i++)
			if (d->worker[i].load < d->worker[least].load)
				least = i;
		*owner = (uint16_t)least;
	}
	struct worker *w = &d->worker[*owner];
	w->load += bytes;
	d->latest = w;
	return w;
}

static bool lies_in(const struct block *b, const uint8_t *p)
{
	return b != NULL && (uintptr_t)p - (uintptr_t)b->bytes < b->size;
}

/* -> where pkt's header and payload lie: with its frame, in b, or in a datagram, of which one frame
   may complete several. */
static struct block *payload_block(const struct dispatch *d, const struct tf_packet *pkt,
                                   struct block *b)
{
	if ((pkt->position & TF_PUT_TOGETHER) == 0)
		return b;
	const uint8_t *p = pkt->payload.p - pkt->header;
	return lies_in(d->room, p) ? d->room : lies_in(d->spent, p) ? d->spent : b;
}

/* Takes a segment; a, b: as hand_packet() wants them. */
static inline __attribute__((always_inline)) void take_segment(struct dispatch *d,
                                                               const struct tf_frame *frame,
                                                               struct tf_packet *pkt,
                                                               struct block *a, struct block *b)
{
	d->payload_bytes += pkt->payload.n;
	d->latest_ns = pkt->ts_ns;
	pkt->number = d->numbers;
	pkt->known_only = d->known_only;
	pkt->place = d->place;
	struct worker *w = choose_worker(d, key_hash(pkt, d->seed), frame->captured);
	hand_packet(d, w, pkt, a, b);
	if (d->unrecorded != NULL)
		judge(d, w, frame);
}

/* Takes a packet that was decoded to that fate; the frame's bytes lie in b. When there is more
   behind it, be it in the datagram that the frame completes, d->packet is like it. */
static __attribute__((noinline)) void take_packet(struct dispatch *d, const struct tf_frame *frame,
                                                  enum fate fate, struct tf_packet *pkt,
                                                  struct block *b)
{
	if (fate == FATE_fragments)
		fate = join(d, frame, pkt);
	if (decode_has_more(&d->decode) && pkt != &d->packet) { /* the next one goes on from this */
		d->packet = *pkt;
		pkt = &d->packet;
	}
	d->fate[fate]++;
	if (fate == FATE_tcp_segments)
		take_segment(d, frame, pkt, b, payload_block(d, pkt, b));
	else if (d->unrecorded != NULL)
		leave(d, frame, fate);
}

/* The same for the frame's other packets. */
static __attribute__((noinline)) void take_more(struct dispatch *d, const struct tf_frame *frame,
                                                struct block *b)
{
	while (decode_has_more(&d->decode)) {
		d->aggregated++;
		d->place = d->place < UINT8_MAX ? (uint8_t)(d->place + 1) : UINT8_MAX;
		take_packet(d, frame, decode_more(&d->decode, frame, &d->packet), &d->packet, b);
	}
}

/* A period of packet time begins before the next frame: all workers hear of it between the same
   two frames. */
static void tick(struct dispatch *d)
{
	for (unsigned i = 0; i < d->workers; i++) {
		struct batch *b = fill(d, &d->worker[i]);
		b->ticks = true;
		b->period = d->ticker.period;
		b->tick_turn = FLOWS_TICK_TURN(d->numbers + 1);
		hand_over(d, &d->worker[i]);
	}
}

/* Where the packet of the next frame is best put: most often its place in the batch. */
static struct tf_packet *place_for_packet(struct dispatch *d)
{
	struct batch *b = d->latest->filling;
	return b != NULL ? &b->packet[b->packets] : &d->packet;
}

void dispatch_frame(struct dispatch *d, const struct tf_frame *frame, struct block *b)
{
	if (d->ticker.idle_ns != 0 && ticker_frame(&d->ticker, frame->ts_ns))
		tick(d);
	struct tf_packet *pkt = place_for_packet(d);
	enum fate fate = decode_frame(&d->decode, frame, pkt);
	d->numbers++;
	d->place = 0;
	d->frame_bytes += frame->captured;
	if (fate == FATE_tcp_segments && !decode_has_more(&d->decode)) {
		d->fate[FATE_tcp_segments]++;
		take_segment(d, frame, pkt, b, b);
	} else {
		take_packet(d, frame, fate, pkt, b);
		take_more(d, frame, b);
	}
	if (fate == FATE_drop_link_type)
		note_link(d, frame->link_type);
	if (d->spent != NULL)
		give_spent(d);
}

void dispatch_glance(const struct dispatch *d, struct glance *to)
{
	struct tf_counters *c = &to->counters;
	*to = (struct glance){.counters = d->counters, .latest_ns = d->latest_ns};
	c->frames = d->numbers;
	c->frame_bytes = d->frame_bytes;
	c->packets_aggregated = d->aggregated;
#define FATE_COUNT(name, ...) c->name = d->fate[FATE_##name];
	TF_FATES(FATE_COUNT)
#undef FATE_COUNT
	c->fragments -= d->defrag.lost;
	c->drop_fragments += d->defrag.lost;
	for (unsigned i = 0; i < d->blocks; i++)
		to->memory += d->block[i].users > 0 ? d->block[i].size : 0;
}

static void show(struct dispatch *d)
{
	struct glance now;
	dispatch_glance(d, &now);
	view_show(&d->view, &now);
}

void dispatch_look_at_clock(struct dispatch *d)
{
	if (d->clock == NULL)
		return;
	int64_t now_ns = d->clock(d->clock_arg);
	if (now_ns - d->flushed_ns < FLUSH_NS)
		return;
	d->flushed_ns = now_ns;
	show(d);
	for (unsigned i = 0; i < d->workers; i++) {
		struct worker *w = &d->worker[i];
		fill(d, w)->flush = true;
		hand_over(d, w);
	}
}

void dispatch_turn(struct dispatch *d)
{
	for (unsigned i = 0; i < d->workers; i++) {
		struct worker *w = &d->worker[i];
		fill(d, w)->turns = true;
		hand_over(d, w);
	}
	for (unsigned i = 0; i < d->workers; i++) {
		struct worker *w = &d->worker[i];
		collect(d, w);
		while (is_busy(w))
			if (w != d->self)
				wait_for_one(d, w);
			else
				MUST(work_off(d)); /* what is not back waits for this thread */
	}
}

void dispatch_flush(struct dispatch *d, bool last)
{
	for (unsigned i = 0; i < d->workers; i++) {
		struct worker *w = &d->worker[i];
		fill(d, w)->last = last;
		hand_over(d, w);
	}
	for (unsigned i = 0; i < d->workers; i++)
		while (is_busy(&d->worker[i]))
			wait_for_one(d, &d->worker[i]);
}

void dispatch_close(struct dispatch *d)
{
	give_spent(d);
	if (d->room != NULL)
		d->room->users--;
	d->room = NULL;
	defrag_finish(&d->defrag);
}
