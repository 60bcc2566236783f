/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Flows of all forms together: few can be awake, so that they change from one form into another all
 * the time, and hashes are alike. Of the same conversations a table in which all are awake, and
 * none has a front, makes the same. And where memory is short too, every link of the table, every
 * place and every cell is accounted for after each packet.
 */
#include "twins.h"

#include "flow/foresight.h"
#include "flow/linger.h"

enum { HOSTS = 50, STEPS = 4000, SEEDS = 14, MEMORY = 4 << 20, AHEAD = 2 * FORESIGHT_STEP };

/* In the first all are awake. */
enum { AWAKE, MIXED };

/* A side has said all that it says, and then come three packets of the end. */
enum { TALKS = 3, CLOSES = 10, CLOSED = 13, FORGETS = 17 };

/* What a host and its server have come to. */
static struct talk {
	struct pair pair;
	uint32_t next[2];
	unsigned step; /* packets of the handshake, or of the end */
	bool v6, tagged;
} talks[HOSTS];

static uint64_t hash_mask; /* hashes differ in these bits */
static bool wild;          /* early segments and windows of any size, too */

/* -- packets --------------------------------------------------------------------------------- */

static struct tf_packet say(struct random *r, const struct talk *t, int dir, uint8_t flags,
                            uint32_t seq, uint32_t ack, size_t payload)
{
	struct tf_packet pkt = segment(r, &t->pair, dir, flags, seq, ack, payload);
	if (!wild && pkt.window != 0)
		pkt.window |= 0x8000;
	pkt.cut = wild ? pkt.cut : 0;
	pkt.src.address.b[0] = pkt.dst.address.b[0] = t->v6 ? 0x20 : 0;
	if (t->tagged)
		pkt.vlan[0] = 7;
	(void)key_hash(&pkt, 1);
	pkt.hash &= hash_mask;
	return pkt;
}

/* Often with the key of the one before, and behind it; or with another's but for a tag. */
static struct tf_packet begin(struct random *r, struct talk *t)
{
	static unsigned clients;
	bool same = random_chance(r, 40), behind = random_chance(r, 50), tag = random_chance(r, 25);
	const struct talk before = same && tag ? talks[random_below(r, HOSTS)] : *t;
	*t = (struct talk){.pair = {.client = same ? before.pair.client : ++clients,
	                            .stamp = {(uint32_t)random_next(r), (uint32_t)random_next(r)},
	                            .stamps = random_chance(r, 50),
	                            .signs = random_chance(r, 2)},
	                   .step = wild && random_chance(r, 10) ? TALKS : 1,
	                   .v6 = same ? before.v6 : random_chance(r, 10),
	                   .tagged = same ? before.tagged != tag : tag};
	for (int d = 0; d < 2; d++)
		t->next[d] = same && behind ? before.next[d] + (uint32_t)random_below(r, 100000)
		                            : (uint32_t)random_next(r);
	bool syn = t->step == 1;
	return say(r, t, 0, syn ? TCP_SYN : TCP_ACK, t->next[0] - syn, t->next[1], 0);
}

static struct tf_packet go_on(struct random *r, struct talk *t, int dir)
{
	size_t n = random_chance(r, 50) ? 1 + random_size(r, PAYLOAD_MAX) : 0;
	uint32_t seq = t->next[dir];
	t->next[dir] += (uint32_t)n;
	return say(r, t, dir, TCP_ACK | (n > 0 ? TCP_PSH : 0), seq, t->next[!dir], n);
}

static struct tf_packet stumble(struct random *r, struct talk *t, int dir)
{
	static const uint8_t kinds[] = {TCP_ACK | TCP_FIN, TCP_RST,           TCP_RST | TCP_ACK,
	                                TCP_SYN,           TCP_SYN | TCP_ACK, 0};
	uint32_t seq = t->next[dir], ack = t->next[!dir], back = (uint32_t)random_below(r, 200);
	size_t n = random_size(r, PAYLOAD_MAX);
	switch (random_below(r, wild ? 6 : 4)) {
	case 0: /* sent again */
		return say(r, t, dir, TCP_ACK, seq - back, ack, n < back ? n : back);
	case 1:
		return say(r, t, dir, TCP_ACK, seq, ack - back, 0);
	case 2: /* a keep-alive */
		return say(r, t, dir, TCP_ACK, seq - 1, ack, 0);
	case 3:
		return say(r, t, dir, kinds[random_below(r, sizeof kinds)], seq, ack, wild ? n : 0);
	case 4: /* lost */
		t->next[dir] += back;
		break;
	default:
		seq += (uint32_t)random_next(r) >> random_below(r, 31);
	}
	return say(r, t, dir, TCP_ACK, seq, ack, n);
}

