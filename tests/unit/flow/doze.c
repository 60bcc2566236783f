/* SPDX-License-Identifier: BSD-3-Clause */
/* Flows that doze: what they are when they wake up is what they were, and nobody hears of it. */
#include "net.h"

#include "flow/shape.h"
#include "flow/syn.h"
#include "prop/random.h"

static struct net n;

/* -- folding ------------------------------------------------------------------------------ */

static void random_bytes(struct random *r, void *to, size_t size)
{
	uint8_t *p = to;
	for (size_t i = 0; i < size; i++)
		p[i] = (uint8_t)random_next(r);
}

/* Whatever a flow says, it says the same again. */
static void folds(void **state)
{
	(void)state;
	struct random r = {1};
	net_start(&n, 20);
	struct flow *f = slab_take(&n.flows.slab), *g = slab_take(&n.flows.slab);
	size_t size = n.flows.slab.size;
	for (int i = 0; i < 2000; i++) {
		memset(f, 0, size);
		random_bytes(&r, &f->pub, offsetof(struct flow, half) - offsetof(struct flow, pub));
		random_bytes(&r, f->slot, 2 * sizeof *f->slot);
		for (int d = 0; d < 2; d++) {
			random_bytes(&r, &f->half[d], offsetof(struct half, queue));
			f->half[d].trail = NULL;
			f->half[d].urgent = NULL;
			random_bytes(&r, &f->half[d].limit_at,
			             sizeof f->half[d] - offsetof(struct half, limit_at));
		}
		memcpy(g, f, size);
		shape_fold(&n.flows, g);
		assert_int_equal(g->pub.number, 0);
		g->pub.number = f->pub.number;
		shape_unfold(&n.flows, g);
		assert_memory_equal(f, g, size);
	}
	slab_give(&n.flows.slab, f);
	slab_give(&n.flows.slab, g);
	net_end(&n);
}

/* -- one flow ------------------------------------------------------------------------------- */

enum { SMALL = 400 * 1024 };

static struct flow *only(void)
{
	uint32_t ref = 0;
	for (int list = 0; list < FLOW_LISTS; list++)
		ref = n.flows.list[list].oldest != 0 ? n.flows.list[list].oldest : ref;
	assert_int_equal(n.flows.count, 1);
	assert_int_equal(ref_form(ref), REF_AWAKE);
	return flow_at(&n.flows, ref);
}

/* A SYN of one that stands in a cell, and then wakes, is as if it had been awake all the time. */
static void compare_syn(bool turns)
{
	static const uint8_t options[] = {2, 4,  5, 0xb4, 1, 3, 3, 7, 1, 1,
	                                  8, 10, 1, 2,    3, 4, 0, 0, 0, 0};
	uint8_t frame[14 + 20 + 20 + sizeof options] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0};
	static char as[2][sizeof(struct flow)];
	for (int round = 0; round < 2; round++) {
		net_start_with(&n, SMALL, true);
		idle_init(&n.flows.idle, INT64_C(8000000000));
		if (round == 0)
			n.flows.links = NULL; /* so none fits */
		memcpy(frame + sizeof frame - sizeof options, options, sizeof options);
		struct tf_packet pkt = packet(&n, 1, 0, TCP_SYN | 0xc0, 77, 0, "");
		pkt.payload.p = frame + sizeof frame;
		pkt.header = 20 + sizeof options;
		pkt.wire.bytes = frame;
		pkt.wire.captured = sizeof frame;
		pkt.wire.length = sizeof frame + 4;
		pkt.wire.link_type = 1;
		take(&n, &pkt);
		assert_int_equal(n.flows.syns, round);
		heard(&n, "+1 ");
		if (turns)
			flows_turn(&n.flows);
		assert_int_equal(n.flows.syns, round);
		struct tf_packet again = packet(&n, 1, 1, TCP_ACK, 5000, 1, "");
		take(&n, &again);
		assert_int_equal(n.flows.syns, 0);
		memcpy(as[round], only(), sizeof as[round]);
		assert_int_equal(n.counters.checksums_good + n.counters.checksums_bad +
		                         n.counters.checksums_offloaded +
		                         n.counters.checksums_unknown,
		                 2);
		net_end(&n);
		heard(&n, "-1:input ");
		assert_int_equal(n.last.packets[0], !turns);
	}
	assert_memory_equal(as[0], as[1], sizeof as[0]);
}

