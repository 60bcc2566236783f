/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/gate.h"

#include "flow/flows.h"

#include <stddef.h>

enum { SCALE_MAX = 14, FIXED_HEADER = 20, STAMP_DAYS = 24 };

/* At least so far beyond what was sent lies an ACK that is rejected where it is not known how
   much its sender would have let come. */
#define ACK_REACH ((int64_t)1 << 20)

/* A segment at the gate. */
struct visit {
	struct flows *fs;
	struct flow *f;
	unsigned dir;
	const struct tf_packet *pkt;
	struct tcp_options options;
};

struct tcp_options gate_options(const struct tf_packet *pkt)
{
	if (pkt->header <= FIXED_HEADER)
		return (struct tcp_options){0};
	size_t n = pkt->header - (size_t)FIXED_HEADER;
	return tcp_options_read((struct tf_span){pkt->payload.p - n, n});
}

static bool has_payload(const struct tf_packet *pkt)
{
	return pkt->payload.n > 0 || pkt->cut > 0;
}

/* -- the rules ------------------------------------------------------------------------ */

/* RFC 9293, 3.10.7.4. Who has not sent an ACK so far may be no TCP, but a test. */
static bool lacks_ack(struct visit *v)
{
	const struct tf_packet *pkt = v->pkt;
	if ((pkt->flags & (TCP_ACK | TCP_SYN | TCP_RST)) != 0 ||
	    ((pkt->flags & TCP_FIN) == 0 && !has_payload(pkt)))
		return false;
	const struct gate_side *own = &v->f->gate[v->dir];
	v->fs->counters->unjudged_flags += !own->acks && pkt->payload.n > 0;
	return own->acks;
}

/* Who has set up no key drops what is signed, who has set one up drops what is not. */
static bool is_signed_otherwise(struct visit *v)
{
	const struct gate_side *own = &v->f->gate[v->dir], *peer = &v->f->gate[!v->dir];
	if (v->pkt->header == 0 || (v->pkt->flags & TCP_SYN) != 0)
		return false;
	if (v->options.is_signed)
		return own->said && !own->is_signed;
	return own->is_signed && peer->is_signed && (v->pkt->flags & TCP_RST) == 0;
}

enum { STAMP_SLACK = 1 }; /* Linux lets pass what is older by so much */

/* RFC 7323, 5.3. A reset is not asked for its age. Bytes that the peer has acknowledged
   already have come to it, whatever the order is in which they were captured. */
static bool is_old(struct visit *v)
{
	const struct gate_side *own = &v->f->gate[v->dir];
	const struct half *h = &v->f->half[v->dir];
	const struct tf_packet *pkt = v->pkt;
	bool fin = (pkt->flags & TCP_FIN) != 0;
	if (!v->options.has_stamp || (pkt->flags & (TCP_SYN | TCP_RST)) != 0 ||
	    !(fin || has_payload(pkt)))
		return false;
	if (!own->said || !v->f->gate[!v->dir].said) {
		v->fs->counters->unjudged_timestamp += pkt->payload.n > 0;
		return false;
	}
	if (!own->stamps || !v->f->gate[!v->dir].stamps ||
	    (int32_t)(v->options.stamp - own->stamp) >= -STAMP_SLACK)
		return false;
	uint32_t age_s = (uint32_t)(pkt->ts_ns / 1000000000) - own->stamp_s;
	int64_t end = reasm_offset(h, pkt->seq) + (int64_t)pkt->payload.n + pkt->cut + fin;
	return age_s <= STAMP_DAYS * UINT32_C(86400) && (!h->based || end > h->acked);
}

/* -> whether pkt goes on from the ACK in doubt; a copy of that segment does not. */
static bool is_borne_out(const struct gate_side *own, const struct tf_packet *pkt)
{
	int32_t further = (int32_t)(pkt->ack - own->doubted);
	return own->doubts &&
	       (further > 0 || (further == 0 && pkt->payload.n > 0 && !own->doubted_data));
}

