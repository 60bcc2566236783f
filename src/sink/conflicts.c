/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From CONFLICT and REJECT events to conflicts.jsonl: one line of JSON each, in the
 * order of the packets at which they were told, whatever the number of workers.
 *
 *	one worker:    event -> line -> buffer -> conflicts.jsonl
 *	several:       event -> turn, line -> buffer -> conflicts.jsonl.K   (K: the worker)
 *	               when the last one closes, they are merged by turn and removed
 *
 * Each worker's turns never fall (struct tf_event), so merging takes one buffer for
 * each worker. A file is made with its first line: where nothing conflicts, there is
 * none. A name that is taken is left alone; the next free number is added.
 *
 * Bounds: of one copy at most CONFLICTS_LINE_MAX bytes stand in a line, and of one
 * direction of a connection at most CONFLICTS_FLOW_MAX in all; what is beyond that is
 * counted in the line and in bytes_unlisted, and the lines go on without bytes.
 */
#include "sink/conflicts.h"

#include "base/error.h"
#include "base/system.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Two copies in hexadecimal, and all else that a line says. */
enum { ROOM = 4 * CONFLICTS_LINE_MAX + 2048, BUFFER = 2 * ROOM, NAME = 64, TRIES = 100000 };

static const char base_name[] = "conflicts.jsonl";

/* What stands before a line in the file of one worker among several. */
struct mark {
	uint64_t turn, flow; /* of turns that are the same the lower tf_flow.number is first */
	uint64_t n;          /* bytes of the line */
};

struct conflicts {
	struct conflicts_setup *setup;
	unsigned worker;
	char name[NAME]; /* of the file; fd is -1 when there is none */
	int fd;
	uint8_t *buffer;     /* [BUFFER] */
	size_t at, n;        /* reading: the next byte; bytes in the buffer */
	uint64_t lines, cut; /* counted */
	int64_t latest_ns;   /* of all lines; the file's time */
	bool failed;
	struct tf_error err;
};

static bool fail(struct conflicts *s, const char *what)
{
	if (!s->failed)
		(void)error_sys(&s->err, TF_OUTPUT, "cannot %s %s in %s", what,
		                s->name[0] != '\0' ? s->name : base_name, s->setup->dir->path);
	s->failed = true;
	return false;
}

/* -- a line -------------------------------------------------------------------- */

