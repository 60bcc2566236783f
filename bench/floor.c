/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The least work that recording a capture can be, in one thread, to measure against:
 *
 *	floor read CAPTURE		reads it once
 *	floor headers CAPTURE		also decodes each packet's headers and looks its stream up
 *	floor files CAPTURE FOLDER	also writes each stream's bytes once, in large pieces
 *
 * It trusts what it reads, knows what gen writes (classic pcap, Ethernet, IPv4, fragments of a few
 * datagrams at a time, TCP from the SYN on), looks at no checksum, and does not tell copies that
 * differ.
 */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 1 << 20, RECORD = 16, ETHERNET = 14, FIN = 1, SYN = 2 };

/* -- reading ---------------------------------------------------------------------------- */

struct input {
	int fd;
	uint8_t *buffer;
	size_t at, end;
};

static void stop(const char *what)
{
	(void)fprintf(stderr, "floor: %s: %s\n", what,
	              errno != 0 ? strerror(errno) : "not as it should be");
	exit(1);
}

/* n bytes, which stay until the next call; NULL at the end */
static const uint8_t *take(struct input *in, size_t n)
{
	if (in->end - in->at < n) {
		memmove(in->buffer, in->buffer + in->at, in->end - in->at);
		in->end -= in->at;
		in->at = 0;
		ssize_t got = read(in->fd, in->buffer + in->end, PIECE);
		if (got <= 0)
			return NULL;
		in->end += (size_t)got;
	}
	in->at += n;
	return in->buffer + in->at - n;
}

/* -- one entry for each stream ---------------------------------------------------------- */

struct entry {
	struct ends ends;
	uint32_t isn;
	uint32_t file; /* of the store, 0: none yet */
};

static struct entry *table; /* at least half of it is empty */
static size_t mask, used;

static void table_make(size_t n)
{
	mask = n - 1;
	table = calloc(n, sizeof *table);
	if (table == NULL)
		stop("no memory");
}

/* The entry of these ends, or the empty one where it belongs. */
static struct entry *find(const struct ends *e)
{
	uint64_t h = ((uint64_t)e->src << 32 | e->dst) * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ h >> 32 ^ e->ports) * UINT64_C(0xbf58476d1ce4e5b9);
	size_t i = (size_t)(h >> 32) & mask;
	while (table[i].ends.ports != 0 && memcmp(&table[i].ends, e, sizeof *e) != 0)
		i = (i + 1) & mask;
	return &table[i];
}

static void table_grow(void)
{
	struct entry *before = table;
	size_t n = mask + 1;
	table_make(n * 4);
	for (size_t i = 0; i < n; i++)
		if (before[i].ends.ports != 0)
			*find(&before[i].ends) = before[i];
	free(before);
}

static struct entry *look_up(const struct ends *e)
{
	struct entry *t = find(e);
	if (t->ends.ports != 0)
		return t;
	if (++used > mask / 2) {
		table_grow();
		t = find(e);
	}
	t->ends = *e;
	return t;
}

/* -- packets ---------------------------------------------------------------------------- */

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) << 16 | get16(p + 2);
}

/* A TCP segment of n bytes; with `storing`, its payload goes into a file. */
static void segment(const uint8_t *ip, const uint8_t *tcp, uint32_t n, bool storing)
{
	struct ends ends = {get32(ip + 12), get32(ip + 16), get32(tcp)};
	struct entry *e = look_up(&ends);
	uint32_t header = (uint32_t)tcp[12] >> 4 << 2, seq = get32(tcp + 4);
	if (tcp[13] & SYN)
		e->isn = seq;
	if (!storing)
		return;
	if (n > header) {
		if (e->file == 0)
			e->file = store_new(&e->ends);
		store_put(e->file, (int64_t)(seq - e->isn - 1), tcp + header, n - header);
	}
	if (tcp[13] & FIN && e->file != 0)
		store_end(e->file);
}

enum { DATAGRAMS = 4096, DATAGRAM = 16384 };

/* Datagrams that are not whole, by their identification; count: bytes that are here. */
static struct datagram {
	uint32_t count, size;
	uint8_t bytes[DATAGRAM];
} * waiting;

static void fragment(const uint8_t *ip, uint32_t n, bool storing)
{
	struct datagram *d = &waiting[get16(ip + 4) % DATAGRAMS];
	uint32_t word = get16(ip + 6), from = (word & 0x1fff) * 8;
	if (from + n > DATAGRAM)
		stop("a datagram");
	memcpy(d->bytes + from, ip + 20, n);
	d->count += n;
	if ((word & 0x2000) == 0)
		d->size = from + n;
	if (d->size != 0 && d->count == d->size) {
		segment(ip, d->bytes, d->size, storing);
		d->count = d->size = 0;
	}
}

static void packet(const uint8_t *frame, bool storing)
{
	const uint8_t *ip = frame + ETHERNET;
	uint32_t n = get16(ip + 2) - 20;
	if (get16(frame + 12) != 0x0800 || ip[0] != 0x45 || ip[9] != 6)
		return;
	if (get16(ip + 6) & 0x3fff)
		fragment(ip, n, storing);
	else
		segment(ip, ip + 20, n, storing);
}

/* -- three programs --------------------------------------------------------------------- */

static void read_only(struct input *in)
{
	ssize_t n;
	while ((n = read(in->fd, in->buffer, PIECE)) > 0)
		continue;
}

static void walk(struct input *in, bool storing)
{
	const uint8_t *p = take(in, 24);
	while (p != NULL && (p = take(in, RECORD)) != NULL) {
		uint32_t n;
		memcpy(&n, p + 8, sizeof n);
		if (n > PIECE)
			stop("a record");
		p = take(in, n);
		if (p != NULL)
			packet(p, storing);
	}
}

int main(int argc, char **argv)
{
	bool storing = argc == 4 && strcmp(argv[1], "files") == 0;
	bool headers = argc == 3 && strcmp(argv[1], "headers") == 0;
	if (!storing && !headers && !(argc == 3 && strcmp(argv[1], "read") == 0)) {
		(void)fprintf(stderr,
		              "usage: floor read|headers CAPTURE, floor files CAPTURE FOLDER\n");
		return 1;
	}
	struct input in = {.fd = open(argv[2], O_RDONLY), .buffer = malloc(2 * PIECE)};
	waiting = calloc(DATAGRAMS, sizeof *waiting);
	if (in.fd < 0 || in.buffer == NULL || waiting == NULL)
		stop(argv[2]);
	if (!storing && !headers) {
		read_only(&in);
	} else {
		table_make(1024);
		if (storing && !store_begin(argv[3]))
			stop(argv[3]);
		walk(&in, storing);
		if (storing)
			store_close();
	}
	free(in.buffer);
	return 0;
}
