/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections that have ended and linger in cells, against the same that stay as they are: what
 * comes late, or anew, is judged alike, and all of it is counted alike.
 */
#include "net.h"

#include "flow/linger.h"
#include "prop/random.h"

enum { ROUNDS = 200, LATE = 12, MEMORY = 2 << 20 };

/* In the first nobody dozes. */
static struct net nets[2];
enum { AWAKE, CELLS };

static struct random r;

/* -- both of them ------------------------------------------------------------------------ */

static void start(void)
{
	for (int i = 0; i < 2; i++)
		net_start_with(&nets[i], MEMORY, i == CELLS);
}

/* All that was said and counted is the same. */
static void compare(void)
{
	assert_string_equal(nets[AWAKE].log, nets[CELLS].log);
	assert_memory_equal(&nets[AWAKE].counters, &nets[CELLS].counters,
	                    sizeof nets[AWAKE].counters);
	assert_int_equal(nets[AWAKE].flows.count, nets[CELLS].flows.count);
	hush(&nets[AWAKE]);
	hush(&nets[CELLS]);
}

static void end(void)
{
	net_end(&nets[AWAKE]);
	net_end(&nets[CELLS]);
	assert_string_equal(nets[AWAKE].log, nets[CELLS].log);
}

/* -- connections ------------------------------------------------------------------------- */

/* A kind of key for each: IPv4, and all that is not. */
static struct key {
	unsigned host;
	bool v6[2];
	uint16_t vlan;
	uint32_t net;
} key;

static void new_key(unsigned host)
{
	key = (struct key){.host = host};
	key.v6[0] = random_chance(&r, 25);
	key.v6[1] = random_chance(&r, 25);
	if (random_chance(&r, 25))
		key.vlan = 7;
	if (random_chance(&r, 25))
		key.net = 1U << 24 | 99;
}

/* The segment's, in both of them. */
static void say(int dir, uint8_t flags, uint32_t seq, uint32_t ack, const char *text)
{
	for (int i = 0; i < 2; i++) {
		struct net *n = &nets[i];
		n->now_ns += 1000;
		struct tf_packet pkt = packet(n, key.host, dir, flags, seq, ack, text);
		pkt.src.address.b[0] = key.v6[dir] ? 0x20 : 0;
		pkt.dst.address.b[0] = key.v6[!dir] ? 0x20 : 0;
		pkt.vlan[0] = key.vlan;
		pkt.net[0] = key.net;
		(void)key_hash(&pkt, 1);
		take(n, &pkt);
	}
}

/* The flow that moved into FLOW_CLOSED last. */
static uint32_t latest(int i)
{
	return nets[i].flows.list[FLOW_CLOSED].newest;
}

/* Checksums show something, as both sides close. */
static void show_sums(void)
{
	const struct checksums sums[2] = {{(int8_t)random_between(&r, -50, 127), true},
	                                  {(int8_t)random_between(&r, -50, 127), false}};
	for (int i = 0; i < 2; i++) {
		uint32_t ref = latest(i);
		assert_int_equal(ref_form(ref), REF_AWAKE);
		memcpy(flow_at(&nets[i].flows, ref)->sums, sums, sizeof sums);
	}
}

/* From its first packet, or from its middle, to its end. */
static void live(uint32_t c, uint32_t s)
{
	bool whole = random_chance(&r, 70);
	if (whole) {
		say(0, TCP_SYN, c - 1, 0, "");
		say(1, TCP_SYN | TCP_ACK, s - 1, c, "");
		say(0, TCP_ACK, c, s, "");
	}
	say(0, TCP_ACK, c, s, "question");
	if (!whole) /* what comes late begins before it */
		say(0, TCP_ACK, c - 4, s, "the ");
	say(1, TCP_ACK, s, c + 8, "answer");
	say(0, TCP_FIN | TCP_ACK, c + 8, s + 6, "");
	say(1, TCP_FIN | TCP_ACK, s + 6, c + 9, "");
	show_sums();
	say(0, TCP_ACK, c + 9, s + 7, "");
}

static uint32_t near(uint32_t seq)
{
	static const int64_t off[] = {-1000000, -10, -4, -1, 0, 1, 8, 9, 1000, 20000000, 1 << 30};
	return seq + (uint32_t)off[random_size(&r, sizeof off / sizeof *off)];
}

/* Whatever may come then, and be of it or of the next one. */
static void come_late(uint32_t c, uint32_t s)
{
	static const uint8_t flags[] = {TCP_ACK,           TCP_ACK, TCP_FIN | TCP_ACK, TCP_SYN,
	                                TCP_SYN | TCP_ACK, TCP_RST, TCP_RST | TCP_ACK};
	int dir = random_chance(&r, 50);
	uint8_t f = flags[random_size(&r, sizeof flags)];
	int64_t later = random_chance(&r, 5)    ? 61 * INT64_C(1000000000)
	                : random_chance(&r, 10) ? -5000000000
	                                        : 0;
	for (int i = 0; i < 2; i++)
		nets[i].now_ns += later;
	say(dir, f, near(dir ? s : c), near(dir ? c : s),
	    (f & TCP_ACK) != 0 && random_chance(&r, 40) ? "late" : "");
}

/* -- what the cells say -------------------------------------------------------------------- */

