/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Parts: what each of several workers writes instead of rows of one file, and how they
 * become one.
 *
 *	part       header | mark row | mark | mark row | ...
 *	mark       turn, flow, n, id: a row of n bytes follows; with n == 0, connection id begins,
 *	           or (with a number) began in an output generation before this one
 *	joined     the rows of all parts, by turn
 *
 * Turns (with tf_flow.number) never fall within a part and never are in two parts, so joining
 * looks at the next mark of each part and no further. Connections are counted on the way, in
 * the order of their first packets; JOURNAL_NUMBER in a row becomes the number of the
 * connection that its mark names. An id is a worker's own, and is used again when its
 * connection has ended.
 *
 * A part that a killed run left behind may end anywhere: what is whole is taken. Which
 * connections began in it behind its end is not known, so those that began later have no
 * numbers: "null" stands in their rows.
 */
#ifndef SINK_JOIN_H
#define SINK_JOIN_H

#include <tcpflow/tcpflow.h>

/* Stands in a row for its connection's number. No row has such a byte otherwise: text_json()
   and text_xml() let none through. */
#define JOURNAL_NUMBER '\x01'

enum { JOIN_ROW_MAX = 24 * 1024, JOIN_BUFFER = 2 * JOIN_ROW_MAX };

enum { JOURNAL_NAME = 80 };

struct part_header {
	char magic[16];
	uint32_t order;          /* JOIN_ORDER: the machine has this order of bytes */
	uint32_t ids;            /* the highest id there may be */
	uint32_t joined;         /* all rows of all parts stand in the journal, which is not
	                            removed before the others */
	uint64_t connections;    /* begun before those of this part and its like */
	char name[JOURNAL_NAME]; /* the journal's; empty: it is not made yet */
};
#define JOIN_MAGIC "tcpflow's rows\n"
#define JOIN_ORDER UINT32_C(0x01020304)

struct mark {
	uint64_t turn, flow; /* of turns that are the same the lower tf_flow.number is first */
	uint32_t n;          /* bytes of the row that follows; 0: none does, */
	uint32_t id;         /* and this connection begins, */
	uint64_t number;     /* or is known by that number: else TF_UNNUMBERED */
};

/* A part that is read. */
struct part {
	int fd;           /* behind its header; -1: there is none */
	uint8_t *buffer;  /* [JOIN_BUFFER] */
	size_t at, n;     /* the next byte, and how many there are */
	uint64_t *number; /* [ids + 1] of connections, by id */
	uint32_t ids;
	bool torn; /* it does not end where a row does */
};

/* Reads the header of a part -> whether it is one. */
bool join_begin(int fd, struct part_header *h);

/* Writes the rows of all parts to `to` -> false with errno; *from: the part that could not be
   read, NULL when it was writing that failed. killed: parts may end too early. *connections:
   begun so far. */
bool join_parts(struct part *part, unsigned parts, bool killed, int to, uint64_t *connections,
                struct part **from);

#endif