static void print(struct conflicts *s, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* There is always room: see ROOM. */
static void print(struct conflicts *s, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf((char *)s->buffer + s->n, BUFFER - s->n, format, args);
	va_end(args);
	MUST(n >= 0 && (size_t)n < BUFFER - s->n);
	s->n += (size_t)n;
}

static void print_hex(struct conflicts *s, struct tf_span b, size_t n)
{
	static const char digit[] = "0123456789abcdef";
	for (size_t i = 0; i < n; i++) {
		s->buffer[s->n++] = (uint8_t)digit[b.p[i] >> 4];
		s->buffer[s->n++] = (uint8_t)digit[b.p[i] & 15];
	}
}

static void print_time(struct conflicts *s, int64_t ns)
{
	int64_t sec = ns / 1000000000, rest = ns % 1000000000;
	if (rest < 0) {
		sec--;
		rest += 1000000000;
	}
	print(s, "\"time\":\"%" PRId64 ".%09" PRId64 "\"", sec, rest);
}

static void print_place(struct conflicts *s, const char *what, const struct tf_event *ev)
{
	char src[TF_ADDRESS_TEXT], dst[TF_ADDRESS_TEXT];
	const struct tf_flow *f = ev->flow;
	tf_address_text(&f->end[ev->dir].address, src);
	tf_address_text(&f->end[!ev->dir].address, dst);
	print(s,
	      "{\"event\":\"%s\",\"flow\":%" PRIu64 ",\"src\":\"%s\",\"sport\":%u,\"dst\":\"%s\","
	      "\"dport\":%u,\"vlan\":[",
	      what, f->number, src, f->end[ev->dir].port, dst, f->end[!ev->dir].port);
	for (int i = 0; i < TF_VLANS && f->vlan[i] != 0; i++)
		print(s, "%s%u", i > 0 ? "," : "", f->vlan[i]);
	print(s, "],\"stream\":%" PRIu32 ",\"offset\":%" PRId64 ",\"length\":%" PRId64, ev->stream,
	      ev->offset, ev->length);
}

static void print_copy(struct conflicts *s, const char *name, const struct tf_copy *c,
                       struct tf_span b, size_t n)
{
	print(s, ",\"%s\":{", name);
	if (c->known) {
		print(s, "\"packet\":%" PRIu64 ",\"source\":%" PRIu32 ",\"ttl\":%u,", c->frame,
		      c->source, c->ttl);
		print_time(s, c->ts_ns);
	} else {
		print(s, "\"packet\":null,\"source\":null,\"ttl\":null,\"time\":null");
	}
	print(s, ",\"bytes\":\"");
	print_hex(s, b, n);
	print(s, "\"}");
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

static void print_conflict(struct conflicts *s, const struct tf_event *ev)
{
	static const char *const which[] = {[TF_KEPT_UNKNOWN] = "unknown",
	                                    [TF_KEPT_FIRST] = "first",
	                                    [TF_KEPT_SECOND] = "second"};
	static const char *const certain[] = {[TF_CERTAIN_POLICY] = "policy",
	                                      [TF_CERTAIN_ACKED] = "acked",
	                                      [TF_CERTAIN_DSACK] = "dsack"};
	const struct tf_conflict *k = ev->conflict;
	size_t n = allow(s, ev, 2), rows;
	print_place(s, "conflict", ev);
	print(s, ",\"which\":\"%s\",\"certain\":\"%s\",\"policy\":\"%s\"", which[k->which],
	      certain[k->certain], tf_overlap_rows(&rows)[k->policy].name);
	print(s, ",\"ttl_apart\":%s,\"rewritten\":%s", k->ttl_apart ? "true" : "false",
	      k->rewrites ? "true" : "false");
	print_copy(s, "kept", &k->kept, ev->data, n);
	print_copy(s, "other", &k->other, ev->other, n);
	print(s, ",\"bytes_left_out\":%" PRId64 "}\n", ev->length - (int64_t)n);
}

static void print_packet(struct conflicts *s, const char *name, const struct tf_copy *c)
{
	if (c->known)
		print(s, ",\"%s\":{\"packet\":%" PRIu64 ",\"source\":%" PRIu32 "}", name, c->frame,
		      c->source);
	else
		print(s, ",\"%s\":{\"packet\":null,\"source\":null}", name);
}

/* The conflict's line is written; this one says more of it. */
static void print_proof(struct conflicts *s, const struct tf_event *ev)
{
	print_place(s, "dsack", ev);
	print(s, ",\"certain\":\"dsack\",\"packet\":%" PRIu64 ",\"source\":%" PRIu32 ",", ev->frame,
	      ev->source);
	print_time(s, ev->ts_ns);
	print_packet(s, "kept", &ev->conflict->kept);
	print_packet(s, "other", &ev->conflict->other);
	print(s, "}\n");
}

static void print_reject(struct conflicts *s, const struct tf_event *ev)
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
	print_place(s, "rejected", ev);
	print(s, ",\"reason\":\"%s\",\"packet\":%" PRIu64 ",\"source\":%" PRIu32 ",",
	      reason[ev->reject], ev->frame, ev->source);
	print_time(s, ev->ts_ns);
	print(s, ",\"bytes\":\"");
	print_hex(s, ev->other, n);
	print(s, "\",\"bytes_left_out\":%" PRId64 "}\n", ev->length - (int64_t)n);
}

/* -- the file -------------------------------------------------------------------- */

/* suffix: of one worker among several, or "" */
static int create(struct conflicts *s, const char *suffix, char name[NAME])
{
	struct outfile_id id;
	int fd;
	unsigned number = 0;
	(void)snprintf(name, NAME, "%s%s", base_name, suffix);
	while ((fd = outdir_create(s->setup->dir, name, &id)) < 0 && errno == EEXIST &&
	       number < TRIES)
		(void)snprintf(name, NAME, "%sc%u%s", base_name, ++number, suffix);
	return fd;
}

static bool ready(struct conflicts *s)
{
	char suffix[16] = "";
	if (s->fd >= 0)
		return true;
	if (s->setup->workers > 1)
		(void)snprintf(suffix, sizeof suffix, ".%u", s->worker);
	s->fd = create(s, suffix, s->name);
	return s->fd >= 0 || fail(s, "make");
}

/* -> false with errno */
static bool finish(int fd, int64_t latest_ns)
{
	struct timespec t = system_time(latest_ns);
	(void)futimens(fd, (struct timespec[2]){t, t});
	return close(fd) == 0 || errno == EINTR;
}

static bool write_all(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			errno = done == 0 ? EIO : errno;
			return false;
		}
		p += done;
		n -= (size_t)done;
	}
	return true;
}

