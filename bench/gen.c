/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Makes captures for measuring: gen WORKLOAD COUNT SEED [MANIFEST] > file.pcap
 *
 * MANIFEST gets a line for each stream (talk.h); bench/check compares it with what was recorded.
 * The same words give the same bytes.
 */
#include "capture.h"
#include "floods.h"
#include "talk.h"
#include "traffic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	void (*make)(uint64_t count);
	const char *what;
} workloads[] = {
        {"bulk", traffic_bulk, "COUNT MiB in 16 connections, a segment of each in turn"},
        {"web", traffic_web,
         "COUNT connections, 256 at a time, with 1 or 2 answers of 300 bytes to 150 KB"},
        {"small", traffic_small, "COUNT connections in turn, 100 bytes there and 400 back"},
        {"idle", traffic_idle, "COUNT connections, all left open; one in 64 says 500 bytes"},
        {"crowd", traffic_crowd,
         "COUNT connections open; then signs of life from them in no order, 8 million or 800 each"},
        {"chorus", traffic_chorus, "the same of connections that have said 200 bytes each way"},
        {"scan", traffic_scan, "COUNT SYNs, each from another source"},
        {"lossy", traffic_lossy, "bulk with 4 % of the segments late and 3 % twice"},
        {"frag", traffic_frag, "bulk in datagrams of three fragments, one in 8 last one first"},
        {"stack", traffic_stack, "bulk, each connection inside of other tunnels"},
        {"firsts", flood_firsts,
         "COUNT first fragments whose datagrams never come whole, among them a connection"},
        {"half", flood_halves, "the same with COUNT halves of 1,200 bytes"},
        {"whole", flood_none, "the connection of these two alone, not in fragments"},
};

static int fail(const char *path)
{
	(void)fprintf(stderr, "gen: %s: %s\n", path, strerror(errno));
	return 1;
}

static int make(void (*workload)(uint64_t count), char **words)
{
	random_start(strtoull(words[1], NULL, 10));
	if (words[2] != NULL && !manifest_begin(words[2]))
		return fail(words[2]);
	noise_make();
	capture_begin();
	workload(strtoull(words[0], NULL, 10));
	capture_end();
	return manifest_end() ? 0 : fail(words[2]);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; (argc == 4 || argc == 5) && i < sizeof workloads / sizeof *workloads;
	     i++)
		if (strcmp(argv[1], workloads[i].name) == 0)
			return make(workloads[i].make, argv + 2);
	(void)fprintf(stderr, "usage: gen WORKLOAD COUNT SEED [MANIFEST] > file.pcap\n\n");
	for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++)
		(void)fprintf(stderr, "%-8s%s\n", workloads[i].name, workloads[i].what);
	return 1;
}
