/* SPDX-License-Identifier: BSD-3-Clause */
/* How the dispatcher is set up: its blocks, and what defrag/ is told. */
#include "engine/dispatch.h"

#include "base/error.h"

#include <string.h>

#define SECOND INT64_C(1000000000)

enum {
	BLOCK = DISPATCH_ROOM,
	BLOCKS_LEAST = 4,
	BLOCKS_EACH = 8 /* for a worker */,
	BLOCKS_USUAL = 64
};

/* -> how many blocks to make of that memory. */
static unsigned count_blocks(const struct dispatch_setup *s)
{
	unsigned workers = s->config->workers;
	size_t most = (size_t)BLOCKS_EACH * (workers > 1 ? workers : 2);
	size_t count = s->memory / BLOCK;
	most = s->bursts || s->sources > 1 ? DISPATCH_BLOCKS
	       : most < BLOCKS_USUAL       ? most
	                                   : BLOCKS_USUAL;
	count = count < most ? count : most;
	return count > BLOCKS_LEAST ? (unsigned)count : BLOCKS_LEAST;
}

static const enum defrag_policy policies[] = {
        [TF_FRAGMENTS_DROP] = DEFRAG_AS_LINUX,
        [TF_FRAGMENTS_FIRST] = DEFRAG_FIRST,
        [TF_FRAGMENTS_LAST] = DEFRAG_LAST,
};

bool dispatch_init(struct dispatch *d, const struct dispatch_setup *s, struct tf_error *err)
{
	const struct defrag_setup defrag = {.seed = s->config->hash_seed,
	                                    .ip4 = policies[s->config->fragments],
	                                    .ip6 = DEFRAG_STRICT,
	                                    .ip4_timeout_ns = 30 * SECOND, /* Linux */
	                                    .ip6_timeout_ns = 60 * SECOND, /* RFC 8200, 4.5 */
	                                    .counters = &d->counters,
	                                    .left_out = s->unrecorded != NULL ? dispatch_left_out
	                                                                      : NULL,
	                                    .arg = d};
	d->worker = s->worker; /* all else is 0, but stop, which may be set by now */
	d->workers = s->config->workers;
	d->latest = s->worker;
	d->seed = s->config->hash_seed;
	d->unrecorded = s->unrecorded;
	d->open = s->config->open_capture;
	d->open_arg = s->config->open_arg;
	d->clock = s->config->clock;
	d->clock_arg = s->config->clock_arg;
	decode_init(&d->decode, s->config);
	ticker_init(&d->ticker, s->config->idle_ns);
	memset(d->owner, 0xff, sizeof d->owner);
	d->blocks = count_blocks(s);
	if (!arena_init(&d->arena, (size_t)d->blocks * BLOCK + s->fragments, err))
		return false;
	for (unsigned i = 0; i < d->blocks; i++)
		d->block[i] = (struct block){.bytes = arena_take(&d->arena, BLOCK), .size = BLOCK};
	MUST(defrag_init(&d->defrag, &d->arena, s->fragments, &defrag));
	return true;
}

unsigned dispatch_sources(const struct dispatch *d)
{
	return d->blocks - DISPATCH_BESIDE;
}

size_t dispatch_memory(size_t sources)
{
	return (sources + DISPATCH_BESIDE) * BLOCK * DISPATCH_SHARE;
}

void dispatch_free(struct dispatch *d)
{
	arena_free(&d->arena);
}