static bool flush(struct conflicts *s)
{
	if (s->n == 0 || s->failed)
		return !s->failed;
	bool ok = ready(s) && (write_all(s->fd, s->buffer, s->n) || fail(s, "write"));
	s->n = 0;
	return ok;
}

/* -- the sink ----------------------------------------------------------------------- */

static bool add(struct conflicts *s, const struct tf_event *ev)
{
	if (s->failed || (BUFFER - s->n < ROOM && !flush(s)))
		return false;
	size_t head = s->setup->workers > 1 ? sizeof(struct mark) : 0, start = s->n;
	s->n += head;
	if (ev->kind == TF_CONFLICT)
		print_conflict(s, ev);
	else if (ev->kind == TF_PROOF)
		print_proof(s, ev);
	else
		print_reject(s, ev);
	struct mark mark = {.turn = ev->turn, .flow = ev->flow->number, .n = s->n - start - head};
	memcpy(s->buffer + start, &mark, head);
	s->latest_ns = ev->ts_ns > s->latest_ns ? ev->ts_ns : s->latest_ns;
	s->lines++;
	return true;
}

static bool event(void *self, const struct tf_event *ev, struct tf_error *err)
{
	struct conflicts *s = self;
	bool rejected = ev->kind == TF_REJECT;
	if (ev->kind == TF_CONFLICT || ev->kind == TF_PROOF ||
	    (rejected && s->setup->keep_rejected))
		(void)add(s, ev);
	if (s->failed && err != NULL)
		*err = s->err;
	return !s->failed;
}

static void count(void *self, struct tf_counters *c)
{
	const struct conflicts *s = self;
	c->conflict_lines += s->lines;
	c->bytes_unlisted += s->cut;
}

/* -- merging ------------------------------------------------------------------------- */

/* Sees to it that the next line of part is whole in its buffer -> false: it has no more,
   or cannot be read. */
static bool look(struct conflicts *part, struct mark *mark)
{
	for (;;) {
		size_t left = part->n - part->at;
		if (left >= sizeof *mark) {
			memcpy(mark, part->buffer + part->at, sizeof *mark);
			if (left - sizeof *mark >= mark->n)
				return true;
		}
		memmove(part->buffer, part->buffer + part->at, left);
		part->at = 0;
		part->n = left;
		ssize_t got = read(part->fd, part->buffer + left, BUFFER - left);
		if (got <= 0)
			return got == 0 && left == 0 ? false : fail(part, "read");
		part->n += (size_t)got;
	}
}

static bool is_before(const struct mark *a, const struct mark *b)
{
	return a->turn != b->turn ? a->turn < b->turn : a->flow < b->flow;
}

