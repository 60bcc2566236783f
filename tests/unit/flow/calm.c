/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections that are calm, against the same that are awake: after each packet of a random
 * conversation the flow that is made from the cells is the other one, bit for bit.
 */
#include "net.h"

#include "flow/calm.h"
#include "flow/syn.h"
#include "prop/random.h"

enum {
	HOSTS = 12,
	STEPS = 4000,
	HEADER = 20,
	OPTIONS = 12, /* NOP, NOP, timestamps; on a SYN also a scale */
	AT = 14 + 20, /* of TCP's header in its frame */
	FRAME = AT + HEADER + OPTIONS + 4,
	MEMORY = 2 << 20
};

/* The first never has a SYN in a cell, so that all are as they always are. */
static struct net nets[2];
enum { AWAKE, CALM };

/* What a host and its server have come to. */
static struct talk {
	uint32_t base[2], stamp[2];
	unsigned client; /* another one for each connection, mostly */
	bool stamps;
	unsigned step; /* packets of the handshake */
} talks[HOSTS];

static uint64_t number;
static int64_t now_ns;

/* -- packets --------------------------------------------------------------------------------- */

static void put32(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint64_t add_words(uint64_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 == 0 ? (unsigned)p[i] << 8 : p[i];
	return sum;
}

/* IPv4 addresses are mapped, whose prefix adds nothing. */
static void seal(const struct tf_packet *pkt, uint8_t *tcp, size_t n)
{
	uint64_t sum = add_words(6 + n + 2 * 0xffff, pkt->src.address.b + 12, 4);
	sum = add_words(add_words(sum, pkt->dst.address.b + 12, 4), tcp, n);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	tcp[16] = (uint8_t)(~sum >> 8);
	tcp[17] = (uint8_t)~sum;
}

static size_t put_options(struct random *r, uint8_t *to, const struct talk *t, int dir, bool syn)
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
	return (size_t)(p - to);
}

/* What decode/ says of few. */
static void make_strange(struct random *r, struct tf_packet *pkt)
{
	pkt->misheaded = random_chance(r, 2);
	pkt->suspicious = pkt->misheaded && random_chance(r, 50);
	pkt->known_only = random_chance(r, 2);
	pkt->astray = random_chance(r, 1);
	pkt->cut = random_chance(r, 1);
	pkt->place = random_chance(r, 3);
	if (random_below(r, 300) == 0) /* so that sums have no room after a few, or none at all */
		pkt->wire.length += UINT32_C(1) << (22 + random_below(r, 10));
	if (random_chance(r, 50))
		pkt->wire.captured = pkt->wire.length + random_chance(r, 2);
	if (random_chance(r, 2)) {
		pkt->marks.kind[0] = TF_MARK_MPLS;
		pkt->marks.number[0] = 7;
	}
}

/* -> whether the packet before has begun a connection: no two have the same number. */
static bool begins_one(void)
{
	static uint64_t before;
	uint64_t flows = nets[0].counters.flows;
	bool more = flows != before;
	before = flows;
	return more;
}

