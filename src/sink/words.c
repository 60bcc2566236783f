/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/words.h"

#include <stddef.h>

#define TERM(name)                                                                                 \
	{                                                                                          \
#name, offsetof(struct tf_account, name)                                           \
	}

const struct word_term *word_terms(size_t *count)
{
	static const struct word_term terms[] = {
	        TERM(seen),      TERM(span),         TERM(written), TERM(duplicate),
	        TERM(unchecked), TERM(conflicting),  TERM(outside), TERM(after_close),
	        TERM(rejected),  TERM(beyond_limit), TERM(evicted), TERM(write_failed),
	        TERM(no_room),   TERM(urgent),       TERM(late),    TERM(missing),
	        TERM(cut),       TERM(tail_missing),
	};
	*count = sizeof terms / sizeof terms[0];
	return terms;
}

void word_nets(struct text *t, const struct tf_flow *f)
{
	static const char *const names[] = {
	        [TF_NET_VXLAN] = "vxlan", [TF_NET_GENEVE] = "geneve", [TF_NET_NVGRE] = "nvgre"};
	for (int i = 0; i < TF_NETS && f->net[i] != 0; i++) {
		uint32_t kind = f->net[i] >> 24;
		bool known = kind > 0 && kind < sizeof names / sizeof names[0];
		text_string(t, i > 0 ? " " : "");
		text_string(t, known ? names[kind] : "net");
		text_string(t, ":");
		text_u64(t, f->net[i] & 0xffffff);
	}
}

void word_marks(struct text *t, const struct tf_marks *m)
{
	static const char *const names[] = {
	        [TF_MARK_MPLS] = "mpls", [TF_MARK_GRE] = "gre", [TF_MARK_GTP] = "gtp"};
	for (int i = 0; i < TF_MARKS && m->kind[i] != 0; i++) {
		bool known = m->kind[i] < sizeof names / sizeof names[0];
		text_string(t, i > 0 ? " " : "");
		text_string(t, known ? names[m->kind[i]] : "mark");
		text_string(t, ":");
		text_u64(t, m->number[i]);
	}
}

void word_mac(struct text *t, const uint8_t mac[6])
{
	static const char digit[] = "0123456789abcdef";
	char text[] = "00:00:00:00:00:00";
	for (size_t i = 0; i < 6; i++) {
		text[3 * i] = digit[mac[i] >> 4];
		text[3 * i + 1] = digit[mac[i] & 15];
	}
	text_bytes(t, text, sizeof text - 1);
}

const char *word_cause(enum tf_gap_cause cause)
{
	size_t count;
	const struct tf_gap_cause_row *row = tf_gap_cause_rows(&count);
	return (size_t)cause < count ? row[cause].name : "unknown";
}
