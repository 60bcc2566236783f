/* SPDX-License-Identifier: BSD-3-Clause */
/* pcapng: sections, interfaces, every kind of block, every cut. */
#include "bytes.h"
#include "store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct store store;
static struct bytes file;

static int set_up(void **state)
{
	(void)state;
	store_init(&store, 512 * 1024, STORE_BLOCKS);
	file = (struct bytes){.little = true};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(file.p);
	store_free(&store);
	return 0;
}

static void keep(void *arg, const struct tf_frame *f)
{
	struct tf_frame **to = arg;
	*(*to)++ = *f;
}

static struct reading_result read_part(size_t n, struct tf_frame *to)
{
	struct origin from = origin_memory((struct tf_span){file.p, n});
	return read_all(&from, &store, to != NULL ? keep : NULL, &to);
}

static void expect(const struct tf_frame *f, uint32_t link_type, int64_t ts_ns, uint32_t captured,
                   uint32_t length)
{
	assert_int_equal(f->link_type, link_type);
	assert_int_equal(f->ts_ns, ts_ns);
	assert_int_equal(f->captured, captured);
	assert_int_equal(f->length, length);
	assert_memory_equal(f->bytes, file.p + f->position, captured);
}

/* A first section with one Ethernet interface of microseconds. */
static void start(void)
{
	put_section(&file, true);
	put_interface(&file, 1, 0, 6, 0);
}

static void put_old_packet(uint32_t interface, uint32_t ticks, uint32_t n)
{
	size_t at = block_start(&file, 2);
	put16(&file, (uint16_t)interface);
	put16(&file, 0xffff);
	put32(&file, 0);
	put32(&file, ticks);
	put32(&file, n);
	put32(&file, n);
	put_pattern(&file, n, n);
	put_fill(&file, 0, (4 - n % 4) % 4);
	put_comment(&file, "old");
	block_end(&file, at);
}

static void put_simple_packet(uint32_t length, uint32_t n)
{
	size_t at = block_start(&file, 3);
	put32(&file, length);
	put_pattern(&file, n, n);
	block_end(&file, at);
}

static void put_secrets(uint32_t type, const char *text, const char *comment)
{
	size_t at = block_start(&file, 10);
	put32(&file, type);
	put32(&file, (uint32_t)strlen(text));
	put(&file, text, strlen(text));
	put_fill(&file, 0, (4 - strlen(text) % 4) % 4);
	if (comment != NULL)
		put_comment(&file, comment);
	block_end(&file, at);
}

static void two_sections(void **state)
{
	(void)state;
	struct tf_frame f[8];
	for (int big_first = 0; big_first < 2; big_first++) {
		file.n = 0;
		put_section(&file, !big_first);
		put_interface(&file, 1, 0, 6, 0);
		put_interface(&file, 101, 0, 9, -1);
		put_packet(&file, 0, 5000000, 61);
		put_packet(&file, 1, 5000000001, 62);
		put_section(&file, big_first);
		put_interface(&file, 113, 40, 0x80 | 4, 100);
		put_packet(&file, 0, 24, 63);
		struct reading_result r = read_part(file.n, f);
		assert_int_equal(r.end, SOURCE_END);
		assert_int_equal(r.frames, 3);
		expect(&f[0], 1, 5000000000, 61, 61);
		expect(&f[1], 101, 4000000001, 62, 62);
		expect(&f[2], 113, 101500000000, 63, 63);
		assert_true(is_pattern(f[2].bytes, 63, 63));
	}
}

/* An interface of the section before does not count. */
static void interfaces_are_of_their_section(void **state)
{
	(void)state;
	start();
	put_packet(&file, 0, 1, 10);
	put_section(&file, true);
	put_packet(&file, 0, 1, 10);
	struct reading_result r = read_part(file.n, NULL);
	assert_int_equal(r.frames, 1);
	assert_int_equal(r.end, SOURCE_DAMAGED);
	assert_string_equal(r.err.text, "t.cap: block 5 at byte 144 is a packet of interface 0, "
	                                "which is not described");
}

