/* SPDX-License-Identifier: BSD-3-Clause */
#include <tcpflow/tcpflow.h>

void tf_hex_text(const uint8_t *p, size_t n, char *to)
{
	static const char digit[] = "0123456789abcdef";
	for (size_t i = 0; i < n; i++) {
		to[2 * i] = digit[p[i] >> 4];
		to[2 * i + 1] = digit[p[i] & 15];
	}
	to[2 * n] = '\0';
}
