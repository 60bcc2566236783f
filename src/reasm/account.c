/* SPDX-License-Identifier: BSD-3-Clause */
/* The two sums of an account, and what it adds to the counters. */
#include "reasm/reasm.h"

#include "base/error.h"

void reasm_settle(struct reasm *r, const struct tf_account *a)
{
	MUST(a->seen == a->written + a->duplicate + a->conflicting + a->outside + a->after_close +
	                        a->rejected + a->urgent + a->beyond_limit + a->evicted +
	                        a->write_failed + a->no_room + a->late);
	MUST(a->span == a->written + a->missing + a->beyond_limit + a->evicted + a->write_failed +
	                        a->no_room + a->late);
	struct tf_counters *c = r->counters;
	c->bytes_seen += (uint64_t)a->seen;
	c->bytes_written += (uint64_t)a->written;
	c->bytes_duplicate += (uint64_t)a->duplicate;
	c->bytes_unchecked += (uint64_t)a->unchecked;
	c->bytes_conflicting += (uint64_t)a->conflicting;
	c->bytes_outside += (uint64_t)a->outside;
	c->bytes_after_close += (uint64_t)a->after_close;
	c->bytes_rejected += (uint64_t)a->rejected;
	c->bytes_urgent += (uint64_t)a->urgent;
	c->bytes_beyond_limit += (uint64_t)a->beyond_limit;
	c->bytes_evicted += (uint64_t)a->evicted;
	c->bytes_write_failed += (uint64_t)a->write_failed;
	c->bytes_no_room += (uint64_t)a->no_room;
	c->bytes_late += (uint64_t)a->late;
	c->bytes_missing += (uint64_t)a->missing;
	c->bytes_cut += (uint64_t)a->cut;
	c->bytes_tail_missing += (uint64_t)a->tail_missing;
}
