/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Most connections that are open at a time say nothing, and what is heard of them is the
 * handshake, then ACKs of nothing (keep-alives and their answers, windows). Such a connection is
 * calm: two cells of fixed form, made from the cell of its SYN when that is answered. Packets
 * of these kinds are taken there, without a struct flow, and with all the effects that they have
 * elsewhere; any other wakes the connection, and one that has been awake is never calm again.
 *
 *	SYN         syn.c
 *	SYN-ACK  -> ANSWERED
 *	ACK of 0 -> OPEN          history gets its `A`
 *	ACK of 1 -> BOTH          and its `a`; more of either side change no stage
 *
 *	struct calm         key, how it began
 *	  more  calm_now      what packets change
 *
 *	struct calm         where `has_rest`
 *	  more  calm_rest     what few have: something that a sink keeps, frames that were cut
 *	    now   calm_now
 *
 * What is not in the cells follows from this being all that came. Of direction d, of which `base`
 * is the sequence number behind its SYN:
 *
 *	C1  no byte, no FIN: next = start = 0, accounts are empty
 *	C2  acked = 0 and ack_raw = base, once the peer's first ACK is in: for direction 0 always,
 *	    for 1 from OPEN on
 *	C3  times do not fall: last_ns is the later one of latest_ns
 *	C4  each packet had a window, no urgent pointer, and a checksum that is not wrong
 *	C5  times, turns and numbers are told as what lies between them and those of its beginning;
 *	    where that has no room, the connection wakes
 *
 *	C6  where not both sides have timestamps, that of each is the one of its SYN
 *
 * calm_show() makes the flow from that, and tests compare it with one that was awake all the time,
 * after each packet.
 *
 * Bounds: an ACK touches two cells, or three if it has to do with the rest. At an end of which no
 * sink hears nothing is made.
 *
 * Choices not taken: doc/adr/0033.
 */
#include "flow/calm.h"

#include "base/error.h"
#include "flow/life.h"

#include <string.h>

enum stage { ANSWERED, OPEN, BOTH };

/* head.stand.began_ns is its SYN's time; head.scaled, good, card have a bit for each direction. */
struct calm {
	struct doze_head head;
	uint8_t address[2][V4];
	uint16_t port[2];
	uint8_t link[2]; /* of each direction's first frame */
	uint8_t said[2]; /* side_pack() */
};

struct calm_side {
	uint64_t packets : 15;
	uint64_t stamp_is_latest : 1; /* its stamp came with its latest packet, */
	uint64_t latest : 48;         /* which came so many ns after the SYN; else its stamp */
	uint16_t stamp_s;             /* came so many seconds after the SYN */
	uint16_t window;              /* of the packet that has offered most; scaled: head.scaled */
	uint32_t base, stamp;
	uint32_t frame_bytes : 24;
	uint32_t nth : 8; /* both together: nth[1] is so much more than nth[0] */
};

struct calm_now {
	struct calm_side side[2]; /* window: what is offered to that side */
	uint32_t answered;        /* ns after the SYN */
	uint32_t listed;          /* half of what the turn is behind that of the SYN */
	uint32_t connection, nth;
};

struct calm_rest {
	uint32_t now;
	uint32_t slot_of;
	uint32_t cut[2]; /* of all frames: bytes that were not captured */
	uint8_t keeper;
};

static_assert(sizeof(struct calm) == CELL && sizeof(struct calm_now) == CELL &&
                      sizeof(struct calm_rest) <= CELL,
              "cells");

enum { SECOND = 1000000000, PACKETS = (1 << 15) - 1, FRAME_BYTES = (1 << 24) - 1 };
#define LATEST ((UINT64_C(1) << 48) - 1)

static struct calm *calm_at(const struct flows *fs, uint32_t ref)
{
	return cell_at(fs, ref);
}

/* NULL: it has none */
static struct calm_rest *rest_of(const struct flows *fs, const struct calm *c)
{
	return c->head.has_rest ? slab_at(&fs->cells, c->head.more) : NULL;
}

static struct calm_now *now_of(const struct flows *fs, const struct calm *c)
{
	const struct calm_rest *rest = rest_of(fs, c);
	struct calm_now *now = slab_at(&fs->cells, rest != NULL ? rest->now : c->head.more);
	MUST(now != NULL);
	return now;
}

