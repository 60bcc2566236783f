/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Makes captures for measuring: gen WORKLOAD COUNT SEED > file.pcap
 *
 *	bulk  COUNT MiB in 8 connections, segments of 1,448 bytes taken in turn
 *	small COUNT connections, one after the other, with a request of 100 bytes and an answer of
 *	      400
 *	web   COUNT packets: 64 visits at a time, which take turns by chance. Each is a connection
 *	      with one to four requests of 200 to 700 bytes and answers of 200 bytes to 60 kB, most
 *	      of them short; there is an ACK for every other segment
 *	scan  COUNT SYNs, each from another source
 *	frag  COUNT small first fragments of datagrams that never come whole, each from
 *	      another source; a connection goes on among them, a segment for each
 *	      HONEST_EVERY others, in two fragments that stand 1, 50 or 1,500 others apart,
 *	      every other time the last one first
 *	half  the same, with halves of 1,200 bytes, of which every other is the last one
 *	whole the connection of frag COUNT and half COUNT alone, in order, not in fragments
 *
 * Ethernet, IPv4, microsecond pcap, right checksums. The same words give the same bytes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADERS = 14 + 20 + 20, SEGMENT = 1448, BULK_FLOWS = 8, SYN = 2, ACK = 16, FIN = 1 };
enum { HONEST_EVERY = 100, HONEST_CUT = 1200, MORE = 0x2000 };
enum { FRAG_FIRST = 24, HALF = 1200 };

static uint64_t state;

/* splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators) */
static uint64_t next_random(void)
{
	uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static void put(const void *p, size_t n)
{
	if (fwrite(p, 1, n, stdout) != n) {
		(void)fprintf(stderr, "gen: cannot write: %s\n", strerror(errno));
		exit(1);
	}
}

struct segment {
	uint32_t src, dst; /* IPv4 addresses */
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags;
	const uint8_t *payload;
	uint32_t n;
};

/* The one's complement sum of 16-bit words (RFC 1071), n being even but for the last. */
static uint32_t add(uint32_t sum, const uint8_t *p, size_t n)
{
	uint64_t s = sum;
	for (size_t i = 0; i + 1 < n; i += 2)
		s += (uint64_t)p[i] << 8 | p[i + 1];
	if (n % 2 != 0)
		s += (uint64_t)p[n - 1] << 8;
	while (s > 0xffff)
		s = (s & 0xffff) + (s >> 16);
	return (uint32_t)s;
}

/* Ethernet, IPv4 and TCP headers of a segment. */
static void make_headers(const struct segment *s, uint8_t h[HEADERS])
{
	static const uint8_t first[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45};
	memset(h, 0, HEADERS);
	memcpy(h, first, sizeof first);
	put16(h + 16, HEADERS - 14 + s->n);
	h[22] = 64;
	h[23] = 6;
	put32(h + 26, s->src);
	put32(h + 30, s->dst);
	put16(h + 34, s->sport);
	put16(h + 36, s->dport);
	put32(h + 38, s->seq);
	put32(h + 42, s->ack);
	h[46] = 5 << 4;
	h[47] = s->flags;
	put16(h + 48, 65535);
	put16(h + 24, ~add(0, h + 14, 20));
	uint32_t pseudo = add(6 + 20 + s->n, h + 26, 8);
	put16(h + 50, ~add(add(pseudo, h + 34, 20), s->payload, s->n));
}

static void put_record(uint32_t length)
{
	static uint64_t us = UINT64_C(1700000000000000);
	uint32_t record[4] = {(uint32_t)(us / 1000000), (uint32_t)(us % 1000000), length, length};
	us += 3;
	put(record, sizeof record);
}

static void put_segment(const struct segment *s)
{
	uint8_t h[HEADERS];
	make_headers(s, h);
	put_record(HEADERS + s->n);
	put(h, sizeof h);
	if (s->n > 0)
		put(s->payload, s->n);
}

/* Bytes from..to of what stands behind the segment's IP header. */
static void put_fragment(const struct segment *s, uint32_t id, uint32_t from, uint32_t to)
{
	uint8_t packet[HEADERS + SEGMENT];
	make_headers(s, packet);
	memcpy(packet + HEADERS, s->payload, s->n);
	put16(packet + 16, 20 + to - from);
	put16(packet + 18, id);
	put16(packet + 20, (to < 20 + s->n ? MORE : 0) | from / 8);
	put16(packet + 24, 0);
	put16(packet + 24, ~add(0, packet + 14, 20));
	put_record(34 + to - from);
	put(packet, 34);
	put(packet + 34 + from, to - from);
}

static uint8_t noise[1 << 20];

static void make_noise(void)
{
	for (size_t i = 0; i < sizeof noise; i += 8) {
		uint64_t r = next_random();
		memcpy(noise + i, &r, sizeof r);
	}
}

static void bulk(uint64_t mib)
{
	struct segment f[BULK_FLOWS];
	uint64_t left = mib << 20;
	make_noise();
	for (uint32_t i = 0; i < BULK_FLOWS; i++) {
		f[i] = (struct segment){.src = 0x0a000001 + i,
		                        .dst = 0x0a010001,
		                        .sport = 80,
		                        .dport = (uint16_t)(40000 + i),
		                        .seq = (uint32_t)next_random(),
		                        .flags = SYN};
		put_segment(&f[i]);
		f[i].seq++;
		f[i].flags = ACK;
	}
	for (uint64_t turn = 0; left > 0; turn++) {
		struct segment *s = &f[turn % BULK_FLOWS];
		s->payload = noise + next_random() % (sizeof noise - SEGMENT);
		s->n = left < SEGMENT ? (uint32_t)left : SEGMENT;
		put_segment(s);
		s->seq += s->n;
		left -= s->n;
	}
	for (uint32_t i = 0; i < BULK_FLOWS; i++) {
		f[i].flags = FIN | ACK;
		f[i].n = 0;
		put_segment(&f[i]);
	}
}

static void small(uint64_t connections)
{
	make_noise();
	for (uint64_t i = 0; i < connections; i++) {
		uint32_t client = 0x0b000000 + (uint32_t)(i >> 14), server = 0x0a010001;
		uint16_t port = (uint16_t)(1024 + (i & 0x3fff));
		const struct segment talk[] = {
		        {client, server, port, 80, 0, 0, SYN, NULL, 0},
		        {server, client, 80, port, 0, 1, SYN | ACK, NULL, 0},
		        {client, server, port, 80, 1, 1, ACK, noise, 100},
		        {server, client, 80, port, 1, 101, ACK, noise + 100, 400},
		        {client, server, port, 80, 101, 401, FIN | ACK, NULL, 0},
		        {server, client, 80, port, 401, 102, FIN | ACK, NULL, 0},
		        {client, server, port, 80, 102, 402, ACK, NULL, 0},
		};
		for (size_t k = 0; k < sizeof talk / sizeof talk[0]; k++)
			put_segment(&talk[k]);
	}
}

/* -- visits of a web server ------------------------------------------------------------ */

enum { VISITS = 64 };

/* One of the connections, and what its next packet is. */
struct visit {
	enum { OPENS, IS_ACCEPTED, CONFIRMS, ASKS, IS_ANSWERED, CLOSES, IS_CLOSED, LEAVES } next;
	struct segment up, down;   /* both ways: client to server, and back */
	uint32_t requests, answer; /* that are left, and bytes of the answer */
	bool unacknowledged;       /* the latest segment of the answer */
};

static void begin_visit(struct visit *v, uint64_t number)
{
	*v = (struct visit){
	        .up = {.src = 0x0b000000 + (uint32_t)(number >> 14),
	               .dst = 0x0a010001,
	               .sport = (uint16_t)(1024 + (number & 0x3fff)),
	               .dport = 80,
	               .seq = (uint32_t)next_random()},
	        .requests = 1 + (uint32_t)(next_random() % 8 == 0 ? next_random() % 4 : 0),
	};
	v->down = (struct segment){.src = v->up.dst,
	                           .dst = v->up.src,
	                           .sport = v->up.dport,
	                           .dport = v->up.sport,
	                           .seq = (uint32_t)next_random()};
}

/* A segment of n random bytes, and what SYN and FIN take, which the other side has then. */
static void say(struct segment *from, struct segment *to, uint8_t flags, uint32_t n)
{
	from->payload = noise + next_random() % (sizeof noise - SEGMENT);
	from->n = n;
	from->flags = flags;
	put_segment(from);
	from->seq += n + ((flags & (SYN | FIN)) != 0);
	to->ack = from->seq;
}

static uint32_t answer_length(void)
{
	static const uint32_t most[] = {600, 1400, 3000, 3000, 6000, 12000, 20000, 60000};
	return 200 + (uint32_t)(next_random() % most[next_random() % 8]);
}

static void go_on_answering(struct visit *v)
{
	uint32_t n = v->answer < SEGMENT ? v->answer : SEGMENT;
	if (v->unacknowledged || n == 0) {
		say(&v->up, &v->down, ACK, 0);
		v->unacknowledged = false;
		if (n == 0)
			v->next = v->requests > 0 ? ASKS : CLOSES;
		return;
	}
	say(&v->down, &v->up, ACK, n);
	v->answer -= n;
	v->unacknowledged = v->answer / SEGMENT % 2 == 1;
}

/* Its next packet -> false: that was the last one */
static bool visit_on(struct visit *v)
{
	switch (v->next) {
	case OPENS:
		say(&v->up, &v->down, SYN, 0);
		break;
	case IS_ACCEPTED:
		say(&v->down, &v->up, SYN | ACK, 0);
		break;
	case CONFIRMS:
		say(&v->up, &v->down, ACK, 0);
		break;
	case ASKS:
		say(&v->up, &v->down, ACK, 200 + (uint32_t)(next_random() % 500));
		v->requests--;
		v->answer = answer_length();
		break;
	case IS_ANSWERED:
		go_on_answering(v);
		return true;
	case CLOSES:
		say(&v->up, &v->down, FIN | ACK, 0);
		break;
	case IS_CLOSED:
		say(&v->down, &v->up, FIN | ACK, 0);
		break;
	case LEAVES:
		say(&v->up, &v->down, ACK, 0);
		return false;
	}
	v->next++;
	return true;
}

static void web(uint64_t packets)
{
	struct visit visit[VISITS];
	uint64_t visits = 0;
	unsigned open = 0;
	make_noise();
	for (uint64_t i = 0; i < packets || open > 0; i++) {
		while (i < packets && open < VISITS)
			begin_visit(&visit[open++], visits++);
		unsigned turn = (unsigned)(next_random() % open);
		if (!visit_on(&visit[turn]))
			visit[turn] = visit[--open];
	}
}

/* -- floods ------------------------------------------------------------------------------- */

static void scan(uint64_t syns)
{
	for (uint64_t i = 0; i < syns; i++) {
		struct segment s = {.src = 0x0b000000 + (uint32_t)i,
		                    .dst = 0x0a010001,
		                    .sport = (uint16_t)(1024 + next_random() % 60000),
		                    .dport = 443,
		                    .seq = (uint32_t)next_random(),
		                    .flags = SYN};
		put_segment(&s);
	}
}

/* -- a flood of fragments ------------------------------------------------------------ */

/* Segment k of the honest connection. */
static struct segment honest(uint64_t k)
{
	return (struct segment){.src = 0x0a000001,
	                        .dst = 0x0a010001,
	                        .sport = 80,
	                        .dport = 40000,
	                        .seq = 1 + (uint32_t)k * SEGMENT,
	                        .flags = ACK,
	                        .payload = noise + k * 7919 % (sizeof noise - SEGMENT),
	                        .n = SEGMENT};
}

static void put_syn(void)
{
	struct segment s = honest(0);
	s.seq--;
	s.flags = SYN;
	s.n = 0;
	put_segment(&s);
}

static void put_half(uint64_t k, bool first)
{
	struct segment s = honest(k);
	bool swapped = k % 2 == 1;
	uint32_t id = (uint32_t)k & 0xffff;
	if (first != swapped)
		put_fragment(&s, id, 0, HONEST_CUT);
	else
		put_fragment(&s, id, HONEST_CUT, 20 + SEGMENT);
}

static const uint64_t apart[] = {1, 50, 1500};
enum { APARTS = sizeof apart / sizeof *apart };

/* What of the honest connection stands behind packet i of the flood. */
static void put_honest(uint64_t i, uint64_t segments)
{
	if (i % HONEST_EVERY == 0 && i / HONEST_EVERY < segments)
		put_half(i / HONEST_EVERY, true);
	for (size_t a = 0; a < APARTS; a++) {
		uint64_t k = (i - apart[a]) / HONEST_EVERY;
		if (i >= apart[a] && (i - apart[a]) % HONEST_EVERY == 0 && k % APARTS == a &&
		    k < segments)
			put_half(k, false);
	}
}

/* Packet i of the flood. */
static void put_hostile(uint64_t i, bool halves)
{
	struct segment s = {.src = 0x0b000000 + (uint32_t)i,
	                    .dst = 0x0a010001,
	                    .sport = 1024,
	                    .dport = 443,
	                    .flags = ACK,
	                    .payload = noise,
	                    .n = SEGMENT};
	uint32_t id = (uint32_t)next_random() & 0xffff;
	if (!halves)
		put_fragment(&s, id, 0, FRAG_FIRST);
	else if (i % 2 == 0)
		put_fragment(&s, id, 0, HALF);
	else
		put_fragment(&s, id, 20 + SEGMENT - HALF + 4, 20 + SEGMENT);
}

static uint64_t honest_segments(uint64_t count)
{
	return (count + HONEST_EVERY - 1) / HONEST_EVERY;
}

static void flood(uint64_t count, bool halves)
{
	uint64_t segments = honest_segments(count);
	make_noise();
	put_syn();
	for (uint64_t i = 0; i < segments * HONEST_EVERY + apart[APARTS - 1]; i++) {
		if (i < count)
			put_hostile(i, halves);
		put_honest(i, segments);
	}
}

static void frag(uint64_t count)
{
	flood(count, false);
}

static void half(uint64_t count)
{
	flood(count, true);
}

static void whole(uint64_t count)
{
	make_noise();
	put_syn();
	for (uint64_t k = 0; k < honest_segments(count); k++) {
		struct segment s = honest(k);
		put_segment(&s);
	}
}

static const struct {
	const char *name;
	void (*make)(uint64_t count);
} workloads[] = {{"bulk", bulk}, {"small", small}, {"web", web},    {"scan", scan},
                 {"frag", frag}, {"half", half},   {"whole", whole}};

int main(int argc, char **argv)
{
	uint32_t header[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 262144, 1};
	for (size_t i = 0; argc == 4 && i < sizeof workloads / sizeof workloads[0]; i++) {
		if (strcmp(argv[1], workloads[i].name) != 0)
			continue;
		state = strtoull(argv[3], NULL, 10);
		put(header, sizeof header);
		workloads[i].make(strtoull(argv[2], NULL, 10));
		return fflush(stdout) != 0;
	}
	(void)fprintf(stderr,
	              "usage: gen bulk|small|web|scan|frag|half|whole COUNT SEED > file.pcap\n");
	return 1;
}
