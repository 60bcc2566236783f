/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The letters of name templates: a row for each, with what it writes and what that tells of
 * its stream. A new letter is a row and a function in letter.c, a line in tcpflow.h, an item in
 * the manual.
 */
#ifndef SINK_LETTER_H
#define SINK_LETTER_H

#include "base/text.h"
#include "sink/name.h"

/* What a letter tells of a stream: of two that differ in this, it writes different texts. */
enum {
	TELLS_FROM = 1, /* the sender's address */
	TELLS_FROM_PORT = 2,
	TELLS_TO = 4,
	TELLS_TO_PORT = 8,
	TELLS_ENDS = 15, /* all of these: the ends and the direction */
	TELLS_PAIR = 16, /* the ends, but not the direction */
	TELLS_DIRECTION = 32,
	TELLS_VLAN = 64, /* the outermost VLAN id */
	TELLS_CONNECTION = 128,
	TELLS_ONES = 256, /* together these four: the direction of the connection */
	TELLS_NTH = 256 + 512 + 1024 + 2048,
};

/* What it may write, by kinds of characters; see runs_on(). */
enum { DIGITS = 1, LETTERS = 2, COLONS = 4, DASHES = 8, OTHERS = 16, HEX = DIGITS + LETTERS };

/* When it writes nothing. */
enum empty { NEVER, WITHOUT_VLAN, FIRST_OF_NAME };

struct letter {
	char letter;
	uint8_t longest;
	uint8_t varies; /* kinds of characters, when its length varies; else 0 */
	uint8_t first;  /* kinds that it can begin with */
	enum empty empty;
	unsigned tells;
	bool numbered; /* wants tf_flow.connection or nth */
	bool counts;   /* with it no name is the same for all numbers */
	void (*write)(struct text *t, const struct named *who, const struct letter *row,
	              uint32_t number);
	uint64_t arg; /* of write: 1 for the receiver; a divisor */
};

/* -> the row of a letter, counted from 1; 0: there is none */
uint8_t letter_find(char letter);

/* -> the row, which is one of 1..letter_rows() */
const struct letter *letter_row(uint8_t row);
uint8_t letter_rows(void);

#endif
