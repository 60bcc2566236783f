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

static char *put_octet(char *to, unsigned octet)
{
	if (octet > 99)
		*to++ = (char)('0' + octet / 100);
	if (octet > 9)
		*to++ = (char)('0' + octet / 10 % 10);
	*to++ = (char)('0' + octet % 10);
	return to;
}

void tf_address_text(const struct tf_address *a, char to[TF_ADDRESS_TEXT])
{
	if (!tf_address_is_v4(a)) {
		const char *text = inet_ntop(AF_INET6, a->b, to, TF_ADDRESS_TEXT);
		MUST(text != NULL); /* it fails only where the room is too small */
		return;
	}
	/* A report has four in each connection: inet_ntop() takes 1,700 instructions for one. */
	for (int i = V4_AT; i < V4_AT + 4; i++) {
		to = put_octet(to, a->b[i]);
		*to++ = i < V4_AT + 3 ? '.' : '\0';
	}
}
