/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two tables that hear the same packets, for tests of short ways: the second may take them, the
 * first may not. After each packet, the flow that it belongs to is the same in both, bit for bit,
 * and so are counters, lists, and what the sinks have heard.
 */
#ifndef TESTS_FLOW_TWINS_H
#define TESTS_FLOW_TWINS_H

#include "net.h"

#include "flow/calm.h"
#include "flow/front.h"
#include "flow/syn.h"
#include "prop/random.h"

enum {
	HEADER = 20,
	OPTIONS = 12, /* NOP, NOP, timestamps; on a SYN also a scale, of some also a signature */
	SIGNATURE = 20,
	AT = 14 + 20, /* of TCP's header in its frame */
	PAYLOAD_MAX = 64,
	FRAME = AT + HEADER + OPTIONS + 4 + SIGNATURE + PAYLOAD_MAX
};

static struct net nets[2];
static uint64_t number;
static int64_t now_ns;

/* A connection: which host and its server, and their clocks. */
struct pair {
	uint32_t stamp[2];
	unsigned client; /* another one for each connection, mostly */
	bool stamps, signs;
};

/* -- packets --------------------------------------------------------------------------------- */

static inline void put32(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static inline uint64_t add_words(uint64_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 == 0 ? (unsigned)p[i] << 8 : p[i];
	return sum;
}

/* IPv4 addresses are mapped, whose prefix adds nothing. */
static inline void seal(const struct tf_packet *pkt, uint8_t *tcp, size_t n)
{
	uint64_t sum = add_words(6 + n + 2 * 0xffff, pkt->src.address.b + 12, 4);
	sum = add_words(add_words(sum, pkt->dst.address.b + 12, 4), tcp, n);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	tcp[16] = (uint8_t)(~sum >> 8);
	tcp[17] = (uint8_t)~sum;
}

static inline size_t put_options(struct random *r, uint8_t *to, const struct pair *t, int dir,
                                 bool syn)
{
	uint8_t *p = to;
	if (t->stamps != random_chance(r, 1)) {
		static const uint8_t head[] = {1, 1, 8, 10};
		memcpy(p, head, sizeof head);
		put32(p + 4, t->stamp[dir] - (random_chance(r, 3) ? 5 : 0));
		memset(p + 8, 0, 4);
		p += OPTIONS;
	}
	if (syn && !random_chance(r, 20)) {
		const uint8_t scale[] = {1, 3, 3, (uint8_t)random_below(r, 16)};
		memcpy(p, scale, sizeof scale);
		p += sizeof scale;
	}
	if (t->signs && !random_chance(r, 5)) { /* RFC 2385 */
		memset(p, 1, SIGNATURE);
		p[0] = 19;
		p[1] = SIGNATURE - 2;
		p += SIGNATURE;
	}
	return (size_t)(p - to);
}

/* What decode/ says of few. */
static inline void make_strange(struct random *r, struct tf_packet *pkt)
{
	pkt->misheaded = random_chance(r, 2);
	pkt->suspicious = pkt->misheaded && random_chance(r, 50);
	pkt->known_only = random_chance(r, 2);
	pkt->astray = random_chance(r, 1);
	pkt->cut = random_chance(r, 1);
	pkt->place = random_chance(r, 3);
	if (random_chance(r, 2)) {
		pkt->marks.kind[0] = TF_MARK_MPLS;
		pkt->marks.number[0] = 7;
	}
}

/* -> whether the packet before has begun a connection: no two have the same number. */
static inline bool begins_one(void)
{
	static uint64_t before;
	uint64_t flows = nets[0].counters.flows;
	bool more = flows != before;
	before = flows;
	return more;
}

/* payload: so many bytes, at most PAYLOAD_MAX, which are as their sequence numbers say, but for
   few; one alone is often NUL, as that of a keep-alive. */
static inline struct tf_packet segment(struct random *r, const struct pair *t, int dir,
                                       uint8_t flags, uint32_t seq, uint32_t ack, size_t payload)
{
	static uint8_t frame[FRAME];
	uint8_t *tcp = frame + AT;
	memset(frame, 0, sizeof frame);
	frame[5] = dir ? 1 : 2;
	frame[11] = dir ? 2 : 1;
	frame[6] = random_chance(r, 1); /* another router */
	size_t header = HEADER + put_options(r, tcp + HEADER, t, dir, (flags & TCP_SYN) != 0);
	char first = payload > 0 && random_chance(r, 1) ? 'A' : 'a';
	for (size_t i = 0; i < payload; i++)
		tcp[header + i] = (uint8_t)(first + (char)((seq + i) % 26));
	if (payload == 1 && seq % 2 == 0)
		tcp[header] = 0;
	struct tf_packet pkt = packet(&nets[0], t->client, dir, flags, seq, ack, "");
	pkt.payload = (struct tf_span){tcp + header, payload};
	pkt.header = (uint8_t)header;
	pkt.window = random_chance(r, 2) ? 0 : (uint16_t)random_next(r);
	pkt.wire.bytes = frame;
	pkt.wire.captured = (uint32_t)(AT + header + payload);
	pkt.wire.length = pkt.wire.captured + (random_chance(r, 10) ? 4 : 0);
	pkt.wire.link_type = 1;
	pkt.ts_ns = now_ns;
	pkt.number = pkt.frame = number += begins_one() || !random_chance(r, 1);
	put32(tcp + 4, seq);
	seal(&pkt, tcp, header + payload);
	if (random_chance(r, 3)) /* wrong, or not made yet */
		memset(tcp + 16, (int)random_below(r, 2), 2);
	if (random_chance(r, 1))
		pkt.header = 0; /* cut off */
	make_strange(r, &pkt);
	return pkt;
}

/* -- comparing ------------------------------------------------------------------------------- */

static inline uint32_t find(const struct flows *fs, const struct tf_packet *pkt)
{
	for (uint32_t link = bucket_first(fs, pkt->hash); !ref_is_end(link);
	     link = link_next(fs, link)) {
		uint32_t ref = link_ref(fs, link);
		int d = ref_form(ref) == REF_SYN
		                ? syn_direction(fs, ref, pkt)
		                : (ref_form(ref) == REF_AWAKE
		                           ? key_direction(&flow_at(fs, ref)->pub, pkt)
		                           : doze_direction((struct flows *)fs, ref, pkt));
		if (d >= 0)
			return ref;
	}
	return 0;
}

/* Each table has its own slabs. */
static inline void hide_pointers(struct half *h)
{
	void **pointer[] = {
	        (void **)&h->queue.root,   (void **)&h->last,     (void **)&h->far,
	        (void **)&h->gap_low,      (void **)&h->gap_high, (void **)&h->holder_older,
	        (void **)&h->holder_newer, (void **)&h->trail,    (void **)&h->disputes,
	        (void **)&h->claims,       (void **)&h->urgent};
	for (size_t i = 0; i < sizeof pointer / sizeof *pointer; i++)
		if (*pointer[i] != NULL)
			*pointer[i] = nets;
}

/* What there is of the flow, but for where it stands. */
static inline bool show(struct flows *fs, const struct tf_packet *pkt, struct flow *to)
{
	uint32_t ref = find(fs, pkt);
	if (ref == 0)
		return false;
	if (ref_form(ref) == REF_SYN)
		syn_show(fs, ref, to);
	else
		memcpy(to, ref_form(ref) == REF_AWAKE ? flow_at(fs, ref) : doze_look(fs, ref),
		       fs->slab.size);
	hide_pointers(&to->half[0]);
	hide_pointers(&to->half[1]);
	front_close(to);
	to->front = (struct front){0}; /* those that are awake have it */
	to->stand.place = (struct place){0};
	to->stand.idle = (struct idle_place){0};
	if (ref_form(ref) == REF_SYN) { /* those have less of it */
		to->stand.slot = to->stand.latest = syn_slot(fs, ref);
	}
	if (ref_form(ref) != REF_AWAKE && to->stand.hash == 0)
		to->stand.hash = pkt->hash;
	return true;
}

static inline uint64_t number_of(const struct flows *fs, uint32_t ref)
{
	return ref_form(ref) == REF_SYN ? syn_number(fs, ref) : doze_number(fs, ref);
}

static inline void same_lists(void)
{
	for (int list = 0; list < FLOW_STUB; list++) {
		uint32_t a = nets[0].flows.list[list].oldest, b = nets[1].flows.list[list].oldest;
		while (a != 0 && b != 0) {
			assert_int_equal(number_of(&nets[0].flows, a),
			                 number_of(&nets[1].flows, b));
			a = place_at(&nets[0].flows, a)->newer;
			b = place_at(&nets[1].flows, b)->newer;
		}
		assert_int_equal(a, 0);
		assert_int_equal(b, 0);
	}
}

static inline void same(const struct tf_packet *pkt)
{
	static uint64_t as[2][1 + (sizeof(struct flow) + 4 * sizeof(uintptr_t[2])) / 8];
	bool known[2];
	for (int i = 0; i < 2; i++)
		known[i] = show(&nets[i].flows, pkt, (struct flow *)(void *)as[i]);
	assert_int_equal(known[0], known[1]);
	if (known[0])
		assert_memory_equal(as[0], as[1], nets[0].flows.slab.size);
	assert_memory_equal(&nets[0].counters, &nets[1].counters, sizeof nets[0].counters);
	assert_string_equal(nets[0].log, nets[1].log);
	hush(&nets[0]);
	hush(&nets[1]);
	same_lists();
}

static inline void finish(void)
{
	for (int i = 0; i < 2; i++) {
		flows_end_all(&nets[i].flows);
		assert_int_equal(nets[i].flows.count, 0);
		assert_int_equal(nets[i].flows.slab.used + nets[i].flows.cells.used, 0);
	}
	assert_string_equal(nets[0].log, nets[1].log);
	assert_memory_equal(&nets[0].counters, &nets[1].counters, sizeof nets[0].counters);
	for (int i = 0; i < 2; i++)
		arena_free(&nets[i].arena);
}

#endif
