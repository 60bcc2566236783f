/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Flows with a front, against the same that never get one: after each packet of random
 * conversations they are the same, bit for bit, once the front is closed.
 */
#include "twins.h"

#include <sys/mman.h>
#include <unistd.h>

enum { HOSTS = 30, STEPS = 12000, MEMORY = 500 * 1024, SEEDS = 24 };

/* In the first no front is opened. */
enum { BEHIND, AHEAD };

/* What a host and its server have come to. */
static struct talk {
	struct pair pair;
	uint32_t next[2];
	unsigned step; /* packets of the handshake */
	bool v6[2], tagged, narrow, headless;
} talks[HOSTS];

/* -- packets --------------------------------------------------------------------------------- */

/* Of IPv6 where that is so: what is added to the address adds nothing to the sum. */
static struct tf_packet say(struct random *r, struct talk *t, int dir, uint8_t flags, uint32_t seq,
                            uint32_t ack, size_t payload)
{
	static const uint8_t prefix[4] = {0x20, 0x01, 0xdf, 0xfe};
	struct tf_packet pkt = segment(r, &t->pair, dir, flags, seq, ack, payload);
	if (t->v6[dir])
		memcpy(pkt.src.address.b, prefix, sizeof prefix);
	if (t->v6[!dir])
		memcpy(pkt.dst.address.b, prefix, sizeof prefix);
	if (t->headless && !random_chance(r, 3))
		pkt.header = 0;
	if (t->narrow)
		pkt.window %= 150;
	if (t->tagged)
		pkt.vlan[0] = 7;
	if (random_chance(r, 1))
		pkt.ts_ns -= (int64_t)random_below(r, 60000000);
	(void)key_hash(&pkt, 1);
	if (!random_chance(r, 3))
		return pkt;
	pkt.flags |= TCP_URG;
	pkt.urgent = (uint16_t)random_below(r, 80);
	return pkt;
}

static struct tf_packet begin(struct random *r, struct talk *t)
{
	static unsigned clients;
	*t = (struct talk){.pair = {.client = random_chance(r, 10) ? t->pair.client : ++clients,
	                            .stamp = {(uint32_t)random_next(r), (uint32_t)random_next(r)},
	                            .stamps = random_chance(r, 50),
	                            .signs = random_chance(r, 10)},
	                   .next = {(uint32_t)random_next(r), (uint32_t)random_next(r)},
	                   .step = random_chance(r, 10) ? 3 : 1, /* some begin midstream */
	                   .v6 = {random_chance(r, 10), random_chance(r, 10)},
	                   .tagged = random_chance(r, 20),
	                   .narrow = random_chance(r, 20),
	                   .headless = random_chance(r, 10)};
	return say(r, t, 0, t->step == 1 ? TCP_SYN : TCP_ACK, t->next[0] - 1, t->next[1], 0);
}

/* The next bytes, or an ACK of those that came. */
static struct tf_packet go_on(struct random *r, struct talk *t, int dir)
{
	size_t n = random_chance(r, 60) ? 1 + random_size(r, PAYLOAD_MAX) : 0;
	uint32_t seq = t->next[dir],
	         late = random_chance(r, 20) ? (uint32_t)random_below(r, 90) : 0;
	t->next[dir] += (uint32_t)n;
	return say(r, t, dir, TCP_ACK | (n > 0 ? TCP_PSH : 0), seq, t->next[!dir] - late, n);
}

/* Something lost, sent again, or out of place. */
static struct tf_packet stumble(struct random *r, struct talk *t, int dir)
{
	static const uint8_t kinds[] = {TCP_ACK | TCP_FIN, TCP_RST,           TCP_RST | TCP_ACK,
	                                TCP_SYN,           TCP_SYN | TCP_ACK, 0};
	uint32_t seq = t->next[dir], ack = t->next[!dir];
	size_t n = random_size(r, PAYLOAD_MAX);
	uint8_t flags = TCP_ACK;
	switch (random_below(r, 6)) {
	case 0:
		t->next[dir] += (uint32_t)random_below(r, 100); /* lost */
		break;
	case 1:
		seq += (uint32_t)random_below(r, 200) - 150;
		break;
	case 2:
		ack += (uint32_t)random_below(r, 200) - 150;
		break;
	case 3:
		seq--; /* a keep-alive */
		n = random_below(r, 2);
		break;
	case 4:
		seq += (uint32_t)random_next(r) >> random_below(r, 31);
		break;
	default:
		flags = random_chance(r, 60) ? flags : kinds[random_below(r, sizeof kinds)];
	}
	return say(r, t, dir, flags, seq, ack, n);
}

