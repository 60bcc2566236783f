/* SPDX-License-Identifier: BSD-3-Clause */
/* Arenas and slabs: what they hand out, and what they do when nothing is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/pages.h"
#include "base/slab.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARENA = 1 << 16 };

#ifdef POISONS
enum { HIDES = true };
#else
enum { HIDES = false };
#endif

static struct arena arena_of(size_t size)
{
	struct arena a;
	struct tf_error err;
	assert_true(arena_init(&a, size, &err));
	return a;
}

static void takes(void **state)
{
	(void)state;
	static const size_t sizes[] = {1, 63, 64, 65, 0, 1000};
	struct arena a = arena_of(ARENA);
	uint8_t *end = a.base;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		uint8_t *p = arena_take(&a, sizes[i]);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 64, 0);
		assert_true(p >= end);
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(p[k], 0);
		memset(p, 0xff, sizes[i]);
		end = p + sizes[i];
	}
	arena_free(&a);
	assert_null(a.base);
	arena_free(&a); /* nothing any more */
}

/* The last byte can be had, and none beyond it, whatever is asked for. */
static void runs_out(void **state)
{
	(void)state;
	struct arena a = arena_of(ARENA);
	assert_null(arena_take(&a, ARENA + 1));
	assert_null(arena_take(&a, SIZE_MAX));
	assert_non_null(arena_take(&a, ARENA - 100));
	assert_null(arena_take(&a, 101));
	size_t left = a.size - a.used;
	uint8_t *p = arena_take(&a, left);
	assert_non_null(p);
	memset(p, 1, left);
	assert_null(arena_take(&a, 1));
	assert_null(arena_take(&a, SIZE_MAX));
	assert_int_equal(a.used, a.size);
	arena_free(&a);
}

/* A size that is no multiple of the alignment: its last, short piece can be had. */
static void odd_size(void **state)
{
	(void)state;
	struct arena a = arena_of(ARENA + 10);
	assert_non_null(arena_take(&a, ARENA));
	uint8_t *p = arena_take(&a, 5);
	assert_non_null(p);
	memset(p, 1, 5);
	assert_null(arena_take(&a, 6));
	assert_null(arena_take(&a, 1));
	assert_true(a.used <= a.size);
	arena_free(&a);
}

/* Where a large page begins, and all that is left behind that can be had. */
static void takes_pages(void **state)
{
	(void)state;
	struct arena a = arena_of(3 * (size_t)PAGES_LARGE);
	assert_non_null(arena_take(&a, 100));
	assert_null(arena_take_pages(&a, 3 * (size_t)PAGES_LARGE));
	uint8_t *p = arena_take_pages(&a, PAGES_LARGE + 1);
	assert_non_null(p);
	assert_int_equal((uintptr_t)p % PAGES_LARGE, 0);
	memset(p, 1, PAGES_LARGE + 1);
	uint8_t *q = arena_take(&a, 64);
	assert_true(q > p + PAGES_LARGE);
	assert_null(arena_take_pages(&a, PAGES_LARGE));
	assert_null(arena_take_pages(&a, SIZE_MAX));
	arena_free(&a);
}

static void too_large(void **state)
{
	(void)state;
	struct arena a;
	struct tf_error err = {0};
	assert_false(arena_init(&a, SIZE_MAX / 4 * 3, &err));
	assert_int_equal(err.status, TF_USAGE);
	assert_non_null(strstr(err.text, "--memory"));
	assert_null(a.base);
}

static void slab_hands_out(void **state)
{
	(void)state;
	enum { COUNT = 100, SIZE = 13 }; /* rounded up to 16 */
	struct arena a = arena_of(ARENA);
	struct slab s;
	void *object[COUNT];
	assert_true(slab_init(&s, &a, SIZE, COUNT));
	for (uint32_t i = 0; i < COUNT; i++) {
		object[i] = slab_take(&s);
		assert_non_null(object[i]);
		assert_int_equal((uintptr_t)object[i] % sizeof(void *), 0);
		assert_int_equal(slab_index(&s, object[i]), i + 1);
		assert_ptr_equal(slab_at(&s, i + 1), object[i]);
		memset(object[i], (int)i, SIZE);
	}
	assert_int_equal(s.used, COUNT);
	assert_null(slab_take(&s));
	assert_int_equal(s.used, COUNT);
	for (uint32_t i = 0; i < COUNT; i++)
		for (size_t k = 0; k < SIZE; k++)
			assert_int_equal(((uint8_t *)object[i])[k], i);
	arena_free(&a);
}

