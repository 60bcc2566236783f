/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the forms of flows that stand in cells have in common: how they begin, and facts of
 * connections in few bytes. Only IPv4 without tags and tunnels is packed so.
 */
#ifndef FLOW_CELLS_H
#define FLOW_CELLS_H

#include "flow/checksum.h"
#include "flow/places.h"

#include <assert.h>

enum {
	CELL = 64, /* bytes */
	V4 = 4,
	V4_AT = 12, /* in struct tf_address */
	MACS = 12,
	LINKS = 255,
	NOBODY = 7 /* no outlet */
};

/* A SYN (syn.c). */
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
	uint8_t said; /* side_pack() */
	uint8_t link; /* link_of_frame() */
	uint8_t length, captured;
	uint8_t keeper : 3, checksum : 2; /* an outlet, or NOBODY; enum checksum */
	uint8_t turned : 1; /* its packet was of an output generation before this one */
};

/* How all begin that doze, squeezed (doze.c), calm (calm.c), or ended (linger.c). */
struct doze_head {
	struct stand stand;
	uint64_t number; /* pub.number */
	uint32_t more;   /* the next cell, as an index */
	uint16_t n;      /* bytes that were squeezed; 0: it is calm; or LINGERS */
	bool ended : 1;
	bool has_rest : 1; /* these are calm.c's */
	uint8_t stage : 2, good : 2, card : 2, scaled : 2;
};

static_assert(sizeof(struct syn) == CELL && sizeof(struct doze_head) == 48, "in cells");
static_assert((int)FLOW_SINKS <= (int)NOBODY + 1, "the last outlet cannot be a keeper");

static inline struct doze_head *head_at(const struct flows *fs, uint32_t ref)
{
	return cell_at(fs, ref);
}

static inline bool is_calm(const struct flows *fs, uint32_t ref)
{
	return ref_form(ref) == REF_DOZING && head_at(fs, ref)->n == 0;
}

enum { LINGERS = UINT16_MAX };

static inline bool is_lingering(const struct flows *fs, uint32_t ref)
{
	return ref_form(ref) == REF_DOZING && head_at(fs, ref)->n == LINGERS;
}

/* Ethernet addresses of frames, destination and source as they stand there. */
struct syn_links {
	uint8_t macs[1 + LINKS][MACS];
	bool used[1 + LINKS];
	uint8_t latest; /* which was asked for last */
};

/* -> the index of pkt's Ethernet addresses, 0: it has none, or -1: others have its place. */
int link_of_frame(struct syn_links *l, const struct tf_packet *pkt);

/* f gets those of its direction's first frame; first that of direction 0. */
void link_show(const struct flows *fs, uint8_t link, unsigned dir, struct flow *f);

struct tf_endpoint end_of_v4(const uint8_t address[V4], uint16_t port);

/* -> whether a key is IPv4 without tags and tunnels. */
bool is_plain_v4(const struct tf_flow *f);

/* The same for pkt, and its addresses and ports are these -> its direction, else -1. */
int direction_of_v4(const uint8_t address[2][V4], const uint16_t port[2],
                    const struct tf_packet *pkt);

/* What a SYN has said, but for the time: scale and bits. */
enum {
	SIDE_SCALE = 0x0f,
	SIDE_SAID = 0x10,
	SIDE_SCALES = 0x20,
	SIDE_STAMPS = 0x40,
	SIDE_SIGNED = 0x80
};
uint8_t side_pack(struct gate_side g);
struct gate_side side_unpack(uint8_t said, uint32_t stamp, uint32_t stamp_s);

/* One sink may have something of the flow, the same in both slots -> false: there is more. */
bool slots_pack(const struct flows *fs, const struct flow *f, uint8_t *keeper, uint32_t *slot);
void slots_show(uint8_t keeper, uint32_t slot, struct flow *f);

#endif
