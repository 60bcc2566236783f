/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a segment means to its connection. The order in which a packet is looked at:
 *
 *	checksum   a wrong one (see checksum.h) is set aside: it neither begins a connection
 *	           nor changes one
 *	SYN        tells where its direction starts, or opens another connection: inside one
 *	           that goes on only when the peer's answer shows it
 *	the gate   (gate.h) leaves out what the receiver does
 *	ACK        tells what the other direction's receiver has
 *	payload    and FIN go to the reassembler
 *	RST        closes softly: what still turns up within the stream is recorded,
 *	           since the order in a capture is not the order on the wire
 */
#include "flow/life.h"

#include "base/cursor.h"
#include "flow/sack.h"

#include <stddef.h>
#include <string.h>

/* -- events out ---------------------------------------------------------------- */

/* -> whether this sink hears this event; see enum tf_order */
static bool concerns(const struct outlet *o, const struct tf_event *ev)
{
	if ((o->kinds >> ev->kind & 1) == 0)
		return false;
	if (ev->kind == TF_GAP)
		return ev->late == (o->sink->order == TF_PLACED);
	return !(ev->kind == TF_DATA && ev->late && o->sink->order == TF_STREAM);
}

static void tell(struct flows *fs, struct flow *f, struct tf_event *ev)
{
	ev->flow = &f->pub;
	ev->turn = fs->turn;
	unsigned first = ev->dir == TF_BOTH ? 0 : ev->dir;
	struct chunk **loan = ev->loan;
	for (unsigned i = 0; i < fs->outlets; i++) {
		const struct outlet *o = &fs->outlet[i];
		if (!concerns(o, ev))
			continue;
		ev->slot = &f->slot[i][first];
		ev->loan = i == fs->last_data ? loan : NULL;
		if (!o->sink->event(o->self, ev, fs->failed ? NULL : &fs->err))
			fs->failed = true;
	}
}

static struct flow *flow_of(struct half *h, unsigned dir)
{
	return (struct flow *)(void *)((char *)(h - dir) - offsetof(struct flow, half));
}

/* What is known of where a stream begins and ends. */
static void note_ends(struct tf_account *a, const struct half *h)
{
	a->syn = h->isn_known && !h->resumed;
	a->fin = h->fin != REASM_NO_FIN;
	a->fin_acked = a->fin && h->acked > h->fin;
}

/* Not inlined: bytes, which most events are, do without its room on the stack. */
static __attribute__((noinline)) void tell_rare(struct flows *fs, struct flow *f, struct half *h,
                                                const struct tf_event *ev)
{
	struct tf_record record = {0};
	struct tf_event whole = *ev;
	whole.record = &record;
	if (ev->kind == TF_GAP && !ev->late && ev->cause != TF_GAP_LIMIT)
		history_again(f, h->dir, HISTORY_GAP);
	if (ev->kind == TF_END)
		note_ends(ev->account, h);
	tell(fs, f, &whole);
}

static void tell_half(void *arg, struct half *h, struct tf_event *ev)
{
	struct flow *f = flow_of(h, h->dir);
	ev->dir = h->dir;
	if (ev->kind == TF_DATA)
		tell(arg, f, ev);
	else
		tell_rare(arg, f, h, ev);
}

/* The first sink that remembers bytes is asked. */
static size_t recall(void *arg, struct half *h, int64_t offset, uint8_t *to, size_t n)
{
	struct flows *fs = arg;
	struct flow *f = flow_of(h, h->dir);
	for (unsigned i = 0; i < fs->outlets; i++) {
		const struct outlet *o = &fs->outlet[i];
		if (o->sink->recall != NULL)
			return o->sink->recall(o->self, &f->pub, h->dir, &f->slot[i][h->dir],
			                       offset, to, n);
	}
	return 0;
}

void life_init(struct flows *fs)
{
	fs->reasm.arg = fs;
	fs->reasm.tell = tell_half;
	fs->reasm.recall = recall;
}

/* -- from the first packet to the last --------------------------------------------- */

enum { MAC = sizeof((struct tf_flow *)NULL)->mac[0] };

/* Ethernet addresses, destination first (IEEE 802.3, 3.1.1), when the frame has them. */
static void note_mac(struct flow *f, unsigned dir, const struct tf_packet *pkt)
{
	struct cursor c = {.p = pkt->wire.bytes, .n = pkt->wire.captured};
	if (pkt->wire.link_type != LIFE_ETHERNET)
		return;
	const uint8_t *to = cursor_take(&c, MAC), *from = cursor_take(&c, MAC);
	if (c.bad)
		return;
	memcpy(f->pub.mac[dir], from, MAC);
	memcpy(f->pub.mac_to[dir], to, MAC);
	if (dir == 0)
		memcpy(f->pub.mac[1], to, MAC);
}