static void syn_as_awake(void **state)
{
	(void)state;
	compare_syn(false);
	compare_syn(true);
}

/* Everybody else is heard of, until `host` dozes. */
static void rest(unsigned host)
{
	for (unsigned i = 0; i < 3 * n.flows.slab.count; i++)
		send(&n, 1000 + host * 1000 + i, 0, TCP_ACK, 1, 1, "");
}

/* An open connection on which both sides have spoken takes at most 256 bytes. */
static void small(void **state)
{
	(void)state;
	net_start_with(&n, SMALL, true);
	handshake(&n, 1);
	send(&n, 1, 0, TCP_ACK, 1001, 5001, "question");
	send(&n, 1, 1, TCP_ACK, 5001, 1009, "answer");
	send(&n, 1, 0, TCP_ACK, 1009, 5007, "");
	size_t first = n.flows.list[FLOW_OPEN].oldest;
	assert_int_equal(ref_form((uint32_t)first), REF_AWAKE);
	rest(1);
	uint32_t ref = n.flows.list[FLOW_OPEN].oldest;
	assert_int_equal(ref_form(ref), REF_DOZING);
	size_t cells, bytes = doze_size(&n.flows, ref, &cells);
	assert_in_range(cells * CELL, CELL, 256);
	assert_in_range(bytes, 1, 200);
	hush(&n);
	send(&n, 1, 1, TCP_ACK, 5007, 1009, "more");
	heard(&n, "1<more ");
	net_end(&n);
}

/* When cells are used up, those that doze go, also when all were heard of more than once; whoever
   is awake does not. */
static void full(void **state)
{
	(void)state;
	net_start_with(&n, SMALL / 2, true);
	size_t most = n.flows.most, awake = n.flows.slab.count;
	for (unsigned i = 0; i < 2 * (unsigned)most; i++) {
		for (uint32_t k = 0; k < 3; k++)
			send(&n, i, 0, TCP_ACK, 1 + k, 1, "x");
		hush(&n);
	}
	assert_in_range(n.counters.flows_evicted, 1, 2 * most - awake);
	assert_int_equal(n.counters.flows, 2 * most);
	send(&n, 2 * (unsigned)most - (unsigned)awake / 2, 0, TCP_ACK, 4, 1, "y");
	assert_int_equal(n.counters.flows, 2 * most);
	net_end(&n);
}

/* What the flows take from the arena is no more than they were given. */
static void keeps_to_its_memory(void **state)
{
	(void)state;
	for (size_t memory = 100000; memory < 3000000; memory = memory * 5 / 4) {
		for (size_t sinks = 0; sinks < 2; sinks++) {
			struct tf_error err;
			memset(&n, 0, sizeof n);
			struct flows_setup setup = {.arena = &n.arena,
			                            .memory = memory,
			                            .chunks = &n.chunks,
			                            .sinks = 3,
			                            .sink_awake = sinks * 700,
			                            .sink_flow = sinks * 40,
			                            .doze = true,
			                            .counters = &n.counters};
			assert_true(arena_init(&n.arena, 4 * memory, &err));
			if (flows_init(&n.flows, &setup)) {
				size_t all = n.arena.used +
				             setup.sink_awake * flows_awake(&n.flows) +
				             setup.sink_flow * flows_capacity(&n.flows);
				assert_in_range(all, memory * 7 / 10, memory + 512);
			} else {
				assert_in_range(memory, 0, 200000);
			}
			arena_free(&n.arena);
		}
	}
}

/* -- given up, and heard of again ------------------------------------------------------------- */

static bool keeps_all; /* not only of host 1 */

/* As the recorder: it has something of each connection, which it wants back. */
static size_t keeper_doze(void *self, const struct tf_flow *flow, uintptr_t *slot, uint8_t *to,
                          size_t room)
{
	(void)self;
	(void)flow;
	if (room < 1 || slot[0] == 0)
		return room < 1 ? SIZE_MAX : 0;
	to[0] = (uint8_t)slot[0];
	slot[0] = 1;
	return 1;
}

