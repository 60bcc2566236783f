/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/store.h"

#include "base/error.h"
#include "base/hash.h"
#include "base/space.h"
#include "base/system.h"
#include "sink/name.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	NUMBERS = 4096,   /* names whose latest number is remembered */
	COPY = 64 * 1024, /* piece size for putting the head in front */
	IDLE = 12,        /* ticks, of at least 0.4 s */
	SHUT = 1024,      /* files in one tick: a few milliseconds */
};
#define HEAD_ROOM (INT64_C(1) << 33) /* position of the origin in NAME.head */

/* Streams with the same name: the number that the latest of them got. */
struct number {
	uint64_t name; /* its hash */
	uint32_t latest;
};

size_t store_memory(void)
{
	return NUMBERS * sizeof(struct number) + COPY;
}

bool store_init(struct store *s, struct arena *a, const struct outdir *dir, unsigned open_max,
                uint64_t seed)
{
	*s = (struct store){.dir = dir, .open_max = open_max, .seed = seed};
	s->number = arena_take(a, NUMBERS * sizeof *s->number);
	s->copy = arena_take(a, COPY);
	return s->number != NULL && s->copy != NULL;
}

void stored_init(struct stored *f, const struct named *who)
{
	*f = (struct stored){.who = *who, .when_ns = &who->flow->began_ns[who->dir], .fd = -1};
}

/* NOLINTNEXTLINE(readability-non-const-parameter): struct stored says so */
size_t stored_needs_nothing(const struct stored *f, uint8_t *to, size_t room)
{
	(void)f, (void)to, (void)room;
	return 0;
}

void stored_lower(struct stored *f, int64_t low)
{
	if (low < f->low)
		f->low = low;
	if (!f->made)
		f->origin = f->low;
}

void stored_shift(struct stored *f, int64_t by)
{
	MUST(f->low == f->origin);
	f->origin = f->low += by;
}

/* The name that f has, or would have with another number. */
static void name_with(const struct stored *f, uint32_t number, char to[NAME_ROOM])
{
	const struct stored *of = f->of != NULL ? f->of : f;
	name_write(&of->who, f->of != NULL ? of->number : number, to);
	size_t n = strlen(to);
	if (f->suffix != NULL)
		n += (size_t)snprintf(to + n, NAME_ROOM - n, "%s", f->suffix);
	if (f->of != NULL && number > 0)
		(void)snprintf(to + n, NAME_ROOM - n, "c%u", number);
}

/* The name that f has; before it is made, the one that it would like to have. */
static void stored_name(const struct stored *f, char to[NAME_ROOM])
{
	name_with(f, f->number, to);
}

void store_fail(struct store *s, struct stored *f, const char *what)
{
	char name[NAME_ROOM];
	f->failed = true;
	stored_name(f, name);
	if (!s->failed)
		(void)error_sys(&s->err, TF_OUTPUT, "cannot %s %s in %s", what, name, s->dir->path);
	s->failed = true;
}

/* As pwritev(2). The system has less to look at when there is one piece. */
static ssize_t write_some(int fd, const struct iovec *iov, int count, int64_t position)
{
	return count == 1 ? pwrite(fd, iov->iov_base, iov->iov_len, position)
	                  : pwritev(fd, iov, count, position);
}

/* Writes all of iov at a position -> false with errno; *done: bytes that were written */
static bool write_all(struct store *s, int fd, struct iovec *iov, int count, int64_t position,
                      size_t *done)
{
	*done = 0;
	while (count > 0) {
		ssize_t n = write_some(fd, iov, count, position);
		s->writes++;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? EIO : errno;
			return false;
		}
		position += n;
		*done += (size_t)n;
		for (; count > 0 && (size_t)n >= iov->iov_len; iov++, count--)
			n -= (ssize_t)iov->iov_len;
		if (count > 0) {
			iov->iov_base = (uint8_t *)iov->iov_base + n;
			iov->iov_len -= (size_t)n;
		}
	}
	return true;
}

