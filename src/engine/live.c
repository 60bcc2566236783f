/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames from network interfaces, read in the owner's thread.
 *
 *	the kernel's ring -> libpcap -> a copy in a block -> as the frames of a file
 *
 * When workers lag behind, the reader waits for them, and what does not fit into the ring
 * meanwhile the kernel drops and counts: no frame is lost uncounted, and none is dropped
 * here. When nothing comes, batches are handed over as they are.
 *
 * No clock is asked: a second has passed when a packet says so, or when ten naps did.
 *
 * The kernel's counters are looked at before each turn. What it drops lies behind all that
 * waits in its ring then, so the frames of that turn and of those that follow are marked
 * (struct hole_watch), and gaps before their bytes have the cause TF_GAP_KERNEL.
 */
#include "base/error.h"
#include "engine/inside.h"

enum {
	TAKE = 1024 /* frames from one interface in turn */,
	NAP_MS = 100,
	NAPS = 10,
	LAST_NAP_MS = 30
};

#define SECOND INT64_C(1000000000)

bool tf_engine_listen(struct tf_engine *e, const struct tf_listening *how, struct tf_error *err)
{
	struct ears *ears = &e->ears;
	if (e->started)
		return error_set(err, TF_USAGE, "interfaces are opened before the first frame");
	if (ears->count == EARS)
		return error_set(err, TF_USAGE, "no more than %d interfaces", EARS);
	const struct live_setup setup = {.interface = how->interface,
	                                 .ring = how->ring,
	                                 .snaplen = how->snaplen,
	                                 .promiscuous = how->promiscuous,
	                                 .filter = filter_text(e->filter),
	                                 .index = e->sources};
	struct live *l = live_open(&setup, err);
	if (l == NULL)
		return false;
	e->sources++;
	ears->live[ears->count++] = l;
	return true;
}

/* -> whether frames are wanted. Those that wait in the kernel when the run is stopped came before
   that, and are; not those that come meanwhile. */
static bool wants_more(struct tf_engine *e)
{
	struct ears *ears = &e->ears;
	if (engine_goes_on(e))
		return true;
	if (!ears->draining) {
		ears->draining = true;
		ears->naps = 0;
		for (unsigned i = 0; i < ears->count; i++)
			ears->waiting += live_waiting(ears->live[i]);
	}
	return e->left > 0 && ears->waiting > 0;
}

static bool take(void *arg, const struct tf_frame *frame)
{
	struct tf_engine *e = arg;
	bool second = frame->ts_ns / SECOND != e->ears.latest_ns / SECOND;
	if (!engine_copy(e, frame)) {
		e->ears.failed = true;
		return false;
	}
	e->ears.due = e->ears.due || second;
	e->ears.latest_ns = frame->ts_ns;
	e->ears.waiting -= e->ears.waiting > 0;
	return wants_more(e);
}

static void add_losses(struct live_losses *to, struct live *l)
{
	struct live_losses more = live_losses(l);
	to->kernel += more.kernel;
	to->interface += more.interface;
}

bool tf_interface_first(char to[TF_INTERFACE_ROOM], struct tf_error *err)
{
	return live_first(to, err);
}

bool hole_watch_look(struct hole_watch *w, uint64_t drops, int64_t latest_ns)
{
	w->filled = w->filled || drops > w->drops;
	w->recent = w->recent && latest_ns <= w->until_ns;
	w->drops = drops;
	return w->filled || w->recent;
}

void hole_watch_empty(struct hole_watch *w, int64_t latest_ns)
{
	if (!w->filled)
		return;
	w->filled = false;
	w->recent = true;
	w->until_ns = latest_ns > INT64_MAX - SECOND ? INT64_MAX : latest_ns + SECOND;
}

/* What was lost is counted. */
static void look_at_losses(struct tf_engine *e)
{
	struct live_losses sum = e->ears.gone;
	for (unsigned i = 0; i < e->ears.count; i++)
		add_losses(&sum, e->ears.live[i]);
	e->notes.drops_kernel = sum.kernel;
	e->notes.drops_interface = sum.interface;
	e->dispatch.drops_rising = hole_watch_look(&e->ears.watch, sum.kernel, e->ears.latest_ns);
}

static void tell_progress(struct tf_engine *e)
{
	e->ears.due = false;
	if (e->config.progress != NULL)
		e->config.progress(e->config.progress_arg, e->dispatch.frame_bytes);
}

/* An interface that is gone: the others go on. */
static void leave(struct ears *ears, unsigned i)
{
	add_losses(&ears->gone, ears->live[i]);
	live_close(ears->live[i]);
	ears->live[i] = ears->live[--ears->count];
}

/* Each interface has its turn -> how many frames there were; the first that is gone is told of
   in *err. */
static int take_turns(struct tf_engine *e, struct tf_error *err, bool *gone)
{
	int sum = 0, taken;
	e->ears.emptied = true;
	for (unsigned i = e->ears.count; i-- > 0 && !e->ears.failed;) {
		struct tf_error why;
		if (live_take(e->ears.live[i], TAKE, take, e, &taken, &why) == LIVE_GONE) {
			leave(&e->ears, i);
			if (!*gone && err != NULL)
				*err = why;
			*gone = true;
		}
		sum += taken;
		e->ears.emptied = e->ears.emptied && taken < TAKE;
	}
	return sum;
}

/* Nothing came: nobody downstream has to wait, and the machine may rest. The kernel keeps frames
   back for BLOCK_MS; when nothing comes then either, nothing waits. */
static void nap(struct tf_engine *e)
{
	struct ears *ears = &e->ears;
	if (ears->draining && ears->naps > 0)
		ears->waiting = 0;
	dispatch_hand_over(&e->dispatch);
	live_wait(ears->live, ears->count, ears->draining ? LAST_NAP_MS : NAP_MS);
	ears->naps++;
}

bool tf_engine_capture(struct tf_engine *e, struct tf_error *err)
{
	struct ears *ears = &e->ears;
	bool gone = false;
	if (!engine_start(e, err))
		return false;
	while (wants_more(e) && ears->count > 0) {
		look_at_losses(e);
		generation_look(e);
		if (take_turns(e, err, &gone) == 0 && !ears->failed)
			nap(e);
		if (ears->emptied)
			hole_watch_empty(&e->ears.watch, e->ears.latest_ns);
		dispatch_look_at_clock(&e->dispatch);
		if ((ears->failed || e->dispatch.failed) && engine_failed(e, err))
			return false;
		ears->failed = false;
		if (ears->due || ears->naps >= NAPS) {
			tell_progress(e);
			ears->naps = 0;
		}
	}
	look_at_losses(e);
	return !gone;
}

void ears_close(struct ears *ears)
{
	while (ears->count > 0)
		live_close(ears->live[--ears->count]);
}
