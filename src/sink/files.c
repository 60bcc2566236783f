/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From events to files.
 *
 * Each stream's bytes are gathered (gather.h) and written to a file of its own (store.h),
 * placed by offset; or, when gaps are to be skipped or marked, in the order of the stream:
 *
 *	stream	| told |  gap  | told |    gap    | told |
 *	file	| told | mark | told | mark | told |
 *	                                    ^seam  ^next
 *
 * There an offset has its place in the file from the seam on only: what lies before it is
 * neither read back nor rewritten. Bytes that come after their gap was passed are not told to
 * such a sink; END moves them from written to late.
 *
 * Where there is no room for a connection (quota.h), which is asked once, when its first file is
 * wanted, both its slots say so from then on, and END moves its bytes from written to no_room.
 *
 * When another output generation begins (TURN), the file ends where the stream has come to, with
 * its last hole, and the next one begins there.
 *
 * The first failure is told once and ends the run; each END then moves the bytes that
 * were lost from written to write_failed.
 */
#include "sink/files.h"

#include "base/error.h"
#include "base/squeeze.h"
#include "sink/findx.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A stream's file, and what says when its bytes came. */
struct file {
	struct gathered data;
	int64_t seam, next;   /* stream offsets, in order: behind the latest gap, and behind all */
	int64_t told;         /* bytes */
	bool limited;         /* nothing is written any more: tf_config.flow_bytes */
	struct findx index[]; /* one, if it is wanted */
};

struct files {
	struct store store;
	struct gather gather;
	struct slab slab; /* of struct file */
	const struct name_form *names;
	enum tf_gaps gaps;
	bool index;
	void *work;              /* FINDX_ROOM bytes, to put an index in order */
	struct file *usual;      /* to work in */
	dev_t device;            /* that the first files are on */
	char name[2][NAME_ROOM]; /* of the files that ended last */
	int64_t fresh;           /* bytes recorded that the quota does not know of */
	uint64_t left_out;       /* connections without room, with bytes */
};

/* A slot of a connection for which there is no room (quota.h). */
#define LEFT_OUT UINTPTR_MAX

/* -- the sink --------------------------------------------------------------------------- */

static void note_digest(struct tf_record *record, const struct digest_result *d)
{
	record->has_md5 = d->has[DIGEST_MD5];
	record->has_sha256 = d->has[DIGEST_SHA256];
	if (record->has_md5)
		memcpy(record->md5, d->value[DIGEST_MD5], sizeof record->md5);
	if (record->has_sha256)
		memcpy(record->sha256, d->value[DIGEST_SHA256], sizeof record->sha256);
}

static struct file *new_file(struct files *s, const struct tf_flow *flow, uint8_t dir,
                             uintptr_t *slot)
{
	struct file *f = slab_take(&s->slab);
	MUST(f != NULL); /* there are two for each flow */
	memset(f, 0, s->slab.size);
	struct named who = name_subject(s->names, flow, dir);
	stored_init(&f->data.stored, &who);
	if (s->index)
		findx_init(f->index, &f->data.stored, s->gaps != TF_GAPS_HOLE);
	*slot = slab_index(&s->slab, f);
	return f;
}

static bool in_order(const struct files *s)
{
	return s->gaps != TF_GAPS_HOLE;
}

/* -> the file that a slot stands for; NULL: there is none */
static struct file *known(const struct files *s, uintptr_t slot)
{
	return slot == LEFT_OUT ? NULL : slab_at(&s->slab, (uint32_t)slot);
}

/* -> whether a connection that has no file in this direction may have one. ev->slot stands among
   both of them. */
static bool admits(struct files *s, const struct tf_event *ev)
{
	uintptr_t *both = ev->slot - (ev->dir == TF_BOTH ? 0 : ev->dir);
	if (both[0] == LEFT_OUT || both[1] == LEFT_OUT)
		return false;
	if (both[0] != 0 || both[1] != 0 || s->store.quota == NULL ||
	    quota_admits(s->store.quota, &s->fresh))
		return true;
	both[0] = both[1] = LEFT_OUT;
	s->left_out++;
	return false;
}

