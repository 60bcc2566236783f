/* SPDX-License-Identifier: BSD-3-Clause */
#include <tcpflow/tcpflow.h>

static const struct tf_counter_row rows[] = {
#define TALLY_ROW(name, unit, sentence) {#name, unit, sentence, offsetof(struct tf_counters, name)},
#define FATE_ROW(name, sentence)        TALLY_ROW(name, "frames", sentence)
        TF_FATES(FATE_ROW) TF_TALLIES(TALLY_ROW)
#undef TALLY_ROW
#undef FATE_ROW
};

const struct tf_counter_row *tf_counter_rows(size_t *count)
{
	*count = sizeof rows / sizeof rows[0];
	return rows;
}
