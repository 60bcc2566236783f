/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Overlap policies: which of two copies of the same bytes an application got. One row
 * for each enum tf_overlap; the reassembler looks things up and never asks which it is.
 *
 * The table of a row is read so: where the newer segment starts (earlier, at the same
 * place, later than the older one), then where it ends. The newer segment counts as it
 * came, less what was told before; the older one as it stands in the queue.
 */
#ifndef REASM_POLICY_H
#define REASM_POLICY_H

#include "reasm/inside.h"

enum { EARLIER, SAME, LATER };

struct policy {
	/* Puts an early segment into the queue; n is the queue's, or given back. */
	void (*insert)(struct reasm *r, struct half *h, struct held *n);
	bool newer[3][3]; /* [start][end]: the newer segment wins */
	bool settles;     /* segments in order are weighed against held ones, too */
	bool rewrites;    /* what comes last wins over what was told, until it is sealed */
};

/* -> the row for h */
const struct policy *policy_of(const struct half *h);

/* -> whether the newer of two segments wins, of which the older one is [start, end) */
bool policy_newer(const struct policy *p, int64_t newer_start, int64_t newer_end, int64_t start,
                  int64_t end);

#endif