static void simple_and_old(void **state)
{
	(void)state;
	struct tf_frame f[8];
	put_section(&file, true);
	put_interface(&file, 1, 32, 6, 0);
	put_simple_packet(20, 20);
	put_old_packet(0, 7, 21);
	put_simple_packet(1000, 32);
	struct reading_result r = read_part(file.n, f);
	assert_int_equal(r.end, SOURCE_END);
	assert_int_equal(r.frames, 3);
	expect(&f[0], 1, 0, 20, 20); /* no time yet */
	expect(&f[1], 1, 7000, 21, 21);
	expect(&f[2], 1, 7000, 32, 1000); /* the snaplen is 32; the latest time */
	assert_int_equal(r.notes.comments, 1);
}

static void simple_claims_too_much(void **state)
{
	(void)state;
	start();
	put_simple_packet(24, 20);
	struct reading_result r = read_part(file.n, NULL);
	assert_int_equal(r.end, SOURCE_DAMAGED);
	assert_string_equal(r.err.text,
	                    "t.cap: block 3 at byte 72 claims 24 captured bytes and has "
	                    "room for 20");
}

static void comments_everywhere(void **state)
{
	(void)state;
	size_t at = block_start(&file, 0x0a0d0d0a);
	put32(&file, 0x1a2b3c4d);
	put32(&file, 1);
	put64(&file, 0);
	put_comment(&file, "of the section");
	block_end(&file, at);
	at = block_start(&file, 1);
	put32(&file, 1);
	put32(&file, 0);
	put_comment(&file, "of the interface");
	put_comment(&file, "and another");
	put32(&file, 0);
	put_comment(&file, "behind the end of the options");
	put_comment(&file, "and another");
	block_end(&file, at);
	at = packet_start(&file, 0, 1, 5, 5);
	put_pattern(&file, 5, 5);
	put_fill(&file, 0, 3);
	put_comment(&file, "of the packet");
	block_end(&file, at);
	at = block_start(&file, 4); /* names */
	put_option(&file, 1, "\1\2\3\4host", 9);
	put32(&file, 0);
	put_comment(&file, "of the names");
	block_end(&file, at);
	at = block_start(&file, 5); /* statistics */
	put_fill(&file, 1, 12);
	put_comment(&file, "of the statistics");
	block_end(&file, at);
	put_secrets(0x544c534b, "abc", "of the secrets");
	struct reading_result r = read_part(file.n, NULL);
	assert_int_equal(r.end, SOURCE_END);
	assert_int_equal(r.frames, 1);
	assert_int_equal(r.notes.comments, 7);
	assert_int_equal(r.notes.secrets, 1);
}

/* Options that lie about their length do no harm to the frame before them. */
static void broken_options(void **state)
{
	(void)state;
	start();
	size_t at = packet_start(&file, 0, 1, 4, 4);
	put_pattern(&file, 4, 4);
	put16(&file, 1);
	put16(&file, 9);
	put_fill(&file, 'x', 8);
	block_end(&file, at);
	at = block_start(&file, 1); /* and a clock in an option of the wrong length */
	put32(&file, 1);
	put32(&file, 0);
	put_option(&file, 9, "", 0);
	put_option(&file, 14, "1234", 4);
	block_end(&file, at);
	put_packet(&file, 1, 3, 4);
	struct tf_frame f[4];
	struct reading_result r = read_part(file.n, f);
	assert_int_equal(r.end, SOURCE_END);
	assert_int_equal(r.frames, 2);
	assert_int_equal(r.notes.comments, 0);
	expect(&f[1], 1, 3000, 4, 4);
}

static void secrets_are_kept(void **state)
{
	(void)state;
	start();
	put_secrets(0x544c534b, "CLIENT_RANDOM 1 2\n", NULL);
	put_secrets(0x57474b4c, "WireGuard", NULL);
	put_secrets(0x544c534b, "", NULL);
	put_secrets(0x544c534b, "no newline", NULL);
	put_secrets(0x544c534b, "x\n", NULL);
	struct origin from = origin_memory(span_of(&file));
	struct source *s = source_open_origin(&from, "t", 0, &store.as_store, NULL);
	struct tf_frame f;
	assert_non_null(s);
	assert_int_equal(source_next(s, &f, NULL), SOURCE_END);
	const struct source_notes *n = source_notes(s);
	const char *want = "CLIENT_RANDOM 1 2\nno newline\nx\n";
	assert_int_equal(n->secrets, 5);
	assert_int_equal(n->secrets_bytes, strlen(want));
	assert_memory_equal(n->secrets_data, want, strlen(want));
	source_close(s);
}

