/* SPDX-License-Identifier: BSD-3-Clause */
#include "prop/schedule.h"

#include "lib/build.h"
#include "model/packet.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEGMENT_MOST = 65495, STEPS_MOST = 3000, PLACES = 1 << 20 };

/* How one connection's packets behave. */
struct manner {
	unsigned lost, twice, again; /* percent of the segments */
	uint64_t jitter;             /* how far a packet may stray, in PLACES */
	bool syn_first, syn_late, fin[2], reset;
	unsigned acks;
};

uint8_t schedule_byte(size_t talk, unsigned dir, int64_t off, unsigned version)
{
	uint64_t x = (uint64_t)off * 0x9e3779b97f4a7c15 + talk * 77 + dir * 1013;
	return (uint8_t)((x >> 40) % 31 + 1 + (version << 5));
}

static struct step *add(struct schedule *s, struct step step)
{
	if (s->steps == s->step_room) {
		s->step_room = s->step_room * 2 + 64;
		s->step = realloc(s->step, s->step_room * sizeof *s->step);
		if (s->step == NULL)
			abort();
	}
	s->step[s->steps] = step;
	return &s->step[s->steps++];
}

/* -- what is sent --------------------------------------------------------------- */

static int64_t pick_length(struct random *r, int64_t most)
{
	static const int64_t sizes[] = {0, 1, 40, 3000, INT64_MAX};
	int64_t size = sizes[random_below(r, sizeof sizes / sizeof *sizes)];
	return random_between(r, 0, size < most ? size : most);
}

/* -> a sequence number; often one that wraps soon */
static uint32_t pick_isn(struct random *r)
{
	uint32_t isn = (uint32_t)random_next(r);
	switch (random_below(r, 4)) {
	case 0:
		return UINT32_MAX - isn % 30000;
	case 1:
		return 0x80000000 - isn % 30000;
	default:
		return isn;
	}
}

static int64_t pick_segment(struct random *r, const struct recipe *recipe, int64_t length)
{
	static const int64_t sizes[] = {1, 3, 20, 200, 1460, 9000, SEGMENT_MOST};
	int64_t size = recipe->segment_most > 0
	                       ? recipe->segment_most
	                       : sizes[random_below(r, sizeof sizes / sizeof *sizes)];
	int64_t least = length / STEPS_MOST + 1;
	return size < least ? least : size;
}

static struct manner pick_manner(struct random *r, const struct recipe *recipe)
{
	static const unsigned losses[] = {0, 0, 5, 40}, copies[] = {0, 10, 60};
	static const uint64_t jitters[] = {0, PLACES / 50, PLACES / 5, PLACES};
	struct manner m = {
	        .lost = losses[random_below(r, 4)],
	        .twice = copies[random_below(r, 3)],
	        .again = copies[random_below(r, 3)],
	        .jitter = recipe->wild ? PLACES : jitters[random_below(r, 4)],
	        .syn_first = recipe->syn || random_chance(r, 50),
	        .fin = {random_chance(r, 50), random_chance(r, 50)},
	        .reset = random_chance(r, 10),
	        .acks = (unsigned)random_below(r, 3) * 5,
	};
	/* After both FINs, or RST, a SYN opens another connection. */
	m.syn_late = !m.syn_first && !m.reset && !m.fin[1] && random_chance(r, 50);
	return m;
}

static uint64_t place(struct random *r, const struct manner *m, int64_t off, int64_t length)
{
	uint64_t at = (uint64_t)off * PLACES / (uint64_t)(length + 1);
	return PLACES + at + random_below(r, m->jitter + 1);
}

static int64_t highest_ack(const struct talk *t, const struct manner *m, unsigned dir)
{
	return t->side[!dir].length + m->fin[!dir];
}

/* A segment of direction dir, as often as it turns up. */
static void add_segment(struct schedule *s, struct random *r, const struct manner *m,
                        const struct recipe *recipe, struct step step)
{
	const struct talk *t = &s->talk[step.talk];
	int64_t length = t->side[step.dir].length;
	do {
		step.key = place(r, m, step.off, length);
		step.version = (uint8_t)random_below(r, recipe->versions);
		step.ack = m->acks > 0 ? random_between(r, 0, highest_ack(t, m, step.dir)) : 0;
		step.flags = TCP_ACK;
		if (m->fin[step.dir] && step.off + step.n == length && random_chance(r, 50))
			step.flags |= TCP_FIN;
		if (!random_chance(r, m->lost))
			add(s, step);
	} while (random_chance(r, m->twice));
}

