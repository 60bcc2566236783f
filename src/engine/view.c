/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/view.h"

#include <assert.h>
#include <string.h>

static_assert(sizeof(struct glance) == VIEW_WORDS * sizeof(uint64_t), "words, all of them");

void view_show(struct view *v, const struct glance *g)
{
	uint64_t word[VIEW_WORDS];
	uint64_t version = atomic_load_explicit(&v->version, memory_order_relaxed);
	memcpy(word, g, sizeof word);
	atomic_store_explicit(&v->version, version + 1, memory_order_relaxed);
	for (int i = 0; i < VIEW_WORDS; i++)
		atomic_store_explicit(&v->word[i], word[i], memory_order_release);
	atomic_store_explicit(&v->version, version + 2, memory_order_release);
}

void view_look(const struct view *v, struct glance *to)
{
	uint64_t word[VIEW_WORDS] = {0}, before, after;
	do {
		before = atomic_load_explicit(&v->version, memory_order_acquire);
		for (int i = 0; i < VIEW_WORDS; i++)
			word[i] = atomic_load_explicit(&v->word[i], memory_order_acquire);
		after = atomic_load_explicit(&v->version, memory_order_relaxed);
	} while (before != after || before % 2 != 0);
	memcpy(to, word, sizeof word);
}

void glance_add(struct glance *sum, const struct glance *g)
{
	uint64_t a[VIEW_WORDS], b[VIEW_WORDS];
	int64_t latest_ns = sum->latest_ns > g->latest_ns ? sum->latest_ns : g->latest_ns;
	memcpy(a, sum, sizeof a);
	memcpy(b, g, sizeof b);
	for (int i = 0; i < VIEW_WORDS; i++)
		a[i] += b[i];
	memcpy(sum, a, sizeof a);
	sum->latest_ns = latest_ns;
}
