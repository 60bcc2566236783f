/* SPDX-License-Identifier: BSD-3-Clause */
/* Classic pcap: every kind of header, every cut. */
#include "bytes.h"
#include "store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

static struct store store;
static struct bytes file;

static int set_up(void **state)
{
	(void)state;
	store_init(&store, 300 * 1024, STORE_BLOCKS);
	file = (struct bytes){.little = true};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(file.p);
	store_free(&store);
	return 0;
}

static void keep(void *arg, const struct tf_frame *f)
{
	struct tf_frame **to = arg;
	*(*to)++ = *f;
}

/* Reads the first n bytes of the file; frames go to to (may be NULL). */
static struct reading_result read_part(size_t n, struct tf_frame *to)
{
	struct origin from = origin_memory((struct tf_span){file.p, n});
	return read_all(&from, &store, to != NULL ? keep : NULL, &to);
}

static const struct {
	uint32_t magic, unit, header;
} kinds[] = {{0xa1b2c3d4, 1000, 16}, {0xa1b23c4d, 1, 16}, {0xa1b2cd34, 1000, 24}};

static void every_header(void **state)
{
	(void)state;
	for (size_t i = 0; i < 6; i++) {
		uint32_t header = kinds[i / 2].header;
		struct tf_frame f[2];
		file.n = 0;
		file.little = i % 2;
		put_pcap(&file, kinds[i / 2].magic, 0x14000071);
		put_record(&file, 3000000000, 999999, 10, 20);
		put_fill(&file, 0xee, header - 16);
		put_pattern(&file, 1, 10);
		put_record(&file, 1, 2, 3, 3);
		put_fill(&file, 0xee, header - 16);
		put_pattern(&file, 2, 3);
		struct reading_result r = read_part(file.n, f);
		assert_int_equal(r.end, SOURCE_END);
		assert_int_equal(r.frames, 2);
		assert_int_equal(f[0].ts_ns, 3000000000 * 1000000000 + 999999 * kinds[i / 2].unit);
		assert_int_equal(f[0].captured, 10);
		assert_int_equal(f[0].length, 20);
		assert_int_equal(f[0].link_type, 0x71); /* without the FCS bits above */
		assert_int_equal(f[0].position, 24 + header);
		assert_true(is_pattern(f[0].bytes, 1, 10));
		assert_int_equal(f[1].position, 24 + header + 10 + header);
		assert_true(is_pattern(f[1].bytes, 2, 3));
	}
}

static void odd_fields(void **state)
{
	(void)state;
	struct tf_frame f[3];
	put_pcap(&file, 0xa1b2c3d4, 1);
	put_record(&file, UINT32_MAX, UINT32_MAX, 0, 0);
	put_record(&file, 0, 0, 4, 2);
	put_fill(&file, 1, 4);
	struct reading_result r = read_part(file.n, f);
	assert_int_equal(r.end, SOURCE_END);
	assert_int_equal(r.frames, 2);
	assert_int_equal(f[0].ts_ns, 4294967295 * 1000000000 + 4294967295 * 1000);
	assert_int_equal(f[0].captured, 0);
	assert_int_equal(f[1].captured, 4);
	assert_int_equal(f[1].length, 4);
}

/* Before version 2.4 the lengths stood the other way round. */
static void old_version(void **state)
{
	(void)state;
	struct tf_frame f[3];
	put_pcap(&file, 0xa1b2c3d4, 1);
	file.p[6] = 2;
	put_record(&file, 0, 0, 9, 4);
	put_fill(&file, 1, 4);
	put_record(&file, 0, 0, 4, 9);
	put_fill(&file, 1, 4);
	struct reading_result r = read_part(file.n, f);
	assert_int_equal(r.end, SOURCE_END);
	assert_int_equal(r.frames, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(f[i].captured, 4);
		assert_int_equal(f[i].length, 9);
	}
}

