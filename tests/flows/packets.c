/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A packet line into a frame. Each side is modelled as far as its peer's kernel
 * would know it, so that a script need not say sequence and ACK numbers: a packet
 * goes to the sender's next sequence number, and acknowledges what came from the
 * other side without a hole.
 */
#include "script.h"

#include "lib/pcapfile.h"
#include "model/packet.h"

#include <stdlib.h>
#include <string.h>

#define STEP_NS 1000000
#define WINDOW  65535

/* The packet being written down. */
struct segment {
	struct side *from, *to;
	struct content content;
	struct build build;
	uint8_t add, clear; /* flags */
	bool syn, fin, keepalive;
	bool isn_given, seq_given, ack_given, flags_given;
	bool has_at, has_ack_at;
	int64_t at, ack_at;
	uint32_t isn;
	uint32_t cut;
	uint8_t option[40];
	size_t options; /* bytes of it in use */
};

static int64_t ranged(struct reader *r, int64_t max)
{
	int64_t n = reader_number(r);
	if (n < 0 || n > max)
		reader_fail(r, "%lld is not within 0 and %lld", (long long)n, (long long)max);
	return n;
}

/* "@N" behind fin, rst. */
static void place(struct reader *r, struct segment *g)
{
	if (reader_take(r, "@")) {
		g->has_at = true;
		g->at = reader_number(r);
	}
}

static void item_syn(struct reader *r, struct segment *g)
{
	g->syn = true;
	g->add |= TCP_SYN;
	g->clear |= TCP_ACK | TCP_PSH;
	g->isn_given = reader_has_number(r);
	if (g->isn_given)
		g->isn = (uint32_t)ranged(r, UINT32_MAX);
}

static void item_synack(struct reader *r, struct segment *g)
{
	item_syn(r, g);
	g->clear = TCP_PSH;
}

static void item_fin(struct reader *r, struct segment *g)
{
	g->fin = true;
	g->add |= TCP_FIN;
	place(r, g);
}

static void item_rst(struct reader *r, struct segment *g)
{
	g->add |= TCP_RST;
	place(r, g);
}

static void item_ack(struct reader *r, struct segment *g)
{
	if (reader_take(r, "@")) {
		g->has_ack_at = true;
		g->ack_at = reader_number(r);
	} else if (reader_has_number(r)) {
		g->ack_given = true;
		g->build.ack = (uint32_t)ranged(r, UINT32_MAX);
	}
}

static void item_noack(struct reader *r, struct segment *g)
{
	(void)r;
	g->clear |= TCP_ACK;
}

static void item_keepalive(struct reader *r, struct segment *g)
{
	(void)r;
	g->keepalive = true;
	g->clear |= TCP_PSH;
}

static void item_seq(struct reader *r, struct segment *g)
{
	g->seq_given = true;
	g->build.seq = (uint32_t)ranged(r, UINT32_MAX);
}

static void item_win(struct reader *r, struct segment *g)
{
	g->build.window = (uint16_t)ranged(r, UINT16_MAX);
}

/* An option of TCP; NOPs stand before it, so that the words stay whole. */
static void add_option(struct reader *r, struct segment *g, uint8_t kind, const uint8_t *value,
                       size_t n)
{
	size_t size = n + 2, nops = (4 - size % 4) % 4;
	if (g->options + nops + size > sizeof(g->option)) {
		reader_fail(r, "more options than a header can hold");
		return;
	}
	memset(g->option + g->options, 1, nops);
	g->options += nops;
	g->option[g->options++] = kind;
	g->option[g->options++] = (uint8_t)size;
	if (n > 0)
		memcpy(g->option + g->options, value, n);
	g->options += n;
}

static void item_scale(struct reader *r, struct segment *g)
{
	uint8_t shift = (uint8_t)ranged(r, UINT8_MAX);
	add_option(r, g, 3, &shift, 1);
}

static void item_stamp(struct reader *r, struct segment *g)
{
	uint32_t stamp = (uint32_t)ranged(r, UINT32_MAX);
	uint8_t value[8] = {(uint8_t)(stamp >> 24), (uint8_t)(stamp >> 16), (uint8_t)(stamp >> 8),
	                    (uint8_t)stamp};
	add_option(r, g, 8, value, sizeof(value));
}

static void item_md5(struct reader *r, struct segment *g)
{
	static const uint8_t value[16] = {0xab, 0xcd};
	add_option(r, g, 19, value, sizeof(value));
}

