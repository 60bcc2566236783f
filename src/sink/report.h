/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * report.xml and flows.jsonl: what became of each connection. See report.c for how.
 */
#ifndef SINK_REPORT_H
#define SINK_REPORT_H

#include "base/slab.h"
#include "sink/journal.h"

/* Of the gaps of one stream so many are listed, the others counted. */
enum { REPORT_GAPS = 32 };

/* A gap that was told. */
struct report_gap {
	uint32_t next; /* of the same stream, as a slab index */
	uint8_t cause; /* enum tf_gap_cause */
	int64_t offset, length;
};

/* What is kept of a stream until its END. */
struct report_stream {
	uint32_t first, last;  /* gaps, as slab indices */
	uint32_t listed, gaps; /* of so many */
	uint32_t conflicts;
};

/* Most streams have nothing to be kept. */
struct report_link {
	uint32_t stream : 30; /* struct report_stream, as a slab index; 0: none */
	uint32_t listed : 1;  /* it had a row in an output generation before this one, */
	uint32_t turned : 1;  /* where the record began */
};

struct report_flow {
	struct report_link link[2];
};

/* What a run's report says at its end. */
struct report_sums {
	uint64_t rows, connections, at_end; /* connections that the input's end ended */
	uint64_t most;                      /* connections at a time; of workers the sum */
};

struct report_setup {
	struct journal xml, jsonl; /* dir, base, part, share, workers, fd (when it was made) are
	                              the caller's to fill in */
	bool has_xml, has_jsonl;
	const char *folder; /* in front of file names; NULL: nothing is */
	uint16_t seed;      /* of Community IDs */
	/* For the end of the report */
	const char *(*ended)(void *arg); /* how the run did, in one word */
	void (*counters)(void *arg, struct tf_counters *to);
	void *arg;
	void (*usage)(void *arg, struct tf_usage *to); /* may be NULL */
	void *usage_arg;
	struct report_sums sums; /* filled in as the instances are closed */
	struct report *first;    /* of its instances */
};

/* A row, of one direction in XML and of a connection in JSON. */
struct report_row {
	const struct report_setup *setup;
	struct journal_part *part;
	const struct tf_event *end;
	const struct tf_account *account; /* these three: of the direction; [2] in JSON, when
	                                     the event is of both */
	const struct tf_record *record;
	const struct report_stream *stream;
	const struct slab *gaps;
	const char *community;
	bool nameless;  /* file names are left out: with them the row is too long */
	bool continues; /* what an output generation before this one had of it */
};

/* What the sink takes from the arena: for each flow, for each that is awake, and besides. */
size_t report_memory_per_flow(const struct report_setup *setup);
size_t report_memory_per_awake(void);
size_t report_memory_fixed(const struct report_setup *setup);

/* The sink; setup (which outlives it) becomes its arg. */
struct tf_sink report_sink(struct report_setup *setup);

/* An output generation ends, and no worker runs: its reports are finished -> false with *err */
bool report_finish(struct report_setup *setup, struct tf_error *err);

/* Another one begins, in the folder that the journals have now: head is that of the report in
   XML, n its bytes -> false with *err */
bool report_begin_again(struct report_setup *setup, const char *head, size_t n,
                        struct tf_error *err);

/* -- report_xml.c -- */

/* Everything before the first row. */
void report_xml_head(const struct tf_facts *facts, struct text *t);
/* Behind the head. */
void report_xml_privileges(const char *const *line, size_t n, struct text *t);
void report_xml_row(const struct report_row *r, unsigned dir, struct text *t);
void report_xml_tail(const struct report_setup *setup, struct text *t);

/* -- report_json.c -- */

void report_json_row(const struct report_row *r, struct text *t);

#endif
