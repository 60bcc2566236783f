/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/completions.h"

#include "cli/options.h"
#include "cli/scanners.h"

#include <string.h>

enum { PHRASE = 100 };

/* What may stand for a value, told by what the help calls it. */
enum kind { KIND_NONE, KIND_TEXT, KIND_FILE, KIND_FOLDER, KIND_USER, KIND_SETTING, KIND_WORD };

static enum kind kind_of(const struct option_row *row)
{
	static const struct {
		const char *value;
		enum kind kind;
	} kinds[] = {
	        {"FILE", KIND_FILE},
	        {"DIR", KIND_FOLDER},
	        {"USER", KIND_USER},
	        {"NAME=VALUE", KIND_SETTING},
	};
	if (row->value == NULL)
		return KIND_NONE;
	if (row->words != NULL)
		return KIND_WORD;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(row->value, kinds[i].value) == 0)
			return kinds[i].kind;
	return KIND_TEXT;
}

static bool is_optional(const struct option_row *row)
{
	return row->value != NULL && row->value[0] == '[';
}

/* The beginning of the help, as far as it makes sense alone, for single quotes. */
static const char *phrase(const struct option_row *row, char to[PHRASE])
{
	static const char *const ends[] = {";", ":", " (", ","};
	size_t n = strlen(row->help), used = 0;

	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		const char *end = strstr(row->help, ends[i]);
		bool enough = end != NULL && (end - row->help >= 20 || *ends[i] != ',');
		if (enough && (size_t)(end - row->help) < n)
			n = (size_t)(end - row->help);
	}
	for (const char *s = row->help; n > 0 && used + 4 < PHRASE; s++, n--) {
		if (*s == '\'')
			used = (size_t)(stpcpy(to + used, "'\\''") - to);
		else if (strchr("\"[]\\$`", *s) == NULL)
			to[used++] = *s;
	}
	to[used] = '\0';
	return to;
}

static void write_words(FILE *to, const struct option_row *row, const char *between)
{
	for (size_t i = 0; row->words[i] != NULL; i++)
		(void)fprintf(to, "%s%s", i > 0 ? between : "", row->words[i]);
}

static void write_settings(FILE *to, const char *between, const char *behind)
{
	size_t count;
	const struct option_row *rows = setting_rows(&count);
	for (size_t i = 0; i < count; i++)
		(void)fprintf(to, "%s%s%s", i > 0 ? between : "", rows[i].name, behind);
}

/* -- bash -- */

/* The letters whose values, if any, are in the next word; those without a value may stand
   in front of another one. */
static void write_bash_flags(FILE *to, const struct option_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].letter != 0 && (rows[i].value == NULL || is_optional(&rows[i])))
			(void)fputc(rows[i].letter, to);
}

static void write_bash_case(FILE *to, const struct option_row *row)
{
	static const char *const answers[] = {
	        [KIND_TEXT] = "return",
	        [KIND_FILE] = "_tcpflow_files -f; return",
	        [KIND_FOLDER] = "_tcpflow_files -d; return",
	        [KIND_USER] = "_tcpflow_words \"$(compgen -u)\"; return",
	};
	enum kind kind = kind_of(row);

	if (kind == KIND_NONE)
		return;
	(void)fprintf(to, "\t--%s", row->name);
	if (row->letter != 0 && !is_optional(row))
		(void)fprintf(to, " | -%c", row->letter);
	(void)fputs(is_optional(row) ? ") [[ $equals ]] && { " : ") ", to);
	if (kind == KIND_WORD) {
		(void)fputs("_tcpflow_words '", to);
		write_words(to, row, " ");
		(void)fputs("'; return", to);
	} else if (kind == KIND_SETTING) {
		(void)fputs("compopt -o nospace; _tcpflow_words '", to);
		write_settings(to, " ", "=");
		(void)fputs("'; return", to);
	} else {
		(void)fputs(answers[kind], to);
	}
	(void)fputs(is_optional(row) ? "; } ;;\n" : " ;;\n", to);
}

static void write_bash_options(FILE *to, const struct option_row *rows, size_t count)
{
	(void)fputs("\t[[ $cur != -* ]] || _tcpflow_words '", to);
	for (size_t i = 0; i < count; i++)
		(void)fprintf(to, "%s--%s", i > 0 ? " " : "", rows[i].name);
	for (size_t i = 0; i < count; i++)
		if (rows[i].letter != 0)
			(void)fprintf(to, " -%c", rows[i].letter);
	(void)fputs("'\n", to);
}

