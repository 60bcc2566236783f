/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/stamp.h"

#include "base/error.h"
#include "base/text.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

enum { FORM_MAX = 200, NUMBER_MAX = 8, LETTER_MAX = 24 /* bytes that a letter becomes */ };

bool stamp_has(const char *path)
{
	return strchr(path, '%') != NULL;
}

size_t stamp_root(const char *path)
{
	const char *percent = strchr(path, '%');
	size_t n = percent != NULL ? (size_t)(percent - path) : strlen(path);
	while (n > 0 && path[n - 1] != '/')
		n--;
	while (n > 0 && path[n - 1] == '/')
		n--;
	return n;
}

/* -> the end of the component at p, whose first bytes are no letters as far as *plain says */
static const char *component(const char *p, bool *dots)
{
	size_t n = strcspn(p, "/");
	*dots = n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.');
	return p + n;
}

/* -> how many bytes the form may become, without a number */
static size_t longest(const char *form)
{
	size_t n = 0;
	for (const char *p = form; *p != '\0'; p++) {
		n += *p == '%' ? LETTER_MAX : 1;
		p += *p == '%';
	}
	return n;
}

bool stamp_check(const char *form, struct tf_error *err)
{
	for (const char *p = form; (p = strchr(p, '%')) != NULL; p += 2)
		if (p[1] == '\0' || strchr("YymdHMSjFs%", p[1]) == NULL)
			return error_set(
			        err, TF_USAGE,
			        "'%.100s' has %%%.1s, which is none of %%Y %%y %%m %%d %%H "
			        "%%M %%S %%j %%F %%s %%%%",
			        form, p + 1);
	if (strlen(form) > FORM_MAX || longest(form) + NUMBER_MAX >= STAMP_ROOM)
		return error_set(err, TF_USAGE, "'%.60s...' is too long", form);
	for (const char *p = form;; p++) {
		bool dots;
		p = component(p, &dots);
		if (dots)
			return error_set(err, TF_USAGE,
			                 "'%.100s' has a part that is empty, '.' or '..' behind "
			                 "its first %% letter",
			                 form);
		if (*p == '\0')
			return true;
	}
}

static void put_letter(struct text *t, char letter, const struct tm *tm, int64_t seconds)
{
	char to[LETTER_MAX];
	const char how[] = {'%', letter, '\0'};
	if (letter == 's')
		text_i64(t, seconds);
	else if (strftime(to, sizeof to, how, tm) > 0)
		text_string(t, to);
}

void stamp_write(const char *form, int64_t ts_ns, unsigned number, bool inside, char to[STAMP_ROOM])
{
	struct text t = text_in(to, STAMP_ROOM);
	const char *slash = strrchr(form, '/'), *base = slash != NULL ? slash + 1 : form;
	const char *dot = inside ? strrchr(base, '.') : NULL;
	int64_t seconds = ts_ns / 1000000000 - (ts_ns % 1000000000 < 0);
	time_t when = (time_t)seconds;
	struct tm tm = {.tm_mday = 1};
	(void)gmtime_r(&when, &tm);
	for (const char *p = form; *p != '\0'; p++) {
		if (p == dot && p != base && number > 0)
			text_printf(&t, ".%u", number);
		if (*p == '%')
			put_letter(&t, *++p, &tm, seconds);
		else
			text_bytes(&t, p, 1);
	}
	if (number > 0 && (dot == NULL || dot == base))
		text_printf(&t, ".%u", number);
	MUST(!t.full);
}
