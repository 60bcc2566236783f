/* SPDX-License-Identifier: BSD-3-Clause */
/* How connections begin and end, and what a packet means to them. */
#include "net.h"

static struct net n;

#define SECOND INT64_C(1000000000)

static void conversation(unsigned host)
{
	handshake(&n, host);
	send(&n, host, 0, TCP_ACK, 1001, 5001, "question");
	send(&n, host, 1, TCP_ACK, 5001, 1009, "answer");
}

static void whole(void **state)
{
	(void)state;
	net_start(&n, 20);
	int64_t began = n.now_ns + 1000;
	conversation(1);
	heard(&n, "+1 1>question 1<answer ");
	goodbye(&n, 1, 8, 6);
	heard(&n, "-1:fin ");
	assert_int_equal(n.counters.flows_finished, 1);
	assert_int_equal(n.last.first_ns, began);
	assert_int_equal(n.last.last_ns, n.now_ns);
	assert_int_equal(n.last.began_ns[0], began);
	assert_int_equal(n.last.began_ns[1], began + 1000);
	assert_int_equal(n.last.originator, 0);
	assert_int_equal(n.last.number, 1);
	assert_int_equal(n.last.end[0].port, 4000);
	assert_int_equal(n.account[0].written, 8);
	assert_int_equal(n.account[1].written, 6);
	net_end(&n);
	heard(&n, ""); /* END once */
}

/* A capture whose clock starts at 0, or before. */
static void times(void **state)
{
	(void)state;
	static const int64_t starts[] = {0, -1000, -5 * SECOND, INT64_MIN, INT64_MAX - 3000};
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
		net_start(&n, 20);
		struct tf_packet first = packet(&n, 1, 0, TCP_ACK, 1, 0, "a");
		first.ts_ns = starts[i];
		take(&n, &first);
		struct tf_packet second = packet(&n, 1, 0, TCP_ACK, 2, 0, "b");
		second.ts_ns = starts[i] + 2000;
		take(&n, &second);
		net_end(&n);
		assert_int_equal(n.last.first_ns, starts[i]);
		assert_int_equal(n.last.last_ns, starts[i] + 2000);
		assert_int_equal(n.last.began_ns[0], starts[i]);
	}
}

/* Each direction's tunnel numbers are those of its first packet, whatever the others say;
   they do not tell flows apart. */
static void tunnel_numbers(void **state)
{
	(void)state;
	net_start(&n, 20);
	for (unsigned i = 0; i < 4; i++) {
		struct tf_packet pkt = packet(&n, 1, i % 2, TCP_ACK, 1 + i, 1, "x");
		pkt.marks = (struct tf_marks){{TF_MARK_GRE, TF_MARK_GTP}, {10 + i, 20 + i}};
		pkt.marks.kind[i % 2 ? 2 : 1] = 0;
		take(&n, &pkt);
	}
	net_end(&n);
	assert_int_equal(n.begun, 1);
	assert_int_equal(n.last.marks[0].kind[0], TF_MARK_GRE);
	assert_int_equal(n.last.marks[0].number[0], 10);
	assert_int_equal(n.last.marks[0].kind[1], 0);
	assert_int_equal(n.last.marks[0].number[1], 0);
	assert_int_equal(n.last.marks[1].kind[1], TF_MARK_GTP);
	assert_int_equal(n.last.marks[1].number[0], 11);
	assert_int_equal(n.last.marks[1].number[1], 21);
}

/* Times as far apart as can be. */
static void time_jumps(void **state)
{
	(void)state;
	net_start(&n, 20);
	n.now_ns = INT64_MIN;
	send(&n, 1, 0, TCP_SYN, 1000, 0, "");
	send(&n, 1, 1, TCP_RST | TCP_ACK, 0, 1001, "");
	n.now_ns = INT64_MAX - 5000;
	send(&n, 1, 1, TCP_ACK, 5000, 1001, "late?");
	heard(&n, "+1 -1:rst +3 3>late? "); /* it had lingered for long enough */
	n.now_ns = INT64_MIN;
	send(&n, 1, 1, TCP_ACK, 5005, 1001, "before");
	heard(&n, "3>before ");
	net_end(&n);
}

