/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From events to what people and programs read.
 *
 *	event --form--> out --when the input pauses, or much waits--> fd
 *	                    --at once--> gather.h --> store.h --> a file for each transcript
 *
 * A form (console_text.c, console_json.c) writes an event into `out`, which has room for the
 * largest: so what is written is whole lines of JSON, and whole pieces. Longer payload is
 * printed in several pieces.
 *
 * The descriptor may be a terminal. Only TF_FORM_RAW lets bytes through that it would obey,
 * and not to a terminal.
 *
 * Bounds: CONSOLE_ROOM bytes and, for transcripts in files, a store and a struct transcript
 * for each flow; what is gathered lies in chunks.
 */
#include "sink/console_inside.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { PLACES = 64 };

/* -- the descriptor ----------------------------------------------------------------------- */

/* A reader that has seen enough goes away, as head(1) does: that is no failure, but the end. */
static bool fail(struct console *s)
{
	s->failed = true;
	if (errno == EPIPE)
		return error_set(&s->err, TF_OK, "nobody reads what is printed any more");
	if (errno == ETIMEDOUT)
		return error_set(&s->err, TF_OUTPUT,
		                 "nobody reads what is printed: the rest of it was given up");
	return error_sys(&s->err, TF_OUTPUT, "cannot write what is printed");
}

static bool flush(struct console *s)
{
	const char *p = s->out.to;
	size_t n = s->failed ? 0 : s->out.n;
	while (n > 0) {
		ssize_t done = patient_write(&s->reader, p, n);
		if (done <= 0) {
			errno = done == 0 ? EIO : errno;
			(void)fail(s);
			break;
		}
		p += done;
		n -= (size_t)done;
	}
	text_cut(&s->out, 0);
	return !s->failed;
}

static bool rest(void *self, struct tf_error *err)
{
	struct console *s = self;
	if (!flush(s) && err != NULL)
		*err = s->err;
	return !s->failed;
}

static bool is_json(const struct tf_printing *how)
{
	return how->form == TF_FORM_JSON || how->form == TF_FORM_JSON_LEGACY;
}

/* -- transcripts ------------------------------------------------------------------------------ */

/* ev concerns that one; on paper or, with BEGIN, from now on. */
static void choose_transcript(struct console *s, const struct tf_event *ev)
{
	if (s->setup->dir == NULL) {
		s->to = &s->all;
		return;
	}
	if (ev->kind == TF_BEGIN) {
		struct transcript *t = slab_take(&s->transcripts);
		MUST(t != NULL); /* there is one for each flow */
		*t = (struct transcript){.size = 0};
		ev->slot[0] = ev->slot[1] = slab_index(&s->transcripts, t);
	}
	s->to = slab_at(&s->transcripts, (uint32_t)*ev->slot);
}

/* A file fails once, and for ever. */
static bool look_at_store(struct console *s)
{
	if (s->store.failed && !s->failed) {
		s->err = s->store.err;
		s->failed = true;
	}
	return !s->failed;
}

/* The transcript has its first words. */
static void begin_file(struct console *s, const struct tf_flow *flow)
{
	struct stored *f = &s->to->file.stored;
	const struct named who = name_subject(s->setup->names, flow, flow->originator);
	stored_init(f, &who);
	f->suffix = is_json(&s->setup->how) ? ".session.jsonl" : ".session";
	f->anew = stored_needs_nothing;
	f->when_ns = &flow->first_ns;
	/* As in files.c: numbers go by the first words, not by what is written first. */
	if (name_is_ambiguous(s->setup->names, flow))
		(void)store_ready(&s->store, f);
}

/* What was written goes where it belongs. */
static void deliver(struct console *s, const struct tf_flow *flow)
{
	struct transcript *t = s->to;
	const struct tf_span b = {(const uint8_t *)s->out.to, s->out.n};
	if (s->setup->dir == NULL || b.n == 0)
		return;
	if (t->size == 0)
		begin_file(s, flow);
	gather_put(&s->gather, &t->file, t->size, b, NULL);
	t->size += (int64_t)b.n;
	text_cut(&s->out, 0);
}

/* The connection has ended, or its file has, maybe after the sink has failed: the files of others
   have what they can have. */
static void finish_transcript(struct console *s, const struct tf_event *ev)
{
	struct transcript *t = slab_at(&s->transcripts, (uint32_t)*ev->slot);
	struct digest_result none;
	if (t == NULL)
		return;
	if (t->size > 0) {
		gather_flush(&s->gather, &t->file);
		(void)store_finish(&s->store, &t->file.stored, &none);
	}
	if (ev->kind == TF_TURN)
		*t = (struct transcript){.size = 0};
	else
		slab_give(&s->transcripts, t);
}

