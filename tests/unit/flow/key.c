/* SPDX-License-Identifier: BSD-3-Clause */
/* What makes two packets belong to one connection. */
#include "net.h"

static struct tf_packet between(struct tf_endpoint src, struct tf_endpoint dst, uint16_t outer,
                                uint16_t inner)
{
	return (struct tf_packet){.src = src, .dst = dst, .vlan = {outer, inner}};
}

static struct tf_flow flow_of(const struct tf_packet *pkt)
{
	struct tf_flow f = {.end = {pkt->src, pkt->dst}};
	memcpy(f.vlan, pkt->vlan, sizeof f.vlan);
	return f;
}

static struct tf_endpoint v6(uint8_t last, uint16_t port)
{
	return (struct tf_endpoint){.address = {{0x20, 0x01, [15] = last}}, .port = port};
}

static void both_directions(void **state)
{
	(void)state;
	struct tf_endpoint ends[] = {v4(1, 4000), v4(2, 80), v4(1, 80), v6(1, 4000), v6(2, 80)};
	for (size_t i = 0; i < 5; i++)
		for (size_t k = 0; k < 5; k++) {
			struct tf_packet there = between(ends[i], ends[k], 7, 9);
			struct tf_packet back = between(ends[k], ends[i], 7, 9);
			assert_int_equal(key_hash(&there, 5), key_hash(&back, 5));
			assert_int_equal(there.hash, back.hash);
			struct tf_flow f = flow_of(&there);
			assert_int_equal(key_direction(&f, &there), 0);
			assert_int_equal(key_direction(&f, &back), i == k ? 0 : 1);
		}
}

/* Whatever is changed makes another connection, and another hash. */
static void all_of_it_counts(void **state)
{
	(void)state;
	struct tf_packet first = between(v4(1, 4000), v4(2, 80), 7, 9);
	uint64_t ends = key_hash(&first, 5);
	struct tf_flow f = flow_of(&first);
	struct tf_packet others[] = {
	        between(v4(3, 4000), v4(2, 80), 7, 9), between(v4(1, 4001), v4(2, 80), 7, 9),
	        between(v4(1, 4000), v4(3, 80), 7, 9), between(v4(1, 4000), v4(2, 81), 7, 9),
	        between(v4(1, 80), v4(2, 4000), 7, 9), between(v4(1, 4000), v4(2, 80), 9, 7),
	        between(v4(1, 4000), v4(2, 80), 7, 0), between(v4(1, 4000), v4(2, 80), 0, 0),
	        between(v4(1, 4000), v4(2, 80), 7, 8), between(v4(1, 4000), v4(1, 4000), 7, 9),
	};
	others[0].src.address.b[0] = 1; /* the first byte of an address counts too */
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		uint64_t other_ends = key_hash(&others[i], 5);
		assert_int_equal(key_direction(&f, &others[i]), -1);
		struct tf_packet back = others[i];
		back.src = others[i].dst;
		back.dst = others[i].src;
		assert_int_equal(key_direction(&f, &back), -1);
		assert_true(others[i].hash != first.hash);
		bool same_ends = i >= 5 && i <= 8;
		assert_int_equal(other_ends == ends, same_ends); /* names meet in one worker */
	}
}

/* Each bit of both ends, be they IPv4's, IPv6's, one of each, or nearly IPv4's. */
static void each_bit_counts(void **state)
{
	(void)state;
	struct tf_endpoint ends[] = {v4(1, 4000), v4(2, 80), v6(1, 4000), v6(2, 80)};
	for (size_t i = 0; i < 16; i++) {
		const struct tf_packet first = between(ends[i % 4], ends[i / 4], 0, 0);
		struct tf_packet pkt = first, back;
		uint64_t hash = key_hash(&pkt, 5);
		for (size_t bit = 0; bit < 2 * sizeof first.src * 8; bit++) {
			uint8_t bytes[2 * sizeof first.src];
			memcpy(bytes, &first, sizeof bytes); /* src, dst */
			bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1 << bit % 8);
			memcpy(&pkt, bytes, sizeof bytes);
			back = between(pkt.dst, pkt.src, 0, 0);
			assert_true(key_hash(&pkt, 5) != hash);
			assert_int_equal(key_hash(&back, 5), key_hash(&pkt, 5));
		}
	}
}

static void each_vlan_counts(void **state)
{
	(void)state;
	struct tf_packet first = between(v4(1, 4000), v4(2, 80), 1, 2);
	first.vlan[2] = 3;
	first.vlan[3] = 4;
	(void)key_hash(&first, 5);
	struct tf_flow f = flow_of(&first);
	for (int i = 0; i < TF_VLANS; i++) {
		struct tf_packet other = first;
		other.vlan[i] = 99;
		(void)key_hash(&other, 5);
		assert_int_equal(key_direction(&f, &other), -1);
		assert_true(other.hash != first.hash);
	}
}

static void seeded(void **state)
{
	(void)state;
	struct tf_packet a = between(v4(1, 4000), v4(2, 80), 0, 0), b = a;
	assert_true(key_hash(&a, 5) != key_hash(&b, 6));
	assert_true(a.hash != b.hash);
}

/* Ports and addresses chosen to meet under simple hashes spread all the same. */
static void spread(void **state)
{
	(void)state;
	enum { BUCKETS = 64, KEYS = 64 * 64 };
	unsigned count[BUCKETS] = {0};
	for (unsigned i = 0; i < KEYS; i++) {
		struct tf_packet p =
		        between(v4(i, (uint16_t)i), v4(i, (uint16_t)(i ^ 0xffff)), 0, 0);
		(void)key_hash(&p, 5);
		count[p.hash % BUCKETS]++;
	}
	for (unsigned i = 0; i < BUCKETS; i++)
		assert_in_range(count[i], KEYS / BUCKETS / 2, KEYS / BUCKETS * 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(both_directions), cmocka_unit_test(all_of_it_counts),
	        cmocka_unit_test(each_bit_counts), cmocka_unit_test(each_vlan_counts),
	        cmocka_unit_test(seeded),          cmocka_unit_test(spread),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
