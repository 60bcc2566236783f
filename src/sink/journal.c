/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/journal.h"

#include "base/error.h"
#include "base/system.h"
#include "sink/recover.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 100000, TAIL_MAX = 64 * 1024 };

struct journal_part {
	struct journal *journal;
	unsigned worker;
	char name[JOURNAL_NAME]; /* of a worker among several; else the journal's */
	int fd;                  /* likewise; -1: nothing was written yet */
	struct text text;        /* rows that wait; to[JOIN_BUFFER] */
	size_t row;              /* where the latest begins */
	off_t written;           /* bytes of whole rows in the file */
	uint64_t *number;        /* [ids + 1]: see struct part */
	uint32_t ids;
	bool numbers;      /* rows have numbers of connections */
	int64_t latest_ns; /* of all rows */
	bool failed;
	struct tf_error err;
};

static bool is_alone(const struct journal_part *p)
{
	return p->journal->workers == 1;
}

/* errno says why. */
static bool tell(const struct journal *j, const char *what, const char *name, struct tf_error *err)
{
	if (j->path != NULL && strcmp(name, j->name) == 0)
		return error_sys(err, TF_OUTPUT, "cannot %s %s", what, j->path);
	return error_sys(err, TF_OUTPUT, "cannot %s %s in %s", what, name, j->dir->path);
}

/* Only the first failure is told; after it the file ends behind its last whole row. */
static bool fail_at(struct journal_part *p, const char *what, const char *name)
{
	if (!p->failed)
		(void)tell(p->journal, what, name, &p->err);
	p->failed = true;
	return false;
}

static bool fail(struct journal_part *p, const char *what)
{
	return fail_at(p, what, p->fd >= 0 ? p->name : p->journal->base);
}

/* -- the file -------------------------------------------------------------------- */

/* Makes a file of that name or, when it is taken, of the next one that is free. */
static int make_free(const struct journal *j, const char *suffix, char name[JOURNAL_NAME])
{
	int fd;
	unsigned number = 0;
	(void)snprintf(name, JOURNAL_NAME, "%s%s", j->base, suffix);
	while ((fd = outdir_create(j->dir, name, NULL)) < 0 && errno == EEXIST && number < TRIES)
		(void)snprintf(name, JOURNAL_NAME, "%sc%u%s", j->base, ++number, suffix);
	if (fd >= 0)
		(void)flock(fd, LOCK_EX | LOCK_NB); /* whoever mends leaves it alone */
	return fd;
}

static bool start_file(struct journal *j, const char *head, size_t n, struct tf_error *err)
{
	return system_write(j->fd, head, n) || tell(j, "write", j->name, err);
}

bool journal_make(struct journal *j, const char *head, size_t n, struct tf_error *err)
{
	recover_displace(j->dir, j->base);
	j->fd = make_free(j, "", j->name);
	if (j->fd < 0)
		return error_sys(err, TF_OUTPUT, "cannot make %s in %s", j->base, j->dir->path);
	return start_file(j, head, n, err);
}

bool journal_use(struct journal *j, int fd, const char *head, size_t n, struct tf_error *err)
{
	j->fd = fd;
	(void)snprintf(j->name, sizeof j->name, "%s", j->base);
	return start_file(j, head, n, err);
}

/* A part, or the journal itself when there are none. */
static bool ready(struct journal_part *p)
{
	struct journal *j = p->journal;
	char suffix[16];
	struct part_header h = {.magic = JOIN_MAGIC,
	                        .order = JOIN_ORDER,
	                        .ids = p->ids,
	                        .connections = j->connections};
	if (p->fd >= 0)
		return true;
	memcpy(h.name, j->name, sizeof h.name);
	if (is_alone(p)) {
		if (j->fd < 0)
			j->fd = make_free(j, "", j->name);
		memcpy(p->name, j->name, sizeof p->name);
		p->fd = j->fd;
		p->written = p->fd >= 0 ? lseek(p->fd, 0, SEEK_CUR) : 0;
		return p->fd >= 0 || fail(p, "make");
	}
	(void)snprintf(suffix, sizeof suffix, ".%u", p->worker);
	p->fd = make_free(j, suffix, p->name);
	p->written = sizeof h;
	return p->fd >= 0 ? system_write(p->fd, &h, sizeof h) || fail(p, "write") : fail(p, "make");
}

/* What is not whole goes: the file may be a pipe, of which nothing can be taken back. */
static void cut(int fd, off_t size)
{
	if (size >= 0 && ftruncate(fd, size) == 0)
		(void)lseek(fd, size, SEEK_SET);
}

bool journal_flush(struct journal_part *p)
{
	size_t n = p->text.n;
	if (n == 0 || p->failed)
		return !p->failed;
	if (!ready(p))
		return false;
	if (!system_write(p->fd, p->text.to, n)) {
		(void)fail(p, "write");
		cut(p->fd, p->written);
		return false;
	}
	p->written += (off_t)n;
	text_cut(&p->text, 0);
	p->row = 0;
	return true;
}

/* -- rows --------------------------------------------------------------------------- */

