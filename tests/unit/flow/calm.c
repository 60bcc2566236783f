/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections that are calm, against the same that are awake: after each packet of a random
 * conversation the flow that is made from the cells is the other one, bit for bit.
 */
#include "twins.h"

enum { HOSTS = 12, STEPS = 4000, MEMORY = 2 << 20 };

/* The first never has a SYN in a cell, so that all are as they always are. */
enum { AWAKE, CALM };

/* What a host and its server have come to. */
static struct talk {
	struct pair pair;
	uint32_t base[2];
	unsigned step; /* packets of the handshake */
} talks[HOSTS];

/* Frames of any length, so that sums have no room after a few, or none at all; many are cut. */
static struct tf_packet say(struct random *r, const struct talk *t, int dir, uint8_t flags,
                            uint32_t seq, uint32_t ack, size_t payload)
{
	struct tf_packet pkt = segment(r, &t->pair, dir, flags, seq, ack, payload);
	if (random_below(r, 300) == 0)
		pkt.wire.length += UINT32_C(1) << (22 + random_below(r, 10));
	if (random_chance(r, 50))
		pkt.wire.captured = pkt.wire.length + random_chance(r, 2);
	return pkt;
}

static struct tf_packet begin_again(struct random *r, unsigned host)
{
	struct talk *t = &talks[host];
	static unsigned clients;
	bool same = random_chance(r, 10);
	*t = (struct talk){.pair = {.client = same ? t->pair.client : ++clients,
	                            .stamp = {(uint32_t)random_next(r), (uint32_t)random_next(r)},
	                            .stamps = random_chance(r, 50)},
	                   .base = {(uint32_t)random_next(r), (uint32_t)random_next(r)},
	                   .step = 1};
	return say(r, t, 0, TCP_SYN, t->base[0] - 1, 0, 0);
}

/* A packet of an open connection: most as keep-alives are. */
static struct tf_packet tick_over(struct random *r, unsigned host)
{
	struct talk *t = &talks[host];
	int dir = (int)random_below(r, 2);
	uint32_t seq = t->base[dir], ack = t->base[!dir];
	uint8_t flags = TCP_ACK;
	t->pair.stamp[dir] += (uint32_t)random_below(r, 10);
	if (random_chance(r, 30))
		seq--;
	if (!random_chance(r, 4))
		return say(r, t, dir, flags, seq, ack, 0);
	static const uint8_t kinds[] = {
	        TCP_ACK | TCP_FIN, TCP_RST,           TCP_RST | TCP_ACK, TCP_SYN,
	        TCP_SYN | TCP_ACK, TCP_ACK | TCP_URG, TCP_ACK | TCP_PSH, TCP_ACK};
	flags = kinds[random_below(r, sizeof kinds)];
	seq += (uint32_t)random_below(r, 3) - 1;
	ack += (uint32_t)random_below(r, 3) - 1;
	return say(r, t, dir, flags, seq, ack, random_chance(r, 30) ? 1 : 0);
}

static struct tf_packet say_something(struct random *r, unsigned host)
{
	struct talk *t = &talks[host];
	if (t->step == 0 || random_chance(r, 4))
		return begin_again(r, host);
	if (t->step == 1 && !random_chance(r, 5)) {
		t->step = 2;
		return say(r, t, 1, TCP_SYN | TCP_ACK, t->base[1] - 1,
		           t->base[0] - random_chance(r, 3), 0);
	}
	if (t->step == 2 && !random_chance(r, 5)) {
		t->step = 3;
		return say(r, t, 0, TCP_ACK, t->base[0], t->base[1], 0);
	}
	return tick_over(r, host);
}

/* -- conversations ----------------------------------------------------------------------------- */

static void start(bool silent, bool forever, enum tf_checksum checksum)
{
	number = 0;
	now_ns = INT64_C(1000000000);
	memset(talks, 0, sizeof talks);
	for (int i = 0; i < 2; i++) {
		struct net *n = &nets[i];
		net_start_with(n, MEMORY, true);
		idle_init(&n->flows.idle, forever ? 0 : INT64_C(60000000000));
		n->flows.idle.now = !forever;
		n->flows.checksum = checksum;
		n->flows.numbered = silent;
		n->flows.reasm.out_of_band = forever;
		n->flows.outlets = 0;
		n->flows.tells_silent = false;
		n->flows.wants = 0;
		n->sink.kinds = ~(1U << TF_SEGMENT);
		n->sink.skips_silent = silent;
		if (!silent) /* else nobody hears, so that slots are alike */
			flows_attach(&n->flows, &n->sink, n);
	}
	nets[AWAKE].flows.links = NULL;
}

