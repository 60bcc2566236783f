/* SPDX-License-Identifier: BSD-3-Clause */
/* What the recorder is told to do: names by a template, gaps, no bytes at all; and that the number
   of workers changes nothing of it. */
#include "drive.h"

static struct tf_error err;

static void same_folders(const char *a, const char *b)
{
	char command[64];
	(void)snprintf(command, sizeof command, "diff -r %s %s", a, b);
	assert_int_equal(system(command), 0);
}

static struct tf_counters finish(struct tf_engine *e)
{
	struct tf_counters n;
	assert_true(tf_engine_finish(e, &err));
	tf_engine_counters(e, &n);
	tf_engine_free(e);
	return n;
}

/* -- names ------------------------------------------------------------------------------ */

static void refused_early(void **state)
{
	(void)state;
	folder_make();
	struct tf_config c = config_of(1, 8 * MIB);
	struct tf_engine *e = engine_of(&c);
	struct tf_recording how = {.folder = "out", .files_max = 10, .names = "x%Q"};
	assert_false(tf_engine_record(e, &how, &err));
	assert_int_equal(err.status, TF_USAGE);
	assert_non_null(strstr(err.text, "%Q"));
	assert_int_equal(access("out", F_OK), -1);
	how.names = "x%A";
	assert_true(tf_engine_record(e, &how, &err)); /* another try */
	(void)finish(e);
	folder_remove();
}

/* Whatever the template, and however many workers and descriptors: the same names, with the same
   bytes. */
static void workers_alike(void **state)
{
	(void)state;
	static const char *const names[] = {NULL,   "%A.%a-%B.%b", "%K/%N%d", "all", "%a/%B%c",
	                                    "%n%d", "%A-%B",       "%t%v%c",  "%S"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		folder_make();
		for (unsigned workers = 1; workers <= 4; workers += 3)
			for (unsigned files = 1; files <= 64; files += 63) {
				struct tf_config c = config_of(workers, 32 * MIB);
				struct tf_engine *e = engine_of(&c);
				char folder[20];
				drive_now = INT64_C(1700000000000000000);
				(void)snprintf(folder, sizeof folder, "%u-%u", workers, files);
				struct tf_recording how = {
				        .folder = folder, .files_max = files, .names = names[i]};
				assert_true(tf_engine_record(e, &how, &err));
				assert_true(converse(e, &err, 100));
				assert_int_equal(finish(e).files, 200);
				same_folders("1-1", folder);
			}
		folder_remove();
	}
}

/* -- gaps ------------------------------------------------------------------------------- */

static struct tf_counters gappy(enum tf_gaps gaps, int64_t flow_bytes, const char *folder)
{
	struct tf_config c = config_of(1, 8 * MIB);
	c.flow_bytes = flow_bytes;
	c.hole_max = 1000;
	struct tf_engine *e = engine_of(&c);
	struct tf_recording how = {.folder = folder, .files_max = 10, .gaps = gaps};
	assert_true(tf_engine_record(e, &how, &err));
	assert_true(push(e, &err, 0, 0, SYN, 99, 0, ""));
	assert_true(push(e, &err, 0, 1, SYN | ACK, 999, 100, ""));
	assert_true(push(e, &err, 0, 0, ACK, 110, 1000, "hello")); /* 10 are missing */
	assert_true(push(e, &err, 0, 1, ACK, 1000, 115, ""));      /* and acknowledged */
	assert_true(push(e, &err, 0, 0, ACK, 120, 1000, "world"));
	assert_true(push(e, &err, 0, 1, ACK, 1000, 125, ""));
	assert_true(push(e, &err, 0, 0, ACK, 104, 1000, "late")); /* in the first gap */
	assert_true(push(e, &err, 0, 0, ACK, 112, 1000, "LLO"));  /* before the second */
	assert_true(push(e, &err, 0, 0, ACK, 122, 1000, "RLD"));  /* behind it */
	assert_true(push(e, &err, 0, 0, ACK, 9000, 1000, "far")); /* another file */
	assert_true(push(e, &err, 0, 0, ACK, 9010, 1000, "away"));
	return finish(e);
}

