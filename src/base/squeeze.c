/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/squeeze.h"

#include <stdbool.h>
#include <string.h>

enum { WORD = sizeof(uint64_t) };

/* Where bytes go; once they do not fit, nothing more is written. */
struct out {
	uint8_t *to;
	size_t room, n;
	bool full;
};

/* -> where one byte goes, which may be filled in later, or NULL */
static uint8_t *put(struct out *o, uint8_t b)
{
	if (o->n == o->room) {
		o->full = true;
		return NULL;
	}
	o->to[o->n] = b;
	return &o->to[o->n++];
}

static void put_word(struct out *o, uint64_t word)
{
	uint8_t byte[WORD], which = 0;
	memcpy(byte, &word, sizeof byte);
	for (unsigned i = 0; i < WORD; i++)
		which = (uint8_t)(which | (unsigned)(byte[i] != 0) << i);
	(void)put(o, which);
	for (unsigned i = 0; i < WORD; i++)
		if (byte[i] != 0)
			(void)put(o, byte[i]);
}

static void put_group(struct out *o, const uint64_t *word, size_t n, uint8_t which)
{
	(void)put(o, which);
	for (size_t i = 0; i < n; i++)
		if ((which >> i & 1) != 0)
			put_word(o, word[i]);
}

static uint8_t which_words(const uint64_t *word, size_t n)
{
	uint8_t which = 0;
	for (size_t i = 0; i < n; i++)
		which = (uint8_t)(which | (unsigned)(word[i] != 0) << i);
	return which;
}

static size_t group_at(size_t i, size_t n)
{
	return n - i < SQUEEZE_GROUP ? n - i : SQUEEZE_GROUP;
}

size_t squeeze(const uint64_t *word, size_t n, uint8_t *to, size_t room)
{
	struct out o = {.to = to, .room = room};
	uint8_t *groups = NULL;
	for (size_t i = 0, g = 0; i < n; i += SQUEEZE_GROUP, g++) {
		size_t size = group_at(i, n);
		if (g % 8 == 0)
			groups = put(&o, 0);
		uint8_t which = which_words(word + i, size);
		if (which == 0 || groups == NULL)
			continue;
		*groups = (uint8_t)(*groups | 1U << g % 8);
		put_group(&o, word + i, size, which);
	}
	return o.full ? 0 : o.n;
}

/* -- and back -------------------------------------------------------------------- */

static const uint8_t *take_word(const uint8_t *from, uint64_t *word)
{
	uint8_t byte[WORD] = {0}, which = *from++;
	for (unsigned i = 0; i < WORD; i++)
		if ((which >> i & 1) != 0)
			byte[i] = *from++;
	memcpy(word, byte, sizeof byte);
	return from;
}

static const uint8_t *take_group(const uint8_t *from, uint64_t *word)
{
	uint8_t which = *from++;
	for (unsigned i = 0; which >> i != 0; i++)
		if ((which >> i & 1) != 0)
			from = take_word(from, &word[i]);
	return from;
}

size_t squeeze_expand(const uint8_t *from, uint64_t *word, size_t n)
{
	const uint8_t *p = from;
	uint8_t groups = 0;
	memset(word, 0, n * sizeof *word);
	for (size_t i = 0, g = 0; i < n; i += SQUEEZE_GROUP, g++) {
		if (g % 8 == 0)
			groups = *p++;
		if ((groups >> g % 8 & 1) != 0)
			p = take_group(p, word + i);
	}
	return (size_t)(p - from);
}
