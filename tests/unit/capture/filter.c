/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

/* TCP from 10.0.0.1:4000 to 10.0.0.2:80, behind the longest link header used. */
static const uint8_t packet[] = {
        0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
        0x08, 0x00, 0x45, 0x00, 0x00, 0x28, 0x00, 0x01, 0x00, 0x00, 0x40, 0x06, 0x00, 0x00,
        10,   0,    0,    1,    10,   0,    0,    2,    0x0f, 0xa0, 0x00, 0x50, 0,    0,
        0,    1,    0,    0,    0,    0,    0x50, 0x02, 0xff, 0xff, 0,    0,    0,    0,
};

/* The packet with n bytes of link header. */
static struct tf_frame frame_of(uint32_t link_type, size_t n)
{
	uint32_t captured = (uint32_t)(sizeof packet - 16 + n);
	return (struct tf_frame){.bytes = packet + 16 - n,
	                         .captured = captured,
	                         .length = captured,
	                         .link_type = link_type};
}

static bool passes(const char *expression, uint32_t link_type, size_t n)
{
	struct tf_error err;
	struct filter *f = filter_new(expression, &err);
	struct tf_frame frame = frame_of(link_type, n);
	assert_non_null(f);
	bool first = filter_passes(f, &frame);
	assert_int_equal(filter_passes(f, &frame), first);
	filter_free(f);
	return first;
}

static void link_types(void **state)
{
	(void)state;
	static const struct {
		uint32_t link_type;
		size_t header;
	} cases[] = {{1, 14}, {101, 0}, {12, 0}, {14, 0}, {228, 0}, {113, 16}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_true(passes("tcp dst port 80", cases[i].link_type, cases[i].header));
		assert_true(passes("src host 10.0.0.1", cases[i].link_type, cases[i].header));
		assert_false(passes("tcp dst port 81", cases[i].link_type, cases[i].header));
	}
}

/* A link type for which the expression makes no sense, or that libpcap does not
   know, passes nothing; the others go on. */
static void misfits(void **state)
{
	(void)state;
	assert_true(passes("ether src 0:0:0:0:0:0", 1, 14));
	assert_false(passes("ether src 0:0:0:0:0:0", 101, 0));
	assert_false(passes("tcp", 60000, 0));
	assert_false(passes("tcp", UINT32_MAX, 0));
	assert_true(passes("", 1, 14));
}

static void short_frames(void **state)
{
	(void)state;
	struct filter *f = filter_new("tcp dst port 80", NULL);
	struct tf_frame frame = frame_of(1, 14);
	assert_non_null(f);
	for (frame.captured = 0; frame.captured < 38; frame.captured++)
		assert_false(filter_passes(f, &frame));
	assert_true(filter_passes(f, &frame));
	filter_free(f);
}

static void bad_expressions(void **state)
{
	(void)state;
	struct tf_error err = {0};
	assert_null(filter_new("tcp and and", &err));
	assert_int_equal(err.status, TF_USAGE);
	assert_non_null(strstr(err.text, "filter \"tcp and and\": "));
	assert_non_null(strstr(err.text, "syntax error"));
	assert_null(filter_new("no such thing", NULL));
	filter_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(link_types),
	        cmocka_unit_test(misfits),
	        cmocka_unit_test(short_frames),
	        cmocka_unit_test(bad_expressions),
	};
	return cmocka_run_group_tests_name("capture/filter", tests, NULL, NULL);
}
