/* SPDX-License-Identifier: BSD-3-Clause */
/* Times on the command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "cli/when.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void good(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds, ns;
	} rows[] = {
	        {"0", 0, 0},
	        {"1223315694", 1223315694, 0},
	        {"1223315694.5", 1223315694, 500000000},
	        {"1223315694.694099001", 1223315694, 694099001},
	        {"1970-01-01", 0, 0},
	        {"2000-02-29", 951782400, 0},
	        {"2008-10-06T17:54:54Z", 1223315694, 0},
	        {"2008-10-06 17:54:54.694099", 1223315694, 694099000},
	        {"2008-10-06T17:54", 1223315640, 0},
	        {"2008-10-06T19:54:54+02:00", 1223315694, 0},
	        {"2008-10-06T12:24:54-0530", 1223315694, 0},
	        {"2261-12-31T23:59:59.999999999", 9214646399, 999999999},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t ns = -1;
		if (!when_parse(rows[i].text, &ns))
			fail_msg("refused: %s", rows[i].text);
		assert_int_equal(ns, rows[i].seconds * 1000000000 + rows[i].ns);
	}
}

static void bad(void **state)
{
	static const char *const texts[] = {
	        "",
	        "x",
	        "-1",
	        "1.",
	        "1.0000000001",
	        ".5",
	        "1 ",
	        "99999999999",
	        "99999999999999999999999",
	        "2008-10",
	        "2008-13-01",
	        "2008-00-01",
	        "2008-02-30",
	        "2007-02-29",
	        "2100-02-29",
	        "1969-12-31",
	        "2262-01-01",
	        "2008-10-06T",
	        "2008-10-06T24:00",
	        "2008-10-06T17:60",
	        "2008-10-06T17:54:61",
	        "2008-10-06T17:54:54z",
	        "2008-10-06T17:54:54+2",
	        "2008-10-06T17:54:54+02:00x",
	        "1970-01-01T00:00+01:00",
	        "2008-10-06x",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		int64_t ns = -7;
		if (when_parse(texts[i], &ns))
			fail_msg("accepted: %s", texts[i]);
		assert_int_equal(ns, -7);
	}
}

/* Every day that both can say, against the C library. */
static void each_day(void **state)
{
	(void)state;
	const int64_t last = sizeof(time_t) < sizeof(int64_t) ? 24855 : 106650; /* 2038, or 2262 */
	for (int64_t day = 0; day < last; day++) {
		time_t t = (time_t)(day * 86400);
		struct tm tm;
		char text[40];
		int64_t ns;
		assert_non_null(gmtime_r(&t, &tm));
		assert_true(strftime(text, sizeof text, "%Y-%m-%d", &tm) > 0);
		assert_true(when_parse(text, &ns));
		assert_int_equal(ns, day * 86400 * 1000000000);
	}
}

static void shifts(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} good[] = {
	        {"0", 0},
	        {"-0", 0},
	        {"1", 1000000000},
	        {"+1.5", 1500000000},
	        {"-0.000000001", -1},
	        {"-3600", INT64_C(-3600000000000)},
	        {"4000000000", INT64_C(4000000000000000000)},
	};
	static const char *const bad[] = {"",   "-",  "+-1", "1s",         "--1",
	                                  "1.", ".5", "1e3", "5000000000", "-5000000000",
	                                  " 1", "1 ", "0x1", "1,5"};
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		int64_t ns = 42;
		if (!when_shift(good[i].text, &ns) || ns != good[i].ns)
			fail_msg("%s is %jd", good[i].text, (intmax_t)ns);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		int64_t ns = 42;
		if (when_shift(bad[i], &ns) || ns != 42)
			fail_msg("'%s' is %jd", bad[i], (intmax_t)ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(good),
	        cmocka_unit_test(bad),
	        cmocka_unit_test(each_day),
	        cmocka_unit_test(shifts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
