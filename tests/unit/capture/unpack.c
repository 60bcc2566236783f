/* SPDX-License-Identifier: BSD-3-Clause */
/* Packed captures: any packer, members and pieces; cuts and damage are told, and
   what comes before them is read. */
#include "packed.h"
#include "store.h"

#include "capture/unpack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct store store;
static struct bytes plain;           /* a capture of RECORDS frames */
static struct reading_result wanted; /* what reading it gives */

enum { RECORDS = 300 };

static int set_up(void **state)
{
	(void)state;
	store_init(&store, 300 * 1024, STORE_BLOCKS);
	plain.little = true;
	put_pcap(&plain, 0xa1b2c3d4, 1);
	for (uint32_t i = 0; i < RECORDS; i++) {
		put_record(&plain, i, 0, i * 3, i * 3);
		put_pattern(&plain, i * i, i * 3);
	}
	struct origin from = origin_memory(span_of(&plain));
	wanted = read_all(&from, &store, NULL, NULL);
	return wanted.frames == RECORDS ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	free(plain.p);
	store_free(&store);
	return 0;
}

static struct reading_result read_packed(struct tf_span packed, size_t most)
{
	struct pieces p = {.left = packed, .most = most};
	struct origin from = pieces_origin(&p);
	return read_all(&from, &store, NULL, NULL);
}

static void is_whole(const struct reading_result *r)
{
	assert_int_equal(r->end, SOURCE_END);
	assert_int_equal(r->frames, RECORDS);
	assert_true(r->hash == wanted.hash);
}

/* It is told by content, whatever the pieces are in which it comes. */
static void each_packer(void **state)
{
	static const size_t most[] = {1, 2, 7, 1000, 65536, 1 << 20};
	(void)state;
	for (int i = 0; i < PACKS; i++) {
		struct bytes b = {0};
		put_packed(&b, &packs[i], span_of(&plain));
		assert_string_equal(unpack_packer(span_of(&b)), packs[i].name);
		for (size_t k = 0; k < sizeof most / sizeof most[0]; k++) {
			struct reading_result r = read_packed(span_of(&b), most[k]);
			is_whole(&r);
		}
		free(b.p);
	}
	assert_null(unpack_packer(span_of(&plain)));
	assert_null(unpack_packer((struct tf_span){(const uint8_t *)"\x1f", 1}));
	assert_null(unpack_packer((struct tf_span){NULL, 0}));
}

/* Members of all packers in one file, empty ones too, with zeros between them. */
static void members(void **state)
{
	static const uint8_t skippable[] = {0x57, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'a', 'b', 'c'};
	(void)state;
	struct bytes b = {0};
	size_t at = 0;
	put(&b, skippable, sizeof skippable);
	for (size_t i = 0; at < plain.n; i++) {
		size_t n = i * 97;
		n = n < plain.n - at ? n : plain.n - at;
		put_packed(&b, &packs[i % PACKS], (struct tf_span){plain.p + at, n});
		put_fill(&b, 0, i % 9);
		at += n;
	}
	for (size_t most = 1; most < 100000; most *= 3) {
		struct reading_result r = read_packed(span_of(&b), most);
		is_whole(&r);
	}
	free(b.p);
}

static uint64_t prefix_hashes[RECORDS + 1];

static void note(void *arg, const struct tf_frame *f)
{
	uint64_t *hashes = arg;
	if (f->number <= RECORDS)
		hashes[f->number] = frame_hash(f, hashes[f->number - 1]);
}

/* The frames are the first ones of the whole. */
static void is_prefix(const struct reading_result *r)
{
	assert_true(r->frames <= RECORDS);
	assert_true(r->hash == prefix_hashes[r->frames]);
}

/* A cut at any place is told, and gives what the format can give. */
static void cuts(void **state)
{
	(void)state;
	struct origin from = origin_memory(span_of(&plain));
	(void)read_all(&from, &store, note, prefix_hashes);
	for (int i = 0; i < PACKS; i++) {
		struct bytes b = {0};
		char words[80];
		uint64_t latest = 0;
		put_packed(&b, &packs[i], span_of(&plain));
		(void)snprintf(words, sizeof words, ": its %s data are cut off", packs[i].name);
		for (size_t n = UNPACK_LOOK; n < b.n; n += 1 + n / 50) {
			struct reading_result r = read_packed((struct tf_span){b.p, n}, 4096);
			assert_int_equal(r.end, SOURCE_DAMAGED);
			assert_int_equal(r.err.status, TF_DAMAGED);
			assert_non_null(strstr(r.err.text, words));
			is_prefix(&r);
			assert_true(r.frames >= latest); /* more input, not less output */
			latest = r.frames;
		}
		free(b.p);
	}
}

/* Only the last bytes (sums, end marks) are missing: all frames are there. */
static void cut_at_the_end(void **state)
{
	(void)state;
	for (int i = 0; i < PACKS; i++) {
		struct bytes b = {0};
		put_packed(&b, &packs[i], span_of(&plain));
		struct reading_result r = read_packed((struct tf_span){b.p, b.n - 1}, 777);
		assert_int_equal(r.end, SOURCE_DAMAGED);
		assert_int_equal(r.frames, RECORDS);
		free(b.p);
	}
}

/* No flipped bit goes unnoticed, except in a header's unimportant ones; what is read
   before the failure is told to be damaged in any case. */
static void damage(void **state)
{
	(void)state;
	for (int i = 0; i < PACKS; i++) {
		struct bytes b = {0};
		put_packed(&b, &packs[i], span_of(&plain));
		for (size_t at = 0; at < b.n; at += 1 + at / 40) {
			b.p[at] ^= (uint8_t)(1U << at % 8);
			struct reading_result r = read_packed(span_of(&b), 1 + at);
			assert_true(r.end == SOURCE_DAMAGED || r.hash == wanted.hash);
			b.p[at] ^= (uint8_t)(1U << at % 8);
		}
		free(b.p);
	}
}

