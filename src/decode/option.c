/* SPDX-License-Identifier: BSD-3-Clause */
#include "decode/option.h"

#include "base/cursor.h"

#include <string.h>

enum {
	END = 0,
	NOP = 1,
	SCALE = 3,
	STAMP = 8,
	MD5 = 19,
	SCALE_SIZE = 1, /* of the value, behind kind and length */
	STAMP_SIZE = 8,
	SCALE_MAX = 14, /* RFC 7323, 2.3 */
	PLAIN_SIZE = 12
};

static void take(struct tcp_options *o, uint8_t kind, struct cursor value)
{
	if (kind == SCALE && value.n == SCALE_SIZE) {
		uint8_t scale = cursor_u8(&value);
		o->has_scale = true;
		o->scale = scale < SCALE_MAX ? scale : SCALE_MAX;
	} else if (kind == STAMP && value.n == STAMP_SIZE) {
		o->has_stamp = true;
		o->stamp = cursor_u32(&value);
	} else if (kind == MD5) {
		o->is_signed = true;
	}
}

/* What nearly every segment has: NOP, NOP, timestamps. */
static bool is_plain(struct tf_span bytes)
{
	static const uint8_t head[] = {NOP, NOP, STAMP, 2 + STAMP_SIZE};
	return bytes.n == PLAIN_SIZE && memcmp(bytes.p, head, sizeof head) == 0;
}

struct tcp_options tcp_options_read(struct tf_span bytes)
{
	struct tcp_options o = {0};
	struct cursor c = cursor_over(bytes);
	if (is_plain(bytes)) {
		cursor_skip(&c, PLAIN_SIZE - STAMP_SIZE);
		take(&o, STAMP, c);
		return o;
	}
	while (c.n > 0) {
		uint8_t kind = cursor_u8(&c);
		if (kind == END)
			break;
		if (kind == NOP)
			continue;
		uint8_t size = cursor_u8(&c);
		if (c.bad || size < 2 || size - 2U > c.n)
			break;
		take(&o, kind, cursor_header(&c, size - 2U));
	}
	return o;
}
