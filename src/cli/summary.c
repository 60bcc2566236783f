/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation
 *
 * The summary is a table of rows (label, counter); a row's words are the sentence
 * that the counter was declared with (tcpflow/counters.h), so that each is said in
 * one way only:
 *
 *	tcpflow: 1,234 packets (1.2 MB) in 0.01 s, 120 MB/s
 *	         12 flows, 20 files, 1,000,123 bytes recorded
 *	         missing   1,460 bytes that were never captured, in 1 gap
 *	         skipped       3 frames without IP (ARP, spanning tree, ...)
 *	         ^label   ^number^sentence                     ^second counter
 *
 * Rows that are zero are left out; a label stands before the first row of its
 * group that is shown.
 */
#include "cli/summary.h"

#include "cli/number.h"

#include <string.h>

#define AT(name) offsetof(struct tf_counters, name)

enum { NONE = sizeof(struct tf_counters), LABEL = 11 };

static const struct line {
	const char *label;
	size_t counter;
	bool loss;     /* counts for --strict */
	size_t second; /* ", in 3 gaps"; NONE: nothing */
	const char *one, *many;
} lines[] = {{"missing", AT(bytes_missing), true, AT(gaps), "gap", "gaps"},
             {"missing", AT(bytes_cut), true, NONE, NULL, NULL},
             {"missing", AT(bytes_tail_missing), true, NONE, NULL, NULL},
             {"missing", AT(streams_restarted), true, NONE, NULL, NULL},
             {"dropped", AT(drops_kernel), true, NONE, NULL, NULL},
             {"dropped", AT(drops_interface), true, NONE, NULL, NULL},
             {"conflicting", AT(bytes_conflicting), true, AT(conflicts), "overlap", "overlaps"},
             {"evicted", AT(flows_evicted), true, NONE, NULL, NULL},
             {"evicted", AT(flows_evicted_embryonic), true, NONE, NULL, NULL},
             {"evicted", AT(flows_forgotten), false, NONE, NULL, NULL},
             {"evicted", AT(bytes_evicted), true, NONE, NULL, NULL},
             {"evicted", AT(held_spilled), false, NONE, NULL, NULL},
             {"evicted", AT(gaps_forgotten), false, NONE, NULL, NULL},
             {"evicted", AT(datagrams_evicted), true, NONE, NULL, NULL},
             {"not stored", AT(bytes_write_failed), true, NONE, NULL, NULL},
             {"not stored", AT(flows_no_room), true, NONE, NULL, NULL},
             {"not stored", AT(bytes_no_room), true, NONE, NULL, NULL},
             {"made anew", AT(files_remade), false, NONE, NULL, NULL},
             {"duplicate", AT(bytes_duplicate), false, NONE, NULL, NULL},
             {"duplicate", AT(bytes_unchecked), false, NONE, NULL, NULL},
             {"left out", AT(bytes_beyond_limit), false, NONE, NULL, NULL},
             {"left out", AT(bytes_late), true, NONE, NULL, NULL},
             {"left out", AT(bytes_outside), false, NONE, NULL, NULL},
             {"left out", AT(bytes_after_close), false, NONE, NULL, NULL},
             {"left out", AT(bytes_rejected), false, NONE, NULL, NULL},
             {"left out", AT(bytes_bad_checksum), false, NONE, NULL, NULL},
             {"left out", AT(checksums_rejected), false, NONE, NULL, NULL},
             {"left out", AT(rejected_flags), false, NONE, NULL, NULL},
             {"left out", AT(rejected_signature), false, NONE, NULL, NULL},
             {"left out", AT(rejected_timestamp), false, NONE, NULL, NULL},
             {"left out", AT(rejected_ack), false, NONE, NULL, NULL},
             {"left out", AT(rejected_syn_data), false, NONE, NULL, NULL},
             {"left out", AT(rejected_window), false, NONE, NULL, NULL},
             {"left out", AT(late_segments), false, NONE, NULL, NULL},
             {"left out", AT(unknown_segments), false, NONE, NULL, NULL},
/* Every fate of a frame but that which is wanted. */
#define FATE_LINE(name, ...) {"skipped", AT(name), false, NONE, NULL, NULL},
             TF_FATES(FATE_LINE)
#undef FATE_LINE
};