static void slab_takes_back(void **state)
{
	(void)state;
	struct arena a = arena_of(ARENA);
	struct slab s;
	assert_true(slab_init(&s, &a, 64, 3));
	void *x = slab_take(&s), *y = slab_take(&s), *z = slab_take(&s);
	slab_give(&s, x);
	slab_give(&s, z);
	assert_int_equal(s.used, 1);
	assert_ptr_equal(slab_take(&s), z); /* the latest is warm */
	assert_ptr_equal(slab_take(&s), x);
	assert_null(slab_take(&s));
	slab_give(&s, y);
	assert_ptr_equal(slab_take(&s), y);
	arena_free(&a);
}

static void slab_begins_anew(void **state)
{
	(void)state;
	struct arena a = arena_of(ARENA);
	struct slab s;
	assert_true(slab_init(&s, &a, 64, 3));
	void *x = slab_take(&s), *y = slab_take(&s);
	slab_give(&s, x);
	slab_clear(&s);
	assert_int_equal(s.used, 0);
	assert_ptr_equal(slab_take(&s), x); /* and not twice */
	assert_ptr_equal(slab_take(&s), y);
	assert_non_null(slab_take(&s));
	assert_null(slab_take(&s));
	arena_free(&a);
}

static void slab_numbers(void **state)
{
	(void)state;
	struct arena a = arena_of(ARENA);
	struct slab s;
	assert_true(slab_init(&s, &a, 24, 2));
	assert_null(slab_at(&s, 0));
	assert_int_equal(slab_index(&s, NULL), 0);
	assert_false(slab_init(&s, &a, 64, ARENA / 64 + 1));
	arena_free(&a);
}

/* Whether a process that touches it dies. */
static bool is_deadly(const uint8_t *p)
{
	int status;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)close(STDERR_FILENO); /* where the sanitizer would tell it */
		(void)signal(SIGSEGV, SIG_DFL);
		(void)*(const volatile uint8_t *)p;
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

/* Objects that are free are out of bounds for AddressSanitizer, near and far. */
static void free_is_out_of_bounds(void **state)
{
	(void)state;
	enum { SIZE = 4000, COUNT = 1000 };
	struct arena a = arena_of(2 * SIZE * COUNT);
	struct slab s;
	assert_non_null(arena_take(&a, 5000)); /* so that the first stretch is a part of one */
	assert_true(slab_init(&s, &a, SIZE, COUNT));
	uint8_t *behind = arena_take(&a, SIZE);
	for (uint32_t taken = 0; taken <= COUNT; taken++) {
		const uint32_t others[] = {taken + 1, taken + 30, (taken + COUNT) / 2, COUNT};
		for (size_t i = 0; i < 4 && taken % 250 == 0; i++)
			if (others[i] > taken && others[i] <= COUNT)
				assert_int_equal(is_deadly(slab_at(&s, others[i])), HIDES);
		if (taken < COUNT)
			memset(slab_take(&s), 0, SIZE);
	}
	memset(behind, 0, SIZE);
	slab_give(&s, slab_at(&s, 500));
	assert_int_equal(is_deadly(slab_at(&s, 500)), HIDES);
	assert_false(is_deadly(slab_at(&s, 499)));
	arena_free(&a);
}

/* The addresses of an arena that is gone are in bounds: somebody else may be given
   them. */
static void addresses_are_free_again(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		size_t size = i < 50 ? ARENA : 32 * ARENA;
		struct arena a = arena_of(size);
		struct slab s;
		if (i % 2 == 0)
			assert_true(arena_take(&a, size / 2 + 64) != NULL &&
			            slab_init(&s, &a, 64, size / 2 / 64 - 1));
		else
			memset(arena_take(&a, size), 1, size);
		arena_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(takes),
	        cmocka_unit_test(runs_out),
	        cmocka_unit_test(odd_size),
	        cmocka_unit_test(takes_pages),
	        cmocka_unit_test(too_large),
	        cmocka_unit_test(slab_hands_out),
	        cmocka_unit_test(slab_takes_back),
	        cmocka_unit_test(slab_begins_anew),
	        cmocka_unit_test(slab_numbers),
	        cmocka_unit_test(free_is_out_of_bounds),
	        cmocka_unit_test(addresses_are_free_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
