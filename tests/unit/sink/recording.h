/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests of sink/files.c: a recorder in the folder "in", a few flows, and the events
   that reasm/ would tell of them. */
#ifndef TESTS_SINK_RECORDING_H
#define TESTS_SINK_RECORDING_H

#include "folder.h"

#include "sink/files.h"
#include "sink/name.h"

enum { FLOWS = 16 };

/* Bytes that tell where they stand; none is NUL. */
static uint8_t pattern[1 << 18];

static inline int fill_pattern(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof pattern; i++)
		pattern[i] = (uint8_t)(1 + (i * 31 + i / 251) % 255);
	return 0;
}

static inline void holds_pattern(const char *path, size_t n)
{
	static uint8_t got[sizeof pattern];
	assert_int_equal(read_file(path, got, sizeof got), n);
	assert_memory_equal(got, pattern, n);
}

struct talk {
	struct tf_flow flow;
	uintptr_t slot[2];
	struct tf_account account[2];
	struct tf_record record[2];
	bool over;
};

struct recording {
	struct arena arena;
	struct chunk_pool chunks;
	struct outdir dir;
	struct name_form names;
	struct sink_share share;
	struct files_setup setup;
	struct tf_sink sink;
	void *self;
	struct talk talk[FLOWS];
	size_t large; /* chunks of that kind, besides the others */
	struct tf_error err;
	bool failed;
};

static inline void flow_init(struct tf_flow *f, unsigned i)
{
	static const uint8_t mapped[14] = {[10] = 0xff, 0xff, 10, 0};
	*f = (struct tf_flow){.number = i + 1};
	for (uint8_t end = 0; end < 2; end++) {
		memcpy(f->end[end].address.b, mapped, sizeof mapped);
		f->end[end].address.b[15] = (uint8_t)(end + 1);
		f->end[end].port = (uint16_t)(end ? 80 : 1000 + i);
		f->began_ns[end] = INT64_C(1000000000000000000) + i * 1000 + end;
	}
}

/* Makes the folder and the recorder: so many descriptors, and chunks to gather in; besides
   that it is what *how says, and names are by a template. */
static inline void start_named(struct recording *r, const struct files_setup *how,
                               const char *names, unsigned descriptors, size_t chunks)
{
	*r = (struct recording){.large = r->large, .setup = *how};
	(void)folder_make();
	size_t memory = FLOWS * files_memory_per_flow(&r->setup) + files_memory_fixed(&r->setup);
	memory += (chunks + 1) * CHUNK_SIZE + r->large * CHUNK_LARGE_SIZE;
	assert_true(arena_init(&r->arena, memory, &r->err));
	assert_true(chunk_pool_init(&r->chunks, &r->arena, chunks));
	assert_true(chunk_pool_enlarge(&r->chunks, &r->arena, r->large));
	r->share = (struct sink_share){.arena = &r->arena,
	                               .chunks = &r->chunks,
	                               .flows_max = FLOWS,
	                               .flows_awake = FLOWS,
	                               .seed = 7};
	assert_true(outdir_open(&r->dir, "in", &r->err));
	r->setup.dir = &r->dir;
	assert_true(name_form_init(&r->names, names, &r->err));
	r->setup.names = &r->names;
	r->setup.descriptors = descriptors;
	r->setup.share = &r->share;
	r->sink = files_sink(&r->setup);
	r->self = r->sink.open(r->sink.arg, 0, 1, &r->err);
	assert_non_null(r->self);
	for (unsigned i = 0; i < FLOWS; i++)
		flow_init(&r->talk[i].flow, i);
}

static inline void start_as(struct recording *r, const struct files_setup *how,
                            unsigned descriptors, size_t chunks)
{
	start_named(r, how, NULL, descriptors, chunks);
}

static inline void start(struct recording *r, unsigned descriptors, size_t chunks)
{
	static const struct files_setup plain;
	start_as(r, &plain, descriptors, chunks);
}

static inline void tell(struct recording *r, struct tf_event *ev)
{
	if (!r->sink.event(r->self, ev, r->failed ? NULL : &r->err))
		r->failed = true;
}

static inline void data_at(struct recording *r, unsigned flow, unsigned dir, int64_t offset,
                           const void *p, size_t n)
{
	struct talk *t = &r->talk[flow];
	struct tf_event ev = {.kind = TF_DATA,
	                      .dir = (uint8_t)dir,
	                      .flow = &t->flow,
	                      .offset = offset,
	                      .length = (int64_t)n,
	                      .data = {p, n},
	                      .slot = &t->slot[dir]};
	t->account[dir].written += (int64_t)n;
	tell(r, &ev);
}

/* Flow 0, direction 0. */
static inline void say(struct recording *r, int64_t offset, const char *text)
{
	data_at(r, 0, 0, offset, text, strlen(text));
}

/* A hole that is final. */
static inline void hole(struct recording *r, int64_t start, int64_t end)
{
	struct talk *t = &r->talk[0];
	struct tf_event ev = {.kind = TF_GAP,
	                      .late = true,
	                      .flow = &t->flow,
	                      .offset = start,
	                      .length = end - start,
	                      .slot = &t->slot[0]};
	tell(r, &ev);
}

static inline void end_flow(struct recording *r, unsigned flow)
{
	struct talk *t = &r->talk[flow];
	struct tf_event ev = {.kind = TF_END,
	                      .dir = TF_BOTH,
	                      .flow = &t->flow,
	                      .end = TF_END_FIN,
	                      .account = t->account,
	                      .record = t->record,
	                      .slot = t->slot};
	if (!t->over)
		tell(r, &ev);
	t->over = true;
	assert_int_equal(t->slot[0] | t->slot[1], 0);
}

/* Writes pending bytes out, as when chunks run short. */
static inline void reclaim(struct recording *r)
{
	while (r->chunks.reclaim(r->chunks.reclaim_arg)) {
	}
}

static inline size_t recall(struct recording *r, int64_t offset, void *to, size_t n)
{
	struct talk *t = &r->talk[0];
	return r->sink.recall(r->self, &t->flow, 0, &t->slot[0], offset, to, n);
}

static inline struct tf_counters counted(struct recording *r)
{
	struct tf_counters c = {0};
	r->sink.count(r->self, &c);
	return c;
}

/* The path of a file: in/NAME. */
static inline const char *path_of(struct recording *r, unsigned flow, unsigned dir, uint32_t number)
{
	static char path[NAME_ROOM + 10];
	memcpy(path, "in/", 4);
	struct named who = name_subject(&r->names, &r->talk[flow].flow, dir);
	name_write(&who, number, path + 3);
	return path;
}

static inline const char *path0(struct recording *r)
{
	return path_of(r, 0, 0, 0);
}

/* Ends what has not ended; all memory and descriptors must be back. -> all went well */
static inline bool finish(struct recording *r)
{
	for (unsigned i = 0; i < FLOWS; i++)
		end_flow(r, i);
	assert_int_equal(chunk_pool_used(&r->chunks), 0);
	bool ok = r->sink.close(r->self, &r->err);
	assert_int_equal(ok, !r->failed);
	for (unsigned i = 0; i < FLOWS; i++)
		for (int dir = 0; dir < 2; dir++)
			assert_true(r->talk[i].account[dir].written >= 0);
	return ok;
}

static inline void clean_up(struct recording *r)
{
	outdir_close(&r->dir);
	arena_free(&r->arena);
	folder_remove();
	r->large = 0;
}

static inline void done(struct recording *r)
{
	assert_true(finish(r));
	clean_up(r);
}

#endif
