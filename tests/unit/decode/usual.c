/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way for usual frames against the layers: on frames of every kind, changed in every
 * byte of their headers and cut at every length, and on all captures that there are here and in
 * the folder that TCPFLOW_CORPUS names.
 */
#include "samples.h"
#include "same.h"

#include "capture/source.h"

#include <glob.h>
#include <stdio.h>

enum { CONFIGS = 3 };

/* Two decoders that are set up alike, one for each way. */
struct pair {
	struct decode quick, whole;
	unsigned usual, others; /* frames so far */
};

static struct pair pair_as(unsigned config)
{
	static const struct tf_config configs[CONFIGS] = {
	        {.decap = TF_DECAP_ALL, .esp_null = true},
	        {.decap = TF_DECAP_ALL, .key = TF_KEY_5TUPLE},
	        {.decap = 0},
	};
	struct pair p = {0};
	decode_init(&p.quick, &configs[config]);
	decode_init(&p.whole, &configs[config]);
	return p;
}

/* -> whether the frame went the short way */
static bool compare(struct pair *p, const struct tf_frame *frame, const char *name)
{
	enum fate fate;
	const char *differs = ways_differ(&p->quick, &p->whole, frame, &fate);
	if (differs != NULL)
		fail_msg("%s, frame %u: %s differs", name, (unsigned)frame->number, differs);
	bool usual = p->quick.link == NULL && fate == FATE_tcp_segments;
	p->usual += usual;
	p->others += !usual;
	return usual;
}

/* From memory of exactly that size, so that a sanitizer sees every read beyond. */
static bool compare_bytes(struct pair *p, const struct build *f, size_t captured, const char *name)
{
	uint8_t *bytes = malloc(captured);
	assert_true(captured == 0 || bytes != NULL);
	if (captured > 0)
		memcpy(bytes, f->b, captured);
	const struct tf_frame frame = {.bytes = bytes,
	                               .captured = (uint32_t)captured,
	                               .length = (uint32_t)f->n,
	                               .ts_ns = 1234567890123,
	                               .link_type = f->link,
	                               .source = 23,
	                               .number = 99,
	                               .position = 1000};
	bool usual = compare(p, &frame, name);
	free(bytes);
	return usual;
}

/* As a sender makes it; put_ip4() leaves it to the card. */
static void mend(struct build *f)
{
	mend_header(f->b, f->n, f->ip);
}

/* -- frames that are usual, and nearly so --------------------------------------------- */

static void one_tag(struct build *f)
{
	put_ethernet(f, 0x8100);
	put_tag(f, 0xe001, 0x0800);
	put_ip4_tcp(f);
}

static void two_tags(struct build *f)
{
	put_ethernet(f, 0x88a8);
	put_tag(f, 0x0000, 0x8100); /* priority alone */
	put_tag(f, 0x0fff, 0x86dd);
	put_ip6_tcp(f);
}

static void with_options(struct build *f)
{
	put_ethernet(f, 0x0800);
	put_ip4(f, 6, 60 + 5);
	put_tcp(f, 60, 5);
	put_fill(f, 7, 0xdd); /* padding */
}

static void without_payload(struct build *f)
{
	put_ethernet(f, 0x86dd);
	put_ip6(f, 6, 20);
	put_tcp(f, 20, 0);
}

static void three_tags(struct build *f)
{
	put_ethernet(f, 0x88a8);
	put_tag(f, 3, 0x8100);
	put_tag(f, 4, 0x8100);
	put_tag(f, 5, 0x0800);
	put_ip4_tcp(f);
}

/* Which add nothing to the checksum of what stands before them. */
static void no_options(struct build *f)
{
	put_ethernet(f, 0x0800);
	put_ip4(f, 6, 4 + 20 + 5);
	f->b[f->ip]++;
	put_fill(f, 4, 0);
	put_tcp(f, 20, 5);
}

static void fragment(struct build *f)
{
	put_ethernet(f, 0x0800);
	put_ip4_tcp(f);
	set16(f, f->ip + 6, 0x2000);
}

static void datagram(struct build *f)
{
	put_ethernet(f, 0x0800);
	put_ip4(f, 17, 8 + 32);
	put_fill(f, 40, 0);
}

static void extended(struct build *f)
{
	put_ethernet(f, 0x86dd);
	put_ip6(f, 60, 8 + 20 + 5);
	put_extension(f, 6, 0);
	put_tcp(f, 20, 5);
}

static const struct usual_row {
	void (*put)(struct build *f);
	const char *name;
	bool usual;
} usual_rows[] = {
        {sample_ethernet, "ethernet", true}, {with_options, "with-options", true},
        {one_tag, "one-tag", true},          {two_tags, "two-tags", true},
        {without_payload, "empty", true},    {three_tags, "three-tags", false},
        {sample_options, "options", false},  {sample_sizeless, "sizeless", false},
        {fragment, "fragment", false},       {datagram, "datagram", false},
        {extended, "extended", false},       {no_options, "no-options", false},
};

enum { ROWS = sizeof usual_rows / sizeof *usual_rows };