/* A direction's first packet. */
static void first_word(struct flow *f, unsigned dir, const struct tf_packet *pkt)
{
	f->pub.began_ns[dir] = pkt->ts_ns;
	note_mac(f, dir, pkt);
	for (int i = 0; i < TF_MARKS && pkt->marks.kind[i] != 0; i++) {
		f->pub.marks[dir].kind[i] = pkt->marks.kind[i];
		f->pub.marks[dir].number[i] = pkt->marks.number[i];
	}
}

static uint64_t next_number(const struct flows *fs, uint64_t *count)
{
	return fs->numbered ? (*count)++ : TF_UNNUMBERED;
}

void life_prepare(const struct flows *fs, struct flow *f, const struct tf_packet *pkt)
{
	f->pub = (struct tf_flow){
	        .end = {pkt->src, pkt->dst},
	        .first_ns = pkt->ts_ns,
	        .last_ns = pkt->ts_ns,
	        .number = pkt->number,
	        .connection = TF_UNNUMBERED,
	        .nth = {TF_UNNUMBERED, TF_UNNUMBERED},
	};
	for (int i = 0; i < TF_VLANS; i++)
		f->pub.vlan[i] = pkt->vlan[i];
	for (int i = 0; i < TF_NETS; i++)
		f->pub.net[i] = pkt->net[i];
	history_begin(f, pkt);
	half_init(&f->half[0], 0);
	half_init(&f->half[1], 1);
	for (unsigned d = 0; d < 2; d++) /* what end[d] says is received by the other */
		f->half[d].policy = (uint8_t)overlap_of(&fs->overlaps, &f->pub.end[!d].address);
	first_word(f, 0, pkt);
	f->spoke[0] = true;
	if ((pkt->flags & (TCP_SYN | TCP_RST)) == TCP_SYN)
		reasm_first_isn(&f->half[0], pkt->seq);
}

void life_tell_begin(struct flows *fs, struct flow *f)
{
	struct tf_event ev = {.kind = TF_BEGIN, .dir = TF_BOTH, .ts_ns = f->pub.first_ns};
	tell(fs, f, &ev);
}

void life_begin(struct flows *fs, struct flow *f, const struct tf_packet *pkt)
{
	life_prepare(fs, f, pkt);
	f->pub.connection = next_number(fs, &fs->connections);
	f->pub.nth[0] = next_number(fs, &fs->directions);
	fs->counters->flows++;
	life_tell_begin(fs, f);
}

static bool is_closed(const struct flow *f)
{
	return f->ended || f->reset ||
	       (f->half[0].fin != REASM_NO_FIN && f->half[1].fin != REASM_NO_FIN);
}

/* A closed flow ended when it was closed, whatever makes us forget it now. */
static enum tf_end end_of(const struct flow *f, const struct tf_account a[2], enum tf_end why)
{
	if (f->reset)
		return TF_END_RST;
	if (!a[0].fin || !a[1].fin)
		return why;
	return a[0].fin_acked && a[1].fin_acked ? TF_END_FIN : TF_END_FIN_UNACKED;
}

void life_end(struct flows *fs, struct flow *f, enum tf_end why)
{
	life_end_with(fs, f, why, NULL);
}

void life_end_with(struct flows *fs, struct flow *f, enum tf_end why, struct tf_keep *keep)
{
	reasm_finish(&fs->reasm, &f->half[0], f->pub.last_ns);
	reasm_finish(&fs->reasm, &f->half[1], f->pub.last_ns);
	struct tf_account account[2] = {f->half[0].account, f->half[1].account};
	for (unsigned d = 0; d < 2; d++) {
		note_ends(&account[d], &f->half[d]);
		f->pub.showed[d] |= account[d].fin ? TF_SHOWED_FIN : 0;
	}
	struct tf_record record[2] = {{0}};
	struct tf_event ev = {
	        .kind = TF_END,
	        .dir = TF_BOTH,
	        .ts_ns = f->pub.last_ns,
	        .end = end_of(f, account, why),
	        .account = account,
	        .record = record,
	        .keep = keep,
	};
	fs->counters->flows_finished += account[0].fin && account[1].fin && !f->reset;
	tell(fs, f, &ev);
	reasm_settle(&fs->reasm, &account[0]);
	reasm_settle(&fs->reasm, &account[1]);
	f->ended = true;
}

