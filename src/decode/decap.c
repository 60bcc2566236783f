/* SPDX-License-Identifier: BSD-3-Clause */
/* The names of tunnels, as --decap wants them. */
#include "decode/decode.h"

#include <string.h>

static const struct tf_decap_row rows[] = {
#define DECAP_ROW(n, word, port, text) {word, text, UINT64_C(1) << DECAP_##n, port},
        DECAPS(DECAP_ROW)
#undef DECAP_ROW
};

enum { ROWS = sizeof rows / sizeof *rows };

_Static_assert(DECAP_END <= 64, "a bit for each");

const struct tf_decap_row *tf_decap_rows(size_t *count)
{
	*count = ROWS;
	return rows;
}

/* -> the bits of the word of n bytes, 0 when there is no such word, or none is meant */
static uint64_t bits_of(const char *word, size_t n)
{
	if (n == 3 && memcmp(word, "all", n) == 0)
		return TF_DECAP_ALL;
	for (size_t i = 0; i < ROWS; i++) {
		if (strlen(rows[i].name) == n && memcmp(rows[i].name, word, n) == 0)
			return rows[i].bit;
	}
	return 0;
}

bool tf_decap_parse(const char *list, uint64_t *set)
{
	uint64_t bits = 0;
	if (strcmp(list, "none") != 0) {
		for (const char *word = list;; word++) {
			size_t n = strcspn(word, ",");
			uint64_t more = bits_of(word, n);
			if (more == 0)
				return false;
			bits |= more;
			word += n;
			if (*word == '\0')
				break;
		}
	}
	*set = bits;
	return true;
}
