/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All flows are told that another output generation begins (doc/adr/0028), in the order of their
 * lists and whatever their form, which does not change by it:
 *
 *	awake     is told
 *	dozing    is shown (doze_show()), told, and squeezed into its cells again
 *	calm      is shown if a sink hears of such, and told; its packets are counted
 *	a SYN     is shown if a sink hears of such, told, and marked: its packet is counted
 *	a stub    goes
 *
 * So no flow's place changes while all are walked through, but for those that go where cells are
 * short. That a flow takes a cell more is rare: what has begun anew is mostly zero. Who goes has
 * not been told yet, so a generation's report has one row of it; but for a flow that then takes
 * more than DOZE_CELLS, or one that is calm or a SYN of which a sink keeps more than there is room
 * for, which end behind their turn.
 *
 * Bounds: one step for each flow; where cells are short, a look at all that are awake for
 * each that goes.
 */
#include "flow/calm.h"
#include "flow/life.h"
#include "flow/room.h"
#include "flow/syn.h"

/* -> the first behind ref, in the order of the walk, that has cells: it has not been told of the
   turn, so END is its only row; 0: there is none. None is passed, since all are being walked
   through. */
static uint32_t next_to_go(const struct flows *fs, uint32_t ref, int list)
{
	for (uint32_t at = place_at(fs, ref)->newer;; at = fs->list[list].oldest) {
		while (at != 0 && ref_form(at) == REF_AWAKE)
			at = place_at(fs, at)->newer;
		if (at != 0 || ++list == FLOW_STUB)
			return at;
	}
}

/* -> whether ref is squeezed anew at its turn */
static bool takes_cells(const struct flows *fs, uint32_t ref)
{
	return ref_form(ref) == REF_DOZING && !is_calm(fs, ref) && !doze_ended(fs, ref);
}

/* What ref becomes by its turn may take more cells than it has -> whether there are so many */
static bool make_turn_room(struct flows *fs, uint32_t ref, int list)
{
	while (fs->cells.count - fs->cells.used < DOZE_CELLS) {
		uint32_t other = next_to_go(fs, ref, list);
		if (other == 0)
			return false;
		room_evict(fs, other, NULL);
	}
	return true;
}

/* -> whether it stays in its form */
static bool turn_back(struct flows *fs, uint32_t ref, const struct flow *f)
{
	if (ref_form(ref) == REF_SYN)
		return syn_turn(fs, ref, f);
	if (is_calm(fs, ref))
		return calm_turn(fs, ref, f);
	return ref_form(ref) == REF_AWAKE || f == NULL || doze_back(fs, ref);
}

/* Tells it, in whatever form it is, and leaves it in that. No other changes its form or its place
   meanwhile, but some may go. -> the next in its list */
static uint32_t turn_one(struct flows *fs, uint32_t ref, int list)
{
	if (takes_cells(fs, ref) && !make_turn_room(fs, ref, list)) {
		uint32_t behind = place_at(fs, ref)->newer;
		room_evict(fs, ref, NULL);
		return behind;
	}
	struct flow *f = flows_show(fs, ref);
	if (f != NULL) {
		fs->turn = flows_last_turn(fs, f);
		life_turn(fs, f);
	}
	bool stays = turn_back(fs, ref, f);
	uint32_t next = place_at(fs, ref)->newer;
	if (!stays) { /* it does not fit */
		fs->counters->flows_evicted++;
		life_end(fs, f, TF_END_EVICTED);
		flows_forget(fs, ref);
	}
	return next;
}

void flows_turn(struct flows *fs)
{
	while (fs->list[FLOW_STUB].oldest != 0) /* their files are closed for good */
		flows_forget(fs, fs->list[FLOW_STUB].oldest);
	fs->turn = FLOWS_LAST_TURN;
	for (int list = 0; list < FLOW_STUB; list++)
		for (uint32_t ref = fs->list[list].oldest; ref != 0;)
			ref = turn_one(fs, ref, list);
}