/* -- descriptors -------------------------------------------------------------- */

static void list_add(struct store *s, struct stored *f)
{
	f->older = s->newest;
	f->newer = NULL;
	*(s->newest != NULL ? &s->newest->newer : &s->oldest) = f;
	s->newest = f;
}

static void list_remove(struct store *s, struct stored *f)
{
	*(f->older != NULL ? &f->older->newer : &s->oldest) = f->newer;
	*(f->newer != NULL ? &f->newer->older : &s->newest) = f->older;
}

/* One descriptor more, or one less. */
static void note_open(struct store *s, unsigned more, unsigned less)
{
	s->open_count = s->open_count + more - less;
	if (s->quota != NULL)
		atomic_fetch_add_explicit(&s->quota->open, more - less, memory_order_relaxed);
}

/* The file's time is that of its direction's first packet. */
static void close_file(struct store *s, struct stored *f)
{
	if (f->fd < 0)
		return;
	struct timespec t = system_time(*f->when_ns);
	(void)futimens(f->fd, (struct timespec[2]){t, t});
	if (close(f->fd) < 0 && errno != EINTR)
		store_fail(s, f, "close");
	f->fd = -1;
	if (s->named == f)
		s->named = NULL;
	list_remove(s, f);
	f->older = f->newer = NULL;
	f->used = 0;
	note_open(s, 0, 1);
}

void store_shut(struct store *s, struct stored *f)
{
	if (f->fd >= 0)
		(void)outdir_identify(f->fd, &f->id); /* if it fails, so does opening it again */
	close_file(s, f);
}

void store_tick(struct store *s)
{
	s->ticks++;
	for (unsigned n = 0; n < SHUT && s->oldest != NULL; n++) {
		if (s->ticks - s->oldest->used < IDLE)
			return;
		store_shut(s, s->oldest);
	}
}

/* -> where the number of this name is remembered */
static struct number *number_of(struct store *s, const char *name)
{
	uint64_t hash = hash_bytes(name, strlen(name), s->seed + s->dir->generation);
	struct number *n = &s->number[hash % NUMBERS];
	if (n->name != hash)
		*n = (struct number){.name = hash};
	return n;
}

static bool is_taken(const struct store *s, const struct stored *f, uint32_t number)
{
	char name[NAME_ROOM];
	name_with(f, number, name);
	return outdir_has(s->dir, name);
}

/* -> a number that is taken, behind which none is, when low is taken: numbers may have been
   forgotten, or be another run's, so there can be thousands of them */
static uint32_t last_taken(const struct store *s, const struct stored *f, uint32_t low)
{
	uint32_t step = 1;
	for (; low + step > low && is_taken(s, f, low + step); step *= 2)
		low += step;
	while (step > 1) { /* low + step is not taken */
		step /= 2;
		if (is_taken(s, f, low + step))
			low += step;
	}
	return low;
}

/* Makes the file under the name that it has, s->name then -> as outdir_create() */
static int create_as(struct store *s, struct stored *f)
{
	s->named = NULL;
	stored_name(f, s->name);
	int fd = outdir_create(s->dir, s->name, NULL);
	if (fd < 0)
		return fd;
	f->made = true;
	s->named = f; /* which is asked for again when a small file ends at once */
	s->made += f->of == NULL;
	if (f->of == NULL)
		alerts_tell(s->alerts, TF_ALERT_OPEN, s->name);
	return fd;
}

/* Makes the file under a name that is not taken: behind all those that are. */
static int create(struct store *s, struct stored *f)
{
	f->number = 0;
	int fd = create_as(s, f);
	if (fd >= 0 || errno != EEXIST)
		return fd;
	struct number *n = number_of(s, s->name);
	for (;;) {
		f->number = ++n->latest;
		fd = create_as(s, f);
		if (fd >= 0 || errno != EEXIST)
			return fd;
		n->latest = last_taken(s, f, n->latest);
	}
}

