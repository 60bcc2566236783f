/* SPDX-License-Identifier: BSD-3-Clause */
/* Lookup, lists and memory: see flows.h. What a packet means to its flow is in
   life.c. */
#include "flow/life.h"

#include "base/error.h"

#include <stddef.h>
#include <string.h>

static struct flow *at(const struct flows *fs, uint32_t index)
{
	return slab_at(&fs->slab, index);
}

/* -- lists ------------------------------------------------------------------- */

static void unlist(struct flows *fs, struct flow *f)
{
	struct flow *older = at(fs, f->older), *newer = at(fs, f->newer);
	*(older != NULL ? &older->newer : &fs->list[f->list].oldest) = f->newer;
	*(newer != NULL ? &newer->older : &fs->list[f->list].newest) = f->older;
}

static void enlist(struct flows *fs, struct flow *f, enum flow_list list)
{
	uint32_t index = slab_index(&fs->slab, f);
	f->list = (uint8_t)list;
	f->listed = fs->turn;
	f->older = fs->list[list].newest;
	f->newer = 0;
	struct flow *older = at(fs, f->older);
	*(older != NULL ? &older->newer : &fs->list[list].oldest) = index;
	fs->list[list].newest = index;
}

void flows_move(struct flows *fs, struct flow *f, enum flow_list list)
{
	unlist(fs, f);
	enlist(fs, f, list);
}

/* -- the table ------------------------------------------------------------------ */

static uint32_t *bucket_of(const struct flows *fs, uint64_t hash)
{
	return &fs->bucket[(uint32_t)hash & fs->bucket_mask];
}

static struct flow *lookup(const struct flows *fs, const struct tf_packet *pkt, unsigned *dir)
{
	struct flow *f = at(fs, *bucket_of(fs, pkt->hash));
	for (; f != NULL; f = at(fs, f->chain)) {
		int d = f->hash == pkt->hash ? key_direction(&f->pub, pkt) : -1;
		if (d >= 0) {
			*dir = (unsigned)d;
			return f;
		}
	}
	return NULL;
}

void flows_forget(struct flows *fs, struct flow *f)
{
	uint32_t index = slab_index(&fs->slab, f);
	uint32_t *link = bucket_of(fs, f->hash);
	while (*link != index)
		link = &at(fs, *link)->chain;
	*link = f->chain;
	unlist(fs, f);
	idle_leave(fs, f);
	slab_give(&fs->slab, f);
}

/* -- memory ----------------------------------------------------------------------- */

/* -> the flow of this list that was silent longest, roughly; NULL: it is empty */
static struct flow *quietest(struct flows *fs, enum flow_list list)
{
	for (int i = 0; i < FLOW_SWEEP; i++) {
		struct flow *f = at(fs, fs->list[list].oldest);
		if (f == NULL || !f->heard)
			return f;
		f->heard = false;
		flows_move(fs, f, list);
	}
	return at(fs, fs->list[list].oldest);
}

/* -> whether f was closed and then silent for so long that pkt is not of it. Only f's
   own packets count, so this does not depend on what else is in the capture, nor on
   which flows share a worker. */
static bool has_lingered(const struct flows *fs, const struct flow *f, const struct tf_packet *pkt)
{
	uint64_t silent = (uint64_t)pkt->ts_ns - (uint64_t)f->pub.last_ns; /* cannot overflow */
	return f->list == FLOW_CLOSED && pkt->ts_ns > f->pub.last_ns &&
	       silent > (uint64_t)fs->linger_ns;
}

/* -> whether f was silent for so long that it has ended, though no tick has shown it. */
static bool has_idled(const struct flows *fs, const struct flow *f, const struct tf_packet *pkt)
{
	uint64_t silent = (uint64_t)pkt->ts_ns - (uint64_t)f->pub.last_ns;
	return fs->idle.ns > 0 && !f->ended && pkt->ts_ns > f->pub.last_ns &&
	       silent > (uint64_t)fs->idle.ns;
}

/* The quietest flow makes room for pkt's. */
static void evict(struct flows *fs, const struct tf_packet *pkt)
{
	struct flow *f = NULL;
	for (int list = 0; f == NULL && list < FLOW_LISTS; list++)
		f = quietest(fs, (enum flow_list)list);
	MUST(f != NULL);                      /* the slab is empty, so they are all listed */
	bool closed = f->list == FLOW_CLOSED; /* those have lost nothing */
	fs->counters->flows_evicted += !closed;
	fs->counters->flows_evicted_embryonic += f->list == FLOW_EMBRYONIC;
	fs->counters->flows_forgotten += closed && !has_lingered(fs, f, pkt);
	if (!f->ended)
		life_end(fs, f, TF_END_EVICTED);
	flows_forget(fs, f);
}

