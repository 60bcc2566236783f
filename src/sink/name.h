/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The names of stream files, below the output folder. A template, such as tcpflow 1.6.1's
 * %A.%a-%B.%b%V%v%C%c, is made into a form once; a form writes names:
 *
 *	074.125.019.101.00080-192.168.001.102.50956
 *	2001:6f8:102d:0:2d0:9ff:fee3:e8de.59201-2001:6f8:900:7c0::2.00080
 *	010.000.000.001.09999-010.000.000.002.36559--42c1
 *
 * What a form is made of, and what its names cannot be, is settled before the first packet:
 *
 *	every name	has as many components as the template, none of them empty, "." or
 *			"..", so none leads out of the folder, and what is a folder in one name is
 *			no file in another
 *	its length	is less than NAME_ROOM - NAME_SUFFIX, and of each component at most
 *			NAME_PART - NAME_SUFFIX, so that a suffix has room
 *	which flows	can share one is known (see name_form)
 *
 * Letters are rows of a table: letter.h.
 */
#ifndef SINK_NAME_H
#define SINK_NAME_H

#include <tcpflow/tcpflow.h>

enum {
	NAME_ROOM = 512,  /* for a name with its suffix and NUL */
	NAME_PART = 255,  /* bytes that a file system takes for one component */
	NAME_SUFFIX = 32, /* bytes that others may write behind a name */
	NAME_PIECES = 64, /* letters, and literals between them */
};

struct name_form {
	char text[TF_NAMES_ROOM]; /* of all literals */
	struct name_piece {
		const struct letter *letter; /* NULL: a literal, which is */
		uint16_t from, n;            /* text[from, from + n) */
	} piece[NAME_PIECES];
	unsigned pieces;
	uint16_t community_seed; /* 0; the owner may set another */
	size_t longest;          /* a name is no longer */
	/* What streams can have the same name (numbers aside): */
	bool unique; /* none; else those of the same ends in other VLANs and tunnels, */
	bool shared; /* and others too */
	/* Names want numbers that a worker has only when it is the only one; or connections that
	   other workers may have can share them, and would be numbered by chance. */
	bool one_worker;
};

/* Makes a form of a template (NULL: the usual one) -> false with *err (TF_USAGE). */
bool name_form_init(struct name_form *form, const char *text, struct tf_error *err);

/* A stream that has a name. What a flow may yet learn is kept here, so that the name stays
   as it is. */
struct named {
	const struct name_form *form;
	const struct tf_flow *flow;
	uint8_t dir, originator;
	uint8_t mac[6], mac_to[6];
};

/* What flow->end[dir] said, as the flow is known now; form and flow outlive it. */
struct named name_subject(const struct name_form *form, const struct tf_flow *flow, unsigned dir);

/* Writes its name. number: how many files of that name there were before. */
void name_write(const struct named *who, uint32_t number, char to[NAME_ROOM]);

/* -> whether other streams can have the same name, so that numbers must be given in the order
   of first bytes. */
bool name_is_ambiguous(const struct name_form *form, const struct tf_flow *f);

#endif