static struct digests *digests_of(const struct store *s, const struct stored *f)
{
	return f->of == NULL ? s->digests : NULL;
}

/* There is none of that name, or something else, or it was given to somebody else. */
static bool was_taken_away(int cause)
{
	return cause == ENOENT || cause == ESTALE || cause == ELOOP || cause == EISDIR ||
	       cause == ENXIO || cause == EACCES || cause == EPERM;
}

/* NAME.head is not where it was, or NAME another one. */
static void forget_head(struct stored *f)
{
	f->lost += f->head_bytes;
	f->head_bytes = 0;
	f->head_made = false;
}

/* What follows goes on at the start of a new file, behind what each such file begins with. */
static bool begin_anew(struct store *s, struct stored *f, int fd)
{
	struct iovec iov = {.iov_base = s->copy};
	size_t done;
	iov.iov_len = f->end > 0 ? f->anew(f, s->copy, COPY) : 0;
	const int64_t n = (int64_t)iov.iov_len;
	if (n > 0 && !write_all(s, fd, &iov, 1, 0, &done))
		return false;
	f->low = f->origin += f->end - n;
	f->end = n;
	return true;
}

/* The file is not where it was: makes another, if it can be of the same name. */
static int remake(struct store *s, struct stored *f)
{
	const uint32_t number = f->number;
	int fd = create_as(s, f);
	if (fd < 0 && errno == EEXIST)
		fd = create(s, f);
	if (fd < 0)
		return fd;
	s->remade++;
	if (f->anew != NULL && !begin_anew(s, f, fd)) {
		int cause = errno;
		(void)close(fd);
		errno = cause;
		return -1;
	}
	f->away = f->end;
	digest_break(digests_of(s, f), &f->digest);
	if (f->head_made && f->number != number)
		forget_head(f);
	return fd;
}

static int open_file(struct store *s, struct stored *f)
{
	char name[NAME_ROOM];
	if (!f->made)
		return create(s, f);
	stored_name(f, name);
	int fd = outdir_reopen(s->dir, name, &f->id);
	return fd < 0 && was_taken_away(errno) ? remake(s, f) : fd;
}

/* The latest used is the last to be given up. */
static void touch(struct store *s, struct stored *f)
{
	f->used = s->ticks;
	if (s->newest == f)
		return;
	list_remove(s, f);
	list_add(s, f);
}

bool store_ready(struct store *s, struct stored *f)
{
	if (f->failed)
		return false;
	if (f->of != NULL && !f->of->made && !store_ready(s, f->of)) {
		f->failed = true;
		return false;
	}
	if (f->fd >= 0) {
		touch(s, f);
		return true;
	}
	while (s->open_count >= s->open_max)
		store_shut(s, s->oldest);
	while ((f->fd = open_file(s, f)) < 0) {
		if ((errno != EMFILE && errno != ENFILE) || s->oldest == NULL) {
			store_fail(s, f, f->made ? "open again" : "make");
			return false;
		}
		store_shut(s, s->oldest); /* the system gives fewer than we were promised */
	}
	f->used = s->ticks;
	list_add(s, f);
	note_open(s, 1, 0);
	return true;
}

/* -- reading and writing ---------------------------------------------------------- */

static void name_head(const struct stored *f, char to[NAME_ROOM])
{
	stored_name(f, to);
	size_t n = strlen(to);
	(void)snprintf(to + n, NAME_ROOM - n, ".head");
}

/* Opens NAME.head, which is rarely needed and closed after each use; where it was taken away, it
   is made anew. */
static int open_head(struct store *s, struct stored *f)
{
	char name[NAME_ROOM];
	name_head(f, name);
	if (f->head_made) {
		int fd = outdir_reopen(s->dir, name, &f->head_id);
		if (fd >= 0 || !was_taken_away(errno))
			return fd;
		forget_head(f);
	}
	int fd = outdir_create(s->dir, name, &f->head_id);
	f->head_made = fd >= 0;
	return fd;
}

