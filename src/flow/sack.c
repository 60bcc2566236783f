/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/sack.h"

#include "base/cursor.h"

enum { HEADER_MIN = 20, END = 0, NOP = 1, SACK = 5 };

/* -> the contents of the option, or an empty cursor: it is not there */
static struct cursor find(struct cursor *c, unsigned wanted)
{
	while (c->n > 0 && !c->bad) {
		unsigned kind = cursor_u8(c);
		if (kind == END)
			break;
		if (kind == NOP)
			continue;
		size_t n = cursor_u8(c);
		if (n < 2)
			break;
		struct cursor inside = cursor_header(c, n - 2);
		if (kind == wanted && !c->bad)
			return inside;
	}
	return (struct cursor){0};
}

/* a is before b, or the same. */
static bool before(uint32_t a, uint32_t b)
{
	return (int32_t)(b - a) >= 0;
}

bool sack_duplicate(const struct tf_packet *pkt, uint32_t *left, uint32_t *right)
{
	if (pkt->header <= HEADER_MIN || (pkt->flags & TCP_ACK) == 0)
		return false;
	struct cursor options = {.p = pkt->payload.p - pkt->header + HEADER_MIN,
	                         .n = (size_t)pkt->header - HEADER_MIN};
	struct cursor c = find(&options, SACK);
	*left = cursor_u32(&c);
	*right = cursor_u32(&c);
	if (c.bad || !before(*left + 1, *right))
		return false;
	if (before(*right, pkt->ack))
		return true;
	uint32_t from = cursor_u32(&c), to = cursor_u32(&c);
	return !c.bad && before(from, *left) && before(*right, to);
}