static bool write_old(void *self, struct tf_error *err)
{
	struct console *s = self;
	gather_flush_old(&s->gather);
	if (!look_at_store(s) && err != NULL)
		*err = s->err;
	return !s->failed;
}

/* -- events ------------------------------------------------------------------------------ */

typedef void print_event(struct console *s, const struct tf_event *ev);

static void print(struct console *s, print_event *how, const struct tf_event *ev)
{
	size_t most = CONSOLE_EACH * ev->data.n + CONSOLE_HEAD;
	if (s->out.size - s->out.n <= most)
		(void)flush(s);
	if (how != NULL)
		how(s, ev);
	MUST(!s->out.full);
	deliver(s, ev->flow);
}

/* Payload, CONSOLE_PIECE bytes at a time. */
static void print_payload(struct console *s, const struct tf_event *ev, size_t n)
{
	for (size_t done = 0; done < n;) {
		size_t part = n - done < CONSOLE_PIECE ? n - done : CONSOLE_PIECE;
		struct tf_event piece = *ev;
		piece.data = (struct tf_span){ev->data.p + done, part};
		piece.offset = ev->offset + (int64_t)done;
		piece.length = (int64_t)part;
		print(s, s->form->piece, &piece);
		done += part;
	}
}

/* A packet's payload, as much of it as may be printed of its direction. */
static void print_packet(struct console *s, const struct tf_event *ev)
{
	uint64_t left = (uint64_t)s->setup->flow_bytes - *ev->slot;
	size_t n = ev->data.n < left ? ev->data.n : (size_t)left;
	*ev->slot += n;
	print_payload(s, ev, n);
}

/* A piece or a gap of a stream. On the descriptor, a direction's slot is one more than its bytes
   that were printed; 0 says that there was nothing at all. */
static void print_stream(struct console *s, const struct tf_event *ev)
{
	if (ev->kind == TF_GAP && ev->cause == TF_GAP_LIMIT)
		return; /* who asked for less knows */
	if (s->setup->dir == NULL)
		*ev->slot += (*ev->slot == 0) + ev->data.n;
	if (ev->kind == TF_GAP)
		print(s, s->form->gap, ev);
	else
		print_payload(s, ev, ev->data.n);
}

/* -> whether a transcript has nothing of the connection that ends: so it stays. */
static bool is_unheard(const struct console *s, const struct tf_event *ev)
{
	if (s->setup->dir != NULL)
		return s->to->size == 0;
	return s->setup->how.sessions && s->form->begin == NULL && ev->dir == TF_BOTH &&
	       (ev->slot[0] | ev->slot[1]) == 0;
}

/* What turned up behind its gap was not told: where nobody else records, it is not recorded. What
   is printed later is of another account. */
static void account_late(const struct console *s, const struct tf_event *ev)
{
	if (!s->setup->alone || s->setup->dir != NULL || s->setup->how.packets)
		return;
	for (unsigned k = 0; k < (ev->dir == TF_BOTH ? 2U : 1U); k++) {
		struct tf_account *a = &ev->account[k];
		int64_t printed = ev->slot[k] > 0 ? (int64_t)ev->slot[k] - 1 : 0;
		a->late = a->written - printed;
		a->written = printed;
		ev->slot[k] = ev->slot[k] > 0;
	}
}

static void hear(struct console *s, const struct tf_event *ev)
{
	choose_transcript(s, ev);
	switch (ev->kind) {
	case TF_BEGIN: /* a file is made when there is something to tell */
		print(s, s->setup->dir == NULL ? s->form->begin : NULL, ev);
		break;
	case TF_DATA:
	case TF_GAP:
		print_stream(s, ev);
		break;
	case TF_SEGMENT:
		print_packet(s, ev);
		break;
	case TF_TURN:
		if (s->setup->dir == NULL)
			break; /* what is printed goes on */
		               /* fall through */
	case TF_END:
		print(s, is_unheard(s, ev) ? NULL : s->form->end, ev);
		break;
	case TF_CONFLICT:
	case TF_PROOF:
	case TF_REJECT:
	case TF_APP:
		break;
	}
}