/* -> NULL: there is no room */
static struct file *file_of(struct files *s, const struct tf_event *ev)
{
	struct file *f = known(s, *ev->slot);
	if (f != NULL)
		return f;
	if (!admits(s, ev))
		return NULL;
	f = new_file(s, ev->flow, ev->dir, ev->slot);
	f->seam = f->next = ev->offset;
	if (in_order(s))
		stored_shift(&f->data.stored, ev->offset);
	return f;
}

/* A stream all of whose bytes are beyond the limit has an empty file. */
static void make_empty(struct files *s, const struct tf_event *ev, unsigned k)
{
	uint8_t dir = ev->dir == TF_BOTH ? (uint8_t)k : ev->dir;
	if (ev->slot[k] != 0 || ev->account[k].written != 0 || ev->account[k].beyond_limit == 0 ||
	    !admits(s, ev))
		return;
	struct file *f = new_file(s, ev->flow, dir, &ev->slot[k]);
	(void)store_ready(&s->store, &f->data.stored);
}

static void leave_out(struct tf_account *account)
{
	account->no_room += account->written;
	account->written = 0;
}

/* -> the offset that the stream has come to */
static int64_t reached(const struct tf_account *a)
{
	return a->offset + a->span - a->evicted;
}

static size_t words(const struct files *s)
{
	return s->slab.size / sizeof(uint64_t);
}

/* A file that is nothing but its name: what is different from it is kept of one that dozes. */
static void usual(const struct files *s, const struct tf_flow *flow, uint8_t dir, struct file *to)
{
	struct named who = name_subject(s->names, flow, dir);
	memset(to, 0, s->slab.size);
	stored_init(&to->data.stored, &who);
	to->data.stored.id.device = s->device;
}

static void differ(const struct files *s, struct file *f, const struct file *from)
{
	uint64_t *to = (uint64_t *)(void *)f;
	const uint64_t *word = (const uint64_t *)(const void *)from;
	for (size_t i = 0; i < words(s); i++)
		to[i] ^= word[i];
}

/* The connection is given up for memory; its file, which is whole, is wanted back should it be
   heard of again. Names that count connections would not be the same then. */
static void keep(struct files *s, const struct tf_event *ev, unsigned k, struct file *f)
{
	struct stored *stored = &f->data.stored;
	struct tf_keep *to = ev->keep;
	if (to == NULL || !stored->made || stored->failed || stored->lost > 0 || stored->garbled ||
	    s->names->one_worker || s->index)
		return;
	stored->head_made = false; /* it was put in front */
	stored->head_bytes = 0;
	stored->digest = (struct digest){0};
	f->told = 0;
	gather_settle(&s->gather, &f->data);
	usual(s, ev->flow, (uint8_t)k, s->usual);
	differ(s, s->usual, f);
	size_t n = squeeze((const uint64_t *)(const void *)s->usual, words(s), to->to + to->n,
	                   to->room - to->n);
	to->n += n;
	ev->slot[k] = n > 0;
}

/* Ends the file of one direction, if it has any; which is the k-th that END tells of. */
static void finish(struct files *s, const struct tf_event *ev, unsigned k)
{
	if (ev->slot[k] == LEFT_OUT) {
		leave_out(&ev->account[k]);
		return;
	}
	struct file *f = known(s, ev->slot[k]);
	struct tf_account *account = &ev->account[k];
	if (in_order(s)) {
		account->late = account->written - (f != NULL ? f->told : 0);
		account->written -= account->late;
	}
	ev->slot[k] = 0;
	if (f == NULL)
		return;
	gather_flush(&s->gather, &f->data);
	if (ev->kind == TF_TURN && !in_order(s) && !f->limited)
		store_extend(&s->store, &f->data.stored, reached(account));
	if (s->index)
		findx_finish(f->index, &s->gather, s->work);
	struct digest_result digest;
	if (ev->keep != NULL)
		store_shut(&s->store, &f->data.stored); /* so that it can be opened again */
	const char *name = store_finish(&s->store, &f->data.stored, &digest);
	int64_t lost = f->data.stored.garbled ? account->written : f->data.stored.lost;
	account->written -= lost;
	account->write_failed += lost;
	if (name != NULL) {
		memcpy(s->name[k], name, strlen(name) + 1);
		ev->record[k] = (struct tf_record){.name = s->name[k], .size = f->data.stored.end};
		note_digest(&ev->record[k], &digest);
		alerts_tell(s->store.alerts, TF_ALERT_CLOSE, s->name[k]);
	}
	keep(s, ev, k, f);
	slab_give(&s->slab, f);
}