static void short_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		struct pair p = pair_as(0);
		struct build f = {.link = 1};
		usual_rows[i].put(&f);
		mend(&f);
		if (compare_bytes(&p, &f, f.n, usual_rows[i].name) != usual_rows[i].usual)
			fail_msg("%s: %s", usual_rows[i].name,
			         usual_rows[i].usual ? "not usual" : "usual");
		f.link = 101; /* only the link type says that Ethernet begins the frame */
		assert_false(compare_bytes(&p, &f, f.n, usual_rows[i].name));
		f.link = 1;
		f.b[f.ip + 10] ^= 1; /* IPv4: damage */
		bool usual = f.b[f.ip] >> 4 == 6 && usual_rows[i].usual;
		assert_int_equal(compare_bytes(&p, &f, f.n, usual_rows[i].name), usual);
	}
}

/* A checksum of 0 is one that was not made, whatever it would be: it shows nothing. */
static void right_by_chance(void **state)
{
	(void)state;
	struct pair p = pair_as(0);
	struct build f = {.link = 1};
	sample_ethernet(&f);
	set16(&f, f.ip + 4, 0);
	mend(&f);
	memcpy(f.b + f.ip + 4, f.b + f.ip + 10, 2); /* moves to the identification */
	mend(&f);
	assert_int_equal(f.b[f.ip + 10] << 8 | f.b[f.ip + 11], 0);
	assert_false(compare_bytes(&p, &f, f.n, "by chance"));
}

/* Every value of every byte of the headers, with the checksum as it is then, and made to fit. */
static void changed_bytes(void **state)
{
	(void)state;
	for (unsigned k = 0; k < CONFIGS * ROWS; k++) {
		struct pair p = pair_as(k / ROWS);
		struct build f = {.link = 1};
		usual_rows[k % ROWS].put(&f);
		mend(&f);
		for (size_t at = 12; at < f.n; at++) {
			uint8_t was = f.b[at];
			for (unsigned v = 0; v < 256; v++) {
				f.b[at] = (uint8_t)v;
				(void)compare_bytes(&p, &f, f.n, usual_rows[k % ROWS].name);
				mend(&f);
				(void)compare_bytes(&p, &f, f.n, usual_rows[k % ROWS].name);
			}
			f.b[at] = was;
			mend(&f);
		}
		assert_true(p.others > 0);
	}
}

static void cut_frames(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS + SAMPLES; i++) {
		struct pair p = pair_as(0);
		struct build f = {.link = i < ROWS ? 1 : sample_rows[i - ROWS].link};
		(i < ROWS ? usual_rows[i].put : sample_rows[i - ROWS].put)(&f);
		mend(&f);
		for (size_t n = 0; n <= f.n; n++)
			(void)compare_bytes(&p, &f, n, "cut");
	}
}

/* -- captures --------------------------------------------------------------------------- */

static struct block *take(void *arg)
{
	enum { ROOM = 1 << 19 };
	(void)arg;
	struct block *b = malloc(sizeof *b + ROOM);
	assert_non_null(b);
	*b = (struct block){.bytes = (uint8_t *)(b + 1), .size = ROOM, .users = 1};
	return b;
}

static void give(void *arg, struct block *b)
{
	(void)arg;
	free(b);
}

static void compare_capture(struct pair *p, const char *path)
{
	const struct block_store store = {.take = take, .give = give};
	struct tf_error err;
	struct tf_frame frame;
	struct source *s = source_open(path, 1, &store, &err);
	while (s != NULL && source_next(s, &frame, NULL) == SOURCE_FRAME)
		(void)compare(p, &frame, path);
	source_close(s);
}

/* -> whether there is such a folder */
static bool compare_folder(struct pair *p, const char *folder, const char *below)
{
	char pattern[4096];
	glob_t found;
	if (folder == NULL)
		return false;
	(void)snprintf(pattern, sizeof pattern, "%s/%s/*", folder, below);
	if (glob(pattern, 0, NULL, &found) != 0)
		return false;
	for (size_t i = 0; i < found.gl_pathc; i++)
		compare_capture(p, found.gl_pathv[i]);
	globfree(&found);
	return true;
}

static void captures(void **state)
{
	(void)state;
	const char *here = getenv("TCPFLOW_SOURCE"), *corpus = getenv("TCPFLOW_CORPUS");
	if (here == NULL)
		skip();
	for (unsigned i = 0; i < CONFIGS; i++) {
		struct pair p = pair_as(i);
		assert_true(compare_folder(&p, here, "examples"));
		assert_true(compare_folder(&p, here, "tests/golden/captures"));
		(void)compare_folder(&p, corpus, ".");
		(void)compare_folder(&p, corpus, "robust");
		assert_true(p.usual > 100);
		print_message("%u frames went the short way, %u did not\n", p.usual, p.others);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(short_ways),    cmocka_unit_test(right_by_chance),
	        cmocka_unit_test(changed_bytes), cmocka_unit_test(cut_frames),
	        cmocka_unit_test(captures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
