/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of the console share: console.c (events, and the descriptor),
   console_text.c and console_json.c (what they look like). */
#ifndef SINK_CONSOLE_INSIDE_H
#define SINK_CONSOLE_INSIDE_H

#include "base/patient.h"
#include "base/text.h"
#include "sink/console.h"
#include "sink/gather.h"

enum {
	CONSOLE_PIECE = 64 * 1024, /* payload that is printed at once */
	CONSOLE_EACH = 8,          /* bytes that one of it becomes, at most */
	CONSOLE_HEAD = 8 * 1024,   /* and what stands around it */
	CONSOLE_ROOM = CONSOLE_EACH * CONSOLE_PIECE + CONSOLE_HEAD + 1,
};

/* What is printed of one connection; or all there is, when there is no more than one. */
struct transcript {
	uint64_t flow;     /* number of the one that spoke last; 0: none has */
	uint8_t dir;       /* and in which direction */
	bool open;         /* a line of it has not ended, */
	bool cr;           /* with a carriage return that was not printed yet */
	bool timed;        /* latest_ns is known: */
	int64_t latest_ns; /* the time of the piece before */
	int64_t size;      /* bytes of its file; 0: it has none */
	struct gathered file;
};

struct console {
	const struct console_setup *setup;
	struct patient reader;
	const struct form *form;
	struct text out;       /* what was not written yet */
	bool fresh;            /* what was printed last ends in a newline */
	struct transcript all; /* what goes to the descriptor */
	struct transcript *to; /* what is added to now */
	struct slab transcripts;
	char community_id[TF_COMMUNITY_ROOM];
	uint64_t identified; /* the number of the flow whose id that is; 0: none's */
	struct store store;  /* of transcripts in files */
	struct gather gather;
	bool failed;
	struct tf_error err;
};

/* -- the forms -------------------------------------------------------------------- */

/* How events are written into s->out, which has room. Each may be NULL: they are not. */
struct form {
	void (*begin)(struct console *s, const struct tf_event *ev); /* BEGIN */
	void (*piece)(struct console *s, const struct tf_event *ev); /* DATA, SEGMENT */
	void (*gap)(struct console *s, const struct tf_event *ev);   /* GAP */
	void (*end)(struct console *s, const struct tf_event *ev);   /* END */
};

extern const struct form console_form_text, console_form_hex, console_form_session,
        console_form_session_hex;                                     /* console_text.c */
extern const struct form console_form_json, console_form_json_legacy; /* console_json.c */

/* Colours are switched on for a direction, and off. */
void console_colour(struct console *s, const struct tf_event *ev);
void console_no_colour(struct console *s);

#endif
