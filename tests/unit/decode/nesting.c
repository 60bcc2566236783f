/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random stacks of tunnels, built from the inside out: each wrapper puts a header before
 * what is there and knows how many layers it costs, which ids it leaves, and what it
 * makes (an IP packet or an Ethernet frame). The decoder must find the segment with
 * these ids, or say that the stack is too deep, as the numbers tell.
 */
#include "frames.h"

enum { STACKS = 20000, DEPTH_MAX = 14, ROOM = 4000, HEADERS_MAX = 32 };

enum form { IP, ETHER };

struct stack {
	uint8_t b[ROOM];
	size_t at; /* the bytes are b[at, ROOM) */
	enum form form;
	bool ip6; /* of an IP packet */
	unsigned layers, vlans, nets;
	uint16_t vlan[64]; /* innermost first */
	uint32_t net[64];
	unsigned marks;
	struct {
		enum tf_mark kind;
		uint32_t number;
	} mark[128];
};

static uint64_t seed = 1;

static uint32_t draw(uint32_t below)
{
	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(seed >> 33) % below;
}

/* -- headers ------------------------------------------------------------------------- */

static uint8_t *push(struct stack *s, size_t n)
{
	assert_true(s->at >= n);
	s->at -= n;
	memset(s->b + s->at, 0, n);
	return s->b + s->at;
}

static void be16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void be32(uint8_t *p, uint32_t v)
{
	be16(p, v >> 16);
	be16(p + 2, v & 0xffff);
}

static void push_ether(struct stack *s, unsigned type)
{
	uint8_t *p = push(s, 14);
	memset(p, 0xee, 12);
	be16(p + 12, type);
	s->layers++;
	s->form = ETHER;
}

static void push_ip(struct stack *s, unsigned protocol)
{
	size_t n = ROOM - s->at;
	s->form = IP;
	s->ip6 = draw(2) != 0;
	s->layers++;
	uint8_t *p = push(s, s->ip6 ? 40 : 20);
	if (s->ip6) {
		p[0] = 0x60;
		be16(p + 4, n);
		p[6] = (uint8_t)protocol;
		p[7] = 9;
		return;
	}
	p[0] = 0x45;
	be16(p + 2, n + 20);
	p[8] = 9;
	p[9] = (uint8_t)protocol;
}

static void push_udp(struct stack *s, unsigned port)
{
	size_t n = ROOM - s->at;
	uint8_t *p = push(s, 8);
	be16(p, 50000);
	be16(p + 2, port);
	be16(p + 4, n + 8);
	s->layers++;
	push_ip(s, 17);
}

static void add_net_id(struct stack *s, unsigned kind, uint32_t id)
{
	s->net[s->nets++] = kind << 24 | id;
}

static uint32_t mark(struct stack *s, enum tf_mark kind, uint32_t number)
{
	s->mark[s->marks].kind = kind;
	s->mark[s->marks++].number = number;
	return number;
}

static unsigned ethertype(const struct stack *s)
{
	return s->ip6 ? 0x86dd : 0x0800;
}

/* -- wrappers ------------------------------------------------------------------------ */

static void in_ether(struct stack *s)
{
	push_ether(s, ethertype(s));
}

static void in_ip(struct stack *s)
{
	push_ip(s, s->ip6 ? 41 : 4);
}

static void in_gre(struct stack *s)
{
	bool keyed = draw(2) != 0;
	uint8_t *p = push(s, keyed ? 8 : 4);
	be16(p + 2, ethertype(s));
	if (keyed) {
		p[0] = 0x20;
		be32(p + 4, mark(s, TF_MARK_GRE, draw(UINT32_MAX)));
	}
	s->layers++;
	push_ip(s, 47);
}

static void in_mpls(struct stack *s)
{
	unsigned labels = 1 + draw(4);
	for (unsigned i = 0; i < labels; i++)
		be32(push(s, 4), mark(s, TF_MARK_MPLS, 100 + i) << 12 | (i == 0 ? 0x100 : 0));
	s->layers++;
	push_ether(s, 0x8847);
}

static void in_pppoe(struct stack *s)
{
	size_t n = ROOM - s->at;
	uint8_t *p = push(s, 8);
	p[0] = 0x11;
	be16(p + 4, n + 2);
	be16(p + 6, s->ip6 ? 0x57 : 0x21);
	s->layers += 2;
	push_ether(s, 0x8864);
}

static void in_l2tp(struct stack *s)
{
	uint8_t *p = push(s, 10);
	be16(p, 2);
	be16(p + 6, 0xff03);
	be16(p + 8, s->ip6 ? 0x57 : 0x21);
	s->layers += 2;
	push_udp(s, 1701);
}

static void in_gtp(struct stack *s)
{
	size_t n = ROOM - s->at;
	uint8_t *p = push(s, 8);
	be16(p, 0x30ff);
	be16(p + 2, n);
	be32(p + 4, mark(s, TF_MARK_GTP, draw(UINT32_MAX)));
	s->layers++;
	push_udp(s, 2152);
}

static void in_lisp(struct stack *s)
{
	push(s, 8);
	s->layers++;
	push_udp(s, 4341);
}

static void in_geneve_ip(struct stack *s)
{
	uint32_t id = draw(1 << 24);
	uint8_t *p = push(s, 16);
	p[0] = 2;
	be16(p + 2, ethertype(s));
	be32(p + 4, id << 8);
	add_net_id(s, 2, id);
	s->layers++;
	push_udp(s, 6081);
}

static void in_nsh(struct stack *s)
{
	uint8_t *p = push(s, 8);
	be16(p, 0x0fc2);
	be16(p + 2, s->ip6 ? 0x0202 : 0x0201);
	s->layers++;
	push_ether(s, 0x894f);
}

