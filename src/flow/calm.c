/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Most connections that are open at a time say nothing, and what is heard of them is the
 * handshake, then ACKs of nothing (keep-alives and their answers, windows). Such a connection is
 * calm: three cells of fixed form, made from the cell of its SYN when that is answered. Packets
 * of these kinds are taken there, without a struct flow, and with all the effects that they have
 * elsewhere; any other wakes the connection, and one that has been awake is never calm again.
 *
 *	SYN         syn.c
 *	SYN-ACK  -> ANSWERED
 *	ACK of 0 -> OPEN          history gets its `A`
 *	ACK of 1 -> BOTH          and its `a`; more of either side change no stage
 *
 *	struct calm       key, how it began
 *	  more  calm_now    what each packet changes
 *	    more  calm_begun  what few packets change, or none
 *
 * What is not in the cells follows from this being all that came. Of direction d, of which `base`
 * is the sequence number behind its SYN:
 *
 *	C1  no byte, no FIN: next = start = 0, accounts are empty
 *	C2  acked = 0 and ack_raw = base, once the peer's first ACK is in: for direction 0 always,
 *	    for 1 from OPEN on
 *	C3  times do not fall: last_ns is the later one of latest_ns
 *	C4  each packet had a window, no urgent pointer, and a checksum that is not wrong
 *
 * calm_show() makes the flow from that, and tests compare it with one that was awake all the time,
 * after each packet.
 *
 * Bounds: an ACK touches two cells, and the third where there are timestamps, or for the
 * first of its direction. At an end of which no sink hears nothing is made.
 *
 * Choices not taken: doc/adr/0033.
 */
#include "flow/calm.h"

#include "base/error.h"
#include "flow/life.h"

#include <string.h>

enum stage { ANSWERED, OPEN, BOTH };

struct calm {
	struct doze_head head;
	uint8_t address[2][V4];
	uint16_t port[2];
	uint8_t link[2];            /* of each direction's first frame */
	uint8_t shift;              /* of both sides' windows: SHIFT_BITS each */
	uint8_t stage : 2;          /* enum stage */
	uint8_t stamps : 1;         /* both sides have them */
	uint8_t good : 2, card : 2; /* struct checksums: believed, offloading; 1 << direction */
};

struct calm_now {
	uint32_t more;
	uint16_t packets[2];
	uint32_t frame_bytes[2], captured[2];
	uint32_t edge[2]; /* 0: not known */
	uint32_t base[2];
	uint32_t stamp[2];
	int64_t latest_ns[2];
};

struct calm_begun {
	uint32_t more;
	uint32_t stamp_s[2];
	uint32_t connection, nth[2];
	uint32_t slot_of;
	uint8_t keeper;
	uint8_t said[2]; /* side_pack() */
	int64_t began_ns[2];
	uint64_t listed;
};

static_assert(sizeof(struct calm) == CELL && sizeof(struct calm_now) == CELL &&
                      sizeof(struct calm_begun) <= CELL,
              "cells");

enum { SHIFT_BITS = 4, SHIFT_MASK = (1 << SHIFT_BITS) - 1, SECOND = 1000000000 };

static struct calm *calm_at(const struct flows *fs, uint32_t ref)
{
	return cell_at(fs, ref);
}

static struct calm_now *now_of(const struct flows *fs, const struct calm *c)
{
	return slab_at(&fs->cells, c->head.more);
}

static struct calm_begun *begun_of(const struct flows *fs, const struct calm_now *now)
{
	return slab_at(&fs->cells, now->more);
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
	       pkt->window != 0 && !pkt->misheaded;
}

/* It is not older than the one before, nor so late that the connection has ended meanwhile. */
static bool is_in_time(const struct flows *fs, int64_t last_ns, const struct tf_packet *pkt)
{
	uint64_t silent = (uint64_t)pkt->ts_ns - (uint64_t)last_ns;
	return pkt->ts_ns >= last_ns && (fs->idle.ns == 0 || silent <= (uint64_t)fs->idle.ns);
}

/* -> what pkt's checksum is, as it is looked at in flows.c. */
static enum checksum look(const struct flows *fs, const struct tf_packet *pkt, bool offloading)
{
	return fs->checksum == TF_CHECKSUM_IGNORE ? CHECKSUM_UNKNOWN : checksum_of(pkt, offloading);
}