/* Key logs longer than a block, up to 1 MiB in all. */
static void long_secrets(void **state)
{
	(void)state;
	start();
	for (int i = 0; i < 4; i++) {
		size_t at = block_start(&file, 10);
		put32(&file, 0x544c534b);
		put32(&file, i == 3 ? 1000 : 700001);
		put_fill(&file, (uint8_t)('a' + i), i == 3 ? 1000 : 700001);
		block_end(&file, at);
	}
	put_packet(&file, 0, 1, 10);
	struct origin from = origin_memory(span_of(&file));
	struct source *s = source_open_origin(&from, "t", 0, &store.as_store, NULL);
	struct tf_frame f;
	assert_non_null(s);
	assert_int_equal(source_next(s, &f, NULL), SOURCE_FRAME);
	const struct source_notes *n = source_notes(s);
	assert_int_equal(n->secrets, 4);
	assert_int_equal(n->secrets_bytes, 700002 + 1001);
	assert_int_equal(n->secrets_data[700000], 'a');
	assert_int_equal(n->secrets_data[700001], '\n');
	assert_int_equal(n->secrets_data[700002], 'd');
	source_close(s);
}

static void unknown_blocks(void **state)
{
	(void)state;
	struct tf_frame f[4];
	start();
	put_packet(&file, 0, 1, 10);
	size_t at = block_start(&file, 0x0bad);
	put_pattern(&file, 1, 3 << 20);
	block_end(&file, at);
	put_packet(&file, 0, 2, 11);
	at = block_start(&file, 4); /* names, too long to look into */
	put_fill(&file, 1, 600000);
	block_end(&file, at);
	at = block_start(&file, 0x80000001);
	block_end(&file, at);
	put_packet(&file, 0, 3, 12);
	for (size_t piece = 1 << 20; piece > 999; piece /= 30) {
		struct pieces p = {.left = span_of(&file), .most = piece};
		struct origin from = pieces_origin(&p);
		struct tf_frame *to = f;
		struct reading_result r = read_all(&from, &store, keep, &to);
		assert_int_equal(r.end, SOURCE_END);
		assert_int_equal(r.frames, 3);
		expect(&f[0], 1, 1000, 10, 10);
		expect(&f[1], 1, 2000, 11, 11);
		expect(&f[2], 1, 3000, 12, 12);
	}
	struct reading_result r = read_part(2 << 20, NULL); /* cut within the long one */
	assert_int_equal(r.end, SOURCE_DAMAGED);
	assert_int_equal(r.frames, 1);
	assert_string_equal(r.err.text,
	                    "t.cap: cut off at byte 2097152 (block 4 needs 3145740 bytes, "
	                    "2097036 are there)");
}

static void store_u32(size_t at, uint32_t v)
{
	struct bytes b = {.little = file.little};
	put32(&b, v);
	memcpy(file.p + at, b.p, 4);
	free(b.p);
}

