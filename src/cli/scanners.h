/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scanners of tcpflow 1.6.1 and their settings. Some of what they did is done here by
 * other means; the others are names that scripts may go on using.
 */
#ifndef CLI_SCANNERS_H
#define CLI_SCANNERS_H

#include "cli/option_take.h"

#include <stdio.h>

/* Their names and "all", for option_row.words. */
extern const char *const scanner_words[];

/* -e, -E, -x and -S. */
option_take take_enable, take_only, take_disable, take_setting;

/* What -S NAME=VALUE may set, as rows without letter and group. */
const struct option_row *setting_rows(size_t *count);

/* Writes the text of -H. */
void scanners_write(FILE *to);

#endif
