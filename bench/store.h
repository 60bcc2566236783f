/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The files of floor.c: each is created once, and written in pieces of 64 KiB; a short one takes
 * an open, a write and a close. What the world refuses ends the program.
 */
#ifndef BENCH_STORE_H
#define BENCH_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Who sent to whom; ports: the sender's in the upper half. */
struct ends {
	uint32_t src, dst, ports;
};

/* In this folder, which is made. Returns false and sets errno when it cannot. */
bool store_begin(const char *folder);

/* A file, not 0, for the stream between these ends. */
uint32_t store_new(const struct ends *e);

/* Bytes at an offset. They may come again, and in any order. */
void store_put(uint32_t file, int64_t off, const uint8_t *p, size_t n);

/* Nothing comes any more. */
void store_end(uint32_t file);
/* ... for all files. */
void store_close(void);

#endif
