/* SPDX-License-Identifier: BSD-3-Clause */
/* Silence, and who has kept it for too long: see idle.h. */
#include "flow/flows.h"

void idle_init(struct idle *idle, int64_t idle_ns)
{
	int64_t period = idle_period(idle_ns);
	*idle = (struct idle){.ns = idle_ns,
	                      .periods = (uint64_t)(idle_ns / period + (idle_ns % period > 0)),
	                      .now = 1};
}

static struct flow *at(const struct flows *fs, uint32_t index)
{
	return slab_at(&fs->slab, index);
}

static void enter(struct flows *fs, struct flow *f, uint8_t slot)
{
	uint32_t *first = &fs->idle.slot[slot].first, index = slab_index(&fs->slab, f);
	f->idle.slot = slot;
	f->idle.before = 0;
	f->idle.after = *first;
	if (*first != 0)
		at(fs, *first)->idle.before = index;
	*first = index;
}

void idle_place(struct flows *fs, struct flow *f)
{
	if (fs->idle.ns == 0)
		return;
	f->idle.heard = fs->idle.now;
	enter(fs, f, fs->idle.now);
}

void idle_leave(struct flows *fs, struct flow *f)
{
	if (f->idle.slot == IDLE_NOWHERE)
		return;
	struct flow *before = at(fs, f->idle.before), *after = at(fs, f->idle.after);
	*(before != NULL ? &before->idle.after : &fs->idle.slot[f->idle.slot].first) =
	        f->idle.after;
	if (after != NULL)
		after->idle.before = f->idle.before;
	f->idle.slot = IDLE_NOWHERE;
}

/* -- in the order of their numbers ---------------------------------------------- */

static uint32_t merge(const struct flows *fs, uint32_t a, uint32_t b)
{
	uint32_t chain = 0, *link = &chain;
	while (a != 0 && b != 0) {
		uint32_t *lower = at(fs, b)->pub.number < at(fs, a)->pub.number ? &b : &a;
		*link = *lower;
		link = &at(fs, *lower)->idle.after;
		*lower = *link;
	}
	*link = a != 0 ? a : b;
	return chain;
}

/* Sorts the first n of a chain, at least one -> them; *rest: those behind */
static uint32_t sort(const struct flows *fs, uint32_t chain, size_t n, uint32_t *rest)
{
	if (n == 1) {
		struct flow *f = at(fs, chain);
		*rest = f->idle.after;
		f->idle.after = 0;
		return chain;
	}
	uint32_t behind;
	uint32_t a = sort(fs, chain, n / 2, &behind);
	uint32_t b = sort(fs, behind, n - n / 2, rest);
	return merge(fs, a, b);
}

/* -- ticks -------------------------------------------------------------------------- */

/* Flows that are silent, in any order. */
struct silent {
	uint32_t chain;
	size_t count;
};

static void empty_slot(struct flows *fs, uint8_t slot, struct silent *silent)
{
	struct flow *f;
	while ((f = at(fs, fs->idle.slot[slot].first)) != NULL) {
		idle_leave(fs, f);
		if (f->ended)
			continue; /* only remembered: it lingers */
		if (f->idle.heard != slot) {
			enter(fs, f, f->idle.heard);
			continue;
		}
		f->idle.after = silent->chain;
		silent->chain = slab_index(&fs->slab, f);
		silent->count++;
	}
}

static uint8_t slot_after(uint8_t slot)
{
	return (uint8_t)(slot % IDLE_SLOTS + 1);
}

uint32_t idle_tick(struct flows *fs, uint64_t period)
{
	struct idle *idle = &fs->idle;
	struct silent silent = {0};
	uint8_t slot = idle->now;
	do { /* the oldest one first: flows move on to younger ones */
		slot = slot_after(slot);
		if (period - idle->slot[slot].period > idle->periods)
			empty_slot(fs, slot, &silent);
	} while (slot != idle->now);
	idle->now = slot_after(idle->now);
	idle->slot[idle->now].period = period;
	uint32_t none;
	return silent.count > 0 ? sort(fs, silent.chain, silent.count, &none) : 0;
}