static void directions(void **state)
{
	(void)state;
	net_start(&n, 20);
	send(&n, 1, 1, TCP_SYN | TCP_ACK, 5000, 1001, ""); /* the server is heard first */
	send(&n, 1, 0, TCP_ACK, 1001, 5001, "c");
	send(&n, 1, 1, TCP_ACK, 5001, 1002, "s");
	net_end(&n);
	heard(&n, "+1 1<c 1>s -1:input ");
	assert_int_equal(n.last.end[0].port, 80);
	assert_int_equal(n.last.originator, 1);
}

static void vlans(void **state)
{
	(void)state;
	net_start(&n, 20);
	for (uint16_t vlan = 0; vlan < 3; vlan++) {
		struct tf_packet pkt = packet(&n, 1, 0, TCP_ACK, 100u * vlan, 0, "x");
		pkt.vlan[0] = vlan;
		(void)key_hash(&pkt, 1);
		take(&n, &pkt);
	}
	net_end(&n);
	heard(&n, "+1 1>x +2 2>x +3 3>x -1:input -2:input -3:input ");
}

/* -- the same addresses and ports again ------------------------------------------------- */

static void reuse_after_close(void **state)
{
	(void)state;
	net_start(&n, 20);
	conversation(1);
	goodbye(&n, 1, 8, 6);
	hush(&n);
	send(&n, 1, 0, TCP_SYN, 900000, 0, "");
	send(&n, 1, 0, TCP_ACK, 900001, 1, "again");
	heard(&n, "+9 9>again ");
	assert_int_equal(n.counters.late_segments, 0);
	net_end(&n);
}

static void reuse_while_open(void **state)
{
	(void)state;
	net_start(&n, 20);
	conversation(1);
	hush(&n);
	send(&n, 1, 0, TCP_SYN, 900000, 0, "");
	heard(&n, ""); /* its answer shows whether it was taken */
	send(&n, 1, 1, TCP_SYN | TCP_ACK, 7000, 900001, "");
	heard(&n, "-1:reused +6 ");
	send(&n, 1, 1, TCP_SYN, 8000, 0, "");
	send(&n, 1, 1, TCP_ACK, 7001, 900001, "still there");
	heard(&n, "6<still there ");
	send(&n, 1, 1, TCP_SYN, 8000, 0, "");
	send(&n, 1, 1, TCP_ACK, 8001, 700000000, "new"); /* the answer was not captured */
	heard(&n, "-6:reused +8 8>new ");
	net_end(&n);
	assert_int_equal(n.counters.flows, 3);
	assert_int_equal(n.counters.syn_ignored, 3);
}

static void same_syn_again(void **state)
{
	(void)state;
	net_start(&n, 20);
	conversation(1);
	send(&n, 1, 0, TCP_SYN, 1000, 0, "");
	send(&n, 1, 1, TCP_SYN | TCP_ACK, 5000, 1001, "");
	goodbye(&n, 1, 8, 6);
	send(&n, 1, 0, TCP_SYN, 1000, 0, ""); /* late */
	net_end(&n);
	assert_int_equal(n.counters.flows, 1);
	assert_int_equal(n.counters.late_segments, 1);
}

/* A SYN-ACK that nobody waits for does not end a connection. */
static void stray_synack(void **state)
{
	(void)state;
	net_start(&n, 20);
	conversation(1);
	hush(&n);
	send(&n, 1, 1, TCP_SYN | TCP_ACK, 777777, 1001, "gift");
	send(&n, 1, 1, TCP_ACK, 5007, 1009, "more");
	heard(&n, "1<more ");
	net_end(&n);
	assert_int_equal(n.account[1].rejected, 4);
	assert_int_equal(n.account[1].missing, 0);
	assert_int_equal(n.account[1].written, 10);
}

