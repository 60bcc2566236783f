/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/name.h"

#include "base/error.h"
#include "sink/letter.h"

#include <string.h>

#define USUAL "%A.%a-%B.%b%V%v%C%c"

/* -- reading a template ------------------------------------------------------------ */

static bool unknown_letter(const char *text, char letter, struct tf_error *err)
{
	char known[120];
	struct text t = text_in(known, sizeof known);
	for (uint8_t row = 1; row <= letter_rows(); row++)
		text_printf(&t, " %%%c", letter_row(row)->letter);
	return error_set(err, TF_USAGE,
	                 "the name template '%.100s' has %%%c, which is none of%s %%%%", text,
	                 letter, known);
}

static bool too_long(const char *text, struct tf_error *err)
{
	return error_set(err, TF_USAGE,
	                 "the name template '%.60s%s' is too long: names may have %d bytes, and "
	                 "%d between slashes",
	                 text, strlen(text) > 60 ? "..." : "", NAME_ROOM - NAME_SUFFIX - 1,
	                 NAME_PART - NAME_SUFFIX);
}

/* One more piece (row 0: a literal) -> false: there are too many */
static bool add(struct name_form *form, uint8_t row, uint16_t from, uint16_t n)
{
	struct name_piece *last = form->pieces > 0 ? &form->piece[form->pieces - 1] : NULL;
	if (row == 0 && last != NULL && last->letter == NULL) {
		last->n = (uint16_t)(last->n + n);
		return true;
	}
	if (form->pieces == NAME_PIECES)
		return false;
	form->piece[form->pieces++] =
	        (struct name_piece){row > 0 ? letter_row(row) : NULL, from, n};
	return true;
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || (unsigned char)c == 0x7f;
}

/* Cuts the template into pieces. */
static bool read_pieces(struct name_form *form, const char *text, struct tf_error *err)
{
	uint16_t n = 0;
	for (const char *p = text; *p != '\0'; p++) {
		bool escape = *p == '%';
		p += escape;
		uint8_t row = escape ? letter_find(*p) : 0;
		if (*p == '\0')
			return error_set(err, TF_USAGE,
			                 "the name template '%.100s' ends in a lone %% (a percent "
			                 "sign is %%%%)",
			                 text);
		if (is_control(*p))
			return error_set(err, TF_USAGE,
			                 "the name template '%.100s' has a control character",
			                 text);
		if (escape && row == 0 && *p != '%')
			return unknown_letter(text, *p, err);
		if (n == sizeof form->text || !add(form, row, n, row == 0))
			return too_long(text, err);
		if (row == 0)
			form->text[n++] = *p;
	}
	return true;
}

static bool add_counter(struct name_form *form)
{
	for (unsigned i = 0; i < form->pieces; i++) {
		const struct letter *l = form->piece[i].letter;
		if (l != NULL && l->counts)
			return true;
	}
	return add(form, letter_find('C'), 0, 0) && add(form, letter_find('c'), 0, 0);
}

/* A component, as short and as long as it can be. */
struct component {
	char literal[3]; /* its first bytes */
	size_t literals;
	size_t longest;
	bool solid; /* a letter always writes something of it */
};

static bool check_component(const struct component *c, const char *text, struct tf_error *err)
{
	bool dots = c->literals == 0 || (c->literals == 1 && c->literal[0] == '.') ||
	            (c->literals == 2 && memcmp(c->literal, "..", 2) == 0);
	if (!c->solid && dots)
		return error_set(err, TF_USAGE,
		                 "the name template '%.100s' can give names with a part that is "
		                 "empty, '.' or '..' (%%V %%v %%C %%c may be empty)",
		                 text);
	return c->longest <= NAME_PART - NAME_SUFFIX || too_long(text, err);
}

static void add_literal(struct component *c, char byte)
{
	if (c->literals < sizeof c->literal)
		c->literal[c->literals] = byte;
	c->literals++;
	c->longest++;
}

/* Names lie below the folder, and are not too long. */
static bool check_components(struct name_form *form, const char *text, struct tf_error *err)
{
	struct component c = {.literals = 0};
	for (unsigned i = 0; i < form->pieces; i++) {
		const struct name_piece *p = &form->piece[i];
		const struct letter *l = p->letter;
		if (l != NULL) {
			c.longest += l->longest;
			c.solid = c.solid || l->empty == NEVER;
			form->longest += l->longest;
		}
		for (uint16_t k = 0; k < p->n; k++) {
			form->longest++;
			if (form->text[p->from + k] != '/') {
				add_literal(&c, form->text[p->from + k]);
				continue;
			}
			if (!check_component(&c, text, err))
				return false;
			c = (struct component){.literals = 0};
		}
	}
	if (!check_component(&c, text, err))
		return false;
	return form->longest < NAME_ROOM - NAME_SUFFIX || too_long(text, err);
}

/* -- which streams share a name -------------------------------------------------------- */

static unsigned kind_of(char c)
{
	return c >= '0' && c <= '9'   ? DIGITS
	       : c >= 'a' && c <= 'f' ? LETTERS
	       : c == ':'             ? COLONS
	       : c == '-'             ? DASHES
	                              : OTHERS;
}

/* -> whether what the i-th piece writes, whose length varies, may be followed by a character that
   it could have written itself: then nobody can tell by a name where it ends, and "1" with
   "12" behind it looks as "11" does with "2". */
static bool runs_on(const struct name_form *form, unsigned i)
{
	unsigned varies = form->piece[i].letter->varies;
	enum empty passed = NEVER; /* letters that are empty together */
	for (unsigned k = i + 1; k < form->pieces; k++) {
		const struct name_piece *p = &form->piece[k];
		const struct letter *l = p->letter;
		if (l == NULL)
			return (kind_of(form->text[p->from]) & varies) != 0;
		if (passed != NEVER && l->empty == passed)
			continue;
		if ((l->first & varies) != 0)
			return true;
		if (l->empty == NEVER)
			return false;
		passed = l->empty;
	}
	return false;
}