static bool make_room(struct journal_part *p, size_t n)
{
	return !p->failed && (p->text.size - p->text.n > n || journal_flush(p));
}

static void put_mark(struct journal_part *p, size_t at, struct mark mark)
{
	memcpy(p->text.to + at, &mark, sizeof mark);
}

/* No row follows. */
static void mark_connection(struct journal_part *p, const struct tf_event *ev, uint32_t id,
                            uint64_t number)
{
	if (is_alone(p) || !make_room(p, sizeof(struct mark)))
		return;
	put_mark(p, p->text.n,
	         (struct mark){
	                 .turn = ev->turn, .flow = ev->flow->number, .id = id, .number = number});
	text_cut(&p->text, p->text.n + sizeof(struct mark));
}

void journal_begin(struct journal_part *p, const struct tf_event *ev, uint32_t id)
{
	mark_connection(p, ev, id, TF_UNNUMBERED);
}

void journal_carry(struct journal_part *p, const struct tf_event *ev, uint32_t id)
{
	mark_connection(p, ev, id, is_alone(p) ? TF_UNNUMBERED : p->number[id]);
}

struct text *journal_row(struct journal_part *p)
{
	if (!make_room(p, JOIN_ROW_MAX + sizeof(struct mark)))
		return NULL;
	p->row = p->text.n;
	if (!is_alone(p))
		text_cut(&p->text, p->text.n + sizeof(struct mark));
	return &p->text;
}

void journal_number(struct journal_part *p, const struct tf_flow *flow)
{
	static const char hole = JOURNAL_NUMBER;
	if (is_alone(p))
		text_u64(&p->text, flow->connection);
	else
		text_bytes(&p->text, &hole, 1);
}

bool journal_add(struct journal_part *p, const struct tf_event *ev, uint32_t id)
{
	size_t head = is_alone(p) ? 0 : sizeof(struct mark), n = p->text.n - p->row - head;
	if (p->text.full || n > JOIN_ROW_MAX) {
		text_cut(&p->text, p->row);
		return false;
	}
	if (head > 0)
		put_mark(p, p->row,
		         (struct mark){.turn = ev->turn,
		                       .flow = ev->flow->number,
		                       .n = (uint32_t)n,
		                       .id = id});
	p->latest_ns = ev->ts_ns > p->latest_ns ? ev->ts_ns : p->latest_ns;
	return true;
}

bool journal_works(const struct journal_part *p, struct tf_error *err)
{
	if (p->failed && err != NULL)
		*err = p->err;
	return !p->failed;
}

/* -- beginning and end ------------------------------------------------------------------ */

size_t journal_memory_per_flow(void)
{
	return sizeof(uint64_t);
}

size_t journal_memory_fixed(void)
{
	return sizeof(struct journal_part) + JOIN_BUFFER + 256; /* and alignment */
}

/* -> whether the part is there before its first row: where rows have numbers, whoever mends has to
   know of all parts. */
static bool is_witnessed(const struct journal_part *p)
{
	return p->numbers && !is_alone(p);
}

struct journal_part *journal_open(struct journal *j, unsigned worker, bool numbers,
                                  struct tf_error *err)
{
	const struct sink_share *share = &j->share[worker];
	uint32_t ids = numbers ? (uint32_t)share->flows_max : 0;
	struct journal_part *p = arena_take(share->arena, sizeof *p);
	char *buffer = arena_take(share->arena, JOIN_BUFFER);
	uint64_t *number = arena_take(share->arena, (ids + (size_t)1) * sizeof *number);
	if (p == NULL || buffer == NULL || number == NULL) {
		(void)error_set(err, TF_USAGE, "--memory is too little for %s", j->base);
		return NULL;
	}
	*p = (struct journal_part){.journal = j,
	                           .worker = worker,
	                           .fd = -1,
	                           .text = text_in(buffer, JOIN_BUFFER),
	                           .number = number,
	                           .ids = ids,
	                           .latest_ns = INT64_MIN};
	j->part[worker] = p;
	p->numbers = numbers;
	if (is_witnessed(p) && j->dir->fd >= 0 && !ready(p)) {
		(void)journal_works(p, err);
		return NULL;
	}
	return p;
}

/* -> false with errno */
static bool close_file(int fd, bool dated, int64_t ns)
{
	struct timespec t = system_time(ns);
	if (dated && ns != INT64_MIN)
		(void)futimens(fd, (struct timespec[2]){t, t});
	return close(fd) == 0 || errno == EINTR;
}

/* The last words. Where there is no room for them (a full disk), the shortest that make the
   file whole: they may fit where its last row was cut off. */
static bool write_tail(struct journal *j)
{
	char room[TAIL_MAX];
	struct text t = text_in(room, sizeof room);
	off_t end = lseek(j->fd, 0, SEEK_CUR);
	if (j->tail == NULL)
		return true;
	j->tail(j->arg, &t);
	MUST(!t.full);
	if (system_write(j->fd, t.to, t.n))
		return true;
	int cause = errno;
	cut(j->fd, end);
	t = text_in(room, sizeof room);
	recover_tail(&t, "failed");
	(void)system_write(j->fd, t.to, t.n);
	errno = cause;
	return false;
}

