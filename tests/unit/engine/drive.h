/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests of engine/: frames of a few conversations, and what they add up to. */
#ifndef TESTS_ENGINE_DRIVE_H
#define TESTS_ENGINE_DRIVE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/build.h"
#include "lib/patience.h"
#include "lib/pcapfile.h"
#include "lib/recorder.h"
#include "lib/scratch.h"

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

#define MIB ((size_t)1 << 20)

static int64_t drive_now = INT64_C(1700000000000000000);

static inline struct tf_config config_of(unsigned workers, size_t memory)
{
	struct tf_config c;
	tf_config_init(&c);
	c.workers = workers;
	c.memory = memory;
	c.hash_seed = 7;
	return c;
}

static inline struct tf_engine *engine_of(const struct tf_config *c)
{
	struct tf_error err = {0};
	struct tf_engine *e = tf_engine_new(c, &err);
	if (e == NULL)
		print_error("%s\n", err.text);
	assert_non_null(e);
	return e;
}

/* Client `host`, port 4000, to a server's port 80. */
static inline size_t frame_bytes(unsigned host, int dir, uint8_t flags, uint32_t seq, uint32_t ack,
                                 const char *text, uint8_t to[BUILD_ROOM])
{
	char address[40];
	(void)snprintf(address, sizeof address, "10.0.%u.%u", host / 250, host % 250 + 1);
	struct tf_endpoint client = build_endpoint(address, 4000);
	struct tf_endpoint server = build_endpoint("10.9.9.9", 80);
	struct build b = {.src = dir ? server : client,
	                  .dst = dir ? client : server,
	                  .seq = seq,
	                  .ack = ack,
	                  .window = 65535,
	                  .flags = flags,
	                  .payload = {(const uint8_t *)text, strlen(text)}};
	size_t n = build_frame(&b, to, BUILD_ROOM);
	assert_true(n > 0);
	return n;
}

static inline struct tf_frame frame_of(unsigned host, int dir, uint8_t flags, uint32_t seq,
                                       uint32_t ack, const char *text)
{
	static uint8_t bytes[BUILD_ROOM];
	size_t n = frame_bytes(host, dir, flags, seq, ack, text, bytes);
	drive_now += 1000;
	return (struct tf_frame){.bytes = bytes,
	                         .captured = (uint32_t)n,
	                         .length = (uint32_t)n,
	                         .ts_ns = drive_now,
	                         .link_type = BUILD_LINK_TYPE};
}

static inline bool push(struct tf_engine *e, struct tf_error *err, unsigned host, int dir,
                        uint8_t flags, uint32_t seq, uint32_t ack, const char *text)
{
	struct tf_frame f = frame_of(host, dir, flags, seq, ack, text);
	return tf_engine_push(e, &f, err);
}

enum { CONVERSATION = 8 }; /* frames: 14 bytes each way */

/* Step by step; dir 0 is the client. */
static const struct {
	int dir;
	uint8_t flags;
	uint32_t seq, ack;
	const char *text;
} conversation[CONVERSATION] = {
        {0, SYN, 99, 0, ""},
        {1, SYN | ACK, 499, 100, ""},
        {0, ACK, 100, 500, "question"},
        {1, ACK, 500, 108, "an answer"},
        {0, ACK, 108, 509, "thanks"},
        {1, FIN | ACK, 509, 114, "so be"},
        {0, FIN | ACK, 114, 515, ""},
        {1, ACK, 515, 115, ""},
};

/* Step 0..7 of a conversation. */
static inline bool step(struct tf_engine *e, struct tf_error *err, unsigned host, int i)
{
	return push(e, err, host, conversation[i].dir, conversation[i].flags, conversation[i].seq,
	            conversation[i].ack, conversation[i].text);
}

/* Conversations of hosts 0..count-1, all at the same time. */
static inline bool converse(struct tf_engine *e, struct tf_error *err, unsigned count)
{
	for (int i = 0; i < CONVERSATION; i++)
		for (unsigned host = 0; host < count; host++)
			if (!step(e, err, host, i))
				return false;
	return true;
}

