/* SPDX-License-Identifier: BSD-3-Clause */
/* Many flows: found again, and given up in the right order when there is no room. */
#include "net.h"

static struct net n;

static void say(unsigned host, uint32_t seq, const char *text)
{
	send(&n, host, 0, TCP_ACK, seq, 0, text);
}

static void many(void **state)
{
	(void)state;
	enum { FLOWS = 20000 };
	net_start(&n, FLOWS);
	assert_in_range(flows_capacity(&n.flows), FLOWS - 100, FLOWS + 100);
	unsigned count = (unsigned)flows_capacity(&n.flows);
	for (unsigned i = 0; i < count; i++)
		send(&n, i, 0, TCP_SYN, 1000, 0, "");
	assert_int_equal(n.counters.flows, count);
	for (unsigned i = 0; i < count; i++) {
		send(&n, i, 1, TCP_SYN | TCP_ACK, 5000, 1001, "");
		send(&n, i, 0, TCP_ACK, 1001, 5001, "a");
	}
	assert_int_equal(n.counters.flows, count); /* all found again */
	assert_int_equal(n.counters.flows_evicted, 0);
	send(&n, count, 0, TCP_SYN, 1000, 0, "");
	assert_int_equal(n.counters.flows_evicted, 1);
	net_check(&n);
	net_end(&n);
	assert_int_equal(n.counters.bytes_written, count);
}

/* All in one bucket, and all with one hash. */
static void collisions(void **state)
{
	(void)state;
	enum { FLOWS = 40 };
	net_start(&n, FLOWS + 10);
	static const unsigned order[] = {7, 0, 39, 20, 21, 19, 1, 38};
	for (int round = 0; round < 2; round++)
		for (unsigned i = 0; i < FLOWS; i++) {
			struct tf_packet pkt =
			        packet(&n, i, round, round ? TCP_ACK : TCP_SYN, 1, 0, "");
			pkt.hash = 0x123456789;
			take(&n, &pkt);
		}
	assert_int_equal(n.counters.flows, FLOWS);
	for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
		struct tf_packet pkt = packet(&n, order[k], 0, TCP_SYN, 77777777, 0, "");
		pkt.hash = 0x123456789; /* another connection: the old one leaves the chain */
		take(&n, &pkt);
	}
	assert_int_equal(n.counters.flows, FLOWS + 8);
	assert_int_equal(n.ended, 8);
	for (unsigned i = 0; i < FLOWS; i++) {
		struct tf_packet pkt = packet(&n, i, 1, TCP_ACK, 1, 0, "");
		pkt.hash = 0x123456789;
		take(&n, &pkt);
	}
	assert_int_equal(n.counters.flows, FLOWS + 8);
	net_end(&n);
}

/* Fills the table with flows of all three kinds -> their number */
static unsigned three_kinds(unsigned *closed, unsigned *embryonic)
{
	net_start(&n, 12);
	unsigned count = (unsigned)flows_capacity(&n.flows);
	assert_in_range(count, 9, 20);
	*closed = 3;
	*embryonic = 6;
	for (unsigned i = 0; i < count; i++) {
		send(&n, i, 0, TCP_SYN, 1000, 0, "");
		if (i < *closed)
			send(&n, i, 1, TCP_RST | TCP_ACK, 0, 1001, "");
		else if (i >= *embryonic)
			say(i, 1001, "x");
	}
	assert_int_equal(n.flows.slab.used, count);
	hush(&n);
	return count;
}

/* 1: closed ones go first, then those of which only a SYN was seen, then the others;
   the ones that were silent longest first. */
static void order(void **state)
{
	(void)state;
	unsigned closed, embryonic, count = three_kinds(&closed, &embryonic);
	for (unsigned i = 0; i < count; i++) {
		unsigned number = (unsigned)n.number + 1;
		say(1000 + i, 1, "new");
		char words[100];
		const char *why = i < closed ? "rst" : "evicted";
		unsigned gone = i < 2 * closed ? 2 * i + 1 - (i > closed ? i - closed : 0)
		                               : 2 * embryonic - 3 + 2 * (i - embryonic) + 1;
		(void)snprintf(words, sizeof words, "-%u:%s +%u %u>new ", gone, why, number,
		               number);
		if (i >= embryonic) {
			char *space = strchr(n.log, ' '), *data = strchr(words, ' ');
			assert_memory_equal(strstr(n.log, ":evicted"), ":evicted", 8);
			assert_string_equal(space, data);
			hush(&n);
		} else {
			heard(&n, words);
		}
	}
	assert_int_equal(n.counters.flows_evicted_embryonic, embryonic - closed);
	assert_int_equal(n.flows.slab.used, count);
	net_end(&n);
}

/* A connection that was closed has lost nothing when it is forgotten. */
static void closed_ones_are_no_loss(void **state)
{
	(void)state;
	unsigned closed, embryonic;
	(void)three_kinds(&closed, &embryonic);
	for (unsigned i = 0; i < closed; i++)
		say(1000 + i, 1, "new");
	assert_int_equal(n.ended, closed);
	assert_int_equal(n.counters.flows_evicted, 0);
	say(2000, 1, "new");
	assert_int_equal(n.counters.flows_evicted, 1);
	assert_int_equal(n.counters.flows_evicted_embryonic, 1);
	assert_int_equal(n.counters.flows_forgotten, closed);
	net_end(&n);
}

