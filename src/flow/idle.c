/* SPDX-License-Identifier: BSD-3-Clause */
/* Silence, and who has kept it for too long: see idle.h. */
#include "flow/doze.h"

void idle_init(struct idle *idle, int64_t idle_ns)
{
	int64_t period = idle_period(idle_ns);
	*idle = (struct idle){.ns = idle_ns,
	                      .periods = (uint64_t)(idle_ns / period + (idle_ns % period > 0)),
	                      .now = 1};
}

static void enter(struct flows *fs, uint32_t ref, uint8_t slot)
{
	uint32_t *first = &fs->idle.slot[slot].first;
	struct stand *s = stand_at(fs, ref);
	s->slot = slot;
	s->idle.before = 0;
	s->idle.after = *first;
	if (*first != 0)
		stand_at(fs, *first)->idle.before = ref;
	*first = ref;
}

void idle_place(struct flows *fs, uint32_t ref, uint8_t slot)
{
	if (fs->idle.ns == 0)
		return;
	stand_at(fs, ref)->latest = slot;
	enter(fs, ref, slot);
}

void idle_leave(struct flows *fs, uint32_t ref)
{
	struct stand *s = stand_at(fs, ref);
	if (s->slot == IDLE_NOWHERE)
		return;
	struct stand *before = stand_at(fs, s->idle.before), *after = stand_at(fs, s->idle.after);
	*(before != NULL ? &before->idle.after : &fs->idle.slot[s->slot].first) = s->idle.after;
	if (after != NULL)
		after->idle.before = s->idle.before;
	s->slot = IDLE_NOWHERE;
}

/* -- in the order of their numbers ---------------------------------------------- */

static uint32_t merge(const struct flows *fs, uint32_t a, uint32_t b)
{
	uint32_t chain = 0, *link = &chain;
	while (a != 0 && b != 0) {
		uint32_t *lower = doze_number(fs, b) < doze_number(fs, a) ? &b : &a;
		*link = *lower;
		link = &stand_at(fs, *lower)->idle.after;
		*lower = *link;
	}
	*link = a != 0 ? a : b;
	return chain;
}

/* Sorts the first n of a chain, at least one -> them; *rest: those behind */
static uint32_t sort(const struct flows *fs, uint32_t chain, size_t n, uint32_t *rest)
{
	if (n == 1) {
		struct stand *s = stand_at(fs, chain);
		*rest = s->idle.after;
		s->idle.after = 0;
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
	uint32_t ref;
	while ((ref = fs->idle.slot[slot].first) != 0) {
		struct stand *s = stand_at(fs, ref);
		idle_leave(fs, ref);
		if (doze_ended(fs, ref))
			continue; /* only remembered: it lingers */
		if (s->latest != slot) {
			enter(fs, ref, s->latest);
			continue;
		}
		s->idle.after = silent->chain;
		silent->chain = ref;
		silent->count++;
	}
}

static uint8_t slot_after(uint8_t slot)
{
	return (uint8_t)(slot % IDLE_SLOTS + 1);
}

uint32_t idle_tick(struct flows *fs, uint64_t period, uint32_t *due)
{
	struct idle *idle = &fs->idle;
	struct silent silent = {0};
	uint8_t slot = idle->now;
	*due = 0;
	do { /* the oldest one first: flows move on to younger ones */
		slot = slot_after(slot);
		if (period - idle->slot[slot].period <= idle->periods)
			continue;
		*due |= UINT32_C(1) << slot;
		empty_slot(fs, slot, &silent);
	} while (slot != idle->now);
	idle->now = slot_after(idle->now);
	idle->slot[idle->now].period = period;
	uint32_t none;
	return silent.count > 0 ? sort(fs, silent.chain, silent.count, &none) : 0;
}
