/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The connections of one worker: a table by key, and the life of each.
 *
 * A flow stands in one of three lists. Each list is in the order in which flows
 * should go when memory is short, and the lists are emptied in this order:
 *
 *	FLOW_CLOSED     closed by RST or both FINs, or ended and only remembered, so
 *	                that late retransmissions open no new flow
 *	FLOW_EMBRYONIC  never more than SYNs and resets: what a scan or a flood leaves
 *	FLOW_OPEN       all others
 *
 * FLOW_STUB is of what is left of those that had to go (stub.h).
 *
 * Being heard of does not move a flow (that would touch three of them for each
 * packet); it sets `heard`, and whoever looks for a flow to give up moves heard ones
 * to the end of the list and clears the mark. Each step clears a mark that a packet has
 * set, so there are no more steps than packets.
 *
 * A flow has one of three forms, and its place in the table and in its list whatever its form:
 *
 *	awake     struct flow, from a slab for those that are heard of at about this time
 *	dozing    squeezed into cells of 64 bytes (doze.c), of which nothing was heard for as
 *	          long as it took for the slab to be used up; or in a form of their own (calm.c;
 *	          linger.c: they have ended)
 *	a SYN     all that is known of a connection that has said no more, in one cell (syn.c)
 *
 * A reference (uint32_t) says which: an index, and REF_... Whatever a packet belongs to is
 * awake before the packet is looked at, unless it is of a connection that has never said a byte
 * and still does not: that dozes in a form in which such packets are taken (calm.c). Most packets
 * of a flow that is awake are taken in its first two cache lines (front.c). Where a sink wants
 * flows to stay where they are, all are awake.
 *
 * Bounds: flows, cells, segments and chunks come from slabs of fixed size; a packet costs
 * one lookup, and at most FLOW_SWEEP steps of housekeeping. Counters: flows_evicted,
 * flows_forgotten, held_spilled.
 *
 * Choices not taken: doc/adr/0030, 0033, 0035.
 */
#ifndef FLOW_FLOWS_H
#define FLOW_FLOWS_H

#include "flow/checksum.h"
#include "flow/gate.h"
#include "flow/history.h"
#include "flow/idle.h"
#include "flow/overlap.h"
#include "reasm/reasm.h"

#include <assert.h>

enum { FLOW_SINKS = 8, FLOW_SWEEP = 1024 };

/* The forms of flows, in the two highest bits of a reference; 0 is none. */
#define REF_AWAKE  UINT32_C(0)
#define REF_DOZING (UINT32_C(1) << 30)
#define REF_SYN    (UINT32_C(2) << 30)
#define REF_END    (UINT32_C(3) << 30) /* of a bucket's chain; the rest is the bucket */
#define REF_FORM   (UINT32_C(3) << 30)

/* Buckets and chains hold links: references with a part of the flow's hash in bits that no index
   needs here, and with this one where nothing stands behind the flow. */
#define LINK_LAST (UINT32_C(1) << 29)

/* How every flow begins, in whatever form. */
struct place {
	uint32_t chain;        /* a link to the next in its bucket, or REF_END and the bucket */
	uint32_t older, newer; /* neighbours in its list */
};

/* How all begin that are more than a SYN. */
struct stand {
	struct place place;
	struct idle_place idle;
	uint8_t slot;   /* of idle.h: 1 to IDLE_SLOTS, or IDLE_NOWHERE; */
	uint8_t latest; /* and that of the tick before its latest packet */
	uint8_t list;   /* enum flow_list */
	bool heard;     /* of, since it was last looked at for eviction */
	union {
		uint64_t hash;
		int64_t began_ns; /* of one that is calm, which has no hash */
	};
};

enum flow_list { FLOW_CLOSED, FLOW_EMBRYONIC, FLOW_OPEN, FLOW_STUB, FLOW_LISTS };

/* A SYN inside a connection: it opens another one if the peer's answer says so. */
struct rival_syn {
	bool known;
	uint8_t dir;
	uint32_t isn;
	int64_t ts_ns;
	uint64_t number;
	struct gate_side said; /* with it */
};

/* One direction in `struct front`: as sequence numbers what struct half has as offsets. */
struct front_side {
	int64_t latest_ns;         /* of its latest packet */
	uint32_t next;             /* its next byte, */
	uint32_t acked;            /* what the peer waits for, */
	uint32_t edge;             /* where the peer's window ends, */
	uint32_t until;            /* and the end of what may be told here */
	uint32_t stamp, stamp_s;   /* as in struct gate_side */
	uint32_t frame_bytes;      /* of packets that were taken here, captured whole, */
	uint16_t packets;          /* and how many those are, since they were last counted */
	uint8_t shift;             /* of its windows */
	bool acks : 1, speaks : 1; /* that it does is nothing new to history.c */
	bool offloads : 1;         /* as in struct checksums */
};

/* What the usual packet reads and writes of a flow besides its stand: see front.h. */
struct front {
	uint8_t tail[2][4]; /* of both ends' addresses: all of an IPv4 one */
	uint16_t port[2];
	bool open;       /* all this is so, and ahead of the rest of the flow */
	bool stirs;      /* heard of since it was last looked at for dozing (open or not) */
	bool plain : 1;  /* the key is IPv4 without tags and tunnels */
	bool said : 1;   /* both SYNs were seen, */
	bool stamps : 1; /* and both had timestamps */
	struct front_side side[2];
};