void life_uncount(struct flow *f)
{
	for (unsigned d = 0; d < 2; d++)
		f->pub.packets[d] = f->pub.frame_bytes[d] = f->pub.captured[d] = 0;
}

void life_turn(struct flows *fs, struct flow *f)
{
	struct tf_account account[2];
	struct tf_record record[2] = {{0}};
	for (unsigned d = 0; d < 2; d++) {
		reasm_turn(&fs->reasm, &f->half[d], f->pub.last_ns, &account[d]);
		note_ends(&account[d], &f->half[d]);
	}
	struct tf_event ev = {
	        .kind = TF_TURN,
	        .dir = TF_BOTH,
	        .ts_ns = f->pub.last_ns,
	        .end = TF_END_ROTATED,
	        .account = account,
	        .record = record,
	};
	tell(fs, f, &ev);
	for (unsigned d = 0; d < 2; d++)
		reasm_settle(&fs->reasm, &account[d]);
	life_uncount(f);
}

static void tell_segment(struct flows *fs, struct flow *f, unsigned dir,
                         const struct tf_packet *pkt)
{
	struct tf_segment segment = {
	        .frame = {.bytes = pkt->wire.bytes,
	                  .captured = pkt->wire.captured,
	                  .length = pkt->wire.length,
	                  .link_type = pkt->wire.link_type,
	                  .ts_ns = pkt->ts_ns,
	                  .source = pkt->source,
	                  .number = pkt->frame},
	        .tcp = {.p = pkt->payload.p - pkt->header, .n = pkt->header},
	        .seq = pkt->seq,
	        .ack = pkt->ack,
	        .cut = pkt->cut,
	        .window = pkt->window,
	        .flags = pkt->flags,
	        .ttl = pkt->ttl,
	        .put_together = (pkt->position & TF_PUT_TOGETHER) != 0,
	};
	struct tf_event ev = {.kind = TF_SEGMENT,
	                      .dir = (uint8_t)dir,
	                      .data = pkt->payload,
	                      .ts_ns = pkt->ts_ns,
	                      .source = pkt->source,
	                      .frame = pkt->frame,
	                      .position = pkt->position,
	                      .segment = &segment};
	if (!segment.put_together)
		segment.frame.position =
		        pkt->position - (uint64_t)(pkt->payload.p - pkt->wire.bytes);
	tell(fs, f, &ev);
}

void life_count(struct flow *f, unsigned dir, const struct tf_packet *pkt)
{
	f->pub.packets[dir]++;
	f->pub.frame_bytes[dir] += pkt->wire.length;
	f->pub.captured[dir] += pkt->wire.captured;
	f->pub.latest_ns[dir] = pkt->ts_ns;
}

void life_hear(struct flows *fs, struct flow *f, unsigned dir, const struct tf_packet *pkt)
{
	if (dir == 1 && !f->answered) {
		f->answered = true;
		first_word(f, 1, pkt);
		f->pub.nth[1] = next_number(fs, &fs->directions);
	}
	life_count(f, dir, pkt);
	if ((fs->wants >> TF_SEGMENT & 1) != 0)
		tell_segment(fs, f, dir, pkt);
}

/* An ended flow's packet: late, unless it lies so far away that it cannot be. */
static bool is_strange(const struct flows *fs, const struct flow *f, unsigned dir,
                       const struct tf_packet *pkt)
{
	return pkt->payload.n > 0 && reasm_is_far(&fs->reasm, &f->half[dir], pkt->seq);
}

enum { ACK_OF_OTHERS = 1 << 20 }; /* bytes from this connection's, both ways */

/* -> whether pkt shows that the SYN in f->rival was taken: its answer, or the ACK of that when
   the answer was not captured. */
static bool bears_out_rival(const struct flow *f, unsigned dir, const struct tf_packet *pkt)
{
	const struct rival_syn *syn = &f->rival;
	const struct half *peer = &f->half[!dir];
	if ((pkt->flags & (TCP_ACK | TCP_RST)) != TCP_ACK)
		return false;
	if ((pkt->flags & TCP_SYN) != 0)
		return dir != syn->dir && pkt->ack == syn->isn + 1;
	int64_t off = peer->based ? reasm_offset(peer, pkt->ack) - reasm_top(peer) : 0;
	return dir == syn->dir && pkt->seq == syn->isn + 1 &&
	       (off > ACK_OF_OTHERS || off < -ACK_OF_OTHERS);
}

