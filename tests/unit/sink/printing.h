/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests of sink/console.c: the sink, printing to the file "out" or into the folder "in",
   a few flows, and the events that the engine would tell of them. */
#ifndef TESTS_SINK_PRINTING_H
#define TESTS_SINK_PRINTING_H

#include "folder.h"

#include "base/error.h"
#include "sink/console.h"

enum { PRINTED_FLOWS = 8, PRINTED_CHUNKS = 8, PRINTED_ROOM = 1 << 20, PRINTED_FRAME = 7 };

#define SECOND INT64_C(1000000000)

struct printed_flow {
	struct tf_flow flow;
	uintptr_t slot[2];
	struct tf_account account[2];
	struct tf_record record[2];
	int64_t next[2]; /* offsets */
};

struct printing {
	struct arena arena;
	struct outdir dir;
	struct chunk_pool chunks;
	struct sink_share share;
	struct console_setup setup;
	struct name_form names;
	struct tf_sink sink;
	void *self;
	struct printed_flow flow[PRINTED_FLOWS];
	int64_t now_ns;
	bool failed;
	struct tf_error err;
};

/* Client 10.0.0.1, ports from 4000 on, and server 10.0.0.2, port 80. */
static inline void printed_flow_init(struct printed_flow *f, unsigned i)
{
	static const uint8_t mapped[16] = {[10] = 0xff, 0xff, 10, 0, 0, 0};
	*f = (struct printed_flow){.flow = {.number = i + 1, .first_ns = (i + 1) * SECOND}};
	for (unsigned end = 0; end < 2; end++) {
		memcpy(f->flow.end[end].address.b, mapped, sizeof mapped);
		f->flow.end[end].address.b[15] = (uint8_t)(end + 1);
		f->flow.end[end].port = (uint16_t)(end > 0 ? 80 : 4000 + i);
	}
}

/* how.fd is filled in, and how.folder is any or NULL. */
/* What the sinks that are started next are told of the run. */
static const _Atomic bool *printing_stopped;

static inline void printing_start(struct printing *p, struct tf_printing how, bool terminal)
{
	memset(p, 0, sizeof *p);
	(void)folder_make();
	assert_true(outdir_open(&p->dir, "in", &p->err));
	if (how.fd == 0)
		how.fd = open("out", O_CREAT | O_TRUNC | O_RDWR, 0666);
	assert_true(how.fd >= 0);
	assert_true(name_form_init(&p->names, NULL, &p->err));
	p->setup = (struct console_setup){.how = how,
	                                  .names = &p->names,
	                                  .terminal = terminal,
	                                  .dir = how.folder != NULL ? &p->dir : NULL,
	                                  .flow_bytes = INT64_MAX,
	                                  .share = &p->share,
	                                  .stopped = printing_stopped};
	size_t memory = console_memory_fixed(&p->setup) +
	                PRINTED_FLOWS * console_memory_per_flow(&p->setup) +
	                (PRINTED_CHUNKS + 1) * CHUNK_SIZE;
	assert_true(arena_init(&p->arena, memory, &p->err));
	assert_true(chunk_pool_init(&p->chunks, &p->arena, PRINTED_CHUNKS));
	p->share = (struct sink_share){
	        .arena = &p->arena, .chunks = &p->chunks, .flows_max = PRINTED_FLOWS};
	p->sink = console_sink(&p->setup);
	p->self = p->sink.open(p->sink.arg, 0, 1, &p->err);
	assert_non_null(p->self);
	p->now_ns = 100 * SECOND;
	for (unsigned i = 0; i < PRINTED_FLOWS; i++)
		printed_flow_init(&p->flow[i], i);
}

static inline void printing_tell(struct printing *p, unsigned flow, struct tf_event ev)
{
	struct printed_flow *f = &p->flow[flow];
	if ((p->sink.kinds >> ev.kind & 1) == 0)
		return;
	ev.flow = &f->flow;
	ev.ts_ns = p->now_ns;
	ev.slot = &f->slot[ev.dir == TF_BOTH ? 0 : ev.dir];
	ev.account = f->account;
	ev.record = f->record;
	if (!p->sink.event(p->self, &ev, p->failed ? NULL : &p->err))
		p->failed = true;
}

static inline void print_begin(struct printing *p, unsigned flow)
{
	printing_tell(p, flow, (struct tf_event){.kind = TF_BEGIN, .dir = TF_BOTH});
}

static inline void print_bytes(struct printing *p, unsigned flow, unsigned dir, const void *b,
                               size_t n)
{
	struct printed_flow *f = &p->flow[flow];
	struct tf_segment segment = {.seq = 1000, .ack = 2000, .flags = 0x18};
	struct tf_event ev = {.kind = p->setup.how.packets ? TF_SEGMENT : TF_DATA,
	                      .dir = (uint8_t)dir,
	                      .offset = f->next[dir],
	                      .length = (int64_t)n,
	                      .data = {b, n},
	                      .frame = PRINTED_FRAME};
	if (p->setup.how.packets)
		ev.segment = &segment;
	printing_tell(p, flow, ev);
	f->next[dir] += (int64_t)n;
}

static inline void print_say(struct printing *p, unsigned flow, unsigned dir, const char *text)
{
	print_bytes(p, flow, dir, text, strlen(text));
}

static inline void print_gap(struct printing *p, unsigned flow, unsigned dir, int64_t n,
                             enum tf_gap_cause cause)
{
	struct printed_flow *f = &p->flow[flow];
	printing_tell(p, flow,
	              (struct tf_event){.kind = TF_GAP,
	                                .dir = (uint8_t)dir,
	                                .offset = f->next[dir],
	                                .length = n,
	                                .cause = cause});
	f->next[dir] += n;
}

static inline void print_end(struct printing *p, unsigned flow, unsigned dir, enum tf_end why)
{
	printing_tell(p, flow, (struct tf_event){.kind = TF_END, .dir = (uint8_t)dir, .end = why});
}

/* Closes the sink -> whether all went well */
static inline bool printing_close(struct printing *p)
{
	return p->sink.close(p->self, &p->err);
}

static inline void printing_clean_up(struct printing *p)
{
	if (p->setup.how.fd > 2)
		(void)close(p->setup.how.fd);
	outdir_close(&p->dir);
	arena_free(&p->arena);
	folder_remove();
}

/* All is over, and this was printed. */
static inline void printed_bytes(struct printing *p, const void *want, size_t n)
{
	static char got[PRINTED_ROOM];
	assert_true(printing_close(p));
	assert_false(p->failed);
	size_t have = read_file("out", got, sizeof got);
	if (have != n || memcmp(got, want, n) != 0)
		print_error("got: %.*s\nwant: %.*s\n", (int)have, got, (int)n, (const char *)want);
	assert_int_equal(have, n);
	assert_memory_equal(got, want, n);
	printing_clean_up(p);
}

static inline void printed(struct printing *p, const char *want)
{
	printed_bytes(p, want, strlen(want));
}

#endif