static bool has_cells(const struct flows *fs, size_t n)
{
	return fs->cells.count - fs->cells.used >= n;
}

/* It has a rest from now on; a cell is free for it. */
static struct calm_rest *add_rest(struct flows *fs, struct calm *c)
{
	struct calm_rest *rest = slab_take(&fs->cells);
	MUST(rest != NULL);
	*rest = (struct calm_rest){.now = c->head.more, .keeper = NOBODY};
	c->head.more = slab_index(&fs->cells, rest);
	c->head.has_rest = true;
	return rest;
}

void calm_forget(struct flows *fs, uint32_t ref)
{
	struct calm *c = calm_at(fs, ref);
	slab_give(&fs->cells, now_of(fs, c));
	if (c->head.has_rest)
		slab_give(&fs->cells, rest_of(fs, c));
	slab_give(&fs->cells, c);
}

size_t calm_cells(const struct flows *fs, uint32_t ref)
{
	return calm_at(fs, ref)->head.has_rest ? CALM_CELLS : CALM_CELLS - 1;
}

int calm_direction(const struct flows *fs, uint32_t ref, const struct tf_packet *pkt)
{
	const struct calm *c = calm_at(fs, ref);
	return direction_of_v4(c->address, c->port, pkt);
}

/* -- what both kinds of packets must be ------------------------------------------------------ */

enum { CONTROL = TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK | TCP_URG };

static bool is_bare(const struct tf_packet *pkt, unsigned flags)
{
	return (pkt->flags & CONTROL) == flags && pkt->payload.n == 0 && pkt->cut == 0 &&
	       pkt->window != 0 && !pkt->misheaded && pkt->wire.captured <= pkt->wire.length;
}

/* It is not older than the one before, nor so late that the connection has ended meanwhile, and not
   so late that there is no room for its time; latest: of the one before. */
static bool is_in_time(const struct flows *fs, int64_t began_ns, uint64_t latest,
                       const struct tf_packet *pkt)
{
	uint64_t at = (uint64_t)pkt->ts_ns - (uint64_t)began_ns;
	return pkt->ts_ns >= began_ns && at >= latest && at <= LATEST &&
	       (fs->idle.ns == 0 || at - latest <= (uint64_t)fs->idle.ns);
}

static uint32_t seconds(int64_t ns)
{
	return (uint32_t)(ns / SECOND);
}

/* -> what pkt's checksum is, as it is looked at in flows.c. */
static enum checksum look(const struct flows *fs, const struct tf_packet *pkt, bool offloading)
{
	return fs->checksum == TF_CHECKSUM_IGNORE ? CHECKSUM_UNKNOWN : checksum_of(pkt, offloading);
}

/* One that is not bad, of direction dir. */
static void note_checksum(struct flows *fs, struct doze_head *h, unsigned dir,
                          const struct tf_packet *pkt, enum checksum what)
{
	bool good = what == CHECKSUM_GOOD || what == CHECKSUM_OFFLOADED;
	if (fs->checksum != TF_CHECKSUM_IGNORE)
		flows_count_checksum(fs->counters, pkt, what);
	h->good = (h->good | (unsigned)good << dir) & 3U;
	h->card = (h->card | (unsigned)(what == CHECKSUM_OFFLOADED) << dir) & 3U;
}

static void heard(const struct flows *fs, struct stand *s)
{
	s->latest = fs->idle.now;
	s->heard = true;
}

/* -- the answer ------------------------------------------------------------------------------ */

/* What an answer to a SYN takes besides it. */
struct answer {
	struct gate_side side[2];
	enum checksum checksum;
	int link;
	bool rest; /* there is some */
};

/* -> whether what is kept as a distance has room */
static bool is_near(const struct flows *fs, const struct syn *s, const struct tf_packet *pkt)
{
	return (uint64_t)pkt->ts_ns - (uint64_t)s->ts_ns <= UINT32_MAX &&
	       (!fs->numbered ||
	        (fs->directions < UINT32_MAX && fs->directions - s->nth <= UINT16_MAX)) &&
	       pkt->wire.length <= FRAME_BYTES;
}