static void bad_lengths(void **state)
{
	(void)state;
	static const struct {
		size_t at; /* in the packet block at byte 72 of 44 bytes */
		uint32_t v;
		const char *said;
	} cases[] = {
	        {4, 0, "cannot be 0 bytes long"},
	        {4, 8, "cannot be 8 bytes long"},
	        {4, 43, "cannot be 43 bytes long"},
	        {4, UINT32_MAX - 3, "claims to be 4294967292 bytes long"},
	        {4, 28, "is too short for its kind"},
	        {4, 40, "says 40 bytes at its start and 3735928559 at its end"},
	        {40, 48, "says 44 bytes at its start and 48 at its end"},
	        {8, 1, "is a packet of interface 1, which is not described"},
	        {8, UINT32_MAX, "is a packet of interface 4294967295, which is not described"},
	        {20, 262145, "claims 262145 captured bytes"},
	        {20, UINT32_MAX, "claims 4294967295 captured bytes"},
	        {20, 13, "claims 13 captured bytes and has room for 12"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char said[200] = "t.cap: block 3 at byte 72 ";
		file.n = 0;
		start();
		size_t at = packet_start(&file, 0, 1, 9, 9);
		put_pattern(&file, 0, 8);
		put32(&file, 0xdeadbeef);
		block_end(&file, at);
		store_u32(at + cases[i].at, cases[i].v);
		struct reading_result r = read_part(file.n, NULL);
		assert_int_equal(r.end, SOURCE_DAMAGED);
		assert_int_equal(r.frames, 0);
		assert_string_equal(r.err.text, strcat(said, cases[i].said));
	}
}

/* However large the blocks of memory are, a block has one greatest length. */
static void too_long(void **state)
{
	(void)state;
	start();
	for (size_t n = FEED_MOST - 36; n <= FEED_MOST - 32; n += 4) {
		size_t at = packet_start(&file, 0, 1, 0, 0);
		put_fill(&file, 0, n);
		block_end(&file, at);
	}
	struct reading_result r = read_part(file.n, NULL);
	assert_int_equal(r.frames, 2);
	put_packet(&file, 0, 1, 4);
	size_t at = packet_start(&file, 0, 1, 0, 0);
	put_fill(&file, 0, FEED_MOST - 28);
	block_end(&file, at);
	r = read_part(file.n, NULL);
	assert_int_equal(r.frames, 3);
	assert_int_equal(r.end, SOURCE_DAMAGED);
	assert_non_null(strstr(r.err.text, " claims to be 458756 bytes long"));
}

/* Fewer or other bytes of secrets than the block has room for. */
static void bad_secrets(void **state)
{
	(void)state;
	start();
	size_t at = file.n;
	put_secrets(0x544c534b, "abcd", NULL);
	size_t whole = file.n;
	store_u32(at + 12, 5);
	struct reading_result r = read_part(whole, NULL);
	assert_int_equal(r.end, SOURCE_DAMAGED);
	assert_string_equal(r.err.text,
	                    "t.cap: block 3 at byte 72 claims 5 bytes of secrets and has "
	                    "room for 4");
	file.n = at;
	block_end(&file, block_start(&file, 10));
	r = read_part(file.n, NULL);
	assert_string_equal(r.err.text, "t.cap: block 3 at byte 72 is too short for its kind");
}

static void bad_sections(void **state)
{
	(void)state;
	put_section(&file, true);
	put_section(&file, true);
	store_u32(28 + 8, 0x12345678);
	struct reading_result r = read_part(file.n, NULL);
	assert_string_equal(r.err.text,
	                    "t.cap: block 2 at byte 28 starts a section without a byte-order mark");
	store_u32(28 + 8, 0x1a2b3c4d);
	store_u32(28 + 12, 2);
	r = read_part(file.n, NULL);
	assert_string_equal(r.err.text, "t.cap: block 2 at byte 28 is of pcapng version 2, not 1");
}

static void many_interfaces(void **state)
{
	(void)state;
	struct tf_frame f[2];
	put_section(&file, true);
	for (uint32_t i = 0; i < 65536; i++) {
		size_t at = block_start(&file, 1);
		put32(&file, i);
		put32(&file, 0);
		block_end(&file, at);
	}
	put_packet(&file, 65535, 1, 4);
	struct reading_result r = read_part(file.n, f);
	assert_int_equal(r.end, SOURCE_END);
	assert_int_equal(f[0].link_type, 65535);
	put_interface(&file, 1, 0, 6, 0);
	r = read_part(file.n, f);
	assert_int_equal(r.end, SOURCE_DAMAGED);
	assert_int_equal(r.frames, 1);
}

static void every_prefix(void **state)
{
	(void)state;
	struct {
		size_t end, frames;
	} ends[16];
	size_t n = 0, frames = 0;
#define BLOCK(put, more) (put, frames += more, ends[n].end = file.n, ends[n++].frames = frames)
	BLOCK(put_section(&file, true), 0);
	BLOCK(put_interface(&file, 1, 0, 6, 0), 0);
	BLOCK(put_packet(&file, 0, 1, 5), 1);
	BLOCK(put_simple_packet(9, 9), 1);
	BLOCK(put_old_packet(0, 1, 6), 1);
	BLOCK(put_secrets(0x544c534b, "abcde", "c"), 0);
	BLOCK(block_end(&file, block_start(&file, 99)), 0);
	BLOCK(put_section(&file, false), 0);
	BLOCK(put_interface(&file, 1, 0, 6, 0), 0);
	BLOCK(put_packet(&file, 0, 1, 7), 1);
#undef BLOCK
	for (size_t cut = 0; cut <= file.n; cut++) {
		struct reading_result r = read_part(cut, NULL);
		size_t whole = 0;
		while (whole < n && ends[whole].end <= cut)
			whole++;
		bool clean = whole > 0 && ends[whole - 1].end == cut;
		assert_int_equal(r.opened, cut >= 4);
		assert_int_equal(r.frames, whole > 0 ? ends[whole - 1].frames : 0);
		assert_int_equal(r.end, clean ? SOURCE_END : SOURCE_DAMAGED);
		assert_int_equal(r.err.status, clean ? TF_OK : TF_DAMAGED);
		if (cut >= 4 && !clean)
			assert_non_null(strstr(r.err.text, "cut off at byte"));
	}
}

static void across_blocks(void **state)
{
	(void)state;
	uint64_t whole = 0;
	start();
	for (uint32_t i = 0; i < 2500; i++)
		put_packet(&file, 0, i, i % 400 == 0 ? 262144 - i : i * 7919 % 1600);
	for (size_t piece = 1 << 20; piece > 60; piece /= 9) {
		for (unsigned most = 1; most <= READ_MOST; most *= 4) {
			struct pieces p = {.left = span_of(&file), .most = piece};
			struct origin from = pieces_origin(&p);
			struct reading_result r = read_by(most, &from, &store, NULL, NULL);
			assert_int_equal(r.end, SOURCE_END);
			assert_int_equal(r.frames, 2500);
			if (whole == 0)
				whole = r.hash;
			assert_true(r.hash == whole);
			assert_true(store.made >= 3);
		}
	}
}

/* Frames that are read together are those that are read one by one, and what is wrong is said
 * alike. */
static void check_together(void)
{
	struct origin from = origin_memory(span_of(&file));
	struct reading_result one = read_by(1, &from, &store, NULL, NULL);
	struct reading_result all = read_by(READ_MOST, &from, &store, NULL, NULL);
	assert_int_equal(one.opened, all.opened);
	assert_int_equal(one.end, all.end);
	assert_int_equal(one.frames, all.frames);
	assert_true(one.hash == all.hash);
	assert_int_equal(one.notes.comments, all.notes.comments);
	if (one.end == SOURCE_DAMAGED)
		assert_string_equal(one.err.text, all.err.text);
}

/* Each byte of packets of every kind is changed. */
static void together(void **state)
{
	static const uint8_t changes[] = {1, 2, 3, 4, 7, 8, 0x10, 0x40, 0x80, 0xff};
	(void)state;
	for (int little = 0; little < 2; little++) {
		file.n = 0;
		put_section(&file, little);
		put_interface(&file, 1, 0, 6, 0);
		put_interface(&file, 101, 0, 9, -1);
		for (uint32_t i = 0; i < 4; i++)
			put_packet(&file, i % 2, (uint64_t)(i + 1) << 32 | 5, 20 + i);
		size_t at = packet_start(&file, 0, 7, 5, 9);
		put_pattern(&file, 5, 5);
		put_fill(&file, 0, 3);
		put_comment(&file, "c");
		block_end(&file, at);
		put_packet(&file, 0, 8, 0);
		put_packet(&file, 1, 9, 8);
		put_simple_packet(20, 20);
		put_old_packet(1, 5, 6);
		for (size_t i = 0; i < file.n; i++) {
			uint8_t was = file.p[i];
			for (size_t k = 0; k < sizeof changes; k++) {
				file.p[i] = was ^ changes[k];
				check_together();
			}
			file.p[i] = was;
		}
		for (; file.n > 100; file.n--)
			check_together();
	}
}

/* What is damage is so where all of it is there, too. */
static void together_too_much(void **state)
{
	(void)state;
	start();
	put_packet(&file, 0, 1, 100000);
	put_packet(&file, 0, 2, 262145);
	check_together();
	assert_int_equal(read_part(file.n, NULL).frames, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(two_sections),
	        TEST(interfaces_are_of_their_section),
	        TEST(simple_and_old),
	        TEST(simple_claims_too_much),
	        TEST(together),
	        TEST(together_too_much),
	        TEST(comments_everywhere),
	        TEST(broken_options),
	        TEST(secrets_are_kept),
	        TEST(long_secrets),
	        TEST(unknown_blocks),
	        TEST(bad_lengths),
	        TEST(too_long),
	        TEST(bad_secrets),
	        TEST(bad_sections),
	        TEST(many_interfaces),
	        TEST(every_prefix),
	        TEST(across_blocks),
	};
	return cmocka_run_group_tests_name("capture/pcapng", tests, NULL, NULL);
}
