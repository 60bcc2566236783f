/* SPDX-License-Identifier: BSD-3-Clause */
/* References to flows, the buckets of their table, and their lists: the same for all forms. */
#ifndef FLOW_PLACES_H
#define FLOW_PLACES_H

#include "flow/flows.h"

static inline uint32_t ref_form(uint32_t ref)
{
	return ref & REF_FORM;
}

static inline uint32_t ref_of(const struct flows *fs, const struct flow *f)
{
	return slab_index(&fs->slab, f);
}

/* Reference 0 has no flow: NULL. */
static inline struct flow *flow_at(const struct flows *fs, uint32_t ref)
{
	return slab_at(&fs->slab, ref);
}

static inline void *cell_at(const struct flows *fs, uint32_t ref)
{
	return slab_at(&fs->cells, ref & ~REF_FORM);
}

static inline void *any_at(const struct flows *fs, uint32_t ref)
{
	return ref_form(ref) == REF_AWAKE ? flow_at(fs, ref) : cell_at(fs, ref);
}

static inline struct place *place_at(const struct flows *fs, uint32_t ref)
{
	return any_at(fs, ref);
}

/* ref: not a SYN */
static inline struct stand *stand_at(const struct flows *fs, uint32_t ref)
{
	return any_at(fs, ref);
}

/* A new flow stands in the bucket of hash; it leaves its bucket. */
void bucket_add(struct flows *fs, uint32_t ref, uint64_t hash);
void bucket_remove(struct flows *fs, uint32_t ref);

/* Links have as much of the hash as there is room for beside indices up to this one. */
void links_init(struct flows *fs, size_t index_most);

static inline uint32_t *bucket_of(const struct flows *fs, uint64_t hash)
{
	return &fs->bucket[(uint32_t)hash & fs->bucket_mask];
}

static inline bool ref_is_end(uint32_t ref)
{
	return ref - 1 >= REF_END - 1;
}

/* Of a link that is no end. */
static inline uint32_t link_ref(const struct flows *fs, uint32_t link)
{
	return link & fs->ref_bits;
}

/* -> false: the flow has another hash. */
static inline bool link_may_be(const struct flows *fs, uint32_t link, uint64_t hash)
{
	return ((link ^ (uint32_t)(hash >> 32)) & fs->hash_bits) == 0;
}

/* -> the link behind this one, or an end */
static inline uint32_t link_next(const struct flows *fs, uint32_t link)
{
	return (link & LINK_LAST) != 0 ? 0 : place_at(fs, link_ref(fs, link))->chain;
}

/* -> the first one in the bucket of hash, or an end (which ref_is_end() tells) */
static inline uint32_t bucket_first(const struct flows *fs, uint64_t hash)
{
	return *bucket_of(fs, hash);
}

/* At the end of a list; out of it. */
void list_add(struct flows *fs, uint32_t ref, enum flow_list list);
void list_remove(struct flows *fs, uint32_t ref);

/* There is no flow any more, whatever buckets and idle slots say. */
void places_clear(struct flows *fs);

/* `from`, of that hash, has become `to`, which has the place (and is no SYN unless `from` was), so
   others are told. from, if it is no SYN, has neighbours in its idle slot, too. */
void places_replace(struct flows *fs, uint32_t from, uint32_t to, uint64_t hash);

#endif