/* Both sides have been heard of, and nothing of an end: such a receiver ignores SYNs. */
static bool is_open(const struct flow *f)
{
	return !is_closed(f) && f->half[0].based && f->half[1].based && f->spoke[0] && f->spoke[1];
}

enum life_verdict life_judge(struct flows *fs, struct flow *f, unsigned dir,
                             const struct tf_packet *pkt)
{
	struct half *h = &f->half[dir];
	if (is_closed(f) && is_strange(fs, f, dir, pkt))
		return LIFE_BEGINS_ANEW;
	if (f->rival.known && bears_out_rival(f, dir, pkt))
		return LIFE_ANSWERS;
	if ((pkt->flags & TCP_SYN) == 0 || (pkt->flags & TCP_RST) != 0)
		return LIFE_GOES_ON;
	bool answered = h->ack_known && h->ack_raw == pkt->seq + 1;
	bool lenient = !is_closed(f) || answered || pkt->ts_ns <= f->pub.first_ns;
	enum isn_fit fit = f->ended ? reasm_isn_fit(h, pkt->seq, lenient)
	                            : reasm_isn(&fs->reasm, h, pkt->seq, lenient, pkt->ts_ns);
	if (fit != ISN_OTHER)
		return LIFE_GOES_ON;
	if ((pkt->flags & TCP_ACK) != 0)
		return is_closed(f) ? LIFE_BEGINS_ANEW : LIFE_STRAY;
	return is_open(f) ? LIFE_INSIDE : LIFE_BEGINS_ANEW;
}

/* No receiver takes this payload; what else the segment says is the caller's matter. */
static void reject(struct flows *fs, struct flow *f, unsigned dir, const struct tf_packet *pkt,
                   enum tf_reject why)
{
	if (pkt->payload.n > 0)
		fs->reasm.refused = gate_counter(why);
	reasm_reject(&fs->reasm, &f->half[dir], pkt, why);
}

static void count(struct tf_counters *c, enum tf_reject why)
{
	(*(uint64_t *)(void *)((char *)c + gate_counter(why)))++;
}

void life_reject(struct flows *fs, struct flow *f, unsigned dir, const struct tf_packet *pkt,
                 enum tf_reject why)
{
	struct tf_counters *c = fs->counters;
	count(c, why);
	c->bytes_bad_checksum += why == TF_REJECT_CHECKSUM ? pkt->payload.n : 0;
	fs->reasm.refused = gate_counter(why);
	if (f != NULL && !f->ended) {
		if (why == TF_REJECT_CHECKSUM)
			history_again(f, dir, HISTORY_CHECKSUM);
		reasm_reject(&fs->reasm, &f->half[dir], pkt, why);
		return;
	}
	c->bytes_seen += pkt->payload.n;
	c->bytes_rejected += pkt->payload.n;
}

void life_inside(struct flows *fs, struct flow *f, unsigned dir, const struct tf_packet *pkt)
{
	count(fs->counters, TF_REJECT_SYN);
	reject(fs, f, dir, pkt, TF_REJECT_SYN);
	if (f->rival.known && f->rival.dir == dir && f->rival.isn == pkt->seq)
		return;
	f->rival = (struct rival_syn){.known = true,
	                              .dir = (uint8_t)dir,
	                              .isn = pkt->seq,
	                              .ts_ns = pkt->ts_ns,
	                              .number = pkt->number,
	                              .said = gate_syn(pkt)};
}

void life_begin_with(struct flows *fs, struct flow *f, const struct rival_syn *syn,
                     const struct tf_packet *pkt)
{
	struct tf_packet first = *pkt;
	if ((pkt->flags & TCP_SYN) != 0) { /* the answer */
		first.src = pkt->dst;
		first.dst = pkt->src;
		first.marks = (struct tf_marks){0};
	}
	first.flags = TCP_SYN;
	first.seq = syn->isn;
	first.ts_ns = syn->ts_ns;
	first.number = syn->number;
	first.payload.n = 0;
	first.cut = 0;
	life_begin(fs, f, &first);
	f->pub.packets[0] = 1;
	f->gate[0] = syn->said;
	history_packet(f, 0, &first, true);
}

/* Unless something has settled its direction's first sequence number, the one that
   a stray SYN-ACK carries may yet turn out to be the right one. */
void life_stray(struct flows *fs, struct flow *f, unsigned dir, const struct tf_packet *pkt)
{
	struct half *h = &f->half[dir];
	count(fs->counters, TF_REJECT_SYNACK);
	reject(fs, f, dir, pkt, TF_REJECT_SYNACK);
	reasm_alternative_isn(h, pkt->seq);
}

