/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random fragments.
 *
 *	fragments [SEEDS [FIRST]]
 *
 * streams: the segments of known streams are cut into fragments, which may be packed into
 * another IP header and cut again; they come in any order, some twice, some datagrams
 * not whole (their segment is then sent again). They are pushed, or read from a file; now
 * and then with so little memory that blocks are used again all the time. What is recorded
 * must be the streams.
 *
 * plain: fragments that overlap, contradict one another and are lost are answered as
 * plain_defrag.h answers them, byte for byte.
 */
#include "lib/build.h"
#include "lib/pcapfile.h"
#include "lib/recorder.h"
#include "prop/plain_defrag.h"
#include "prop/random.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum {
	STRAY = 24, /* less than half of what Linux allows for */
	STREAM = 200000,
	LONG_STREAM = 6000000,
	LEAST_MEMORY = 8 << 20,
	FRAMES = 40000,
	ETHERNET = 14,
	ROOM = 70000,
	FLIGHT = 6
};

#define MUST_BE(fact)                                                                              \
	do {                                                                                       \
		if (!(fact)) {                                                                     \
			(void)fprintf(stderr, "seed %" PRIu64 ": %s\n", seed_now, #fact);          \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static uint64_t seed_now, completed;

/* -- frames ---------------------------------------------------------------------------- */

struct parcel {
	uint64_t key; /* orders what arrives */
	uint8_t *bytes;
	uint32_t n;
};

/* Frames that are on their way. */
struct flight {
	struct random r;
	struct parcel frame[FRAMES];
	size_t count;
	uint32_t id;
	size_t segment_most;
	unsigned depth;        /* how often a packet may be packed */
	bool ip6_only;         /* no fragments of IPv4 */
	bool lossy;            /* the next datagram loses a fragment */
	struct pcapfile *file; /* to which frames go; NULL: they are pushed */
	uint64_t pushed, copies;
};

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void add_frame(struct flight *f, const uint8_t *bytes, size_t n)
{
	MUST_BE(f->count < FRAMES);
	uint8_t *copy = malloc(n);
	MUST_BE(copy != NULL);
	memcpy(copy, bytes, n);
	f->frame[f->count++] = (struct parcel){.bytes = copy, .n = (uint32_t)n};
}

/* One fragment of a frame whose IP header stands at ip; its payload is from..to of all. */
static size_t make_fragment(const uint8_t *frame, size_t ip, size_t from, size_t to, size_t all,
                            uint32_t id, uint8_t *out)
{
	bool ip6 = frame[ip] >> 4 == 6;
	size_t header = ip6 ? 40 : 20, extra = ip6 ? 8 : 0, n = to - from;
	bool more = to < all;
	memcpy(out, frame, ip + header);
	if (ip6) {
		uint8_t *h = out + ip + header;
		put16(out + ip + 4, n + 8);
		h[0] = frame[ip + 6];
		h[1] = 0;
		out[ip + 6] = 44;
		put16(h + 2, from | more);
		put16(h + 4, id >> 16);
		put16(h + 6, id & 0xffff);
	} else {
		put16(out + ip + 2, n + 20);
		put16(out + ip + 4, id & 0xffff);
		put16(out + ip + 6, (more ? 0x2000U : 0) | from / 8);
	}
	memcpy(out + ip + header + extra, frame + ip + header + from, n);
	return ip + header + extra + n;
}

/* Packs a packet into another IPv4 header, for the tunnel IP in IP, whose end depends on the
   depth. */
static size_t wrap(const uint8_t *frame, size_t ip, size_t n, unsigned depth, uint8_t *out)
{
	static const uint8_t header[20] = {0x45, [8] = 9, [12] = 10, [15] = 9, [16] = 10, [19] = 8};
	memcpy(out, frame, ip);
	put16(out + ip - 2, 0x0800);
	memcpy(out + ip, header, sizeof header);
	put16(out + ip + 2, n - ip + 20);
	out[ip + 9] = frame[ip] >> 4 == 6 ? 41 : 4;
	out[ip + 15] = (uint8_t)depth;
	memcpy(out + ip + 20, frame + ip, n - ip);
	return n + 20;
}

/* Sends a frame whole, in fragments, or packed; and what is packed again so. */
static void cut_up(struct flight *f, const uint8_t *frame, size_t ip, size_t n, unsigned depth)
{
	uint8_t *out = malloc(ROOM);
	MUST_BE(out != NULL);
	if (depth > 0 && n + 20 < 60000 && random_chance(&f->r, 50)) {
		size_t packed = wrap(frame, ip, n, depth, out);
		cut_up(f, out, ip, packed, depth - 1);
		free(out);
		return;
	}
	size_t header = frame[ip] >> 4 == 6 ? 40 : 20, all = n - ip - header;
	size_t step = random_size(&f->r, 3) == 0 ? 8 : 8 * (1 + random_size(&f->r, 200));
	if (header == 40 && step < 24)
		step = 24; /* Linux takes no first one without TCP's whole header */
	if (all <= step || random_chance(&f->r, 10) || all / step > 600) {
		if (!f->lossy)
			add_frame(f, frame, n);
		f->lossy = false;
		free(out);
		return;
	}
	uint32_t id = f->id++;
	size_t lost = f->lossy ? random_size(&f->r, (all + step - 1) / step) * step : all;
	f->lossy = false;
	for (size_t from = 0; from < all; from += step) {
		size_t to = from + step < all ? from + step : all;
		if (from == lost)
			continue;
		size_t size = make_fragment(frame, ip, from, to, all, id, out);
		size_t packed = size;
		uint8_t *again = depth > 0 ? malloc(ROOM) : NULL;
		if (again != NULL && random_chance(&f->r, 20)) {
			packed = wrap(out, ip, size, depth, again);
			cut_up(f, again, ip, packed, depth - 1);
		} else {
			add_frame(f, out, size);
		}
		free(again);
	}
	free(out);
}

static int by_key(const void *a, const void *b)
{
	const struct parcel *x = a, *y = b;
	return (x->key > y->key) - (x->key < y->key);
}

/* All that is on its way arrives, in any order, some of it twice. Fragments of IPv4 do not
   stray far: no receiver waits while its sender goes on to many others. */
static void arrive(struct flight *f, struct tf_engine *e)
{
	size_t own = f->count;
	for (size_t i = 0; i < own; i++)
		if (random_chance(&f->r, 3))
			add_frame(f, f->frame[i].bytes, f->frame[i].n);
	for (size_t i = 0; i < f->count; i++)
		f->frame[i].key = f->ip6_only ? random_next(&f->r) : i + random_size(&f->r, STRAY);
	qsort(f->frame, f->count, sizeof *f->frame, by_key);
	for (size_t i = 0; i < f->count; i++) {
		struct tf_frame frame = {.bytes = f->frame[i].bytes,
		                         .captured = f->frame[i].n,
		                         .length = f->frame[i].n,
		                         .ts_ns = (int64_t)f->pushed++ * 1000,
		                         .link_type = BUILD_LINK_TYPE};
		if (f->file != NULL)
			pcapfile_write(f->file, &frame);
		else
			MUST_BE(tf_engine_push(e, &frame, NULL));
		free(f->frame[i].bytes);
	}
	f->count = 0;
}

/* -- streams ----------------------------------------------------------------------------- */

static void send_stream(struct flight *f, struct tf_engine *e, const uint8_t *stream, size_t length)
{
	bool ip6 = random_chance(&f->r, 50);
	f->ip6_only = ip6 && (f->depth == 0 || random_chance(&f->r, 50));
	if (f->ip6_only)
		f->depth = 0;
	bool tagged = random_chance(&f->r, 30);
	struct build b = {.src = build_endpoint(ip6 ? "2001:db8::1" : "10.0.0.1", 4000),
	                  .dst = build_endpoint(ip6 ? "2001:db8::2" : "10.0.0.2", 80),
	                  .vlan = {tagged ? 7 : 0},
	                  .seq = (uint32_t)random_next(&f->r),
	                  .window = 65535,
	                  .flags = 2};
	uint8_t *frame = malloc(BUILD_ROOM);
	size_t n = build_frame(&b, frame, BUILD_ROOM), ip = ETHERNET + (tagged ? 4 : 0);
	cut_up(f, frame, ip, n, 0);
	arrive(f, e);
	b.seq++;
	b.flags = 16;
	for (size_t at = 0, sent = 1; at < length; at += b.payload.n, sent++) {
		size_t most = random_chance(&f->r, 20) ? f->segment_most : 3000;
		b.payload = (struct tf_span){stream + at, 1 + random_size(&f->r, most)};
		if (b.payload.n > length - at)
			b.payload.n = length - at;
		n = build_frame(&b, frame, BUILD_ROOM);
		f->lossy = random_chance(&f->r, 10);
		if (f->lossy)
			cut_up(f, frame, ip, n, f->depth);
		cut_up(f, frame, ip, n, f->depth);
		b.seq += (uint32_t)b.payload.n;
		if (sent % FLIGHT == 0)
			arrive(f, e);
	}
	arrive(f, e);
	free(frame);
}

/* small: those that lost a fragment have to go some time */
static void check_counters(const struct tf_engine *e, bool small)
{
	struct tf_counters c;
	tf_engine_counters(e, &c);
	uint64_t sum = 0;
#define ADD(name, ...) sum += c.name;
	TF_FATES(ADD)
#undef ADD
	MUST_BE(sum == c.frames);
	MUST_BE(c.tcp_segments + c.fragments + c.drop_fragments == c.frames);
	MUST_BE(c.datagrams_overlap == 0 && c.datagrams_bad_end == 0);
	MUST_BE(small || c.datagrams_evicted == 0);
	MUST_BE((c.drop_fragments == 0) ==
	        (c.datagrams_unfinished + c.datagrams_timeout + c.datagrams_evicted == 0));
}

static void streams(uint64_t seed)
{
	static struct flight flight;
	flight = (struct flight){.r = {.state = seed}, .segment_most = 60000, .depth = 2};
	bool small = random_chance(&flight.r, 10), reads = random_chance(&flight.r, 50);
	size_t length = small ? LONG_STREAM : 1 + random_size(&flight.r, STREAM);
	if (small) { /* what waits at a time has to fit */
		flight.segment_most = 20000;
		flight.depth = 0;
	}
	uint8_t *stream = malloc(length), *got = malloc(length);
	for (size_t i = 0; i < length; i++)
		stream[i] = (uint8_t)(random_next(&flight.r) | 1);
	struct tf_config cfg;
	struct recorder r;
	tf_config_init(&cfg);
	cfg.memory = small ? LEAST_MEMORY : (size_t)64 << 20;
	cfg.workers = 1 + (unsigned)random_size(&flight.r, 2);
	recorder_init(&r, TF_PLACED);
	struct tf_engine *e = tf_engine_new(&cfg, NULL);
	MUST_BE(e != NULL && tf_engine_attach(e, &r.sink, NULL));
	char path[] = "/tmp/tcpflow-fragments-XXXXXX";
	if (reads) {
		MUST_BE(close(mkstemp(path)) == 0);
		flight.file = pcapfile_new(path, PCAPFILE_CLASSIC, BUILD_LINK_TYPE);
		MUST_BE(flight.file != NULL);
	}
	send_stream(&flight, e, stream, length);
	if (reads) {
		MUST_BE(pcapfile_close(flight.file) && tf_engine_read(e, path, NULL));
		MUST_BE(unlink(path) == 0);
	}
	MUST_BE(tf_engine_finish(e, NULL));
	check_counters(e, small);
	MUST_BE(r.fault[0] == '\0' && r.flows == 1 && r.flow[0]->dir[0].streams == 1);
	const struct recorder_stream *s = &r.flow[0]->dir[0].stream[0];
	MUST_BE(recorder_start(s) == 0 && recorder_end(s) == (int64_t)length);
	MUST_BE(recorder_copy(s, 0, got, length) == length && memcmp(got, stream, length) == 0);
	tf_engine_free(e);
	recorder_free(&r);
	free(stream);
	free(got);
}

/* -- plain ------------------------------------------------------------------------------- */

/* Fragments of a few datagrams, most of them as an honest sender cuts them. */
static struct tf_fragment pick(struct random *r, unsigned number, size_t step, size_t length,
                               uint8_t *bytes)
{
	size_t pieces = (length + step - 1) / step;
	size_t from = random_size(r, pieces) * step, to = from + step;
	if (random_chance(r, 3))
		from = from + 8 * random_size(r, 4);
	if (random_chance(r, 3))
		to += 8 * random_size(r, 4);
	if (to > length)
		to = length;
	if (random_chance(r, 1))
		to += random_size(r, 9);
	if (to < from)
		to = from;
	uint8_t version = random_chance(r, 5) ? 99 : 0;
	for (size_t i = 0; i < to - from; i++)
		bytes[i] = (uint8_t)((from + i) / 3 + version);
	return (struct tf_fragment){.ip6 = number & 1,
	                            .id = number,
	                            .protocol = 6,
	                            .header = number & 1 ? 0 : 20,
	                            .more = to < length,
	                            .offset = (uint32_t)from,
	                            .payload = {bytes, to - from}};
}

static void plain(uint64_t seed)
{
	static uint8_t bytes[ROOM], mine[ROOM], other[ROOM];
	enum { DATAGRAMS = 8, TIMES = 2000 };
	struct random r = {.state = seed};
	struct tf_counters counters = {0};
	struct defrag_setup setup = {.seed = seed,
	                             .ip4 = (enum defrag_policy)random_size(&r, 4),
	                             .ip6 = (enum defrag_policy)random_size(&r, 4),
	                             .ip4_timeout_ns = 30 * INT64_C(1000000000),
	                             .ip6_timeout_ns = 60 * INT64_C(1000000000),
	                             .counters = &counters};
	struct plain p = {.ip4 = setup.ip4, .ip6 = setup.ip6};
	struct arena arena;
	struct defrag d;
	MUST_BE(arena_init(&arena, 1 << 20, NULL) && defrag_init(&d, &arena, 1 << 20, &setup));
	size_t step[DATAGRAMS], length[DATAGRAMS];
	int64_t now_ns = 0;
	for (unsigned i = 0; i < DATAGRAMS; i++) {
		step[i] = 8 * (1 + random_size(&r, 300));
		length[i] = step[i] * (1 + random_size(&r, 24)) - random_size(&r, 8);
	}
	for (unsigned i = 0; i < TIMES; i++) {
		unsigned number = (unsigned)random_size(&r, DATAGRAMS);
		struct tf_fragment f = pick(&r, number, step[number], length[number], bytes);
		f.ecn = random_chance(&r, 1) ? 2 : 0;
		f.cut = random_chance(&r, 1) ? 8 : 0;
		f.ts_ns = now_ns += (int64_t)random_size(&r, 300) * 1000000;
		struct tf_datagram a, b = {0};
		enum defrag_answer answer = defrag_take(&d, &f, &a);
		MUST_BE(answer == plain_take(&p, number, &f, &b, other) && d.lost == p.lost);
		if (answer != DEFRAG_COMPLETE)
			continue;
		defrag_gather(&d, mine);
		MUST_BE(a.payload.n == b.payload.n && memcmp(mine, other, a.payload.n) == 0);
	}
	MUST_BE(defrag_check(&d));
	defrag_finish(&d);
	MUST_BE(d.cells.used == 0);
	completed += counters.datagrams;
	while (p.count > 0)
		plain_remove(&p, 0, true);
	arena_free(&arena);
}

int main(int argc, char **argv)
{
	uint64_t seeds = argc > 1 ? strtoull(argv[1], NULL, 10) : 60;
	uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	for (seed_now = first; seed_now < first + seeds; seed_now++) {
		streams(seed_now);
		plain(seed_now);
	}
	MUST_BE(seeds < 20 || completed > seeds); /* plain ones: else nothing was compared */
	(void)printf("%" PRIu64 " seeds, %" PRIu64 " datagrams\n", seeds, completed);
	return 0;
}
