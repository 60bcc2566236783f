/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/input.h"

#include "engine/ahead.h"

static bool is_over(void *arg)
{
	const struct input *in = arg;
	return atomic_load_explicit(&in->closing, memory_order_relaxed) ||
	       atomic_load_explicit(&in->dispatch->stop, memory_order_relaxed);
}

static void waits(void *arg)
{
	const struct input *in = arg;
	dispatch_look_at_clock(in->dispatch);
	in->dispatch->waits(in->dispatch->waits_arg);
}

static void apart(void *arg, struct origin *o)
{
	struct input *in = arg;
	ahead_start(o, &in->closing);
}

bool input_open(struct input *in, struct dispatch *d, const char *path, uint32_t index,
                unsigned patience_ms, struct tf_error *err)
{
	*in = (struct input){.dispatch = d, .store = dispatch_store(d)};
	in->source = source_open_as(
	        path,
	        &(struct opening){.index = index,
	                          .store = &in->store,
	                          .watch = {.over = is_over, .waits = waits, .arg = in},
	                          .patience_ms = patience_ms,
	                          .open = d->open,
	                          .open_arg = d->open_arg,
	                          .apart = apart,
	                          .arg = in},
	        err);
	return in->source != NULL;
}

void input_close(struct input *in)
{
	source_close(in->source);
	in->source = NULL;
}
