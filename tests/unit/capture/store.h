/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For tests of capture/: a block store that checks that nobody changes a frame's
 * bytes while its block is held, an origin that gives its bytes in small pieces,
 * and a reader that goes through a source and takes down what it gave.
 */
#ifndef TESTS_CAPTURE_STORE_H
#define TESTS_CAPTURE_STORE_H

#include "base/error.h"
#include "base/hash.h"
#include "capture/feed.h"
#include "capture/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { STORE_BLOCKS = 300, STORE_HELD = 256, READ_MOST = 16 };

struct held {
	struct block *block;
	const uint8_t *p;
	size_t n;
	uint64_t hash;
};

struct store {
	struct block_store as_store;
	struct block blocks[STORE_BLOCKS];
	size_t size;                  /* of a block */
	unsigned most, made;          /* blocks */
	struct held held[STORE_HELD]; /* some of the latest frames */
	unsigned next;
};

/* A block that nobody uses has its bytes spoilt, so that a frame that still
   points there shows. */
static inline struct block *store_take(void *arg)
{
	struct store *s = arg;
	unsigned i = 0;
	while (i < s->made && s->blocks[i].users > 0)
		i++;
	if (i == s->most)
		return NULL;
	struct block *b = &s->blocks[i];
	if (i == s->made) {
		*b = (struct block){.bytes = malloc(s->size), .size = s->size};
		MUST(b->bytes != NULL);
		s->made++;
	}
	memset(b->bytes, 0xdd, b->size);
	b->users = 1;
	return b;
}

static inline void store_give(void *arg, struct block *b)
{
	struct store *s = arg;
	MUST(b >= s->blocks && b < s->blocks + s->made && b->users > 0);
	b->users--;
}

static inline void store_init(struct store *s, size_t size, unsigned most)
{
	*s = (struct store){.size = size, .most = most};
	s->as_store = (struct block_store){.arg = s, .take = store_take, .give = store_give};
}

static inline void store_release(struct store *s, struct held *h)
{
	if (h->block == NULL)
		return;
	MUST(hash_bytes(h->p, h->n, 1) == h->hash); /* nobody wrote there */
	store_give(s, h->block);
	h->block = NULL;
}

/* Keeps these bytes of a block, and lets go of some others. */
static inline void store_hold(struct store *s, struct block *b, const uint8_t *p, size_t n)
{
	MUST(p >= b->bytes && n <= b->size && p + n <= b->bytes + b->size);
	struct held *h = &s->held[(s->next++ * 2654435761U >> 16) % STORE_HELD];
	store_release(s, h);
	*h = (struct held){b, p, n, hash_bytes(p, n, 1)};
	b->users++;
}

/* Afterwards no block may have users. */
static inline void store_free(struct store *s)
{
	for (unsigned i = 0; i < STORE_HELD; i++)
		store_release(s, &s->held[i]);
	for (unsigned i = 0; i < s->made; i++) {
		MUST(s->blocks[i].users == 0);
		free(s->blocks[i].bytes);
	}
	s->made = 0;
}

/* -- an origin in pieces ------------------------------------------------------ */

struct pieces {
	struct tf_span left;
	size_t most;      /* bytes at a time */
	unsigned calls;   /* every third is interrupted */
	int fails;        /* errno in place of the end; 0: none */
	unsigned *closed; /* counts */
};

static inline ssize_t pieces_read(struct origin *o, void *to, size_t n)
{
	struct pieces *s = o->state;
	if (++s->calls % 3 == 0) {
		errno = EINTR;
		return -1;
	}
	if (s->left.n == 0 && s->fails != 0) {
		errno = s->fails;
		return -1;
	}
	n = n < s->most ? n : s->most;
	n = n < s->left.n ? n : s->left.n;
	if (n > 0)
		memcpy(to, s->left.p, n);
	s->left.p += n;
	s->left.n -= n;
	return (ssize_t)n;
}

static inline void pieces_close(struct origin *o)
{
	struct pieces *s = o->state;
	if (s->closed != NULL)
		++*s->closed;
}

static inline struct origin pieces_origin(struct pieces *s)
{
	static const struct origin_kind kind = {"pieces", pieces_read, pieces_close};
	return (struct origin){.kind = &kind, .fd = -1, .state = s};
}

/* -- reading all of a source --------------------------------------------------- */

struct reading_result {
	bool opened;
	enum source_result end;
	uint64_t frames;
	uint64_t hash;             /* of everything in the frames */
	struct source_notes notes; /* without the data */
	struct tf_error err;
};

static inline uint64_t frame_hash(const struct tf_frame *f, uint64_t seed)
{
	uint64_t facts[] = {f->captured, f->length, (uint64_t)f->ts_ns, f->link_type,
	                    f->source,   f->number, f->position};
	return hash_bytes(f->bytes, f->captured, hash_bytes(facts, sizeof facts, seed));
}

/* Up to `most` frames at a time. each may be NULL: it is called for each frame */
static inline struct reading_result read_by(unsigned most, const struct origin *from,
                                            struct store *store,
                                            void (*each)(void *arg, const struct tf_frame *f),
                                            void *arg)
{
	struct reading_result r = {.end = SOURCE_DAMAGED};
	struct source *s = source_open_origin(from, "t.cap", 7, &store->as_store, &r.err);
	struct tf_frame f[READ_MOST];
	unsigned count;
	if (s == NULL)
		return r;
	r.opened = true;
	MUST(most > 0 && most <= READ_MOST);
	while ((r.end = source_frames(s, f, most, &count, &r.err)) == SOURCE_FRAME) {
		MUST(count > 0 && count <= most);
		for (unsigned i = 0; i < count; i++) {
			r.frames++;
			MUST(f[i].number == r.frames && f[i].source == 7);
			MUST(f[i].captured <= f[i].length && f[i].captured <= 262144);
			MUST(f[i].position + f[i].captured <= source_position(s));
			r.hash = frame_hash(&f[i], r.hash);
			store_hold(store, source_block(s), f[i].bytes, f[i].captured);
			if (each != NULL)
				each(arg, &f[i]);
		}
	}
	/* It stays as it ended. */
	MUST(count == 0 && source_next(s, f, NULL) == r.end);
	r.notes = *source_notes(s);
	r.notes.secrets_data = NULL;
	source_close(s);
	return r;
}

static inline struct reading_result read_all(const struct origin *from, struct store *store,
                                             void (*each)(void *arg, const struct tf_frame *f),
                                             void *arg)
{
	return read_by(READ_MOST, from, store, each, arg);
}

#endif