static void keeper_wake(void *self, const struct tf_flow *flow, uintptr_t *slot,
                        const uint8_t *from, size_t size)
{
	(void)self;
	(void)flow;
	assert_int_equal(size, slot[0] != 0);
	slot[0] = slot[0] != 0 ? from[0] : 0;
}

static bool keeper_hear(void *self, const struct tf_event *ev, struct tf_error *err)
{
	struct net *to = self;
	unsigned number = (unsigned)ev->flow->number;
	(void)err;
	to->begun += ev->kind == TF_BEGIN;
	to->ended += ev->kind == TF_END && ev->dir == TF_BOTH;
	if (keeps_all && ev->kind == TF_BEGIN && !ev->flow->resumed)
		ev->slot[0] = 77;
	if (keeps_all && ev->kind == TF_END && ev->keep != NULL)
		ev->keep->to[ev->keep->n++] = 77;
	if (keeps_all && ev->kind == TF_END)
		ev->slot[0] = ev->keep != NULL;
	if (keeps_all)
		return true;
	if (ev->flow->end[0].port != 4000 || ev->flow->end[0].address.b[15] != 1)
		return true;
	if (ev->kind == TF_BEGIN)
		note(to, "+%u%s:%u ", number, ev->flow->resumed ? "again" : "",
		     (unsigned)ev->slot[0]);
	if (ev->kind == TF_BEGIN && !ev->flow->resumed)
		ev->slot[0] = 77;
	if (ev->kind == TF_DATA)
		note(to, "%u@%d%c%.*s ", number, (int)ev->offset, "><"[ev->dir], (int)ev -> data.n,
		     (const char *)ev->data.p);
	if (ev->kind != TF_END)
		return true;
	to->last = *ev->flow;
	memcpy(to->account, ev->account, sizeof to->account);
	note(to, "-%u:%s:%u ", number, end_name(ev->end), (unsigned)ev->slot[0]);
	if (ev->keep != NULL)
		ev->keep->to[ev->keep->n++] = 77;
	ev->slot[0] = ev->keep != NULL;
	return true;
}

/* Host 1 talks, and is given up. */
static void give_up(void)
{
	net_start_with(&n, SMALL, true);
	n.sink.doze = keeper_doze;
	n.sink.wake = keeper_wake;
	n.sink.event = keeper_hear;
	n.flows.slab.count = 16;
	handshake(&n, 1);
	send(&n, 1, 0, TCP_ACK, 1001, 5001, "question");
	send(&n, 1, 1, TCP_ACK, 5001, 1009, "answer");
	hush(&n);
	for (unsigned i = 2; n.used == 0; i++)
		send(&n, i * 256, 0, TCP_ACK, 1, 1, "x");
	heard(&n, "-1:evicted:77 ");
	assert_int_equal(n.flows.stubs, 1);
}

static void resumes(void **state)
{
	(void)state;
	give_up();
	send(&n, 1, 1, TCP_ACK, 5007, 1009, "more");
	char words[100];
	unsigned number = (unsigned)n.number;
	(void)snprintf(words, sizeof words, "+%uagain:77 %u@6<more ", number, number);
	heard(&n, words);
	send(&n, 1, 0, TCP_ACK, 1005, 5011, "tionand"); /* what was recorded does not change */
	(void)snprintf(words, sizeof words, "%u@8>and ", number);
	heard(&n, words);
	assert_int_equal(n.counters.flows_resumed, 1);
	assert_int_equal(n.flows.stubs, 0);
	goodbye(&n, 1, 11, 10);
	(void)snprintf(words, sizeof words, "-%u:fin:77 ", number);
	heard(&n, words);
	assert_int_equal(n.account[0].outside, 4);
	assert_int_equal(n.account[0].written, 3);
	assert_int_equal(n.account[1].written, 4);
	assert_int_equal(tf_completeness_of(&n.account[0], TF_END_FIN), TF_MIDSTREAM);
	assert_string_equal(n.last.history, "dDFfA");
	assert_int_equal(n.last.packets[0], 3);
	net_end(&n);
}

