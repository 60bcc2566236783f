/* SPDX-License-Identifier: BSD-3-Clause */
/* The table and its lists, and how a packet finds its flow: see flows.h. Who goes when memory is
   used up is in room.c; what a packet means to its flow, in life.c. */
#include "flow/calm.h"
#include "flow/foresight.h"
#include "flow/front.h"
#include "flow/life.h"
#include "flow/linger.h"
#include "flow/room.h"
#include "flow/stub.h"
#include "flow/syn.h"

#include "base/pages.h"

#include <stddef.h>
#include <string.h>

/* -- lists ------------------------------------------------------------------- */

static void enlist(struct flows *fs, struct flow *f, enum flow_list list)
{
	f->listed = fs->turn;
	list_add(fs, ref_of(fs, f), list);
}

void flows_move(struct flows *fs, struct flow *f, enum flow_list list)
{
	list_remove(fs, ref_of(fs, f));
	enlist(fs, f, list);
}

/* -- the table ------------------------------------------------------------------ */

static bool is_stub(const struct flows *fs, uint32_t ref)
{
	return ref_form(ref) == REF_DOZING && stand_at(fs, ref)->list == FLOW_STUB;
}

/* It stands nowhere any more. */
static void release(struct flows *fs, uint32_t ref)
{
	bool stub = is_stub(fs, ref);
	fs->syns -= ref_form(ref) == REF_SYN;
	if (ref_form(ref) == REF_AWAKE)
		slab_give(&fs->slab, flow_at(fs, ref));
	else if (ref_form(ref) == REF_SYN)
		slab_give(&fs->cells, cell_at(fs, ref));
	else
		doze_forget(fs, ref);
	fs->stubs -= stub;
	fs->count -= !stub;
}

void flows_forget(struct flows *fs, uint32_t ref)
{
	bucket_remove(fs, ref);
	list_remove(fs, ref);
	if (ref_form(ref) != REF_SYN)
		idle_leave(fs, ref);
	release(fs, ref);
}

struct flow *flows_show(struct flows *fs, uint32_t ref)
{
	struct flow *f = NULL;
	if (ref_form(ref) == REF_AWAKE) {
		f = flow_at(fs, ref);
		front_close(f);
	} else if (is_calm(fs, ref) && !fs->tells_silent) {
		return NULL;
	} else if (ref_form(ref) == REF_DOZING && !doze_ended(fs, ref)) {
		f = doze_show(fs, ref);
	} else if (ref_form(ref) == REF_SYN && fs->tells_silent) {
		f = doze_room(fs);
		syn_show(fs, ref, f);
	}
	return f != NULL && !f->ended ? f : NULL;
}

void flows_finish(struct flows *fs, uint32_t ref, enum tf_end why)
{
	struct flow *f = flows_show(fs, ref);
	if (f != NULL)
		life_end(fs, f, why);
	flows_forget(fs, ref);
}

/* -- beginnings --------------------------------------------------------------------------- */

enum { MANY = 256 }; /* flows: there will be more, all over the table */

/* Not live: to join pages the kernel asks every processor, and one that is busy with something
   urgent keeps us from packets meanwhile. */
static void count_one(struct flows *fs)
{
	if (++fs->count < MANY || fs->many)
		return;
	fs->many = true;
	pages_join(fs->bucket, ((size_t)fs->bucket_mask + 1) * sizeof *fs->bucket);
}

/* f, which is new, gets its place. */
static void settle(struct flows *fs, struct flow *f, const struct tf_packet *pkt)
{
	uint32_t ref = ref_of(fs, f);
	f->stand.hash = pkt->hash;
	bucket_add(fs, ref, pkt->hash);
	enlist(fs, f, FLOW_EMBRYONIC);
	idle_place(fs, ref, fs->idle.now);
	f->front.stirs = true;
	count_one(fs);
}

/* rival: NULL, or the SYN that pkt bears out */
static struct flow *begin(struct flows *fs, const struct tf_packet *pkt,
                          const struct rival_syn *rival)
{
	if (fs->cells.count > 0)
		(void)room_make(fs, 0, pkt);
	struct flow *f = room_take(fs, pkt);
	memset(f, 0, fs->slab.size);
	settle(fs, f, pkt);
	if (rival != NULL)
		life_begin_with(fs, f, rival, pkt);
	else
		life_begin(fs, f, pkt);
	return f;
}

