/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of the console share: console.c (events, and the descriptor),
   console_text.c and console_json.c (what they look like), console_desk.c (files). */
#ifndef SINK_CONSOLE_INSIDE_H
#define SINK_CONSOLE_INSIDE_H

#include "base/text.h"
#include "sink/console.h"
#include "sink/name.h"

enum {
	CONSOLE_PIECE = 64 * 1024, /* payload that is printed at once */
	CONSOLE_EACH = 8,          /* bytes that one of it becomes, at most */
	CONSOLE_HEAD = 8 * 1024,   /* and what stands around it */
	CONSOLE_ROOM = CONSOLE_EACH * CONSOLE_PIECE + CONSOLE_HEAD + 1,
	CONSOLE_NAME = NAME_ROOM + 16,
};

/* -- console_desk.c ---------------------------------------------------------- */

/* What is printed of one connection; or all there is, when there is no more than one. */
struct transcript {
	uint64_t flow;     /* number of the one that spoke last; 0: none has */
	uint8_t dir;       /* and in which direction */
	bool open;         /* a line of it has not ended, */
	bool cr;           /* with a carriage return that was not printed yet */
	bool timed;        /* latest_ns is known: */
	int64_t latest_ns; /* the time of the piece before */
	/* of its file: */
	const struct tf_flow *of;
	struct place *place; /* NULL: none has its bytes */
	struct outfile_id id;
	int64_t size; /* written */
	uint32_t number;
	struct named who; /* whose name it has, once it is made */
	bool made;
};

/*
 * A desk has a few places, each with a descriptor and a buffer. A transcript that is written to
 * gets one: a free one, or that of the transcript that was written to longest ago. So
 * descriptors and memory are bounded by one number, and a short transcript is one
 * open, one write, one close.
 */
struct place {
	struct transcript *of;
	int fd; /* -1: the file was not needed yet */
	size_t n;
	uint8_t *buffer;
	struct place *older, *newer;
};

struct desk {
	const struct outdir *dir;
	const struct name_form *names;
	const char *suffix;            /* of names */
	struct place *oldest, *newest; /* all of them; those without a transcript come first */
	uint64_t made, writes;         /* counted */
	bool failed;
	struct tf_error err;
};

/* What desk_init() takes from the arena for so many places. */
size_t desk_memory(unsigned places);

/* -> false: the arena has too little. */
bool desk_init(struct desk *d, struct arena *a, const struct console_setup *setup, unsigned places,
               const char *suffix);

/* Adds n bytes, at least 1 -> false, now and ever after: a file cannot be written. */
bool desk_write(struct desk *d, struct transcript *t, const void *p, size_t n);

/* The connection has ended -> as desk_write(). */
bool desk_finish(struct desk *d, struct transcript *t);

/* -- console.c ---------------------------------------------------------------- */

struct console {
	const struct console_setup *setup;
	const struct form *form;
	struct text out;       /* what was not written yet */
	bool fresh;            /* what was printed last ends in a newline */
	struct transcript all; /* what goes to the descriptor */
	struct transcript *to; /* what is added to now */
	struct slab transcripts;
	char community_id[TF_COMMUNITY_ROOM];
	uint64_t identified; /* the number of the flow whose id that is; 0: none's */
	struct desk desk;
	bool failed;
	struct tf_error err;
};

/* The name of a direction's file, with the number of those before it, and suffix. */
void console_name(const struct named *who, uint32_t number, const char *suffix,
                  char to[CONSOLE_NAME]);

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