/* Of two SYN-ACKs the one is right whose numbers are used. */
static void two_synacks(void **state)
{
	(void)state;
	for (int second = 0; second < 2; second++) {
		uint32_t isn = second ? 900000000 : 5000;
		net_start(&n, 20);
		send(&n, 1, 0, TCP_SYN, 1000, 0, "");
		send(&n, 1, 1, TCP_SYN | TCP_ACK, 5000, 1001, "");
		send(&n, 1, 1, TCP_SYN | TCP_ACK, 900000000, 1001, "");
		send(&n, 1, 0, TCP_ACK, 1001, isn + 1, "");
		send(&n, 1, 1, TCP_ACK, isn + 1, 1001, "hi");
		heard(&n, "+1 1<hi ");
		net_end(&n);
		assert_int_equal(n.account[1].missing, 0);
		assert_int_equal(n.account[1].outside, 0);
	}
}

/* -- ends ---------------------------------------------------------------------------------- */

static void reset(void **state)
{
	(void)state;
	net_start(&n, 20);
	conversation(1);
	send(&n, 1, 1, TCP_RST | TCP_ACK, 6000, 1009, "no"); /* in the window, not exact */
	assert_int_equal(n.counters.rst_ignored, 1);
	send(&n, 1, 1, TCP_RST | TCP_ACK, 5007, 1009, "why");
	assert_int_equal(n.counters.rst_ignored, 1);
	hush(&n);
	send(&n, 1, 1, TCP_ACK, 5007, 1009, "!"); /* captured late */
	heard(&n, "1<! ");
	net_end(&n);
	heard(&n, "-1:rst ");
	assert_int_equal(n.account[1].rejected, 5);
	assert_int_equal(n.account[1].seen, 12);
}

static void half_closed(void **state)
{
	(void)state;
	net_start(&n, 20);
	conversation(1);
	send(&n, 1, 0, TCP_FIN | TCP_ACK, 1009, 5007, "");
	send(&n, 1, 1, TCP_ACK, 5007, 1010, "goes on");
	net_end(&n);
	assert_non_null(strstr(n.log, "1<goes on -1:input"));
}

/* Both said FIN, one was not acknowledged: closed, and what is late is taken. */
static void unacknowledged(void **state)
{
	(void)state;
	net_start(&n, 20);
	conversation(1);
	send(&n, 1, 0, TCP_FIN | TCP_ACK, 1010, 5007, ""); /* one byte before it is missing */
	send(&n, 1, 1, TCP_FIN | TCP_ACK, 5007, 1011, "");
	hush(&n);
	send(&n, 1, 0, TCP_ACK, 1009, 5008, "?");
	heard(&n, "1>? -1:fin ");
	net_end(&n);
}

static void late_ones(void **state)
{
	(void)state;
	net_start(&n, 20);
	conversation(1);
	goodbye(&n, 1, 8, 6);
	hush(&n);
	send(&n, 1, 0, TCP_ACK, 1001, 5001, "question");
	send(&n, 1, 1, TCP_FIN | TCP_ACK, 5007, 1010, "");
	heard(&n, "");
	assert_int_equal(n.counters.late_segments, 2);
	assert_int_equal(n.counters.bytes_after_close, 8);
	assert_int_equal(n.counters.flows, 1);
	/* Far away it cannot be late. */
	send(&n, 1, 0, TCP_ACK, 1001 + (1 << 30), 5001, "other");
	heard(&n, "+11 11>other ");
	net_end(&n);
}

static void lingers(void **state)
{
	(void)state;
	net_start(&n, 20);
	conversation(1);
	goodbye(&n, 1, 8, 6);
	hush(&n);
	n.now_ns += 60 * SECOND - 1000; /* and 1,000 with the packet itself */
	send(&n, 1, 0, TCP_ACK, 1001, 5001, "late");
	heard(&n, "");
	n.now_ns += 60 * SECOND; /* counted from the latest */
	send(&n, 1, 0, TCP_ACK, 1001, 5001, "new");
	heard(&n, "+10 10>new ");
	n.now_ns += 600 * SECOND; /* an open one stays as long as it likes */
	send(&n, 1, 0, TCP_ACK, 1004, 5001, "er");
	heard(&n, "10>er ");
	net_end(&n);
}