/* A SYN, or what lies far off, is of another connection. */
static void does_not_resume(void **state)
{
	(void)state;
	for (int syn = 0; syn < 2; syn++) {
		give_up();
		send(&n, 1, 0, syn ? TCP_SYN : TCP_ACK, 1009 + (1U << 30), 5007, syn ? "" : "far");
		assert_null(strstr(n.log, "again"));
		assert_int_equal(n.flows.stubs, 0);
		assert_int_equal(n.counters.flows_resumed, 0);
		net_end(&n);
	}
}

/* There are so many stubs at most; the oldest goes. */
static void few_stubs(void **state)
{
	(void)state;
	give_up();
	keeps_all = true;
	for (unsigned i = 0; i < 3 * n.flows.most; i++)
		send(&n, 100000 + i * 256, 0, TCP_ACK, 1, 1, "x");
	assert_int_equal(n.flows.stubs, n.flows.stubs_most);
	keeps_all = false;
	hush(&n);
	send(&n, 1, 1, TCP_ACK, 5007, 1009, "more");
	assert_null(strstr(n.log, "again"));
	net_end(&n);
}

/* Nor are there more when the oldest goes on, and others have to go for it. */
static void few_stubs_when_resumed(void **state)
{
	(void)state;
	give_up();
	keeps_all = true;
	for (unsigned i = 0; n.flows.stubs < n.flows.stubs_most; i++)
		send(&n, 100000 + i * 256, 0, TCP_ACK, 1, 1, "x");
	for (int i = 0; i < 20; i++) {
		struct flow stub = *doze_look(&n.flows, n.flows.list[FLOW_STUB].oldest);
		struct tf_packet pkt = packet(&n, 1, 0, TCP_ACK, stub.half[0].base, 1, "");
		pkt.seq += (uint32_t)stub.half[0].next;
		pkt.src = stub.pub.end[0];
		pkt.dst = stub.pub.end[1];
		(void)key_hash(&pkt, 1);
		take(&n, &pkt);
		assert_in_range(n.flows.stubs, 1, n.flows.stubs_most);
	}
	assert_int_equal(n.counters.flows_resumed, 20);
	keeps_all = false;
	net_end(&n);
}

/* -- another output generation ------------------------------------------------------------------
 */

enum { NUMBERS = 20000 };

static uint8_t turns_of[NUMBERS]; /* by number; ENDED when it has */
enum { ENDED = 255 };
static uint8_t turning; /* the turn that is being told; 0: none */

static bool count_turns(void *self, const struct tf_event *ev, struct tf_error *err)
{
	(void)self;
	(void)err;
	assert_in_range(ev->flow->number, 1, NUMBERS - 1);
	uint8_t *turns = &turns_of[ev->flow->number];
	assert_int_not_equal(*turns, ENDED);
	assert_true(turning == 0 || *turns < turning); /* whoever has turned does not end for it */
	if (ev->kind == TF_TURN)
		(*turns)++;
	if (ev->kind == TF_END)
		*turns = ENDED;
	return true;
}

/* -> how many there are, all of which were told so often */
static size_t all_told(uint8_t turns)
{
	size_t count = 0;
	for (int list = 0; list < FLOW_LISTS; list++)
		for (uint32_t ref = n.flows.list[list].oldest; ref != 0; count++) {
			uint64_t number = ref_form(ref) == REF_SYN ? syn_number(&n.flows, ref)
			                                           : doze_number(&n.flows, ref);
			assert_int_equal(turns_of[number], turns);
			ref = place_at(&n.flows, ref)->newer;
		}
	return count;
}

/* Each hears of a turn once, in whatever form it is, also while cells are used up; and few have to
   go for it. */
