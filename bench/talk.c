/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

#include "stack.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY /* for states that are no pointers */
#include <xxhash.h>

/* A prime, so that no cut of a stream falls on the same byte again soon. */
enum { NOISE = 1048573 };

static uint8_t noise[NOISE + PAYLOAD_MAX];
static FILE *manifest;

void noise_make(void)
{
	for (size_t i = 0; i < NOISE; i++) {
		uint64_t r = random_next();
		memcpy(noise + i, &r, 1);
	}
	memcpy(noise + NOISE, noise, PAYLOAD_MAX);
}

const uint8_t *noise_at(uint64_t place)
{
	return noise + place % NOISE;
}

bool manifest_begin(const char *path)
{
	manifest = fopen(path, "w");
	return manifest != NULL;
}

bool manifest_end(void)
{
	FILE *f = manifest;
	manifest = NULL;
	return f == NULL || fclose(f) == 0;
}

struct talk talk_new(uint64_t i)
{
	return (struct talk){
	        .address = {0x0b000000 + (uint32_t)(i >> 14), 0x0a010001},
	        .port = {(uint16_t)(1024 + (i & 0x3fff)), 80},
	        .isn = {(uint32_t)random_next(), (uint32_t)random_next()},
	        .begin = {(uint32_t)random_next(), (uint32_t)random_next()},
	};
}

struct segment talk_segment(const struct talk *t, enum side side, int64_t off, uint32_t n)
{
	enum side other = side == ORIGINATOR ? RESPONDER : ORIGINATOR;
	return (struct segment){
	        .src = t->address[side],
	        .dst = t->address[other],
	        .sport = t->port[side],
	        .dport = t->port[other],
	        .seq = t->isn[side] + 1 + (uint32_t)off,
	        .ack = t->isn[other] + 1 + (uint32_t)t->sent[other],
	        .flags = ACK,
	        .payload = noise_at(t->begin[side] + (uint64_t)off),
	        .n = n,
	};
}

static void emit(const struct talk *t, const struct segment *s)
{
	if (t->stack != NULL)
		put_stacked(t->stack, s);
	else
		put_segment(s);
}

void talk_open(const struct talk *t)
{
	struct segment syn = talk_segment(t, ORIGINATOR, -1, 0);
	syn.flags = SYN;
	syn.ack = 0;
	emit(t, &syn);
	struct segment synack = talk_segment(t, RESPONDER, -1, 0);
	synack.flags = SYN | ACK;
	emit(t, &synack);
	talk_ack(t, ORIGINATOR, 0);
}

void talk_send(struct talk *t, enum side side, uint32_t n)
{
	while (n > 0) {
		uint32_t piece = n < SEGMENT ? n : SEGMENT;
		struct segment s = talk_segment(t, side, t->sent[side], piece);
		emit(t, &s);
		t->sent[side] += piece;
		n -= piece;
	}
}

void talk_ack(const struct talk *t, enum side side, int64_t got)
{
	enum side other = side == ORIGINATOR ? RESPONDER : ORIGINATOR;
	struct segment s = talk_segment(t, side, t->sent[side], 0);
	s.ack = t->isn[other] + 1 + (uint32_t)got;
	emit(t, &s);
}

void talk_close(const struct talk *t)
{
	struct segment s = talk_segment(t, ORIGINATOR, t->sent[ORIGINATOR], 0);
	s.flags |= FIN;
	emit(t, &s);
	s = talk_segment(t, RESPONDER, t->sent[RESPONDER], 0);
	s.flags |= FIN;
	s.ack++;
	emit(t, &s);
	s = talk_segment(t, ORIGINATOR, t->sent[ORIGINATOR] + 1, 0);
	s.ack++;
	emit(t, &s);
}

/* Its address and port as tcpflow writes them. */
static void tell_end(const struct talk *t, enum side side)
{
	uint32_t a = t->address[side];
	(void)fprintf(manifest, "%03u.%03u.%03u.%03u.%05u", a >> 24, a >> 16 & 255, a >> 8 & 255,
	              a & 255, t->port[side]);
}

static void tell(const struct talk *t, enum side from, enum side to)
{
	static XXH3_state_t hash;
	int64_t length = t->sent[from];
	if (length == 0)
		return;
	(void)XXH3_128bits_reset(&hash);
	for (int64_t off = 0; off < length; off += PAYLOAD_MAX) {
		int64_t n = length - off < PAYLOAD_MAX ? length - off : PAYLOAD_MAX;
		(void)XXH3_128bits_update(&hash, noise_at(t->begin[from] + (uint64_t)off),
		                          (size_t)n);
	}
	XXH128_hash_t h = XXH3_128bits_digest(&hash);
	(void)fprintf(manifest, "%016" PRIx64 "%016" PRIx64 " %" PRId64 " ", h.high64, h.low64,
	              length);
	tell_end(t, from);
	(void)fputc('-', manifest);
	tell_end(t, to);
	(void)fprintf(manifest, "%s\n", t->stack != NULL ? stack_suffix(t->stack) : "");
}

void talk_tell(const struct talk *t)
{
	if (manifest == NULL)
		return;
	tell(t, ORIGINATOR, RESPONDER);
	tell(t, RESPONDER, ORIGINATOR);
}
