/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Properties of names by random templates, of random streams:
 *
 *	each lies below the folder: components that are not empty, "." or "..", no control
 *	characters, with room for a suffix
 *	each is what a second, plainer reading of the template gives
 *	a template that is refused is one that the plain reading finds wrong too
 *	two streams have the same name only where the form says that they can
 *
 *	TCPFLOW_SEED   as printed, to see a failure again
 *	TCPFLOW_NAMES  how many templates (default 100000)
 */
#include "prop/random.h"

#include "sink/name.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	return text != NULL && *text != '\0' ? strtoull(text, NULL, 0) : otherwise;
}

static uint64_t seed;

__attribute__((noreturn, format(printf, 2, 3))) static void fail(const char *text,
                                                                 const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	(void)printf("'%s': ", text);
	(void)vprintf(format, ap);
	(void)printf("\nagain: TCPFLOW_SEED=%" PRIu64 " TCPFLOW_NAMES=1\n", seed);
	va_end(ap);
	exit(1);
}

/* -- templates and streams --------------------------------------------------------------- */

static const char *pick(struct random *r, const char *const *from, size_t count)
{
	return from[random_below(r, count)];
}
#define PICK(r, from) pick(r, from, sizeof(from) / sizeof *(from))

static void make_template(struct random *r, char to[1200])
{
	static const char *const parts[] = {"%A",          "%a",
	                                    "%B",          "%b",
	                                    "%E",          "%e",
	                                    "%V",          "%v",
	                                    "%T",          "%t",
	                                    "%C",          "%c",
	                                    "%#",          "%N",
	                                    "%K",          "%M",
	                                    "%G",          "%S",
	                                    "%n",          "%d",
	                                    "%I",          "%%",
	                                    "%V%v",        "%C%c",
	                                    "%A.%a-%B.%b", "%A.%a-%B.%b%V%v%C%c",
	                                    "%N%K%M%G",    "%d%n%c",
	                                    "%d%n1%c",     "%A.%a-%B.%b-%v%c"};
	static const char *const literals[] = {"/", "-", ".", "x", "_",       "..",
	                                       "c", "0", ":", "T", "\xc3\xa4"};
	static const char *const odd[] = {
	        "//",    "\n",
	        "\x7f",  "%",
	        "%Q",    "/../",
	        "./",    "%%%",
	        "\x1b[", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};
	size_t count = 1 + random_size(r, random_chance(r, 5) ? 60 : 9);
	to[0] = '\0';
	for (size_t i = 0; i < count && strlen(to) < 1000; i++) {
		unsigned kind = (unsigned)random_below(r, 100);
		(void)strcat(to, kind < 55   ? PICK(r, parts)
		                 : kind < 97 ? PICK(r, literals)
		                             : PICK(r, odd));
	}
}

/* Ends that look alike when they are written one behind the other. */
static struct tf_endpoint make_end(struct random *r)
{
	struct tf_endpoint e = {
	        .port = (uint16_t)random_below(r, random_chance(r, 50) ? 12 : 65536)};
	if (random_chance(r, 40)) {
		for (int i = 0; i < 16; i++)
			e.address.b[i] = (uint8_t)random_next(r);
	} else {
		e.address.b[random_below(r, 2) * 15] = (uint8_t)random_below(r, 20);
		e.address.b[14] = (uint8_t)(random_chance(r, 50) ? random_below(r, 20) : 0);
	}
	if (random_chance(r, 30)) {
		memset(e.address.b, 0, 10);
		e.address.b[10] = e.address.b[11] = 0xff;
	}
	return e;
}

static void make_flow(struct random *r, struct tf_flow *f)
{
	*f = (struct tf_flow){.end = {make_end(r), make_end(r)}};
	unsigned bits = random_chance(r, 50) ? 3 : 63;
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned k = 0; k < 6; k++) {
			f->mac[i][k] = (uint8_t)random_next(r);
			f->mac_to[i][k] = (uint8_t)random_next(r);
		}
		/* The C library judges the dates: on 32 bits it knows those from 1901 to 2038. */
		f->began_ns[i] = (int64_t)random_next(r) / (sizeof(time_t) < 8 ? 8 : 1);
		f->nth[i] = random_next(r) >> (63 - bits);
	}
	f->originator = (uint8_t)random_below(r, 2);
	f->connection = bits == 3 ? random_below(r, 31) : random_next(r);
	if (random_chance(r, 50))
		f->vlan[0] = (uint16_t)random_below(r, random_chance(r, 80) ? 31 : 65536);
	if (random_chance(r, 20))
		f->vlan[1] = 9;
}

/* -- the plain reading ---------------------------------------------------------------------- */