/* More than a SYN: a scan or a flood does not come this far. */
static bool shows_life(const struct flow *f, const struct tf_packet *pkt)
{
	return pkt->payload.n > 0 ||
	       ((pkt->flags & (TCP_SYN | TCP_RST)) == 0 && f->half[0].based && f->half[1].based);
}

static void place(struct flows *fs, struct flow *f, const struct tf_packet *pkt)
{
	enum flow_list list = is_closed(f)         ? FLOW_CLOSED
	                      : shows_life(f, pkt) ? FLOW_OPEN
	                                           : (enum flow_list)f->stand.list;
	f->stand.heard = pkt->number != f->pub.number; /* a flood says one thing each */
	if (list != f->stand.list || list == FLOW_CLOSED)
		flows_move(fs, f, list);
}

/* -> whether a reset answers a SYN with the ACK of something else (RFC 9293, 3.10.7.3). */
static bool answers_nothing(const struct flow *f, unsigned dir, const struct tf_packet *pkt)
{
	const struct half *syn = &f->half[!dir];
	if (f->half[dir].based || !syn->isn_known || reasm_top(syn) != syn->start ||
	    (pkt->flags & TCP_ACK) == 0)
		return false;
	int64_t off = reasm_offset(syn, pkt->ack), sent = syn->far != NULL ? syn->far->end : 0;
	return off < syn->start || off > sent + 1;
}

/* -> whether the reset is obeyed; of one that is not, nothing is believed. */
static bool take_reset(struct flows *fs, struct flow *f, unsigned dir, const struct tf_packet *pkt)
{
	reject(fs, f, dir, pkt, TF_REJECT_RST);
	bool obeyed = reasm_is_next(&f->half[dir], pkt->seq) && !answers_nothing(f, dir, pkt);
	f->reset = f->reset || obeyed;
	if (obeyed)
		f->pub.showed[dir] |= TF_SHOWED_RST;
	fs->counters->rst_ignored += !obeyed;
	return obeyed;
}

/* Copies of peer's bytes conflict: does its receiver say what it has got twice? */
static void take_proof(struct flows *fs, struct half *peer, const struct tf_packet *pkt)
{
	uint32_t left, right;
	if (sack_duplicate(pkt, &left, &right))
		reasm_duplicate(&fs->reasm, peer, left, right, pkt);
}

static void place_segment(struct flows *fs, struct flow *f, struct half *h,
                          const struct tf_packet *pkt)
{
	const struct tf_account *a = &h->account;
	int64_t copies = a->duplicate + a->conflicting;
	reasm_segment(&fs->reasm, h, pkt);
	if (a->duplicate + a->conflicting > copies)
		history_again(f, h->dir, HISTORY_AGAIN);
}

/* Most often it is set, and then is not written: what stands beside it is read soon, together with
   it, which a processor does not do at once where a part was just written. */
static void set(bool *fact)
{
	if (!*fact)
		*fact = true;
}

void life_packet(struct flows *fs, struct flow *f, unsigned dir, const struct tf_packet *pkt)
{
	struct half *h = &f->half[dir], *peer = &f->half[!dir];
	f->pub.last_ns = pkt->ts_ns > f->pub.last_ns ? pkt->ts_ns : f->pub.last_ns;
	f->stand.latest = fs->idle.now;
	set(&f->front.stirs);
	if (f->ended) {
		fs->counters->late_segments++;
		fs->counters->bytes_seen += pkt->payload.n;
		fs->counters->bytes_after_close += pkt->payload.n;
		if (pkt->payload.n > 0)
			fs->reasm.refused = offsetof(struct tf_counters, bytes_after_close);
		flows_move(fs, f, FLOW_CLOSED);
		return;
	}
	set(&f->spoke[dir]);
	if (pkt->flags & TCP_SYN)
		gate_note_syn(f, dir, pkt);
	bool ignored = (pkt->flags & TCP_RST) != 0 && !take_reset(fs, f, dir, pkt);
	if ((pkt->flags & TCP_ACK) != 0 && !ignored) {
		reasm_ack(&fs->reasm, peer, pkt->ack, pkt->ts_ns);
		if (peer->disputes != NULL)
			take_proof(fs, peer, pkt);
		gate_note_ack(fs, f, dir, pkt);
	}
	if ((pkt->flags & TCP_RST) == 0)
		place_segment(fs, f, h, pkt);
	if (reasm_done(h) && reasm_done(peer))
		life_end(fs, f, TF_END_FIN);
	place(fs, f, pkt);
}
