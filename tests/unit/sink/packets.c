/* SPDX-License-Identifier: BSD-3-Clause */
/* Capture files of connections that are taken away while they are closed. */
#include "recording.h"

#include "sink/packets.h"

enum { ETHERNET = 1, SLL = 113, MEMORY = 1 << 20, HEAD = 24, RECORD = 16 };

/* A recorder of packets, in the folder of a recording. */
static struct recorder {
	struct recording folder;
	struct arena arena;
	struct chunk_pool chunks;
	struct sink_share share;
	struct packets_setup setup;
	struct tf_sink sink;
	void *self;
	uint64_t frames;
} r;

static void begin(enum tf_packets_format format)
{
	struct tf_error err;
	r = (struct recorder){0};
	start(&r.folder, 1, 4);
	assert_true(arena_init(&r.arena, MEMORY, &err));
	assert_true(chunk_pool_init(&r.chunks, &r.arena, 16));
	r.share = (struct sink_share){.arena = &r.arena,
	                              .chunks = &r.chunks,
	                              .flows_max = FLOWS,
	                              .flows_awake = FLOWS,
	                              .seed = 7};
	r.setup = (struct packets_setup){.dir = &r.folder.dir,
	                                 .descriptors = 1,
	                                 .names = &r.folder.names,
	                                 .format = format,
	                                 .share = &r.share};
	r.sink = packets_sink(&r.setup);
	r.self = r.sink.open(r.sink.arg, 0, 1, &err);
	assert_non_null(r.self);
}

static void event(struct tf_event *ev)
{
	struct tf_error err;
	assert_true(r.sink.event(r.self, ev, &err));
}

static void frame(unsigned flow, uint32_t link_type, const char *bytes)
{
	struct talk *t = &r.folder.talk[flow];
	const struct tf_segment s = {.frame = {.bytes = (const uint8_t *)bytes,
	                                       .captured = (uint32_t)strlen(bytes),
	                                       .length = (uint32_t)strlen(bytes),
	                                       .link_type = link_type}};
	event(&(struct tf_event){.kind = TF_SEGMENT,
	                         .flow = &t->flow,
	                         .segment = &s,
	                         .frame = ++r.frames,
	                         .slot = &t->slot[0]});
}

static void write_out(void)
{
	while (r.chunks.reclaim(r.chunks.reclaim_arg)) {
	}
}

/* Flow 0 has files, which are closed, since flow 1 has the only descriptor; then they are moved. */
static void move_away(void)
{
	write_out();
	frame(1, ETHERNET, "other");
	write_out();
	assert_int_equal(system("mkdir away && mv in/*.01000-* away"), 0);
}

static void end(void)
{
	struct tf_error err;
	struct tf_counters c = {0};
	for (unsigned k = 0; k < 2; k++) {
		struct talk *t = &r.folder.talk[k];
		event(&(struct tf_event){.kind = TF_END,
		                         .dir = TF_BOTH,
		                         .flow = &t->flow,
		                         .end = TF_END_FIN,
		                         .account = t->account,
		                         .record = t->record,
		                         .slot = t->slot});
	}
	r.sink.count(r.self, &c);
	assert_int_equal(c.files_remade, 1);
	assert_int_equal(c.packet_files, 3);
	assert_true(r.sink.close(r.self, &err));
	arena_free(&r.arena);
}

static const uint8_t *contents(const char *suffix, size_t *n)
{
	static uint8_t got[2000];
	char path[NAME_ROOM + 20];
	(void)snprintf(path, sizeof path, "%s%s", path0(&r.folder), suffix);
	*n = read_file(path, got, sizeof got);
	return got;
}

/* The new file has a header of its own, and behind it what came later. */
static void pcap_goes_on(void **state)
{
	(void)state;
	begin(TF_PACKETS_PCAP);
	frame(0, SLL, "first");
	move_away();
	frame(0, SLL, "second");
	frame(0, SLL, "third");
	end();
	size_t n;
	const uint8_t *p = contents(".pcap", &n);
	assert_int_equal(n, HEAD + RECORD + 6 + RECORD + 5);
	assert_memory_equal(p, "\xd4\xc3\xb2\xa1\2\0\4\0", 8);
	assert_int_equal(p[20], SLL);
	assert_memory_equal(p + HEAD + RECORD, "second", 6);
	assert_memory_equal(p + HEAD + RECORD + 6 + RECORD, "third", 5);
	clean_up(&r.folder);
}

/* The same, and interfaces keep their numbers; one that is told in what is not written yet is told
   once. */
static void pcapng_goes_on(void **state)
{
	(void)state;
	begin(TF_PACKETS_PCAPNG);
	frame(0, ETHERNET, "1111");
	frame(0, SLL, "2222");
	move_away();
	frame(0, SLL, "3333");
	frame(0, 101, "4444");
	frame(0, ETHERNET, "5555");
	end();
	enum { SECTION = 0x0a, INTERFACE = 1, PACKET = 6 };
	static const struct {
		uint8_t type, at, value;
	} blocks[] = {{SECTION, 8, 0x4d}, {INTERFACE, 8, ETHERNET}, {INTERFACE, 8, SLL},
	              {PACKET, 8, 1},     {INTERFACE, 8, 101},      {PACKET, 8, 2},
	              {PACKET, 8, 0}};
	size_t n, at = 0;
	const uint8_t *p = contents(".pcapng", &n);
	for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
		assert_true(at + 12 <= n);
		assert_int_equal(p[at], blocks[i].type);
		assert_int_equal(p[at + blocks[i].at], blocks[i].value);
		at += p[at + 4];
	}
	assert_int_equal(at, n);
	assert_memory_equal(p + n - 8, "5555", 4);
	clean_up(&r.folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(pcap_goes_on),
	        cmocka_unit_test(pcapng_goes_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