/* pkt is a SYN that fits into a cell -> whether that is all there is to do */
static bool begin_syn(struct flows *fs, const struct tf_packet *pkt, enum checksum checksum)
{
	struct flow *shown = NULL;
	if (pkt->known_only || !syn_fits(fs, pkt) || !room_make(fs, 1, pkt))
		return false;
	if (syn_begin(fs, pkt, checksum, &shown)) {
		count_one(fs);
		return true;
	}
	struct flow *f = room_take(fs, pkt);
	memcpy(f, shown, fs->slab.size);
	settle(fs, f, pkt);
	return true;
}

/* -- lookup --------------------------------------------------------------------------- */

/* -> the flow, awake. It has pkt's hash */
static struct flow *wake(struct flows *fs, uint32_t ref, const struct tf_packet *pkt)
{
	fs->spared = ref;
	struct flow *f = room_take(fs, pkt);
	fs->spared = 0;
	if (ref_form(ref) == REF_SYN)
		syn_wake(fs, ref, f, pkt->hash);
	else
		doze_wake(fs, ref, f, pkt->hash);
	return f;
}

/* ref: not awake -> the direction of pkt, or -1: it is of another flow */
static int direction(struct flows *fs, uint32_t ref, const struct tf_packet *pkt)
{
	if (ref_form(ref) == REF_SYN)
		return syn_direction(fs, ref, pkt);
	if (is_calm(fs, ref))
		return calm_direction(fs, ref, pkt);
	return stand_at(fs, ref)->hash == pkt->hash ? doze_direction(fs, ref, pkt) : -1;
}

/* pkt is of the flow that a stub is left of -> that flow, awake, if it goes on; else NULL, and
   it is remembered no more */
static struct flow *resume(struct flows *fs, uint32_t ref, const struct tf_packet *pkt,
                           unsigned dir)
{
	if (!stub_goes_on(fs, ref, dir, pkt)) {
		flows_forget(fs, ref);
		return NULL;
	}
	fs->spared = ref;
	(void)room_make(fs, 0, pkt);
	struct flow *f = wake(fs, ref, pkt);
	flows_move(fs, f, FLOW_OPEN);
	idle_place(fs, ref_of(fs, f), fs->idle.now);
	fs->stubs--;
	fs->count++;
	stub_begin(fs, f, pkt);
	return f;
}

/* ref is squeezed -> whether it is to wake before its key is known: it has pkt's hash, and so is of
   pkt unless two hashes of 64 bits are alike */
static bool wakes_first(const struct flows *fs, uint32_t ref, const struct tf_packet *pkt)
{
	return ref_form(ref) == REF_DOZING && !is_calm(fs, ref) && !is_lingering(fs, ref) &&
	       !is_stub(fs, ref) && stand_at(fs, ref)->hash == pkt->hash;
}

/* pkt is of ref, which is not awake -> ref, awake, or NULL; *taken: that was all there was to do */
static struct flow *stir(struct flows *fs, uint32_t ref, const struct tf_packet *pkt, unsigned dir,
                         bool *taken)
{
	if (is_stub(fs, ref))
		return resume(fs, ref, pkt, dir);
	*taken = calm_takes(fs, ref, dir, pkt);
	return *taken ? NULL : wake(fs, ref, pkt);
}

/* The same for f, which is awake. */
static struct flow *attend(struct flows *fs, struct flow *f, const struct tf_packet *pkt,
                           unsigned dir, bool *taken)
{
	*taken = f->front.open && front_takes(fs, f, dir, pkt);
	if (*taken)
		return NULL;
	front_close(f);
	return f;
}

/* -> the flow that pkt belongs to, awake, or NULL; *taken: that was all there was to do.
 *dir is 0 when there is none */