static struct tf_packet say_something(struct random *r, struct talk *t)
{
	int dir = (int)random_below(r, 2);
	if (t->step == 0 || random_below(r, 200) == 0)
		return begin(r, t);
	if (t->step < 3) {
		dir = t->step++ == 1;
		return say(r, t, dir, dir == 1 ? TCP_SYN | TCP_ACK : TCP_ACK,
		           t->next[dir] - (uint32_t)dir, t->next[!dir], 0);
	}
	t->pair.stamp[dir] += (uint32_t)random_below(r, 10);
	return random_chance(r, 96) ? go_on(r, t, dir) : stumble(r, t, dir);
}

/* -- conversations ----------------------------------------------------------------------------- */

static void start(uint64_t seed)
{
	number = 0;
	now_ns = INT64_C(1000000000);
	memset(talks, 0, sizeof talks);
	for (int i = 0; i < 2; i++) {
		struct net *n = &nets[i];
		struct flows *fs = &n->flows;
		net_start_with(n, seed % 4 != 0 ? MEMORY : NET_FLOW * HOSTS, seed % 4 != 0);
		idle_init(&fs->idle, seed % 3 == 0 ? 0 : INT64_C(60000000000));
		fs->checksum = (enum tf_checksum)(seed / 2 % 3);
		fs->reasm.out_of_band = seed % 5 == 0;
		fs->reasm.limits.flow_bytes = seed % 7 == 0 ? 1000 : INT64_MAX;
		fs->reasm.limits.hole_max = 4000;
		fs->exact = seed % 2 == 0;
		fs->fronts = i == AHEAD;
	}
}

static void pass_time(struct random *r, uint64_t *period)
{
	now_ns += (int64_t)random_below(r, 1000000);
	if (random_below(r, 2000) == 0)
		now_ns += (int64_t)random_below(r, 70000000000);
	for (; *period < (uint64_t)now_ns / 7500000000; (*period)++)
		for (int i = 0; i < 2; i++)
			if (nets[i].flows.idle.ns > 0)
				flows_tick(&nets[i].flows, *period, FLOWS_TICK_TURN(number + 1));
	for (int i = 0, turns = random_below(r, 500) == 0; i < 2 && turns; i++)
		flows_turn(&nets[i].flows);
}

/* Also where they stand, and whether they may doze. -> whether that of AHEAD has a front */
static bool stand_alike(const struct tf_packet *pkt)
{
	uint32_t ref = find(&nets[AHEAD].flows, pkt);
	assert_int_equal(ref, find(&nets[BEHIND].flows, pkt));
	if (ref == 0 || ref_form(ref) != REF_AWAKE)
		return false;
	const struct front *a = &flow_at(&nets[AHEAD].flows, ref)->front,
	                   *b = &flow_at(&nets[BEHIND].flows, ref)->front;
	assert_false(b->open);
	assert_int_equal(a->stirs, b->stirs);
	return a->open;
}

/* What pub shows to who looks at it at any time is up to date, be the front open or not. */
static void exact(const struct tf_packet *pkt)
{
	const struct tf_flow *p[2];
	for (int i = 0; i < 2; i++)
		p[i] = &flow_at(&nets[i].flows, find(&nets[i].flows, pkt))->pub;
	assert_memory_equal(p[0], p[1], sizeof *p[0]);
}

static void converse(uint64_t seed)
{
	struct random r = {seed};
	uint64_t period = 0;
	size_t open = 0;
	for (int i = 0; i < STEPS; i++) {
		pass_time(&r, &period);
		struct tf_packet pkt = say_something(&r, &talks[random_below(&r, HOSTS)]);
		for (int k = 0; k < 2; k++)
			take(&nets[k], &pkt);
		same(&pkt);
		bool ahead = stand_alike(&pkt);
		open += ahead;
		if (ahead && nets[AHEAD].flows.exact)
			exact(&pkt);
	}
	assert_in_range(open, STEPS / 20, STEPS);
}