static void pass_time(struct random *r, uint64_t *period)
{
	now_ns += (int64_t)random_below(r, 100000000);
	if (random_chance(r, 1))
		now_ns -= 50000000;
	if (random_chance(r, 1))
		now_ns += (int64_t)random_below(r, INT64_C(70000000000));
	if (random_below(r, 300) == 0 &&
	    nets[0].flows.idle.ns == 0) /* up to three days, in powers */
		now_ns += INT64_C(1) << random_below(r, 49);
	if (random_below(r, 300) == 0)
		number += UINT64_C(1) << random_below(r, 27);
	uint64_t begun = random_chance(r, 1) ? random_below(r, 70000) : 0;
	for (int i = 0; i < 2; i++)
		nets[i].flows.directions += begun;
	for (; *period < (uint64_t)now_ns / 7500000000; (*period)++)
		for (int i = 0; i < 2; i++)
			if (nets[i].flows.idle.ns > 0)
				flows_tick(&nets[i].flows, *period, FLOWS_TICK_TURN(number + 1));
	for (int i = 0, turns = random_chance(r, 1); i < 2 && turns; i++)
		flows_turn(&nets[i].flows);
}

/* -> how often the connection heard of was calm */
static size_t converse(uint64_t seed)
{
	struct random r = {seed};
	uint64_t period = 0;
	size_t calm = 0;
	for (int i = 0; i < STEPS; i++) {
		pass_time(&r, &period);
		struct tf_packet pkt = say_something(&r, (unsigned)random_below(&r, HOSTS));
		for (int k = 0; k < 2; k++)
			take(&nets[k], &pkt);
		same(&pkt);
		uint32_t ref = find(&nets[CALM].flows, &pkt);
		calm += ref != 0 && is_calm(&nets[CALM].flows, ref);
	}
	return calm;
}

static void as_if_awake(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 24; seed++) {
		start(seed % 2 == 0, seed % 3 == 0, (enum tf_checksum)(seed / 2 % 3));
		assert_in_range(converse(seed), STEPS / 16, STEPS);
		finish();
		assert_int_equal(nets[0].counters.flows_evicted, 0);
	}
}

/* More packets than are counted in a calm connection, and all the same as when it is awake. */
static void many_packets(void **state)
{
	(void)state;
	enum { MANY = 33000 };
	unsigned calm = 0;
	start(true, false, TF_CHECKSUM_IGNORE);
	for (unsigned i = 0; i < MANY; i++) {
		int dir = i == 1;
		uint8_t flags = i > 1 ? TCP_ACK : dir ? TCP_SYN | TCP_ACK : TCP_SYN;
		struct tf_packet pkt = packet(&nets[0], 1, dir, flags, i < 2 ? 9 : 10, 10, "");
		pkt.number = pkt.frame = ++number;
		for (int k = 0; k < 2; k++)
			take(&nets[k], &pkt);
		same(&pkt);
		calm += is_calm(&nets[CALM].flows, find(&nets[CALM].flows, &pkt));
	}
	assert_in_range(calm, MANY - 500, MANY - 100);
	finish();
}

/* Two cells, or three where a sink keeps something of it. */
static void small(bool silent, size_t cells)
{
	static const uint8_t flags[] = {TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK};
	struct net *n = &nets[CALM];
	start(silent, false, TF_CHECKSUM_IGNORE);
	for (int step = 0; step < 3; step++)
		send(n, 1, step == 1, flags[step], step < 2 ? 9 : 10, 10, "");
	assert_int_equal(n->flows.count, 1);
	assert_int_equal(n->flows.cells.used, cells);
	assert_int_equal(n->flows.slab.used, 0);
	for (int i = 0; i < 2; i++)
		arena_free(&nets[i].arena);
}

static void small_and_silent(void **state)
{
	(void)state;
	small(true, 2);
}

static void small_and_kept(void **state)
{
	(void)state;
	small(false, 3);
}

/* A turn takes no cell of who is calm, so nobody goes for it though hardly any is free. */
static void turn_in_place(void **state)
{
	(void)state;
	struct net *n = &nets[CALM];
	unsigned client = 0;
	start(false, false, TF_CHECKSUM_IGNORE);
	for (; n->flows.cells.count - n->flows.cells.used > CALM_CELLS; client++) {
		for (int dir = 0; dir < 2; dir++) {
			uint8_t flags = dir ? TCP_SYN | TCP_ACK : TCP_SYN;
			struct tf_packet pkt = packet(n, client, dir, flags, 9, 10, "");
			take(n, &pkt);
		}
		hush(n);
	}
	assert_int_equal(n->flows.count, client);
	assert_int_equal(n->flows.slab.used, 0);
	flows_turn(&n->flows);
	assert_int_equal(n->flows.count, client);
	assert_int_equal(n->counters.flows_evicted, 0);
	for (int i = 0; i < 2; i++)
		arena_free(&nets[i].arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(as_if_awake),      cmocka_unit_test(many_packets),
	        cmocka_unit_test(small_and_silent), cmocka_unit_test(small_and_kept),
	        cmocka_unit_test(turn_in_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