/* One that is not bad, of direction dir. */
static void note_checksum(struct flows *fs, struct calm *c, unsigned dir,
                          const struct tf_packet *pkt, enum checksum what)
{
	bool good = what == CHECKSUM_GOOD || what == CHECKSUM_OFFLOADED;
	if (fs->checksum != TF_CHECKSUM_IGNORE)
		flows_count_checksum(fs->counters, pkt, what);
	c->good = (c->good | (unsigned)good << dir) & 3U;
	c->card = (c->card | (unsigned)(what == CHECKSUM_OFFLOADED) << dir) & 3U;
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
};

static bool is_answer(struct flows *fs, const struct syn *s, uint64_t number,
                      const struct tf_packet *pkt, struct answer *a)
{
	if (!is_bare(pkt, TCP_SYN | TCP_ACK) || pkt->ack != s->isn + 1 || pkt->number == number ||
	    pkt->marks.kind[0] != 0 || !is_in_time(fs, s->ts_ns, pkt) ||
	    s->checksum == CHECKSUM_BAD || fs->cells.count - fs->cells.used < CALM_CELLS - 1)
		return false;
	a->side[0] = side_unpack(s->said, s->stamp, (uint32_t)(s->ts_ns / SECOND));
	a->side[1] = gate_syn(pkt);
	a->link = link_of_frame(fs->links, pkt);
	if (a->side[0].is_signed || a->side[1].is_signed || a->link < 0 ||
	    fs->directions >= UINT32_MAX)
		return false;
	a->checksum = look(fs, pkt, false);
	return a->checksum != CHECKSUM_BAD;
}

static uint8_t shifts(const struct gate_side side[2])
{
	return (uint8_t)(gate_shift(&side[0], &side[1]) | gate_shift(&side[1], &side[0])
	                                                          << SHIFT_BITS);
}

static void fill_first(struct calm *c, const struct syn *s, uint64_t number, const struct answer *a)
{
	*c = (struct calm){
	        .head = {.stand = {.place = s->place, .list = FLOW_EMBRYONIC}, .number = number},
	        .port = {s->port[0], s->port[1]},
	        .link = {s->link, (uint8_t)a->link},
	        .shift = shifts(a->side),
	        .stage = ANSWERED,
	        .stamps = a->side[0].stamps && a->side[1].stamps,
	        .good = s->checksum == CHECKSUM_GOOD || s->checksum == CHECKSUM_OFFLOADED,
	        .card = s->checksum == CHECKSUM_OFFLOADED};
	memcpy(c->address, s->address, sizeof c->address);
}

static void fill_now(struct calm_now *now, const struct syn *s, const struct tf_packet *pkt,
                     const struct answer *a)
{
	uint32_t counted = !s->turned;
	*now = (struct calm_now){.packets = {(uint16_t)counted, 1},
	                         .frame_bytes = {counted * s->length, pkt->wire.length},
	                         .captured = {counted * s->captured, pkt->wire.captured},
	                         .edge = {pkt->window, 0},
	                         .base = {s->isn + 1, pkt->seq + 1},
	                         .stamp = {a->side[0].stamp, a->side[1].stamp},
	                         .latest_ns = {s->ts_ns, pkt->ts_ns}};
}

static void fill_begun(struct flows *fs, struct calm_begun *b, const struct syn *s, uint64_t number,
                       const struct tf_packet *pkt, const struct answer *a)
{
	*b = (struct calm_begun){.stamp_s = {a->side[0].stamp_s, a->side[1].stamp_s},
	                         .connection = s->connection,
	                         .nth = {s->nth, 0},
	                         .slot_of = s->slot_of,
	                         .keeper = s->keeper,
	                         .said = {side_pack(a->side[0]), side_pack(a->side[1])},
	                         .began_ns = {s->ts_ns, pkt->ts_ns},
	                         .listed = FLOWS_TURN(number, 0)};
	if (fs->numbered)
		b->nth[1] = (uint32_t)fs->directions++;
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
	struct calm_begun *begun = slab_take(&fs->cells);
	MUST(now != NULL && begun != NULL); /* is_answer() has looked */
	fill_first(c, &syn, number, &a);
	fill_now(now, &syn, pkt, &a);
	fill_begun(fs, begun, &syn, number, pkt, &a);
	c->head.more = slab_index(&fs->cells, now);
	now->more = slab_index(&fs->cells, begun);
	c->head.stand.hash = pkt->hash;
	note_checksum(fs, c, 1, pkt, a.checksum);
	places_replace(fs, ref, to, pkt->hash);
	idle_place(fs, to, syn.slot);
	heard(fs, &c->head.stand);
	fs->syns--;
	return true;
}

