/* SPDX-License-Identifier: BSD-3-Clause */
/* What a script expects, compared with what was recorded. */
#ifndef FLOWS_EXPECT_H
#define FLOWS_EXPECT_H

#include "script.h"

#include "lib/recorder.h"

struct outcome {
	const struct recorder *placed, *ordered;
	const struct tf_counters *counters;
};

/* Checks every "expect" line, printing "FAIL file:line: ..." for each that does
   not hold -> whether all do. */
bool expect_check(struct script *s, const struct outcome *o);

#endif