static struct flow *lookup(struct flows *fs, const struct tf_packet *pkt, unsigned *dir,
                           bool *taken)
{
	uint32_t link = bucket_first(fs, pkt->hash);
	for (; !ref_is_end(link); link = link_next(fs, link)) {
		if (!link_may_be(fs, link, pkt->hash))
			continue;
		uint32_t ref = link_ref(fs, link);
		if (wakes_first(fs, ref, pkt)) {
			link ^= ref;
			ref = ref_of(fs, wake(fs, ref, pkt));
			link ^= ref;
		}
		if (ref_form(ref) != REF_AWAKE) {
			int d = direction(fs, ref, pkt);
			if (d < 0)
				continue;
			*dir = (unsigned)d;
			return stir(fs, ref, pkt, *dir, taken);
		}
		struct flow *f = flow_at(fs, ref);
		int d = f->stand.hash == pkt->hash ? front_direction(f, pkt) : -1;
		if (d >= 0) {
			*dir = (unsigned)d;
			return attend(fs, f, pkt, *dir, taken);
		}
	}
	return NULL;
}

/* -- the gate ------------------------------------------------------------------------- */

void flows_count_checksum(struct tf_counters *c, const struct tf_packet *pkt, enum checksum what)
{
	c->checksums_header += pkt->misheaded;
	c->checksums_good += what == CHECKSUM_GOOD;
	c->checksums_offloaded += what == CHECKSUM_OFFLOADED;
	c->checksums_bad += what == CHECKSUM_BAD;
	c->checksums_unknown += what == CHECKSUM_UNKNOWN;
}

/* -> whether pkt's IPv4 header is damaged. TCP's checksum covers its addresses, too; and where that
   is left to a network card, the header's may be. */
static bool is_misheaded(const struct flows *fs, const struct tf_packet *pkt, enum checksum what)
{
	if (fs->checksum == TF_CHECKSUM_STRICT)
		return pkt->misheaded && what != CHECKSUM_OFFLOADED;
	return pkt->suspicious && (what == CHECKSUM_BAD || what == CHECKSUM_UNKNOWN);
}

/* Looks at pkt's checksums, sums being what its direction has shown -> whether pkt is taken */
static bool passes(struct flows *fs, const struct checksums *sums, const struct tf_packet *pkt,
                   enum checksum *what)
{
	*what = CHECKSUM_UNKNOWN;
	if (fs->checksum == TF_CHECKSUM_IGNORE)
		return true;
	*what = checksum_of(pkt, sums->offloading);
	flows_count_checksum(fs->counters, pkt, *what);
	if (pkt->misheaded && is_misheaded(fs, pkt, *what))
		return false;
	return *what != CHECKSUM_BAD ||
	       (fs->checksum == TF_CHECKSUM_AUTO && !checksums_believed(sums));
}

/* -- the public face ---------------------------------------------------------------- */

static uint32_t power_of_two(size_t at_least)
{
	uint32_t n = 64;
	while (n < at_least && n < UINT32_C(1) << 29)
		n *= 2;
	return n;
}

/* How many flows can be awake, how many cells there are, and buckets. */
struct split {
	size_t awake, cells, most;
	uint32_t buckets;
};

enum {
	AWAKE_SHARE = 12, /* one part in so many is for flows that are awake, where others doze */
	CELLS_FOR_STUB = 32, /* see stub.h */
	CELLS_EACH = 2       /* at least so many cells for each that dozes, on average */
};

/* Whole lines, so that the front of each stands in as few as can be. */
static size_t awake_size(const struct flows_setup *s)
{
	size_t n = sizeof(struct flow) + s->sinks * sizeof(uintptr_t[2]);
	return (n + FRONT_LINE - 1) / FRONT_LINE * FRONT_LINE;
}

static struct split split_memory(const struct flows_setup *s, size_t memory)
{
	size_t each = awake_size(s) + s->sink_awake + s->sink_flow + 2 * sizeof(uint32_t);
	struct split p = {.awake = memory / each};
	if (s->doze) {
		size_t cell = CELL + (s->sink_flow + 2 * sizeof(uint32_t)) / CELLS_EACH;
		p.awake = memory / AWAKE_SHARE / each;
		size_t rest = memory - p.awake * each, fixed = DOZE_FIXED + 5 * each;
		p.cells = rest > fixed ? (rest - fixed) / cell : 0;
		p.cells = p.cells < LINK_LAST ? p.cells : LINK_LAST - 1;
	}
	p.awake = p.awake < LINK_LAST ? p.awake : LINK_LAST - 1;
	p.most = p.awake + p.cells / CELLS_EACH;
	p.buckets = power_of_two(p.most);
	return p;
}