/* The last sum is wrong: that is told, and all frames are there. */
static void wrong_sum(void **state)
{
	(void)state;
	for (int i = 0; i < PACKS; i++) {
		struct bytes b = {0};
		put_packed(&b, &packs[i], span_of(&plain));
		/* The last bits of bzip2's last byte are there to fill it up; gzip ends with
		   the length, which is checked too. */
		b.p[b.n - 3] ^= 0x40;
		struct reading_result r = read_packed(span_of(&b), 1 << 20);
		assert_int_equal(r.end, SOURCE_DAMAGED);
		assert_non_null(strstr(r.err.text, " data are damaged ("));
		assert_int_equal(r.frames, RECORDS);
		free(b.p);
	}
}

static void says(struct tf_span packed, const char *end)
{
	struct reading_result r = read_packed(packed, 1000);
	assert_int_equal(r.end, SOURCE_DAMAGED);
	size_t n = strlen(r.err.text), m = strlen(end);
	if (n < m || strcmp(r.err.text + n - m, end) != 0)
		fail_msg("'%s' does not end with '%s'", r.err.text, end);
}

static void what_is_said(void **state)
{
	(void)state;
	for (int i = 0; i < PACKS; i++) {
		struct bytes b = {0}, twice = {0}, empty = {0};
		put_packed(&b, &packs[i], span_of(&plain));
		put_packed(&twice, &packs[PACKS - 1 - i], span_of(&b));
		put_packed(&empty, &packs[i], (struct tf_span){b.p, 0});
		says(span_of(&twice), "t.cap is packed more than once: unpack it first");
		says(span_of(&empty), "t.cap is empty");
		put(&b, "\0\0garbage", 9);
		says(span_of(&b), ": what follows its packed data is not packed");
		struct reading_result r = read_packed(span_of(&b), 99);
		assert_int_equal(r.frames, RECORDS);
		free(b.p);
		free(twice.p);
		free(empty.p);
	}
}

/* A window larger than what we give is refused before it is made. */
static void greedy(void **state)
{
	(void)state;
	struct bytes b = {0};
	put_packed(&b, &packs[2], span_of(&plain));
	uint8_t *block = b.p + 12; /* of xz: length, flags, sizes, LZMA2, 1, the window, sums */
	size_t n = (block[0] + 1U) * 4 - 4;
	uint8_t *lzma2 = memchr(block + 2, 0x21, n);
	assert_true(lzma2 != NULL && lzma2[1] == 1);
	lzma2[2] = 32; /* 256 MiB */
	uint32_t sum = lzma_crc32(block, n, 0);
	for (size_t i = 0; i < 4; i++)
		block[n + i] = (uint8_t)(sum >> 8 * i);
	says(span_of(&b), ": its xz data take 256 MiB of memory to unpack, more than 128");
	/* zstd: no single segment, a window of 2^31 */
	static const uint8_t zstd[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 1, 0, 0, 0, 0, 0};
	says((struct tf_span){zstd, sizeof zstd},
	     "its zstd data are damaged (Frame requires too much memory for decoding)");
	free(b.p);
}

/* The origin below fails: errno says it. Progress counts packed bytes. */
static void below(void **state)
{
	(void)state;
	struct bytes b = {0};
	unsigned closed = 0;
	struct tf_error err;
	struct tf_frame f;
	put_packed(&b, &packs[0], span_of(&plain));
	struct pieces p = {{b.p, b.n - 20}, 1000, 0, EIO, &closed};
	struct origin from = pieces_origin(&p);
	struct reading_result r = read_all(&from, &store, NULL, NULL);
	assert_int_equal(r.end, SOURCE_DAMAGED);
	assert_non_null(strstr(r.err.text, strerror(EIO)));
	assert_int_equal(closed, 1);
	/* It may have words of its own. */
	p.left = (struct tf_span){b.p, b.n - 20};
	from = pieces_origin(&p);
	from.why = "words of its own";
	r = read_all(&from, &store, NULL, NULL);
	assert_non_null(strstr(r.err.text, ": words of its own"));

	from = origin_memory(span_of(&b));
	struct source *s = source_open_origin(&from, "t", 0, &store.as_store, &err);
	assert_non_null(s);
	while (source_next(s, &f, &err) == SOURCE_FRAME)
		assert_true(source_progress(s) <= b.n);
	assert_int_equal(source_progress(s), b.n);
	source_close(s);
	free(b.p);
}

static bool yes(void *arg)
{
	++*(unsigned *)arg;
	return true;
}

/* Whoever watches ends it before the next piece of the input is read. */
static void watched(void **state)
{
	(void)state;
	struct bytes b = {0};
	unsigned asked = 0;
	uint8_t to[100];
	put_packed(&b, &packs[0], span_of(&plain));
	struct origin o = origin_memory(span_of(&b));
	assert_true(unpack_origin(&o, (struct tf_span){NULL, 0},
	                          (struct watch){.over = yes, .arg = &asked}));
	assert_int_equal(o.kind->read(&o, to, sizeof to), -1);
	assert_int_equal(errno, EINTR);
	assert_int_equal(asked, 1);
	origin_close(&o);
	free(b.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_packer),  cmocka_unit_test(members),
	        cmocka_unit_test(cuts),         cmocka_unit_test(cut_at_the_end),
	        cmocka_unit_test(damage),       cmocka_unit_test(wrong_sum),
	        cmocka_unit_test(what_is_said), cmocka_unit_test(greedy),
	        cmocka_unit_test(below),        cmocka_unit_test(watched),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
