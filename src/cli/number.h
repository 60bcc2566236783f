/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers as people type and read them. */
#ifndef CLI_NUMBER_H
#define CLI_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* Reads decimal digits, with K, M or G behind them for 2^10, 2^20, 2^30 (either
   case). What is larger than 64 bits becomes UINT64_MAX. -> false when text is
   anything else, *n then untouched. */
bool number_parse(const char *text, uint64_t *n);

#define NUMBER_TEXT 32 /* room for each of the texts below, with the NUL */

/* These write into to and return it. */
char *number_plain(uint64_t n, char to[NUMBER_TEXT]);        /* 1,234,567 */
char *number_bytes(uint64_t n, char to[NUMBER_TEXT]);        /* 1.2 MB (10^6) */
char *number_seconds(int64_t time_ns, char to[NUMBER_TEXT]); /* 0.01 s, 2 min 05 s */
char *number_clock(int64_t time_ns, char to[NUMBER_TEXT]);   /* 0:03, 1:02:03 */

/* How many a second; 0 for times that are too short to tell. */
uint64_t number_rate(uint64_t n, int64_t time_ns);

/* One of these, for the words behind a number. */
static inline const char *number_noun(uint64_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

#endif
