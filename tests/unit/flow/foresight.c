/* SPDX-License-Identifier: BSD-3-Clause */
/* What is asked for before it is wanted changes nothing but time. */
#include "net.h"

#include "base/hash.h"
#include "flow/foresight.h"

static struct net one, many;

enum { PACKETS = 60000, BATCH = 199, HOSTS = 30000 };

/* The i-th packet: most are SYNs, some go on with a connection. */
static struct tf_packet make(struct net *n, unsigned i)
{
	uint64_t random = hash_bytes(&i, sizeof i, 7);
	unsigned host = i < HOSTS ? i : (unsigned)(random >> 32) % HOSTS;
	n->now_ns += 1000;
	if (random % 4 != 0)
		return packet(n, host, 0, TCP_SYN, 1000, 0, "");
	host = i > 0 ? (unsigned)(random >> 32) % (i < HOSTS ? i : HOSTS) : 0;
	return random % 8 == 0 ? packet(n, host, 1, TCP_SYN | TCP_ACK, 5000, 1001, "")
	                       : packet(n, host, 0, TCP_ACK, 1001, 5001, "data");
}

/* Flows in all forms, in chains of all lengths, and far more than there is room for. */
static void same_one_by_one(void **state)
{
	(void)state;
	enum { MEMORY = 2 << 20 };
	static struct tf_packet batch[BATCH];
	net_start_with(&one, MEMORY, true);
	net_start_with(&many, MEMORY, true);
	one.flows.numbered = many.flows.numbered = false; /* as one of several workers */
	for (unsigned i = 0; i < PACKETS;) {
		unsigned count = 0;
		for (; count < BATCH && i < PACKETS; count++, i++) {
			struct tf_packet pkt = make(&one, i);
			flows_packet(&one.flows, &pkt);
			batch[count] = make(&many, i);
		}
		flows_packets(&many.flows, batch, count);
		assert_true(many.used > 0);
		assert_string_equal(many.log, one.log);
		hush(&one);
		hush(&many);
	}
	assert_true(many.flows.count > FORESIGHT_FLOWS);
	assert_true(many.counters.flows_evicted_embryonic > FORESIGHT_FLOWS);
	assert_memory_equal(&many.counters, &one.counters, sizeof many.counters);
	net_check(&many);
	hush(&many);
	flows_end_all(&one.flows);
	net_end(&many);
	arena_free(&one.arena);
}

static bool refuse(void *self, const struct tf_event *ev, struct tf_error *err)
{
	(void)self;
	(void)ev;
	(void)err;
	return false;
}

static void stops_when_a_sink_fails(void **state)
{
	(void)state;
	struct tf_packet batch[3];
	net_start(&one, 12);
	one.sink.event = refuse;
	for (unsigned i = 0; i < 3; i++)
		batch[i] = packet(&one, i, 0, TCP_ACK, 1, 0, "x");
	flows_packets(&one.flows, batch, 3);
	assert_true(one.flows.failed);
	assert_int_equal(one.counters.flows, 1);
	arena_free(&one.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(same_one_by_one),
	        cmocka_unit_test(stops_when_a_sink_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
