/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One direction of a connection as a map of bytes, with none of the reassembler's ideas:
 * what was sent for each place, what may be told of it, what was told.
 *
 * A byte is frozen when its receiver has surely taken it: the peer acknowledged it, or
 * all bytes from SYN on had come. Of a frozen byte only the versions that had come
 * by then may be told, and it must have been told. That holds while the direction is
 * plain: no FIN, no second ISN, no limits.
 */
#ifndef FUZZ_NAIVE_H
#define FUZZ_NAIVE_H

#include "base/error.h"

enum { NAIVE_BYTES = 4096, NAIVE_START = 512 }; /* places, and the first one after SYN */

struct naive {
	uint8_t sent[NAIVE_BYTES];  /* versions 0..3 as bits */
	uint8_t may[NAIVE_BYTES];   /* of these, those that may be told */
	uint8_t value[NAIVE_BYTES]; /* what was told */
	bool told[NAIVE_BYTES], gap[NAIVE_BYTES], frozen[NAIVE_BYTES];
	bool plain;
	bool begins;  /* a SYN said that nothing lies before NAIVE_START */
	bool limited; /* not all gaps are told */
	int front;    /* all before it came in order; 0: not known where the order begins */
	int from, to; /* what is being sent now */
	int64_t seen, written, missing, conflicting;
};

/* Version 0 is NUL, as keep-alive probes have it; it may be taken for one, and left out. */
static inline uint8_t naive_byte(int at, unsigned version)
{
	return version == 0 ? 0 : (uint8_t)((at * 13 & 0x3f) | (int)version << 6);
}

static inline bool naive_came(const struct naive *v, int at)
{
	return (v->sent[at] & ~1) != 0;
}

static inline void naive_freeze(struct naive *v, int at)
{
	v->frozen[at] = v->frozen[at] || naive_came(v, at);
}

static inline void naive_send(struct naive *v, int at, int n, unsigned version)
{
	v->seen += n;
	v->from = at;
	v->to = at + n;
	for (int i = at; i < at + n; i++) {
		v->sent[i] |= (uint8_t)(1 << version);
		if (!v->frozen[i])
			v->may[i] |= (uint8_t)(1 << version);
	}
}

/* After what was sent has been taken: whatever is settled has been told. */
static inline void naive_settle(struct naive *v)
{
	if (!v->plain)
		return;
	while (v->front > 0 && v->front < NAIVE_BYTES && naive_came(v, v->front))
		naive_freeze(v, v->front++);
	for (int i = v->begins ? NAIVE_START : 0; i < NAIVE_BYTES; i++)
		MUST(!v->frozen[i] || v->told[i] || v->gap[i]);
}

static inline void naive_acknowledge(struct naive *v, int upto)
{
	for (int i = 0; v->plain && i < upto; i++)
		naive_freeze(v, i);
}

static inline void naive_tell(struct naive *v, int64_t at, const uint8_t *p, int64_t n)
{
	MUST(n > 0 && at >= 0 && at + n <= NAIVE_BYTES);
	for (int i = (int)at; i < at + n; i++) {
		uint8_t byte = p[i - at];
		MUST(!v->told[i] && !v->gap[i]);
		MUST((v->may[i] >> (byte >> 6) & 1) != 0 && byte == naive_byte(i, byte >> 6));
		v->told[i] = true;
		v->value[i] = byte;
	}
	v->written += n;
}

static inline void naive_tell_gap(struct naive *v, int64_t at, int64_t n)
{
	MUST(n > 0 && at >= 0 && at + n <= NAIVE_BYTES);
	for (int i = (int)at; i < at + n; i++) {
		bool now = i >= v->from && i < v->to;
		MUST(!v->told[i] && !v->gap[i] && !(v->plain && naive_came(v, i) && !now));
		v->gap[i] = true;
	}
	v->missing += n;
}

static inline void naive_tell_conflict(struct naive *v, int64_t at, const uint8_t *kept,
                                       const uint8_t *other, int64_t n)
{
	MUST(n > 0 && kept[0] != other[0] && kept[n - 1] != other[n - 1]);
	for (int64_t i = 0; i < n; i++) {
		MUST((v->sent[at + i] >> (kept[i] >> 6) & 1) != 0);
		MUST((v->sent[at + i] >> (other[i] >> 6) & 1) != 0);
		MUST(!v->told[at + i] || v->value[at + i] == kept[i]);
	}
	v->conflicting += n;
}

static inline size_t naive_recall(const struct naive *v, int64_t at, uint8_t *to, size_t n)
{
	size_t done = 0;
	for (; done < n && v->told[at + (int64_t)done]; done++)
		to[done] = v->value[at + (int64_t)done];
	return done;
}

/* Its end was told, with this account. */
static inline void naive_end(struct naive *v, const struct tf_account *a)
{
	MUST(a->written == v->written && a->conflicting == v->conflicting);
	MUST(v->limited ? a->missing >= v->missing : a->missing == v->missing);
	for (int i = v->begins ? NAIVE_START : 0; v->plain && i < NAIVE_BYTES; i++)
		MUST(!naive_came(v, i) || v->told[i] || v->gap[i]);
}

#endif
