/* SPDX-License-Identifier: BSD-3-Clause */
/* A cursor over fields whose byte order the file chose. */
#ifndef CAPTURE_FIELDS_H
#define CAPTURE_FIELDS_H

#include "base/cursor.h"

struct fields {
	struct cursor c;
	bool little; /* least significant byte first */
};

static inline struct fields fields_over(const uint8_t *p, size_t n, bool little)
{
	return (struct fields){.c = cursor_over((struct tf_span){p, n}), .little = little};
}

static inline uint16_t field_u16(struct fields *f)
{
	uint16_t v = cursor_u16(&f->c);
	return f->little ? __builtin_bswap16(v) : v;
}

static inline uint32_t field_u32(struct fields *f)
{
	uint32_t v = cursor_u32(&f->c);
	return f->little ? __builtin_bswap32(v) : v;
}

static inline uint64_t field_u64(struct fields *f)
{
	uint64_t a = field_u32(f), b = field_u32(f);
	return f->little ? b << 32 | a : a << 32 | b;
}

#endif
