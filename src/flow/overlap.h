/* SPDX-License-Identifier: BSD-3-Clause */
/* Which overlap policy a receiving host has. */
#ifndef FLOW_OVERLAP_H
#define FLOW_OVERLAP_H

#include <tcpflow/tcpflow.h>

struct overlaps {
	enum tf_overlap usual;
	const struct tf_overlap_rule *rule; /* [rules], outlives this */
	unsigned rules;
};

/* -> that of the rule with the longest prefix (of equal ones, the first), else the usual. */
enum tf_overlap overlap_of(const struct overlaps *o, const struct tf_address *receiver);

#endif