/* Forgotten before its time: what comes late is taken for another connection, which is told.
   One whose time is over would have been forgotten anyway. */
static void forgotten_early(void **state)
{
	(void)state;
	for (int late = 0; late < 2; late++) {
		net_start(&n, 12);
		unsigned count = (unsigned)flows_capacity(&n.flows);
		handshake(&n, 0);
		goodbye(&n, 0, 0, 0);
		for (unsigned i = 1; i < count; i++)
			say(i, 1, "other");
		n.now_ns += late ? 61 * INT64_C(1000000000) : 0;
		say(count, 1, "new");
		assert_int_equal(n.counters.flows_forgotten, !late);
		assert_int_equal(n.counters.flows_evicted, 0);
		uint64_t flows = n.counters.flows;
		say(0, 990, "again");
		assert_int_equal(n.counters.flows, flows + 1);
		assert_int_equal(n.counters.flows_forgotten, !late);
		assert_int_equal(n.counters.flows_evicted, 1);
		net_end(&n);
	}
}

/* Whoever was heard of since it was last looked at gets another turn. */
static void second_chance(void **state)
{
	(void)state;
	net_start(&n, 12);
	unsigned count = (unsigned)flows_capacity(&n.flows);
	for (unsigned i = 0; i < count; i++)
		say(i, 1, "x");
	say(100, 1, "x"); /* all marks are cleared, flow 0 goes */
	assert_int_equal(n.ended, 1);
	assert_string_equal(strchr(n.log, '-'), "-1:evicted +13 13>x ");
	say(1, 2, "x"); /* heard again */
	say(101, 1, "x");
	assert_non_null(strstr(n.log, "-3:evicted"));
	assert_null(strstr(n.log, "-2:evicted"));
	net_end(&n);
}

/* Honest connections that go on talking outlive a flood of SYNs and of single segments. */
static void flood(void **state)
{
	(void)state;
	enum { HONEST = 50, FLOOD = 20000 };
	net_start(&n, 200);
	for (unsigned i = 0; i < HONEST; i++)
		handshake(&n, i);
	for (unsigned i = 0; i < FLOOD; i++) {
		send(&n, 1000 + i, 0, TCP_SYN, i, 0, "");
		if (i % 400 == 0)
			for (unsigned k = 0; k < HONEST; k++)
				say(k, 1001 + i / 400, "x");
		hush(&n);
	}
	assert_int_equal(n.counters.flows_evicted, n.counters.flows_evicted_embryonic);
	assert_int_equal(n.counters.flows, HONEST + FLOOD);
	for (unsigned i = 0; i < FLOOD; i++) {
		send(&n, 100000 + i, 0, TCP_ACK, i, 0, "x");
		if (i % 50 == 0)
			for (unsigned k = 0; k < HONEST; k++)
				say(k, 1001 + FLOOD / 400 + i / 50, "x");
		hush(&n);
	}
	assert_int_equal(n.counters.flows, HONEST + 2 * FLOOD); /* none began anew */
	net_check(&n);
	net_end(&n);
	assert_int_equal(n.counters.bytes_seen, n.counters.bytes_written);
}

static void too_little_memory(void **state)
{
	(void)state;
	static struct net small;
	struct tf_error err;
	memset(&small, 0, sizeof small);
	for (size_t memory = 0; memory < 4096; memory += 256) {
		struct flows_setup setup = {.arena = &small.arena,
		                            .memory = memory,
		                            .chunks = &small.chunks,
		                            .sinks = 1,
		                            .counters = &small.counters};
		assert_true(arena_init(&small.arena, 8192, &err));
		bool ok = flows_init(&small.flows, &setup);
		assert_true(!ok || flows_capacity(&small.flows) >= 2);
		if (memory < 512)
			assert_false(ok);
		arena_free(&small.arena);
	}
}

/* What the flows take from the arena is no more than they were given. */
static void keeps_to_its_memory(void **state)
{
	(void)state;
	static const size_t sizes[] = {1 << 14, 100000, 1 << 20, (1 << 20) + 12345};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		static struct net m;
		struct tf_error err;
		memset(&m, 0, sizeof m);
		struct flows_setup setup = {.arena = &m.arena,
		                            .memory = sizes[i],
		                            .chunks = &m.chunks,
		                            .sinks = FLOW_SINKS,
		                            .counters = &m.counters};
		assert_true(arena_init(&m.arena, 4 * sizes[i], &err));
		assert_true(flows_init(&m.flows, &setup));
		assert_in_range(m.arena.used, sizes[i] * 3 / 4, sizes[i] + 512);
		arena_free(&m.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(many),
	        cmocka_unit_test(collisions),
	        cmocka_unit_test(order),
	        cmocka_unit_test(closed_ones_are_no_loss),
	        cmocka_unit_test(forgotten_early),
	        cmocka_unit_test(second_chance),
	        cmocka_unit_test(flood),
	        cmocka_unit_test(too_little_memory),
	        cmocka_unit_test(keeps_to_its_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