static bool write_head(struct store *s, struct stored *f, struct iovec *iov, int count, int64_t off,
                       size_t *done)
{
	int fd = open_head(s, f);
	bool ok = fd >= 0 && write_all(s, fd, iov, count, HEAD_ROOM + off - f->origin, done);
	int cause = errno;
	if (fd >= 0)
		(void)close(fd);
	errno = cause;
	return ok;
}

/* Bytes are about to be written at a position; before the origin it is below 0. */
static void note_digest(struct store *s, struct stored *f, const struct iovec *iov, int count,
                        int64_t position)
{
	struct digests *d = digests_of(s, f);
	for (int i = 0; d != NULL && i < count; i++) {
		digest_write(d, &f->digest, position, iov[i].iov_base, iov[i].iov_len);
		position += (int64_t)iov[i].iov_len;
	}
}

void store_write(struct store *s, struct stored *f, struct iovec *iov, int count, int64_t off,
                 size_t n)
{
	bool ready = store_ready(s, f); /* which may move the origin */
	int64_t position = off - f->origin;
	size_t done = 0; /* a disk that gets full takes a part */
	if (ready)
		note_digest(s, f, iov, count, position);
	bool ok = ready && (position < 0 ? write_head(s, f, iov, count, off, &done)
	                                 : write_all(s, f->fd, iov, count, position, &done));
	if (done > 0) {
		stored_lower(f, off);
		if (position < 0)
			f->head_bytes += (int64_t)done;
		if (position + (int64_t)done > f->end)
			f->end = position + (int64_t)done;
	}
	f->lost += (int64_t)(n - done);
	if (ready && !ok)
		store_fail(s, f, "write");
}

size_t store_rewrite(struct store *s, struct stored *f, int64_t off, const uint8_t *p, size_t n)
{
	bool before = off < f->origin;
	if (before && off + (int64_t)n > f->origin)
		n = (size_t)(f->origin - off);
	struct iovec iov = {.iov_base = (void *)(uintptr_t)p, .iov_len = n};
	size_t done;
	if (!f->made || !store_ready(s, f))
		return n;
	digest_break(digests_of(s, f), &f->digest);
	if (before ? write_head(s, f, &iov, 1, off, &done)
	           : write_all(s, f->fd, &iov, 1, off - f->origin, &done))
		return n;
	store_fail(s, f, "write");
	return n;
}

size_t store_read(struct store *s, struct stored *f, int64_t off, uint8_t *to, size_t n)
{
	if (!f->made || f->lost > 0 || !store_ready(s, f))
		return 0;
	if (off >= f->origin && off - f->origin < f->away)
		return 0;
	if (off >= f->origin) {
		ssize_t got = pread(f->fd, to, n, off - f->origin);
		return got < 0 ? 0 : (size_t)got;
	}
	int fd = f->head_made ? open_head(s, f) : -1;
	if (fd < 0)
		return 0;
	if (off + (int64_t)n > f->origin)
		n = (size_t)(f->origin - off);
	ssize_t got = pread(fd, to, n, HEAD_ROOM + off - f->origin);
	(void)close(fd);
	return got < 0 ? 0 : (size_t)got;
}

void store_extend(struct store *s, struct stored *f, int64_t end)
{
	int64_t size = end - f->origin;
	if (!f->made || f->failed || f->lost > 0 || f->end >= size || !store_ready(s, f))
		return;
	digest_break(digests_of(s, f), &f->digest);
	if (ftruncate(f->fd, size) == 0)
		f->end = size;
	else
		store_fail(s, f, "make a hole at the end of");
}

/* -- the end of a stream --------------------------------------------------------------- */

/* Writes n bytes of s->copy; where they are all NUL, a hole does. */
static bool write_copy(struct store *s, int to, int64_t position, int64_t n)
{
	bool nothing = s->copy[0] == 0 && memcmp(s->copy, s->copy + 1, (size_t)n - 1) == 0;
	if (nothing && space_punch(to, position, n))
		return true;
	struct iovec iov = {.iov_base = s->copy, .iov_len = (size_t)n};
	size_t done;
	return write_all(s, to, &iov, 1, position, &done);
}

