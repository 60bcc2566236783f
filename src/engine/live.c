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
 */
#include "base/error.h"
#include "engine/inside.h"

enum { TAKE = 1024 /* frames from one interface in turn */, NAP_MS = 100, NAPS = 10 };

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

static bool take(void *arg, const struct tf_frame *frame)
{
	struct tf_engine *e = arg;
	int64_t second = frame->ts_ns / SECOND;
	if (!engine_copy(e, frame)) {
		e->ears.failed = true;
		return false;
	}
	e->ears.due = e->ears.due || second != e->ears.second;
	e->ears.second = second;
	return engine_goes_on(e);
}

static void add_losses(struct live_losses *to, struct live *l)
{
	struct live_losses more = live_losses(l);
	to->kernel += more.kernel;
	to->interface += more.interface;
}

/* Once a second: what was lost is counted. */
static void look_at_losses(struct tf_engine *e)
{
	struct live_losses sum = e->ears.gone;
	for (unsigned i = 0; i < e->ears.count; i++)
		add_losses(&sum, e->ears.live[i]);
	e->notes.drops_kernel = sum.kernel;
	e->notes.drops_interface = sum.interface;
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
	for (unsigned i = e->ears.count; i-- > 0 && !e->ears.failed;) {
		struct tf_error why;
		if (live_take(e->ears.live[i], TAKE, take, e, &taken, &why) == LIVE_GONE) {
			leave(&e->ears, i);
			if (!*gone && err != NULL)
				*err = why;
			*gone = true;
		}
		sum += taken;
	}
	return sum;
}

bool tf_engine_capture(struct tf_engine *e, struct tf_error *err)
{
	struct ears *ears = &e->ears;
	bool gone = false;
	int naps = 0;
	if (!engine_start(e, err))
		return false;
	while (engine_goes_on(e) && ears->count > 0) {
		if (take_turns(e, err, &gone) == 0 && !ears->failed) {
			dispatch_hand_over(&e->dispatch);
			live_wait(ears->live, ears->count, NAP_MS);
			naps++;
		}
		dispatch_look_at_clock(&e->dispatch);
		if (ears->failed && engine_failed(e, err))
			return false;
		ears->failed = false;
		if (ears->due || naps >= NAPS) {
			look_at_losses(e);
			naps = 0;
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
