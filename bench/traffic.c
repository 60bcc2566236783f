/* SPDX-License-Identifier: BSD-3-Clause */
#include "traffic.h"

#include "talk.h"

#include <stdio.h>
#include <stdlib.h>

enum { STREAMS = 16 };

/* -- long transfers, in turn ----------------------------------------------------------- */

/* Long transfers from the responders. Each has `share` bytes to send. */
static int64_t open_all(struct talk t[STREAMS], uint64_t mib)
{
	for (uint32_t i = 0; i < STREAMS; i++) {
		const char *stack = t[i].stack;
		t[i] = talk_new(i);
		t[i].stack = stack;
		talk_open(&t[i]);
	}
	return (int64_t)(mib << 20) / STREAMS;
}

static void close_all(struct talk t[STREAMS])
{
	for (uint32_t i = 0; i < STREAMS; i++) {
		talk_close(&t[i]);
		talk_tell(&t[i]);
	}
}

static uint32_t at_most(int64_t left, uint32_t n)
{
	return left < n ? (uint32_t)left : n;
}

/* A segment of each in turn, and an acknowledgement for every other one. */
static void transfer(struct talk t[STREAMS], int64_t share)
{
	for (uint64_t turn = 0; t[STREAMS - 1].sent[RESPONDER] < share; turn++) {
		struct talk *now = &t[turn % STREAMS];
		talk_send(now, RESPONDER, at_most(share - now->sent[RESPONDER], SEGMENT));
		if (turn / STREAMS % 2 == 1)
			talk_ack(now, ORIGINATOR, now->sent[RESPONDER]);
	}
}

void traffic_bulk(uint64_t mib)
{
	struct talk t[STREAMS] = {0};
	int64_t share = open_all(t, mib);
	transfer(t, share);
	close_all(t);
}

void traffic_stack(uint64_t mib)
{
	static const char *const stacks[] = {"EQ",   "EQQ", "EAQ",   "EMM",         "EMMMM", "EP",
	                                     "EQP",  "E4",  "E6",    "E4G",         "E6G",   "E4VE",
	                                     "E4NE", "E4T", "E46G4", "EAQMM4GE4VEQ"};
	_Static_assert(sizeof stacks / sizeof *stacks == STREAMS, "one for each");
	struct talk t[STREAMS] = {0};
	for (size_t i = 0; i < STREAMS; i++)
		t[i].stack = stacks[i];
	int64_t share = open_all(t, mib);
	transfer(t, share);
	close_all(t);
}

/* -- fragments ------------------------------------------------------------------------- */

enum { DATAGRAM = 3 * SEGMENT, CUT = 1480, REVERSED_EVERY = 8 };

/* The next datagram of a stream, in three fragments. */
static void send_fragments(struct talk *t, uint64_t turn, int64_t share)
{
	struct segment s = talk_segment(t, RESPONDER, t->sent[RESPONDER],
	                                at_most(share - t->sent[RESPONDER], DATAGRAM));
	uint32_t size = 20 + s.n, pieces = (size + CUT - 1) / CUT;
	bool reversed = turn % REVERSED_EVERY == 0;
	for (uint32_t i = 0; i < pieces; i++) {
		uint32_t from = CUT * (reversed ? pieces - 1 - i : i);
		put_fragment(&s, (uint32_t)turn & 0xffff, from, at_most(size - from, CUT) + from);
	}
	t->sent[RESPONDER] += s.n;
}

void traffic_frag(uint64_t mib)
{
	struct talk t[STREAMS] = {0};
	int64_t share = open_all(t, mib);
	for (uint64_t turn = 0; t[STREAMS - 1].sent[RESPONDER] < share; turn++) {
		struct talk *now = &t[turn % STREAMS];
		send_fragments(now, turn, share);
		talk_ack(now, ORIGINATOR, now->sent[RESPONDER]);
	}
	close_all(t);
}

/* -- losses ---------------------------------------------------------------------------- */