/* -> the part with the lowest turn, or NULL */
static struct conflicts *lowest(const struct conflicts_setup *setup, struct mark *mark)
{
	struct conflicts *best = NULL;
	struct mark m = {0};
	for (unsigned i = 0; i < setup->workers; i++) {
		struct conflicts *part = setup->part[i];
		if (part == NULL || part->fd < 0 || part->failed || !look(part, &m))
			continue;
		if (best != NULL && !is_before(&m, mark))
			continue;
		best = part;
		*mark = m;
	}
	return best;
}

/* -> false with errno */
static bool merge(const struct conflicts_setup *setup, int fd)
{
	struct conflicts *part;
	struct mark mark = {0};
	while ((part = lowest(setup, &mark)) != NULL) {
		if (!write_all(fd, part->buffer + part->at + sizeof mark, (size_t)mark.n))
			return false;
		part->at += sizeof mark + (size_t)mark.n;
	}
	return true;
}

/* Puts the files of all workers together; when that fails they stay. */
static void join(struct conflicts *s)
{
	const struct conflicts_setup *setup = s->setup;
	char name[NAME];
	bool any = false;
	int64_t latest_ns = INT64_MIN;
	for (unsigned i = 0; i < setup->workers; i++) {
		struct conflicts *part = setup->part[i];
		bool there = part != NULL && part->fd >= 0;
		any = any || there;
		if (there && part->latest_ns > latest_ns)
			latest_ns = part->latest_ns;
		if (there && lseek(part->fd, 0, SEEK_SET) < 0)
			(void)fail(part, "read");
	}
	if (!any)
		return;
	int fd = create(s, "", name);
	bool ok = fd >= 0 && merge(setup, fd);
	if ((fd >= 0 && !finish(fd, latest_ns)) || !ok) {
		memcpy(s->name, name, sizeof name);
		(void)fail(s, "write");
	}
	for (unsigned i = 0; ok && i < setup->workers; i++) {
		struct conflicts *part = setup->part[i];
		if (part == NULL || part->fd < 0)
			continue;
		if (!part->failed)
			outdir_remove(setup->dir, part->name);
		else if (!s->failed)
			s->err = part->err;
		s->failed = s->failed || part->failed;
	}
}

static void shut(struct conflicts *s)
{
	if (s->fd >= 0 && !finish(s->fd, s->latest_ns))
		(void)fail(s, "close");
	s->fd = -1;
}

/* The last to close merges. */
static bool close_one(void *self, struct tf_error *err)
{
	struct conflicts *s = self;
	struct conflicts_setup *setup = s->setup;
	(void)flush(s);
	if (setup->workers == 1)
		shut(s);
	else if (++setup->closed == setup->workers) {
		join(s);
		for (unsigned i = 0; i < setup->workers; i++)
			if (setup->part[i] != NULL)
				shut(setup->part[i]);
	}
	if (s->failed && err != NULL)
		*err = s->err;
	return !s->failed;
}

static void *open_one(void *arg, unsigned worker, unsigned workers, struct tf_error *err)
{
	struct conflicts_setup *setup = arg;
	(void)workers;
	struct conflicts *s = arena_take(setup->share[worker].arena, sizeof *s);
	uint8_t *buffer = arena_take(setup->share[worker].arena, BUFFER);
	if (s == NULL || buffer == NULL) {
		(void)error_set(err, TF_USAGE, "--memory is too little for the conflicts");
		return NULL;
	}
	*s = (struct conflicts){.setup = setup,
	                        .worker = worker,
	                        .fd = -1,
	                        .buffer = buffer,
	                        .latest_ns = INT64_MIN};
	setup->part[worker] = s;
	return s;
}

size_t conflicts_memory(void)
{
	return sizeof(struct conflicts) + BUFFER + 128; /* and alignment */
}

struct tf_sink conflicts_sink(struct conflicts_setup *setup)
{
	return (struct tf_sink){.name = "conflicts",
	                        .order = TF_PLACED,
	                        .kinds = 1U << TF_CONFLICT | 1U << TF_PROOF | 1U << TF_REJECT,
	                        .arg = setup,
	                        .open = open_one,
	                        .event = event,
	                        .count = count,
	                        .close = close_one};
}
