/* SPDX-License-Identifier: BSD-3-Clause */
#include <tcpflow/tcpflow.h>

static const struct tf_gap_cause_row rows[] = {
        [TF_GAP_LOST] = {"lost", "the bytes were not captured"},
        [TF_GAP_SNAPLEN] = {"snaplen", "the capture cut them off its packets"},
        [TF_GAP_KERNEL] = {"kernel", "they were not captured, at a time when the kernel dropped "
                                     "packets"},
        [TF_GAP_EVICTED] = {"evicted", "they came early, and were given up for memory"},
        [TF_GAP_REJECTED] = {"rejected", "they came in segments alone that no receiver takes"},
        [TF_GAP_LIMIT] = {"limit", "they lie beyond the bytes recorded of a stream"},
};

const struct tf_gap_cause_row *tf_gap_cause_rows(size_t *count)
{
	*count = sizeof rows / sizeof *rows;
	return rows;
}
