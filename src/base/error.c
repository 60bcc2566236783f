/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Messages may quote file names: nothing that a terminal obeys gets through. */
static void disarm(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || (unsigned char)*s == 0x7f)
			*s = '?';
}

bool error_set(struct tf_error *err, enum tf_status status, const char *format, ...)
{
	if (err == NULL)
		return false;
	va_list ap;
	va_start(ap, format);
	err->status = status;
	(void)vsnprintf(err->text, sizeof err->text, format, ap);
	va_end(ap);
	disarm(err->text);
	return false;
}

/* strerror_r() has two faces: POSIX's fills in reason, GNU's returns the text. */
static const char *posix_said(int r, const char *reason)
{
	return r == 0 ? reason : "unknown error";
}

static const char *gnu_said(const char *text, const char *reason)
{
	(void)reason;
	return text;
}

#define SAID(r, reason) _Generic((r), int : posix_said, char * : gnu_said)(r, reason)

bool error_sys(struct tf_error *err, enum tf_status status, const char *format, ...)
{
	int cause = errno;
	if (err == NULL)
		return false;
	va_list ap;
	va_start(ap, format);
	err->status = status;
	(void)vsnprintf(err->text, sizeof err->text, format, ap);
	va_end(ap);
	char reason[128];
	size_t n = strlen(err->text), most = sizeof err->text - sizeof reason - 2;
	if (n > most)
		n = most; /* a long name is cut, what happened to it is not */
	(void)snprintf(err->text + n, sizeof err->text - n, ": %s",
	               SAID(strerror_r(cause, reason, sizeof reason), reason));
	disarm(err->text);
	return false;
}

void error_die(const char *fact, const char *file, int line)
{
	(void)fprintf(stderr, "tcpflow: internal fault, please report: %s (%s:%d)\n", fact, file,
	              line);
	abort();
}
