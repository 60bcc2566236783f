/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A scan or a flood is SYNs that nobody answers, each of another connection. Such a
 * connection is one cell: what its only packet said, from which the flow can be made at any time
 * (syn_show()) as life.c would have made it. It is never more than that: an
 * answer makes it calm (calm.c), and whatever else comes of it wakes it.
 *
 * Only what is usual is taken: IPv4 without tags and tunnels, of an Ethernet address that is
 * among the latest few, of a short frame. All others begin awake, and doze later.
 *
 * Such a flow stands in FLOW_EMBRYONIC, in the order of its age like all there. It has no place
 * among the idle ones: `slot` is enough, since it never is heard of again.
 *
 * Bounds: a SYN touches its bucket, its cell and its neighbour in the list. When no sink hears
 * of silent connections (tf_sink.skips_silent), nothing is told and nothing is made.
 */
#include "flow/syn.h"

#include "base/error.h"
#include "flow/cells.h"
#include "flow/life.h"

#include <string.h>

bool syn_init(struct flows *fs, struct arena *a)
{
	fs->links = arena_take(a, sizeof *fs->links);
	return fs->links != NULL;
}

static struct syn *syn_at(const struct flows *fs, uint32_t ref)
{
	return cell_at(fs, ref);
}

uint64_t syn_number(const struct flows *fs, uint32_t ref)
{
	const struct syn *s = syn_at(fs, ref);
	return (uint64_t)s->number_high << 32 | s->number_low;
}

uint8_t syn_slot(const struct flows *fs, uint32_t ref)
{
	return syn_at(fs, ref)->slot;
}

/* -- does it fit? --------------------------------------------------------------------------- */

static bool is_plain(const struct tf_packet *pkt)
{
	return (pkt->flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK)) == TCP_SYN &&
	       pkt->payload.n == 0 && pkt->cut == 0 && pkt->window != 0 && pkt->place == 0 &&
	       pkt->vlan[0] == 0 && pkt->net[0] == 0 && pkt->marks.kind[0] == 0;
}

bool syn_fits(struct flows *fs, const struct tf_packet *pkt)
{
	return fs->links != NULL && is_plain(pkt) && pkt->number >> 48 == 0 &&
	       (fs->wants >> TF_SEGMENT & 1) == 0 && pkt->wire.length <= UINT8_MAX &&
	       pkt->wire.captured <= UINT8_MAX && tf_address_is_v4(&pkt->src.address) &&
	       tf_address_is_v4(&pkt->dst.address) && fs->directions < UINT32_MAX &&
	       link_of_frame(fs->links, pkt) >= 0;
}

/* -- the cell, and the flow ----------------------------------------------------------------- */

static void fill(struct flows *fs, struct syn *s, const struct tf_packet *pkt,
                 enum checksum checksum)
{
	struct gate_side said = gate_syn(pkt);
	*s = (struct syn){.isn = pkt->seq,
	                  .stamp = said.stamp,
	                  .number_low = (uint32_t)pkt->number,
	                  .number_high = (uint16_t)(pkt->number >> 32),
	                  .port = {pkt->src.port, pkt->dst.port},
	                  .ts_ns = pkt->ts_ns,
	                  .slot = fs->idle.now,
	                  .said = side_pack(said),
	                  .link = (uint8_t)link_of_frame(fs->links, pkt),
	                  .length = (uint8_t)pkt->wire.length,
	                  .captured = (uint8_t)pkt->wire.captured,
	                  .keeper = NOBODY,
	                  .checksum = (unsigned)checksum & 3U};
	memcpy(s->address[0], pkt->src.address.b + V4_AT, V4);
	memcpy(s->address[1], pkt->dst.address.b + V4_AT, V4);
	if (fs->numbered) {
		s->connection = (uint32_t)fs->connections++;
		s->nth = (uint32_t)fs->directions++;
	}
}

void syn_show(const struct flows *fs, uint32_t ref, struct flow *f)
{
	const struct syn *s = syn_at(fs, ref);
	const struct tf_packet pkt = {
	        .src = end_of_v4(s->address[0], s->port[0]),
	        .dst = end_of_v4(s->address[1], s->port[1]),
	        .seq = s->isn,
	        .flags = TCP_SYN,
	        .window = 1, /* any but 0 */
	        .wire = {.captured = s->captured, .length = s->length},
	        .ts_ns = s->ts_ns,
	        .number = syn_number(fs, ref),
	};
	memset(f, 0, fs->slab.size);
	life_prepare(fs, f, &pkt);
	if (fs->numbered) {
		f->pub.connection = s->connection;
		f->pub.nth[0] = s->nth;
	}
	link_show(fs, s->link, 0, f);
	checksums_note(&f->sums[0], (enum checksum)s->checksum);
	life_count(f, 0, &pkt);
	history_packet(f, 0, &pkt, true);
	if (s->turned)
		life_uncount(f);
	f->gate[0] = side_unpack(s->said, s->stamp, (uint32_t)(s->ts_ns / 1000000000));
	f->listed = FLOWS_TURN(pkt.number, 0);
	f->stand.list = FLOW_EMBRYONIC;
	f->front.stirs = true;
	slots_show(s->keeper, s->slot_of, f);
}

/* Puts what sinks keep of f, if there is one, into s -> whether there was room */
static bool take_slots(const struct flows *fs, struct syn *s, const struct flow *f)
{
	uint8_t keeper;
	bool fits = slots_pack(fs, f, &keeper, &s->slot_of);
	s->keeper = keeper & 7U;
	return fits;
}

bool syn_turn(struct flows *fs, uint32_t ref, const struct flow *shown)
{
	struct syn *s = syn_at(fs, ref);
	s->turned = 1;
	return take_slots(fs, s, shown);
}

bool syn_begin(struct flows *fs, const struct tf_packet *pkt, enum checksum checksum,
               struct flow **shown)
{
	struct syn *s = slab_take(&fs->cells);
	MUST(s != NULL);
	uint32_t ref = REF_SYN | slab_index(&fs->cells, s);
	fill(fs, s, pkt, checksum);
	fs->counters->flows++;
	if (fs->tells_silent) {
		*shown = doze_begun(fs);
		syn_show(fs, ref, *shown);
		life_tell_begin(fs, *shown);
		if (!take_slots(fs, s, *shown)) {
			slab_give(&fs->cells, s);
			return false;
		}
	}
	bucket_add(fs, ref, pkt->hash);
	list_add(fs, ref, FLOW_EMBRYONIC);
	fs->syns++;
	return true;
}

int syn_direction(const struct flows *fs, uint32_t ref, const struct tf_packet *pkt)
{
	const struct syn *s = syn_at(fs, ref);
	return direction_of_v4(s->address, s->port, pkt);
}

void syn_wake(struct flows *fs, uint32_t ref, struct flow *f, uint64_t hash)
{
	struct syn *s = syn_at(fs, ref);
	uint32_t to = ref_of(fs, f);
	syn_show(fs, ref, f);
	f->stand.place = s->place;
	f->stand.hash = hash;
	places_replace(fs, ref, to, hash);
	idle_place(fs, to, s->slot);
	slab_give(&fs->cells, s);
	fs->syns--;
}
