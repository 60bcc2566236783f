/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From CONFLICT and REJECT events to conflicts.jsonl: one line of JSON each, in the
 * order of the packets at which they were told, whatever the number of workers
 * (journal.h). The file is made with its first line: where nothing conflicts, there is
 * none. A name that is taken is left alone; the next free number is added.
 *
 * Bounds: of one copy at most CONFLICTS_LINE_MAX bytes stand in a line, and of one
 * direction of a connection at most CONFLICTS_FLOW_MAX in all; what is beyond that is
 * counted in the line and in bytes_unlisted, and the lines go on without bytes.
 */
#include "sink/conflicts.h"

#include "base/error.h"
#include "base/system.h"

#include <assert.h>
#include <inttypes.h>

/* Two copies in hexadecimal, and all else that a line says. */
static_assert(4 * CONFLICTS_LINE_MAX + 2048 <= JOIN_ROW_MAX, "a line always has room");

struct conflicts {
	const struct conflicts_setup *setup;
	struct journal_part *part;
	uint64_t lines, cut; /* counted */
};

/* -- a line -------------------------------------------------------------------- */

static void print_time(struct text *t, int64_t ns)
{
	text_string(t, "\"time\":\"");
	text_seconds(t, ns);
	text_string(t, "\"");
}

static void print_place(struct text *t, const char *what, const struct tf_event *ev)
{
	char src[TF_ADDRESS_TEXT], dst[TF_ADDRESS_TEXT];
	const struct tf_flow *f = ev->flow;
	tf_address_text(&f->end[ev->dir].address, src);
	tf_address_text(&f->end[!ev->dir].address, dst);
	text_printf(t,
	            "{\"event\":\"%s\",\"flow\":%" PRIu64
	            ",\"src\":\"%s\",\"sport\":%u,\"dst\":\"%s\","
	            "\"dport\":%u,\"vlan\":[",
	            what, f->number, src, f->end[ev->dir].port, dst, f->end[!ev->dir].port);
	for (int i = 0; i < TF_VLANS && f->vlan[i] != 0; i++)
		text_printf(t, "%s%u", i > 0 ? "," : "", f->vlan[i]);
	text_printf(t, "],\"stream\":%" PRIu32 ",\"offset\":%" PRId64 ",\"length\":%" PRId64,
	            ev->stream, ev->offset, ev->length);
}

static void print_copy(struct text *t, const char *name, const struct tf_copy *c, struct tf_span b,
                       size_t n)
{
	text_printf(t, ",\"%s\":{", name);
	if (c->known) {
		text_printf(t, "\"packet\":%" PRIu64 ",\"source\":%" PRIu32 ",\"ttl\":%u,",
		            c->frame, c->source, c->ttl);
		print_time(t, c->ts_ns);
	} else {
		text_printf(t, "\"packet\":null,\"source\":null,\"ttl\":null,\"time\":null");
	}
	text_printf(t, ",\"bytes\":\"");
	text_hex(t, b.p, n);
	text_printf(t, "\"}");
}

/* -> how many of the event's bytes stand in its line, of each of so many copies */
static size_t allow(struct conflicts *s, const struct tf_event *ev, size_t copies)
{
	size_t left = (CONFLICTS_FLOW_MAX - (size_t)*ev->slot) / copies, n = (size_t)ev->length;
	n = n < left ? n : left;
	n = n < CONFLICTS_LINE_MAX ? n : CONFLICTS_LINE_MAX;
	*ev->slot += n * copies;
	s->cut += ((size_t)ev->length - n) * copies;
	return n;
}

static void print_conflict(struct conflicts *s, struct text *t, const struct tf_event *ev)
{
	static const char *const which[] = {[TF_KEPT_UNKNOWN] = "unknown",
	                                    [TF_KEPT_FIRST] = "first",
	                                    [TF_KEPT_SECOND] = "second"};
	static const char *const certain[] = {[TF_CERTAIN_POLICY] = "policy",
	                                      [TF_CERTAIN_ACKED] = "acked",
	                                      [TF_CERTAIN_DSACK] = "dsack"};
	const struct tf_conflict *k = ev->conflict;
	size_t n = allow(s, ev, 2), rows;
	print_place(t, "conflict", ev);
	text_printf(t, ",\"which\":\"%s\",\"certain\":\"%s\",\"policy\":\"%s\"", which[k->which],
	            certain[k->certain], tf_overlap_rows(&rows)[k->policy].name);
	text_printf(t, ",\"ttl_apart\":%s,\"rewritten\":%s", k->ttl_apart ? "true" : "false",
	            k->rewrites ? "true" : "false");
	print_copy(t, "kept", &k->kept, ev->data, n);
	print_copy(t, "other", &k->other, ev->other, n);
	text_printf(t, ",\"bytes_left_out\":%" PRId64 "}\n", ev->length - (int64_t)n);
}