/* An Ethernet frame's type moves behind a tag. */
static void in_tag(struct stack *s)
{
	uint16_t id = (uint16_t)(1 + draw(4094));
	push(s, 4);
	memmove(s->b + s->at, s->b + s->at + 4, 12);
	be16(s->b + s->at + 12, draw(2) ? 0x8100 : 0x88a8);
	be16(s->b + s->at + 14, id);
	s->vlan[s->vlans++] = id;
}

static void in_vxlan(struct stack *s)
{
	uint32_t id = draw(1 << 24);
	uint8_t *p = push(s, 8);
	p[0] = 8;
	be32(p + 4, id << 8);
	add_net_id(s, 1, id);
	s->layers++;
	push_udp(s, draw(2) ? 4789 : 8472);
}

/* The lowest ids are reserved: then it is Ethernet in GRE with a key. */
static void in_nvgre(struct stack *s)
{
	uint32_t id = draw(2) ? draw(1 << 24) : draw(0x2000);
	uint32_t key = id << 8 | draw(256);
	uint8_t *p = push(s, 8);
	be32(p, 0x20006558);
	be32(p + 4, key);
	if (id < 0x1000)
		mark(s, TF_MARK_GRE, key);
	else
		add_net_id(s, 3, id);
	s->layers++;
	push_ip(s, 47);
}

static void in_etherip(struct stack *s)
{
	be16(push(s, 2), 0x3000);
	s->layers++;
	push_ip(s, 97);
}

static void in_erspan(struct stack *s)
{
	uint8_t *p = push(s, 16);
	be32(p, 0x100088be);
	p[8] = 0x10;
	s->layers += 2;
	push_ip(s, 47);
}

static void in_backbone(struct stack *s)
{
	push(s, 4);
	s->layers++;
	push_ether(s, 0x88e7);
}

static void in_pseudowire(struct stack *s)
{
	be32(push(s, 8), mark(s, TF_MARK_MPLS, 100) << 12 | 0x100);
	s->layers++;
	push_ether(s, 0x8847);
}

static void (*const ip_wrappers[])(struct stack *s) = {
        in_ether, in_ip, in_gre, in_mpls, in_pppoe, in_l2tp, in_gtp, in_lisp, in_geneve_ip, in_nsh};
static void (*const ether_wrappers[])(struct stack *s) = {
        in_tag, in_vxlan, in_nvgre, in_etherip, in_erspan, in_backbone, in_pseudowire};

static void wrap(struct stack *s)
{
	if (s->form == IP)
		ip_wrappers[draw(sizeof ip_wrappers / sizeof *ip_wrappers)](s);
	else
		ether_wrappers[draw(sizeof ether_wrappers / sizeof *ether_wrappers)](s);
}

/* -- the property --------------------------------------------------------------------- */

static void begin(struct stack *s)
{
	struct build f = {.link = 101};
	memset(s, 0, sizeof *s);
	s->ip6 = draw(2) != 0;
	if (s->ip6)
		put_ip6(&f, 6, 25);
	else
		put_ip4(&f, 6, 25);
	put_tcp(&f, 20, 5);
	s->at = ROOM - f.n;
	memcpy(s->b + s->at, f.b, f.n);
	s->layers = 2;
}

static void check_ids(const struct stack *s, const struct tf_packet *pkt)
{
	for (unsigned i = 0; i < TF_VLANS; i++)
		assert_int_equal(pkt->vlan[i], i < s->vlans ? s->vlan[s->vlans - 1 - i] : 0);
	for (unsigned i = 0; i < TF_NETS; i++)
		assert_int_equal(pkt->net[i], i < s->nets ? s->net[s->nets - 1 - i] : 0);
	for (unsigned i = 0; i < TF_MARKS; i++) {
		unsigned at = s->marks - 1 - i;
		assert_int_equal(pkt->marks.kind[i], i < s->marks ? s->mark[at].kind : 0);
		if (i < s->marks)
			assert_int_equal(pkt->marks.number[i], s->mark[at].number);
	}
}

static bool check(const struct stack *s)
{
	static struct build f;
	struct tf_packet pkt;
	f.n = ROOM - s->at;
	f.link = s->form == ETHER ? 1 : 101;
	memcpy(f.b, s->b + s->at, f.n);
	unsigned layers = s->layers + (s->form == IP); /* raw IP is a layer too */
	bool deep = layers > HEADERS_MAX || s->vlans > TF_VLANS || s->nets > TF_NETS;
	enum fate fate = decode_whole(&f, &pkt);
	if (fate != (deep ? FATE_drop_too_deep : FATE_tcp_segments))
		fail_msg("fate %d with %u layers, %u VLANs, %u networks", fate, layers, s->vlans,
		         s->nets);
	if (deep)
		return false;
	f.ip = f.n - (size_t)(pkt.src.address.b[0] == 0x20 ? 65 : 45);
	expect_segment(&f, 5, 0);
	check_ids(s, &pkt);
	return true;
}

static void stacks(void **state)
{
	static struct stack s;
	unsigned found = 0, deep = 0;
	(void)state;
	for (unsigned i = 0; i < STACKS; i++) {
		begin(&s);
		for (unsigned n = draw(DEPTH_MAX); n > 0; n--)
			wrap(&s);
		if (check(&s))
			found++;
		else
			deep++;
	}
	assert_true(found > STACKS / 3 && deep > STACKS / 10);
}

/* IP in IP in IP...: the depth that is stated, and one more. */
static void depth(void **state)
{
	static struct stack s;
	(void)state;
	begin(&s);
	for (unsigned layers = 3; layers <= HEADERS_MAX; layers++) {
		assert_true(check(&s));
		in_ip(&s);
	}
	assert_false(check(&s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(stacks),
	        cmocka_unit_test(depth),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