static void add_stream(struct schedule *s, struct random *r, const struct manner *m,
                       const struct recipe *recipe, struct step step)
{
	int64_t length = s->talk[step.talk].side[step.dir].length;
	int64_t size = pick_segment(r, recipe, length);
	for (int64_t off = 0; off < length; off += step.n) {
		int64_t n = random_between(r, random_chance(r, 50) ? size : 1, size);
		step.off = off;
		step.n = (uint32_t)(n < length - off ? n : length - off);
		add_segment(s, r, m, recipe, step);
		if (!random_chance(r, m->again))
			continue;
		struct step again = step;
		again.off = random_between(r, 0, off);
		int64_t most = length - again.off < 2 * size ? length - again.off : 2 * size;
		n = random_between(r, 1, most);
		again.n = (uint32_t)(n < SEGMENT_MOST ? n : SEGMENT_MOST);
		add_segment(s, r, m, recipe, again);
	}
	step.n = 0;
	step.off = length;
	step.flags = TCP_ACK | TCP_FIN;
	step.ack = 0;
	step.key = place(r, m, length, length);
	if (m->fin[step.dir])
		add(s, step);
}

static void add_handshake(struct schedule *s, struct random *r, const struct manner *m,
                          uint16_t talk)
{
	for (unsigned i = 0; i < 1 + m->twice / 30; i++) {
		struct step syn = {.talk = talk, .off = -1, .flags = TCP_SYN, .key = i};
		struct step answer = {.talk = talk,
		                      .dir = 1,
		                      .off = -1,
		                      .flags = TCP_SYN | TCP_ACK,
		                      .key = 2 + i};
		if (!m->syn_first) {
			syn.key = place(r, m, 0, 1) + random_below(r, PLACES);
			answer.key = syn.key + 1;
		}
		add(s, syn);
		add(s, answer);
	}
}

static void add_acks(struct schedule *s, struct random *r, const struct manner *m, uint16_t talk)
{
	for (unsigned i = 0; i < m->acks; i++) {
		struct step step = {.talk = talk, .dir = (uint8_t)random_below(r, 2)};
		const struct talk *t = &s->talk[talk];
		step.off = random_between(r, 0, t->side[step.dir].length);
		step.ack = random_between(r, 0, highest_ack(t, m, step.dir));
		step.flags = TCP_ACK;
		step.key = PLACES + random_below(r, 2 * PLACES);
		add(s, step);
	}
	struct step reset = {.talk = talk, .flags = TCP_RST};
	reset.off = random_between(r, 0, s->talk[talk].side[0].length);
	reset.key = PLACES + random_below(r, 2 * PLACES);
	if (m->reset)
		add(s, reset);
}

static void add_talk(struct schedule *s, struct random *r, const struct recipe *recipe,
                     uint16_t number)
{
	struct talk *t = &s->talk[number];
	struct manner m = pick_manner(r, recipe);
	for (uint8_t d = 0; d < 2; d++) {
		t->end[d] = build_endpoint(d == 0 ? "10.0.0.1" : "10.0.0.2",
		                           (uint16_t)(d == 0 ? 1000 + number : 80));
		t->side[d].isn = pick_isn(r);
		t->side[d].length = pick_length(r, d == 0 ? recipe->length_most : 500);
		if (recipe->wild && d == 0)
			t->side[d].length = recipe->length_most;
	}
	if (m.syn_first || m.syn_late)
		add_handshake(s, r, &m, number);
	for (uint8_t d = 0; d < 2; d++)
		add_stream(s, r, &m, recipe, (struct step){.talk = number, .dir = d});
	add_acks(s, r, &m, number);
}

/* -- damage ------------------------------------------------------------------------ */

enum { IP = 14, TCP = IP + 20, FIELD = TCP + 16 };

