/* SPDX-License-Identifier: BSD-3-Clause */
/* What options do with their values (option_row.take). */
#ifndef CLI_OPTION_TAKE_H
#define CLI_OPTION_TAKE_H

#include "cli/options.h"

typedef bool option_take(struct options *o, const struct option_row *row, const char *value,
                         struct tf_error *err);

/* -- for any field: row->field is its place -- */

option_take take_flag;   /* bool: becomes true */
option_take take_text;   /* const char *: the value, which must not be empty */
option_take take_any;    /* const char *: the value */
option_take take_number; /* uint64_t: row->least to row->most, with K, M or G */
option_take take_word;   /* unsigned or an enum: the place of the value in row->words */
option_take take_yes_no; /* bool: true for "no" (all that 1.6.1 took for it) */
option_take take_time;   /* int64_t: nanoseconds since 1970 */
option_take take_shift;  /* int64_t: nanoseconds, given as seconds */

/* -- for one option -- */

option_take take_source, take_finisher, take_interface;
option_take take_help, take_scanners, take_version, take_verbose;
option_take take_names, take_plain_console, take_recover, take_all, take_stats, take_min_free;
option_take take_rotate, take_umask;
option_take take_decap, take_tunnel_port, take_overlap, take_overlap_map;

#endif