/* Both directions are looked at before one is closed: then it is known whether either had room. A
   connection that had none, and goes on with another stream, has none for that. */
static void end(struct files *s, const struct tf_event *ev)
{
	unsigned count = ev->dir == TF_BOTH ? 2 : 1;
	for (unsigned k = 0; k < count; k++)
		make_empty(s, ev, k);
	for (unsigned k = 0; k < count; k++)
		finish(s, ev, k);
	for (unsigned k = 0; ev->dir == TF_BOTH && k < 2; k++)
		if (ev->slot[k] == LEFT_OUT)
			ev->slot[k] = 0;
}

/* The connection goes on in its files, which its digests and accounts know nothing of. */
static void resume(struct files *s, const struct tf_event *ev)
{
	for (int dir = 0; dir < 2; dir++) {
		struct file *f = known(s, ev->slot[dir]);
		if (f != NULL)
			digest_break(s->store.digests, &f->data.stored.digest);
	}
}

/* The same at a TURN: where the stream goes on is remembered, for a file that is made with its
   next byte. A connection that had no room has none then. */
static void turn_one(struct files *s, const struct tf_event *ev, unsigned k)
{
	int64_t at = reached(&ev->account[k]);
	bool begun = ev->slot[k] != 0 || ev->account[k].span > 0;
	finish(s, ev, k);
	if (!begun || ev->slot[k] == LEFT_OUT)
		return;
	struct file *f = new_file(s, ev->flow, (uint8_t)k, &ev->slot[k]);
	stored_shift(&f->data.stored, at);
	f->seam = f->next = at;
}

static void turn(struct files *s, const struct tf_event *ev)
{
	for (unsigned k = 0; k < 2; k++)
		make_empty(s, ev, k);
	for (unsigned k = 0; k < 2; k++)
		turn_one(s, ev, k);
}

/* The stream goes on at off: what lies before it, from f->next on, was not captured. */
static void pass_gap(struct files *s, struct file *f, int64_t off)
{
	char mark[64];
	int64_t missing = off - f->next;
	int n = 0;
	if (missing == 0)
		return;
	if (s->gaps == TF_GAPS_MARK)
		n = snprintf(mark, sizeof mark, "\n[tcpflow: %" PRId64 " byte%s missing]\n",
		             missing, missing == 1 ? "" : "s");
	gather_skip(&s->gather, &f->data, f->next, missing,
	            (struct tf_span){(const uint8_t *)mark, (size_t)n});
	f->seam = off;
}

static void data(struct files *s, const struct tf_event *ev)
{
	struct file *f = file_of(s, ev);
	if (f == NULL)
		return;
	struct stored *stored = &f->data.stored;
	s->fresh += ev->length;
	/* Flows that share a name get their numbers in order of their first bytes,
	   not of their first writes, which depend on memory. */
	if (!stored->made && name_is_ambiguous(s->names, ev->flow)) {
		if (!in_order(s))
			stored_lower(stored, ev->offset);
		(void)store_ready(&s->store, stored);
	}
	if (in_order(s)) {
		pass_gap(s, f, ev->offset);
		f->next = ev->offset + ev->length;
		f->told += ev->length;
	}
	gather_put(&s->gather, &f->data, ev->offset, ev->data, ev->loan);
	if (s->index)
		findx_note(f->index, &s->gather, ev);
}

