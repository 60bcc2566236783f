/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/progress.h"

#include "cli/number.h"

enum { REST_NS = 200000000 };

void progress_begin(struct progress *p, FILE *to, uint64_t total, int64_t now_ns)
{
	/* Runs that are over before the first line never show one. */
	*p = (struct progress){
	        .to = to, .total = total, .start_ns = now_ns, .next_ns = now_ns + REST_NS};
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

	/* Blanks cover what a longer line has left behind. */
	int width = fprintf(p->to, "\r%3d%%  %s of %s  %s/s  %s left", (int)(part * 100),
	                    number_bytes(done, done_text), number_bytes(total, of),
	                    number_bytes(number_rate(done, now_ns - p->start_ns), rate_text),
	                    number_clock(left_ns < 1e18 ? (int64_t)left_ns : 0, left)) -
	            1;
	if (width < p->width)
		(void)fprintf(p->to, "%*s", p->width - width, "");
	p->width = width > p->width ? width : p->width;
	(void)fflush(p->to);
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