/*
 * One in HELD_EVERY segments comes late, because it was lost and sent again or took another way;
 * one in COPIED_EVERY comes twice. What the receiver acknowledges has arrived.
 */
enum { HELD_EVERY = 25, HELD = 4, HELD_STEPS = 24, COPIED_EVERY = 33, AHEAD = 60 };

struct lossy {
	struct talk *talk;
	int64_t share;
	uint64_t segments, next, sent, step; /* next: the first that has not arrived */
	uint64_t arrived;                    /* bit i: segment next + i has */
	struct held {
		uint64_t segment, due; /* 0: none */
	} held[HELD];
};

static void arrive(struct lossy *l, uint64_t k)
{
	int64_t off = (int64_t)k * SEGMENT;
	struct segment s = talk_segment(l->talk, RESPONDER, off, at_most(l->share - off, SEGMENT));
	put_segment(&s);
	if (k >= l->next)
		l->arrived |= UINT64_C(1) << (k - l->next);
	for (; l->arrived & 1; l->next++)
		l->arrived >>= 1;
	int64_t got = (int64_t)l->next * SEGMENT;
	l->talk->sent[RESPONDER] = got < l->share ? got : l->share;
	if (l->step++ % 2 == 1)
		talk_ack(l->talk, ORIGINATOR, l->talk->sent[RESPONDER]);
}

/* A segment that was held and is due, or all are due; -> false: there is none */
static bool arrive_late(struct lossy *l, bool all)
{
	for (struct held *h = l->held; h < l->held + HELD; h++) {
		if (h->due != 0 && (all || h->due <= l->step)) {
			h->due = 0;
			arrive(l, h->segment);
			return true;
		}
	}
	return false;
}

static bool hold(struct lossy *l, uint64_t k, uint64_t steps)
{
	for (struct held *h = l->held; h < l->held + HELD; h++) {
		if (h->due == 0) {
			*h = (struct held){k, l->step + 1 + steps};
			return true;
		}
	}
	return false;
}

/* -> false: all has arrived */
static bool lossy_step(struct lossy *l)
{
	if (l->sent == l->segments || l->sent - l->next >= AHEAD)
		return arrive_late(l, true);
	if (arrive_late(l, false))
		return true;
	uint64_t r = random_next(), k = l->sent++;
	if (r % HELD_EVERY == 0 && hold(l, k, r / HELD_EVERY % HELD_STEPS))
		return true;
	arrive(l, k);
	if (r % COPIED_EVERY == 1)
		arrive(l, k - (k < 16 ? 0 : r / COPIED_EVERY % 16));
	return true;
}

void traffic_lossy(uint64_t mib)
{
	struct talk t[STREAMS] = {0};
	struct lossy l[STREAMS] = {0};
	int64_t share = open_all(t, mib);
	for (uint32_t i = 0; i < STREAMS; i++)
		l[i] = (struct lossy){.talk = &t[i],
		                      .share = share,
		                      .segments = (uint64_t)((share + SEGMENT - 1) / SEGMENT)};
	for (bool more = true; more;) {
		more = false;
		for (uint32_t i = 0; i < STREAMS; i++)
			more |= lossy_step(&l[i]);
	}
	close_all(t);
}

/* -- many connections ------------------------------------------------------------------ */

enum { AT_ONCE = 256, BURST = 4 };

struct page {
	struct talk talk;
	uint32_t left, exchanges;
};

/* Another request, if there is one; else the connection ends. */
static bool ask(struct page *p)
{
	if (p->exchanges-- == 0)
		return false;
	uint64_t r = random_next();
	talk_send(&p->talk, ORIGINATOR, 300 + (uint32_t)(r % 600));
	talk_ack(&p->talk, RESPONDER, p->talk.sent[ORIGINATOR]);
	uint32_t least = 300u << r / 600 % 9;
	p->left = least + (uint32_t)(r >> 32) % least;
	return true;
}