/* A SYN with an old time stamp fits an ended connection that was joined in the middle. It
   changes nothing any more: neither events nor gaps come of it. */
static void nothing_after_the_end(void **state)
{
	(void)state;
	net_start(&n, 20);
	for (unsigned host = 0; host < 5; host++) {
		send(&n, host, 0, TCP_ACK, 1001, 5001, "question");
		send(&n, host, 1, TCP_ACK, 5001, 1009, "answer");
		goodbye(&n, host, 8, 6);
	}
	assert_int_equal(n.ended, 5);
	hush(&n);
	int64_t now = n.now_ns;
	n.now_ns = 0;
	for (unsigned host = 0; host < 5; host++)
		send(&n, host, 0, TCP_SYN, 1000 - 100, 0, "");
	heard(&n, "");
	assert_int_equal(n.flows.reasm.gaps.used, 0);
	assert_int_equal(n.counters.gaps, 0);
	n.now_ns = now;
	net_end(&n);
}

/* -- lists ------------------------------------------------------------------------------------ */

static enum flow_list list_of(unsigned host)
{
	struct tf_packet pkt = packet(&n, host, 0, 0, 0, 0, "");
	for (uint32_t i = 1; i <= n.flows.slab.fresh; i++) {
		const struct flow *f = slab_at(&n.flows.slab, i);
		if (key_direction(&f->pub, &pkt) >= 0)
			return (enum flow_list)f->stand.list;
	}
	return FLOW_LISTS;
}

static void lists(void **state)
{
	(void)state;
	net_start(&n, 20);
	send(&n, 1, 0, TCP_SYN, 1000, 0, "");
	assert_int_equal(list_of(1), FLOW_EMBRYONIC);
	send(&n, 1, 1, TCP_SYN | TCP_ACK, 5000, 1001, "");
	assert_int_equal(list_of(1), FLOW_EMBRYONIC);
	send(&n, 1, 0, TCP_ACK, 1001, 5001, "");
	assert_int_equal(list_of(1), FLOW_OPEN);
	send(&n, 2, 0, TCP_ACK, 1, 1, "");
	assert_int_equal(list_of(2), FLOW_EMBRYONIC);
	send(&n, 2, 0, TCP_ACK, 1, 1, "x");
	assert_int_equal(list_of(2), FLOW_OPEN);
	send(&n, 3, 0, TCP_RST, 1, 1, "");
	assert_int_equal(list_of(3), FLOW_CLOSED);
	goodbye(&n, 1, 0, 0);
	assert_int_equal(list_of(1), FLOW_CLOSED);
	net_end(&n);
}

/* -- sinks --------------------------------------------------------------------------------------
 */

static int failures;

static bool fails(void *self, const struct tf_event *ev, struct tf_error *err)
{
	failures++;
	if (err != NULL)
		(void)snprintf(err->text, sizeof err->text, "failure %d", failures);
	return !net_hear(self, ev, err);
}

/* The first failure is kept; the others are told as before. */
static void sink_fails(void **state)
{
	(void)state;
	net_start(&n, 20);
	failures = 0;
	n.sink.event = fails;
	assert_false(n.flows.failed);
	conversation(1);
	assert_true(n.flows.failed);
	assert_string_equal(n.flows.err.text, "failure 1");
	assert_int_equal(failures, 3);
	net_end(&n);
	heard(&n, "+1 1>question 1<answer -1:input ");
	assert_string_equal(n.flows.err.text, "failure 1");
}