static void item_cookie(struct reader *r, struct segment *g)
{
	static const uint8_t value[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	add_option(r, g, 34, value, sizeof(value));
}

/* The flag, and the pointer. */
static void item_urgent(struct reader *r, struct segment *g)
{
	g->add |= TCP_URG;
	g->build.urgent = (uint16_t)ranged(r, UINT16_MAX);
}

static void item_ttl(struct reader *r, struct segment *g)
{
	g->build.ttl = (uint8_t)ranged(r, UINT8_MAX);
}

static void item_sum(struct reader *r, struct segment *g)
{
	static const char *const words[] = {
	        [BUILD_GOOD] = "good", [BUILD_PSEUDO] = "pseudo", [BUILD_SIZELESS] = "sizeless",
	        [BUILD_ZERO] = "zero", [BUILD_BAD] = "bad",
	};
	char word[16];
	reader_word(r, word, sizeof(word));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i]) == 0) {
			g->build.checksum = (enum build_checksum)i;
			return;
		}
	}
	reader_fail(r, "'%s' is no kind of checksum", word);
}

static void item_cut(struct reader *r, struct segment *g)
{
	g->cut = (uint32_t)ranged(r, UINT16_MAX);
}

static void item_pad(struct reader *r, struct segment *g)
{
	g->build.padding = (size_t)ranged(r, 100);
}

static void item_vlan(struct reader *r, struct segment *g)
{
	script_vlans(r, g->build.vlan);
}

static void item_flags(struct reader *r, struct segment *g)
{
	static const char letters[] = "FSRPAU";
	char word[16];
	reader_word(r, word, sizeof(word));
	g->flags_given = true;
	for (const char *c = word; *c != '\0'; c++) {
		const char *p = strchr(letters, *c);
		if (p == NULL)
			reader_fail(r, "'%c' is no flag (%s are)", *c, letters);
		else
			g->build.flags = (uint8_t)(g->build.flags | 1U << (p - letters));
	}
}

static const struct item {
	const char *word;
	void (*read)(struct reader *r, struct segment *g);
} items[] = {
        {"syn", item_syn},
        {"synack", item_synack},
        {"fin", item_fin},
        {"rst", item_rst},
        {"ack", item_ack},
        {"noack", item_noack},
        {"keepalive", item_keepalive},
        {"seq", item_seq},
        {"win", item_win},
        {"urgent", item_urgent},
        {"scale", item_scale},
        {"stamp", item_stamp},
        {"md5", item_md5},
        {"cookie", item_cookie},
        {"ttl", item_ttl},
        {"sum", item_sum},
        {"cut", item_cut},
        {"pad", item_pad},
        {"vlan", item_vlan},
        {"flags", item_flags},
};

static void read_item(struct reader *r, struct segment *g)
{
	if (content_follows(r)) {
		if (g->content.terms > 0)
			reader_fail(r, "the payload is written in one go");
		content_read(r, &g->content);
		return;
	}
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		if (reader_take(r, items[i].word)) {
			items[i].read(r, g);
			return;
		}
	}
	reader_fail(r, "'%s' is nothing that a packet has", r->token.text);
}

/* -- what the peer knows ----------------------------------------------------- */

static void side_extend(struct side *a)
{
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < a->sents; i++) {
			if (a->sent[i].start <= a->have && a->sent[i].end > a->have) {
				a->have = a->sent[i].end;
				more = true;
			}
		}
	}
	if (a->fin_sent && a->have > a->fin)
		a->have = a->fin;
}

static void side_sent(struct side *a, int64_t start, int64_t end)
{
	if (a->high < end)
		a->high = end;
	if (!a->started)
		a->have = start;
	a->started = true;
	a->sent = realloc(a->sent, (a->sents + 1) * sizeof(*a->sent));
	if (a->sent == NULL)
		abort();
	a->sent[a->sents++] = (struct stretch){start, end};
	side_extend(a);
}

/* Another ISN: a new connection, of which nothing was sent yet. */
static void side_syn(struct side *a, struct side *peer, uint32_t isn)
{
	if (a->base != isn + 1) {
		a->base = isn + 1;
		a->high = a->have = 0;
		a->sents = 0;
		a->fin_sent = a->started = false;
		peer->acked = INT64_MIN;
	}
	a->started = true;
}

static void side_fin(struct side *a, int64_t at)
{
	if (!a->fin_sent) {
		a->fin_sent = true;
		a->fin = at;
	}
	if (!a->started)
		a->have = at;
	a->started = true;
	a->high = a->high < at ? at : a->high;
	side_extend(a);
}

static int64_t side_next(const struct side *a)
{
	return a->high + (a->fin_sent && a->high == a->fin);
}

static int64_t peer_acks(const struct side *from, const struct side *to)
{
	int64_t have = to->have + (to->fin_sent && to->have == to->fin);
	return have > from->acked ? have : from->acked;
}

