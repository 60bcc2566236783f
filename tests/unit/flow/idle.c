/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections end by their silence: those that it concerns, when it does, and in the order of
   their numbers. */
#include "net.h"

#include "prop/random.h"

static struct net n;

#define SECOND INT64_C(1000000000)

static void start(size_t flows, int64_t idle_ns)
{
	net_start(&n, flows);
	idle_init(&n.flows.idle, idle_ns);
}

static void tick(uint64_t period)
{
	flows_tick(&n.flows, period, FLOWS_TICK_TURN(n.number + 1));
}

/* Each flow that has not ended stands in one slot. */
static void check_slots(void)
{
	size_t placed = 0, open = 0;
	for (uint8_t slot = 1; slot <= IDLE_SLOTS; slot++) {
		uint32_t before = 0;
		for (uint32_t i = n.flows.idle.slot[slot].first; i != 0; placed++) {
			const struct stand *s = stand_at(&n.flows, i);
			assert_int_equal(s->slot, slot);
			assert_int_equal(s->idle.before, before);
			open += !doze_ended(&n.flows, i);
			before = i;
			i = s->idle.after;
		}
	}
	assert_true(placed <= n.flows.count);
	assert_int_equal(open + n.flows.syns, n.begun - n.ended);
}

static void told(void **state)
{
	(void)state;
	start(20, 8 * SECOND); /* periods of a second, of which more than 8 must go by */
	tick(100);
	send(&n, 2, 0, TCP_ACK, 1, 1, "a");
	send(&n, 1, 0, TCP_ACK, 1, 1, "b");
	tick(101);
	send(&n, 3, 0, TCP_ACK, 1, 1, "c");
	hush(&n);
	tick(108);
	heard(&n, "");
	send(&n, 2, 0, TCP_ACK, 2, 1, "d");
	hush(&n);
	tick(109);
	heard(&n, "-2:timeout ");
	tick(110);
	heard(&n, "-3:timeout ");
	tick(116);
	heard(&n, "");
	check_slots();
	tick(1000);
	heard(&n, "-1:timeout ");
	net_end(&n);
	heard(&n, "");
}

/* Its own packet need not wait for a tick, and whatever is already closed keeps its end. */
static void own_packet(void **state)
{
	(void)state;
	start(20, 8 * SECOND);
	tick(100);
	send(&n, 1, 0, TCP_ACK, 1, 1, "a");
	n.now_ns += 8 * SECOND - 1000;
	send(&n, 1, 0, TCP_ACK, 2, 1, "b"); /* just not too late */
	heard(&n, "+1 1>a 1>b ");
	n.now_ns += 8 * SECOND - 999;
	send(&n, 1, 0, TCP_ACK, 3, 1, "c");
	heard(&n, "-1:timeout +3 3>c ");
	send(&n, 1, 0, TCP_RST, 4, 0, "");
	n.now_ns += 9 * SECOND;
	send(&n, 1, 0, TCP_ACK, 4, 1, "d");
	heard(&n, "-3:rst +5 5>d ");
	net_end(&n);
}

/* A finished connection lingers for its own time. */
static void finished(void **state)
{
	(void)state;
	start(20, 8 * SECOND);
	tick(100);
	handshake(&n, 1);
	goodbye(&n, 1, 0, 0);
	heard(&n, "+1 -1:fin ");
	tick(200);
	check_slots();
	n.now_ns += 20 * SECOND;
	send(&n, 1, 1, TCP_ACK | TCP_FIN, 5001, 1002, "");
	heard(&n, "");
	assert_int_equal(n.counters.late_segments, 1);
	net_end(&n);
}

/* Where nobody asks for it, no silence is too long. */
static void never(void **state)
{
	(void)state;
	start(20, 0);
	send(&n, 1, 0, TCP_ACK, 1, 1, "a");
	n.now_ns += 1000000 * SECOND;
	send(&n, 1, 0, TCP_ACK, 2, 1, "b");
	heard(&n, "+1 1>a 1>b ");
	net_end(&n);
}

