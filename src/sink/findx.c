/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From DATA events to lines. They are gathered and written as they come, since nearly all
 * come in order; offsets count from the stream's first byte as far as it is known. When a
 * line came late, or bytes turned up before the first one, the file is mended at its end
 * (findx_sort.c).
 */
#include "sink/findx.h"

void findx_init(struct findx *x, struct stored *of, bool in_order)
{
	x->places = in_order;
	stored_init(&x->file.stored, &of->who);
	x->file.stored.of = of;
	x->file.stored.suffix = ".findx";
	x->file.stored.anew = stored_needs_nothing;
}

static void put(struct findx *x, struct gather *g)
{
	char line[FINDX_LINE];
	struct findx_run run = x->last;
	if (run.length == 0)
		return;
	if (x->size == 0)
		x->base = x->places ? 0 : x->file.stored.of->low;
	else
		x->mend = x->mend || run.offset < x->next;
	x->next = run.offset;
	run.offset -= x->base;
	size_t n = findx_line(&run, line);
	gather_put(g, &x->file, x->size, (struct tf_span){(const uint8_t *)line, n}, NULL);
	x->size += (int64_t)n;
}

/* -> what the line says: the stream offset, from which the first one's is taken at last; or the
   place in the file, which a byte has at once when there are no holes */
static int64_t place_of(const struct findx *x, const struct tf_event *ev)
{
	return ev->offset - (x->places ? x->file.stored.of->origin : 0);
}

/* -> whether the bytes go on with the run before: one packet's can come in pieces */
static bool goes_on(const struct findx *x, const struct tf_event *ev)
{
	return x->last.length > 0 && x->frame == ev->frame && x->source == ev->source &&
	       place_of(x, ev) == x->last.offset + x->last.length;
}

void findx_note(struct findx *x, struct gather *g, const struct tf_event *ev)
{
	if (goes_on(x, ev)) {
		x->last.length += (uint32_t)ev->data.n;
		return;
	}
	put(x, g);
	int64_t sec = ev->ts_ns / 1000000000, rest = ev->ts_ns % 1000000000;
	bool before = rest < 0;
	x->last = (struct findx_run){
	        .offset = place_of(x, ev),
	        .sec = before ? sec - 1 : sec,
	        .usec = (uint32_t)((before ? rest + 1000000000 : rest) / 1000),
	        .length = (uint32_t)ev->data.n,
	};
	x->frame = ev->frame;
	x->source = ev->source;
}

void findx_finish(struct findx *x, struct gather *g, void *work)
{
	struct stored *f = &x->file.stored;
	struct digest_result none;
	put(x, g);
	gather_flush(g, &x->file);
	int64_t shift = x->places ? 0 : x->base - f->of->low;
	if (x->size > 0 && (x->mend || shift != 0) && f->lost == 0 && store_ready(g->store, f) &&
	    !findx_sort(f->fd, &f->end, shift, work))
		store_fail(g->store, f, "put in order");
	(void)store_finish(g->store, f, &none);
}
