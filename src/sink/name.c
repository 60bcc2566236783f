/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/name.h"

#include <stdio.h>

static size_t add_end(char *to, size_t size, const struct tf_endpoint *end)
{
	const uint8_t *b = end->address.b;
	int n;
	if (tf_address_is_v4(&end->address)) {
		n = snprintf(to, size, "%03d.%03d.%03d.%03d.%05d", b[12], b[13], b[14], b[15],
		             end->port);
	} else {
		char text[TF_ADDRESS_TEXT];
		tf_address_text(&end->address, text);
		n = snprintf(to, size, "%s.%05d", text, end->port);
	}
	return (size_t)n;
}

void name_of(const struct tf_flow *f, unsigned dir, uint32_t number, char to[NAME_ROOM])
{
	size_t n = add_end(to, NAME_ROOM, &f->end[dir]);
	to[n++] = '-';
	n += add_end(to + n, NAME_ROOM - n, &f->end[!dir]);
	if (f->vlan[0] != 0)
		n += (size_t)snprintf(to + n, NAME_ROOM - n, "--%d", f->vlan[0]);
	if (number > 0)
		(void)snprintf(to + n, NAME_ROOM - n, "c%u", number);
}

bool name_is_ambiguous(const struct tf_flow *f)
{
	return f->vlan[0] != 0 || f->net[0] != 0;
}
