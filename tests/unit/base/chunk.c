/* SPDX-License-Identifier: BSD-3-Clause */
/* The pool of chunks, and how it asks for some to come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/chunk.h"

enum { COUNT = 8 };

struct fixture {
	struct arena arena;
	struct chunk_pool pool;
	struct chunk *kept; /* what reclaim() gives back */
	int asked;
};

static void start(struct fixture *f)
{
	struct tf_error err;
	*f = (struct fixture){0};
	assert_true(arena_init(&f->arena, (size_t)COUNT * CHUNK_SIZE, &err));
	assert_true(chunk_pool_init(&f->pool, &f->arena, COUNT));
}

static bool reclaim(void *arg)
{
	struct fixture *f = arg;
	f->asked++;
	if (f->kept == NULL)
		return false;
	chunk_give_chain(&f->pool, f->kept);
	f->kept = NULL;
	return true;
}

static struct chunk *take_all(struct fixture *f)
{
	struct chunk *chain = NULL;
	for (int i = 0; i < COUNT; i++) {
		struct chunk *c = chunk_take(&f->pool);
		assert_non_null(c);
		assert_null(c->next);
		assert_int_equal(c->from, 0);
		assert_int_equal(c->to, 0);
		memset(c->data, i, CHUNK_ROOM); /* all of the room is there */
		c->from = 7;
		c->to = CHUNK_ROOM;
		c->next = chain;
		chain = c;
	}
	return chain;
}

static void all_and_no_more(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	struct chunk *chain = take_all(&f);
	assert_null(chunk_take(&f.pool));
	chunk_give_chain(&f.pool, chain);
	assert_int_equal(f.pool.slab.used, 0);
	chunk_give_chain(&f.pool, take_all(&f)); /* as good as new */
	chunk_give_chain(&f.pool, NULL);
	arena_free(&f.arena);
}

static void asks_when_empty(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	f.pool.reclaim = reclaim;
	f.pool.reclaim_arg = &f;
	f.kept = take_all(&f);
	assert_int_equal(f.asked, 0);
	assert_non_null(chunk_take(&f.pool));
	assert_int_equal(f.asked, 1);
	for (int i = 1; i < COUNT; i++)
		assert_non_null(chunk_take(&f.pool));
	assert_int_equal(f.asked, 1);
	assert_null(chunk_take(&f.pool)); /* asked, and nothing came */
	assert_int_equal(f.asked, 2);
	arena_free(&f.arena);
}

/* Large ones are another kind, and never asked for. */
static void large(void **state)
{
	(void)state;
	enum { LARGE = 3 };
	struct fixture f;
	struct tf_error err;
	f = (struct fixture){0};
	assert_true(arena_init(&f.arena, COUNT * CHUNK_SIZE + LARGE * CHUNK_LARGE_SIZE, &err));
	assert_true(chunk_pool_init(&f.pool, &f.arena, COUNT));
	assert_null(chunk_take_large(&f.pool));
	assert_true(chunk_pool_enlarge(&f.pool, &f.arena, LARGE));
	f.pool.reclaim = reclaim;
	f.pool.reclaim_arg = &f;
	struct chunk *chain = take_all(&f);
	for (int i = 0; i < LARGE; i++) {
		struct chunk *c = chunk_take_large(&f.pool);
		assert_non_null(c);
		assert_int_equal(chunk_left(c), CHUNK_LARGE_ROOM);
		memset(c->data, i, CHUNK_LARGE_ROOM);
		c->to = CHUNK_LARGE_ROOM;
		assert_int_equal(chunk_left(c), 0);
		c->next = chain;
		chain = c;
	}
	assert_null(chunk_take_large(&f.pool));
	assert_int_equal(f.asked, 0);
	assert_int_equal(chunk_pool_used(&f.pool), f.arena.used);
	chunk_give_chain(&f.pool, chain);
	assert_int_equal(chunk_pool_used(&f.pool), 0);
	chunk_give_chain(&f.pool, take_all(&f)); /* each kind is among its own */
	arena_free(&f.arena);
}

static void too_little(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	struct chunk_pool more;
	assert_false(chunk_pool_init(&more, &f.arena, 1));
	arena_free(&f.arena);
}

static void span(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	struct chunk *c = chunk_take(&f.pool);
	c->from = 3;
	c->to = 10;
	assert_ptr_equal(chunk_span(c).p, c->data + 3);
	assert_int_equal(chunk_span(c).n, 7);
	arena_free(&f.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(all_and_no_more),
	        cmocka_unit_test(asks_when_empty),
	        cmocka_unit_test(large),
	        cmocka_unit_test(too_little),
	        cmocka_unit_test(span),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