static bool is_answer(struct flows *fs, const struct syn *s, uint64_t number,
                      const struct tf_packet *pkt, struct answer *a)
{
	a->rest = s->keeper != NOBODY || s->captured != s->length ||
	          pkt->wire.captured != pkt->wire.length;
	if (!is_bare(pkt, TCP_SYN | TCP_ACK) || pkt->ack != s->isn + 1 || pkt->number == number ||
	    pkt->marks.kind[0] != 0 || !is_in_time(fs, s->ts_ns, 0, pkt) || !is_near(fs, s, pkt) ||
	    s->captured > s->length || s->checksum == CHECKSUM_BAD || !has_cells(fs, 1 + a->rest))
		return false;
	a->side[0] = side_unpack(s->said, s->stamp, seconds(s->ts_ns));
	a->side[1] = gate_syn(pkt);
	a->link = link_of_frame(fs->links, pkt);
	if (a->side[0].is_signed || a->side[1].is_signed || a->link < 0)
		return false;
	a->checksum = look(fs, pkt, false);
	return a->checksum != CHECKSUM_BAD;
}

static void fill_first(struct calm *c, const struct syn *s, uint64_t number, const struct answer *a)
{
	bool card = s->checksum == CHECKSUM_OFFLOADED;
	*c = (struct calm){
	        .head = {.stand = {.place = s->place, .list = FLOW_EMBRYONIC, .began_ns = s->ts_ns},
	                 .number = number,
	                 .stage = ANSWERED,
	                 .good = s->checksum == CHECKSUM_GOOD || card,
	                 .card = card},
	        .port = {s->port[0], s->port[1]},
	        .link = {s->link, (uint8_t)a->link},
	        .said = {side_pack(a->side[0]), side_pack(a->side[1])}};
	memcpy(c->address, s->address, sizeof c->address);
}

static void fill_now(struct flows *fs, struct calm_now *now, const struct syn *s,
                     const struct tf_packet *pkt, const struct answer *a)
{
	uint32_t counted = !s->turned, answered = (uint32_t)(pkt->ts_ns - s->ts_ns);
	uint32_t further = fs->numbered ? (uint32_t)(fs->directions++ - s->nth) : 0;
	*now = (struct calm_now){.side = {{.packets = counted & 1,
	                                   .stamp_is_latest = true,
	                                   .window = pkt->window,
	                                   .base = s->isn + 1,
	                                   .stamp = a->side[0].stamp,
	                                   .frame_bytes = counted * s->length & FRAME_BYTES,
	                                   .nth = further & UINT8_MAX},
	                                  {.packets = 1,
	                                   .stamp_is_latest = true,
	                                   .latest = answered,
	                                   .base = pkt->seq + 1,
	                                   .stamp = a->side[1].stamp,
	                                   .frame_bytes = pkt->wire.length & FRAME_BYTES,
	                                   .nth = further >> 8 & UINT8_MAX}},
	                         .answered = answered,
	                         .connection = s->connection,
	                         .nth = s->nth};
}

static void fill_rest(struct calm_rest *rest, const struct syn *s, const struct tf_packet *pkt)
{
	rest->keeper = s->keeper;
	rest->slot_of = s->slot_of;
	rest->cut[0] = s->turned ? 0 : (uint32_t)s->length - s->captured;
	rest->cut[1] = pkt->wire.length - pkt->wire.captured;
}

static bool take_answer(struct flows *fs, uint32_t ref, const struct tf_packet *pkt)
{
	const struct syn syn = *(const struct syn *)cell_at(fs, ref);
	const uint64_t number = (uint64_t)syn.number_high << 32 | syn.number_low;
	const uint32_t to = REF_DOZING | (ref & ~REF_FORM);
	struct answer a;
	if (!is_answer(fs, &syn, number, pkt, &a))
		return false;
	struct calm *c = cell_at(fs, ref);
	struct calm_now *now = slab_take(&fs->cells);
	MUST(now != NULL); /* is_answer() has looked */
	fill_first(c, &syn, number, &a);
	fill_now(fs, now, &syn, pkt, &a);
	c->head.more = slab_index(&fs->cells, now);
	if (a.rest)
		fill_rest(add_rest(fs, c), &syn, pkt);
	note_checksum(fs, &c->head, 1, pkt, a.checksum);
	places_replace(fs, ref, to, pkt->hash);
	idle_place(fs, to, syn.slot);
	heard(fs, &c->head.stand);
	fs->syns--;
	return true;
}

