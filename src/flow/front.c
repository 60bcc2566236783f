/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/front.h"

#include "flow/cells.h"
#include "flow/life.h"

#include <string.h>

enum { CONTROL = TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK | TCP_URG, SECOND = 1000000000 };

/* Packets of a direction before its flow has a front: opening one costs as much as two or three. */
enum { YOUNG = 5 };

/* Bytes that are told here before the half catches up, so that sequence numbers tell how many. */
#define TOLD_MAX (INT64_C(1) << 30)

/* How far sequence number a lies beyond b (RFC 9293, 3.4). */
static int32_t beyond(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

int front_direction(const struct flow *f, const struct tf_packet *pkt)
{
	const struct front *w = &f->front;
	return w->open && w->plain ? direction_of_v4(w->tail, w->port, pkt)
	                           : key_direction(&f->pub, pkt);
}

/* -- what is usual ---------------------------------------------------------------------------- */

static bool is_usual_kind(const struct tf_packet *pkt)
{
	return (pkt->flags & CONTROL) == TCP_ACK && pkt->cut == 0 && pkt->window != 0 &&
	       !pkt->misheaded;
}

/* It fits into the counters of its side. */
static bool can_be_counted(const struct front_side *own, const struct tf_packet *pkt)
{
	return pkt->wire.captured == pkt->wire.length && pkt->wire.length <= UINT16_MAX &&
	       own->packets < UINT16_MAX;
}

static int64_t latest(const struct front *w)
{
	int64_t a = w->side[0].latest_ns, b = w->side[1].latest_ns;
	return a > b ? a : b;
}

/* It is not older than the one before, nor so late that the connection has ended meanwhile. */
static bool is_in_time(const struct flows *fs, const struct front *w, const struct tf_packet *pkt)
{
	int64_t before = latest(w);
	uint64_t silent = (uint64_t)pkt->ts_ns - (uint64_t)before;
	return pkt->ts_ns >= before && (fs->idle.ns == 0 || silent <= (uint64_t)fs->idle.ns);
}

/* Its bytes, if there are any, are the next ones, within the window and what may be told. */
static bool goes_on(const struct front_side *own, const struct tf_packet *pkt)
{
	if (pkt->payload.n == 0)
		return own->acks;
	return own->speaks && pkt->seq == own->next && beyond(own->edge, own->next) >= 0 &&
	       (int64_t)pkt->payload.n <= beyond(own->until, own->next);
}

/* It acknowledges no less than the one before, and no more than was sent. */
static bool acks_as_usual(const struct front_side *peer, const struct tf_packet *pkt)
{
	return pkt->ack - peer->acked <= peer->next - peer->acked;
}

/* Without both SYNs no timestamp is judged. */
static bool has_usual_options(const struct front *w, const struct front_side *own,
                              const struct tcp_options *o)
{
	return !o->is_signed && (!o->has_stamp || !w->said || beyond(o->stamp, own->stamp) >= 0);
}

/* -> whether its checksum is not wrong, and of a kind that its direction has shown; it is counted
   then. */
static bool sum_is_usual(const struct flows *fs, const struct front_side *own,
                         const struct tf_packet *pkt)
{
	if (fs->checksum == TF_CHECKSUM_IGNORE)
		return true;
	enum checksum what = checksum_of(pkt, own->offloads);
	if (what == CHECKSUM_BAD || (what == CHECKSUM_OFFLOADED && !own->offloads))
		return false;
	if (what == CHECKSUM_GOOD)
		fs->counters->checksums_good++;
	else
		flows_count_checksum(fs->counters, pkt, what);
	return true;
}

/* -- what it changes -------------------------------------------------------------------------- */

static void count_packet(struct front_side *own, const struct tf_packet *pkt)
{
	own->packets++;
	own->frame_bytes += pkt->wire.length;
	own->latest_ns = pkt->ts_ns;
}

/* note_stamp() of gate.c */
static void note_stamp(struct front_side *own, const struct tf_packet *pkt, uint32_t stamp)
{
	if (beyond(pkt->seq, own->acked) > 0 ||
	    beyond(pkt->seq + (uint32_t)pkt->payload.n, own->acked) < 0)
		return;
	own->stamp = stamp;
	own->stamp_s = (uint32_t)(pkt->ts_ns / SECOND);
}

/* reasm_ack(), reasm_window() */
static void note_ack(struct front_side *peer, const struct front_side *own,
                     const struct tf_packet *pkt)
{
	uint32_t edge = pkt->ack + ((uint32_t)pkt->window << own->shift);
	peer->acked = pkt->ack;
	if (beyond(edge, peer->edge) > 0)
		peer->edge = edge;
}

/* Of these `pub` is not to lag behind, or no longer. */
static void count(struct flow *f)
{
	for (unsigned d = 0; d < 2; d++) {
		struct front_side *s = &f->front.side[d];
		f->pub.packets[d] += s->packets;
		f->pub.frame_bytes[d] += s->frame_bytes;
		f->pub.captured[d] += s->frame_bytes;
		f->pub.latest_ns[d] = s->latest_ns;
		s->packets = 0;
		s->frame_bytes = 0;
	}
	f->pub.last_ns = latest(&f->front);
}

bool front_takes(struct flows *fs, struct flow *f, unsigned dir, const struct tf_packet *pkt)
{
	struct front *w = &f->front;
	struct front_side *own = &w->side[dir], *peer = &w->side[!dir];
	if (!is_usual_kind(pkt) || !can_be_counted(own, pkt) || !is_in_time(fs, w, pkt) ||
	    !goes_on(own, pkt) || !acks_as_usual(peer, pkt))
		return false;
	struct tcp_options o = gate_options(pkt);
	if (!has_usual_options(w, own, &o) || !sum_is_usual(fs, own, pkt))
		return false;
	count_packet(own, pkt);
	fs->counters->unjudged_timestamp += o.has_stamp && !w->said && pkt->payload.n > 0;
	if (o.has_stamp && w->stamps)
		note_stamp(own, pkt, o.stamp);
	note_ack(peer, own, pkt);
	f->stand.latest = fs->idle.now;
	f->stand.heard = w->stirs = true;
	if (fs->exact)
		count(f);
	if (pkt->payload.n > 0) {
		struct half *h = &f->half[dir];
		int64_t off = reasm_offset_beyond(h, own->next);
		own->next += (uint32_t)pkt->payload.n;
		reasm_tell(&fs->reasm, h, off, pkt);
	}
	return true;
}

/* -- opening and closing ----------------------------------------------------------------------- */

/* One that has ended, or may, does not stand among those; and in one whose packets all came in one
   frame, none counts as heard. */
static bool is_open_talk(const struct flow *f)
{
	return f->stand.list == FLOW_OPEN && f->stand.heard && !f->rival.known &&
	       !f->gate[0].is_signed && !f->gate[1].is_signed;
}

static bool sums_are_settled(const struct flows *fs, const struct flow *f)
{
	return fs->checksum == TF_CHECKSUM_IGNORE ||
	       (checksums_believed(&f->sums[0]) && checksums_believed(&f->sums[1]));
}

/* A packet that was left out may have been the latest. */
static bool times_agree(const struct tf_flow *p)
{
	return p->last_ns ==
	       (p->latest_ns[0] > p->latest_ns[1] ? p->latest_ns[0] : p->latest_ns[1]);
}

static void open_side(const struct flows *fs, struct flow *f, unsigned d)
{
	const struct half *h = &f->half[d];
	const struct gate_side *own = &f->gate[d];
	const unsigned known = f->history.noted[d] & f->pub.showed[d];
	const uint32_t next = h->base + (uint32_t)h->next;
	f->front.side[d] = (struct front_side){
	        .latest_ns = f->pub.latest_ns[d],
	        .next = next,
	        .acked = h->ack_raw,
	        .edge = h->base + (uint32_t)h->edge,
	        .until = next + (uint32_t)reasm_room(&fs->reasm, h, TOLD_MAX),
	        .stamp = own->stamp,
	        .stamp_s = own->stamp_s,
	        .shift = (uint8_t)gate_shift(own, &f->gate[!d]),
	        .acks = (known & TF_SHOWED_ACK) != 0,
	        .speaks = (known & TF_SHOWED_DATA) != 0,
	        .offloads = f->sums[d].offloading,
	};
}

static void open_key(struct front *w, const struct tf_flow *p)
{
	w->plain = is_plain_v4(p);
	for (unsigned d = 0; d < 2; d++) {
		memcpy(w->tail[d], p->end[d].address.b + V4_AT, V4);
		w->port[d] = p->end[d].port;
	}
}

void front_open(const struct flows *fs, struct flow *f, unsigned dir)
{
	if (!fs->fronts || f->pub.packets[dir] < YOUNG || !is_open_talk(f) ||
	    !reasm_is_straight(&f->half[0]) || !reasm_is_straight(&f->half[1]) ||
	    !sums_are_settled(fs, f) || !times_agree(&f->pub))
		return;
	struct front *w = &f->front;
	const struct gate_side *g = f->gate;
	w->said = g[0].said && g[1].said;
	w->stamps = g[0].stamps && g[1].stamps;
	open_key(w, &f->pub);
	open_side(fs, f, 0);
	open_side(fs, f, 1);
	w->open = true;
}

void front_close(struct flow *f)
{
	if (!f->front.open)
		return;
	f->front.open = false;
	count(f);
	for (unsigned d = 0; d < 2; d++) {
		const struct front_side *s = &f->front.side[d];
		reasm_catch_up(&f->half[d], s->next, s->acked, s->edge);
		f->gate[d].stamp = s->stamp;
		f->gate[d].stamp_s = s->stamp_s;
	}
}
