/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A .flow script, read: the frames that it sends, and the lines that say what is
 * expected. The language stands in README.md beside this file.
 */
#ifndef FLOWS_SCRIPT_H
#define FLOWS_SCRIPT_H

#include <tcpflow/tcpflow.h>

#include "lib/build.h"

enum { SCRIPT_FLOWS = 9, SCRIPT_TERMS = 16, SCRIPT_STRETCHES = 4096 };

/* -- words of a line -------------------------------------------------------- */

enum token_kind {
	TOKEN_END,    /* of the line */
	TOKEN_WORD,   /* letters, digits and . : _ - , [ ] */
	TOKEN_STRING, /* "..." */
	TOKEN_MARK    /* one of > < @ * */
};

struct token {
	enum token_kind kind;
	char text[4096]; /* of a string: unescaped; NUL-terminated */
	size_t n;
};

/* Reads one line word by word. The first failure is printed as
   "FAIL file:line: ..." and sticks: from then on only TOKEN_END comes. */
struct reader {
	const char *at, *file;
	const char *from; /* where token begins */
	int line;
	bool failed;
	struct token token; /* the next, not yet taken */
};

void reader_start(struct reader *r, const char *file, int line, const char *text);
void reader_next(struct reader *r);
bool reader_is(const struct reader *r, const char *text); /* a word or mark */
bool reader_take(struct reader *r, const char *text);     /* and takes it if so */
bool reader_has_number(const struct reader *r);
int64_t reader_number(struct reader *r);
void reader_word(struct reader *r, char *to, size_t room);
void reader_end(struct reader *r); /* nothing more may follow */
void reader_fail(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* -- bytes as scripts write them -------------------------------------------- */

/* "text"*N, zeros N, data N: one after the other. */
struct term {
	enum { TERM_TEXT, TERM_ZEROS, TERM_PATTERN } kind;
	char text[512];
	size_t n;     /* of text, or bytes in all */
	size_t times; /* TERM_TEXT */
};

struct content {
	struct term term[SCRIPT_TERMS];
	size_t terms;
	bool has_at;
	int64_t at; /* "@N" behind it */
};

bool content_follows(const struct reader *r);
void content_read(struct reader *r, struct content *c);
size_t content_size(const struct content *c);
/* Writes content_size() bytes. The pattern of `data` shows where it stands:
   byte o of a stream is part of a ten-digit group that says o. */
void content_fill(const struct content *c, int64_t offset, uint8_t *to);

/* -- flows ------------------------------------------------------------------ */

struct stretch {
	int64_t start, end;
};

/* One side: what it has sent so far, as its peer's kernel would see it. */
struct side {
	struct tf_endpoint end;
	uint32_t base; /* sequence number of offset 0 */
	int64_t high;  /* highest offset sent */
	bool started;  /* have is valid */
	int64_t have;  /* all before it was sent */
	bool fin_sent;
	int64_t fin;
	int64_t acked; /* highest offset of the peer acknowledged with @, or INT64_MIN */
	struct stretch *sent;
	size_t sents;
};

struct script_flow {
	char name[32]; /* "" for the first */
	uint16_t vlan[TF_VLANS];
	struct side side[2]; /* 0: the one left of ">" */
};

struct line {
	int number;
	char *text; /* behind "expect" */
};

struct script {
	const char *file;
	struct tf_config config;
	struct script_flow flow[SCRIPT_FLOWS];
	size_t flows;
	struct tf_frame *frame;
	size_t frames;
	struct line *expect;
	size_t expects;
	int64_t now_ns; /* of the next frame */
};

/* Reads a script -> NULL when it has errors (which were printed). */
struct script *script_read(const char *file);
void script_free(struct script *s);

/* packets.c: a line that starts with > or <. */
void script_packet(struct script *s, struct reader *r, struct script_flow *f);

/* -> the flow of that name; NULL. */
struct script_flow *script_flow(struct script *s, const char *name);

void script_vlans(struct reader *r, uint16_t vlan[TF_VLANS]);

#endif