/* -- ACKs ------------------------------------------------------------------------------------ */

/* Also one that repeats the sequence number before the next one (RFC 1122, 4.2.3.6), and has no
   byte for it. */
static bool is_of_now(const struct flows *fs, const struct calm *c, const struct calm_now *now,
                      unsigned dir, const struct tf_packet *pkt)
{
	const int64_t *latest = now->latest_ns;
	return is_bare(pkt, TCP_ACK) && now->base[dir] - pkt->seq <= 1 &&
	       pkt->ack == now->base[!dir] && (dir == 0 || c->stage != ANSWERED) &&
	       is_in_time(fs, latest[0] > latest[1] ? latest[0] : latest[1], pkt) &&
	       now->packets[dir] < UINT16_MAX &&
	       pkt->wire.length <= UINT32_MAX - now->frame_bytes[dir] &&
	       pkt->wire.captured <= UINT32_MAX - now->captured[dir];
}

/* -> whether its options are such that it passes the gate (is_usual() there). */
static bool has_usual_options(const struct calm *c, const struct calm_now *now, unsigned dir,
                              const struct tcp_options *o)
{
	return !o->is_signed &&
	       (!o->has_stamp || (c->stamps && (int32_t)(o->stamp - now->stamp[dir]) >= 0));
}

static void count_packet(struct calm_now *now, unsigned dir, const struct tf_packet *pkt)
{
	now->packets[dir]++;
	now->frame_bytes[dir] += pkt->wire.length;
	now->captured[dir] += pkt->wire.captured;
	now->latest_ns[dir] = pkt->ts_ns;
}

/* note_stamp() of gate.c */
static void note_stamp(const struct flows *fs, struct calm_now *now, unsigned dir,
                       const struct tf_packet *pkt, uint32_t stamp)
{
	if (pkt->seq != now->base[dir])
		return;
	now->stamp[dir] = stamp;
	begun_of(fs, now)->stamp_s[dir] = (uint32_t)(pkt->ts_ns / SECOND);
}

/* From the first ACK on the connection is open: place() of life.c. */
static void move_to_open(struct flows *fs, uint32_t ref, const struct calm_now *now)
{
	list_remove(fs, ref);
	list_add(fs, ref, FLOW_OPEN);
	begun_of(fs, now)->listed = fs->turn;
}

static bool take_ack(struct flows *fs, uint32_t ref, unsigned dir, const struct tf_packet *pkt)
{
	struct calm *c = calm_at(fs, ref);
	struct calm_now *now = now_of(fs, c);
	if (!is_of_now(fs, c, now, dir, pkt))
		return false;
	struct tcp_options o = gate_options(pkt);
	enum checksum checksum = look(fs, pkt, (c->card >> dir & 1) != 0);
	if (!has_usual_options(c, now, dir, &o) || checksum == CHECKSUM_BAD)
		return false;
	note_checksum(fs, c, dir, pkt, checksum);
	count_packet(now, dir, pkt);
	if (o.has_stamp)
		note_stamp(fs, now, dir, pkt, o.stamp);
	uint32_t edge = (uint32_t)pkt->window << (c->shift >> dir * SHIFT_BITS & SHIFT_MASK);
	now->edge[!dir] = edge > now->edge[!dir] ? edge : now->edge[!dir];
	if (c->stage == ANSWERED || (c->stage == OPEN && dir == 1))
		c->stage = (c->stage + 1U) & 3U;
	if (c->head.stand.list != FLOW_OPEN)
		move_to_open(fs, ref, now);
	heard(fs, &c->head.stand);
	return true;
}

