/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/progress.h"

#include "cli/number.h"

enum { REST_NS = 200000000 };

void progress_begin(struct progress *p, FILE *to, uint64_t total, int64_t now_ns)
{
	/* Runs that are over before the first line never show one. */
	*p = (struct progress){.to = to,
	                       .total = total,
	                       .start_ns = now_ns,
	                       .next_ns = now_ns + REST_NS,
	                       .told_ns = now_ns};
}

/* A line of so many characters, with its return, stands there: blanks cover what a longer one has
   left behind. */
static void cover(struct progress *p, int characters)
{
	int width = characters - 1;
	if (width < p->width)
		(void)fprintf(p->to, "%*s", p->width - width, "");
	p->width = width > p->width ? width : p->width;
	(void)fflush(p->to);
}

void progress_tell(struct progress *p, uint64_t position, int64_t now_ns)
{
	char of[NUMBER_TEXT], done_text[NUMBER_TEXT], rate_text[NUMBER_TEXT], left[NUMBER_TEXT];

	if (p->to == NULL || now_ns < p->next_ns || p->total == 0)
		return;
	p->next_ns = now_ns + REST_NS;

	/* A file may grow while it is read. */
	uint64_t done = p->before + position;
	uint64_t total = done > p->total ? done : p->total;
	double part = (double)done / (double)total;
	double spent_ns = (double)(now_ns - p->start_ns);
	double left_ns = part > 0 ? spent_ns * (1 - part) / part : 0;

	cover(p, fprintf(p->to, "\r%3d%%  %s of %s  %s/s  %s left", (int)(part * 100),
	                 number_bytes(done, done_text), number_bytes(total, of),
	                 number_bytes(number_rate(done, now_ns - p->start_ns), rate_text),
	                 number_clock(left_ns < 1e18 ? (int64_t)left_ns : 0, left)));
}

void progress_status(struct progress *p, const struct tf_moment *m, int64_t now_ns,
                     char to[PROGRESS_TEXT])
{
	char frames[NUMBER_TEXT], rate[NUMBER_TEXT], flows[NUMBER_TEXT], drops[NUMBER_TEXT];
	uint64_t dropped = m->drops_kernel + m->drops_interface;
	uint64_t speed = number_rate(m->frames - p->frames, now_ns - p->told_ns);
	p->frames = m->frames;
	p->told_ns = now_ns;
	(void)snprintf(to, PROGRESS_TEXT, "%s %s  %s/s  %s %s  %s dropped",
	               number_plain(m->frames, frames), number_noun(m->frames, "packet", "packets"),
	               number_plain(speed, rate), number_plain(m->flows, flows),
	               number_noun(m->flows, "flow", "flows"), number_plain(dropped, drops));
}

void progress_tell_live(struct progress *p, const struct tf_moment *m, int64_t now_ns)
{
	char text[PROGRESS_TEXT];
	if (p->to == NULL || now_ns < p->next_ns)
		return;
	p->next_ns = now_ns + REST_NS;
	progress_status(p, m, now_ns, text);
	cover(p, fprintf(p->to, "\r%s", text));
}

void progress_next(struct progress *p, uint64_t size)
{
	p->before += size;
}

void progress_erase(struct progress *p)
{
	if (p->width > 0)
		(void)fprintf(p->to, "\r%*s\r", p->width, "");
	p->width = 0;
}
