/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/room.h"

#include "base/error.h"
#include "flow/calm.h"
#include "flow/foresight.h"
#include "flow/life.h"
#include "flow/stub.h"

/* -- whose turn it is ------------------------------------------------------------------ */

static bool was_heard(const struct flows *fs, uint32_t ref)
{
	return ref_form(ref) != REF_SYN && stand_at(fs, ref)->heard;
}

/* It is not the turn of that flow. */
static void pass(struct flows *fs, uint32_t ref, enum flow_list list)
{
	if (ref_form(ref) == REF_AWAKE) {
		flows_move(fs, flow_at(fs, ref), list);
	} else {
		list_remove(fs, ref);
		list_add(fs, ref, list);
	}
	if (ref_form(ref) != REF_SYN)
		stand_at(fs, ref)->heard = false;
}

/* -> whether ref may go: where flows may doze, those that are awake make room by that */
static bool may_go(const struct flows *fs, uint32_t ref)
{
	return (fs->cells.count == 0 || ref_form(ref) != REF_AWAKE) && ref != fs->spared;
}

/* How long flows are looked for that may go. */
struct sweep {
	size_t steps;
	bool spares_heard; /* those that were heard of since they were last looked at */
};

/* -> the flow of this list that was silent longest, roughly; 0: none was found. Each step goes on
   where the last one was. */
static uint32_t quietest(struct flows *fs, enum flow_list list, struct sweep sweep)
{
	for (; sweep.steps > 0; sweep.steps--) {
		uint32_t ref = fs->list[list].oldest;
		bool spared = sweep.spares_heard && ref != 0 && was_heard(fs, ref);
		if (ref == 0 || (may_go(fs, ref) && !spared))
			return ref;
		pass(fs, ref, list);
	}
	return 0;
}

enum { SWEEP_FIRST = 32 };

/* First a short look at each list, so that one in which all are awake or heard of does not cost
   much; in the end whoever may go. */
static uint32_t quietest_of_all(struct flows *fs)
{
	const struct sweep sweeps[] = {
	        {fs->cells.count == 0 ? FLOW_SWEEP : SWEEP_FIRST, true},
	        {FLOW_SWEEP, true},
	        {fs->slab.count + 2, false}, /* so many are awake, or spared */
	};
	uint32_t ref = 0;
	for (size_t i = 0; ref == 0 && i < sizeof sweeps / sizeof *sweeps; i++)
		for (int list = 0; ref == 0 && list < FLOW_STUB; list++)
			ref = quietest(fs, (enum flow_list)list, sweeps[i]);
	return ref;
}

/* -- making room ------------------------------------------------------------------------ */

/* A stub may be left of it. */
static void evict_dozing(struct flows *fs, uint32_t ref)
{
	if (!stub_leave(fs, ref)) {
		flows_forget(fs, ref);
		return;
	}
	fs->count--;
	fs->stubs++;
	uint32_t oldest = fs->list[FLOW_STUB].oldest;
	if (oldest == fs->spared)
		oldest = place_at(fs, oldest)->newer;
	if (fs->stubs > fs->stubs_most)
		flows_forget(fs, oldest);
}

void room_evict(struct flows *fs, uint32_t ref, const struct tf_packet *pkt)
{
	bool syn = ref_form(ref) == REF_SYN;
	enum flow_list list = syn ? FLOW_EMBRYONIC : (enum flow_list)stand_at(fs, ref)->list;
	bool closed = list == FLOW_CLOSED; /* those have lost nothing */
	fs->counters->flows_evicted += !closed;
	fs->counters->flows_evicted_embryonic += list == FLOW_EMBRYONIC;
	if (closed && pkt == NULL) {
		fs->counters->flows_forgotten++;
	} else if (closed) {
		const struct flow *f =
		        ref_form(ref) == REF_AWAKE ? flow_at(fs, ref) : doze_look(fs, ref);
		fs->counters->flows_forgotten += !life_has_lingered(fs, f, pkt);
	}
	if (ref_form(ref) == REF_DOZING && list == FLOW_OPEN && pkt != NULL && !is_calm(fs, ref))
		evict_dozing(fs, ref);
	else
		flows_finish(fs, ref, TF_END_EVICTED);
}

bool room_make(struct flows *fs, size_t cells, const struct tf_packet *pkt)
{
	while (fs->cells.count - fs->cells.used < cells || fs->count >= fs->most) {
		uint32_t ref = quietest_of_all(fs);
		if (ref == 0)
			return false;
		foresight_evictions(fs, ref);
		room_evict(fs, ref, pkt);
	}
	return true;
}

/* Makes a struct flow free when there is none. */
static void make_awake_room(struct flows *fs, const struct tf_packet *pkt)
{
	if (fs->slab.used < fs->slab.count)
		return;
	if (fs->cells.count == 0) {
		uint32_t ref = quietest_of_all(fs);
		MUST(ref != 0); /* the slab is empty, so they are all listed */
		room_evict(fs, ref, pkt);
		return;
	}
	MUST(room_make(fs, DOZE_CELLS, pkt)); /* all that is not awake may go for it */
	struct flow *stuck = doze_one(fs);
	if (stuck != NULL)
		room_evict(fs, ref_of(fs, stuck), pkt);
}

struct flow *room_take(struct flows *fs, const struct tf_packet *pkt)
{
	make_awake_room(fs, pkt);
	return slab_take(&fs->slab);
}