/* -- ACKs ------------------------------------------------------------------------------------ */

static uint64_t latest_of(const struct calm_now *now)
{
	const struct calm_side *s = now->side;
	return s[0].latest > s[1].latest ? s[0].latest : s[1].latest;
}

/* Also one that repeats the sequence number before the next one (RFC 1122, 4.2.3.6), and has no
   byte for it. */
static bool is_of_now(const struct flows *fs, const struct calm *c, const struct calm_now *now,
                      unsigned dir, const struct tf_packet *pkt)
{
	const struct calm_side *own = &now->side[dir];
	return is_bare(pkt, TCP_ACK) && own->base - pkt->seq <= 1 &&
	       pkt->ack == now->side[!dir].base && (dir == 0 || c->head.stage != ANSWERED) &&
	       is_in_time(fs, c->head.stand.began_ns, latest_of(now), pkt) &&
	       own->packets < PACKETS &&
	       pkt->wire.length <= (uint32_t)FRAME_BYTES - own->frame_bytes;
}

/* Both sides have said that they have timestamps. */
static bool has_stamps(const struct calm *c)
{
	return (c->said[0] & c->said[1] & SIDE_STAMPS) != 0;
}

/* -> whether its options are such that it passes the gate (is_usual() there). */
static bool has_usual_options(const struct calm *c, const struct calm_side *own,
                              const struct tcp_options *o)
{
	return !o->is_signed &&
	       (!o->has_stamp || (has_stamps(c) && (int32_t)(o->stamp - own->stamp) >= 0));
}

/* An ACK, and what is kept of it where it has room. */
struct visit {
	const struct tf_packet *pkt;
	unsigned dir;
	struct tcp_options options;
	bool stamp; /* its timestamp is noted: note_stamp() of gate.c */
	uint32_t stamp_s;
	uint64_t listed;
	uint32_t cut;
	bool adds_rest;
};

/* -> whether all has room */
static bool measure(const struct flows *fs, const struct calm *c, const struct calm_side *own,
                    struct visit *v)
{
	const int64_t began = c->head.stand.began_ns;
	v->stamp = v->options.has_stamp && v->pkt->seq == own->base;
	v->stamp_s = own->stamp_s;
	if (own->stamp_is_latest && !v->stamp && has_stamps(c))
		v->stamp_s = seconds(began + (int64_t)own->latest) - seconds(began);
	v->listed = (fs->turn - FLOWS_TURN(c->head.number, 0)) / 2;
	v->cut = v->pkt->wire.length - v->pkt->wire.captured;
	v->adds_rest = v->cut != 0 && !c->head.has_rest;
	return v->stamp_s <= UINT16_MAX &&
	       (c->head.stand.list == FLOW_OPEN || v->listed <= UINT32_MAX) &&
	       (!v->adds_rest || has_cells(fs, 1));
}

static void count_packet(struct calm_side *own, int64_t began_ns, const struct tf_packet *pkt)
{
	own->packets = (own->packets + 1U) & PACKETS;
	own->frame_bytes = (own->frame_bytes + pkt->wire.length) & FRAME_BYTES;
	own->latest = ((uint64_t)pkt->ts_ns - (uint64_t)began_ns) & LATEST;
}

/* -> by how much the windows of direction dir are scaled, behind the handshake. */
static unsigned shift_of(const struct calm *c, unsigned dir)
{
	const unsigned both = c->said[0] & c->said[1];
	if ((both & SIDE_SAID) != 0)
		return (both & SIDE_SCALES) != 0 ? c->said[dir] & SIDE_SCALE : 0;
	struct gate_side own = side_unpack(c->said[dir], 0, 0),
	                 peer = side_unpack(c->said[!dir], 0, 0);
	return gate_shift(&own, &peer);
}

/* -> how far side d may send beyond its base; 0: not known */
static uint32_t edge_of(const struct calm *c, const struct calm_now *now, unsigned d)
{
	bool scaled = (c->head.scaled >> d & 1) != 0;
	return (uint32_t)now->side[d].window << (scaled ? shift_of(c, !d) : 0);
}