static void turns_in_all_forms(void **state)
{
	(void)state;
	memset(turns_of, 0, sizeof turns_of);
	net_start_with(&n, SMALL, true);
	n.sink.event = count_turns;
	n.flows.outlet[0].kinds |= 1U << TF_TURN;
	for (unsigned i = 0; n.counters.flows_evicted == 0; i++)
		send(&n, i, 0, i % 16 == 0 ? TCP_SYN : TCP_ACK, 1 + i * 0x1010101, 1,
		     i % 16 == 0 ? "" : "x");
	assert_in_range(n.flows.syns, 10, SIZE_MAX);
	assert_int_equal(n.flows.slab.used, n.flows.slab.count);
	for (uint8_t turns = 1; turns < 4; turns++) {
		turning = turns;
		flows_turn(&n.flows);
		turning = 0;
		net_check(&n);
		size_t count = all_told(turns);
		assert_int_equal(count, n.flows.count);
		assert_in_range(count, n.counters.flows * 2 / 3, n.counters.flows);
	}
	n.begun = n.ended = (size_t)n.counters.flows;
	net_end(&n);
	for (size_t i = 1; i <= n.number; i++)
		assert_int_equal(turns_of[i], ENDED);
}

/* What was given up does not go on in files that are closed. */
static void leaves_no_stub(void **state)
{
	(void)state;
	give_up();
	flows_turn(&n.flows);
	assert_int_equal(n.flows.stubs, 0);
	send(&n, 1, 1, TCP_ACK, 5007, 1009, "more");
	assert_null(strstr(n.log, "again"));
	net_end(&n);
}

/* -- all at once, against flows that never doze ------------------------------------------------ */

enum { HOSTS = 60, STREAM = 4096, STEPS = 6000, HEARD = 1 << 20 };

/* A table of flows, and all that a sink can know of it, as text. */
struct ear {
	struct net net;
	uint8_t told[HOSTS][2][STREAM];
	bool has[HOSTS][2][STREAM];
	char text[HEARD];
	size_t used;
	size_t dozed; /* of the hosts, now and then */
};

static struct ear ears[2];

static unsigned host_of(const struct tf_flow *f)
{
	for (unsigned d = 0; d < 2; d++)
		if (f->end[d].port == 4000)
			return (unsigned)f->end[d].address.b[15];
	fail();
	return 0;
}

static void say(struct ear *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct ear *e, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	e->used += (size_t)vsnprintf(e->text + e->used, HEARD - e->used, format, ap);
	va_end(ap);
	assert_in_range(e->used, 0, HEARD - 1000);
}

static void say_bytes(struct ear *e, const char *word, struct tf_span b)
{
	say(e, " %s ", word);
	for (size_t i = 0; i < b.n; i++)
		say(e, "%02x", b.p[i]);
}

static void say_end(struct ear *e, const struct tf_event *ev)
{
	const struct tf_flow *f = ev->flow;
	say(e, " end %d %s %s %lld %lld %llu %llu", (int)ev->end, f->history, tf_conn_state(f),
	    (long long)f->first_ns, (long long)f->last_ns, (unsigned long long)f->connection,
	    (unsigned long long)f->nth[1]);
	for (int d = 0; d < (ev->dir == TF_BOTH ? 2 : 1); d++) {
		const struct tf_account *a = &ev->account[d];
		say(e, " [%llu %llu %lld %lld %lld %lld %lld %lld %lld %lld %lld %lld %d%d%d]",
		    (unsigned long long)f->packets[d], (unsigned long long)f->frame_bytes[d],
		    (long long)a->seen, (long long)a->span, (long long)a->written,
		    (long long)a->duplicate, (long long)a->unchecked, (long long)a->conflicting,
		    (long long)a->outside, (long long)a->rejected, (long long)a->missing,
		    (long long)a->tail_missing, a->syn, a->fin, a->fin_acked);
	}
}