/* Of one that has ended, or of another with its key. */
static struct tf_packet come_late(struct random *r, struct talk *t)
{
	static const int64_t off[] = {-100, -2, -1, 0, 1, 100, 20000000, 1 << 30, -40000000};
	static const uint8_t kinds[] = {TCP_ACK, TCP_ACK,           TCP_ACK | TCP_FIN, TCP_RST,
	                                TCP_SYN, TCP_SYN | TCP_ACK, TCP_RST | TCP_ACK};
	int dir = (int)random_below(r, 2);
	uint32_t far = (uint32_t)off[random_size(r, wild ? sizeof off / sizeof *off : 4)];
	return say(r, t, dir, kinds[random_below(r, sizeof kinds)], t->next[dir] + far,
	           t->next[!dir], random_chance(r, 30) ? random_size(r, 9) : 0);
}

static struct tf_packet close_down(struct random *r, struct talk *t)
{
	unsigned step = t->step++ - CLOSES, dir = step == 1;
	if (step + CLOSES >= CLOSED)
		return t->step > FORGETS && random_chance(r, 50) ? begin(r, t) : come_late(r, t);
	uint32_t seq = t->next[dir];
	t->next[dir] += step < 2;
	return say(r, t, (int)dir, TCP_ACK | (step < 2 ? TCP_FIN : 0), seq, t->next[!dir], 0);
}

static struct tf_packet say_something(struct random *r, struct talk *t)
{
	int dir = (int)random_below(r, 2);
	if (t->step == 0 || random_chance(r, 1))
		return begin(r, t);
	if (t->step >= CLOSES)
		return close_down(r, t);
	if (t->step < TALKS) {
		dir = t->step++ == 1;
		return say(r, t, dir, dir == 1 ? TCP_SYN | TCP_ACK : TCP_ACK,
		           t->next[dir] - (uint32_t)dir, t->next[!dir], 0);
	}
	if (random_chance(r, 3))
		t->step = CLOSES;
	t->pair.stamp[dir] += (uint32_t)random_below(r, 10);
	return random_chance(r, 94) ? go_on(r, t, dir) : stumble(r, t, dir);
}

/* -- what holds at any time ---------------------------------------------------------------------
 */

/* Each chain ends in its bucket, and who is last in it is said to be. -> how many stand there */
static size_t check_bucket(const struct flows *fs, uint32_t bucket)
{
	size_t n = 0;
	uint32_t link = fs->bucket[bucket];
	for (; link != 0 && !ref_is_end(link); n++) {
		uint32_t next = place_at(fs, link_ref(fs, link))->chain;
		assert_int_equal((link & LINK_LAST) != 0, ref_is_end(next));
		link = next;
	}
	assert_int_equal(link, n > 0 ? REF_END | bucket : 0);
	return n;
}

static void check_idle(const struct flows *fs)
{
	for (unsigned slot = 1; slot <= IDLE_SLOTS; slot++) {
		uint32_t before = 0;
		for (uint32_t ref = fs->idle.slot[slot].first; ref != 0;) {
			const struct stand *s = stand_at(fs, ref);
			assert_int_equal(s->slot, slot);
			assert_int_equal(s->idle.before, before);
			before = ref;
			ref = s->idle.after;
		}
	}
}

/* How often each form was seen. */
enum { IS_AWAKE, IS_SQUEEZED, IS_CALM, LINGERED, IS_SYN, IS_STUB, FORMS };
static size_t seen[FORMS];

static unsigned form(const struct flows *fs, uint32_t ref, int list)
{
	return list == FLOW_STUB            ? IS_STUB
	       : ref_form(ref) == REF_AWAKE ? IS_AWAKE
	       : ref_form(ref) == REF_SYN   ? IS_SYN
	       : is_calm(fs, ref)           ? IS_CALM
	       : is_lingering(fs, ref)      ? LINGERED
	                                    : IS_SQUEEZED;
}