static void note_window(struct calm *c, struct calm_now *now, unsigned dir, uint16_t window)
{
	struct calm_side *peer = &now->side[!dir];
	bool same = peer->window == window && (c->head.scaled >> !dir & 1) != 0;
	if (same || (uint32_t)window << shift_of(c, dir) <= edge_of(c, now, !dir))
		return;
	peer->window = window;
	c->head.scaled = (c->head.scaled | 1U << !dir) & 3U;
}

/* From the first ACK on the connection is open: place() of life.c. */
static void move_to_open(struct flows *fs, uint32_t ref, struct calm_now *now, uint64_t listed)
{
	list_remove(fs, ref);
	list_add(fs, ref, FLOW_OPEN);
	now->listed = (uint32_t)listed;
}

static void note_stamp(const struct calm *c, struct calm_side *own, const struct visit *v)
{
	if (!has_stamps(c))
		return;
	own->stamp_is_latest = v->stamp;
	own->stamp_s = (uint16_t)v->stamp_s;
	own->stamp = v->stamp ? v->options.stamp : own->stamp;
}

static void note_cut(struct flows *fs, struct calm *c, const struct visit *v)
{
	struct calm_rest *rest = v->adds_rest ? add_rest(fs, c) : rest_of(fs, c);
	rest->cut[v->dir] += v->cut;
}

/* What v says, which is taken, but for what its connection has come to by it. */
static void note_all(struct flows *fs, struct calm *c, struct calm_now *now, const struct visit *v)
{
	struct calm_side *own = &now->side[v->dir];
	count_packet(own, c->head.stand.began_ns, v->pkt);
	note_stamp(c, own, v);
	note_window(c, now, v->dir, v->pkt->window);
	if (v->cut != 0)
		note_cut(fs, c, v);
}

static bool take_ack(struct flows *fs, uint32_t ref, unsigned dir, const struct tf_packet *pkt)
{
	struct calm *c = calm_at(fs, ref);
	struct calm_now *now = now_of(fs, c);
	struct visit v;
	if (!is_of_now(fs, c, now, dir, pkt))
		return false;
	v.pkt = pkt;
	v.dir = dir;
	v.options = gate_options(pkt);
	if (!has_usual_options(c, &now->side[dir], &v.options) ||
	    !measure(fs, c, &now->side[dir], &v))
		return false;
	enum checksum checksum = look(fs, pkt, (c->head.card >> dir & 1) != 0);
	if (checksum == CHECKSUM_BAD)
		return false;
	note_checksum(fs, &c->head, dir, pkt, checksum);
	note_all(fs, c, now, &v);
	if (c->head.stage == ANSWERED || (c->head.stage == OPEN && dir == 1))
		c->head.stage = (c->head.stage + 1U) & 3U;
	if (c->head.stand.list != FLOW_OPEN)
		move_to_open(fs, ref, now, v.listed);
	heard(fs, &c->head.stand);
	return true;
}

bool calm_takes(struct flows *fs, uint32_t ref, unsigned dir, const struct tf_packet *pkt)
{
	if (ref_form(ref) == REF_SYN)
		return dir == 1 && take_answer(fs, ref, pkt);
	/* One that lingers has other cells (linger.c). */
	return is_calm(fs, ref) && take_ack(fs, ref, dir, pkt);
}

/* -- the flow -------------------------------------------------------------------------------- */

/* As the SYN has left it, but for what the cells say. */
static void prepare(const struct flows *fs, const struct calm *c, const struct calm_now *now,
                    struct flow *f)
{
	const struct calm_side *side = now->side;
	const struct tf_packet syn = {.src = end_of_v4(c->address[0], c->port[0]),
	                              .dst = end_of_v4(c->address[1], c->port[1]),
	                              .seq = side[0].base - 1,
	                              .flags = TCP_SYN,
	                              .ts_ns = c->head.stand.began_ns,
	                              .number = c->head.number};
	memset(f, 0, fs->slab.size);
	life_prepare(fs, f, &syn);
	f->stand = c->head.stand;
	f->stand.hash = 0;
	f->listed = FLOWS_TURN(c->head.number, 0) + (uint64_t)now->listed * 2;
	f->front.stirs = f->answered = f->spoke[1] = true;
	if (fs->numbered) {
		f->pub.connection = now->connection;
		f->pub.nth[0] = now->nth;
		f->pub.nth[1] = now->nth + ((uint64_t)side[1].nth << 8 | side[0].nth);
	}
}

