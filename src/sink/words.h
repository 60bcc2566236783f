/* SPDX-License-Identifier: BSD-3-Clause */
/* What both kinds of reports say in the same words. */
#ifndef SINK_WORDS_H
#define SINK_WORDS_H

#include "base/text.h"

/* The XML namespace of all in a report that tcpflow 1.6.1 did not have. */
#define WORDS_NAMESPACE "urn:tcpflow:report:2"

/* A term of an account. */
struct word_term {
	const char *name;
	size_t offset; /* of the int64_t in struct tf_account */
};

/* All of them, in the order of struct tf_account (seen, span and written come first); count of
   them. */
const struct word_term *word_terms(size_t *count);

static inline int64_t word_value(const struct tf_account *a, const struct word_term *w)
{
	return *(const int64_t *)(const void *)((const char *)a + w->offset);
}

/* Numbers of tunnels, with spaces between them: vxlan:77 geneve:8, and mpls:16 gre:5. */
void word_nets(struct text *t, const struct tf_flow *f);
void word_marks(struct text *t, const struct tf_marks *m);
void word_mac(struct text *t, const uint8_t mac[6]);

/* 0 to 255 names -> one of them, or "unknown" */
const char *word_cause(enum tf_gap_cause cause);

#endif