static void check_cells(const struct flows *fs)
{
	size_t cells = 0;
	for (int list = 0; list < FLOW_LISTS; list++) {
		uint32_t ref = fs->list[list].oldest;
		for (; ref != 0; ref = place_at(fs, ref)->newer) {
			size_t n = ref_form(ref) == REF_SYN;
			if (ref_form(ref) == REF_DOZING)
				(void)doze_size(fs, ref, &n);
			cells += n;
			seen[form(fs, ref, list)]++;
		}
	}
	assert_int_equal(cells, fs->cells.used);
}

static void check(const struct flows *fs)
{
	size_t n = 0;
	for (uint32_t bucket = 0; bucket <= fs->bucket_mask; bucket++)
		n += check_bucket(fs, bucket);
	assert_int_equal(n, fs->count + fs->stubs);
	check_idle(fs);
	check_cells(fs);
}

/* -- as awake ---------------------------------------------------------------------------------- */

/* Buckets and links have parts of the hash; all of it may be the same. */
static const uint64_t masks[] = {
        UINT64_MAX, UINT64_C(0xff00000000000003), UINT64_C(0x0fffffff00000000), 0, 3,
        UINT32_MAX, UINT64_C(0x3fffffff00000001)};

static void start(uint64_t seed)
{
	number = 0;
	now_ns = INT64_C(1000000000);
	memset(talks, 0, sizeof talks);
	hash_mask = masks[seed % (sizeof masks / sizeof *masks)];
	for (int i = 0; i < 2; i++) {
		struct flows *fs = &nets[i].flows;
		net_start_with(&nets[i], MEMORY, i == MIXED);
		fs->bucket_mask &= 63;
		idle_init(&fs->idle, seed % 3 == 0 ? 0 : INT64_C(60000000000));
		fs->idle.now = seed % 3 != 0;
		fs->checksum = (enum tf_checksum)(seed / 2 % 3);
		fs->reasm.limits.flow_bytes = seed % 11 == 0 ? 1000 : INT64_MAX;
		fs->reasm.limits.hole_max = 4000000;
		fs->exact = seed % 2 == 0;
		fs->fronts = i == MIXED;
	}
	nets[MIXED].flows.slab.count = 4 + seed % 13;
}

static void pass_time(struct random *r, uint64_t *period, int from)
{
	now_ns += (int64_t)random_below(r, 10000000);
	if (random_below(r, 500) == 0)
		now_ns += (int64_t)random_below(r, 70000000000);
	if (random_below(r, 500) == 0)
		now_ns -= (int64_t)random_below(r, 700000000);
	for (; *period < (uint64_t)now_ns / 7500000000; (*period)++)
		for (int i = from; i < 2; i++)
			if (nets[i].flows.idle.ns > 0)
				flows_tick(&nets[i].flows, *period, FLOWS_TICK_TURN(number + 1));
	for (int i = from, turns = random_below(r, 300) == 0; i < 2 && turns; i++)
		flows_turn(&nets[i].flows);
}

/* One that holds an early segment would have to doze, and goes on over its hole then. */
static bool must_spill(void)
{
	size_t n = 2;
	for (const struct half *h = nets[AWAKE].flows.reasm.holder_oldest; h != NULL;
	     h = h->holder_newer)
		n++;
	return n > nets[MIXED].flows.slab.count;
}

/* Of one that has ended, only what is heard of it. */
static void compare(const struct tf_packet *pkt)
{
	struct flows *fs = &nets[MIXED].flows;
	uint32_t ref = find(fs, pkt);
	if (ref != 0 && ref_form(ref) != REF_SYN && !doze_ended(fs, ref)) {
		same(pkt);
		return;
	}
	assert_int_equal(ref != 0, find(&nets[AWAKE].flows, pkt) != 0);
	assert_memory_equal(&nets[0].counters, &nets[1].counters, sizeof nets[0].counters);
	assert_string_equal(nets[0].log, nets[1].log);
	hush(&nets[0]);
	hush(&nets[1]);
	same_lists();
}

/* -> packets after which all was the same */
static int converse(uint64_t seed)
{
	struct random r = {seed};
	uint64_t period = 0;
	int steps = 0;
	for (; steps < STEPS && !must_spill(); steps++) {
		pass_time(&r, &period, AWAKE);
		struct tf_packet pkt = say_something(&r, &talks[random_below(&r, HOSTS)]);
		for (int k = 0; k < 2; k++)
			take(&nets[k], &pkt);
		if (must_spill())
			break;
		compare(&pkt);
		check(&nets[MIXED].flows);
	}
	return steps;
}