static bool event(void *self, const struct tf_event *ev, struct tf_error *err)
{
	struct console *s = self;
	if (!s->failed)
		hear(s, ev);
	if (ev->kind == TF_TURN && s->setup->dir != NULL)
		finish_transcript(s, ev);
	if (ev->kind == TF_END || ev->kind == TF_TURN)
		account_late(s, ev);
	if (ev->kind == TF_END && ev->dir == TF_BOTH) {
		if (s->setup->dir != NULL)
			finish_transcript(s, ev);
		ev->slot[0] = ev->slot[1] = 0;
	} else if (ev->kind == TF_END && s->setup->dir == NULL) {
		ev->slot[0] = ev->slot[0] > 0; /* another stream begins */
	}
	if (!look_at_store(s) && err != NULL)
		*err = s->err;
	return !s->failed;
}

/* -- the sink --------------------------------------------------------------------------------- */

static const struct form *form_of(const struct tf_printing *how)
{
	static const struct form *const alone[] = {
	        [TF_FORM_TEXT] = &console_form_text,
	        [TF_FORM_RAW] = &console_form_text,
	        [TF_FORM_HEX] = &console_form_hex,
	        [TF_FORM_JSON] = &console_form_json,
	        [TF_FORM_JSON_LEGACY] = &console_form_json_legacy,
	};
	static const struct form *const session[] = {
	        [TF_FORM_TEXT] = &console_form_session,
	        [TF_FORM_RAW] = &console_form_session, /* is refused */
	        [TF_FORM_HEX] = &console_form_session_hex,
	        [TF_FORM_JSON] = &console_form_json,
	        [TF_FORM_JSON_LEGACY] = &console_form_json_legacy,
	};
	return how->sessions ? session[how->form] : alone[how->form];
}

static unsigned places(const struct console_setup *setup, unsigned workers)
{
	unsigned most = setup->how.files_max, each;
	most = most == 0 || most > PLACES ? PLACES : most;
	each = most / workers;
	return each > 0 ? each : 1;
}

static bool open_files(struct console *s, const struct sink_share *share, unsigned workers)
{
	if (!store_init(&s->store, share->arena, s->setup->dir, places(s->setup, workers),
	                share->seed) ||
	    !slab_init(&s->transcripts, share->arena, sizeof(struct transcript), share->flows_max))
		return false;
	gather_init(&s->gather, &s->store, share->chunks);
	return true;
}

static void *open_console(void *arg, unsigned worker, unsigned workers, struct tf_error *err)
{
	const struct console_setup *setup = arg;
	const struct sink_share *share = &setup->share[worker];
	struct console *s = arena_take(share->arena, sizeof *s);
	void *room = arena_take(share->arena, CONSOLE_ROOM);
	bool ok = s != NULL && room != NULL;
	if (ok) {
		*s = (struct console){.setup = setup,
		                      .reader = patient_of(setup->how.fd, setup->stopped),
		                      .form = form_of(&setup->how),
		                      .out = text_in(room, CONSOLE_ROOM),
		                      .fresh = true};
		ok = setup->dir == NULL || open_files(s, share, workers);
	}
	if (!ok)
		(void)error_set(err, TF_USAGE, "--memory is too little for what is printed");
	return ok ? s : NULL;
}

static void count(void *self, struct tf_counters *c)
{
	const struct console *s = self;
	c->files += s->store.made;
	c->files_remade += s->store.remade;
	c->writes += s->store.writes;
}

static bool close_console(void *self, struct tf_error *err)
{
	return rest(self, err);
}

size_t console_memory_per_flow(const struct console_setup *setup)
{
	return setup->dir != NULL ? sizeof(struct transcript) : 0;
}

size_t console_memory_fixed(const struct console_setup *setup)
{
	size_t files = setup->dir != NULL ? store_memory() : 0;
	return sizeof(struct console) + CONSOLE_ROOM + files + 256; /* and alignment */
}

struct tf_sink console_sink(struct console_setup *setup)
{
	unsigned streams = 1U << TF_DATA | 1U << TF_GAP, packets = 1U << TF_SEGMENT;
	unsigned both = 1U << TF_BEGIN | 1U << TF_END | 1U << TF_TURN;
	return (struct tf_sink){.name = "console",
	                        .order = TF_STREAM,
	                        .kinds = both | (setup->how.packets ? packets : streams),
	                        .arg = setup,
	                        .open = open_console,
	                        .event = event,
	                        .rest = setup->dir == NULL ? rest : NULL,
	                        .flush = setup->dir != NULL ? write_old : NULL,
	                        .count = count,
	                        .close = close_console};
}