static uint32_t *take_buckets(struct arena *a, size_t n)
{
	size_t size = n * sizeof(uint32_t);
	return size < PAGES_LARGE ? arena_take(a, size) : arena_take_pages(a, size);
}

static bool take_memory(struct flows *fs, const struct flows_setup *s)
{
	size_t nodes = s->memory / (s->doze ? 12 : 8), trails = nodes;
	struct split p = split_memory(s, s->memory - nodes - trails);
	fs->sinks = s->sinks;
	fs->most = p.most;
	fs->stubs_most = p.cells / CELLS_FOR_STUB;
	fs->bucket = take_buckets(s->arena, p.buckets);
	fs->bucket_mask = p.buckets - 1;
	links_init(fs, p.awake > p.cells ? p.awake : p.cells);
	return p.awake >= 2 && fs->bucket != NULL &&
	       slab_init(&fs->slab, s->arena, awake_size(s), p.awake) &&
	       (!s->doze || (p.cells >= (size_t)4 * DOZE_CELLS &&
	                     slab_init(&fs->cells, s->arena, CELL, p.cells) &&
	                     doze_init(fs, s->arena) && syn_init(fs, s->arena))) &&
	       reasm_init(&fs->reasm, s->arena, nodes, s->chunks) &&
	       reasm_remember(&fs->reasm, s->arena, trails);
}

bool flows_init(struct flows *fs, const struct flows_setup *s)
{
	*fs = (struct flows){
	        .linger_ns = s->linger_ns,
	        .checksum = s->checksum,
	        .overlaps = s->overlaps,
	        .numbered = s->numbered,
	        .fronts = true,
	        .many = s->live,
	        .counters = s->counters,
	};
	if (!take_memory(fs, s))
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
	fs->fronts = fs->fronts && (kinds >> TF_SEGMENT & 1) == 0;
	fs->exact = fs->exact || !sink->lets_doze || ((kinds >> TF_DATA & 1) != 0 && !sink->lags);
	const unsigned all = 1U << TF_BEGIN | 1U << TF_END | 1U << TF_TURN;
	fs->tells_silent = fs->tells_silent || ((kinds & all) != 0 && !sink->skips_silent);
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
	return fs->most;
}