/* Nobody acknowledges more than was sent, and nobody sends more than was offered. After a
   loss both may have grown unseen: then the next ACK is like this one, or beyond it; and while
   the kernel drops packets, no ACK shows that. */
static bool acknowledges_unsent(struct visit *v)
{
	struct gate_side *own = &v->f->gate[v->dir];
	const struct half *sent = &v->f->half[!v->dir];
	const struct tf_packet *pkt = v->pkt;
	if ((pkt->flags & (TCP_ACK | TCP_RST)) != TCP_ACK)
		return false;
	if (!sent->based || !v->f->spoke[!v->dir]) {
		v->fs->counters->unjudged_ack += pkt->payload.n > 0;
		return false;
	}
	int64_t off = reasm_offset(sent, pkt->ack), top = reasm_top(sent);
	if (off <= top + 1 || sent->far != NULL || sent->alt_known)
		return false;
	int64_t limit = sent->edge == REASM_NO_EDGE ? top + ACK_REACH : sent->edge;
	if (off <= (limit > top ? limit : top) + 1 || v->fs->reasm.drops_rising ||
	    is_borne_out(own, pkt)) {
		own->doubts = false;
		return false;
	}
	own->doubts = true;
	own->doubted = pkt->ack;
	own->doubted_data = pkt->payload.n > 0;
	return true;
}

/* In the order in which Linux asks. */
static const struct rule {
	bool (*refuses)(struct visit *v);
	enum tf_reject why;
} rules[] = {
        {is_signed_otherwise, TF_REJECT_SIGNATURE},
        {lacks_ack, TF_REJECT_FLAGS},
        {is_old, TF_REJECT_TIMESTAMP},
        {acknowledges_unsent, TF_REJECT_ACK},
};

/* -- what the rules go by --------------------------------------------------------------- */

static void set_stamp(struct gate_side *s, const struct tcp_options *o, const struct tf_packet *pkt)
{
	s->stamp = o->stamp;
	s->stamp_s = (uint32_t)(pkt->ts_ns / 1000000000);
}

struct gate_side gate_syn(const struct tf_packet *pkt)
{
	struct tcp_options o = gate_options(pkt);
	struct gate_side s = {.said = pkt->header != 0,
	                      .scales = o.has_scale,
	                      .scale = o.scale,
	                      .stamps = o.has_stamp,
	                      .is_signed = o.is_signed};
	set_stamp(&s, &o, pkt);
	return s;
}

/* RFC 7323, 2.2: only when both say so are windows scaled. Where that is not known a window may be
   as large as can be. */
unsigned gate_shift(const struct gate_side *own, const struct gate_side *peer)
{
	if ((own->said && !own->scales) || (peer->said && !peer->scales))
		return 0;
	return own->said && peer->said ? own->scale : SCALE_MAX;
}

/* RFC 7323, 4.3: the timestamp of what the latest ACK waits for. A copy of what lies wholly
   before that is dropped by its receiver, whose clock it does not set. */
static void note_stamp(struct gate_side *own, const struct half *h, const struct tf_packet *pkt,
                       struct tcp_options o)
{
	if ((pkt->flags & TCP_SYN) != 0 || !h->based || (int32_t)(o.stamp - own->stamp) < 0)
		return;
	int64_t off = reasm_offset(h, pkt->seq);
	bool fin = (pkt->flags & TCP_FIN) != 0;
	if (off <= h->acked && off + (int64_t)pkt->payload.n + pkt->cut + fin >= h->acked)
		set_stamp(own, &o, pkt);
}

void gate_note_syn(struct flow *f, unsigned dir, const struct tf_packet *pkt)
{
	bool acks = f->gate[dir].acks;
	f->gate[dir] = gate_syn(pkt);
	f->gate[dir].acks = acks;
}

