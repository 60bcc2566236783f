/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For tests of flow/: a table of flows with a sink that writes down what it hears, one
 * word after the other:
 *
 *	+1        BEGIN of flow 1 (tf_flow.number)
 *	1>abc     DATA of its direction 0; 1<abc of direction 1
 *	-1:fin    END
 */
#ifndef TESTS_FLOW_NET_H
#define TESTS_FLOW_NET_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "flow/doze.h"
#include "flow/life.h"

enum { CHUNKS = 256, LOG = 1 << 16 };

struct net {
	struct arena arena;
	struct chunk_pool chunks;
	struct flows flows;
	struct tf_counters counters;
	struct tf_sink sink;
	uint64_t number;
	int64_t now_ns;
	size_t begun, ended; /* events */
	char log[LOG];
	size_t used;
	struct tf_flow last; /* as it was at the latest END */
	struct tf_account account[2];
};

/* -- the sink ----------------------------------------------------------------------- */

static inline void note(struct net *n, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

static inline void note(struct net *n, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	int k = vsnprintf(n->log + n->used, LOG - n->used, format, ap);
	va_end(ap);
	if (k > 0 && (size_t)k < LOG - n->used)
		n->used += (size_t)k;
}

static inline const char *end_name(enum tf_end end)
{
	size_t count;
	return tf_end_rows(&count)[end].word;
}

static inline bool net_hear(void *self, const struct tf_event *ev, struct tf_error *err)
{
	struct net *n = self;
	unsigned number = (unsigned)ev->flow->number;
	(void)err;
	switch (ev->kind) {
	case TF_BEGIN:
		assert_int_equal(ev->slot[0] | ev->slot[1], 0);
		ev->slot[0] = ev->slot[1] = number;
		n->begun++;
		note(n, "+%u ", number);
		break;
	case TF_DATA:
		assert_int_equal(ev->slot[0], number);
		note(n, "%u%c%.*s ", number, "><"[ev->dir], (int)ev -> data.n,
		     (const char *)ev->data.p);
		break;
	case TF_END:
		assert_int_equal(ev->slot[0], number);
		n->ended += ev->dir == TF_BOTH;
		n->last = *ev->flow;
		if (ev->dir == TF_BOTH)
			memcpy(n->account, ev->account, sizeof n->account);
		note(n, "-%u:%s ", number, end_name(ev->end));
		break;
	case TF_GAP:
	case TF_CONFLICT:
	case TF_PROOF:
	case TF_REJECT:
	case TF_SEGMENT:
	case TF_APP:
	case TF_TURN:
		assert_int_equal(ev->slot[0], number); /* between BEGIN and END */
		break;
	}
	return true;
}

/* -- packets -------------------------------------------------------------------------- */

static inline struct tf_endpoint v4(unsigned host, uint16_t port)
{
	struct tf_endpoint e = {.port = port};
	const uint8_t b[16] = {[10] = 0xff,          0xff,         10, (uint8_t)(host >> 16),
	                       (uint8_t)(host >> 8), (uint8_t)host};
	memcpy(e.address.b, b, sizeof b);
	return e;
}

enum { SERVER = 0xfffffe };

/* The packet of connection `host`, from its client (dir 0) or its server. */
static inline struct tf_packet packet(struct net *n, unsigned host, int dir, uint8_t flags,
                                      uint32_t seq, uint32_t ack, const char *text)
{
	struct tf_endpoint client = v4(host, 4000), server = v4(SERVER, 80);
	struct tf_packet pkt = {
	        .src = dir ? server : client,
	        .dst = dir ? client : server,
	        .seq = seq,
	        .ack = ack,
	        .flags = flags,
	        .window = 65535,
	        .payload = {(const uint8_t *)text, strlen(text)},
	        .ts_ns = n->now_ns,
	        .number = ++n->number,
	        .frame = n->number,
	};
	(void)key_hash(&pkt, 1);
	return pkt;
}

static inline void net_check(const struct net *n)
{
	const struct flows *fs = &n->flows;
	size_t listed = 0, awake = 0, syns = 0;
	for (int list = 0; list < FLOW_LISTS; list++) {
		uint32_t older = 0;
		for (uint32_t i = fs->list[list].oldest; i != 0; listed++) {
			assert_int_equal(place_at(fs, i)->older, older);
			if (ref_form(i) != REF_SYN)
				assert_int_equal(stand_at(fs, i)->list, list);
			const struct flow *f = ref_form(i) == REF_AWAKE ? flow_at(fs, i) : NULL;
			awake += f != NULL;
			syns += ref_form(i) == REF_SYN;
			assert_true(f == NULL || f->ended ||
			            (reasm_check(&fs->reasm, &f->half[0]) &&
			             reasm_check(&fs->reasm, &f->half[1])));
			older = i;
			i = place_at(fs, i)->newer;
		}
		assert_int_equal(fs->list[list].newest, older);
	}
	assert_int_equal(listed, fs->count + fs->stubs);
	assert_int_equal(awake, fs->slab.used);
	assert_int_equal(syns, fs->syns);
}

static inline void take(struct net *n, const struct tf_packet *pkt)
{
	flows_packet(&n->flows, pkt);
	if (n->flows.slab.count < 1000)
		net_check(n);
}

static inline void send(struct net *n, unsigned host, int dir, uint8_t flags, uint32_t seq,
                        uint32_t ack, const char *text)
{
	n->now_ns += 1000;
	struct tf_packet pkt = packet(n, host, dir, flags, seq, ack, text);
	take(n, &pkt);
}

/* SYN, SYN-ACK, ACK; the client starts at 1000, the server at 5000. */
static inline void handshake(struct net *n, unsigned host)
{
	send(n, host, 0, TCP_SYN, 1000, 0, "");
	send(n, host, 1, TCP_SYN | TCP_ACK, 5000, 1001, "");
	send(n, host, 0, TCP_ACK, 1001, 5001, "");
}

/* Both close; the client has said n bytes, the server m. */
static inline void goodbye(struct net *n, unsigned host, uint32_t said, uint32_t heard)
{
	uint32_t c = 1001 + said, s = 5001 + heard;
	send(n, host, 0, TCP_FIN | TCP_ACK, c, s, "");
	send(n, host, 1, TCP_FIN | TCP_ACK, s, c + 1, "");
	send(n, host, 0, TCP_ACK, c + 1, s + 1, "");
}

/* -- the table ------------------------------------------------------------------------- */

/* doze: flows may. */
static inline void net_start_with(struct net *n, size_t memory, bool doze)
{
	struct tf_error err;
	memset(n, 0, sizeof *n);
	n->sink = (struct tf_sink){
	        .name = "log", .order = TF_PLACED, .lets_doze = true, .event = net_hear};
	n->now_ns = 1000000000;
	struct flows_setup setup = {
	        .arena = &n->arena,
	        .memory = memory,
	        .doze = doze,
	        .chunks = &n->chunks,
	        .sinks = 2, /* one is used */
	        .limits = {.flow_bytes = INT64_MAX, .hole_max = 16 << 20},
	        .linger_ns = 60 * INT64_C(1000000000),
	        .numbered = true,
	        .counters = &n->counters,
	};
	assert_true(arena_init(&n->arena, setup.memory * 2 + (CHUNKS + 8) * CHUNK_SIZE, &err));
	assert_true(chunk_pool_init(&n->chunks, &n->arena, CHUNKS));
	assert_true(flows_init(&n->flows, &setup));
	flows_attach(&n->flows, &n->sink, n);
}

enum {
	NET_AWAKE = sizeof(struct flow) + 2 * sizeof(uintptr_t[2]),
	NET_FLOW = (NET_AWAKE + FRONT_LINE - 1) / FRONT_LINE * FRONT_LINE + 2 * sizeof(uint32_t)
};

/* Room for about `flows` flows, all of them awake. */
static inline void net_start(struct net *n, size_t flows)
{
	net_start_with(n, NET_FLOW * flows * 8 / 6 + 8, false);
}

static inline void hush(struct net *n)
{
	n->used = 0;
	n->log[0] = '\0';
}

/* What was heard since the last time. */
static inline void heard(struct net *n, const char *words)
{
	assert_string_equal(n->log, words);
	hush(n);
}

/* Ends all flows; nothing may be left behind. */
static inline void net_end(struct net *n)
{
	flows_end_all(&n->flows);
	assert_int_equal(n->begun, n->ended);
	assert_int_equal(n->begun, n->counters.flows);
	assert_int_equal(n->flows.slab.used + n->flows.cells.used, 0);
	assert_int_equal(n->flows.count, 0);
	assert_int_equal(n->flows.reasm.gaps.used, 0);
	assert_int_equal(n->flows.reasm.held.used, 0);
	assert_int_equal(n->chunks.slab.used, 0);
	for (int list = 0; list < FLOW_LISTS; list++)
		assert_int_equal(n->flows.list[list].oldest | n->flows.list[list].newest, 0);
	arena_free(&n->arena);
}

#endif
