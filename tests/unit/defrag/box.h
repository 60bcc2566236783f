/* SPDX-License-Identifier: BSD-3-Clause */
/* A defrag of its own, and fragments written as text. */
#ifndef UNIT_DEFRAG_BOX_H
#define UNIT_DEFRAG_BOX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sanitizer/asan_interface.h>

#include "defrag/defrag.h"

#define SECOND INT64_C(1000000000)

struct box {
	struct arena arena;
	struct tf_counters counters;
	struct defrag d;
};

/* Slabs poison what is free; the next mapping may lie at the same place. */
static inline void box_free(struct arena *a)
{
	ASAN_UNPOISON_MEMORY_REGION(a->base, a->size);
	arena_free(a);
}

static inline void box_open(struct box *b, size_t memory, enum defrag_policy ip4,
                            enum defrag_policy ip6)
{
	*b = (struct box){.counters = {0}};
	struct defrag_setup s = {.seed = 7,
	                         .ip4 = ip4,
	                         .ip6 = ip6,
	                         .ip4_timeout_ns = 30 * SECOND,
	                         .ip6_timeout_ns = 60 * SECOND,
	                         .counters = &b->counters};
	assert_true(arena_init(&b->arena, memory, NULL));
	assert_true(defrag_init(&b->d, &b->arena, memory, &s));
}

static inline void box_close(struct box *b)
{
	defrag_finish(&b->d);
	assert_int_equal(b->d.cells.used, 0);
	assert_int_equal(b->d.waiting, 0);
	box_free(&b->arena);
}

/* A byte of version 'a', 'b', ... of a datagram's payload. */
static inline uint8_t box_byte(char version, size_t at)
{
	return (uint8_t)(at * 7 / 3 + (size_t)(version - 'a') * 51);
}

/* Takes a fragment with bytes of that version, which lie in memory that ends with them. */
static inline enum defrag_answer box_take(struct box *b, struct tf_fragment f, char version,
                                          struct tf_datagram *whole)
{
	uint8_t *bytes = malloc(f.payload.n + 1);
	assert_non_null(bytes);
	for (size_t i = 0; i < f.payload.n; i++)
		bytes[i + 1] = box_byte(version, f.offset + i);
	f.payload.p = bytes + 1;
	enum defrag_answer answer = defrag_take(&b->d, &f, whole);
	free(bytes);
	assert_true(defrag_check(&b->d));
	return answer;
}

/* Tells the datagram just completed: its length, and of each 8 bytes the version. */
static inline void box_tell(struct box *b, size_t n, char *to)
{
	uint8_t *bytes = malloc(n);
	assert_non_null(bytes);
	defrag_gather(&b->d, bytes);
	to += sprintf(to, "%zu:", n);
	for (size_t at = 0; at < n; at += 8) {
		char found = '?';
		for (char v = 'e'; v >= 'a'; v--) {
			size_t same = at;
			while (same < n && same < at + 8 && bytes[same] == box_byte(v, same))
				same++;
			if (same == n || same == at + 8)
				found = v;
		}
		*to++ = found;
	}
	*to = '\0';
	free(bytes);
}

/*
 * Takes fragments from a text like "0-16+ 16-24.b": bytes from 0 to 16, more follow; 16 to
 * 24, the last, in version b. Writes what came of them, like "24:aab", or "nothing".
 */
static inline void box_run(struct box *b, bool ip6, uint32_t id, const char *text, char *to)
{
	unsigned from, behind;
	char more, version;
	int used;
	*to = '\0';
	while (sscanf(text, " %u-%u%c%n", &from, &behind, &more, &used) == 3) {
		text += used;
		version = *text >= 'a' && *text <= 'e' ? *text++ : 'a';
		struct tf_fragment f = {.ip6 = ip6,
		                        .id = id,
		                        .protocol = ip6 ? 253 : 6,
		                        .header = ip6 ? 0 : 20,
		                        .offset = from,
		                        .more = more == '+',
		                        .payload.n = behind - from};
		struct tf_datagram whole;
		if (box_take(b, f, version, &whole) != DEFRAG_COMPLETE)
			continue;
		if (*to != '\0')
			strcat(to, " ");
		box_tell(b, whole.payload.n, to + strlen(to));
	}
	assert_string_equal(text, "");
	if (*to == '\0')
		strcpy(to, "nothing");
}

#endif