static size_t recall_none(void *self, const struct tf_flow *flow, unsigned dir, uintptr_t *slot,
                          int64_t offset, uint8_t *to, size_t size)
{
	(void)self;
	(void)flow;
	(void)dir;
	(void)slot;
	(void)offset;
	memset(to, 'z', size);
	return size;
}

/* The first sink that remembers is asked; what it says is compared. */
static void recalls(void **state)
{
	(void)state;
	net_start(&n, 20);
	conversation(1);
	send(&n, 1, 0, TCP_ACK, 1001, 5001, "question");
	n.sink.recall = recall_none;
	send(&n, 1, 0, TCP_ACK, 1001, 5001, "zuzzzion");
	net_end(&n);
	assert_int_equal(n.account[0].unchecked, 8);
	assert_int_equal(n.account[0].conflicting, 7);
	assert_int_equal(n.account[0].duplicate, 9);
}

/* Held bytes are lent to the last sink only: it may keep the chunk. */
struct borrower {
	unsigned data, lent;
};

static bool borrows(void *self, const struct tf_event *ev, struct tf_error *err)
{
	struct borrower *b = self;
	(void)err;
	b->data += ev->kind == TF_DATA;
	b->lent += ev->kind == TF_DATA && ev->loan != NULL;
	return true;
}

static void lends_to_the_last(void **state)
{
	(void)state;
	net_start(&n, 20);
	struct borrower b[2] = {0};
	struct tf_sink sink = {.name = "borrower", .order = TF_PLACED, .event = borrows};
	n.flows.outlets = 0;
	flows_attach(&n.flows, &sink, &b[0]);
	flows_attach(&n.flows, &sink, &b[1]);
	handshake(&n, 1);
	send(&n, 1, 0, TCP_ACK, 1004, 5001, "early");
	send(&n, 1, 0, TCP_ACK, 1001, 5001, "now");
	flows_end_all(&n.flows);
	for (int i = 0; i < 2; i++)
		assert_int_equal(b[i].data, 2);
	assert_int_equal(b[0].lent, 0);
	assert_int_equal(b[1].lent, 1);
	arena_free(&n.arena);
}

/* Packets as they were captured are told to those who ask for them, before what comes
   of them. */
static bool watches(void *self, const struct tf_event *ev, struct tf_error *err)
{
	(void)err;
	if (ev->kind == TF_SEGMENT)
		note(self, "%u%c%u:%.*s ", (unsigned)ev->flow->number, "><"[ev->dir],
		     (unsigned)ev -> segment -> seq, (int)ev -> data.n, (const char *)ev->data.p);
	else
		note(self, "%.*s ", (int)ev->data.n, (const char *)ev->data.p);
	return true;
}

static void segments(void **state)
{
	(void)state;
	net_start(&n, 20);
	struct tf_sink sink = {
	        .name = "watcher", .kinds = 1U << TF_SEGMENT | 1U << TF_DATA, .event = watches};
	n.flows.outlets = 0;
	flows_attach(&n.flows, &sink, &n);
	handshake(&n, 1);
	heard(&n, "1>1000: 1<5000: 1>1001: ");
	send(&n, 1, 0, TCP_ACK, 1003, 5001, "cd");
	send(&n, 1, 0, TCP_ACK, 1001, 5001, "ab");
	heard(&n, "1>1003:cd 1>1001:ab ab cd ");
	send(&n, 1, 1, TCP_ACK, 5001, 1005, "ok");
	send(&n, 1, 1, TCP_ACK, 5001, 1005, "ok");
	heard(&n, "1<5001:ok ok 1<5001:ok ");
	send(&n, 2, 1, TCP_SYN | TCP_ACK, 1, 1, "");
	const struct flow *f = slab_at(&n.flows.slab, n.flows.list[FLOW_OPEN].oldest);
	const struct flow *g = slab_at(&n.flows.slab, n.flows.list[FLOW_EMBRYONIC].newest);
	assert_int_equal(f->pub.packets[0], 4);
	assert_int_equal(f->pub.packets[1], 3);
	assert_int_equal(f->pub.connection, 0);
	assert_int_equal(f->pub.nth[0], 0);
	assert_int_equal(f->pub.nth[1], 1);
	assert_int_equal(g->pub.connection, 1);
	assert_int_equal(g->pub.nth[0], 2);
	assert_int_equal(g->pub.nth[1], TF_UNNUMBERED);
	flows_end_all(&n.flows);
	arena_free(&n.arena);
}