size_t flows_awake(const struct flows *fs)
{
	return fs->slab.count + (fs->cells.count > 0); /* and the one that is shown */
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

/* -> whether f was silent for so long that it has ended, though no tick has shown it. */
static bool has_idled(const struct flows *fs, const struct flow *f, const struct tf_packet *pkt)
{
	uint64_t silent = (uint64_t)pkt->ts_ns - (uint64_t)f->pub.last_ns;
	return fs->idle.ns > 0 && !f->ended && pkt->ts_ns > f->pub.last_ns &&
	       silent > (uint64_t)fs->idle.ns;
}

/* pkt belongs to another connection than f -> that one, or NULL: it is left out */
static struct flow *replace(struct flows *fs, struct flow *f, const struct tf_packet *pkt,
                            enum life_verdict verdict)
{
	struct rival_syn rival = f->rival;
	flows_finish(fs, ref_of(fs, f), has_idled(fs, f, pkt) ? TF_END_TIMEOUT : TF_END_REUSED);
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

/* pkt is of f, and its checksum is not wrong -> whether it was taken, and showed nothing new. */
static bool admit(struct flows *fs, struct flow *f, unsigned dir, const struct tf_packet *pkt,
                  enum life_verdict verdict)
{
	int why = f->ended ? GATE_PASSES : gate_judge(fs, f, dir, pkt);
	bool taken = verdict == LIFE_GOES_ON && why == GATE_PASSES;
	bool usual = taken && shows_nothing_new(f, dir, pkt);
	if (!usual)
		history_packet(f, dir, pkt, taken);
	if (verdict == LIFE_STRAY)
		life_stray(fs, f, dir, pkt);
	else if (verdict == LIFE_INSIDE)
		life_inside(fs, f, dir, pkt);
	else if (why != GATE_PASSES)
		life_reject(fs, f, dir, pkt, (enum tf_reject)why);
	else
		life_packet(fs, f, dir, pkt);
	return usual;
}

void flows_packet(struct flows *fs, const struct tf_packet *pkt)
{
	static const struct checksums none;
	unsigned dir = 0;
	bool taken = false;
	fs->turn = FLOWS_TURN(pkt->number, pkt->place);
	struct flow *f = lookup(fs, pkt, &dir, &taken);
	if (taken)
		return;
	bool over = f != NULL && (life_has_lingered(fs, f, pkt) || has_idled(fs, f, pkt));
	struct flow *of = over ? NULL : f; /* what pkt belongs to, as far as is known */
	enum checksum checksum;
	if (!passes(fs, of != NULL ? &of->sums[dir] : &none, pkt, &checksum)) {
		if (of != NULL && !of->ended)
			life_hear(fs, of, dir, pkt);
		life_reject(fs, of, dir, pkt, TF_REJECT_CHECKSUM);
		return;
	}
	if (f == NULL && begin_syn(fs, pkt, checksum))
		return;
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
	if (admit(fs, f, dir, pkt, verdict))
		front_open(fs, f, dir);
	if (f->ended)
		linger(fs, f);
}

void flows_packets(struct flows *fs, const struct tf_packet *pkt, size_t n)
{
	bool many = fs->count + fs->stubs >= FORESIGHT_FLOWS;
	if (many)
		foresight_begin(fs, pkt, n);
	for (size_t i = 0; i < n && !fs->failed; i++) {
		if (many && i % FORESIGHT_STEP == 0)
			foresight_packets(fs, pkt + i, n - i);
		if (!fs->numbered)
			foresight_bytes(pkt + i, n - i);
		flows_packet(fs, pkt + i);
	}
}

/* -> the oldest flow that is a SYN, if its slot is one of the due ones; else 0. In front of it
   stand only such as were heard of later. */
static uint32_t oldest_syn(const struct flows *fs, uint32_t from, uint32_t due)
{
	uint32_t ref = from;
	while (ref != 0 && ref_form(ref) != REF_SYN)
		ref = place_at(fs, ref)->newer;
	return ref != 0 && (due >> syn_slot(fs, ref) & 1) != 0 ? ref : 0;
}

static uint32_t newer_syn(const struct flows *fs, uint32_t ref, uint32_t due)
{
	return oldest_syn(fs, place_at(fs, ref)->newer, due);
}

/* Those that are silent for too long come in the order of their numbers; so do SYNs. */
void flows_tick(struct flows *fs, uint64_t period, uint64_t turn)
{
	uint32_t due, next = idle_tick(fs, period, &due);
	uint32_t syn = fs->syns > 0 ? oldest_syn(fs, fs->list[FLOW_EMBRYONIC].oldest, due) : 0;
	fs->turn = turn;
	while (next != 0 || syn != 0) {
		bool is_syn =
		        syn != 0 && (next == 0 || syn_number(fs, syn) < doze_number(fs, next));
		uint32_t ref = is_syn ? syn : next;
		if (is_syn)
			syn = newer_syn(fs, syn, due);
		else
			next = stand_at(fs, next)->idle.after;
		flows_finish(fs, ref, TF_END_TIMEOUT);
	}
}

uint64_t flows_last_turn(const struct flows *fs, const struct flow *f)
{
	uint64_t turn = FLOWS_LAST_TURN | (uint64_t)f->stand.list << 60 | f->listed;
	return turn > fs->turn ? turn : fs->turn;
}

/* Nobody is looked for any more, and there may be a million: so none leaves its place or its
   memory, which all do together, and of whom nobody hears no more is touched than how it begins. */
void flows_end_all(struct flows *fs)
{
	fs->turn = FLOWS_LAST_TURN;
	for (int list = 0; list < FLOW_LISTS; list++) {
		uint32_t next;
		for (uint32_t ref = fs->list[list].oldest; ref != 0; ref = next) {
			const struct place *p = place_at(fs, ref);
			foresight_newer(p);
			next = p->newer;
			struct flow *f = flows_show(fs, ref);
			if (f != NULL) {
				fs->turn = flows_last_turn(fs, f);
				life_end(fs, f, TF_END_INPUT);
			}
		}
	}
	places_clear(fs);
	slab_clear(&fs->slab);
	slab_clear(&fs->cells);
	fs->count = fs->syns = fs->stubs = 0;
}
