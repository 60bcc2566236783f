/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/filter.h"

#include "base/error.h"
#include "capture/dlt.h"
#include "capture/reading.h"

#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

enum { LINK_TYPES = 65536 };

enum fit { UNTRIED, FITS, FITS_NOT };

struct program {
	enum fit fit;            /* whether the expression compiles for the link type */
	struct bpf_program code; /* FITS */
};

struct filter {
	char *expression;
	/* Mostly never touched, and untouched pages cost nothing. */
	struct program by_link_type[LINK_TYPES];
};

/* Fills in *p, and *err in libpcap's words when the expression does not fit. */
static void compile(struct program *p, const char *expression, uint32_t link_type,
                    struct tf_error *err)
{
	p->fit = FITS_NOT;
	pcap_t *dead = pcap_open_dead(dlt_of(link_type), CAPTURED_MOST);
	if (dead == NULL) {
		(void)error_sys(err, TF_USAGE, "filter \"%s\"", expression);
		return;
	}
	if (pcap_compile(dead, &p->code, expression, 1, PCAP_NETMASK_UNKNOWN) == 0)
		p->fit = FITS;
	else
		(void)error_set(err, TF_USAGE, "filter \"%s\": %s", expression, pcap_geterr(dead));
	pcap_close(dead);
}

/* -> whether there is a program for a link type, made when it is first wanted. */
static bool fits(struct filter *f, uint32_t link_type, struct tf_error *err)
{
	struct program *p = &f->by_link_type[link_type];
	if (p->fit == UNTRIED)
		compile(p, f->expression, link_type, err);
	return p->fit == FITS;
}

struct filter *filter_new(const char *expression, struct tf_error *err)
{
	enum { ETHERNET = 1, RAW_IP = 101 };

	struct filter *f = calloc(1, sizeof *f);
	if (f == NULL || (f->expression = strdup(expression)) == NULL) {
		(void)error_sys(err, TF_USAGE, "filter \"%s\"", expression);
		free(f);
		return NULL;
	}
	/* Both now: libpcap may look up names, which may not be allowed later. */
	bool ethernet = fits(f, ETHERNET, err);
	bool raw_ip = fits(f, RAW_IP, NULL);
	if (ethernet || raw_ip)
		return f;
	filter_free(f);
	return NULL;
}

bool filter_passes(struct filter *f, const struct tf_frame *frame)
{
	if (frame->link_type >= LINK_TYPES || !fits(f, frame->link_type, NULL))
		return false;
	struct pcap_pkthdr h = {.caplen = frame->captured, .len = frame->length};
	return pcap_offline_filter(&f->by_link_type[frame->link_type].code, &h, frame->bytes) != 0;
}

const char *filter_text(const struct filter *f)
{
	return f != NULL ? f->expression : NULL;
}

void filter_free(struct filter *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < LINK_TYPES; i++)
		if (f->by_link_type[i].fit == FITS)
			pcap_freecode(&f->by_link_type[i].code);
	free(f->expression);
	free(f);
}
