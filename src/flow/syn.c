/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A scan or a flood is SYNs that nobody answers, each of another connection. Such a
 * connection is one cell: what its only packet said, from which the flow can be made at any time
 * (syn_show()) as life.c would have made it. It is never more than that; whatever comes next of
 * it wakes it.
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
#include "base/hash.h"
#include "flow/life.h"

#include <assert.h>
#include <string.h>

enum { V4 = 4, V4_AT = 12, MACS = 12, LINKS = 255, NOBODY = 7, SCALE_BITS = 4 };

struct syn {
	struct place place;
	uint32_t isn, stamp;
	uint32_t slot_of;         /* what the sink `keeper` has in both slots */
	uint32_t connection, nth; /* when connections are numbered */
	uint32_t number_low;
	uint16_t port[2];
	int64_t ts_ns;
	uint8_t address[2][V4];
	uint16_t number_high;
	uint8_t slot; /* of idle.h: of the tick before it */
	uint8_t said; /* struct gate_side: scale, and bits */
	uint8_t link; /* Ethernet addresses, as an index; 0: there are none */
	uint8_t length, captured;
	uint8_t keeper : 3, checksum : 2; /* an outlet, or NOBODY; enum checksum */
	uint8_t turned : 1; /* its packet was of an output generation before this one */
};

static_assert(sizeof(struct syn) == 64, "one cell");
static_assert((int)FLOW_SINKS <= (int)NOBODY + 1, "the last outlet cannot be a keeper");

struct syn_links {
	uint8_t macs[1 + LINKS][MACS]; /* destination, source; as in frames */
	bool used[1 + LINKS];
};

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

/* -> the index of pkt's Ethernet addresses, or -1: others have its place */
static int link_of(struct syn_links *l, const struct tf_packet *pkt)
{
	const uint8_t *macs = pkt->wire.bytes;
	if (pkt->wire.link_type != LIFE_ETHERNET || pkt->wire.captured < MACS)
		return 0;
	unsigned i = 1 + (unsigned)(hash_bytes(macs, MACS, 0) % LINKS);
	if (!l->used[i])
		memcpy(l->macs[i], macs, MACS);
	l->used[i] = true;
	return memcmp(l->macs[i], macs, MACS) == 0 ? (int)i : -1;
}

bool syn_fits(struct flows *fs, const struct tf_packet *pkt)
{
	return fs->links != NULL && is_plain(pkt) && pkt->number >> 48 == 0 &&
	       (fs->wants >> TF_SEGMENT & 1) == 0 && pkt->wire.length <= UINT8_MAX &&
	       pkt->wire.captured <= UINT8_MAX && tf_address_is_v4(&pkt->src.address) &&
	       tf_address_is_v4(&pkt->dst.address) && fs->directions < UINT32_MAX &&
	       link_of(fs->links, pkt) >= 0;
}

/* -- the cell, and the flow ----------------------------------------------------------------- */

static uint8_t pack_side(struct gate_side g)
{
	return (uint8_t)((g.scale & 15U) | (unsigned)g.said << SCALE_BITS |
	                 (unsigned)g.scales << (SCALE_BITS + 1) |
	                 (unsigned)g.stamps << (SCALE_BITS + 2) |
	                 (unsigned)g.is_signed << (SCALE_BITS + 3));
}

static struct gate_side side_of(const struct syn *s)
{
	unsigned bits = s->said >> SCALE_BITS;
	return (struct gate_side){.stamp = s->stamp,
	                          .stamp_s = (uint32_t)(s->ts_ns / 1000000000),
	                          .scale = s->said & 15U,
	                          .said = (bits & 1) != 0,
	                          .scales = (bits & 2) != 0,
	                          .stamps = (bits & 4) != 0,
	                          .is_signed = (bits & 8) != 0};
}

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
	                  .said = pack_side(said),
	                  .link = (uint8_t)link_of(fs->links, pkt),
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

static struct tf_endpoint end_of(const struct syn *s, unsigned which)
{
	struct tf_endpoint e = {.port = s->port[which]};
	e.address.b[10] = e.address.b[11] = 0xff;
	memcpy(e.address.b + V4_AT, s->address[which], V4);
	return e;
}

static void show_macs(const struct flows *fs, const struct syn *s, struct flow *f)
{
	const uint8_t *macs = fs->links->macs[s->link];
	size_t n = sizeof f->pub.mac[0];
	if (s->link == 0)
		return;
	memcpy(f->pub.mac[0], macs + n, n);
	memcpy(f->pub.mac_to[0], macs, n);
	memcpy(f->pub.mac[1], macs, n);
}

void syn_show(const struct flows *fs, uint32_t ref, struct flow *f)
{
	const struct syn *s = syn_at(fs, ref);
	const struct tf_packet pkt = {
	        .src = end_of(s, 0),
	        .dst = end_of(s, 1),
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
	show_macs(fs, s, f);
	checksums_note(&f->sums[0], (enum checksum)s->checksum);
	life_count(f, 0, &pkt);
	history_packet(f, 0, &pkt, true);
	if (s->turned)
		life_uncount(f);
	f->gate[0] = side_of(s);
	f->listed = FLOWS_TURN(pkt.number, 0);
	f->stand.list = FLOW_EMBRYONIC;
	f->stirs = true;
	if (s->keeper != NOBODY)
		f->slot[s->keeper][0] = f->slot[s->keeper][1] = s->slot_of;
}

/* Puts what sinks keep of f into s -> whether there was room */
static bool take_slots(const struct flows *fs, struct syn *s, const struct flow *f)
{
	for (unsigned i = 0; i < fs->outlets; i++) {
		uintptr_t slot = f->slot[i][0];
		if (slot == 0 && f->slot[i][1] == 0)
			continue;
		if (s->keeper != NOBODY || i == NOBODY || f->slot[i][1] != slot ||
		    slot > UINT32_MAX)
			return false;
		s->keeper = i & 7U;
		s->slot_of = (uint32_t)slot;
	}
	return true;
}

bool syn_turn(struct flows *fs, uint32_t ref, const struct flow *shown)
{
	struct syn *s = syn_at(fs, ref);
	s->turned = 1;
	s->keeper = NOBODY;
	return shown == NULL || take_slots(fs, s, shown);
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
	if (pkt->vlan[0] != 0 || pkt->net[0] != 0 || !tf_address_is_v4(&pkt->src.address) ||
	    !tf_address_is_v4(&pkt->dst.address))
		return -1;
	const uint8_t *src = pkt->src.address.b + V4_AT, *dst = pkt->dst.address.b + V4_AT;
	for (int d = 0; d < 2; d++)
		if (s->port[d] == pkt->src.port && s->port[!d] == pkt->dst.port &&
		    memcmp(s->address[d], src, V4) == 0 && memcmp(s->address[!d], dst, V4) == 0)
			return d;
	return -1;
}

void syn_wake(struct flows *fs, uint32_t ref, struct flow *f, uint64_t hash)
{
	struct syn *s = syn_at(fs, ref);
	uint32_t to = ref_of(fs, f);
	syn_show(fs, ref, f);
	f->stand.place = s->place;
	f->stand.hash = hash;
	places_replace(fs, ref, to);
	idle_place(fs, to, s->slot);
	slab_give(&fs->cells, s);
	fs->syns--;
}