void gate_note_ack(struct flows *fs, struct flow *f, unsigned dir, const struct tf_packet *pkt)
{
	struct gate_side *own = &f->gate[dir], *peer = &f->gate[!dir];
	bool syn = (pkt->flags & TCP_SYN) != 0; /* windows of those are never scaled */
	own->acks = true;
	if (f->half[!dir].based)
		reasm_window(&fs->reasm, &f->half[!dir], pkt->ack,
		             (int64_t)pkt->window << (syn ? 0 : gate_shift(own, peer)));
}

/* -- at the gate -------------------------------------------------------------------------- */

/* -> whether pkt is like most: no rule but that of the ACK can have anything against it. */
static bool is_usual(const struct gate_side *own, const struct gate_side *peer,
                     const struct tf_packet *pkt, struct tcp_options o)
{
	if ((pkt->flags & (TCP_ACK | TCP_SYN | TCP_RST)) != TCP_ACK || own->is_signed ||
	    o.is_signed)
		return false;
	return !o.has_stamp || (own->said && peer->said && (int32_t)(o.stamp - own->stamp) >= 0);
}

/* -> whether the rule of the ACK has nothing to ask. */
static bool acks_as_usual(struct flows *fs, const struct flow *f, unsigned dir,
                          const struct tf_packet *pkt)
{
	const struct half *sent = &f->half[!dir];
	if (sent->based && f->spoke[!dir])
		return reasm_offset(sent, pkt->ack) <= sent->next + 1;
	fs->counters->unjudged_ack += pkt->payload.n > 0;
	return true;
}

/* Not inlined: most segments do without, and without its room on the stack. */
static __attribute__((noinline)) int ask_all(struct flows *fs, struct flow *f, unsigned dir,
                                             const struct tf_packet *pkt, struct tcp_options o)
{
	struct visit v = {.fs = fs, .f = f, .dir = dir, .pkt = pkt, .options = o};
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
		if (rules[i].refuses(&v))
			return (int)rules[i].why;
	return GATE_PASSES;
}

int gate_judge(struct flows *fs, struct flow *f, unsigned dir, const struct tf_packet *pkt)
{
	struct gate_side *own = &f->gate[dir], *peer = &f->gate[!dir];
	struct tcp_options o = {0};
	if (pkt->header > FIXED_HEADER)
		o = gate_options(pkt);
	int why = GATE_PASSES;
	if (!is_usual(own, peer, pkt, o) || !acks_as_usual(fs, f, dir, pkt))
		why = ask_all(fs, f, dir, pkt, o);
	if (why == GATE_PASSES && o.has_stamp && own->stamps && peer->stamps)
		note_stamp(own, &f->half[dir], pkt, o);
	return why;
}

size_t gate_counter(enum tf_reject why)
{
	static const size_t counter[TF_REJECTS] = {
	        [TF_REJECT_CHECKSUM] = offsetof(struct tf_counters, checksums_rejected),
	        [TF_REJECT_FLAGS] = offsetof(struct tf_counters, rejected_flags),
	        [TF_REJECT_SIGNATURE] = offsetof(struct tf_counters, rejected_signature),
	        [TF_REJECT_TIMESTAMP] = offsetof(struct tf_counters, rejected_timestamp),
	        [TF_REJECT_ACK] = offsetof(struct tf_counters, rejected_ack),
	        [TF_REJECT_SYN_DATA] = offsetof(struct tf_counters, rejected_syn_data),
	        [TF_REJECT_SYN] = offsetof(struct tf_counters, syn_ignored),
	        [TF_REJECT_SYNACK] = offsetof(struct tf_counters, synack_ignored),
	        [TF_REJECT_RST] = offsetof(struct tf_counters, bytes_rejected),
	        [TF_REJECT_URGENT] = offsetof(struct tf_counters, bytes_urgent),
	        [TF_REJECT_OUTSIDE] = offsetof(struct tf_counters, bytes_outside),
	        [TF_REJECT_AFTER_CLOSE] = offsetof(struct tf_counters, bytes_after_close),
	};
	return counter[why];
}