/* p: who speaks for the journal */
static void close_journal(struct journal_part *p, int64_t latest_ns)
{
	struct journal *j = p->journal;
	if (j->fd < 0)
		return;
	if (!write_tail(j))
		(void)fail_at(p, "write", j->name);
	if (!close_file(j->fd, j->dated, latest_ns))
		(void)fail_at(p, "close", j->name);
	j->fd = -1;
}

/* Gathers the parts for reading -> whether there are any */
static bool gather(struct journal *j, struct part *part)
{
	bool any = false;
	for (unsigned i = 0; i < j->workers; i++) {
		struct journal_part *p = j->part[i];
		part[i] = (struct part){.fd = -1};
		if (p == NULL || p->fd < 0)
			continue;
		any = true;
		part[i] = (struct part){.fd = p->fd,
		                        .buffer = (uint8_t *)p->text.to,
		                        .number = p->number,
		                        .ids = p->ids};
		if (lseek(p->fd, sizeof(struct part_header), SEEK_SET) < 0)
			(void)fail(p, "read");
	}
	return any;
}

/* The journal is made only now: whoever mends is to know which one it is. */
static void name_parts(const struct journal *j)
{
	for (unsigned i = 0; i < j->workers; i++)
		if (j->part[i] != NULL && j->part[i]->fd >= 0)
			(void)!pwrite(j->part[i]->fd, j->name, sizeof j->name,
			              offsetof(struct part_header, name));
}

/* Puts the parts of all workers behind what the journal has -> false: they are to stay. */
static bool join(struct journal_part *speaker)
{
	struct journal *j = speaker->journal;
	struct part part[256], *from;
	if (!gather(j, part))
		return true;
	if (j->fd < 0 && (j->fd = make_free(j, "", j->name)) >= 0)
		name_parts(j);
	if (j->fd < 0)
		return fail_at(speaker, "make", j->base);
	off_t start = lseek(j->fd, 0, SEEK_CUR);
	if (join_parts(part, j->workers, false, j->fd, &j->connections, &from))
		return true;
	int cause = errno;
	cut(j->fd,
	    start); /* the rows stay in their parts, to be put together where there is room */
	errno = cause;
	if (from == NULL)
		return fail_at(speaker, "write", j->name);
	return fail(j->part[from - part], "read");
}

/* The first one, removed last, bears witness meanwhile that the others may go. */
static void close_parts(struct journal *j, bool joined)
{
	static const uint32_t yes = 1;
	bool first = true;
	for (unsigned i = 0; joined && first && i < j->workers; i++) {
		struct journal_part *p = j->part[i];
		first = p == NULL || p->fd < 0;
		if (!first)
			joined = pwrite(p->fd, &yes, sizeof yes,
			                offsetof(struct part_header, joined)) == sizeof yes;
	}
	for (unsigned i = j->workers; i-- > 0;) {
		struct journal_part *p = j->part[i];
		if (p == NULL || p->fd < 0)
			continue;
		(void)close(p->fd);
		if (joined && !p->failed)
			outdir_remove(j->dir, p->name);
	}
}

static void close_all(struct journal_part *speaker)
{
	struct journal *j = speaker->journal;
	int64_t latest_ns = INT64_MIN;
	for (unsigned i = 0; i < j->workers; i++) {
		const struct journal_part *p = j->part[i];
		if (p != NULL && p->latest_ns > latest_ns)
			latest_ns = p->latest_ns;
	}
	close_parts(j, join(speaker));
	close_journal(speaker, latest_ns);
	for (unsigned i = 0; i < j->workers; i++) {
		const struct journal_part *p = j->part[i];
		if (p != NULL && p->failed && !speaker->failed) {
			speaker->failed = true;
			speaker->err = p->err;
		}
	}
}

bool journal_finish(struct journal *j, struct tf_error *err)
{
	struct journal_part *speaker = j->part[0];
	for (unsigned i = 0; i < j->workers; i++)
		(void)journal_flush(j->part[i]);
	if (is_alone(speaker))
		close_journal(speaker, speaker->latest_ns);
	else
		close_all(speaker);
	for (unsigned i = 0; i < j->workers; i++) {
		struct journal_part *p = j->part[i];
		p->fd = -1;
		p->written = 0;
		p->latest_ns = INT64_MIN;
	}
	j->name[0] = '\0';
	return journal_works(speaker, err);
}

bool journal_begin_again(struct journal *j, struct tf_error *err)
{
	for (unsigned i = 0; i < j->workers; i++) {
		struct journal_part *p = j->part[i];
		if (is_witnessed(p) && !ready(p))
			return journal_works(p, err);
	}
	return true;
}

bool journal_close(struct journal_part *p, struct tf_error *err)
{
	struct journal *j = p->journal;
	(void)journal_flush(p);
	if (is_alone(p))
		close_journal(p, p->latest_ns);
	else if (++j->closed == j->workers)
		close_all(p);
	return journal_works(p, err);
}

void journal_give_up(struct journal *j)
{
	if (j->fd < 0)
		return;
	(void)write_tail(j);
	(void)close(j->fd);
	j->fd = -1;
}