enum { FRONT_LINE = 64, FRONT_SIZE = 2 * FRONT_LINE };
static_assert(sizeof(struct stand) + sizeof(struct front) <= FRONT_SIZE,
              "what a usual packet needs of its flow");

struct flow {
	struct stand stand;
	struct front front;
	struct tf_flow pub;
	uint64_t listed; /* the turn that put it into its list */
	bool ended;      /* END was told; halves and slots are empty */
	bool reset;      /* RST came */
	bool spoke[2];   /* each direction has had a packet */
	bool answered;   /* so has the second, be it one that was rejected */
	struct history history;
	struct checksums sums[2];
	struct gate_side gate[2];
	struct rival_syn rival;
	struct half half[2];
	uintptr_t slot[][2]; /* for each sink and direction */
};

/* A sink's instance in this worker. */
struct outlet {
	const struct tf_sink *sink;
	void *self;
	unsigned kinds; /* 1 << enum tf_kind that it wants */
};

struct flows {
	struct slab slab;         /* of struct flow */
	struct slab cells;        /* of 64 bytes */
	size_t count;             /* flows in all forms, */
	size_t syns;              /* and those that are a SYN */
	size_t most;              /* at a time */
	bool many;                /* the table has large pages, or is to have none */
	size_t stubs, stubs_most; /* flows no more, and not in `count` */
	uint32_t spared;          /* the flow that wakes, which is not to go now */
	unsigned foreseen;        /* evictions that have been asked ahead for (foresight.h) */
	size_t hand;              /* where the search for flows that may doze goes on */
	struct doze_work *work;
	struct syn_links *links;
	uint32_t *bucket;
	uint32_t bucket_mask;
	uint32_t hash_bits,
	        ref_bits; /* of a link: where it has a part of the hash, and the reference */
	struct {
		uint32_t oldest, newest;
	} list[FLOW_LISTS];
	struct reasm reasm;
	struct outlet outlet[FLOW_SINKS];
	unsigned outlets;
	bool tells_silent;  /* an outlet hears of connections that never say anything */
	unsigned sinks;     /* slots of each flow */
	bool fronts;        /* no outlet hears of each segment, so front.c may take some */
	bool exact;         /* an outlet may look at any flow at any time */
	unsigned wants;     /* 1 << enum tf_kind of all that an outlet wants, */
	unsigned last_data; /* and the last outlet that wants DATA: it may keep chunks */
	bool numbered;      /* this worker is the only one: it counts */
	uint64_t connections, directions; /* begun */
	int64_t linger_ns;
	struct idle idle;
	enum tf_checksum checksum;
	struct overlaps overlaps;
	uint64_t turn; /* of the events told now: see struct tf_event */
	struct tf_counters *counters;
	bool failed; /* a sink can do no more: err says why */
	struct tf_error err;
};

struct flows_setup {
	struct arena *arena; /* PAGES_LARGE bytes of it are left to chance */
	size_t memory; /* for flows, their table, queue nodes and gaps, and for what sinks take: */
	size_t sink_awake, sink_flow; /* of each flow that is awake, and of each besides */
	bool doze;                    /* all sinks let flows doze */
	bool live;                    /* packets do not wait for us */
	struct chunk_pool *chunks;
	unsigned sinks;
	struct reasm_limits limits;
	int64_t linger_ns;
	int64_t idle_ns; /* 0: flows may be silent for ever */
	enum tf_checksum checksum;
	enum tf_urgent urgent;
	struct overlaps overlaps;
	bool numbered; /* there is no other worker */
	struct tf_counters *counters;
};

/* Sets everything up but the outlets -> false: the memory does not suffice. The
   struct must not move afterwards. */
bool flows_init(struct flows *fs, const struct flows_setup *s);

/* One more sink hears this worker's events; before the first packet, at most FLOW_SINKS. */
void flows_attach(struct flows *fs, const struct tf_sink *sink, void *self);

/* -> how many flows there can be at a time, and how many of them awake. */
size_t flows_capacity(const struct flows *fs);
size_t flows_awake(const struct flows *fs);

/* One segment; pkt->hash is set. */
void flows_packet(struct flows *fs, const struct tf_packet *pkt);

/* The same for n of them, one behind the other, until a sink can do no more. */
void flows_packets(struct flows *fs, const struct tf_packet *pkt, size_t n);

/* That period of packet time has begun (idle.h): ends flows that were silent for too long, all
   of them at this turn. */
void flows_tick(struct flows *fs, uint64_t period, uint64_t turn);

/* The turn of a packet, and that of the tick before its frame; n is tf_packet.number. */
#define FLOWS_TURN(n, place) ((n)*512 + (uint64_t)(place)*2)
#define FLOWS_TICK_TURN(n)   ((n)*512 - 1)

/* Behind all of them. */
#define FLOWS_LAST_TURN (UINT64_C(1) << 63)

/* Sinks flush. */
void flows_flush(struct flows *fs);

/* The input may pause: sinks are told. */
void flows_rest(struct flows *fs);

/* The record of every flow ends, in the order of flows_end_all(), and goes on in the next output
   generation: TURN. */
void flows_turn(struct flows *fs);

/* The input ended: ends every flow, oldest first. */
void flows_end_all(struct flows *fs);

#endif
