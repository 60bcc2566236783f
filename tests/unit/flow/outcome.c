/* SPDX-License-Identifier: BSD-3-Clause */
/* Words for what became of connections and streams. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <tcpflow/tcpflow.h>

/* Each value has a row, with a word that no other has. */
static void check_words(const struct tf_word_row *rows, size_t count, size_t wanted)
{
	assert_int_equal(count, wanted);
	for (size_t i = 0; i < count; i++) {
		assert_non_null(rows[i].word);
		assert_true(strlen(rows[i].sentence) > strlen(rows[i].word));
		assert_int_equal(strspn(rows[i].word, "abcdefghijklmnopqrstuvwxyz-"),
		                 strlen(rows[i].word));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(rows[i].word, rows[k].word);
	}
}

static void words(void **state)
{
	(void)state;
	size_t count;
	const struct tf_word_row *rows = tf_end_rows(&count);
	check_words(rows, count, TF_END_ROTATED + 1);
	assert_string_equal(rows[TF_END_TIMEOUT].word, "timeout");
	rows = tf_completeness_rows(&count);
	check_words(rows, count, TF_CUT + 1);
	assert_string_equal(rows[TF_UNFINISHED].word, "unfinished");
}

/* The strongest word that is true. */
static void completeness(void **state)
{
	(void)state;
	static const struct {
		struct tf_account account;
		enum tf_end end;
		enum tf_completeness is;
		int64_t missing;
	} rows[] = {
	        {{.syn = true, .fin = true}, TF_END_FIN, TF_COMPLETE, 0},
	        {{.syn = true, .fin = true, .fin_acked = true}, TF_END_RST, TF_COMPLETE, 0},
	        {{.syn = true, .fin = true, .duplicate = 5}, TF_END_FIN, TF_COMPLETE, 0},
	        {{.fin = true}, TF_END_FIN, TF_MIDSTREAM, 0},
	        {{.syn = true}, TF_END_RST, TF_UNFINISHED, 0},
	        {{.syn = false}, TF_END_INPUT, TF_UNFINISHED, 0},
	        {{.syn = true, .fin = true, .missing = 1}, TF_END_FIN, TF_GAPS, 1},
	        {{.syn = true, .fin = true, .missing = 3, .cut = 2}, TF_END_FIN, TF_GAPS, 3},
	        {{.syn = true, .tail_missing = 2}, TF_END_INPUT, TF_GAPS, 2},
	        {{.syn = true, .fin = true, .evicted = 3}, TF_END_FIN, TF_GAPS, 3},
	        {{.syn = true, .fin = true, .write_failed = 4}, TF_END_FIN, TF_GAPS, 4},
	        {{.syn = true, .fin = true, .beyond_limit = 5}, TF_END_FIN, TF_CUT, 5},
	        {{.syn = true, .missing = 1, .beyond_limit = 5}, TF_END_INPUT, TF_CUT, 6},
	        {{.syn = true}, TF_END_HOLE, TF_CUT, 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(tf_completeness_of(&rows[i].account, rows[i].end), rows[i].is);
		assert_int_equal(tf_bytes_missing(&rows[i].account), rows[i].missing);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(words), cmocka_unit_test(completeness)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
