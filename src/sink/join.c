/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/join.h"

#include "base/error.h"
#include "base/system.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Rows on their way out. */
struct outlet {
	int fd;
	size_t n;
	uint8_t bytes[16 * 1024];
};

/* -- out --------------------------------------------------------------------------- */

static bool empty(struct outlet *o)
{
	size_t n = o->n;
	o->n = 0;
	return system_write(o->fd, o->bytes, n);
}

static bool put(struct outlet *o, const void *p, size_t n)
{
	if (n > sizeof o->bytes - o->n && !empty(o))
		return false;
	if (n > sizeof o->bytes)
		return system_write(o->fd, p, n);
	memcpy(o->bytes + o->n, p, n);
	o->n += n;
	return true;
}

static bool put_row(struct outlet *o, const uint8_t *row, size_t n, uint64_t number)
{
	char digits[24];
	struct text t = text_in(digits, sizeof digits);
	const uint8_t *hole;
	if (number == TF_UNNUMBERED)
		text_string(&t, "null");
	else
		text_u64(&t, number);
	while ((hole = memchr(row, JOURNAL_NUMBER, n)) != NULL) {
		size_t before = (size_t)(hole - row);
		if (!put(o, row, before) || !put(o, t.to, t.n))
			return false;
		row += before + 1;
		n -= before + 1;
	}
	return put(o, row, n);
}

/* -- in ---------------------------------------------------------------------------- */

bool join_begin(int fd, struct part_header *h)
{
	return read(fd, h, sizeof *h) == (ssize_t)sizeof *h &&
	       memcmp(h->magic, JOIN_MAGIC, sizeof h->magic) == 0 && h->order == JOIN_ORDER &&
	       h->name[sizeof h->name - 1] == '\0';
}

enum seen { SEEN_MARK, SEEN_END, SEEN_FAILURE };

static enum seen torn(struct part *p)
{
	p->torn = true;
	return SEEN_END;
}

/* Sees to it that the next mark of the part, and its row, are whole in the buffer. */
static enum seen look(struct part *p, struct mark *mark)
{
	for (;;) {
		size_t left = p->n - p->at;
		if (left >= sizeof *mark) {
			memcpy(mark, p->buffer + p->at, sizeof *mark);
			if (mark->n > JOIN_ROW_MAX || mark->id > p->ids)
				return torn(p);
			if (left - sizeof *mark >= mark->n)
				return SEEN_MARK;
		}
		memmove(p->buffer, p->buffer + p->at, left);
		p->at = 0;
		p->n = left;
		ssize_t got = read(p->fd, p->buffer + left, JOIN_BUFFER - left);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return SEEN_FAILURE;
		if (got == 0)
			return left == 0 ? SEEN_END : torn(p);
		p->n += (size_t)got;
	}
}

static bool is_before(const struct mark *a, const struct mark *b)
{
	return a->turn != b->turn ? a->turn < b->turn : a->flow < b->flow;
}

/* -> the part with the lowest turn, or NULL: there is no more, or *failed cannot be read.
 *ended: one part has no more. */
static struct part *lowest(struct part *part, unsigned parts, struct mark *mark, bool *ended,
                           struct part **failed)
{
	struct part *best = NULL;
	struct mark m = {0};
	for (unsigned i = 0; i < parts; i++) {
		struct part *p = &part[i];
		enum seen seen = p->fd < 0 ? SEEN_END : look(p, &m);
		if (seen == SEEN_FAILURE) {
			*failed = p;
			return NULL;
		}
		*ended = *ended || (p->fd >= 0 && seen == SEEN_END);
		if (seen == SEEN_END || (best != NULL && !is_before(&m, mark)))
			continue;
		best = p;
		*mark = m;
	}
	return best;
}

bool join_parts(struct part *part, unsigned parts, bool killed, int to, uint64_t *connections,
                struct part **from)
{
	struct outlet out;
	struct part *p;
	struct mark mark = {0};
	bool ended = false;
	out.fd = to;
	out.n = 0;
	*from = NULL;
	while ((p = lowest(part, parts, &mark, &ended, from)) != NULL) {
		const uint8_t *row = p->buffer + p->at + sizeof mark;
		if (mark.n == 0 && mark.number != TF_UNNUMBERED)
			p->number[mark.id] = mark.number;
		else if (mark.n == 0)
			p->number[mark.id] = killed && ended ? TF_UNNUMBERED : (*connections)++;
		else if (!put_row(&out, row, mark.n, p->number[mark.id]))
			return false;
		p->at += sizeof mark + mark.n;
	}
	return *from == NULL && empty(&out);
}