enum { LINES = sizeof lines / sizeof lines[0] };

static uint64_t value(const struct tf_counters *c, size_t offset)
{
	uint64_t n;
	memcpy(&n, (const char *)c + offset, sizeof n);
	return n;
}

static const char *sentence(size_t offset)
{
	size_t count;
	const struct tf_counter_row *rows = tf_counter_rows(&count);
	for (size_t i = 0; i < count; i++)
		if (rows[i].offset == offset)
			return rows[i].sentence;
	return "";
}

static bool is_shown(const struct line *l, const struct tf_counters *c)
{
	/* neither of these is skipped */
	bool good = l->counter == AT(tcp_segments) || l->counter == AT(fragments);
	/* where output failed, the rest would hide it */
	bool other = c->bytes_write_failed > 0 && l->counter != AT(bytes_write_failed);
	return !good && !other && value(c, l->counter) > 0;
}

static void write_line(FILE *to, const struct line *l, const char *label, int width,
                       const struct tf_counters *c)
{
	char number[NUMBER_TEXT];

	(void)fprintf(to, "         %-*s  %*s %s", LABEL, label, width,
	              number_plain(value(c, l->counter), number), sentence(l->counter));
	if (l->second != NONE) {
		uint64_t n = value(c, l->second);
		(void)fprintf(to, ", in %s %s", number_plain(n, number),
		              number_noun(n, l->one, l->many));
	}
	(void)fputc('\n', to);
}

static void write_lines(FILE *to, const struct tf_counters *c)
{
	char number[NUMBER_TEXT];
	const char *label = "";
	int width = 0;

	for (size_t i = 0; i < LINES; i++) {
		int n = (int)strlen(number_plain(value(c, lines[i].counter), number));
		if (is_shown(&lines[i], c) && n > width)
			width = n;
	}
	for (size_t i = 0; i < LINES; i++) {
		if (!is_shown(&lines[i], c))
			continue;
		bool again = strcmp(label, lines[i].label) == 0;
		label = lines[i].label;
		write_line(to, &lines[i], again ? "" : label, width, c);
	}
}

void summary_write(FILE *to, const struct tf_counters *c, int64_t spent_ns)
{
	char packets[NUMBER_TEXT], bytes[NUMBER_TEXT], time[NUMBER_TEXT];
	uint64_t speed = number_rate(c->frame_bytes, spent_ns);

	(void)fprintf(to, "tcpflow: %s %s (%s) in %s", number_plain(c->frames, packets),
	              number_noun(c->frames, "packet", "packets"),
	              number_bytes(c->frame_bytes, bytes), number_seconds(spent_ns, time));
	if (speed > 0)
		(void)fprintf(to, ", %s/s", number_bytes(speed, bytes));
	(void)fprintf(to, "\n         %s %s, ", number_plain(c->flows, packets),
	              number_noun(c->flows, "flow", "flows"));
	(void)fprintf(to, "%s %s, ", number_plain(c->files, packets),
	              number_noun(c->files, "file", "files"));
	(void)fprintf(to, "%s %s recorded\n", number_plain(c->bytes_written, packets),
	              number_noun(c->bytes_written, "byte", "bytes"));
	write_lines(to, c);
}

void summary_counters(FILE *to, const struct tf_counters *c)
{
	size_t count;
	const struct tf_counter_row *rows = tf_counter_rows(&count);
	int names = 0, numbers = 0;
	char number[NUMBER_TEXT];

	for (size_t i = 0; i < count; i++) {
		int name = (int)strlen(rows[i].name);
		int n = (int)strlen(number_plain(value(c, rows[i].offset), number));
		names = name > names ? name : names;
		numbers = n > numbers ? n : numbers;
	}
	for (size_t i = 0; i < count; i++)
		(void)fprintf(to, "         %-*s  %*s %s\n", names, rows[i].name, numbers,
		              number_plain(value(c, rows[i].offset), number), rows[i].sentence);
}

bool summary_lossy(const struct tf_counters *c)
{
	for (size_t i = 0; i < LINES; i++)
		if (lines[i].loss && value(c, lines[i].counter) > 0)
			return true;
	return false;
}
