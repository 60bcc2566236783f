/* SPDX-License-Identifier: BSD-3-Clause */
/* What options say together. */
#ifndef CLI_OPTION_CHECK_H
#define CLI_OPTION_CHECK_H

#include "cli/options.h"

/*
 * Derives what follows from several options, and notes those that do nothing beside others.
 * -> false with one sentence in *err (TF_USAGE) when they contradict each other, or want
 * what this version does not have and nobody is at work on.
 */
bool options_check(struct options *o, struct tf_error *err);

#endif
