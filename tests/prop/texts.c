/* SPDX-License-Identifier: BSD-3-Clause */
/* texts COUNT SEED: random strings, one a line: in hexadecimal, as JSON and as XML, with tabs
   between them. texts.py reads them back. */
#include "base/text.h"

#include "random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct random dice;

static size_t put_rune(uint8_t *to, uint32_t r)
{
	if (r < 0x80) {
		to[0] = (uint8_t)r;
		return 1;
	}
	size_t n = r < 0x800 ? 2 : r < 0x10000 ? 3 : 4;
	for (size_t i = n; i-- > 1; r >>= 6)
		to[i] = (uint8_t)(0x80 | (r & 0x3f));
	to[0] = (uint8_t)((0xf0 << (4 - n) & 0xff) | r);
	return n;
}

/* Bytes, characters (surrogates among them), what JSON, XML and our escapes are made of. */
static size_t put_piece(uint8_t *to)
{
	static const char special[] = "\\x41\\\\\"'<>&;/]]>&#x0;u0041\t\r\n \x1b[31m\x7f";
	static const uint32_t top[] = {0x80, 0x800, 0x3000, 0x10000, 0x120000};
	uint64_t r = random_next(&dice);
	switch (r % 4) {
	case 0:
		to[0] = (uint8_t)(r >> 8);
		return 1;
	case 1:
		to[0] = (uint8_t)special[(r >> 8) % (sizeof special - 1)];
		return 1;
	case 2:
		to[0] = (uint8_t)(' ' + (r >> 8) % 95);
		return 1;
	default:
		return put_rune(to, (uint32_t)((r >> 16) % top[(r >> 8) % 5]));
	}
}

int main(int argc, char **argv)
{
	static uint8_t bytes[256];
	static char room[8192];
	if (argc != 3)
		return 1;
	long count = atol(argv[1]);
	dice.state = strtoull(argv[2], NULL, 0);
	for (long i = 0; i < count; i++) {
		size_t n = 0, pieces = (size_t)(random_next(&dice) % 40);
		for (size_t k = 0; k < pieces; k++)
			n += put_piece(bytes + n);
		struct text t = text_in(room, sizeof room);
		text_hex(&t, bytes, n);
		text_bytes(&t, "\t", 1);
		text_json(&t, bytes, n);
		text_bytes(&t, "\t", 1);
		text_xml(&t, bytes, n);
		if (t.full || puts(t.to) < 0)
			return 1;
	}
	return 0;
}