static void as_awake(void **state)
{
	(void)state;
	int steps = 0;
	wild = false;
	memset(seen, 0, sizeof seen);
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		start(seed);
		steps += converse(seed);
		assert_int_equal(nets[MIXED].counters.flows_evicted, 0);
		for (int i = 0; i < 2; i++) {
			flows_end_all(&nets[i].flows);
			assert_int_equal(nets[i].begun, nets[i].ended);
			arena_free(&nets[i].arena);
		}
	}
	assert_in_range(steps, SEEDS * STEPS / 4, SEEDS * STEPS);
	for (int i = 0; i < FORMS; i++)
		assert_true(i == IS_STUB || seen[i] > 1000);
}

/* -- with little memory ------------------------------------------------------------------------ */

enum { CELLS = 100, KEPT = 5 };

/* Its slots are squeezed, with bytes behind them, unless they are such as it keeps back. */
static size_t squeeze_slots(void *self, const struct tf_flow *flow, uintptr_t *slot, uint8_t *to,
                            size_t room)
{
	(void)self;
	(void)flow;
	size_t n = sizeof *slot + slot[0] % 40;
	if (room < n || slot[0] % 97 == 3)
		return SIZE_MAX;
	memset(to, (int)n, n);
	memcpy(to, slot, sizeof *slot);
	slot[0] = slot[1] = 0x77;
	return n;
}

static void expand_slots(void *self, const struct tf_flow *flow, uintptr_t *slot,
                         const uint8_t *from, size_t n)
{
	(void)self;
	(void)flow;
	slot[0] = slot[1] = 0;
	if (n == KEPT) /* BEGIN comes next */
		return;
	assert_true(n >= sizeof *slot);
	memcpy(slot, from, sizeof *slot);
	for (size_t i = sizeof *slot; i < n; i++)
		assert_int_equal(from[i], n);
	slot[1] = slot[0];
}

static bool hear(void *self, const struct tf_event *ev, struct tf_error *err)
{
	struct net *n = self;
	(void)err;
	if (ev->kind == TF_BEGIN) {
		n->begun++;
		ev->slot[0] = ev->slot[1] = 1000 + ev->flow->number;
		return true;
	}
	assert_true(ev->slot[0] >= 1000);
	if (ev->kind != TF_END || ev->dir != TF_BOTH)
		return true;
	n->ended++;
	ev->slot[0] = ev->slot[1] = 0;
	if (ev->keep == NULL || ev->flow->number % 3 == 0)
		return true;
	memset(ev->keep->to, KEPT, KEPT);
	ev->keep->n = KEPT;
	ev->slot[0] = 1;
	return true;
}

/* Also what is asked for ahead reads nothing that is nobody's. */
static void converse_in_little(uint64_t seed)
{
	struct random r = {seed};
	uint64_t period = 0;
	struct flows *fs = &nets[MIXED].flows;
	struct tf_packet next[AHEAD] = {0};
	for (int i = 0; i < STEPS; i++) {
		pass_time(&r, &period, MIXED);
		struct tf_packet pkt = say_something(&r, &talks[random_below(&r, HOSTS)]);
		next[i % AHEAD] = pkt;
		if (i >= AHEAD && i % FORESIGHT_STEP == 0) {
			foresight_begin(fs, next, AHEAD);
			foresight_packets(fs, next, AHEAD);
		}
		take(&nets[MIXED], &pkt);
		check(fs);
	}
}

static void start_in_little(uint64_t seed)
{
	start(seed);
	struct net *n = &nets[MIXED];
	n->flows.cells.count = CELLS + seed * 37 % CELLS;
	n->flows.stubs_most = 4;
	n->flows.outlets = 0;
	n->sink.doze = squeeze_slots;
	n->sink.wake = expand_slots;
	n->sink.event = hear;
	flows_attach(&n->flows, &n->sink, n);
}

static void in_little_memory(void **state)
{
	(void)state;
	uint64_t evicted = 0, resumed = 0;
	wild = true;
	memset(seen, 0, sizeof seen);
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		start_in_little(seed);
		converse_in_little(seed);
		evicted += nets[MIXED].counters.flows_evicted;
		resumed += nets[MIXED].counters.flows_resumed;
		net_end(&nets[MIXED]);
		arena_free(&nets[AWAKE].arena);
	}
	assert_in_range(evicted, 100, UINT64_MAX);
	assert_in_range(resumed, 10, UINT64_MAX);
	for (int i = 0; i < FORMS; i++)
		assert_true(seen[i] > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(as_awake),
	        cmocka_unit_test(in_little_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
