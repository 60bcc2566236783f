/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections with known contents. Byte i of a stream is byte `begin + i` of an endless noise,
 * so a stream needs no memory: gen writes any piece of it again, and its hash at the end.
 *
 * The manifest has a line for each stream that is not empty: its hash (XXH3, 128 bits), its
 * length, and the name of the file that tcpflow writes.
 */
#ifndef BENCH_TALK_H
#define BENCH_TALK_H

#include "capture.h"

#include <stdbool.h>

enum side { ORIGINATOR, RESPONDER };

struct talk {
	uint32_t address[2]; /* of enum side; so are the others */
	uint16_t port[2];
	uint32_t isn[2];
	uint32_t begin[2];
	int64_t sent[2];   /* bytes so far */
	const char *stack; /* how its segments are wrapped (stack.h), or NULL */
};

void noise_make(void);

/* n bytes (at most PAYLOAD_MAX) at this place of the noise. */
const uint8_t *noise_at(uint64_t place);

/* The manifest's file; without, none is written. Returns false and sets errno when it cannot. */
bool manifest_begin(const char *path);
bool manifest_end(void);

/* A connection number `i` of many: its own port or address on the originator's side. */
struct talk talk_new(uint64_t i);

/* n bytes at `off` of a side's stream, all earlier bytes of the other side being acknowledged. */
struct segment talk_segment(const struct talk *t, enum side side, int64_t off, uint32_t n);

void talk_open(const struct talk *t);
/* The next n bytes; as many segments as that takes. */
void talk_send(struct talk *t, enum side side, uint32_t n);
/* An acknowledgement of the first `got` bytes of the other side. */
void talk_ack(const struct talk *t, enum side side, int64_t got);
void talk_close(const struct talk *t);

/* Writes the lines of the manifest. */
void talk_tell(const struct talk *t);

#endif