static bool ear_hear(void *self, const struct tf_event *ev, struct tf_error *err)
{
	struct ear *e = self;
	unsigned host = host_of(ev->flow);
	uintptr_t slot = (uintptr_t)ev->flow->number * 2;
	(void)err;
	if (host == 255) /* only there to disturb */
		return true;
	if (ev->kind == TF_BEGIN) {
		ev->slot[0] = slot;
		ev->slot[1] = slot + 1;
		memset(e->has[host], 0, sizeof e->has[host]);
	}
	assert_int_equal(ev->slot[0], slot + (ev->dir == 1));
	say(e, "%llu %u: %d.%d", (unsigned long long)ev->turn, host, (int)ev->kind, ev->dir);
	if (ev->kind == TF_DATA)
		for (size_t i = 0; i < ev->data.n && ev->offset + (int64_t)i < STREAM; i++) {
			if (ev->offset < 0)
				break;
			e->told[host][ev->dir][(size_t)ev->offset + i] = ev->data.p[i];
			e->has[host][ev->dir][(size_t)ev->offset + i] = true;
		}
	if (ev->kind == TF_END || ev->kind == TF_TURN) {
		say_end(e, ev);
	} else if (ev->kind != TF_BEGIN) {
		say(e, " %lld+%lld", (long long)ev->offset, (long long)ev->length);
		say_bytes(e, ev->late ? "late" : "data", ev->data);
		say_bytes(e, "other", ev->other);
	}
	if (ev->kind == TF_GAP)
		say(e, " cause %d", (int)ev->cause);
	if (ev->kind == TF_REJECT)
		say(e, " why %d", (int)ev->reject);
	if (ev->kind == TF_CONFLICT || ev->kind == TF_PROOF)
		say(e, " %llu %llu %d %d", (unsigned long long)ev->conflict->kept.frame,
		    (unsigned long long)ev->conflict->other.frame, (int)ev->conflict->which,
		    (int)ev->conflict->certain);
	say(e, "\n");
	return true;
}

static size_t ear_recall(void *self, const struct tf_flow *flow, unsigned dir, uintptr_t *slot,
                         int64_t offset, uint8_t *to, size_t size)
{
	const struct ear *e = self;
	unsigned host = host_of(flow);
	size_t k = 0;
	(void)slot;
	for (; host != 255 && offset >= 0 && k < size && offset + (int64_t)k < STREAM; k++) {
		if (!e->has[host][dir][(size_t)offset + k])
			break;
		to[k] = e->told[host][dir][(size_t)offset + k];
	}
	return k;
}

static void ear_start(struct ear *e, size_t memory, bool doze)
{
	memset(e, 0, sizeof *e);
	net_start_with(&e->net, memory, doze);
	idle_init(&e->net.flows.idle, 40000000);
	e->net.sink = (struct tf_sink){.name = "ear",
	                               .order = TF_PLACED,
	                               .kinds = ~(1U << TF_SEGMENT),
	                               .lets_doze = true,
	                               .event = ear_hear,
	                               .recall = ear_recall};
	e->net.flows.reasm.out_of_band = true;
	e->net.flows.outlets = 0;
	flows_attach(&e->net.flows, &e->net.sink, e);
}

/* How far each side of a host has come. */
static struct talk {
	uint32_t start[2], sent[2];
	int state;
} talks[HOSTS];

static struct tf_packet segment(unsigned host, int dir, uint8_t flags, uint32_t off, uint32_t ack)
{
	static struct net made; /* its clock and numbers */
	struct talk *t = &talks[host];
	made.number = ears[0].net.number;
	made.now_ns = ears[0].net.now_ns;
	return packet(&made, host, dir, flags, t->start[dir] + off, t->start[!dir] + ack, "");
}

