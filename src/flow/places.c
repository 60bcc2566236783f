/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/places.h"

#include <string.h>

/* -- buckets: a chain ends with the number of its bucket, so no hash is needed to leave it -- */

void links_init(struct flows *fs, size_t index_most)
{
	uint32_t index = 1;
	while (index < index_most && index < LINK_LAST - 1)
		index = index << 1 | 1;
	fs->ref_bits = REF_FORM | index;
	fs->hash_bits = ~(fs->ref_bits | LINK_LAST);
}

void bucket_add(struct flows *fs, uint32_t ref, uint64_t hash)
{
	uint32_t number = (uint32_t)hash & fs->bucket_mask, *bucket = &fs->bucket[number];
	uint32_t link = ref | ((uint32_t)(hash >> 32) & fs->hash_bits);
	place_at(fs, ref)->chain = *bucket != 0 ? *bucket : REF_END | number;
	*bucket = *bucket != 0 ? link : link | LINK_LAST;
}

/* -> the bucket where ref stands, by the end of its chain */
static uint32_t *bucket_where(const struct flows *fs, uint32_t ref)
{
	uint32_t end = place_at(fs, ref)->chain;
	while (!ref_is_end(end))
		end = place_at(fs, link_ref(fs, end))->chain;
	return &fs->bucket[end & ~REF_FORM];
}

/* link: of its bucket -> where the link to ref stands; *before: where that to the one in front of
   it does, or NULL */
static uint32_t *link_to(const struct flows *fs, uint32_t *link, uint32_t ref, uint32_t **before)
{
	*before = NULL;
	while (link_ref(fs, *link) != ref) {
		*before = link;
		link = &place_at(fs, link_ref(fs, *link))->chain;
	}
	return link;
}

void bucket_remove(struct flows *fs, uint32_t ref)
{
	uint32_t *before, *link = link_to(fs, bucket_where(fs, ref), ref, &before);
	uint32_t next = place_at(fs, ref)->chain;
	bool alone = ref_is_end(next) && before == NULL;
	*link = alone ? 0 : next;
	if (before != NULL && ref_is_end(next))
		*before |= LINK_LAST;
}

/* The table may be large, and most of its pages untouched: so it shrinks to one bucket. */
void places_clear(struct flows *fs)
{
	fs->bucket_mask = 0;
	fs->bucket[0] = 0;
	memset(fs->list, 0, sizeof fs->list);
	for (unsigned slot = 0; slot <= IDLE_SLOTS; slot++)
		fs->idle.slot[slot].first = 0;
}

/* -- lists -------------------------------------------------------------------------- */

static enum flow_list list_of(const struct flows *fs, uint32_t ref)
{
	return ref_form(ref) == REF_SYN ? FLOW_EMBRYONIC : (enum flow_list)stand_at(fs, ref)->list;
}

void list_remove(struct flows *fs, uint32_t ref)
{
	const struct place *p = place_at(fs, ref);
	struct place *older = place_at(fs, p->older), *newer = place_at(fs, p->newer);
	enum flow_list list = list_of(fs, ref);
	*(older != NULL ? &older->newer : &fs->list[list].oldest) = p->newer;
	*(newer != NULL ? &newer->older : &fs->list[list].newest) = p->older;
}

void list_add(struct flows *fs, uint32_t ref, enum flow_list list)
{
	struct place *p = place_at(fs, ref), *older = place_at(fs, fs->list[list].newest);
	if (ref_form(ref) != REF_SYN)
		stand_at(fs, ref)->list = (uint8_t)list;
	p->older = fs->list[list].newest;
	p->newer = 0;
	*(older != NULL ? &older->newer : &fs->list[list].oldest) = ref;
	fs->list[list].newest = ref;
}

/* -- another form ---------------------------------------------------------------------- */

static void replace_in_idle(struct flows *fs, uint32_t to)
{
	const struct stand *s = stand_at(fs, to);
	if (s->slot == IDLE_NOWHERE)
		return;
	struct stand *before = stand_at(fs, s->idle.before), *after = stand_at(fs, s->idle.after);
	*(before != NULL ? &before->idle.after : &fs->idle.slot[s->slot].first) = to;
	if (after != NULL)
		after->idle.before = to;
}

void places_replace(struct flows *fs, uint32_t from, uint32_t to, uint64_t hash)
{
	const struct place *p = place_at(fs, to);
	struct place *older = place_at(fs, p->older), *newer = place_at(fs, p->newer);
	enum flow_list list = list_of(fs, to);
	uint32_t *before, *link = link_to(fs, bucket_of(fs, hash), from, &before);
	*link ^= from ^ to;
	*(older != NULL ? &older->newer : &fs->list[list].oldest) = to;
	*(newer != NULL ? &newer->older : &fs->list[list].newest) = to;
	if (ref_form(from) != REF_SYN)
		replace_in_idle(fs, to);
}
