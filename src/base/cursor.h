/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A cursor reads wire formats: it moves over a span and never past its end. A
 * read that does not fit gives 0 and sets `bad`, which stays set; so a header is
 * read straight through and checked once, at its end.
 */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include <tcpflow/tcpflow.h>

struct cursor {
	const uint8_t *p;
	size_t n; /* bytes left */
	bool bad;
};

static inline struct cursor cursor_over(struct tf_span s)
{
	return (struct cursor){.p = s.p, .n = s.n};
}

/* -> the next n bytes, or NULL (and bad) when fewer are left. */
static inline const uint8_t *cursor_take(struct cursor *c, size_t n)
{
	if (n > c->n) {
		c->bad = true;
		if (c->n > 0) /* p may be NULL where there is nothing */
			c->p += c->n;
		c->n = 0;
		return NULL;
	}
	const uint8_t *p = c->p;
	c->p += n;
	c->n -= n;
	return p;
}

static inline void cursor_skip(struct cursor *c, size_t n)
{
	(void)cursor_take(c, n);
}

/* Moves over a header of n bytes -> a cursor over it, in which reads need no check when
   n is a constant; or an empty one, and *c is bad. */
static inline struct cursor cursor_header(struct cursor *c, size_t n)
{
	const uint8_t *p = cursor_take(c, n);
	return (struct cursor){.p = p, .n = p ? n : 0};
}

/* Forgets all but the next n bytes; a no-op when fewer are left. */
static inline void cursor_clip(struct cursor *c, size_t n)
{
	if (n < c->n)
		c->n = n;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 1);
	return p ? p[0] : 0;
}

/* Network byte order. */
static inline uint16_t cursor_u16(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 2);
	return p ? (uint16_t)((unsigned)p[0] << 8 | p[1]) : 0;
}

static inline uint32_t cursor_u32(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 4);
	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

/* -> the byte at position at from here, not moving; 0 past the end. */
static inline uint8_t cursor_peek(const struct cursor *c, size_t at)
{
	return at < c->n ? c->p[at] : 0;
}

#endif