/* One packet of a host's conversation, most of them as they should be. */
static struct tf_packet say_something(struct random *r, unsigned host, uint8_t *bytes)
{
	struct talk *t = &talks[host];
	int dir = (int)random_below(r, 2);
	uint32_t off = t->sent[dir], size = 1 + (uint32_t)random_below(r, 40);
	uint8_t flags = TCP_ACK;
	if (t->state == 0 || random_chance(r, 1)) {
		t->start[0] = (uint32_t)random_next(r);
		t->start[1] = (uint32_t)random_next(r);
		t->sent[0] = t->sent[1] = 0;
		t->state = random_chance(r, 70) ? 1 : 3;
		return segment(host, 0, t->state == 1 ? TCP_SYN : TCP_ACK, (uint32_t)-1, 0);
	}
	if (t->state == 1 && random_chance(r, 50))
		return segment(host, 0, TCP_SYN, (uint32_t)-1, 0);
	if (t->state == 1) {
		t->state = 2;
		return segment(host, 1, TCP_SYN | TCP_ACK, (uint32_t)-1, 0);
	}
	if (random_chance(r, 10)) { /* early; what is between comes later, or never */
		off += (uint32_t)random_below(r, 60);
		t->sent[dir] = random_chance(r, 50) ? off + size : t->sent[dir];
	} else if (random_chance(r, 20)) { /* again */
		off -= off < 100 ? off : (uint32_t)random_below(r, 100);
	} else {
		t->sent[dir] = off + size;
	}
	if (t->sent[dir] > STREAM - 200)
		t->state = 0;
	if (random_chance(r, 2))
		flags |= random_chance(r, 50) ? TCP_FIN : TCP_RST;
	flags = (uint8_t)(flags | (random_chance(r, 5) ? TCP_URG : 0));
	uint8_t other = random_chance(r, 10) ? 1 : 0;
	for (uint32_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(other + (off + i) * 7);
	uint32_t ack = t->sent[!dir] - (random_chance(r, 30) && t->sent[!dir] > 50 ? 50 : 0);
	struct tf_packet pkt = segment(host, dir, flags, off, ack);
	pkt.payload = (struct tf_span){bytes, random_chance(r, 70) ? size : 0};
	pkt.urgent = (uint16_t)random_below(r, size);
	return pkt;
}

static void both_take(const struct tf_packet *pkt)
{
	for (int i = 0; i < 2; i++) {
		struct net *net = &ears[i].net;
		net->number = pkt->number;
		net->now_ns = pkt->ts_ns;
		take(net, pkt);
	}
}

static void both_heard(void)
{
	assert_string_equal(ears[0].text, ears[1].text);
	ears[0].used = ears[1].used = 0;
	ears[0].text[0] = ears[1].text[0] = '\0';
}

/* Hosts talk in turns, and between them are others that are never heard of again. */
static void converse(uint64_t seed)
{
	struct random r = {seed};
	uint8_t bytes[64];
	uint64_t period = 0;
	memset(talks, 0, sizeof talks);
	for (int i = 0; i < STEPS; i++) {
		ears[0].net.now_ns += 1000 + (random_chance(&r, 1) ? 3000000 : 0);
		unsigned host = (unsigned)random_below(&r, HOSTS);
		struct tf_packet pkt = say_something(&r, host, bytes);
		both_take(&pkt);
		both_heard();
		for (int k = 0; k < 3; k++) {
			pkt = packet(&ears[0].net, 0xff + ((unsigned)i * 4 + (unsigned)k) * 256, 0,
			             random_chance(&r, 50) ? TCP_SYN : TCP_ACK, 1, 1, "");
			both_take(&pkt);
		}
		for (int e = 0; e < 2 && i % 700 == 699; e++)
			flows_turn(&ears[e].net.flows);
		for (; period < (uint64_t)ears[0].net.now_ns / 5000000; period++)
			for (int e = 0; e < 2; e++)
				flows_tick(&ears[e].net.flows, period,
				           FLOWS_TICK_TURN(ears[e].net.number + 1));
		both_heard();
	}
}

static void as_if_awake(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 8; seed++) {
		ear_start(&ears[0], 64 << 20, false);
		ear_start(&ears[1], 16 << 20, true);
		ears[1].net.flows.slab.count = HOSTS + 10; /* the others doze */
		converse(seed);
		assert_int_equal(ears[1].net.counters.flows_evicted, 0);
		assert_in_range(ears[1].net.flows.cells.fresh, 200, SIZE_MAX);
		for (int e = 0; e < 2; e++) {
			ears[e].net.begun = ears[e].net.ended = (size_t)ears[e].net.counters.flows;
			net_end(&ears[e].net);
		}
		both_heard();
		assert_memory_equal(&ears[0].net.counters, &ears[1].net.counters,
		                    sizeof ears[0].net.counters);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(folds),
	        cmocka_unit_test(syn_as_awake),
	        cmocka_unit_test(small),
	        cmocka_unit_test(full),
	        cmocka_unit_test(keeps_to_its_memory),
	        cmocka_unit_test(resumes),
	        cmocka_unit_test(does_not_resume),
	        cmocka_unit_test(few_stubs),
	        cmocka_unit_test(few_stubs_when_resumed),
	        cmocka_unit_test(turns_in_all_forms),
	        cmocka_unit_test(leaves_no_stub),
	        cmocka_unit_test(as_if_awake),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