/* Also where it is all there, in the block of the frame before. */
static void too_much_captured(void **state)
{
	static struct store large;
	(void)state;
	store_init(&large, 1024 * 1024, STORE_BLOCKS);
	put_pcap(&file, 0xa1b2c3d4, 1);
	put_record(&file, 0, 0, 262144, 262144);
	put_fill(&file, 1, 262144);
	put_record(&file, 0, 0, 262145, 262145);
	put_fill(&file, 1, 262145);
	for (int i = 0; i < 2; i++) {
		struct origin from = origin_memory(span_of(&file));
		struct reading_result r = read_all(&from, i == 0 ? &store : &large, NULL, NULL);
		assert_int_equal(r.frames, 1);
		assert_int_equal(r.end, SOURCE_DAMAGED);
		assert_int_equal(r.err.status, TF_DAMAGED);
		assert_string_equal(r.err.text,
		                    "t.cap: record 2 at byte 262184 claims 262145 captured bytes");
	}
	store_free(&large);
}

static void every_prefix(void **state)
{
	(void)state;
	size_t ends[4], n = 0;
	put_pcap(&file, 0xa1b23c4d, 1);
	ends[n++] = file.n;
	for (uint32_t i = 1; i < 4; i++) {
		put_record(&file, i, i, i * 9, 100);
		put_pattern(&file, i, i * 9);
		ends[n++] = file.n;
	}
	for (size_t cut = 0; cut <= file.n; cut++) {
		struct reading_result r = read_part(cut, NULL);
		char said[200];
		size_t whole = 0;
		while (whole < n && ends[whole] <= cut)
			whole++;
		assert_int_equal(r.opened, whole > 0);
		assert_int_equal(r.frames, whole > 0 ? whole - 1 : 0);
		bool clean = whole > 0 && ends[whole - 1] == cut;
		assert_int_equal(r.end, clean ? SOURCE_END : SOURCE_DAMAGED);
		assert_int_equal(r.err.status, clean ? TF_OK : TF_DAMAGED);
		if (clean || whole == 0)
			continue;
		size_t there = cut - ends[whole - 1];
		(void)snprintf(
		        said, sizeof said,
		        "t.cap: cut off at byte %zu (record %zu needs %zu bytes, %zu are there)",
		        cut, whole, there < 16 ? 16 : 16 + whole * 9, there);
		assert_string_equal(r.err.text, said);
	}
}

/* Records of all lengths across the borders of blocks, in pieces and held. */
static void across_blocks(void **state)
{
	(void)state;
	uint64_t whole = 0;
	put_pcap(&file, 0xa1b2c3d4, 1);
	for (uint32_t i = 0; i < 3000; i++) {
		uint32_t n = i * 7919 % 1600;
		n = i % 500 == 0 ? 262144 - i : n;
		put_record(&file, i, 0, n, n);
		put_pattern(&file, i, n);
	}
	for (size_t piece = 1 << 20; piece > 60; piece /= 9) {
		for (unsigned most = 1; most <= READ_MOST; most *= 4) {
			struct pieces p = {.left = span_of(&file), .most = piece};
			struct origin from = pieces_origin(&p);
			struct reading_result r = read_by(most, &from, &store, NULL, NULL);
			assert_int_equal(r.end, SOURCE_END);
			assert_int_equal(r.frames, 3000);
			if (whole == 0)
				whole = r.hash;
			assert_true(r.hash == whole);
			assert_true(store.made >= 3);
		}
	}
}

static void checks_bytes(void *arg, const struct tf_frame *f)
{
	uint32_t *i = arg;
	assert_int_equal(f->ts_ns, (int64_t)*i * 1000000000);
	assert_true(is_pattern(f->bytes, *i, f->captured));
	++*i;
}

static void right_bytes(void **state)
{
	(void)state;
	uint32_t seen = 0;
	put_pcap(&file, 0xa1b2c3d4, 1);
	for (uint32_t i = 0; i < 600; i++) {
		put_record(&file, i, 0, i * 3, i * 3);
		put_pattern(&file, i, i * 3);
	}
	struct origin from = origin_memory(span_of(&file));
	struct reading_result r = read_all(&from, &store, checks_bytes, &seen);
	assert_int_equal(r.end, SOURCE_END);
	assert_int_equal(seen, 600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(every_header, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(odd_fields, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(old_version, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(too_much_captured, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(every_prefix, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(across_blocks, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(right_bytes, set_up, tear_down),
	};
	return cmocka_run_group_tests_name("capture/pcap", tests, NULL, NULL);
}