static void answer(struct page *p)
{
	for (int i = 0; i < BURST && p->left > 0; i++) {
		uint32_t n = at_most(p->left, SEGMENT);
		talk_send(&p->talk, RESPONDER, n);
		p->left -= n;
		if (i % 2 == 1 || p->left == 0)
			talk_ack(&p->talk, ORIGINATOR, p->talk.sent[RESPONDER]);
	}
}

/* -> false: it has ended */
static bool page_step(struct page *p)
{
	if (p->left > 0) {
		answer(p);
		return true;
	}
	if (ask(p))
		return true;
	talk_close(&p->talk);
	talk_tell(&p->talk);
	return false;
}

void traffic_web(uint64_t connections)
{
	struct page page[AT_ONCE];
	uint64_t begun = 0, open = 0;
	while (begun < connections || open > 0) {
		if (open < AT_ONCE && begun < connections) {
			struct page *p = &page[open++];
			*p = (struct page){.talk = talk_new(begun++),
			                   .exchanges = 1 + (uint32_t)(random_next() % 2)};
			talk_open(&p->talk);
			continue;
		}
		struct page *p = &page[random_next() % open];
		if (!page_step(p))
			*p = page[--open];
	}
}

void traffic_small(uint64_t connections)
{
	for (uint64_t i = 0; i < connections; i++) {
		struct talk t = talk_new(i);
		talk_open(&t);
		talk_send(&t, ORIGINATOR, 100);
		talk_send(&t, RESPONDER, 400);
		talk_close(&t);
		talk_tell(&t);
	}
}

enum { SPEAKS_EVERY = 64, SIGNS = 8000000, SIGNS_EACH = 800, SAYS = 50 };

static struct talk *many_talks(uint64_t n)
{
	struct talk *t = calloc((size_t)n + 1, sizeof *t);
	if (t == NULL) {
		(void)fprintf(stderr, "gen: no memory\n");
		exit(1);
	}
	return t;
}

static void show_life(const struct talk *t)
{
	talk_ack(t, RESPONDER, t->sent[ORIGINATOR]);
}

/* After each that opens, an earlier one shows that it is alive, so all are touched in no order. */
void traffic_idle(uint64_t connections)
{
	struct talk *t = many_talks(connections);
	for (uint64_t i = 0; i < connections; i++) {
		t[i] = talk_new(i);
		talk_open(&t[i]);
		show_life(&t[random_next() % (i + 1)]);
		if (i % SPEAKS_EVERY == 0)
			talk_send(&t[i], ORIGINATOR, 100);
	}
	for (uint64_t i = 0; i < connections; i += SPEAKS_EVERY) {
		talk_send(&t[i], RESPONDER, 400);
		talk_tell(&t[i]);
	}
	free(t);
}

static uint64_t signs_of(uint64_t connections)
{
	return connections < SIGNS / SIGNS_EACH ? connections * SIGNS_EACH : SIGNS;
}

static void crowd(uint64_t connections, uint32_t says)
{
	struct talk *t = many_talks(connections);
	for (uint64_t i = 0; i < connections; i++) {
		t[i] = talk_new(i);
		talk_open(&t[i]);
		for (uint32_t told = 0; told < says; told += SAYS) {
			talk_send(&t[i], ORIGINATOR, SAYS);
			talk_send(&t[i], RESPONDER, SAYS);
		}
		if (says > 0)
			talk_tell(&t[i]);
	}
	for (uint64_t n = signs_of(connections); n > 0; n--)
		show_life(&t[random_next() % connections]);
	free(t);
}

void traffic_crowd(uint64_t connections)
{
	crowd(connections, 0);
}

void traffic_chorus(uint64_t connections)
{
	crowd(connections, 4 * SAYS);
}

void traffic_scan(uint64_t syns)
{
	for (uint64_t i = 0; i < syns; i++) {
		struct segment s = {.src = 0x0b000000 + (uint32_t)i,
		                    .dst = 0x0a010001,
		                    .sport = (uint16_t)(1024 + random_next() % 60000),
		                    .dport = 443,
		                    .seq = (uint32_t)random_next(),
		                    .flags = SYN};
		put_segment(&s);
	}
}