/* Bytes that were told before are replaced (the policy `last`). In order, only those that have
   their place in the file. */
static void rewrite(struct files *s, const struct tf_event *ev)
{
	struct file *f = known(s, *ev->slot);
	if (f == NULL)
		return;
	int64_t from = ev->offset, end = ev->offset + (int64_t)ev->data.n;
	if (in_order(s)) {
		from = from > f->seam ? from : f->seam;
		end = end < f->next ? end : f->next;
	}
	if (from < end)
		gather_rewrite(
		        &s->gather, &f->data, from,
		        (struct tf_span){ev->data.p + (from - ev->offset), (size_t)(end - from)});
}

/* A hole before the first byte moves the others up; all other holes are there
   because nothing is written in them. In order, a gap is seen by what follows it, unless there is
   nothing before it. */
static void gap(struct files *s, const struct tf_event *ev)
{
	if (in_order(s)) {
		if (ev->cause != TF_GAP_LIMIT) /* nothing follows that one */
			(void)file_of(s, ev);
		return;
	}
	struct file *f = known(s, *ev->slot);
	if (f != NULL && ev->cause == TF_GAP_LIMIT)
		f->limited = true;
	else if (f != NULL)
		stored_lower(&f->data.stored, ev->offset);
}

static bool event(void *self, const struct tf_event *ev, struct tf_error *err)
{
	struct files *s = self;
	switch (ev->kind) {
	case TF_DATA:
		data(s, ev);
		break;
	case TF_GAP:
		gap(s, ev);
		break;
	case TF_END:
		end(s, ev);
		break;
	case TF_TURN:
		turn(s, ev);
		break;
	case TF_CONFLICT:
		if (ev->conflict->rewrites)
			rewrite(s, ev);
		break;
	case TF_BEGIN:
		if (ev->flow->resumed)
			resume(s, ev);
		break;
	case TF_PROOF:
	case TF_REJECT:
	case TF_SEGMENT:
	case TF_APP:
		break;
	}
	if (s->store.failed && err != NULL)
		*err = s->store.err;
	return !s->store.failed;
}

/* -- dozing ---------------------------------------------------------------------------------- */

/* What f has that is not in the file itself goes there. */
static void settle(struct files *s, struct file *f)
{
	gather_settle(&s->gather, &f->data);
	store_shut(&s->store, &f->data.stored);
	if (s->device == 0)
		s->device = f->data.stored.id.device;
}

static size_t doze(void *self, const struct tf_flow *flow, uintptr_t *slot, uint8_t *to,
                   size_t room)
{
	struct files *s = self;
	size_t n = 0;
	for (uint8_t dir = 0; dir < 2; dir++) {
		struct file *f = known(s, slot[dir]);
		if (f == NULL)
			continue;
		settle(s, f);
		usual(s, flow, dir, s->usual);
		differ(s, s->usual, f);
		size_t k = squeeze((const uint64_t *)(const void *)s->usual, words(s), to + n,
		                   room - n);
		if (k == 0)
			return SIZE_MAX;
		n += k;
	}
	for (uint8_t dir = 0; dir < 2; dir++) {
		struct file *f = known(s, slot[dir]);
		if (f == NULL)
			continue;
		slab_give(&s->slab, f);
		slot[dir] = 1;
	}
	return n;
}

static void wake(void *self, const struct tf_flow *flow, uintptr_t *slot, const uint8_t *from,
                 size_t n)
{
	struct files *s = self;
	(void)n;
	for (uint8_t dir = 0; dir < 2; dir++) {
		if (slot[dir] == 0 || slot[dir] == LEFT_OUT)
			continue;
		struct file *f = slab_take(&s->slab);
		MUST(f != NULL); /* there are two for each flow that is awake */
		from += squeeze_expand(from, (uint64_t *)(void *)f, words(s));
		usual(s, flow, dir, s->usual);
		differ(s, f, s->usual);
		slot[dir] = slab_index(&s->slab, f);
	}
}

