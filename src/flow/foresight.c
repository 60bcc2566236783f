/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/foresight.h"

#include "flow/cells.h"

enum { BYTES_AHEAD = 3, BYTES_MOST = 2048, LINE = 64 }; /* packets; bytes of each */

/* The flow where link is, unless it is an end. */
static void want(const struct flows *fs, uint32_t link)
{
	if (ref_is_end(link))
		return;
	const char *p = any_at(fs, link_ref(fs, link));
	prefetch(p);
	if (ref_form(link) == REF_AWAKE) /* the rest of its front */
		prefetch(p + FRONT_LINE);
}

/* The one behind it in its chain, unless it is an end. */
static void want_second(const struct flows *fs, uint32_t link)
{
	if (!ref_is_end(link))
		want(fs, link_next(fs, link));
}

/* -- packets ------------------------------------------------------------------------------ */

static void want_bucket(const struct flows *fs, const struct tf_packet *pkt)
{
	prefetch(bucket_of(fs, pkt->hash));
}

/* What the packet will look at first, if it is more than its bucket. */
static void want_first(const struct flows *fs, const struct tf_packet *pkt)
{
	uint32_t link = bucket_first(fs, pkt->hash);
	if (link_may_be(fs, link, pkt->hash) || (link & LINK_LAST) == 0)
		want(fs, link);
}

/* And what then: more of that flow, or another one. */
static void want_more(const struct flows *fs, const struct tf_packet *pkt)
{
	uint32_t link = bucket_first(fs, pkt->hash);
	if (ref_is_end(link))
		return;
	if (!link_may_be(fs, link, pkt->hash))
		want(fs, link_next(fs, link));
	else if (ref_form(link) == REF_DOZING)
		prefetch(slab_at(&fs->cells, head_at(fs, link_ref(fs, link))->more));
}

/* pkt[from] to pkt[to - 1], of which there are n in all. */
static void each(const struct flows *fs, const struct tf_packet *pkt, size_t from, size_t to,
                 size_t n, void (*wants)(const struct flows *fs, const struct tf_packet *pkt))
{
	for (size_t i = from; i < to && i < n; i++)
		wants(fs, &pkt[i]);
}

enum { ONE = FORESIGHT_STEP, TWO = 2 * ONE, THREE = 3 * ONE };

void foresight_begin(const struct flows *fs, const struct tf_packet *pkt, size_t n)
{
	each(fs, pkt, 0, TWO, n, want_bucket);
	each(fs, pkt, 0, ONE, n, want_first);
}

void foresight_packets(const struct flows *fs, const struct tf_packet *pkt, size_t n)
{
	each(fs, pkt, TWO, THREE, n, want_bucket);
	each(fs, pkt, ONE, TWO, n, want_first);
	each(fs, pkt, 0, ONE, n, want_more);
}

/* Sums and copies go through all of them. */
void foresight_bytes(const struct tf_packet *pkt, size_t n)
{
	if (n <= BYTES_AHEAD)
		return;
	pkt += BYTES_AHEAD;
	const uint8_t *header = pkt->payload.p - pkt->header;
	size_t size = pkt->header + pkt->payload.n;
	for (size_t i = 0; i < size && i < BYTES_MOST; i += LINE)
		prefetch(header + i);
}

/* -- flows that go -------------------------------------------------------------------------- */

/* Who is old is last in its chain as a rule, as new ones stand first: so it knows its bucket. Those
   in front of it are walked through when it goes. */
static void foresee(const struct flows *fs, uint32_t ref, unsigned after)
{
	uint32_t end = place_at(fs, ref)->chain;
	if (!ref_is_end(end))
		return;
	const uint32_t *bucket = &fs->bucket[end & ~REF_FORM];
	if (after >= TWO)
		prefetch(bucket);
	else if (after >= ONE)
		want(fs, *bucket);
	else if ((*bucket & LINK_LAST) == 0)
		want_second(fs, *bucket);
}

void foresight_evictions(struct flows *fs, uint32_t ref)
{
	if (fs->foreseen-- > 0)
		return;
	fs->foreseen = FORESIGHT_STEP - 1;
	for (unsigned after = 0; after < THREE && ref != 0; after++) {
		foresee(fs, ref, after);
		const struct place *p = place_at(fs, ref);
		foresight_newer(p);
		ref = p->newer;
	}
}
