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

void tf_address_text(const struct tf_address *a, char to[TF_ADDRESS_TEXT])
{
	const char *text = tf_address_is_v4(a)
	                           ? inet_ntop(AF_INET, a->b + V4_AT, to, TF_ADDRESS_TEXT)
	                           : inet_ntop(AF_INET6, a->b, to, TF_ADDRESS_TEXT);
	MUST(text != NULL); /* it fails only where the room is too small */
}
