/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/message.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Characters that a terminal obeys, or that make text look like another. */
static const struct range {
	uint32_t first, last;
} active[] = {
        {0x0000, 0x001f},   /* C0 */
        {0x007f, 0x009f},   /* DEL, C1 */
        {0x00ad, 0x00ad},   /* soft hyphen */
        {0x061c, 0x061c},   /* Arabic letter mark */
        {0x200b, 0x200f},   /* no width, direction marks */
        {0x2028, 0x202e},   /* line ends, embeddings, overrides */
        {0x2060, 0x206f},   /* joiners, isolates */
        {0xfeff, 0xfeff},   /* byte order mark */
        {0xfff9, 0xfffb},   /* interlinear marks */
        {0xe0000, 0xe007f}, /* tags */
};

static bool is_active(uint32_t c)
{
	for (size_t i = 0; i < sizeof active / sizeof active[0]; i++)
		if (c >= active[i].first && c <= active[i].last)
			return true;
	return false;
}

/* -> the bytes of the UTF-8 character at s, 0 when there is none (RFC 3629). The
   NUL at the text's end is no continuation byte, so nothing past it is read. */
static size_t character(const unsigned char *s, uint32_t *c)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

	if ((s[0] >= 0x80 && s[0] < 0xc0) || s[0] >= 0xf8)
		return 0;
	*c = n == 1 ? s[0] : s[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s[i] & 0x3fU);
	}
	bool half = *c >= 0xd800 && *c <= 0xdfff;
	return *c < least[n] || *c > 0x10ffff || half ? 0 : n;
}

size_t message_inert(const char *text, char *to, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *s = (const unsigned char *)text;
	size_t used = 0;

	while (*s) {
		uint32_t c = 0;
		size_t take = character(s, &c);
		bool shown = take > 0 && !is_active(c);
		if (take == 0)
			take = 1;
		if (used + (shown ? take : 4 * take) >= n)
			break;
		for (; take > 0; take--, s++) {
			if (shown) {
				to[used++] = (char)*s;
				continue;
			}
			to[used++] = '\\';
			to[used++] = 'x';
			to[used++] = hex[*s >> 4];
			to[used++] = hex[*s & 15];
		}
	}
	to[used] = '\0';
	return used;
}

void message_say(FILE *to, const char *format, ...)
{
	char text[600], line[sizeof "tcpflow: " + 4 * sizeof text + 1] = "tcpflow: ";
	size_t used = strlen(line);
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	used += message_inert(text, line + used, sizeof line - used - 1);
	line[used++] = '\n';
	/* Whole, so that lines of several programs on one terminal do not mix. */
	(void)fwrite(line, 1, used, to);
}
