/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random schedules: one or more connections whose streams are known, as packets that
 * come in any order, twice, with other boundaries, with other bytes, or not at all.
 *
 * Offsets count from the byte after SYN, whether a SYN is in the schedule or not. No
 * byte of a stream is 0, so that zeros in a file are its holes; the three high bits
 * of a byte tell its version (0: the true one).
 */
#ifndef PROP_SCHEDULE_H
#define PROP_SCHEDULE_H

#include "prop/random.h"

#include <tcpflow/tcpflow.h>

/* What kind of schedule to make. */
struct recipe {
	unsigned talks;       /* connections */
	int64_t length_most;  /* of a stream */
	int64_t segment_most; /* 0: of any size */
	unsigned versions;    /* of each byte; 1: no conflicts */
	bool wild;            /* segments in any order at all */
	bool syn;             /* SYNs first, always */
	bool damage;          /* before each packet, a damaged copy of it */
};

struct side {
	uint32_t isn;
	int64_t length;
};

struct talk {
	struct tf_endpoint end[2]; /* direction d is what end[d] says */
	struct side side[2];
};

/* One packet. */
struct step {
	uint64_t key; /* orders the steps */
	uint16_t talk;
	uint8_t dir, flags, version;
	int64_t off;       /* of its sequence number; SYN: -1 */
	uint32_t n;        /* payload bytes */
	int64_t ack;       /* with TCP_ACK: an offset of the other direction */
	uint64_t position; /* of its frame in schedule.wire */
	uint32_t length;   /* of its frame */
	uint64_t damaged;  /* position of its damaged copy, or NOT_DAMAGED */
};

#define NOT_DAMAGED UINT64_MAX

struct schedule {
	uint64_t seed;
	struct talk *talk;
	size_t talks;
	struct step *step;
	size_t steps, step_room;
	size_t frames;         /* the steps and their damaged copies, */
	size_t damaged;        /* and these alone, */
	uint64_t damaged_seen; /* and their payload bytes */
	struct step **sent;    /* for each frame, the step that it is or was copied from */
	uint8_t *wire;         /* all frames */
	size_t wire_used, wire_room;
};

void schedule_make(struct schedule *s, uint64_t seed, const struct recipe *recipe);
void schedule_free(struct schedule *s);

/* Prints the steps, for people, on stderr. */
void schedule_print(const struct schedule *s);

/* Pushes all frames, a millisecond apart; tf_frame.position is step.position or damaged. */
bool schedule_push(const struct schedule *s, struct tf_engine *e, struct tf_error *err);

uint8_t schedule_byte(size_t talk, unsigned dir, int64_t off, unsigned version);

/* -> the position of the step's payload in wire */
static inline uint64_t step_payload(const struct step *p)
{
	return p->position + p->length - p->n;
}

#endif
