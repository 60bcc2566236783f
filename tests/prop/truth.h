/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a schedule says about one direction of one connection, byte by byte, worked
 * out without any of the reassembler's ideas; and a record held against it.
 */
#ifndef PROP_TRUTH_H
#define PROP_TRUTH_H

#include "prop/schedule.h"

struct truth {
	const struct schedule *schedule;
	size_t talk;
	unsigned dir;
	int64_t length;    /* of the stream */
	uint8_t *any;      /* for each byte: the versions that were captured, as bits */
	uint8_t *sealed;   /* those captured before the byte was settled */
	int64_t low, high; /* the stream as far as it can be known: SYN or first byte
	                      captured, to the end of the last one captured */
	int64_t anchor;    /* where the engine counts from */
	bool begun;        /* a SYN, data or FIN was captured */
	unsigned segments; /* with data */
	uint64_t seen;     /* captured payload bytes */
};

void truth_init(struct truth *t, const struct schedule *s, size_t talk, unsigned dir);
void truth_free(struct truth *t);

/*
 * Holds a record, which starts at offset low and has zeros where nothing is
 * recorded, against the truth:
 *	- a recorded byte is one of the versions that were captured, and of those
 *	  captured before it was settled, if there were any;
 *	- exact: all captured bytes in [low, upto) are there; else some may be missing
 * -> the first offset that is wrong, or INT64_MIN: none
 */
int64_t truth_differs(const struct truth *t, const uint8_t *record, int64_t n, int64_t upto,
                      bool exact);

#endif
