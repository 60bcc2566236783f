/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/number.h"

#include <stdio.h>
#include <string.h>

enum { SECOND_NS = 1000000000 };

/* n times factor plus more, or UINT64_MAX where that does not fit. */
static uint64_t grow(uint64_t n, uint64_t factor, uint64_t more)
{
	uint64_t product, sum;
	if (__builtin_mul_overflow(n, factor, &product) ||
	    __builtin_add_overflow(product, more, &sum))
		return UINT64_MAX;
	return sum;
}

bool number_parse(const char *text, uint64_t *n)
{
	static const char suffixes[] = "KkMmGg";
	uint64_t value = 0;
	const char *s = text;

	for (; *s >= '0' && *s <= '9'; s++)
		value = grow(value, 10, (uint64_t)(*s - '0'));
	if (s == text)
		return false;
	if (*s != '\0') {
		const char *suffix = strchr(suffixes, *s++);
		if (suffix == NULL || *s != '\0')
			return false;
		value = grow(value, UINT64_C(1) << ((suffix - suffixes) / 2 + 1) * 10, 0);
	}
	*n = value;
	return true;
}

char *number_plain(uint64_t n, char to[NUMBER_TEXT])
{
	char digits[NUMBER_TEXT];
	size_t count = (size_t)snprintf(digits, sizeof digits, "%ju", (uintmax_t)n), at = 0;

	for (size_t i = 0; i < count; i++) {
		if (i > 0 && (count - i) % 3 == 0)
			to[at++] = ',';
		to[at++] = digits[i];
	}
	to[at] = '\0';
	return to;
}

char *number_bytes(uint64_t n, char to[NUMBER_TEXT])
{
	static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB", "EB"};
	uint64_t unit = 1;
	size_t row = 0;

	/* A value that would be rounded up to 1000 is told in the next unit. */
	while (n / unit >= 1000 || (row > 0 && (n + unit / 2) / unit >= 1000)) {
		unit *= 1000;
		row++;
	}
	uint64_t tenths = row == 0 ? 0 : n / (unit / 10) + (n % (unit / 10) >= unit / 20);
	if (row == 0)
		(void)snprintf(to, NUMBER_TEXT, "%ju %s", (uintmax_t)n,
		               number_noun(n, "byte", "bytes"));
	else if (tenths < 100)
		(void)snprintf(to, NUMBER_TEXT, "%ju.%ju %s", (uintmax_t)(tenths / 10),
		               (uintmax_t)(tenths % 10), units[row]);
	else
		(void)snprintf(to, NUMBER_TEXT, "%ju %s",
		               (uintmax_t)(n / unit + (n % unit >= unit / 2)), units[row]);
	return to;
}

char *number_seconds(int64_t time_ns, char to[NUMBER_TEXT])
{
	int64_t ns = time_ns < 0 ? 0 : time_ns;
	int64_t s = ns / SECOND_NS, m = s / 60, h = m / 60;

	if (s < 10)
		(void)snprintf(to, NUMBER_TEXT, "%.2f s", (double)ns / SECOND_NS);
	else if (s < 60)
		(void)snprintf(to, NUMBER_TEXT, "%.1f s", (double)ns / SECOND_NS);
	else if (h == 0)
		(void)snprintf(to, NUMBER_TEXT, "%d min %02d s", (int)m, (int)(s % 60));
	else
		(void)snprintf(to, NUMBER_TEXT, "%jd h %02d min", (intmax_t)h, (int)(m % 60));
	return to;
}

char *number_clock(int64_t time_ns, char to[NUMBER_TEXT])
{
	int64_t s = (time_ns < 0 ? 0 : time_ns) / SECOND_NS, h = s / 3600;

	if (h > 0)
		(void)snprintf(to, NUMBER_TEXT, "%jd:%02d:%02d", (intmax_t)h, (int)(s / 60 % 60),
		               (int)(s % 60));
	else
		(void)snprintf(to, NUMBER_TEXT, "%d:%02d", (int)(s / 60), (int)(s % 60));
	return to;
}

uint64_t number_rate(uint64_t n, int64_t time_ns)
{
	double rate = time_ns < 1000 ? 0 : (double)n * SECOND_NS / (double)time_ns;
	return rate < 1e18 ? (uint64_t)rate : 0;
}
