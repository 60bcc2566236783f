/* SPDX-License-Identifier: BSD-3-Clause */
/* Facts and letters of a connection: see history.h. Zeek gives each letter again when its
   sequence number has changed (s, h, f, r); here those are given once. */
#include "flow/flows.h"

#include <string.h>

/* -- letters ------------------------------------------------------------------- */

enum { LOWER = 'a' - 'A' };

static void add(struct flow *f, char letter)
{
	size_t n = strlen(f->pub.history);
	if (n + 1 < sizeof f->pub.history)
		f->pub.history[n] = letter;
}

/* upper: what the originator's letter is */
static void add_of(struct flow *f, unsigned dir, char upper)
{
	add(f, (char)(dir == f->pub.originator ? upper : upper + LOWER));
}

/* As it turns out, dir has opened the connection: letters change sides. */
static void set_originator(struct flow *f, unsigned dir)
{
	if (f->pub.originator == dir)
		return;
	f->pub.originator = (uint8_t)dir;
	for (char *c = f->pub.history; *c != '\0'; c++)
		if (*c != '^')
			*c = (char)(*c ^ LOWER);
	add(f, '^');
}

void history_again(struct flow *f, unsigned dir, enum history_often what)
{
	static const char upper[HISTORY_OFTEN] = {[HISTORY_CHECKSUM] = 'C',
	                                          [HISTORY_GAP] = 'G',
	                                          [HISTORY_AGAIN] = 'T',
	                                          [HISTORY_WINDOW] = 'W'};
	uint16_t *times = &f->history.times[dir][what];
	*times = (uint16_t)(*times + (*times < UINT16_MAX));
	unsigned rest = *times;
	while (rest % 10 == 0)
		rest /= 10;
	if (rest == 1)
		add_of(f, dir, upper[what]);
}

/* What of a segment counts for its letter. */
enum { CONTROL = TCP_FIN | TCP_SYN | TCP_RST };

static bool has_payload(const struct tf_packet *pkt)
{
	return pkt->payload.n > 0 || pkt->cut > 0;
}

/* A segment's letter, and the bit by which it is remembered. */
struct letter {
	char upper;
	uint8_t bit;
};

static struct letter letter_of(const struct tf_packet *pkt)
{
	static const struct letter control[CONTROL + 1] = {
	        [TCP_FIN] = {'F', TF_SHOWED_FIN},          [TCP_SYN] = {'S', TF_SHOWED_SYN},
	        [TCP_RST] = {'R', TF_SHOWED_RST},          [TCP_SYN | TCP_FIN] = {'Q', 128},
	        [TCP_SYN | TCP_RST] = {'Q', 128},          [TCP_FIN | TCP_RST] = {'I', 64},
	        [TCP_FIN | TCP_SYN | TCP_RST] = {'I', 64},
	};
	bool ack = (pkt->flags & TCP_ACK) != 0;
	if ((pkt->flags & CONTROL) == TCP_SYN && ack)
		return (struct letter){'H', TF_SHOWED_SYNACK};
	if ((pkt->flags & CONTROL) != 0)
		return control[pkt->flags & CONTROL];
	return has_payload(pkt) ? (struct letter){'D', TF_SHOWED_DATA}
	       : ack            ? (struct letter){'A', TF_SHOWED_ACK}
	                        : (struct letter){0};
}

/* A closed window says something while the peer may send, and its owner is there. */
static bool closes_window(const struct flow *f, unsigned dir, const struct tf_packet *pkt)
{
	return pkt->window == 0 && (pkt->flags & TCP_RST) == 0 &&
	       (f->pub.showed[dir] & TF_SHOWED_RST) == 0 && f->half[!dir].fin == REASM_NO_FIN;
}

/* -- facts --------------------------------------------------------------------- */

/* Whose SYN came first has opened the connection; else the one who was answered. */
static void tell_roles(struct flow *f, unsigned dir, const struct tf_packet *pkt)
{
	const uint8_t *showed = f->pub.showed;
	if ((pkt->flags & CONTROL) != TCP_SYN || (showed[!dir] & TF_SHOWED_SYN) != 0)
		return;
	if ((pkt->flags & TCP_ACK) == 0)
		set_originator(f, dir);
	else if ((showed[dir] & TF_SHOWED_SYN) == 0)
		set_originator(f, !dir);
}

