/* SPDX-License-Identifier: BSD-3-Clause */
/* The text of --help, made from the table of options. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdbool.h>
#include <stdio.h>

/* Writes it, at most 79 columns wide: all options, or the usual ones. */
void help_write(FILE *to, bool all);

#endif
