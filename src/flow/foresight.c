/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/foresight.h"

#include "base/prefetch.h"

/* So many packets before it is wanted, or flows. */
enum { BUCKET_OF_PACKET = 12, FIRST_OF_PACKET = 8, SECOND_OF_PACKET = 4 };
enum { BYTES_OF_PACKET = 3, BYTES_MOST = 2048, LINE = 64 };
enum { FLOW_THAT_GOES = 6, BUCKET_OF_FLOW = 5, FIRST_OF_FLOW = 3, SECOND_OF_FLOW = 1 };

static void want(const struct flows *fs, uint32_t ref)
{
	if (!ref_is_end(ref))
		prefetch(place_at(fs, ref));
}

/* The one behind ref in its chain, if ref is no end. */
static void want_second(const struct flows *fs, uint32_t ref)
{
	if (!ref_is_end(ref))
		want(fs, place_at(fs, ref)->chain);
}

void foresight_packets(const struct flows *fs, const struct tf_packet *pkt, size_t n)
{
	if (n > BUCKET_OF_PACKET)
		prefetch(bucket_of(fs, pkt[BUCKET_OF_PACKET].hash));
	if (n > FIRST_OF_PACKET)
		want(fs, bucket_first(fs, pkt[FIRST_OF_PACKET].hash));
	if (n > SECOND_OF_PACKET)
		want_second(fs, bucket_first(fs, pkt[SECOND_OF_PACKET].hash));
}

/* Sums and copies go through all of them. */
void foresight_bytes(const struct tf_packet *pkt, size_t n)
{
	if (n <= BYTES_OF_PACKET)
		return;
	pkt += BYTES_OF_PACKET;
	const uint8_t *header = pkt->payload.p - pkt->header;
	size_t size = pkt->header + pkt->payload.n;
	for (size_t i = 0; i < size && i < BYTES_MOST; i += LINE)
		prefetch(header + i);
}

/* That flow may go after so many others. Who is old is last in its chain as a rule, as new ones
   stand first: so it knows its bucket. */
static void foresee(const struct flows *fs, uint32_t ref, int after)
{
	uint32_t end = place_at(fs, ref)->chain;
	if (!ref_is_end(end))
		return;
	const uint32_t *bucket = &fs->bucket[end & ~REF_FORM];
	if (after == BUCKET_OF_FLOW)
		prefetch(bucket);
	else if (after == FIRST_OF_FLOW)
		want(fs, *bucket);
	else if (after == SECOND_OF_FLOW)
		want_second(fs, *bucket);
}

void foresight_evictions(const struct flows *fs, uint32_t ref)
{
	for (int after = 1; after <= FLOW_THAT_GOES; after++) {
		ref = place_at(fs, ref)->newer;
		if (ref == 0)
			return;
		if (after == FLOW_THAT_GOES)
			prefetch(place_at(fs, ref));
		else
			foresee(fs, ref, after);
	}
}
