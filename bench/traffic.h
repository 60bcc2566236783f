/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The workloads that are measured; gen.c says what each is. Each writes packets and, but for
 * scan, lines of the manifest.
 */
#ifndef BENCH_TRAFFIC_H
#define BENCH_TRAFFIC_H

#include <stdint.h>

void traffic_bulk(uint64_t mib);
void traffic_web(uint64_t connections);
void traffic_small(uint64_t connections);
void traffic_idle(uint64_t connections);
void traffic_crowd(uint64_t connections);
void traffic_chorus(uint64_t connections);
void traffic_scan(uint64_t syns);
void traffic_lossy(uint64_t mib);
void traffic_frag(uint64_t mib);
void traffic_stack(uint64_t mib);

#endif