/* NOLINTNEXTLINE(readability-non-const-parameter): struct tf_sink says so */
static size_t recall(void *self, const struct tf_flow *flow, unsigned dir, uintptr_t *slot,
                     int64_t offset, uint8_t *to, size_t n)
{
	(void)flow;
	(void)dir;
	struct files *s = self;
	struct file *f = known(s, *slot);
	if (f == NULL || (in_order(s) && offset < f->seam))
		return 0;
	return gather_read(&s->gather, &f->data, offset, to, n);
}

static bool flush(void *self, struct tf_error *err)
{
	struct files *s = self;
	gather_flush_old(&s->gather);
	if (s->store.quota != NULL)
		quota_look(s->store.quota);
	if (s->store.failed && err != NULL)
		*err = s->store.err;
	return !s->store.failed;
}

static void count(void *self, struct tf_counters *c)
{
	const struct files *s = self;
	c->files += s->store.made;
	c->files_remade += s->store.remade;
	c->writes += s->store.writes;
	c->digests_read_back += s->store.read_back;
	c->flows_no_room += s->left_out;
}

static bool close_all(void *self, struct tf_error *err)
{
	const struct files *s = self;
	digests_close(s->store.digests);
	if (s->store.failed && err != NULL)
		*err = s->store.err;
	return !s->store.failed;
}

static size_t file_size(const struct files_setup *setup)
{
	return sizeof(struct file) + (setup->index ? sizeof(struct findx) : 0);
}

static void *open_sink(void *arg, unsigned worker, unsigned workers, struct tf_error *err)
{
	const struct files_setup *setup = arg;
	const struct sink_share *share = &setup->share[worker];
	struct files *s = arena_take(share->arena, sizeof *s);
	unsigned each = setup->descriptors / workers;
	if (s == NULL ||
	    !store_init(&s->store, share->arena, setup->dir, each > 0 ? each : 1, share->seed) ||
	    !slab_init(&s->slab, share->arena, file_size(setup), 2 * share->flows_awake) ||
	    (s->usual = arena_take(share->arena, s->slab.size)) == NULL ||
	    (setup->index && (s->work = arena_take(share->arena, FINDX_ROOM)) == NULL)) {
		(void)error_set(err, TF_USAGE, "--memory is too little for the files");
		return NULL;
	}
	s->names = setup->names;
	s->gaps = setup->gaps;
	s->store.alerts = setup->alerts;
	s->store.quota = setup->quota;
	if (setup->digests != 0) {
		s->store.digests = digests_open(share->arena, setup->digests, err);
		if (s->store.digests == NULL)
			return NULL;
	}
	s->index = setup->index;
	gather_init(&s->gather, &s->store, share->chunks);
	return s;
}

size_t files_memory_per_flow(const struct files_setup *setup)
{
	return 2 * file_size(setup);
}

size_t files_memory_fixed(const struct files_setup *setup)
{
	size_t digests = setup->digests != 0 ? digests_memory() : 0;
	size_t index = setup->index ? FINDX_ROOM : 0;
	return sizeof(struct files) + store_memory() + digests + index + 4 * file_size(setup) +
	       384; /* and alignment */
}

struct tf_sink files_sink(struct files_setup *setup)
{
	return (struct tf_sink){.name = "files",
	                        .order = setup->gaps == TF_GAPS_HOLE ? TF_PLACED : TF_STREAM,
	                        .kinds = 1U << TF_BEGIN | 1U << TF_DATA | 1U << TF_GAP |
	                                 1U << TF_CONFLICT | 1U << TF_END | 1U << TF_TURN,
	                        .lets_doze = !setup->index,
	                        .skips_silent = true,
	                        .lags = true,
	                        .arg = setup,
	                        .open = open_sink,
	                        .event = event,
	                        .recall = recall,
	                        .doze = doze,
	                        .wake = wake,
	                        .flush = flush,
	                        .count = count,
	                        .close = close_all};
}