/* rival: NULL, or the SYN that pkt bears out */
static struct flow *begin(struct flows *fs, const struct tf_packet *pkt,
                          const struct rival_syn *rival)
{
	struct flow *f = slab_take(&fs->slab);
	if (f == NULL) {
		evict(fs, pkt);
		f = slab_take(&fs->slab);
	}
	memset(f, 0, fs->slab.size);
	f->hash = pkt->hash;
	uint32_t *bucket = bucket_of(fs, pkt->hash);
	f->chain = *bucket;
	*bucket = slab_index(&fs->slab, f);
	enlist(fs, f, FLOW_EMBRYONIC);
	idle_place(fs, f);
	if (rival != NULL)
		life_begin_with(fs, f, rival, pkt);
	else
		life_begin(fs, f, pkt);
	return f;
}

/* -- the gate ------------------------------------------------------------------------- */

static void count_checksum(struct tf_counters *c, enum checksum what)
{
	c->checksums_good += what == CHECKSUM_GOOD;
	c->checksums_offloaded += what == CHECKSUM_OFFLOADED;
	c->checksums_bad += what == CHECKSUM_BAD;
	c->checksums_unknown += what == CHECKSUM_UNKNOWN;
}

/* Looks at pkt's checksum, sums being what its direction has shown -> whether pkt is taken */
static bool passes(struct flows *fs, const struct checksums *sums, const struct tf_packet *pkt,
                   enum checksum *what)
{
	*what = CHECKSUM_UNKNOWN;
	if (fs->checksum == TF_CHECKSUM_IGNORE)
		return true;
	*what = checksum_of(pkt, sums->offloading);
	count_checksum(fs->counters, *what);
	return *what != CHECKSUM_BAD ||
	       (fs->checksum == TF_CHECKSUM_AUTO && !checksums_believed(sums));
}

/* -- the public face ---------------------------------------------------------------- */

static uint32_t power_of_two(size_t at_least)
{
	uint32_t n = 64;
	while (n < at_least && n < UINT32_C(1) << 30)
		n *= 2;
	return n;
}

bool flows_init(struct flows *fs, const struct flows_setup *s)
{
	*fs = (struct flows){
	        .linger_ns = s->linger_ns,
	        .checksum = s->checksum,
	        .overlaps = s->overlaps,
	        .numbered = s->numbered,
	        .counters = s->counters,
	};
	size_t nodes = s->memory / 8;
	size_t each = sizeof(struct flow) + s->sinks * sizeof(uintptr_t[2]);
	size_t trails = s->memory / 8;
	size_t count = (s->memory - nodes - trails) / (each + 2 * sizeof(uint32_t));
	uint32_t buckets = power_of_two(count);
	fs->bucket = arena_take(s->arena, buckets * sizeof *fs->bucket);
	fs->bucket_mask = buckets - 1;
	if (count < 2 || fs->bucket == NULL || !slab_init(&fs->slab, s->arena, each, count) ||
	    !reasm_init(&fs->reasm, s->arena, nodes, s->chunks) ||
	    !reasm_remember(&fs->reasm, s->arena, trails))
		return false;
	idle_init(&fs->idle, s->idle_ns);
	fs->reasm.limits = s->limits;
	fs->reasm.counters = s->counters;
	fs->reasm.out_of_band = s->urgent == TF_URGENT_OOB;
	life_init(fs);
	return true;
}

/* What a sink hears that does not say what it wants. */
#define USUAL (~(1U << TF_SEGMENT | 1U << TF_TURN))

void flows_attach(struct flows *fs, const struct tf_sink *sink, void *self)
{
	unsigned kinds = sink->kinds != 0 ? sink->kinds : USUAL;
	if ((kinds >> TF_DATA & 1) != 0)
		fs->last_data = fs->outlets;
	fs->wants |= kinds;
	fs->outlet[fs->outlets++] = (struct outlet){.sink = sink, .self = self, .kinds = kinds};
}

void flows_rest(struct flows *fs)
{
	for (unsigned i = 0; i < fs->outlets; i++) {
		const struct outlet *o = &fs->outlet[i];
		if (o->sink->rest != NULL && !o->sink->rest(o->self, fs->failed ? NULL : &fs->err))
			fs->failed = true;
	}
}

void flows_flush(struct flows *fs)
{
	for (unsigned i = 0; i < fs->outlets; i++) {
		const struct outlet *o = &fs->outlet[i];
		if (o->sink->flush != NULL &&
		    !o->sink->flush(o->self, fs->failed ? NULL : &fs->err))
			fs->failed = true;
	}
}

size_t flows_capacity(const struct flows *fs)
{
	return fs->slab.count;
}

/* A packet of no flow that is known begins one, unless nobody would take it -> it, or NULL */
static struct flow *first_packet(struct flows *fs, const struct tf_packet *pkt)
{
	if (pkt->known_only) {
		fs->counters->unknown_segments++;
		fs->reasm.refused = offsetof(struct tf_counters, unknown_segments);
		return NULL;
	}
	return begin(fs, pkt, NULL);
}