void history_begin(struct flow *f, const struct tf_packet *pkt)
{
	tell_roles(f, 0, pkt);
}

/* Of FIN and RST life.c knows more. */
static uint8_t facts_of(const struct tf_packet *pkt)
{
	unsigned control = pkt->flags & CONTROL;
	bool ack = (pkt->flags & TCP_ACK) != 0;
	if ((control & TCP_RST) != 0)
		return 0;
	return (uint8_t)((control == TCP_SYN ? ack ? TF_SHOWED_SYNACK : TF_SHOWED_SYN : 0) |
	                 ((control & TCP_SYN) == 0 && ack ? TF_SHOWED_ACK : 0) |
	                 (has_payload(pkt) ? TF_SHOWED_DATA : 0));
}

void history_packet(struct flow *f, unsigned dir, const struct tf_packet *pkt, bool taken)
{
	struct letter letter = letter_of(pkt);
	if (taken) {
		tell_roles(f, dir, pkt);
		f->pub.showed[dir] |= facts_of(pkt);
	}
	if ((f->history.noted[dir] & letter.bit) == 0 && letter.bit != 0)
		add_of(f, dir, letter.upper);
	f->history.noted[dir] |= letter.bit;
	if (closes_window(f, dir, pkt))
		history_again(f, dir, HISTORY_WINDOW);
}

/* -- conn_state ------------------------------------------------------------------- */

enum {
	SYN = TF_SHOWED_SYN,
	ACK = TF_SHOWED_ACK,
	DATA = TF_SHOWED_DATA,
	FIN = TF_SHOWED_FIN,
	RST = TF_SHOWED_RST,
	ANSWER = TF_SHOWED_SYNACK,
	OPEN = 64, /* has a part in a handshake: derived */
	OTHERS = SYN | ANSWER | DATA | FIN | RST
};

/* The first row that fits is the state: each side has shown all of `has` and nothing of
   `lacks`; [0] is the originator. */
static const struct state {
	const char *word;
	uint8_t has[2], lacks[2];
} states[] = {
        {"SF", {FIN, FIN}, {0, 0}},
        {"REJ", {SYN, RST}, {FIN | RST, SYN | ANSWER}},
        {"REJ", {RST, RST}, {DATA, DATA}},
        {"RSTRH", {0, RST}, {OPEN | FIN | RST, 0}},
        {"RSTR", {0, RST}, {0, 0}},
        {"RSTOS0", {SYN | RST, 0}, {ACK | FIN, OPEN | FIN}},
        {"OTH", {RST, 0}, {0, OPEN | FIN}},
        {"RSTO", {RST, 0}, {0, 0}},
        {"SH", {FIN, 0}, {0, OPEN}},
        {"S2", {FIN, 0}, {0, 0}},
        {"SHR", {0, FIN}, {OPEN, 0}},
        {"S3", {0, FIN}, {0, 0}},
        {"S0", {SYN, 0}, {0, OTHERS}},
        {"S1", {OPEN, OPEN}, {0, 0}},
        {"OTH", {0, 0}, {0, 0}}, /* fits always */
};

/* A SYN that was not captured is borne out by its answer, and by what came after that. */
static unsigned facts(const struct tf_flow *flow, unsigned dir)
{
	unsigned own = flow->showed[dir], peer = flow->showed[!dir];
	bool open =
	        (own & (SYN | ANSWER)) != 0 || ((peer & ANSWER) != 0 && (own & (ACK | DATA)) != 0);
	return own | (open ? OPEN : 0);
}

const char *tf_conn_state(const struct tf_flow *flow)
{
	unsigned o = facts(flow, flow->originator), r = facts(flow, !flow->originator);
	const struct state *s = states;
	while ((o & s->has[0]) != s->has[0] || (r & s->has[1]) != s->has[1] ||
	       (o & s->lacks[0]) != 0 || (r & s->lacks[1]) != 0)
		s++;
	return s->word;
}
