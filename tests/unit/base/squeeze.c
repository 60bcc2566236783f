/* SPDX-License-Identifier: BSD-3-Clause */
/* Words squeezed and expanded are what they were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/squeeze.h"
#include "prop/random.h"

enum { MOST = 150, ROOM = MOST * 9 + 40 };

static void same(const uint64_t *word, size_t n, size_t squeezed)
{
	uint8_t bytes[ROOM + SQUEEZE_SLACK];
	uint64_t again[MOST + 1];
	memset(bytes, 0xa5, sizeof bytes);
	memset(again, 0x5a, sizeof again);
	size_t k = squeeze(word, n, bytes, ROOM);
	assert_in_range(k, 1, ROOM);
	if (squeezed != 0)
		assert_int_equal(k, squeezed);
	memset(bytes + k, 0xff, sizeof bytes - k); /* nothing behind it matters */
	assert_int_equal(squeeze_expand(bytes, again, n), k);
	assert_memory_equal(again, word, n * sizeof *word);
	assert_int_equal(again[n], UINT64_C(0x5a5a5a5a5a5a5a5a));
}

static void few(void **state)
{
	(void)state;
	uint64_t word[MOST] = {0};
	same(word, 1, 1);
	same(word, 64, 1);
	same(word, 65, 2);
	word[0] = 1;
	same(word, 1, 4);
	word[0] = UINT64_C(0x0000123456000000);
	same(word, 20, 6);
	word[0] = UINT64_MAX;
	same(word, 64, 11);
	word[63] = UINT64_C(1) << 63;
	same(word, 64, 14);
}

/* Each of its bytes, alone and with each other one. */
static void bytes(void **state)
{
	(void)state;
	for (unsigned a = 0; a < 8; a++)
		for (unsigned b = 0; b < 8; b++) {
			uint64_t word = UINT64_C(0x80) << 8 * a | UINT64_C(1) << 8 * b;
			same(&word, 1, 3 + (a > b ? a - b : b - a) + 1);
		}
}

static void random_words(void **state)
{
	(void)state;
	struct random r = {7};
	for (int i = 0; i < 20000; i++) {
		uint64_t word[MOST] = {0};
		size_t n = 1 + random_below(&r, MOST);
		unsigned full = (unsigned)random_below(&r, 101);
		for (size_t k = 0; k < n; k++)
			if (random_chance(&r, full))
				word[k] = random_next(&r) >> random_below(&r, 64)
				                                     << random_below(&r, 64);
		same(word, n, 0);
	}
}

/* However little room there is, no more is written, and it is told. */
static void too_little_room(void **state)
{
	(void)state;
	struct random r = {8};
	uint64_t word[20];
	uint8_t to[ROOM];
	for (size_t i = 0; i < 20; i++)
		word[i] = random_next(&r);
	size_t k = squeeze(word, 20, to, sizeof to);
	for (size_t room = 0; room <= k; room++) {
		memset(to, 0xa5, sizeof to);
		assert_int_equal(squeeze(word, 20, to, room), room == k ? k : 0);
		for (size_t i = room; i < sizeof to; i++)
			assert_int_equal(to[i], 0xa5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(few),
	        cmocka_unit_test(bytes),
	        cmocka_unit_test(random_words),
	        cmocka_unit_test(too_little_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