/* What the recorder heard of them is right. */
static inline void heard_all(const struct recorder *r, unsigned count)
{
	assert_string_equal(r->fault, "");
	assert_int_equal(r->flows, count);
	for (unsigned i = 0; i < count; i++) {
		const struct recorder_flow *f = r->flow[i];
		uint8_t got[20];
		assert_int_equal(f->flow.number, i + 1);
		assert_int_equal(f->end, TF_END_FIN);
		assert_int_equal(recorder_copy(&f->dir[0].stream[0], 0, got, 14), 14);
		assert_memory_equal(got, "questionthanks", 14);
		assert_int_equal(recorder_copy(&f->dir[1].stream[0], 0, got, 14), 14);
		assert_memory_equal(got, "an answerso be", 14);
	}
}

static inline uint64_t sum_of_fates(const struct tf_counters *c)
{
#define ADD(name, ...) +c->name
	return 0 TF_FATES(ADD);
#undef ADD
}

/* -- a folder ---------------------------------------------------------------------------- */

static inline void file_is(const char *path, const char *text)
{
	char got[4096];
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	size_t n = fread(got, 1, sizeof got, f);
	(void)fclose(f);
	assert_int_equal(n, strlen(text));
	assert_memory_equal(got, text, n);
}

static inline unsigned names_in(const char *path)
{
	DIR *d = opendir(path);
	assert_non_null(d);
	unsigned n = 0;
	const struct dirent *e;
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	(void)closedir(d);
	return n;
}

/* -- a sink that only counts ---------------------------------------------------------------- */

/* Touched by one worker each, read when the engine has finished. */
struct tally {
	unsigned opened, closed;
	unsigned open_fails_at; /* this worker's instance cannot be opened; 0: none */
	uint64_t begun, ended, bytes;
	uint64_t fail_after; /* this many events, event() says false; 0: never */
	uint64_t events;
	uint64_t letters, misread; /* streams are "aaa...bbb...", so many of each */
	bool end_fails;            /* event() says false to each END */
	bool close_fails;
};

enum { TALLIES = 16 };

struct tallies {
	struct tf_sink sink;
	struct tally each[TALLIES];
};

static inline void *tally_open(void *arg, unsigned worker, unsigned workers, struct tf_error *err)
{
	struct tallies *all = arg;
	(void)workers;
	struct tally *t = &all->each[worker];
	if (t->open_fails_at != 0 && worker == t->open_fails_at) {
		err->status = TF_USAGE;
		(void)snprintf(err->text, sizeof err->text, "no instance %u", worker);
		return NULL;
	}
	t->opened++;
	return t;
}

static inline bool tally_event(void *self, const struct tf_event *ev, struct tf_error *err)
{
	struct tally *t = self;
	t->begun += ev->kind == TF_BEGIN;
	t->ended += ev->kind == TF_END && ev->dir == TF_BOTH;
	t->bytes += ev->kind == TF_DATA ? (uint64_t)ev->length : 0;
	for (size_t i = 0; t->letters > 0 && ev->kind == TF_DATA && i < ev->data.n; i++)
		t->misread += ev->data.p[i] != 'a' + ((uint64_t)ev->offset + i) / t->letters % 26;
	t->events++;
	if (t->end_fails ? ev->kind != TF_END : t->fail_after == 0 || t->events < t->fail_after)
		return true;
	if (err != NULL) {
		err->status = TF_OUTPUT;
		(void)snprintf(err->text, sizeof err->text, "enough after %llu",
		               (unsigned long long)t->events);
	}
	return false;
}

static inline void tally_count(void *self, struct tf_counters *c)
{
	const struct tally *t = self;
	c->writes += t->begun;
}

static inline bool tally_close(void *self, struct tf_error *err)
{
	struct tally *t = self;
	t->closed++;
	if (t->close_fails && err != NULL) {
		err->status = TF_OUTPUT;
		(void)snprintf(err->text, sizeof err->text, "cannot close");
	}
	return !t->close_fails;
}

static inline void tallies_init(struct tallies *all)
{
	memset(all, 0, sizeof *all);
	all->sink = (struct tf_sink){.name = "tally",
	                             .order = TF_STREAM,
	                             .arg = all,
	                             .open = tally_open,
	                             .event = tally_event,
	                             .count = tally_count,
	                             .close = tally_close};
}

static inline struct tally tally_sum(const struct tallies *all)
{
	struct tally s = {0};
	for (int i = 0; i < TALLIES; i++) {
		s.opened += all->each[i].opened;
		s.closed += all->each[i].closed;
		s.begun += all->each[i].begun;
		s.ended += all->each[i].ended;
		s.bytes += all->each[i].bytes;
	}
	return s;
}

#endif
