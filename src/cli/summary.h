/* SPDX-License-Identifier: BSD-3-Clause */
/* What a run did, for people: the lines at its end. */
#ifndef CLI_SUMMARY_H
#define CLI_SUMMARY_H

#include <tcpflow/tcpflow.h>

#include <stdio.h>

/* Writes what was read and recorded, and each loss and each kind of frame left
   out; rows that are zero are not shown. */
void summary_write(FILE *to, const struct tf_counters *c, int64_t spent_ns);

/* Writes every counter with its name and its sentence. */
void summary_counters(FILE *to, const struct tf_counters *c);

/* Something is missing, conflicting, given up or not stored (--strict). */
bool summary_lossy(const struct tf_counters *c);

#endif
