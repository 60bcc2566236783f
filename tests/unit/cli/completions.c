/* SPDX-License-Identifier: BSD-3-Clause */
/* Each option is in the completions of each shell. That shells understand them is tried in
   tests/tools/completions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/completions.h"
#include "cli/options.h"

static char *text_of(const char *shell)
{
	char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);
	assert_true(completions_write(to, shell));
	assert_int_equal(fclose(to), 0);
	return text;
}

/* One line of a file for a shell, as far as it does not depend on the option's value. */
static void line_of(const char *shell, const struct option_row *row, char *to, size_t n)
{
	char letter[] = " -s x";
	letter[4] = (char)row->letter;
	if (strcmp(shell, "fish") == 0)
		(void)snprintf(to, n, "\ncomplete -c tcpflow%s -l %s ", row->letter ? letter : "",
		               row->name);
	else if (strcmp(shell, "zsh") == 0)
		(void)snprintf(to, n, "\n\t'*--%s%s", row->name, row->value ? "=" : "[");
	else
		(void)snprintf(to, n, "--%s ", row->name);
}

static void each_option(void **state)
{
	static const char *const shells[] = {"bash", "zsh", "fish"};
	size_t count;
	const struct option_row *row = option_rows(&count);
	char want[100];
	(void)state;
	for (size_t s = 0; s < 3; s++) {
		char *text = text_of(shells[s]);
		for (size_t i = 0; i < count; i++) {
			line_of(shells[s], &row[i], want, sizeof want);
			if (strstr(text, want) == NULL)
				fail_msg("%s does not know --%s", shells[s], row[i].name);
		}
		free(text);
	}
}

/* In zsh's file a letter has its own line, in bash's it stands behind the names. */
static void each_letter(void **state)
{
	char *bash = text_of("bash"), *zsh = text_of("zsh"), want[40];
	size_t count;
	const struct option_row *row = option_rows(&count);
	(void)state;
	for (size_t i = 0; i < count; i++) {
		if (row[i].letter == 0)
			continue;
		bool value = row[i].value && row[i].value[0] != '[';
		(void)snprintf(want, sizeof want, "\n\t'*-%c%s[", row[i].letter, value ? "+" : "");
		assert_non_null(strstr(zsh, want));
		(void)snprintf(want, sizeof want, " -%c", row[i].letter);
		assert_non_null(strstr(strstr(bash, "_tcpflow_words '--"), want));
		/* the words that may stand in front of others are those without values */
		const char *flags = strstr(bash, "=~ ^-["), *end = strchr(flags, ']');
		const char *at = memchr(flags + 6, row[i].letter, (size_t)(end - flags - 6));
		assert_true((at != NULL) == !value);
	}
	free(bash);
	free(zsh);
}

static void no_such_shell(void **state)
{
	(void)state;
	assert_false(completions_write(stderr, "csh"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_option),
	        cmocka_unit_test(each_letter),
	        cmocka_unit_test(no_such_shell),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