/* pkt belongs to another connection than f -> that one, or NULL: it is left out */
static struct flow *replace(struct flows *fs, struct flow *f, const struct tf_packet *pkt,
                            enum life_verdict verdict)
{
	struct rival_syn rival = f->rival;
	if (!f->ended)
		life_end(fs, f, has_idled(fs, f, pkt) ? TF_END_TIMEOUT : TF_END_REUSED);
	flows_forget(fs, f);
	return verdict == LIFE_ANSWERS && !pkt->known_only ? begin(fs, pkt, &rival)
	                                                   : first_packet(fs, pkt);
}

/* Most packets show nothing that their side has not shown before. */
static bool shows_nothing_new(const struct flow *f, unsigned dir, const struct tf_packet *pkt)
{
	unsigned bit = pkt->payload.n + pkt->cut > 0 ? TF_SHOWED_DATA : TF_SHOWED_ACK;
	return (f->history.noted[dir] & f->pub.showed[dir] & bit) != 0 && pkt->window != 0 &&
	       (pkt->flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK)) == TCP_ACK;
}

/* pkt is of f, and its checksum is not wrong. */
static void admit(struct flows *fs, struct flow *f, unsigned dir, const struct tf_packet *pkt,
                  enum life_verdict verdict)
{
	int why = f->ended ? GATE_PASSES : gate_judge(fs, f, dir, pkt);
	bool taken = verdict == LIFE_GOES_ON && why == GATE_PASSES;
	if (!taken || !shows_nothing_new(f, dir, pkt))
		history_packet(f, dir, pkt, taken);
	if (verdict == LIFE_STRAY)
		life_stray(fs, f, dir, pkt);
	else if (verdict == LIFE_INSIDE)
		life_inside(fs, f, dir, pkt);
	else if (why != GATE_PASSES)
		life_reject(fs, f, dir, pkt, (enum tf_reject)why);
	else
		life_packet(fs, f, dir, pkt);
}

void flows_packet(struct flows *fs, const struct tf_packet *pkt)
{
	static const struct checksums none;
	unsigned dir = 0;
	struct flow *f = lookup(fs, pkt, &dir);
	bool over = f != NULL && (has_lingered(fs, f, pkt) || has_idled(fs, f, pkt));
	struct flow *of = over ? NULL : f; /* what pkt belongs to, as far as is known */
	enum checksum checksum;
	fs->turn = FLOWS_TURN(pkt->number, pkt->place);
	if (!passes(fs, of != NULL ? &of->sums[dir] : &none, pkt, &checksum)) {
		if (of != NULL && !of->ended)
			life_hear(fs, of, dir, pkt);
		life_reject(fs, of, dir, pkt, TF_REJECT_CHECKSUM);
		return;
	}
	enum life_verdict verdict = f == NULL ? LIFE_GOES_ON
	                            : over    ? LIFE_BEGINS_ANEW
	                                      : life_judge(fs, f, dir, pkt);
	if (f == NULL)
		f = first_packet(fs, pkt);
	else if (verdict == LIFE_BEGINS_ANEW || verdict == LIFE_ANSWERS)
		f = replace(fs, f, pkt, verdict);
	if (f == NULL)
		return;
	if (verdict == LIFE_ANSWERS) {
		dir = (pkt->flags & TCP_SYN) != 0;
		verdict = life_judge(fs, f, dir, pkt);
	} else if (verdict == LIFE_BEGINS_ANEW) {
		dir = 0;
		verdict = LIFE_GOES_ON;
	}
	checksums_note(&f->sums[dir], checksum);
	if (!f->ended)
		life_hear(fs, f, dir, pkt);
	admit(fs, f, dir, pkt, verdict);
}

void flows_tick(struct flows *fs, uint64_t period, uint64_t turn)
{
	uint32_t next = idle_tick(fs, period);
	fs->turn = turn;
	while (next != 0) {
		struct flow *f = at(fs, next);
		next = f->idle.after;
		life_end(fs, f, TF_END_TIMEOUT);
		flows_forget(fs, f);
	}
}

/* Behind all packets; flows come in an order that does not depend on which of them
   share a worker, since no flow's place in its list does. */
static uint64_t last_turn(const struct flow *f)
{
	return UINT64_C(1) << 63 | (uint64_t)f->list << 60 | f->listed;
}

void flows_turn(struct flows *fs)
{
	for (int list = 0; list < FLOW_LISTS; list++) {
		struct flow *f = at(fs, fs->list[list].oldest);
		for (; f != NULL; f = at(fs, f->newer)) {
			fs->turn = last_turn(f);
			if (!f->ended)
				life_turn(fs, f);
		}
	}
}

void flows_end_all(struct flows *fs)
{
	for (int list = 0; list < FLOW_LISTS; list++) {
		struct flow *f;
		while ((f = at(fs, fs->list[list].oldest)) != NULL) {
			fs->turn = last_turn(f);
			if (!f->ended)
				life_end(fs, f, TF_END_INPUT);
			flows_forget(fs, f);
		}
	}
}