static void write_bash(FILE *to, const struct option_row *rows, size_t count)
{
	(void)fputs("# bash completion for tcpflow, made from its table of options\n\n"
	            "_tcpflow_words()\n"
	            "{\n"
	            "\tlocal IFS=$' \\t\\n'\n"
	            "\tCOMPREPLY=($(compgen -W \"$1\" -- \"$cur\"))\n"
	            "}\n\n"
	            "_tcpflow_files()\n"
	            "{\n"
	            "\tlocal IFS=$'\\n'\n"
	            "\tcompopt -o filenames\n"
	            "\tCOMPREPLY=($(compgen \"$1\" -- \"$cur\"))\n"
	            "}\n\n"
	            "_tcpflow()\n"
	            "{\n"
	            "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} "
	            "equals=\n\n"
	            "\t# `=` is a word of its own\n"
	            "\tif [[ $cur == = ]]; then\n"
	            "\t\tcur= equals=1\n"
	            "\telif [[ $prev == = ]]; then\n"
	            "\t\tprev=${COMP_WORDS[COMP_CWORD - 2]} equals=1\n"
	            "\tfi\n"
	            "\t# the last of several letters may have a value\n"
	            "\t[[ $prev =~ ^-[",
	            to);
	write_bash_flags(to, rows, count);
	(void)fputs("]+(.)$ ]] && prev=-${BASH_REMATCH[1]}\n\n\tcase $prev in\n", to);
	for (size_t i = 0; i < count; i++)
		write_bash_case(to, &rows[i]);
	(void)fputs("\tesac\n", to);
	write_bash_options(to, rows, count);
	(void)fputs(
	        "\t[[ $cur == -* || \" ${COMP_WORDS[*]} \" != *\\ -l\\ * ]] || _tcpflow_files -f\n"
	        "}\n\n"
	        "complete -F _tcpflow tcpflow\n",
	        to);
}

/* -- zsh -- */

static void write_zsh_value(FILE *to, const struct option_row *row)
{
	static const char *const actions[] = {
	        [KIND_TEXT] = " ",
	        [KIND_FILE] = "_files",
	        [KIND_FOLDER] = "_files -/",
	        [KIND_USER] = "_users",
	};
	enum kind kind = kind_of(row);

	(void)fprintf(to, "%s%.*s:", is_optional(row) ? "::" : ":",
	              is_optional(row) ? (int)strlen(row->value) - 3 : (int)strlen(row->value),
	              row->value + (is_optional(row) ? 2 : 0));
	if (kind == KIND_WORD) {
		(void)fputc('(', to);
		write_words(to, row, " ");
		(void)fputc(')', to);
	} else if (kind == KIND_SETTING) {
		(void)fputs("compadd -S = -- ", to);
		write_settings(to, " ", "");
	} else {
		(void)fputs(actions[kind], to);
	}
}

/* One line for each spelling: a value may be glued to a letter, and stand behind a `=`. */
static void write_zsh_row(FILE *to, const struct option_row *row)
{
	char about[PHRASE];
	phrase(row, about);
	if (row->letter != 0) {
		bool value = row->value != NULL && !is_optional(row);
		(void)fprintf(to, " \\\n\t'*-%c%s[%s]", row->letter, value ? "+" : "", about);
		if (value)
			write_zsh_value(to, row);
		(void)fputc('\'', to);
	}
	(void)fprintf(to, " \\\n\t'*--%s%s[%s]", row->name,
	              row->value == NULL ? ""
	              : is_optional(row) ? "=-"
	                                 : "=",
	              about);
	if (row->value != NULL)
		write_zsh_value(to, row);
	(void)fputc('\'', to);
}

static void write_zsh(FILE *to, const struct option_row *rows, size_t count)
{
	(void)fputs("#compdef tcpflow\n"
	            "# zsh completion for tcpflow, made from its table of options\n\n"
	            "_arguments -s -S",
	            to);
	for (size_t i = 0; i < count; i++)
		write_zsh_row(to, &rows[i]);
	(void)fputs(" \\\n\t'*:filter expression or, with -l, capture file:_files'\n", to);
}

/* -- fish -- */

static void write_fish_row(FILE *to, const struct option_row *row)
{
	static const char *const values[] = {
	        [KIND_NONE] = " -f",
	        [KIND_TEXT] = " -x",
	        [KIND_FILE] = " -r -F",
	        [KIND_FOLDER] = " -x -a '(__fish_complete_directories)'",
	        [KIND_USER] = " -x -a '(__fish_complete_users)'",
	};
	char about[PHRASE];
	enum kind kind = kind_of(row);

	(void)fputs("complete -c tcpflow", to);
	if (row->letter != 0)
		(void)fprintf(to, " -s %c", row->letter);
	(void)fprintf(to, " -l %s", row->name);
	if (kind == KIND_WORD || kind == KIND_SETTING) {
		(void)fputs(is_optional(row) ? " -f -a '" : " -x -a '", to);
		if (kind == KIND_WORD)
			write_words(to, row, " ");
		else
			write_settings(to, " ", "=");
		(void)fputc('\'', to);
	} else {
		(void)fputs(is_optional(row) ? " -f" : values[kind], to);
	}
	(void)fprintf(to, " -d '%s'\n", phrase(row, about));
}

static void write_fish(FILE *to, const struct option_row *rows, size_t count)
{
	(void)fputs("# fish completion for tcpflow, made from its table of options\n", to);
	for (size_t i = 0; i < count; i++)
		write_fish_row(to, &rows[i]);
}

bool completions_write(FILE *to, const char *shell)
{
	static const struct {
		const char *shell;
		void (*write)(FILE *to, const struct option_row *rows, size_t count);
	} shells[] = {{"bash", write_bash}, {"zsh", write_zsh}, {"fish", write_fish}};
	size_t count;
	const struct option_row *rows = option_rows(&count);

	for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
		if (strcmp(shell, shells[i].shell) != 0)
			continue;
		shells[i].write(to, rows, count);
		return true;
	}
	return false;
}