/* Letters and facts: whether all was seen by history.c that it would have been shown. */
static void show_history(const struct calm *c, struct flow *f)
{
	const struct tf_packet syn = {.flags = TCP_SYN, .window = 1},
	                       answer = {.flags = TCP_SYN | TCP_ACK, .window = 1},
	                       ack = {.flags = TCP_ACK, .window = 1};
	history_packet(f, 0, &syn, true);
	history_packet(f, 1, &answer, true);
	if (c->head.stage >= OPEN)
		history_packet(f, 0, &ack, true);
	if (c->head.stage == BOTH)
		history_packet(f, 1, &ack, true);
}

static void show_side(const struct flows *fs, const struct calm *c, const struct calm_now *now,
                      unsigned d, struct flow *f)
{
	const struct calm_side *own = &now->side[d];
	const int64_t began = c->head.stand.began_ns, latest = began + (int64_t)own->latest;
	f->pub.began_ns[d] = began + (d == 1 ? now->answered : 0);
	const uint32_t stamp_s = !has_stamps(c)         ? seconds(f->pub.began_ns[d])
	                         : own->stamp_is_latest ? seconds(latest)
	                                                : seconds(began) + own->stamp_s;
	link_show(fs, c->link[d], d, f);
	f->pub.latest_ns[d] = latest;
	f->pub.packets[d] = own->packets;
	f->pub.frame_bytes[d] = f->pub.captured[d] = own->frame_bytes;
	f->sums[d].balance = (c->head.good >> d & 1) != 0 ? CHECKSUMS_BELIEVED : 0;
	f->sums[d].offloading = (c->head.card >> d & 1) != 0;
	f->gate[d] = side_unpack(c->said[d], own->stamp, stamp_s);
	f->gate[d].acks = d == 1 || c->head.stage >= OPEN;
}

static void show_half(const struct calm *c, const struct calm_now *now, unsigned d, struct half *h)
{
	h->based = h->isn_known = true;
	h->base = now->side[d].base;
	if (d == 1 && c->head.stage == ANSWERED)
		return;
	h->ack_known = true;
	h->ack_raw = now->side[d].base;
	h->acked = 0;
	h->edge = edge_of(c, now, d);
}

static void show_rest(const struct calm_rest *rest, struct flow *f)
{
	for (unsigned d = 0; d < 2; d++)
		f->pub.captured[d] -= rest->cut[d];
	slots_show(rest->keeper, rest->slot_of, f);
}

void calm_show(const struct flows *fs, const struct doze_head *head, struct flow *f)
{
	const struct calm *c = (const void *)head;
	const struct calm_now *now = now_of(fs, c);
	prepare(fs, c, now, f);
	show_history(c, f);
	for (unsigned d = 0; d < 2; d++) {
		show_side(fs, c, now, d, f);
		show_half(c, now, d, &f->half[d]);
		if (f->pub.latest_ns[d] > f->pub.last_ns)
			f->pub.last_ns = f->pub.latest_ns[d];
	}
	if (c->head.has_rest)
		show_rest(rest_of(fs, c), f);
}

bool calm_turn(struct flows *fs, uint32_t ref, const struct flow *shown)
{
	struct calm *c = calm_at(fs, ref);
	struct calm_now *now = now_of(fs, c);
	struct calm_rest *rest = rest_of(fs, c);
	uint8_t keeper;
	uint32_t slot_of;
	for (unsigned d = 0; d < 2; d++) {
		now->side[d].packets = 0;
		now->side[d].frame_bytes = 0;
	}
	if (!slots_pack(fs, shown, &keeper, &slot_of))
		return false;
	if (rest == NULL && keeper == NOBODY)
		return true;
	if (rest == NULL && !has_cells(fs, 1))
		return false;
	if (rest == NULL)
		rest = add_rest(fs, c);
	*rest = (struct calm_rest){.now = rest->now, .slot_of = slot_of, .keeper = keeper};
	return true;
}