/* Ethernet addresses come from the frames of a side's own first packet, or else from those
   sent to it. */
static void macs(void **state)
{
	static const uint8_t frame[14] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 8, 0};
	static const uint8_t none[6];
	(void)state;
	net_start(&n, 20);
	for (uint32_t captured = 11; captured < 13; captured++) {
		for (uint32_t link = 0; link < 2; link++) {
			struct tf_packet pkt =
			        packet(&n, 10 * captured + link, 0, TCP_SYN, 1, 0, "");
			pkt.wire.bytes = frame;
			pkt.wire.captured = captured;
			pkt.wire.link_type = link;
			take(&n, &pkt);
			const struct flow *f =
			        slab_at(&n.flows.slab, n.flows.list[FLOW_EMBRYONIC].newest);
			bool known = captured == 12 && link == 1;
			assert_memory_equal(f->pub.mac[0], known ? frame + 6 : none, 6);
			assert_memory_equal(f->pub.mac[1], known ? frame : none, 6);
			assert_memory_equal(f->pub.mac_to[0], known ? frame : none, 6);
			assert_memory_equal(f->pub.mac_to[1], none, 6);
		}
	}
	net_end(&n);
}

/* A segment whose header is in memory, with a checksum that is not right. */
static struct tf_packet damaged_packet(unsigned host, int dir, uint8_t flags, uint32_t seq,
                                       const char *text)
{
	static uint8_t bytes[100];
	struct tf_packet pkt = packet(&n, host, dir, flags, seq, 0, text);
	bytes[16] = 0xab;
	memcpy(bytes + 20, text, pkt.payload.n);
	pkt.payload.p = bytes + 20;
	pkt.header = 20;
	return pkt;
}

/* Nothing of it is believed: no time, no sign of life, no end, no beginning. */
static void damaged(void **state)
{
	(void)state;
	net_start(&n, 20);
	n.flows.checksum = TF_CHECKSUM_STRICT;
	conversation(1);
	int64_t last = n.now_ns;
	hush(&n);
	struct flow *f = slab_at(&n.flows.slab, n.flows.list[FLOW_OPEN].oldest);
	f->stand.heard = false;
	static const uint8_t flags[] = {TCP_ACK, TCP_ACK | TCP_FIN, TCP_RST, TCP_SYN,
	                                TCP_SYN | TCP_ACK};
	for (size_t i = 0; i < sizeof flags; i++) {
		n.now_ns += 50 * SECOND;
		struct tf_packet pkt = damaged_packet(1, 0, flags[i], 1009, "evil");
		take(&n, &pkt);
		pkt = damaged_packet(2, 0, flags[i], 1009, "evil");
		take(&n, &pkt);
	}
	heard(&n, "");
	assert_false(f->stand.heard);
	assert_int_equal(f->pub.last_ns, last);
	net_end(&n);
	heard(&n, "-1:input ");
	assert_int_equal(n.account[0].rejected, 20);
	assert_int_equal(n.account[0].seen, 28);
	assert_int_equal(n.counters.flows, 1);
	assert_int_equal(n.counters.bytes_rejected, 40);
	assert_int_equal(n.counters.bytes_bad_checksum, 40);
	assert_int_equal(n.counters.bytes_seen, 28 + 6 + 20);
	assert_int_equal(n.counters.checksums_bad, 10);
	assert_int_equal(n.counters.checksums_rejected, 10);
}

/* Long after a connection was closed, its ports are used again: by whom is not known, so
   what the first one's checksums have shown does not count. */