bool calm_takes(struct flows *fs, uint32_t ref, unsigned dir, const struct tf_packet *pkt)
{
	if (ref_form(ref) == REF_SYN)
		return dir == 1 && take_answer(fs, ref, pkt);
	return take_ack(fs, ref, dir, pkt);
}

/* -- the flow -------------------------------------------------------------------------------- */

/* As the SYN has left it, but for what the cells say. */
static void prepare(const struct flows *fs, const struct calm *c, const struct calm_now *now,
                    const struct calm_begun *b, struct flow *f)
{
	const struct tf_packet syn = {.src = end_of_v4(c->address[0], c->port[0]),
	                              .dst = end_of_v4(c->address[1], c->port[1]),
	                              .seq = now->base[0] - 1,
	                              .flags = TCP_SYN,
	                              .ts_ns = b->began_ns[0],
	                              .number = c->head.number};
	memset(f, 0, fs->slab.size);
	life_prepare(fs, f, &syn);
	f->stand = c->head.stand;
	f->listed = b->listed;
	f->stirs = f->answered = f->spoke[1] = true;
	if (fs->numbered) {
		f->pub.connection = b->connection;
		f->pub.nth[0] = b->nth[0];
		f->pub.nth[1] = b->nth[1];
	}
	slots_show(b->keeper, b->slot_of, f);
}

/* Letters and facts: whether all was seen by history.c that it would have been shown. */
static void show_history(const struct calm *c, struct flow *f)
{
	const struct tf_packet syn = {.flags = TCP_SYN, .window = 1},
	                       answer = {.flags = TCP_SYN | TCP_ACK, .window = 1},
	                       ack = {.flags = TCP_ACK, .window = 1};
	history_packet(f, 0, &syn, true);
	history_packet(f, 1, &answer, true);
	if (c->stage >= OPEN)
		history_packet(f, 0, &ack, true);
	if (c->stage == BOTH)
		history_packet(f, 1, &ack, true);
}

static void show_side(const struct flows *fs, const struct calm *c, const struct calm_now *now,
                      const struct calm_begun *b, unsigned d, struct flow *f)
{
	link_show(fs, c->link[d], d, f);
	f->pub.began_ns[d] = b->began_ns[d];
	f->pub.latest_ns[d] = now->latest_ns[d];
	f->pub.packets[d] = now->packets[d];
	f->pub.frame_bytes[d] = now->frame_bytes[d];
	f->pub.captured[d] = now->captured[d];
	f->sums[d].balance = (c->good >> d & 1) != 0 ? CHECKSUMS_BELIEVED : 0;
	f->sums[d].offloading = (c->card >> d & 1) != 0;
	f->gate[d] = side_unpack(b->said[d], now->stamp[d], b->stamp_s[d]);
	f->gate[d].acks = d == 1 || c->stage >= OPEN;
}

static void show_half(const struct calm *c, const struct calm_now *now, unsigned d, struct half *h)
{
	h->based = h->isn_known = true;
	h->base = now->base[d];
	if (d == 1 && c->stage == ANSWERED)
		return;
	h->ack_known = true;
	h->ack_raw = now->base[d];
	h->acked = 0;
	h->edge = now->edge[d];
}

void calm_show(const struct flows *fs, const struct doze_head *head, struct flow *f)
{
	const struct calm *c = (const void *)head;
	const struct calm_now *now = now_of(fs, c);
	const struct calm_begun *b = begun_of(fs, now);
	prepare(fs, c, now, b, f);
	show_history(c, f);
	for (unsigned d = 0; d < 2; d++) {
		show_side(fs, c, now, b, d, f);
		show_half(c, now, d, &f->half[d]);
		if (f->pub.latest_ns[d] > f->pub.last_ns)
			f->pub.last_ns = f->pub.latest_ns[d];
	}
}

bool calm_turn(struct flows *fs, uint32_t ref, const struct flow *shown)
{
	struct calm_now *now = now_of(fs, calm_at(fs, ref));
	struct calm_begun *b = begun_of(fs, now);
	for (unsigned d = 0; d < 2; d++)
		now->packets[d] = 0;
	memset(now->frame_bytes, 0, sizeof now->frame_bytes);
	memset(now->captured, 0, sizeof now->captured);
	return slots_pack(fs, shown, &b->keeper, &b->slot_of);
}
