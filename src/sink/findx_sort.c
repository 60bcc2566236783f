/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sorts the lines of an index in the file itself: a file may be of any size, the memory is
 * not. Behind the text there is room for its lines as records, twice; that room is a hole
 * until it is written, and cut off in the end. Until the last step the text is untouched.
 *
 *	| text | hole | records in runs that are sorted | room for as many |
 *	                       <---- merged to and fro, two runs to one ---->
 *	| text, sorted |
 *
 * Bounds: n lines take log2(n / SORTED) passes over 24 n bytes, and FINDX_ROOM of memory.
 */
#include "sink/findx.h"

#include "base/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	TEXT = 16 * 1024, /* of the memory, for text; the rest is for runs */
	RUN = sizeof(struct findx_run),
	SORTED = (FINDX_ROOM - TEXT) / RUN, /* runs that are sorted in memory */
	SHORTEST = 13,                      /* 0|0.000000|1 */
	DIGITS = 18,                        /* more than any number that we have written has */
};

size_t findx_line(const struct findx_run *run, char to[FINDX_LINE])
{
	return (size_t)snprintf(to, FINDX_LINE,
	                        "%" PRId64 "|%" PRId64 ".%06" PRIu32 "|%" PRIu32 "\n", run->offset,
	                        run->sec, run->usec, run->length);
}

/* -- the file --------------------------------------------------------------------- */