static struct tf_packet segment(struct random *r, unsigned host, int dir, uint8_t flags,
                                uint32_t seq, uint32_t ack, size_t payload)
{
	static uint8_t frame[FRAME + 16];
	uint8_t *tcp = frame + AT;
	struct talk *t = &talks[host];
	memset(frame, 0, sizeof frame);
	frame[5] = dir ? 1 : 2;
	frame[11] = dir ? 2 : 1;
	frame[6] = random_chance(r, 1); /* another router */
	size_t header = HEADER + put_options(r, tcp + HEADER, t, dir, (flags & TCP_SYN) != 0);
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

static struct tf_packet begin_again(struct random *r, unsigned host)
{
	struct talk *t = &talks[host];
	static unsigned clients;
	bool same = random_chance(r, 10);
	*t = (struct talk){.client = same ? t->client : ++clients,
	                   .base = {(uint32_t)random_next(r), (uint32_t)random_next(r)},
	                   .stamp = {(uint32_t)random_next(r), (uint32_t)random_next(r)},
	                   .stamps = random_chance(r, 50),
	                   .step = 1};
	return segment(r, host, 0, TCP_SYN, t->base[0] - 1, 0, 0);
}

/* A packet of an open connection: most as keep-alives are. */
static struct tf_packet tick_over(struct random *r, unsigned host)
{
	struct talk *t = &talks[host];
	int dir = (int)random_below(r, 2);
	uint32_t seq = t->base[dir], ack = t->base[!dir];
	uint8_t flags = TCP_ACK;
	t->stamp[dir] += (uint32_t)random_below(r, 10);
	if (random_chance(r, 30))
		seq--;
	if (!random_chance(r, 4))
		return segment(r, host, dir, flags, seq, ack, 0);
	static const uint8_t kinds[] = {
	        TCP_ACK | TCP_FIN, TCP_RST,           TCP_RST | TCP_ACK, TCP_SYN,
	        TCP_SYN | TCP_ACK, TCP_ACK | TCP_URG, TCP_ACK | TCP_PSH, TCP_ACK};
	flags = kinds[random_below(r, sizeof kinds)];
	seq += (uint32_t)random_below(r, 3) - 1;
	ack += (uint32_t)random_below(r, 3) - 1;
	return segment(r, host, dir, flags, seq, ack, random_chance(r, 30) ? 1 : 0);
}

static struct tf_packet say_something(struct random *r, unsigned host)
{
	struct talk *t = &talks[host];
	if (t->step == 0 || random_chance(r, 4))
		return begin_again(r, host);
	if (t->step == 1 && !random_chance(r, 5)) {
		t->step = 2;
		return segment(r, host, 1, TCP_SYN | TCP_ACK, t->base[1] - 1,
		               t->base[0] - random_chance(r, 3), 0);
	}
	if (t->step == 2 && !random_chance(r, 5)) {
		t->step = 3;
		return segment(r, host, 0, TCP_ACK, t->base[0], t->base[1], 0);
	}
	return tick_over(r, host);
}

/* -- comparing ------------------------------------------------------------------------------- */

static uint32_t find(const struct flows *fs, const struct tf_packet *pkt)
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
static void hide_pointers(struct half *h)
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
static bool show(struct flows *fs, const struct tf_packet *pkt, struct flow *to)
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
	to->stirs = false; /* that of the cache of those that are awake */
	to->stand.place = (struct place){0};
	to->stand.idle = (struct idle_place){0};
	if (ref_form(ref) == REF_SYN) { /* those have less of it */
		to->stand.slot = to->stand.latest = syn_slot(fs, ref);
	}
	if (ref_form(ref) != REF_AWAKE && to->stand.hash == 0)
		to->stand.hash = pkt->hash;
	return true;
}

static void same_lists(void)
{
	for (int list = 0; list < FLOW_STUB; list++) {
		uint32_t a = nets[0].flows.list[list].oldest, b = nets[1].flows.list[list].oldest;
		while (a != 0 && b != 0) {
			uint64_t x = doze_number(&nets[0].flows, a),
			         y = ref_form(b) == REF_SYN ? syn_number(&nets[1].flows, b)
			                                    : doze_number(&nets[1].flows, b);
			assert_int_equal(x, y);
			a = place_at(&nets[0].flows, a)->newer;
			b = place_at(&nets[1].flows, b)->newer;
		}
		assert_int_equal(a, 0);
		assert_int_equal(b, 0);
	}
}

static void same(const struct tf_packet *pkt)
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

static void finish(void)
{
	for (int i = 0; i < 2; i++) {
		flows_end_all(&nets[i].flows);
		assert_int_equal(nets[i].flows.count, 0);
		assert_int_equal(nets[i].flows.slab.used + nets[i].flows.cells.used, 0);
	}
	assert_string_equal(nets[0].log, nets[1].log);
	assert_memory_equal(&nets[0].counters, &nets[1].counters, sizeof nets[0].counters);
	assert_int_equal(nets[0].counters.flows_evicted, 0);
	for (int i = 0; i < 2; i++)
		arena_free(&nets[i].arena);
}

static void as_if_awake(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 24; seed++) {
		start(seed % 2 == 0, seed % 3 == 0, (enum tf_checksum)(seed / 2 % 3));
		assert_in_range(converse(seed), STEPS / 16, STEPS);
		finish();
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
	struct random r = {1};
	start(silent, false, TF_CHECKSUM_AUTO);
	for (unsigned step = 0; step < 3; step++) {
		struct tf_packet pkt = {0};
		do
			pkt = step == 0 ? begin_again(&r, 0) : say_something(&r, 0);
		while (pkt.window == 0);
		take(&nets[CALM], &pkt);
	}
	assert_int_equal(nets[CALM].flows.count, 1);
	assert_int_equal(nets[CALM].flows.cells.used, cells);
	assert_int_equal(nets[CALM].flows.slab.used, 0);
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