static bool has(unsigned tells, unsigned all)
{
	return (tells & all) == all;
}

static void note_sharing(struct name_form *form)
{
	unsigned tells = 0;
	bool clear = true, numbered = false;
	for (unsigned i = 0; i < form->pieces; i++) {
		const struct letter *l = form->piece[i].letter;
		if (l == NULL)
			continue;
		tells |= l->tells;
		numbered = numbered || l->numbered;
		clear = clear && !(l->varies != 0 && runs_on(form, i));
	}
	bool ends = has(tells, TELLS_ENDS), nth = has(tells, TELLS_NTH);
	bool connection = has(tells, TELLS_CONNECTION);
	bool pair = ends || has(tells, TELLS_PAIR);
	bool way = ends || has(tells, TELLS_DIRECTION);
	form->one_worker = numbered || !clear || !pair;
	form->unique = clear && (nth || (connection && way));
	form->shared = !form->unique && !(clear && pair && way && has(tells, TELLS_VLAN));
}

bool name_is_ambiguous(const struct name_form *form, const struct tf_flow *f)
{
	/* Of several VLAN tags the outermost is told, and no network id. */
	return form->shared || (!form->unique && (f->vlan[0] != 0 || f->net[0] != 0));
}

/* -- forms and names ---------------------------------------------------------------- */

bool name_form_init(struct name_form *form, const char *text, struct tf_error *err)
{
	*form = (struct name_form){.pieces = 0};
	if (text == NULL)
		text = USUAL;
	if (text[0] == '\0')
		return error_set(err, TF_USAGE, "the name template is empty");
	if (text[0] == '/')
		return error_set(err, TF_USAGE,
		                 "the name template '%.100s' begins with '/', but files lie below "
		                 "the output folder",
		                 text);
	if (!read_pieces(form, text, err))
		return false;
	if (!add_counter(form))
		return too_long(text, err);
	note_sharing(form);
	return check_components(form, text, err);
}

struct named name_subject(const struct name_form *form, const struct tf_flow *flow, unsigned dir)
{
	struct named who = {
	        .form = form, .flow = flow, .dir = (uint8_t)dir, .originator = flow->originator};
	memcpy(who.mac, flow->mac[dir], sizeof who.mac);
	memcpy(who.mac_to, flow->mac_to[dir], sizeof who.mac_to);
	return who;
}

void name_write(const struct named *who, uint32_t number, char to[NAME_ROOM])
{
	const struct name_form *form = who->form;
	struct text t = text_in(to, NAME_ROOM);
	for (unsigned i = 0; i < form->pieces; i++) {
		const struct name_piece *p = &form->piece[i];
		const struct letter *l = p->letter;
		if (l != NULL)
			l->write(&t, who, l, number);
		else
			text_bytes(&t, form->text + p->from, p->n);
	}
	MUST(!t.full && t.n <= form->longest);
}

bool tf_names_check(const char *text, struct tf_error *err)
{
	struct name_form form;
	return name_form_init(&form, text, err);
}

/* -- flags ---------------------------------------------------------------------------- */

static const struct flag {
	char flag;
	const char *prefix;
} flags_known[] = {
        {'c', ""},
        {'k', "%K/"},
        {'m', "%M000-%M999/%M%K/"},
        {'g', "%G000000-%G999999/%G%M000-%G%M999/%G%M%K/"},
        {'t', "%tT"},
        {'T', "%T"},
        {'M', ""},
        {'X', ""},
};

static const struct flag *flag_of(char c)
{
	for (size_t i = 0; i < sizeof flags_known / sizeof *flags_known; i++)
		if (flags_known[i].flag == c)
			return &flags_known[i];
	return NULL;
}

/* The number stands in all names, also in the first. */
static void count_all(struct text *to, const char *names)
{
	bool counted = false;
	for (const char *p = names; *p != '\0';) {
		size_t n = *p == '%' && p[1] != '\0' ? 2 : 1;
		bool both = strncmp(p, "%C%c", 4) == 0, later = strncmp(p, "%c", 2) == 0;
		if (both || later)
			text_string(to, both ? "c%#" : "%#");
		else
			text_bytes(to, p, n);
		counted = counted || both || later || strncmp(p, "%#", 2) == 0;
		p += both ? 4 : n;
	}
	if (!counted)
		text_string(to, "c%#");
}

bool tf_names_flags(const char *flags, const char *names, char to[TF_NAMES_ROOM],
                    struct tf_error *err)
{
	char now[TF_NAMES_ROOM], next[TF_NAMES_ROOM];
	struct text t = text_in(now, sizeof now);
	text_string(&t, names != NULL ? names : USUAL);
	for (const char *p = flags; *p != '\0'; p++) {
		const struct flag *f = flag_of(*p);
		if (f == NULL)
			return error_set(err, TF_USAGE,
			                 "there is no kind of name '%c': the kinds are c t T X M k "
			                 "m g",
			                 *p);
		struct text u = text_in(next, sizeof next);
		text_string(&u, f->prefix);
		if (*p == 'c')
			count_all(&u, now);
		else
			text_string(&u, now);
		if (t.full || u.full)
			return error_set(err, TF_USAGE, "a name template has at most %d characters",
			                 TF_NAMES_ROOM - 1);
		memcpy(now, next, sizeof now);
	}
	if (t.full)
		return error_set(err, TF_USAGE, "a name template has at most %d characters",
		                 TF_NAMES_ROOM - 1);
	memcpy(to, now, sizeof now);
	return true;
}