static int plain_address(char *to, const struct tf_address *a)
{
	const uint8_t *b = a->b;
	static const uint8_t mapped[12] = {[10] = 0xff, 0xff};
	if (memcmp(b, mapped, sizeof mapped) == 0)
		return sprintf(to, "%03u.%03u.%03u.%03u", b[12], b[13], b[14], b[15]);
	tf_address_text(a, to);
	return (int)strlen(to);
}

static int plain_letter(char letter, const struct tf_flow *f, unsigned d, uint32_t number, char *to)
{
	const uint8_t *m = letter == 'e' ? f->mac_to[d] : f->mac[d];
	bool vlan = f->vlan[0] != 0;
	int64_t ns = f->began_ns[d];
	int64_t sec = ns / 1000000000 - (ns % 1000000000 < 0);
	time_t date = (time_t)sec;
	struct tm tm;
	switch (letter) {
	case 'A':
		return plain_address(to, &f->end[d].address);
	case 'B':
		return plain_address(to, &f->end[!d].address);
	case 'a':
		return sprintf(to, "%05u", f->end[d].port);
	case 'b':
		return sprintf(to, "%05u", f->end[!d].port);
	case 'E':
	case 'e':
		return sprintf(to, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
		               m[5]);
	case 'V':
		return sprintf(to, "%s", vlan ? "--" : "");
	case 'v':
		return vlan ? sprintf(to, "%u", f->vlan[0]) : 0;
	case 'T':
		return (int)strftime(to, 40, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&date, &tm));
	case 't':
		return sprintf(to, "%lld", (long long)sec);
	case 'C':
		return sprintf(to, "%s", number > 0 ? "c" : "");
	case 'c':
		return number > 0 ? sprintf(to, "%u", number) : 0;
	case '#':
		return sprintf(to, "%u", number);
	case 'N':
		return sprintf(to, "%03u", (unsigned)(f->nth[d] % 1000));
	case 'K':
		return sprintf(to, "%03u", (unsigned)(f->nth[d] / 1000 % 1000));
	case 'M':
		return sprintf(to, "%03u", (unsigned)(f->nth[d] / 1000000 % 1000));
	case 'G':
		return sprintf(to, "%03u", (unsigned)(f->nth[d] / 1000000000 % 1000));
	case 'S':
		return sprintf(to, "%020" PRIu64, f->connection);
	case 'n':
		return sprintf(to, "%" PRIu64, f->connection);
	case 'I':
		(void)tf_community_id(f, 0, to);
		for (char *p = to; *p != '\0'; p++)
			*p = *p == '/' ? '_' : *p == '+' ? '-' : *p;
		return (int)strlen(to);
	case 'd':
		return sprintf(to, "%s", d == f->originator ? "client" : "server");
	case '%':
		return sprintf(to, "%%");
	default:
		return -1;
	}
}

/* -> false: a letter is unknown, or missing */
static bool plain_name(const char *text, const struct tf_flow *f, unsigned d, uint32_t number,
                       char *to)
{
	bool counts = false;
	to[0] = '\0';
	for (const char *p = text; *p != '\0'; p++) {
		if (*p != '%') {
			*to++ = *p;
			continue;
		}
		p++;
		int n = plain_letter(*p, f, d, number, to);
		if (n < 0)
			return false;
		to += n;
		counts = counts || *p == 'c' || *p == '#';
	}
	*to = '\0';
	if (!counts && number > 0)
		(void)sprintf(to, "c%u", number);
	return true;
}