/* -- the frame ---------------------------------------------------------------- */

static int64_t offset_of(const struct segment *g)
{
	return g->content.has_at             ? g->content.at
	       : g->has_at                   ? g->at
	       : g->syn                      ? 0
	       : g->keepalive                ? g->from->high - 1
	       : g->fin && g->from->fin_sent ? g->from->fin
	                                     : side_next(g->from);
}

static void set_flags(struct segment *g)
{
	unsigned flags = TCP_ACK | (content_size(&g->content) ? TCP_PSH : 0);
	if (!g->flags_given)
		g->build.flags = (uint8_t)((flags | g->add) & ~(unsigned)g->clear);
}

static void set_numbers(struct segment *g, int64_t at)
{
	struct side *from = g->from, *to = g->to;
	if (!g->seq_given)
		g->build.seq = from->base + (uint32_t)at - g->syn;
	if (g->has_ack_at && from->acked < g->ack_at)
		from->acked = g->ack_at;
	if (!g->ack_given && g->build.flags & TCP_ACK)
		g->build.ack =
		        to->base + (uint32_t)(g->has_ack_at ? g->ack_at : peer_acks(from, to));
}

static void note_sent(struct segment *g, int64_t at)
{
	int64_t n = (int64_t)content_size(&g->content);
	if (g->seq_given || g->flags_given || g->build.checksum == BUILD_BAD)
		return;
	if (n > 0 && !g->keepalive)
		side_sent(g->from, at, at + n);
	if (g->fin)
		side_fin(g->from, at + n);
}

static void add_frame(struct script *s, struct reader *r, const struct segment *g)
{
	uint8_t *bytes = malloc(BUILD_ROOM);
	s->frame = realloc(s->frame, (s->frames + 1) * sizeof(*s->frame));
	if (bytes == NULL || s->frame == NULL)
		abort();
	size_t n = build_frame(&g->build, bytes, BUILD_ROOM);
	if (n == 0)
		reader_fail(r, "no packet can hold that");
	if (g->cut > g->build.payload.n || (g->cut > 0 && g->build.padding > 0))
		reader_fail(r, "cut goes beyond the payload");
	const struct tf_frame *before = s->frames ? &s->frame[s->frames - 1] : NULL;
	s->frame[s->frames] = (struct tf_frame){
	        .bytes = bytes,
	        .captured = (uint32_t)n - (r->failed ? 0 : g->cut),
	        .length = (uint32_t)n,
	        .ts_ns = s->now_ns,
	        .link_type = BUILD_LINK_TYPE,
	        .number = s->frames + 1,
	        .position = PCAPFILE_RECORD +
	                    (before ? before->position + before->captured : PCAPFILE_HEAD),
	};
	s->frames++;
	s->now_ns += STEP_NS;
}

static void send_segment(struct script *s, struct reader *r, struct segment *g)
{
	static uint8_t payload[1 << 20];
	if (g->syn && g->build.checksum == BUILD_BAD) {
		g->seq_given = true;
		g->build.seq = g->isn_given ? g->isn : g->from->base - 1;
	} else if (g->syn) {
		side_syn(g->from, g->to, g->isn_given ? g->isn : g->from->base - 1);
	}
	int64_t at = offset_of(g);
	size_t n = content_size(&g->content);
	if (n > BUILD_ROOM) {
		reader_fail(r, "no packet can hold %zu bytes", n);
		return;
	}
	content_fill(&g->content, at, payload);
	g->build.payload = (struct tf_span){payload, n};
	g->build.options = (struct tf_span){g->option, g->options};
	set_flags(g);
	set_numbers(g, at);
	add_frame(s, r, g);
	note_sent(g, at);
}

/* "> base N" sends nothing. */
static void set_base(struct reader *r, struct side *a)
{
	a->base = (uint32_t)ranged(r, UINT32_MAX);
	reader_end(r);
}

void script_packet(struct script *s, struct reader *r, struct script_flow *f)
{
	static struct segment g;
	int sender = reader_is(r, "<");
	reader_next(r);
	if (reader_take(r, "base")) {
		set_base(r, &f->side[sender]);
		return;
	}
	g = (struct segment){.from = &f->side[sender], .to = &f->side[!sender]};
	g.build.src = g.from->end;
	g.build.dst = g.to->end;
	g.build.window = WINDOW;
	memcpy(g.build.vlan, f->vlan, sizeof(f->vlan));
	while (r->token.kind != TOKEN_END)
		read_item(r, &g);
	if (!r->failed)
		send_segment(s, r, &g);
}