static void same_half(const struct half *a, const struct half *b)
{
	assert_int_equal(a->next, b->next);
	assert_int_equal(a->start, b->start);
	assert_int_equal(a->base, b->base);
	assert_int_equal(a->ack_raw, b->ack_raw);
	assert_int_equal(a->dir, b->dir);
	assert_int_equal(a->based, b->based);
	assert_int_equal(a->isn_known, b->isn_known);
	assert_int_equal(a->ack_known, b->ack_known);
}

/* What a late packet is judged by, as linger.c has it. */
static void same_flow(void)
{
	uint32_t ref = latest(CELLS);
	assert_true(is_lingering(&nets[CELLS].flows, ref));
	assert_int_equal(nets[CELLS].flows.slab.used, 0);
	const struct flow *a = flow_at(&nets[AWAKE].flows, latest(AWAKE)),
	                  *b = doze_look(&nets[CELLS].flows, ref);
	assert_true(a->ended && b->ended);
	assert_memory_equal(a->pub.end, b->pub.end, sizeof a->pub.end);
	assert_memory_equal(a->pub.vlan, b->pub.vlan, sizeof a->pub.vlan);
	assert_memory_equal(a->pub.net, b->pub.net, sizeof a->pub.net);
	assert_memory_equal(a->sums, b->sums, sizeof a->sums);
	assert_int_equal(a->pub.number, b->pub.number);
	assert_int_equal(a->pub.first_ns, b->pub.first_ns);
	assert_int_equal(a->pub.last_ns, b->pub.last_ns);
	assert_int_equal(a->stand.hash, b->stand.hash);
	for (int d = 0; d < 2; d++)
		same_half(&a->half[d], &b->half[d]);
}

static void as_awake(void **state)
{
	(void)state;
	r = (struct random){1};
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint32_t c = (uint32_t)random_next(&r), s = (uint32_t)random_next(&r);
		start();
		new_key(round);
		live(c, s);
		compare();
		same_flow();
		for (int i = 0; i < LATE; i++) {
			come_late(c, s);
			compare();
		}
		end();
	}
}

/* A packet that comes late is of it, and it lingers on. */
static void wakes_and_goes_back(void **state)
{
	(void)state;
	start();
	key = (struct key){.host = 1};
	live(1001, 5001);
	for (int i = 0; i < 3; i++) {
		say(1, TCP_FIN | TCP_ACK, 5007, 1010, "");
		assert_true(is_lingering(&nets[CELLS].flows, latest(CELLS)));
	}
	assert_int_equal(nets[CELLS].counters.late_segments, 3);
	assert_int_equal(nets[CELLS].counters.flows, 1);
	compare();
	end();
}

/* Two cells where the key is IPv4, and three where there is more. */
static void takes_few_cells(void **state)
{
	(void)state;
	for (int more = 0; more < 2; more++) {
		size_t cells;
		start();
		key = (struct key){.host = 1, .vlan = (uint16_t)more};
		live(1001, 5001);
		(void)doze_size(&nets[CELLS].flows, latest(CELLS), &cells);
		assert_int_equal(cells, 2 + more);
		assert_int_equal(nets[CELLS].flows.cells.used, 2 + more);
		compare();
		end();
	}
}

/* Who has to go is forgotten without a word, the one that ended first before the others. */
static void goes(void **state)
{
	(void)state;
	start();
	struct net *n = &nets[CELLS];
	key = (struct key){.host = 0};
	while (n->counters.flows_forgotten == 0) {
		key.host++;
		live(1001, 5001);
		hush(n);
		hush(&nets[AWAKE]);
	}
	assert_in_range(n->flows.cells.used, n->flows.cells.count - 24, n->flows.cells.count);
	assert_int_equal(n->counters.flows_evicted, 0);
	uint64_t flows = n->counters.flows, late = n->counters.late_segments;
	send(n, key.host, 1, TCP_FIN | TCP_ACK, 5007, 1010, "");
	assert_int_equal(n->counters.flows, flows);
	assert_int_equal(n->counters.late_segments, late + 1);
	send(n, 1, 0, TCP_ACK, 1010, 5008, "");
	assert_int_equal(n->counters.flows, flows + 1);
	net_end(n);
	net_end(&nets[AWAKE]);
}

/* A SYN inside it waits for its answer: all of it is kept. */
static void stays_with_a_rival(void **state)
{
	(void)state;
	start();
	key = (struct key){.host = 1};
	say(0, TCP_SYN, 1000, 0, "");
	say(1, TCP_SYN | TCP_ACK, 5000, 1001, "");
	say(0, TCP_ACK, 1001, 5001, "hello");
	say(0, TCP_SYN, 77000, 0, "");
	say(0, TCP_FIN | TCP_ACK, 1006, 5001, "");
	say(1, TCP_FIN | TCP_ACK, 5001, 1007, "");
	say(0, TCP_ACK, 1007, 5002, "");
	assert_int_equal(nets[CELLS].ended, 1);
	assert_int_equal(ref_form(latest(CELLS)), REF_AWAKE);
	say(1, TCP_SYN | TCP_ACK, 9000, 77001, "");
	assert_int_equal(nets[CELLS].counters.flows, 2);
	compare();
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(as_awake),           cmocka_unit_test(wakes_and_goes_back),
	        cmocka_unit_test(takes_few_cells),    cmocka_unit_test(goes),
	        cmocka_unit_test(stays_with_a_rival),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
