/* SPDX-License-Identifier: BSD-3-Clause */
/* IP addresses for people. */
#include <arpa/inet.h>
#include <string.h>

#include "base/error.h"

enum { V4_AT = 12 }; /* where the IPv4 address stands in ::ffff:a.b.c.d */

bool tf_address_is_v4(const struct tf_address *a)
{
	static const uint8_t mapped[V4_AT] = {[10] = 0xff, [11] = 0xff};
	return memcmp(a->b, mapped, sizeof mapped) == 0;
}

/* 0 to 255 in decimal -> behind it */
static char *put_octet(char *to, unsigned v)
{
	if (v >= 100)
		*to++ = (char)('0' + v / 100);
	if (v >= 10)
		*to++ = (char)('0' + v / 10 % 10);
	*to++ = (char)('0' + v % 10);
	return to;
}

/* Not by inet_ntop(), which goes through sprintf(): each row of the report has two of these.
 */
static void put_v4(char *to, const uint8_t b[4])
{
	for (int i = 0; i < 4; i++) {
		to = put_octet(to, b[i]);
		*to++ = i < 3 ? '.' : '\0';
	}
}

void tf_address_text(const struct tf_address *a, char to[TF_ADDRESS_TEXT])
{
	if (tf_address_is_v4(a)) {
		put_v4(to, a->b + V4_AT);
		return;
	}
	const char *text = inet_ntop(AF_INET6, a->b, to, TF_ADDRESS_TEXT);
	MUST(text != NULL); /* it fails only where the room is too small */
}