/* -> whether a name may be used; longest: also when the longest one of its template is taken */
static bool is_good(const char *name)
{
	size_t n;
	if (name[0] == '\0' || strlen(name) > NAME_ROOM - NAME_SUFFIX - 1)
		return false;
	for (const char *p = name; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	for (;; name += n + 1) {
		n = strcspn(name, "/");
		if (n == 0 || n > NAME_PART - NAME_SUFFIX || (n == 1 && name[0] == '.') ||
		    (n == 2 && memcmp(name, "..", 2) == 0))
			return false;
		if (name[n] == '\0')
			return true;
	}
}

/* Some name of the template is not good: the shortest, or the longest that it may give. */
static bool is_bad(const char *text)
{
	static const struct tf_flow plain;
	static struct tf_flow rich;
	char name[60000];
	memset(&rich, 0xff, sizeof rich);
	rich.end[0].address.b[10] = rich.end[1].address.b[10] = 0; /* no mapped address */
	rich.began_ns[0] = INT64_MIN;
	if (!plain_name(text, &plain, 0, 0, name) || !is_good(name))
		return true;
	/* Addresses are reckoned at 45 bytes, which this one has not. */
	(void)plain_name(text, &rich, 0, UINT32_MAX, name);
	return !is_good(name) || strlen(text) > 200 || strlen(name) > 150;
}

/* -- the properties -----------------------------------------------------------------------------
 */

static void check_name(const char *text, const struct name_form *form, const struct tf_flow *f,
                       unsigned dir, uint32_t number, char name[NAME_ROOM])
{
	char plain[60000];
	struct named who = name_subject(form, f, dir);
	name_write(&who, number, name);
	if (!is_good(name))
		fail(text, "a bad name: '%s'", name);
	if (!plain_name(text, f, dir, number, plain) || strcmp(name, plain) != 0)
		fail(text, "'%s', but '%s' by a plain reading", name, plain);
}

static bool same_end(const struct tf_endpoint *a, const struct tf_endpoint *b)
{
	return a->port == b->port && memcmp(&a->address, &b->address, sizeof a->address) == 0;
}

static uint64_t shared_names;

/* Two streams have the same name. */
static void check_shared(const char *text, const struct name_form *form, const struct tf_flow *f,
                         const unsigned dir[2], const char *name)
{
	bool same = same_end(&f[0].end[dir[0]], &f[1].end[dir[1]]) &&
	            same_end(&f[0].end[!dir[0]], &f[1].end[!dir[1]]);
	bool turned = same_end(&f[0].end[dir[0]], &f[1].end[!dir[1]]) &&
	              same_end(&f[0].end[!dir[0]], &f[1].end[dir[1]]);
	shared_names++;
	if (!form->one_worker && !same && !turned)
		fail(text, "connections of other ends share '%s'", name);
	if (!form->shared && !form->unique && !same)
		fail(text, "streams of other ends share '%s'", name);
	if (!form->shared && !form->unique && f[0].vlan[0] != f[1].vlan[0])
		fail(text, "streams in other VLANs share '%s'", name);
	bool numbers = f[0].nth[dir[0]] % 1000000000000 == f[1].nth[dir[1]] % 1000000000000;
	bool way = (dir[0] == f[0].originator) == (dir[1] == f[1].originator);
	if (form->unique && !numbers && !(f[0].connection == f[1].connection && (way || same)))
		fail(text, "other streams share '%s'", name);
}

static void try_template(struct random *r, uint64_t *accepted)
{
	char text[1200], name[2][NAME_ROOM];
	struct name_form form;
	struct tf_error err = {0};
	make_template(r, text);
	if (!name_form_init(&form, text, &err)) {
		if (err.status != TF_USAGE || err.text[0] == '\0')
			fail(text, "refused without a word");
		if (!is_bad(text))
			fail(text, "refused, but it is good: %s", err.text);
		return;
	}
	++*accepted;
	for (int i = 0; i < 8; i++) {
		struct tf_flow f[2];
		unsigned dir[2] = {(unsigned)random_below(r, 2), (unsigned)random_below(r, 2)};
		uint32_t number[2];
		make_flow(r, &f[0]);
		make_flow(r, &f[1]);
		if (random_chance(r, 60)) { /* nearly the same */
			struct tf_flow other = f[1];
			f[1] = f[0];
			unsigned what = (unsigned)random_below(r, 5);
			if (what == 0)
				f[1].end[random_below(r, 2)] = other.end[0];
			else if (what == 1)
				memcpy(f[1].vlan, other.vlan, sizeof other.vlan);
			else if (what == 2)
				f[1].connection = other.connection;
			else if (what == 3)
				memcpy(f[1].nth, other.nth, sizeof other.nth);
			else
				f[1].end[0].port = (uint16_t)random_below(r, 12);
		}
		for (int k = 0; k < 2; k++) {
			number[k] =
			        (uint32_t)random_below(r, random_chance(r, 70) ? 31 : UINT32_MAX);
			check_name(text, &form, &f[k], dir[k], number[k], name[k]);
		}
		if (strcmp(name[0], name[1]) == 0)
			check_shared(text, &form, f, dir, name[0]);
	}
}

int main(void)
{
	uint64_t first = number_from("TCPFLOW_SEED", 1), accepted = 0;
	uint64_t count = number_from("TCPFLOW_NAMES", 100000);
	for (uint64_t i = 0; i < count; i++) {
		seed = first + i;
		struct random r = {seed * 7919};
		try_template(&r, &accepted);
	}
	(void)printf("%" PRIu64 " templates, %" PRIu64 " of them good, %" PRIu64 " names, %" PRIu64
	             " of them shared; TCPFLOW_SEED=%" PRIu64 "\n",
	             count, accepted, accepted * 16, shared_names, first);
	return count >= 1000 &&
	       (accepted < count / 4 || accepted > count / 10 * 9 || shared_names == 0);
}
