/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Holds the short way for usual frames against the layers. Each has a decoder of its own, which
 * remembers what came before; both must come to the same, field for field.
 */
#ifndef TESTS_DECODE_SAME_H
#define TESTS_DECODE_SAME_H

#include "base/sum.h"
#include "decode/decode.h"

#include <string.h>

/* What decode_frame() fills in of all packets. */
#define SAME(f)                                                                                    \
	{                                                                                          \
#f, offsetof(struct tf_packet, f), sizeof((struct tf_packet *)0)->f                \
	}
static const struct same_field {
	const char *name;
	size_t at, n;
} same_fields[] = {
        SAME(src.address),    SAME(src.port),      SAME(dst.address),
        SAME(dst.port),       SAME(vlan),          SAME(net),
        SAME(marks.kind),     SAME(seq),           SAME(ack),
        SAME(window),         SAME(flags),         SAME(ttl),
        SAME(urgent),         SAME(cut),           SAME(header),
        SAME(detour),         SAME(payload.p),     SAME(payload.n),
        SAME(wire.bytes),     SAME(wire.captured), SAME(wire.length),
        SAME(wire.link_type), SAME(ts_ns),         SAME(source),
        SAME(frame),          SAME(position),
};
#undef SAME

/* -> the name of the first field that differs, NULL: none does */
static inline const char *packets_differ(const struct tf_packet *a, const struct tf_packet *b)
{
	for (size_t i = 0; i < sizeof same_fields / sizeof *same_fields; i++) {
		const struct same_field *f = &same_fields[i];
		if (memcmp((const char *)a + f->at, (const char *)b + f->at, f->n) != 0)
			return f->name;
	}
	for (int i = 0; i < TF_MARKS && a->marks.kind[i] != 0; i++)
		if (a->marks.number[i] != b->marks.number[i])
			return "marks.number";
	return a->astray != b->astray           ? "astray"
	       : a->misheaded != b->misheaded   ? "misheaded"
	       : a->suspicious != b->suspicious ? "suspicious"
	                                        : NULL;
}

/* Makes the checksum of an IPv4 header right that stands at `ip` in n bytes, if one does. */
static inline void mend_header(uint8_t *bytes, size_t n, size_t ip)
{
	if (n < ip + 20 || bytes[ip] >> 4 != 4)
		return;
	size_t header = (bytes[ip] & 0xf) * (size_t)4, left = n - ip;
	memset(bytes + ip + 10, 0, sizeof(uint16_t));
	uint16_t sum = sum_negative(sum_bytes(bytes + ip, header < left ? header : left));
	memcpy(bytes + ip + 10, &sum, sizeof sum);
}

/* Decodes the frame by decode_frame() and by decode_layers(), each time into a packet full of
   what was there before -> what differs, NULL: nothing does. *fate is what both came to; after the
   short way, quick->link is NULL. */
static inline const char *ways_differ(struct decode *quick, struct decode *whole,
                                      const struct tf_frame *frame, enum fate *fate)
{
	struct tf_packet a, b;
	memset(&a, 0xa5, sizeof a);
	memset(&b, 0x5a, sizeof b);
	static const uint8_t more = 0;
	quick->rest.c.p = whole->rest.c.p = &more; /* of the frame before, which nobody asked for */
	quick->link = NULL;
	*fate = decode_frame(quick, frame, &a);
	if (*fate != decode_layers(whole, frame, &b))
		return "fate";
	if (decode_has_more(quick) != decode_has_more(whole))
		return "rest";
	if (memcmp(quick->headers, whole->headers, sizeof quick->headers) != 0)
		return "headers";
	return *fate == FATE_tcp_segments ? packets_differ(&a, &b) : NULL;
}

#endif
