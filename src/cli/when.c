/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/when.h"

#include <string.h>

enum { BILLION = 1000000000, DECIMALS = 9 };

#define SECONDS_MOST (INT64_MAX / BILLION - 1)

/* Reads exactly n digits. */
static bool digits(const char **s, int n, int64_t *v)
{
	*v = 0;
	for (; n > 0; n--, ++*s) {
		if (**s < '0' || **s > '9')
			return false;
		*v = *v * 10 + (**s - '0');
	}
	return true;
}

static bool literally(const char **s, char c)
{
	if (**s != c)
		return false;
	++*s;
	return true;
}

/* What stands after a decimal point, in nanoseconds; nothing is 0. */
static bool fraction(const char **s, int64_t *ns)
{
	int n = 0;
	*ns = 0;
	if (!literally(s, '.'))
		return true;
	for (; **s >= '0' && **s <= '9'; n++, ++*s)
		if (n < DECIMALS)
			*ns = *ns * 10 + (**s - '0');
	for (int i = n; i < DECIMALS; i++)
		*ns *= 10;
	return n > 0 && n <= DECIMALS;
}

/* Days from 1970-01-01 in the Gregorian calendar; years from 1970 on. */
static int64_t days(int64_t year, int64_t month, int64_t day)
{
	/* March is the first month, so that a leap day ends its year. */
	int64_t y = month > 2 ? year : year - 1, m = (month + 9) % 12;
	int64_t leaps = y / 4 - y / 100 + y / 400;
	return y * 365 + leaps + (m * 306 + 5) / 10 + (day - 1) - 719468;
}

static bool date(const char **s, int64_t *seconds)
{
	static const int64_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t y, m, d;
	if (!digits(s, 4, &y) || !literally(s, '-') || !digits(s, 2, &m) || !literally(s, '-') ||
	    !digits(s, 2, &d))
		return false;
	bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
	if (y < 1970 || y > 2261 || m < 1 || m > 12 || d < 1 ||
	    d > lengths[m - 1] + (leap && m == 2))
		return false;
	*seconds = days(y, m, d) * 86400;
	return true;
}

static bool time_of_day(const char **s, int64_t *seconds, int64_t *ns)
{
	int64_t h, m, sec = 0;
	*ns = 0;
	if (!digits(s, 2, &h) || !literally(s, ':') || !digits(s, 2, &m))
		return false;
	if (literally(s, ':') && (!digits(s, 2, &sec) || !fraction(s, ns)))
		return false;
	*seconds += h * 3600 + m * 60 + sec;
	return h <= 23 && m <= 59 && sec <= 60; /* 60: a leap second */
}

/* "Z", "+02:00", "-0530", or nothing. */
static bool zone(const char **s, int64_t *seconds)
{
	int64_t h, m;
	if (**s == '\0' || literally(s, 'Z'))
		return true;
	int64_t sign = **s == '+' ? -1 : 1;
	if (!literally(s, '+') && !literally(s, '-'))
		return false;
	if (!digits(s, 2, &h))
		return false;
	(void)literally(s, ':');
	if (!digits(s, 2, &m) || h > 23 || m > 59)
		return false;
	*seconds += sign * (h * 3600 + m * 60);
	return true;
}

static bool calendar(const char *s, int64_t *seconds, int64_t *ns)
{
	*ns = 0;
	if (!date(&s, seconds))
		return false;
	if ((literally(&s, 'T') || literally(&s, ' ')) &&
	    (!time_of_day(&s, seconds, ns) || !zone(&s, seconds)))
		return false;
	return *s == '\0';
}

static bool epoch(const char *s, int64_t *seconds, int64_t *ns)
{
	const char *first = s;
	*seconds = 0;
	for (; *s >= '0' && *s <= '9'; s++) {
		*seconds = *seconds * 10 + (*s - '0');
		if (*seconds > SECONDS_MOST)
			return false;
	}
	return s > first && fraction(&s, ns) && *s == '\0';
}

bool when_parse(const char *text, int64_t *ns)
{
	int64_t seconds, parts;
	if (!epoch(text, &seconds, &parts) && !calendar(text, &seconds, &parts))
		return false;
	if (seconds < 0 || seconds > SECONDS_MOST)
		return false;
	*ns = seconds * BILLION + parts;
	return true;
}

bool when_shift(const char *text, int64_t *ns)
{
	int64_t seconds, parts, sign = *text == '-' ? -1 : 1;
	text += *text == '-' || *text == '+';
	if (!epoch(text, &seconds, &parts) || seconds >= SECONDS_MOST / 2)
		return false;
	*ns = sign * (seconds * BILLION + parts);
	return true;
}
