/* SPDX-License-Identifier: BSD-3-Clause */
/* The rows that name the counters cover struct tf_counters, each field once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <tcpflow/tcpflow.h>

static void cover_the_struct(void **state)
{
	(void)state;
	size_t count;
	const struct tf_counter_row *row = tf_counter_rows(&count);
	assert_int_equal(count * sizeof(uint64_t), sizeof(struct tf_counters));
	for (size_t i = 0; i < count; i++)
		assert_int_equal(row[i].offset, i * sizeof(uint64_t));
}

static void name_fields(void **state)
{
	(void)state;
	size_t count;
	const struct tf_counter_row *row = tf_counter_rows(&count);
	for (size_t i = 0; i < count; i++) {
		assert_true(strlen(row[i].name) > 0 && strlen(row[i].unit) > 0);
		assert_true(strlen(row[i].sentence) > 10);
		assert_null(strchr(row[i].sentence, '\n'));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(row[i].name, row[k].name);
	}
}

static void agree_with_the_fields(void **state)
{
	(void)state;
	static const struct {
		const char *name, *unit;
		size_t offset;
	} some[] = {
	        {"tcp_segments", "frames", offsetof(struct tf_counters, tcp_segments)},
	        {"drop_too_deep", "frames", offsetof(struct tf_counters, drop_too_deep)},
	        {"frames", "frames", offsetof(struct tf_counters, frames)},
	        {"bytes_written", "bytes", offsetof(struct tf_counters, bytes_written)},
	        {"secrets", "blocks", offsetof(struct tf_counters, secrets)},
	};
	size_t count;
	const struct tf_counter_row *row = tf_counter_rows(&count);
	for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
		size_t k = 0;
		while (k < count && strcmp(row[k].name, some[i].name) != 0)
			k++;
		assert_true(k < count);
		assert_int_equal(row[k].offset, some[i].offset);
		assert_string_equal(row[k].unit, some[i].unit);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(cover_the_struct),
	        cmocka_unit_test(name_fields),
	        cmocka_unit_test(agree_with_the_fields),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