static void as_without(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		start(seed);
		converse(seed);
		finish();
	}
}

/* -- one flow -------------------------------------------------------------------------------- */

enum { USUAL = 8 }; /* packets to and fro, after which it has a front */

static struct flow *greet(void)
{
	struct net *n = &nets[AHEAD];
	net_start(n, 20);
	n->flows.checksum = TF_CHECKSUM_IGNORE;
	handshake(n, 1);
	send(n, 1, 1, TCP_ACK, 5001, 1001, "");
	for (unsigned i = 0; i < USUAL; i++) {
		send(n, 1, 0, TCP_ACK, 1001 + i, 5001 + i, "a");
		send(n, 1, 1, TCP_ACK, 5001 + i, 1002 + i, "b");
	}
	struct tf_packet pkt = packet(n, 1, 0, TCP_ACK, 1001 + USUAL, 5001 + USUAL, "");
	struct flow *f = flow_at(&n->flows, find(&n->flows, &pkt));
	assert_true(f->front.open);
	return f;
}

/* Whose hash is the same by chance, or by design. */
static void tells_keys_apart(void **state)
{
	(void)state;
	struct flow *f = greet();
	struct net *n = &nets[AHEAD];
	const struct tf_packet pkt = packet(n, 1, 0, TCP_ACK, 1, 1, ""),
	                       back = packet(n, 1, 1, TCP_ACK, 1, 1, "");
	assert_int_equal(front_direction(f, &pkt), 0);
	assert_int_equal(front_direction(f, &back), 1);
	struct tf_packet other = pkt;
	other.vlan[0] = 1;
	assert_int_equal(front_direction(f, &other), -1);
	other = pkt;
	other.net[0] = 1;
	assert_int_equal(front_direction(f, &other), -1);
	other = pkt;
	other.src.address.b[0] = 1;
	assert_int_equal(front_direction(f, &other), -1);
	other = pkt;
	other.dst.address.b[11] = 0xfe;
	assert_int_equal(front_direction(f, &other), -1);
	other = pkt;
	other.dst.address.b[15]++;
	assert_int_equal(front_direction(f, &other), -1);
	other = pkt;
	other.src.port++;
	assert_int_equal(front_direction(f, &other), -1);
	other = pkt;
	other.dst.port++;
	assert_int_equal(front_direction(f, &other), -1);
	net_end(n);
}

/* More packets, and more bytes, than its counters hold. */
static void counts_on(void **state)
{
	(void)state;
	struct flow *f = greet();
	struct net *n = &nets[AHEAD];
	const uint64_t before = f->pub.packets[0];
	enum { MORE = 3 * UINT16_MAX };
	n->flows.exact = false;
	for (unsigned i = 0; i < MORE; i++) {
		struct tf_packet pkt = packet(n, 1, 0, TCP_ACK, 1001 + USUAL, 5001 + USUAL, "");
		pkt.wire.captured = pkt.wire.length = UINT16_MAX;
		take(n, &pkt);
	}
	struct tf_packet huge = packet(n, 1, 0, TCP_ACK, 1001 + USUAL, 5001 + USUAL, "");
	huge.wire.captured = huge.wire.length = UINT32_MAX;
	take(n, &huge);
	front_close(f);
	assert_int_equal(f->pub.packets[0], before + MORE + 1);
	assert_int_equal(f->pub.captured[0], (uint64_t)MORE * UINT16_MAX + UINT32_MAX);
	assert_int_equal(f->pub.frame_bytes[0], f->pub.captured[0]);
	net_end(n);
}

/* The lines behind the front cannot be touched: an ACK is taken all the same. */
static void two_lines(void **state)
{
	(void)state;
	const struct flow *f = greet();
	struct net *n = &nets[AHEAD];
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), lines = FRONT_SIZE;
	char *pages =
	        mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(pages != MAP_FAILED);
	struct flow *front = (struct flow *)(void *)(pages + page - lines);
	memcpy(front, f, lines);
	assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
	n->flows.exact = false;
	for (int dir = 0; dir < 2; dir++) {
		uint32_t seq = (dir ? 5001 : 1001) + USUAL, ack = (dir ? 1001 : 5001) + USUAL;
		const struct tf_packet pkt = packet(n, 1, dir, TCP_ACK, seq, ack, "");
		assert_int_equal(front_direction(front, &pkt), dir);
		assert_true(front_takes(&n->flows, front, (unsigned)dir, &pkt));
		assert_int_equal(front->front.side[dir].packets, 1 + f->front.side[dir].packets);
	}
	assert_int_equal(munmap(pages, 2 * page), 0);
	net_end(n);
}

