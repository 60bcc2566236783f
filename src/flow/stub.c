/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/stub.h"

#include "flow/checksum.h"
#include "flow/life.h"

#include <string.h>

enum { KEEP = 200 };

/* Only what goes on as if nothing had been: no FIN, no limit, and offsets of the file are those
   of sequence numbers. */
static bool may_return(const struct flows *fs, const struct flow *f)
{
	if (fs->stubs_most == 0 || fs->reasm.limits.flow_bytes != INT64_MAX)
		return false;
	for (int d = 0; d < 2; d++)
		if (f->half[d].fin != REASM_NO_FIN || f->half[d].urgent != NULL)
			return false;
	return f->stand.list == FLOW_OPEN && (f->half[0].based || f->half[1].based);
}

/* The half of a stub. What lies before its start was recorded, and does not change. */
static struct half rest_of(const struct half *h)
{
	struct half to;
	half_init(&to, h->dir);
	to.base = h->base;
	to.start = to.next = h->next;
	to.acked = h->acked;
	to.edge = h->edge;
	to.ack_raw = h->ack_raw;
	to.ack_known = h->ack_known;
	to.based = to.isn_known = h->based;
	to.stream = h->stream;
	to.resumed = true;
	to.policy = h->policy;
	return to;
}

static void make(const struct flows *fs, struct flow *to, const struct flow *f)
{
	memcpy(to, f, fs->slab.size);
	memset(to->slot, 0, fs->sinks * sizeof *to->slot);
	to->rival = (struct rival_syn){0};
	for (int d = 0; d < 2; d++) {
		to->pub.packets[d] = to->pub.frame_bytes[d] = to->pub.captured[d] = 0;
		to->half[d] = rest_of(&f->half[d]);
	}
}

bool stub_leave(struct flows *fs, uint32_t ref)
{
	struct flow *f = doze_show(fs, ref), *stub = doze_spare(fs);
	uint8_t bytes[KEEP];
	struct tf_keep keep = {.to = bytes, .room = sizeof bytes};
	bool returns = may_return(fs, f);
	if (returns)
		make(fs, stub, f);
	life_end_with(fs, f, TF_END_EVICTED, returns ? &keep : NULL);
	if (keep.n == 0)
		return false;
	for (unsigned i = 0; i < fs->outlets; i++)
		if (fs->outlet[i].sink->doze != NULL)
			memcpy(stub->slot[i], f->slot[i], sizeof f->slot[i]);
	return doze_again(fs, ref, stub, bytes, keep.n);
}

bool stub_goes_on(struct flows *fs, uint32_t ref, unsigned dir, const struct tf_packet *pkt)
{
	const struct flow *f = doze_look(fs, ref);
	int64_t silent = (int64_t)((uint64_t)pkt->ts_ns - (uint64_t)f->pub.last_ns);
	if ((pkt->flags & (TCP_ACK | TCP_SYN | TCP_RST)) != TCP_ACK || !f->half[dir].based ||
	    reasm_is_far(&fs->reasm, &f->half[dir], pkt->seq))
		return false;
	if (fs->idle.ns > 0 && silent > fs->idle.ns)
		return false;
	return fs->checksum == TF_CHECKSUM_IGNORE ||
	       checksum_of(pkt, f->sums[dir].offloading) != CHECKSUM_BAD;
}

void stub_begin(struct flows *fs, struct flow *f, const struct tf_packet *pkt)
{
	f->ended = false;
	f->pub.resumed = true;
	memset(f->pub.showed, 0, sizeof f->pub.showed);
	memset(f->pub.history, 0, sizeof f->pub.history);
	f->history = (struct history){0};
	f->pub.number = pkt->number;
	f->spoke[0] = f->spoke[1] = true;
	f->pub.connection = fs->numbered ? fs->connections++ : TF_UNNUMBERED;
	fs->counters->flows++;
	fs->counters->flows_resumed++;
	life_tell_begin(fs, f);
}