/* -> bytes read: fewer than n at the file's end; < 0 with errno */
static ssize_t read_at(int fd, void *to, size_t n, int64_t at)
{
	size_t done = 0;
	while (done < n) {
		ssize_t got = pread(fd, (char *)to + done, n - done, at + (int64_t)done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

static bool write_at(int fd, const void *p, size_t n, int64_t at)
{
	size_t done = 0;
	while (done < n) {
		ssize_t put = pwrite(fd, (const char *)p + done, n - done, at + (int64_t)done);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		done += (size_t)put;
	}
	return true;
}

/* Runs that stand one behind the other in the file, with a window on them. */
struct reel {
	int fd;
	int64_t at, end;          /* what is not in the window yet; writing: where it goes */
	struct findx_run *window; /* [room] */
	size_t room, n, i;
	bool bad; /* errno says why */
};

/* -> the next run, or NULL: there is none, or reel->bad */
static const struct findx_run *peek(struct reel *r)
{
	if (r->i < r->n)
		return &r->window[r->i];
	size_t n = (size_t)((r->end - r->at) / RUN);
	n = n < r->room ? n : r->room;
	if (n == 0 || r->bad)
		return NULL;
	ssize_t got = read_at(r->fd, r->window, n * RUN, r->at);
	if (got != (ssize_t)(n * RUN)) {
		errno = got < 0 ? errno : EIO;
		r->bad = true;
		return NULL;
	}
	r->at += got;
	r->n = n;
	r->i = 0;
	return &r->window[0];
}

static void drain(struct reel *r)
{
	if (!r->bad && !write_at(r->fd, r->window, r->n * RUN, r->at))
		r->bad = true;
	r->at += (int64_t)r->n * RUN;
	r->n = 0;
}

static void append(struct reel *r, const struct findx_run *run)
{
	if (r->n == r->room)
		drain(r);
	MUST(r->window != NULL && r->n < r->room);
	r->window[r->n++] = *run;
}

/* -- in memory ---------------------------------------------------------------------- */

static void sift(struct findx_run *heap, size_t at, size_t n)
{
	struct findx_run moved = heap[at];
	size_t child;
	while ((child = 2 * at + 1) < n) {
		if (child + 1 < n && heap[child].offset < heap[child + 1].offset)
			child++;
		if (heap[child].offset <= moved.offset)
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = moved;
}

/* A heap sort: there is no memory for more, and no order of lines makes it slow. */
static void sort(struct findx_run *run, size_t n)
{
	for (size_t i = n / 2; i > 0; i--)
		sift(run, i - 1, n);
	for (size_t left = n; left > 1; left--) {
		struct findx_run last = run[left - 1];
		run[left - 1] = run[0];
		run[0] = last;
		sift(run, 0, left - 1);
	}
}

/* -- from text to records ------------------------------------------------------------ */

/* Reads a number that ends with `stop` -> the place behind it, or NULL */
static const char *number(const char *p, char stop, int64_t *to)
{
	bool negative = *p == '-';
	int digits = 0;
	*to = 0;
	for (p += negative; *p >= '0' && *p <= '9' && digits < DIGITS; p++, digits++)
		*to = *to * 10 + (*p - '0');
	if (negative)
		*to = -*to;
	return digits > 0 && *p == stop ? p + 1 : NULL;
}

/* -> the place behind the line, or NULL: it is none of ours */
static const char *parse(const char *p, struct findx_run *run)
{
	int64_t usec, length;
	if ((p = number(p, '|', &run->offset)) == NULL || (p = number(p, '.', &run->sec)) == NULL ||
	    (p = number(p, '|', &usec)) == NULL || (p = number(p, '\n', &length)) == NULL)
		return NULL;
	run->usec = (uint32_t)usec;
	run->length = (uint32_t)length;
	return p;
}

struct sorting {
	int fd;
	int64_t size, records; /* of the text; where the records begin */
	int64_t count;         /* of lines */
	bool sorted;           /* they all are */
	char *text;            /* [TEXT] */
	struct findx_run *run; /* [SORTED] */
};

static bool write_runs(struct sorting *s, size_t n, int64_t *highest)
{
	if (n == 0)
		return true;
	sort(s->run, n);
	s->sorted = s->sorted && s->run[0].offset >= *highest;
	*highest = s->run[n - 1].offset;
	bool ok = write_at(s->fd, s->run, n * RUN, s->records + s->count * RUN);
	s->count += (int64_t)n;
	return ok;
}

/* Text into sorted pieces of SORTED records. */
static bool read_text(struct sorting *s)
{
	size_t n = 0, have = 0;
	int64_t at = 0, highest = INT64_MIN;
	s->sorted = true;
	while (at < s->size || have > 0) {
		size_t want = TEXT - 1 - have;
		want = s->size - at < (int64_t)want ? (size_t)(s->size - at) : want;
		ssize_t got = read_at(s->fd, s->text + have, want, at);
		if (got < 0)
			return false;
		at += got;
		have += (size_t)got;
		s->text[have] = '\0'; /* where parsing ends */
		const char *p = s->text, *behind = s->text + have, *next;
		while (p < behind && (next = parse(p, &s->run[n])) != NULL) {
			p = next;
			if (++n < SORTED)
				continue;
			if (!write_runs(s, n, &highest))
				return false;
			n = 0;
		}
		if (p == s->text) { /* not one line */
			errno = EIO;
			return false;
		}
		have = (size_t)(behind - p);
		memmove(s->text, p, have);
	}
	return write_runs(s, n, &highest);
}

/* -- merging ------------------------------------------------------------------------- */

static struct reel reel(const struct sorting *s, int64_t region, int64_t from, int64_t to,
                        unsigned third)
{
	from = from < s->count ? from : s->count;
	to = to < s->count ? to : s->count;
	return (struct reel){.fd = s->fd,
	                     .at = region + from * RUN,
	                     .end = region + to * RUN,
	                     .window = s->run + (size_t)third * (SORTED / 3),
	                     .room = SORTED / 3};
}

/* Two runs of so many records at `from` become one. */
static bool merge(const struct sorting *s, int64_t region, int64_t other, int64_t from,
                  int64_t width)
{
	struct reel a = reel(s, region, from, from + width, 0);
	struct reel b = reel(s, region, from + width, from + 2 * width, 1);
	struct reel to = reel(s, other, from, from, 2);
	for (;;) {
		const struct findx_run *x = peek(&a), *y = peek(&b);
		if (x == NULL && y == NULL)
			break;
		bool first = y == NULL || (x != NULL && x->offset <= y->offset);
		append(&to, first ? x : y);
		(first ? &a : &b)->i++;
	}
	drain(&to);
	return !a.bad && !b.bad && !to.bad;
}

/* -> where the sorted records begin; < 0 with errno */
static int64_t merge_all(const struct sorting *s)
{
	int64_t region = s->records, other = region + s->count * RUN;
	for (int64_t width = SORTED; !s->sorted && width < s->count; width *= 2) {
		for (int64_t from = 0; from < s->count; from += 2 * width)
			if (!merge(s, region, other, from, width))
				return -1;
		int64_t was = region;
		region = other;
		other = was;
	}
	return region;
}

/* -- from records to text --------------------------------------------------------------- */

static bool write_text(const struct sorting *s, int64_t region, int64_t shift, int64_t *size)
{
	struct reel from = reel(s, region, 0, s->count, 0);
	const struct findx_run *run;
	size_t n = 0;
	*size = 0;
	while ((run = peek(&from)) != NULL) {
		struct findx_run moved = *run;
		moved.offset += shift;
		from.i++;
		n += findx_line(&moved, s->text + n);
		if (TEXT - n >= FINDX_LINE)
			continue;
		if (!write_at(s->fd, s->text, n, *size))
			return false;
		*size += (int64_t)n;
		n = 0;
	}
	if (from.bad || !write_at(s->fd, s->text, n, *size))
		return false;
	*size += (int64_t)n;
	return true;
}

bool findx_sort(int fd, int64_t *size, int64_t shift, void *work)
{
	struct sorting s = {
	        .fd = fd,
	        .size = *size,
	        .records = (*size / SHORTEST + 1) * FINDX_LINE, /* the text may grow so far */
	        .text = (char *)work + (FINDX_ROOM - TEXT),
	        .run = work,
	};
	int64_t region = read_text(&s) ? merge_all(&s) : -1;
	bool ok = region >= 0 && write_text(&s, region, shift, size);
	int cause = errno;
	if (ftruncate(fd, *size) != 0)
		return false;
	errno = cause;
	return ok;
}
