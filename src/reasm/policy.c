/* SPDX-License-Identifier: BSD-3-Clause */
#include "reasm/policy.h"

#include <assert.h>
#include <string.h>

/* clang-format off */
#define ALWAYS {{true, true, true}, {true, true, true}, {true, true, true}}
#define BSD    {{true, true, true}, {false, false, false}, {false, false, false}}
/* clang-format on */

static const struct policy policies[] = {
        [TF_OVERLAP_LINUX] = {.insert = queue_insert},
        [TF_OVERLAP_FIRST] = {.insert = settle_insert, .settles = true},
        [TF_OVERLAP_LAST] = {.insert = settle_insert,
                             .newer = ALWAYS,
                             .settles = true,
                             .rewrites = true},
        [TF_OVERLAP_BSD] = {.insert = settle_insert, .newer = BSD, .settles = true},
        [TF_OVERLAP_SOLARIS] = {.insert = settle_insert,
                                .newer = {[EARLIER] = {false, true, true},
                                          [SAME] = {false, true, true},
                                          [LATER] = {false, false, true}},
                                .settles = true},
        [TF_OVERLAP_WINDOWS] = {.insert = settle_insert, .newer = BSD, .settles = true},
};

static const struct tf_overlap_row rows[] = {
        [TF_OVERLAP_LINUX] = {"linux", "the receive queue of Linux (measured on 6.18)"},
        [TF_OVERLAP_FIRST] = {"first", "the copy that came first"},
        [TF_OVERLAP_LAST] = {"last", "the copy that came last, as tcpflow 1.6.1, but never over "
                                     "bytes that the receiver had acknowledged"},
        [TF_OVERLAP_BSD] = {"bsd", "the BSDs (from the literature)"},
        [TF_OVERLAP_SOLARIS] = {"solaris", "Solaris (from the literature)"},
        [TF_OVERLAP_WINDOWS] = {"windows", "Windows (from the literature: as bsd)"},
};

enum { ROWS = sizeof rows / sizeof *rows };

static_assert(ROWS == sizeof policies / sizeof *policies, "each policy has a name");

const struct policy *policy_of(const struct half *h)
{
	return &policies[h->policy];
}

static int place(int64_t a, int64_t b)
{
	return a < b ? EARLIER : a == b ? SAME : LATER;
}

bool policy_newer(const struct policy *p, int64_t newer_start, int64_t newer_end, int64_t start,
                  int64_t end)
{
	return p->newer[place(newer_start, start)][place(newer_end, end)];
}

const struct tf_overlap_row *tf_overlap_rows(size_t *count)
{
	*count = ROWS;
	return rows;
}

bool tf_overlap_parse(const char *name, size_t n, enum tf_overlap *to)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (strlen(rows[i].name) != n || memcmp(rows[i].name, name, n) != 0)
			continue;
		*to = (enum tf_overlap)i;
		return true;
	}
	return false;
}
