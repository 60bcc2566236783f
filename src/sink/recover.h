/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Journals that a killed run left behind are made whole: parts are joined (join.h), a row that
 * is not whole is cut off, a report gets its closing tags. One that a run still writes (it holds
 * a lock) is left alone. What is whole already does not change.
 */
#ifndef SINK_RECOVER_H
#define SINK_RECOVER_H

#include "base/text.h"
#include "sink/outdir.h"

/* Mends all journals of a folder -> false with *err (TF_OUTPUT): one could not be. *mended: how
   many were. */
bool recover_folder(const struct outdir *d, unsigned *mended, struct tf_error *err);

/* Mends one journal, and gives it another name, so that its own is free: NAME.1, NAME.2, ... in
   front of what stands behind the last dot, the next free one. It stays where that cannot be
   done, or a run still writes it. */
void recover_displace(const struct outdir *d, const char *name);

/* The shortest text that makes a report whole which ends behind a row. */
void recover_tail(struct text *t, const char *end);

#endif