enum { BIG = 60000, MUCH = 20 };

/* A SYN inside a connection that has another's sequence number, and an ACK that is none of this
   one: the other has begun. */
static void hears_of_another(void **state)
{
	(void)state;
	static char bytes[BIG + 1];
	(void)greet();
	struct net *n = &nets[AHEAD];
	uint32_t seq = 1001 + USUAL, ack = 5001 + USUAL;
	memset(bytes, 'c', BIG);
	send(n, 1, 0, TCP_SYN, seq - 1, 0, "");
	send(n, 1, 0, TCP_ACK, seq, ack, "");
	for (uint32_t i = 0; i < MUCH; i++)
		send(n, 1, 1, TCP_ACK, ack + i * BIG, seq, bytes);
	assert_int_equal(n->counters.flows, 1);
	send(n, 1, 0, TCP_ACK, seq, ack, "");
	assert_int_equal(n->counters.flows, 2);
	net_end(n);
}

/* As long as all of it comes in the frame that it began in, it does not count as heard. */
static void is_of_one_frame(void **state)
{
	(void)state;
	struct net *n = &nets[AHEAD];
	net_start(n, 20);
	n->flows.checksum = TF_CHECKSUM_IGNORE;
	struct tf_packet pkt = {0};
	for (unsigned i = 0; i < 2 * USUAL; i++) {
		int dir = i % 2;
		n->number = 0;
		pkt = packet(n, 1, dir, TCP_ACK, dir ? 5000 : 1000, dir ? 1000 : 5000,
		             i < 2 ? "a" : "");
		pkt.seq += i > 1;
		pkt.ack += i > 0;
		take(n, &pkt);
	}
	const struct flow *f = flow_at(&n->flows, find(&n->flows, &pkt));
	assert_int_equal(f->half[0].acked, 1);
	assert_false(f->front.open || f->stand.heard);
	n->number = 1;
	for (int dir = 0; dir < 2; dir++)
		send(n, 1, dir, TCP_ACK, dir ? 5001 : 1001, dir ? 1001 : 5001, "");
	assert_true(f->front.open && f->stand.heard);
	net_end(n);
}

/* What is on the way was sent when nobody answered, and is more than any window: then sequence
   numbers do not tell how far one goes that opens. */
static void sees_far(void **state)
{
	(void)state;
	enum { FAR = 1500 << 20 };
	struct net *n = &nets[AHEAD];
	net_start(n, 20);
	n->flows.checksum = TF_CHECKSUM_IGNORE;
	n->flows.reasm.limits.hole_max = INT32_MAX;
	struct tf_packet pkt = packet(n, 1, 0, TCP_ACK, 1000, 5000, "a");
	pkt.cut = FAR - 1;
	take(n, &pkt);
	for (unsigned i = 0; i < USUAL; i++)
		send(n, 1, 0, TCP_ACK, 1000 + FAR + i, 5000, "b");
	for (unsigned i = 0; i < USUAL; i++) {
		pkt = packet(n, 1, 1, TCP_ACK, 5000 + i, 1001, i % 2 == 0 ? "cd" : "");
		pkt.window = 1;
		take(n, &pkt);
	}
	for (int i = 0; i < 2; i++) /* the first one is new, the next could open a front */
		send(n, 1, 0, TCP_ACK, 1000 + FAR + USUAL, 5000 + USUAL, "");
	send(n, 1, 1, TCP_ACK, 5000 + USUAL, 1000 + FAR + USUAL, "");
	struct flow *f = flow_at(&n->flows, find(&n->flows, &pkt));
	front_close(f);
	assert_int_equal(f->half[0].edge, FAR + USUAL + (INT64_C(65535) << 14));
	net_end(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(as_without),       cmocka_unit_test(hears_of_another),
	        cmocka_unit_test(is_of_one_frame),  cmocka_unit_test(sees_far),
	        cmocka_unit_test(tells_keys_apart), cmocka_unit_test(counts_on),
	        cmocka_unit_test(two_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