static uint32_t word(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

/* -> whether the frame's right checksum happens to be what an offloaded one would be. Then
   a damaged copy would have to be taken. */
static bool looks_offloaded(const uint8_t *frame, uint32_t length)
{
	uint32_t ends = 6, field = word(frame + FIELD);
	for (int i = 12; i < 20; i += 2)
		ends += word(frame + IP + i);
	uint32_t pseudo = ends + length - TCP;
	return field == 0 || field % 0xffff == ends % 0xffff || field % 0xffff == pseudo % 0xffff;
}

/* Another byte of the segment, which may be a flag or a number, but no port, length or
   checksum. */
static void damage(uint8_t *frame, uint32_t length, struct random *r)
{
	uint32_t at;
	do
		at = TCP + (uint32_t)random_below(r, random_chance(r, 50) ? 20 : length - TCP);
	while (at < TCP + 4 || at == TCP + 12 || at == FIELD || at == FIELD + 1);
	frame[at] ^= (uint8_t)random_between(r, 1, 255);
}

/* -- onto the wire ----------------------------------------------------------------- */

static void make_room(struct schedule *s)
{
	if (s->wire_room - s->wire_used >= BUILD_ROOM)
		return;
	s->wire_room = s->wire_room * 2 + BUILD_ROOM;
	s->wire = realloc(s->wire, s->wire_room);
	if (s->wire == NULL)
		abort();
}

static void wire_damaged(struct schedule *s, struct step *p, struct random *r)
{
	make_room(s);
	p->damaged = NOT_DAMAGED;
	if (looks_offloaded(s->wire + p->position, p->length))
		return;
	p->damaged = s->wire_used;
	memcpy(s->wire + p->damaged, s->wire + p->position, p->length);
	damage(s->wire + p->damaged, p->length, r);
	s->wire_used += p->length;
	s->damaged++;
	s->damaged_seen += p->n;
}

/* Which frames there are, in their order. */
static void list_frames(struct schedule *s)
{
	s->sent = calloc(s->steps + s->damaged + 1, sizeof(struct step *));
	if (s->sent == NULL)
		abort();
	for (size_t i = 0; i < s->steps; i++) {
		if (s->step[i].damaged != NOT_DAMAGED)
			s->sent[s->frames++] = &s->step[i];
		s->sent[s->frames++] = &s->step[i];
	}
}

static void wire_step(struct schedule *s, struct step *p)
{
	static uint8_t payload[SEGMENT_MOST];
	static const uint8_t scale[] = {1, 3, 3, 7}; /* windows that hold all that is sent */
	const struct talk *t = &s->talk[p->talk];
	for (uint32_t i = 0; i < p->n; i++)
		payload[i] = schedule_byte(p->talk, p->dir, p->off + i, p->version);
	struct build b = {
	        .src = t->end[p->dir],
	        .dst = t->end[!p->dir],
	        .seq = t->side[p->dir].isn + 1 + (uint32_t)p->off,
	        .window = 65535,
	        .flags = p->flags,
	        .payload = {payload, p->n},
	};
	if (p->flags & TCP_SYN)
		b.options = (struct tf_span){scale, sizeof scale};
	if (p->flags & TCP_ACK)
		b.ack = t->side[!p->dir].isn + 1 + (uint32_t)p->ack;
	make_room(s);
	p->position = s->wire_used;
	p->length = (uint32_t)build_frame(&b, s->wire + s->wire_used, BUILD_ROOM);
	if (p->length == 0)
		abort();
	s->wire_used += p->length;
}

static int by_key(const void *a, const void *b)
{
	const struct step *x = a, *y = b;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->position > y->position) - (x->position < y->position);
}

void schedule_make(struct schedule *s, uint64_t seed, const struct recipe *recipe)
{
	struct random r = {seed};
	*s = (struct schedule){.seed = seed, .talks = recipe->talks};
	s->talk = calloc(s->talks, sizeof *s->talk);
	if (s->talk == NULL)
		abort();
	for (size_t i = 0; i < s->talks; i++)
		add_talk(s, &r, recipe, (uint16_t)i);
	for (size_t i = 0; i < s->steps; i++)
		s->step[i].position = i; /* so that equal keys keep their order */
	if (s->steps > 0)
		qsort(s->step, s->steps, sizeof *s->step, by_key);
	for (size_t i = 0; i < s->steps; i++) {
		wire_step(s, &s->step[i]);
		s->step[i].damaged = NOT_DAMAGED;
		if (recipe->damage)
			wire_damaged(s, &s->step[i], &r);
	}
	list_frames(s);
}

void schedule_free(struct schedule *s)
{
	free(s->talk);
	free(s->step);
	free(s->sent);
	free(s->wire);
	*s = (struct schedule){0};
}

void schedule_print(const struct schedule *s)
{
	for (size_t i = 0; i < s->talks; i++)
		fprintf(stderr, "flow %zu: isn %u and %u, %" PRId64 " and %" PRId64 " bytes\n", i,
		        s->talk[i].side[0].isn, s->talk[i].side[1].isn, s->talk[i].side[0].length,
		        s->talk[i].side[1].length);
	for (size_t i = 0; i < s->steps; i++) {
		const struct step *p = &s->step[i];
		fprintf(stderr, "%zu: flow %u %s%s%s%s @%" PRId64 " %u bytes (version %u)", i + 1,
		        p->talk, p->dir == 0 ? ">" : "<", p->flags & TCP_SYN ? " syn" : "",
		        p->flags & TCP_FIN ? " fin" : "", p->flags & TCP_RST ? " rst" : "", p->off,
		        p->n, p->version);
		if (p->flags & TCP_ACK)
			fprintf(stderr, " ack @%" PRId64, p->ack);
		fputc('\n', stderr);
	}
}

bool schedule_push(const struct schedule *s, struct tf_engine *e, struct tf_error *err)
{
	for (size_t i = 0; i < s->frames; i++) {
		const struct step *p = s->sent[i];
		bool copy = i + 1 < s->frames && s->sent[i + 1] == p;
		uint64_t position = copy ? p->damaged : p->position;
		struct tf_frame f = {
		        .bytes = s->wire + position,
		        .captured = p->length,
		        .length = p->length,
		        .ts_ns = INT64_C(1700000000000000000) + (int64_t)i * 1000000,
		        .link_type = BUILD_LINK_TYPE,
		        .position = position,
		};
		if (!tf_engine_push(e, &f, err))
			return false;
	}
	return true;
}