#define NAME   "010.000.000.001.04000-010.009.009.009.00080"
#define GAP(n) "\n[tcpflow: " n " bytes missing]\n"

static void gaps(void **state)
{
	(void)state;
	folder_make();
	struct tf_counters hole = gappy(TF_GAPS_HOLE, INT64_MAX, "hole");
	struct tf_counters skip = gappy(TF_GAPS_SKIP, INT64_MAX, "skip");
	struct tf_counters mark = gappy(TF_GAPS_MARK, INT64_MAX, "mark");
	file_is("skip/" NAME, "helloworld");
	file_is("skip/" NAME "c1", "faraway");
	file_is("mark/" NAME, GAP("10") "hello" GAP("5") "world");
	file_is("mark/" NAME "c1", "far" GAP("7") "away");
	assert_int_equal(hole.bytes_written, 4 + 10 + 7);
	assert_int_equal(hole.bytes_late, 0);
	assert_int_equal(hole.bytes_conflicting, 6);
	assert_int_equal(hole.bytes_unchecked, 0);
	const struct tf_counters *others[] = {&skip, &mark};
	for (int i = 0; i < 2; i++) {
		assert_int_equal(others[i]->bytes_written, 10 + 7);
		assert_int_equal(others[i]->bytes_late, 4);
		assert_int_equal(others[i]->bytes_conflicting, 3);
		assert_int_equal(others[i]->bytes_unchecked, 3);
		assert_int_equal(others[i]->bytes_missing, hole.bytes_missing);
	}
	folder_remove();
}

/* The limit counts offsets, so missing bytes too. */
static void gaps_and_limit(void **state)
{
	(void)state;
	folder_make();
	struct tf_counters n = gappy(TF_GAPS_MARK, 22, "out");
	file_is("out/" NAME, GAP("10") "hello" GAP("5") "wo");
	assert_int_equal(n.bytes_late, 4);
	assert_int_equal(n.bytes_written, 7 + 7);
	(void)gappy(TF_GAPS_MARK, 17, "less"); /* it ends in the second gap */
	file_is("less/" NAME, GAP("10") "hello");
	(void)gappy(TF_GAPS_MARK, 9, "least"); /* and in the first, with nothing behind it */
	file_is("least/" NAME, "far");         /* of the next stream */
	folder_remove();
}

/* -- no bytes ------------------------------------------------------------------------------ */

static void no_bytes(void **state)
{
	(void)state;
	for (int gaps_too = 0; gaps_too < 2; gaps_too++) {
		folder_make();
		struct tf_config c = config_of(2, 32 * MIB);
		c.flow_bytes = 0;
		struct tf_engine *e = engine_of(&c);
		struct tf_recording how = {.folder = "out",
		                           .files_max = 10,
		                           .gaps = gaps_too ? TF_GAPS_MARK : TF_GAPS_HOLE};
		assert_true(tf_engine_record(e, &how, &err));
		assert_true(converse(e, &err, 50));
		assert_true(push(e, &err, 77, 0, SYN, 99, 0, "")); /* says nothing */
		struct tf_counters n = finish(e);
		assert_int_equal(n.files, 100);
		assert_int_equal(names_in("out"), 100);
		assert_int_equal(n.writes, 0);
		assert_int_equal(n.bytes_written, 0);
		assert_true(n.bytes_seen > 0);
		assert_int_equal(n.bytes_beyond_limit, n.bytes_seen);
		file_is("out/" NAME, "");
		folder_remove();
	}
}

/* Connections of the same ends, one after the other, and a stream that ends at a hole. */
static void no_bytes_numbered(void **state)
{
	(void)state;
	folder_make();
	(void)gappy(TF_GAPS_HOLE, 0, "out");
	file_is("out/" NAME, "");
	file_is("out/" NAME "c1", "");
	assert_int_equal(names_in("out"), 2);
	folder_remove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(refused_early), cmocka_unit_test(workers_alike),
	        cmocka_unit_test(gaps),          cmocka_unit_test(gaps_and_limit),
	        cmocka_unit_test(no_bytes),      cmocka_unit_test(no_bytes_numbered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
