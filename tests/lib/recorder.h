/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A sink that keeps all it hears in memory, and watches that the engine keeps
 * the contract of tcpflow.h while it listens:
 *
 *	struct recorder r;
 *	recorder_init(&r, TF_PLACED);
 *	tf_engine_attach(e, &r.sink, &err);
 *	... push, finish ...
 *	r.flow[0]->dir[0].stream[0].piece[0].bytes
 *
 * What it watches: events come between BEGIN and END; each byte comes once; DATA
 * and GAP tile the span; a conflict's recorded side is what was told; both sums
 * of struct tf_account hold, and agree with the events. The first breach stands
 * in recorder.fault, which is empty when all was well.
 *
 * Works with any number of workers: each has an instance of its own, and their
 * flows are joined, in order of tf_flow.number, when the engine has finished.
 */
#ifndef LIB_RECORDER_H
#define LIB_RECORDER_H

#include <tcpflow/tcpflow.h>

/* Told bytes, ordered by offset; touching pieces may be one or two. */
struct recorder_piece {
	int64_t offset;
	size_t n, room;
	uint8_t *bytes;
};

/* DATA in the order told; what touches, and is alike, is one run. */
struct recorder_run {
	int64_t offset, length;
	bool late;
};

/* In the order told; touching ones of one cause are one. */
struct recorder_gap {
	int64_t offset, length;
	enum tf_gap_cause cause;
};

struct recorder_conflict {
	int64_t offset, length;
	struct tf_conflict what;
	uint8_t *kept, *other;
};

struct recorder_reject {
	int64_t offset, length;
	enum tf_reject why;
	uint8_t *bytes;
};

struct recorder_stream {
	struct recorder_piece *piece;
	size_t pieces, pieces_room;
	struct recorder_run *run;
	size_t runs, runs_room;
	struct recorder_gap *gap;
	size_t gaps, gaps_room;
	struct recorder_gap limit; /* beyond flow_bytes; length 0: none */
	struct recorder_conflict *conflict;
	size_t conflicts, conflicts_room;
	struct recorder_reject *reject;
	size_t rejects, rejects_room;
	int64_t told; /* bytes in pieces */
	bool ended;
	enum tf_end end;
	struct tf_account account;
};

struct recorder_dir {
	struct recorder_stream *stream;
	size_t streams, streams_room;
};

struct recorder_flow {
	struct tf_flow flow; /* as it was at the last event */
	struct recorder_dir dir[2];
	bool ended;
	enum tf_end end;
};

struct recorder {
	struct tf_sink sink;
	struct recorder_flow **flow;
	size_t flows, flows_room;
	int64_t flow_bytes; /* set it when tf_config.flow_bytes is: gaps beyond it
	                       are told as one, of that cause */
	char fault[200];
};

void recorder_init(struct recorder *r, enum tf_order order);
void recorder_free(struct recorder *r);

/* The first and one past the last offset of DATA and GAP; both 0 without any. */
int64_t recorder_start(const struct recorder_stream *s);
int64_t recorder_end(const struct recorder_stream *s);

/* Copies n bytes from offset on, zeros where none were told -> how many of these
   bytes were told. */
size_t recorder_copy(const struct recorder_stream *s, int64_t offset, uint8_t *to, size_t n);

/* Compares what two engines told of the same frames -> true, or false with the
   first difference (at most n bytes of text) in why. */
bool recorder_same(const struct recorder *a, const struct recorder *b, char *why, size_t n);

#endif
