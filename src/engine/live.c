/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames from network interfaces, read in the owner's thread.
 *
 *	the kernel's ring -> libpcap -> a copy in a block -> as the frames of a file
 *
 * Several rings are read in the order of time (ears.c). When workers lag behind, the reader waits
 * for them, and what does not fit into the ring meanwhile the kernel drops and counts: no frame is
 * lost uncounted, and none is dropped here. When nothing comes, batches are handed over as they
 * are.
 *
 * No clock is asked: a second has passed when a packet says so, or when ten naps did.
 *
 * The kernel's counters are looked at before each turn. What it drops lies behind all that
 * waits in its ring then, so the frames of that turn and of those that follow are marked
 * (struct hole_watch), and gaps before their bytes have the cause TF_GAP_KERNEL.
 */
#include "base/error.h"
#include "engine/inside.h"

enum { NAP_MS = 100, NAPS = 10, LAST_NAP_MS = 30 };
enum { SHORT_NAP_MS = 5 }; /* while packets of one ring wait for those of others */

#define SECOND INT64_C(1000000000)

/* -> whether frames are wanted. Those that wait in the kernel when the run is stopped came before
   that, and are; not those that come meanwhile. */
bool live_goes_on(struct tf_engine *e)
{
	struct ears *ears = &e->ears;
	if (engine_goes_on(e))
		return true;
	if (!ears->draining) {
		ears->draining = true;
		ears->naps = 0;
		for (unsigned i = 0; i < ears->count; i++)
			ears->waiting += live_waiting(ears->live[i]) + ears->ear[i].holds;
	}
	return e->left > 0 && ears->waiting > 0;
}

bool live_frame(struct tf_engine *e, const struct tf_frame *frame)
{
	bool second = frame->ts_ns / SECOND != e->ears.latest_ns / SECOND;
	if (!engine_copy(e, frame)) {
		e->ears.failed = true;
		return false;
	}
	e->ears.due = e->ears.due || second;
	e->ears.latest_ns = frame->ts_ns;
	e->ears.waiting -= e->ears.waiting > 0;
	return live_goes_on(e);
}

bool hole_watch_look(struct hole_watch *w, uint64_t drops, int64_t latest_ns)
{
	if (w->recent && !w->behind && latest_ns != w->empty_ns) {
		w->behind = true;
		w->until_ns = latest_ns > INT64_MAX - SECOND ? INT64_MAX : latest_ns + SECOND;
	}
	w->filled = w->filled || drops > w->drops;
	w->recent = w->recent && (!w->behind || latest_ns <= w->until_ns);
	w->drops = drops;
	return w->filled || w->recent;
}

void hole_watch_empty(struct hole_watch *w, int64_t latest_ns)
{
	if (!w->filled)
		return;
	w->filled = false;
	w->recent = true;
	w->behind = false;
	w->empty_ns = latest_ns;
}

/* What was lost is counted. */
static void look_at_losses(struct tf_engine *e)
{
	struct live_losses sum = e->ears.gone;
	for (unsigned i = 0; i < e->ears.count; i++)
		ears_add_losses(&sum, e->ears.live[i]);
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

/* Nothing came: nobody downstream has to wait, and the machine may rest. The kernel keeps frames
   of each ring back for BLOCK_MS; when nothing comes then either, nothing waits. */
static void nap(struct tf_engine *e)
{
	struct ears *ears = &e->ears;
	dispatch_hand_over(&e->dispatch);
	if (ears->waits) {
		live_wait(ears->live, 0, SHORT_NAP_MS);
		return;
	}
	if (ears->draining && ears->naps > 0)
		ears->waiting = 0;
	live_wait(ears->live, ears->count, ears->draining ? LAST_NAP_MS : NAP_MS);
	ears->naps++;
}

/* -> whether to go on; false with *err */
static bool take_round(struct tf_engine *e, struct ears_end *end, struct tf_error *err)
{
	struct ears *ears = &e->ears;
	look_at_losses(e);
	generation_look(e);
	if (ears_take(e, end) > 0)
		ears->naps = ears->draining ? 0 : ears->naps;
	else if (!ears->failed)
		nap(e);
	if (ears->emptied)
		hole_watch_empty(&ears->watch, ears->latest_ns);
	dispatch_look_at_clock(&e->dispatch);
	bool broken = (ears->failed || e->dispatch.failed) && engine_failed(e, err);
	ears->failed = false;
	return !broken;
}

bool tf_engine_capture(struct tf_engine *e, struct tf_error *err)
{
	struct ears *ears = &e->ears;
	struct ears_end end = {0};
	bool ok = true;
	if (!engine_start(e, err))
		return false;
	while (ok && live_goes_on(e) && ears->count > 0) {
		ok = take_round(e, &end, err);
		if (ears->due || ears->naps >= NAPS) {
			tell_progress(e);
			ears->naps = 0;
		}
	}
	look_at_losses(e);
	if (ok && end.gone && err != NULL)
		*err = end.why;
	return ok && !end.gone;
}
