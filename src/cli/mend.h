/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --recover: what a killed run has left is mended. Others may write to such a folder, too, so
 * nothing in it is read with more rights than necessary: as its owner, and in the sandbox.
 */
#ifndef CLI_MEND_H
#define CLI_MEND_H

#include "cli/options.h"

/* -> the exit code; what is wrong was said. The current folder is another one afterwards. */
int mend(const struct options *o);

#endif
