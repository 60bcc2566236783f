/* SPDX-License-Identifier: BSD-3-Clause */
/* Buckets and their chains: links say of whom they may be, and who is the last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "flow/cells.h"
#include "prop/random.h"

enum { FLOWS = 60, BUCKETS = 8, STEPS = 20000, HASHES = 40 };

static struct flows fs;
static struct arena arena;
static uint32_t buckets[BUCKETS];

/* Who stands there, by their cells' indices; hash 0: nobody. */
static uint64_t hash_of[1 + FLOWS];

static void start(void)
{
	struct tf_error err;
	assert_true(arena_init(&arena, (size_t)1 << 16, &err));
	fs = (struct flows){.bucket = buckets, .bucket_mask = BUCKETS - 1};
	memset(hash_of, 0, sizeof hash_of);
	memset(buckets, 0, sizeof buckets);
	assert_true(slab_init(&fs.cells, &arena, CELL, FLOWS));
	links_init(&fs, FLOWS);
}

/* Few that differ, in all parts. */
static uint64_t some_hash(struct random *r)
{
	uint64_t n = 1 + random_below(r, HASHES);
	return n * UINT64_C(0x9e3779b97f4a7c15);
}

static void add(struct random *r)
{
	void *cell = slab_take(&fs.cells);
	if (cell == NULL)
		return;
	uint32_t i = slab_index(&fs.cells, cell);
	hash_of[i] = some_hash(r);
	bucket_add(&fs, REF_SYN | i, hash_of[i]);
	list_add(&fs, REF_SYN | i, FLOW_EMBRYONIC);
}

static void leave(uint32_t i)
{
	hash_of[i] = 0;
	bucket_remove(&fs, REF_SYN | i);
	list_remove(&fs, REF_SYN | i);
	slab_give(&fs.cells, cell_at(&fs, i));
}

static void become(uint32_t i)
{
	struct place *to = slab_take(&fs.cells);
	if (to == NULL)
		return;
	uint32_t k = slab_index(&fs.cells, to);
	*to = *place_at(&fs, REF_SYN | i);
	hash_of[k] = hash_of[i];
	hash_of[i] = 0;
	places_replace(&fs, REF_SYN | i, REF_SYN | k, hash_of[k]);
	slab_give(&fs.cells, cell_at(&fs, i));
}

/* -> how many stand in the bucket */
static size_t check_bucket(uint32_t number)
{
	size_t n = 0;
	for (uint32_t link = buckets[number]; !ref_is_end(link); n++) {
		uint64_t hash = hash_of[link_ref(&fs, link) & ~REF_FORM];
		uint32_t behind = place_at(&fs, link_ref(&fs, link))->chain;
		assert_int_equal(link_ref(&fs, link) & REF_FORM, REF_SYN);
		assert_int_equal(hash & fs.bucket_mask, number);
		assert_true(link_may_be(&fs, link, hash));
		assert_int_equal((link & LINK_LAST) != 0, ref_is_end(behind));
		assert_true(!ref_is_end(behind) || behind == (REF_END | number));
		link = link_next(&fs, link);
	}
	return n;
}

/* -> ref, or 0: as packets look for it, it is not found. */
static uint32_t seek(uint64_t hash, uint32_t ref)
{
	for (uint32_t link = bucket_first(&fs, hash); !ref_is_end(link);
	     link = link_next(&fs, link))
		if (link_may_be(&fs, link, hash) && link_ref(&fs, link) == ref)
			return ref;
	return 0;
}

static void check_all(void)
{
	size_t n = 0, known = 0;
	for (uint32_t i = 0; i < BUCKETS; i++)
		n += check_bucket(i);
	for (uint32_t i = 1; i <= FLOWS; i++) {
		if (hash_of[i] == 0)
			continue;
		assert_int_equal(seek(hash_of[i], REF_SYN | i), REF_SYN | i);
		known++;
	}
	assert_int_equal(n, known);
}

static void links(void **state)
{
	(void)state;
	struct random r = {1};
	start();
	for (unsigned step = 0; step < STEPS; step++) {
		uint32_t i = 1 + (uint32_t)random_below(&r, FLOWS);
		if (hash_of[i] == 0)
			add(&r);
		else if (random_chance(&r, 50))
			leave(i);
		else
			become(i);
		check_all();
	}
	arena_free(&arena);
}

/* Who has other bits there is not looked at, and nobody is behind the last. */
static void nobody_is_touched(void **state)
{
	(void)state;
	start();
	const uint64_t hash = UINT64_C(0x1234567800000003), other = UINT64_C(0x8765432100000003);
	uint32_t i = slab_index(&fs.cells, slab_take(&fs.cells));
	bucket_add(&fs, REF_SYN | i, hash);
	place_at(&fs, REF_SYN | i)->chain = REF_SYN | i; /* whoever follows that never ends */
	assert_int_equal(seek(other, REF_SYN | i), 0);
	assert_int_equal(seek(hash, REF_SYN | i), REF_SYN | i);
	assert_true(ref_is_end(link_next(&fs, bucket_first(&fs, hash))));
	arena_free(&arena);
}

/* The more indices, the less of the hash. */
static void bits(void **state)
{
	(void)state;
	static const struct {
		size_t most;
		uint32_t bits;
	} rows[] = {{1, 0x1ffffffe},
	            {2, 0x1ffffffc},
	            {255, 0x1fffff00},
	            {256, 0x1ffffe00},
	            {LINK_LAST / 2, 0},
	            {LINK_LAST - 1, 0},
	            {(size_t)5000000, 0x1f800000}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		links_init(&fs, rows[i].most);
		assert_int_equal(fs.hash_bits, rows[i].bits);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(links),
	        cmocka_unit_test(nobody_is_touched),
	        cmocka_unit_test(bits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
