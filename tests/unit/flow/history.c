/* SPDX-License-Identifier: BSD-3-Clause */
/* What has been shown, as states; and letters where there is no room for more. */
#include "net.h"

static struct net n;

enum {
	S = TF_SHOWED_SYN,
	H = TF_SHOWED_SYNACK,
	A = TF_SHOWED_ACK,
	D = TF_SHOWED_DATA,
	F = TF_SHOWED_FIN,
	R = TF_SHOWED_RST
};

/* By the sentences of Zeek's documentation, and by what its script makes of them. */
static const struct {
	uint8_t originator, responder;
	const char *state;
} rows[] = {
        {0, 0, "OTH"},
        {S, 0, "S0"},
        {S | D, 0, "S0"},
        {S, A, "S0"}, /* no SYN-ACK */
        {S, A | D, "OTH"},
        {S | A, H | A, "S1"},
        {S | A | D, H | A | D, "S1"},
        {A, H, "S1"}, /* the SYN was not captured, but answered */
        {0, H, "OTH"},
        {S | H, S | H, "S1"},
        {A | D, A | D, "OTH"},
        {S | A | D | F, H | A | D | F, "SF"},
        {A | F, A | F, "SF"},
        {S | A | F, H | A | F | R, "SF"}, /* after that nothing else counts */
        {S | A | F, H | A, "S2"},
        {S | A, H | A | F, "S3"},
        {S, R, "REJ"},
        {S, R | A, "REJ"},
        {S | R, R, "REJ"},
        {S | D | R, D | R, "RSTR"},
        {S | A, H | R, "RSTR"},
        {S | A | F, H | A | R, "RSTR"},
        {S | A | R, H | A, "RSTO"},
        {S | A | R, H | A | F, "RSTO"},
        {A | R, A, "OTH"},
        {S | R, 0, "RSTOS0"},
        {S | A | R, 0, "OTH"},
        {0, H | R, "RSTRH"},
        {A, A | R, "RSTRH"},
        {S | F, 0, "SH"},
        {A | F, A, "SH"},
        {0, H | F, "SHR"},
        {A, A | F, "SHR"},
};

static void states(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct tf_flow there = {.showed = {rows[i].originator, rows[i].responder}};
		struct tf_flow back = {.showed = {rows[i].responder, rows[i].originator},
		                       .originator = 1};
		if (strcmp(tf_conn_state(&there), rows[i].state) != 0)
			print_error("row %zu\n", i);
		assert_string_equal(tf_conn_state(&there), rows[i].state);
		assert_string_equal(tf_conn_state(&back), rows[i].state);
	}
}

/* Whatever is shown, there is a word for it. */
static void all_states(void **state)
{
	(void)state;
	for (unsigned o = 0; o < 256; o++)
		for (unsigned r = 0; r < 256; r++) {
			struct tf_flow flow = {.showed = {(uint8_t)o, (uint8_t)r}};
			assert_non_null(tf_conn_state(&flow));
		}
}

/* At 1, 10, 100, ... times, in each direction; and no further than can be counted. */
static void often(void **state)
{
	(void)state;
	net_start(&n, 20);
	send(&n, 1, 0, TCP_ACK, 1001, 1, "x");
	for (int i = 0; i < 70000; i++)
		send(&n, 1, 0, TCP_ACK, 1001, 1, "x");
	send(&n, 1, 1, TCP_ACK, 1, 1002, "y");
	send(&n, 1, 1, TCP_ACK, 1, 1002, "y");
	net_end(&n);
	assert_string_equal(n.last.history, "DTTTTTdt");
}

/* A SYN-ACK is no ACK; a segment that is not taken is no fact, and the next of its kind is. */
static void facts(void **state)
{
	(void)state;
	net_start(&n, 20);
	send(&n, 1, 0, TCP_SYN, 1000, 0, "");
	send(&n, 1, 1, TCP_SYN | TCP_ACK, 5000, 1001, "");
	net_end(&n);
	assert_int_equal(n.last.showed[0], S);
	assert_int_equal(n.last.showed[1], H);

	for (int again = 0; again < 2; again++) {
		net_start(&n, 20);
		handshake(&n, 1);
		send(&n, 1, 0, 0, 1001, 0, "no ACK");
		if (again)
			send(&n, 1, 0, TCP_ACK, 1001, 5001, "taken");
		net_end(&n);
		assert_string_equal(n.last.history, "ShAD");
		assert_int_equal(n.last.showed[0], S | A | (again ? D : 0));
	}
}

static void no_room(void **state)
{
	(void)state;
	net_start(&n, 20);
	static const uint8_t odd[] = {TCP_ACK | TCP_SYN | TCP_FIN, TCP_ACK | TCP_RST | TCP_FIN};
	send(&n, 1, 0, TCP_ACK, 1001, 1, "x");
	for (int dir = 0; dir < 2; dir++) {
		uint32_t seq = dir ? 1 : 1001, ack = dir ? 1002 : 1;
		for (int i = 0; i < 10001; i++) {
			struct tf_packet again = packet(&n, 1, dir, TCP_ACK, seq, ack, "x");
			again.window = 0;
			take(&n, &again);
		}
		for (int i = 0; i < 10000; i++)
			history_again(slab_at(&n.flows.slab, 1), (unsigned)dir, HISTORY_CHECKSUM);
		for (size_t i = 0; i < 2; i++)
			send(&n, 1, dir, odd[i], seq + 100, ack, "");
	}
	send(&n, 1, 0, TCP_ACK, 1500, 1, "y");
	send(&n, 1, 1, TCP_ACK, 500, 1, "y");
	net_end(&n);
	assert_string_equal(n.last.history, "DWTWTWTWTWTCCCCCQIdwtwtwtwtwtcc");
	assert_int_equal(strlen(n.last.history), TF_HISTORY - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(states), cmocka_unit_test(all_states), cmocka_unit_test(often),
	        cmocka_unit_test(facts),  cmocka_unit_test(no_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
