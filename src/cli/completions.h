/* SPDX-License-Identifier: BSD-3-Clause */
/* What shells know of the command line, made from the table of options. */
#ifndef CLI_COMPLETIONS_H
#define CLI_COMPLETIONS_H

#include <stdbool.h>
#include <stdio.h>

/* Writes the file for bash, zsh or fish -> false: there is no such shell. */
bool completions_write(FILE *to, const char *shell);

#endif