static void damaged_after_linger(void **state)
{
	(void)state;
	net_start(&n, 20);
	conversation(1);
	goodbye(&n, 1, 8, 6);
	struct flow *f = slab_at(&n.flows.slab, n.flows.list[FLOW_CLOSED].oldest);
	checksums_note(&f->sums[0], CHECKSUM_GOOD);
	hush(&n);
	struct tf_packet pkt = damaged_packet(1, 0, TCP_ACK, 7000, "soon");
	take(&n, &pkt);
	heard(&n, "");
	n.now_ns += 61 * SECOND;
	pkt = damaged_packet(1, 0, TCP_ACK, 7000, "late");
	uint64_t number = pkt.number;
	take(&n, &pkt);
	char words[40];
	(void)snprintf(words, sizeof words, "+%u %u>late ", (unsigned)number, (unsigned)number);
	heard(&n, words);
	net_end(&n);
	assert_int_equal(n.counters.checksums_bad, 2);
	assert_int_equal(n.counters.checksums_rejected, 1);
}

/* A wrong IPv4 header in front of a segment of which nothing is known -> whether it was taken */
static bool begins_with(enum tf_checksum kind, bool suspicious, bool whole)
{
	net_start(&n, 20);
	n.flows.checksum = kind;
	struct tf_packet pkt = damaged_packet(9, 0, TCP_ACK, 7000, "text");
	pkt.misheaded = true;
	pkt.suspicious = suspicious;
	pkt.header = whole ? pkt.header : 0; /* then TCP's checksum cannot be made */
	take(&n, &pkt);
	size_t flows = n.flows.count;
	assert_int_equal(n.counters.checksums_header, kind != TF_CHECKSUM_IGNORE);
	assert_int_equal(n.counters.checksums_rejected, flows == 0);
	assert_int_equal(n.counters.bytes_rejected, flows == 0 ? 4 : 0);
	net_end(&n);
	hush(&n);
	return flows > 0;
}

static void damaged_address(void **state)
{
	(void)state;
	for (int whole = 0; whole < 2; whole++) {
		assert_true(begins_with(TF_CHECKSUM_AUTO, false, whole));
		assert_false(begins_with(TF_CHECKSUM_AUTO, true, whole));
		assert_false(begins_with(TF_CHECKSUM_STRICT, false, whole));
		assert_true(begins_with(TF_CHECKSUM_IGNORE, true, whole));
	}
	net_start(&n, 20); /* one that a card will finish */
	struct tf_packet pkt = damaged_packet(9, 0, TCP_ACK, 7000, "text");
	memset((uint8_t *)(uintptr_t)pkt.payload.p - 20 + 16, 0, 2);
	pkt.misheaded = pkt.suspicious = true;
	take(&n, &pkt);
	assert_int_equal(n.flows.count, 1);
	net_end(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(damaged),
	        cmocka_unit_test(damaged_after_linger),
	        cmocka_unit_test(damaged_address),
	        cmocka_unit_test(whole),
	        cmocka_unit_test(times),
	        cmocka_unit_test(time_jumps),
	        cmocka_unit_test(tunnel_numbers),
	        cmocka_unit_test(directions),
	        cmocka_unit_test(vlans),
	        cmocka_unit_test(reuse_after_close),
	        cmocka_unit_test(reuse_while_open),
	        cmocka_unit_test(same_syn_again),
	        cmocka_unit_test(stray_synack),
	        cmocka_unit_test(two_synacks),
	        cmocka_unit_test(reset),
	        cmocka_unit_test(half_closed),
	        cmocka_unit_test(unacknowledged),
	        cmocka_unit_test(late_ones),
	        cmocka_unit_test(lingers),
	        cmocka_unit_test(nothing_after_the_end),
	        cmocka_unit_test(lists),
	        cmocka_unit_test(sink_fails),
	        cmocka_unit_test(recalls),
	        cmocka_unit_test(lends_to_the_last),
	        cmocka_unit_test(segments),
	        cmocka_unit_test(macs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