/* Copies n bytes within or between files, the last ones first, so that they may move
   up over themselves. What lies behind the end of the source is a hole: NULs. */
static bool move_up(struct store *s, int from, int64_t at, int to, int64_t position, int64_t n)
{
	while (n > 0) {
		int64_t part = n < COPY ? n : COPY;
		n -= part;
		memset(s->copy, 0, (size_t)part);
		if (pread(from, s->copy, (size_t)part, at + n) < 0 ||
		    !write_copy(s, to, position + n, part))
			return false;
	}
	return true;
}

/* Puts what lies before the origin in front: the bytes of NAME.head, or a hole. */
static void join_head(struct store *s, struct stored *f)
{
	int64_t room = f->origin - f->low;
	if (!f->made || room == 0)
		return;
	digest_break(digests_of(s, f), &f->digest);
	if (!store_ready(s, f)) {
		f->lost += f->head_bytes; /* they stay in NAME.head, where nobody looks */
		return;
	}
	int head = f->head_made ? open_head(s, f) : -1;
	/* With space for it, before anything is moved: when that fails the file stays as it is. */
	bool ok = (head >= 0 || !f->head_made) && space_append(f->fd, f->end, room);
	if (ok) /* when this fails, nobody knows how far it came */
		f->garbled = !(ok = move_up(s, f->fd, 0, f->fd, room, f->end));
	if (ok && f->head_made)
		ok = move_up(s, head, HEAD_ROOM - room, f->fd, 0, room);
	else if (ok) /* NULs, from behind the end; also where there are no holes */
		ok = move_up(s, f->fd, f->end + room, f->fd, 0, room);
	if (!ok) {
		f->lost += f->head_bytes;
		store_fail(s, f, "put the first bytes in front of");
	} else {
		f->origin = f->low;
		f->end += room;
	}
	if (ok && f->head_made) {
		char name[NAME_ROOM];
		name_head(f, name);
		outdir_remove(s->dir, name);
	}
	if (head >= 0)
		(void)close(head);
}

/* A file that could be made, but not one byte be written to it. */
static void remove_empty(struct store *s, struct stored *f)
{
	char name[NAME_ROOM];
	stored_name(f, name);
	outdir_remove(s->dir, name);
	f->made = false;
	s->made -= f->of == NULL;
}

/* Feeds the whole file to its digest -> false: it cannot be read */
static bool read_back(struct store *s, struct stored *f)
{
	if (!store_ready(s, f) || !digest_restart(s->digests, &f->digest))
		return false;
	s->read_back++;
	for (int64_t at = 0; at < f->end;) {
		size_t n = f->end - at < COPY ? (size_t)(f->end - at) : COPY;
		ssize_t got = pread(f->fd, s->copy, n, at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		digest_write(s->digests, &f->digest, at, s->copy, (size_t)got);
		at += got;
	}
	return true;
}

/* A digest is right, or there is none. */
static void take_digest(struct store *s, struct stored *f, struct digest_result *to)
{
	struct digests *d = digests_of(s, f);
	bool whole = f->made && !f->failed && !f->garbled && f->lost == 0;
	if (whole && d != NULL && !digest_is_good(d, &f->digest, f->end))
		whole = read_back(s, f);
	digest_end(d, &f->digest, f->end, whole ? to : NULL);
}

const char *store_finish(struct store *s, struct stored *f, struct digest_result *to)
{
	*to = (struct digest_result){0};
	join_head(s, f);
	take_digest(s, f, to);
	bool named = s->named == f;
	close_file(s, f);
	if (f->made && f->failed && f->end == 0 && f->head_bytes == 0)
		remove_empty(s, f);
	if (f->made && !named) {
		s->named = NULL;
		stored_name(f, s->name);
	}
	return f->made ? s->name : NULL;
}
