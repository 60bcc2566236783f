/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/listening.h"

#include "cli/message.h"

#include <stdio.h>

enum { RING_LEAST = 64 << 10 };

#define RING_USUAL ((size_t)64 << 20)

size_t listening_ring(const struct options *o, size_t interfaces)
{
	size_t all = o->ring != OPTION_NONE ? (size_t)o->ring : RING_USUAL;
	size_t each = all / interfaces;
	return each > RING_LEAST ? each : RING_LEAST;
}

static bool open_one(struct tf_engine *e, const struct options *o, const char *name,
                     size_t interfaces, struct tf_error *err)
{
	const struct tf_listening how = {
	        .interface = name,
	        .ring = listening_ring(o, interfaces),
	        .rings = o->no_fanout ? 1 : 0,
	        .snaplen = o->snaplen != OPTION_NONE ? (uint32_t)o->snaplen : LISTENING_SNAPLEN,
	        .promiscuous = !o->not_promiscuous,
	};
	return tf_engine_listen(e, &how, err);
}

bool listening_open(struct tf_engine *e, const struct options *o, char first[TF_INTERFACE_ROOM],
                    struct tf_error *err)
{
	const char *usual = first, *const *name = o->interface_count > 0 ? o->interfaces : &usual;
	size_t count = o->interface_count > 0 ? o->interface_count : 1;
	if (o->interface_count == 0 && !tf_interface_first(first, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!open_one(e, o, name[i], count, err))
			return false;
	return true;
}

void listening_tell(const struct options *o, const char *first)
{
	if (o->interface_count == 0 && options_talkative(o))
		message_say(stderr, "listening on %s", first);
	for (size_t i = 0; i < o->interface_count && options_talkative(o); i++)
		message_say(stderr, "listening on %s", o->interfaces[i]);
}