static void print_packet(struct text *t, const char *name, const struct tf_copy *c)
{
	if (c->known)
		text_printf(t, ",\"%s\":{\"packet\":%" PRIu64 ",\"source\":%" PRIu32 "}", name,
		            c->frame, c->source);
	else
		text_printf(t, ",\"%s\":{\"packet\":null,\"source\":null}", name);
}

/* The conflict's line is written; this one says more of it. */
static void print_proof(struct text *t, const struct tf_event *ev)
{
	print_place(t, "dsack", ev);
	text_printf(t, ",\"certain\":\"dsack\",\"packet\":%" PRIu64 ",\"source\":%" PRIu32 ",",
	            ev->frame, ev->source);
	print_time(t, ev->ts_ns);
	print_packet(t, "kept", &ev->conflict->kept);
	print_packet(t, "other", &ev->conflict->other);
	text_printf(t, "}\n");
}

static void print_reject(struct conflicts *s, struct text *t, const struct tf_event *ev)
{
	static const char *const reason[TF_REJECTS] = {
	        [TF_REJECT_CHECKSUM] = "checksum",
	        [TF_REJECT_FLAGS] = "flags",
	        [TF_REJECT_SIGNATURE] = "signature",
	        [TF_REJECT_TIMESTAMP] = "timestamp",
	        [TF_REJECT_ACK] = "ack",
	        [TF_REJECT_SYN_DATA] = "syn_data",
	        [TF_REJECT_SYN] = "syn",
	        [TF_REJECT_SYNACK] = "synack",
	        [TF_REJECT_RST] = "rst",
	        [TF_REJECT_URGENT] = "urgent",
	        [TF_REJECT_OUTSIDE] = "window",
	        [TF_REJECT_AFTER_CLOSE] = "after_close",
	};
	size_t n = allow(s, ev, 1);
	print_place(t, "rejected", ev);
	text_printf(t, ",\"reason\":\"%s\",\"packet\":%" PRIu64 ",\"source\":%" PRIu32 ",",
	            reason[ev->reject], ev->frame, ev->source);
	print_time(t, ev->ts_ns);
	text_printf(t, ",\"bytes\":\"");
	text_hex(t, ev->other.p, n);
	text_printf(t, "\",\"bytes_left_out\":%" PRId64 "}\n", ev->length - (int64_t)n);
}

/* -- the sink ----------------------------------------------------------------------- */

static void add(struct conflicts *s, const struct tf_event *ev)
{
	struct text *t = journal_row(s->part);
	if (t == NULL)
		return;
	if (ev->kind == TF_CONFLICT)
		print_conflict(s, t, ev);
	else if (ev->kind == TF_PROOF)
		print_proof(t, ev);
	else
		print_reject(s, t, ev);
	MUST(journal_add(s->part, ev, 0));
	s->lines++;
}

static bool event(void *self, const struct tf_event *ev, struct tf_error *err)
{
	struct conflicts *s = self;
	if (ev->kind != TF_REJECT || s->setup->keep_rejected)
		add(s, ev);
	return journal_works(s->part, err);
}

static bool flush(void *self, struct tf_error *err)
{
	struct conflicts *s = self;
	return journal_flush(s->part) || journal_works(s->part, err);
}

static void count(void *self, struct tf_counters *c)
{
	const struct conflicts *s = self;
	c->conflict_lines += s->lines;
	c->bytes_unlisted += s->cut;
}

static bool close_one(void *self, struct tf_error *err)
{
	struct conflicts *s = self;
	return journal_close(s->part, err);
}

static void *open_one(void *arg, unsigned worker, unsigned workers, struct tf_error *err)
{
	struct conflicts_setup *setup = arg;
	(void)workers;
	struct conflicts *s = arena_take(setup->journal.share[worker].arena, sizeof *s);
	if (s == NULL) {
		(void)error_set(err, TF_USAGE, "--memory is too little for the conflicts");
		return NULL;
	}
	*s = (struct conflicts){.setup = setup,
	                        .part = journal_open(&setup->journal, worker, false, err)};
	return s->part != NULL ? s : NULL;
}

size_t conflicts_memory(void)
{
	return sizeof(struct conflicts) + 64 + journal_memory_fixed();
}

struct tf_sink conflicts_sink(struct conflicts_setup *setup)
{
	setup->journal.base = "conflicts.jsonl";
	setup->journal.dated = true;
	setup->journal.fd = -1;
	return (struct tf_sink){.name = "conflicts",
	                        .order = TF_PLACED,
	                        .lets_doze = true,
	                        .kinds = 1U << TF_CONFLICT | 1U << TF_PROOF | 1U << TF_REJECT,
	                        .arg = setup,
	                        .open = open_one,
	                        .event = event,
	                        .flush = flush,
	                        .count = count,
	                        .close = close_one};
}
