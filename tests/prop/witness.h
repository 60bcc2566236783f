/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A sink that holds each DATA, CONFLICT and REJECT event against the frames of its schedule:
 * the bytes must stand where the event says (source, frame, position), and all bytes of a
 * stream must lie equally far from their sequence numbers.
 */
#ifndef PROP_WITNESS_H
#define PROP_WITNESS_H

#include "prop/schedule.h"

struct witness {
	struct tf_sink sink;
	const struct schedule *schedule;
	uint64_t data, conflicts; /* events heard */
	uint64_t rejected;        /* bytes set aside */
	char fault[200];          /* empty: all was well */
};

void witness_init(struct witness *w, const struct schedule *s);

#endif