/* -- many of them, against a plain model --------------------------------------------- */

enum { HOSTS = 300, STEPS = 20000 };

static struct host {
	bool open, reset;
	unsigned number;
	uint32_t seq;
	uint64_t heard; /* the period */
	int64_t last_ns;
} hosts[HOSTS];

static char expected[LOG];
static size_t expected_n;

static void expect(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void expect(const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	expected_n += (size_t)vsnprintf(expected + expected_n, LOG - expected_n, format, ap);
	va_end(ap);
}

static void expect_end(struct host *h)
{
	expect("-%u:%s ", h->number, h->reset ? "rst" : "timeout");
	h->open = h->reset = false;
}

/* The lowest number first, looked for each time. */
static void expect_tick(uint64_t period, uint64_t periods)
{
	for (;;) {
		struct host *lowest = NULL;
		for (int i = 0; i < HOSTS; i++) {
			struct host *h = &hosts[i];
			if (h->open && period - h->heard > periods &&
			    (lowest == NULL || h->number < lowest->number))
				lowest = h;
		}
		if (lowest == NULL)
			return;
		expect_end(lowest);
	}
}

static void packet_of(struct host *h, unsigned host, struct random *r, int64_t idle_ns,
                      uint64_t period)
{
	bool reset = h->open && random_chance(r, 5);
	if (h->reset)
		return;
	n.now_ns -= 1000; /* send() adds it */
	int64_t silent = n.now_ns + 1000 - h->last_ns;
	if (h->open && silent > idle_ns) {
		expect_end(h);
		reset = false;
	}
	if (!h->open) {
		*h = (struct host){.open = true,
		                   .number = (unsigned)n.number + 1,
		                   .seq = h->seq,
		                   .last_ns = INT64_MIN};
		expect("+%u ", h->number);
	}
	send(&n, host, 0, reset ? TCP_RST : TCP_ACK, h->seq, 1, reset ? "" : "x");
	if (!reset)
		expect("%u>x ", h->number);
	h->seq += !reset;
	h->reset = reset;
	h->heard = period;
	h->last_ns = n.now_ns > h->last_ns ? n.now_ns : h->last_ns;
}

static void many_with(uint64_t seed, int64_t idle_ns)
{
	struct random r = {seed};
	int64_t length = idle_period(idle_ns), latest = 0;
	uint64_t period = 0, periods = (uint64_t)((idle_ns + length - 1) / length);
	memset(hosts, 0, sizeof hosts);
	start(2 * HOSTS, idle_ns);
	for (int i = 0; i < STEPS; i++) {
		bool jumps = random_chance(&r, 1);
		n.now_ns += random_between(&r, jumps ? -idle_ns : 0, jumps ? idle_ns : length / 40);
		latest = n.now_ns > latest ? n.now_ns : latest;
		expected_n = 0;
		*expected = '\0';
		if ((uint64_t)(latest / length) != period) {
			period = (uint64_t)(latest / length);
			expect_tick(period, periods);
			tick(period);
		}
		unsigned host = (unsigned)random_below(&r, HOSTS);
		packet_of(&hosts[host], host, &r, idle_ns, period);
		heard(&n, expected);
		if (i % 100 == 0)
			check_slots();
	}
	net_end(&n);
}

static void many(void **state)
{
	(void)state;
	static const int64_t idle[] = {1,          SECOND,      3 * SECOND + 1,
	                               8 * SECOND, 60 * SECOND, 3600 * SECOND};
	for (uint64_t seed = 1; seed <= 3; seed++)
		for (size_t i = 0; i < sizeof idle / sizeof *idle; i++)
			many_with(seed, idle[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(told),  cmocka_unit_test(own_packet), cmocka_unit_test(finished),
	        cmocka_unit_test(never), cmocka_unit_test(many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
