/* SPDX-License-Identifier: BSD-3-Clause */
/* The line that is rewritten while a file is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/progress.h"

static const int64_t ms = 1000000;

static void line(void **state)
{
	char *text = NULL;
	size_t n = 0;
	struct progress p;
	(void)state;
	FILE *to = open_memstream(&text, &n);
	progress_begin(&p, to, 4000000, 7 * ms);
	progress_tell(&p, 100000, 100 * ms); /* too early */
	progress_tell(&p, 1000000, 1007 * ms);
	assert_string_equal(text, "\r 25%  1.0 MB of 4.0 MB  1.0 MB/s  0:03 left");
	progress_tell(&p, 1500000, 1206 * ms); /* less than 200 ms later */
	assert_int_equal(strlen(text), 44);
	progress_next(&p, 2000000);
	progress_tell(&p, 1000000, 2007 * ms);
	assert_string_equal(text + 44, "\r 75%  3.0 MB of 4.0 MB  1.5 MB/s  0:00 left");
	progress_erase(&p);
	(void)fflush(to);
	assert_string_equal(text + 88, "\r                                           \r");
	progress_erase(&p);
	assert_int_equal(fclose(to), 0);
	assert_int_equal(n, 88 + 45);
	free(text);
}

/* The rate is that since the line before. */
static void live(void **state)
{
	char *text = NULL, said[PROGRESS_TEXT];
	size_t n = 0;
	struct progress p;
	struct tf_moment m = {
	        .frames = 2000, .flows = 1, .drops_kernel = 1000, .drops_interface = 2};
	(void)state;
	FILE *to = open_memstream(&text, &n);
	progress_begin(&p, to, 0, 0);
	progress_tell_live(&p, &m, 100 * ms); /* too early */
	progress_tell_live(&p, &m, 2000 * ms);
	assert_string_equal(text, "\r2,000 packets  1,000/s  1 flow  1,002 dropped");
	size_t first = strlen(text);
	m.frames = 5000;
	progress_tell_live(&p, &m, 3000 * ms);
	assert_string_equal(text + first, "\r5,000 packets  3,000/s  1 flow  1,002 dropped");
	m.frames = 5001;
	m.flows = 2;
	progress_status(&p, &m, 4000 * ms, said);
	assert_string_equal(said, "5,001 packets  1/s  2 flows  1,002 dropped");
	assert_int_equal(fclose(to), 0);
	free(text);
	progress_begin(&p, NULL, 0, 0);
	progress_tell_live(&p, &m, 2000 * ms); /* nowhere */
}

/* A shorter line leaves nothing of a longer one; files may grow. */
static void shorter(void **state)
{
	char *text = NULL;
	size_t n = 0;
	struct progress p;
	(void)state;
	FILE *to = open_memstream(&text, &n);
	progress_begin(&p, to, 1000000000, 0);
	progress_tell(&p, 1000000, 100000 * ms);
	size_t first = strlen(text);
	assert_string_equal(text, "\r  0%  1.0 MB of 1.0 GB  10 kB/s  27:45:00 left");
	progress_tell(&p, 2000000000, 200000 * ms);
	assert_string_equal(text + first, "\r100%  2.0 GB of 2.0 GB  10 MB/s  0:00 left    ");
	assert_int_equal(strlen(text + first), first);
	progress_erase(&p);
	assert_int_equal(fclose(to), 0);
	assert_int_equal(n, 2 * first + first + 1);
	free(text);
}

static void silent(void **state)
{
	struct progress p = {0};
	(void)state;
	progress_tell(&p, 1, 1000 * ms);
	progress_next(&p, 1);
	progress_erase(&p);
	assert_null(p.to);
	assert_int_equal(p.width, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(line),
	        cmocka_unit_test(live),
	        cmocka_unit_test(shorter),
	        cmocka_unit_test(silent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
