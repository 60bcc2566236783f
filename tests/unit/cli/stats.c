/* SPDX-License-Identifier: BSD-3-Clause */
/* The file of --stats: its text, and how it takes the place of the one before. */
#include "lib/scratch.h"

#include "cli/stats.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static const int64_t second = 1000000000;
static struct tf_error err;

static void parsed(void **state)
{
	static const struct {
		const char *value;
		size_t n;
		uint64_t seconds;
	} rows[] = {
	        {"file", 4, 10},    {"file,1", 4, 1},     {"file,86400", 4, 86400},
	        {"file,0", 0, 0},   {"file,86401", 0, 0}, {"file,99999999999999999999", 0, 0},
	        {"a,b", 3, 10},     {"a,1,2", 3, 2},      {"file,", 5, 10},
	        {"file,1s", 7, 10}, {"", 0, 0},           {",5", 0, 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t seconds;
		assert_int_equal(stats_parse(rows[i].value, &seconds), rows[i].n);
		if (rows[i].n > 0)
			assert_int_equal(seconds, rows[i].seconds);
	}
}

static void has(const char *text, const char *lines)
{
	if (strstr(text, lines) == NULL)
		fail_msg("%s\nis missing in\n%s", lines, text);
}

static void text(void **state)
{
	static char room[128 * 1024];
	const struct tf_counters c = {.frames = 3, .bytes_seen = UINT64_MAX, .not_tcp = 1};
	struct tf_moment m = {
	        .flows = 7, .memory = 5, .memory_max = 6, .latest_ns = 1500 * second + 1};
	struct text t = text_in(room, sizeof room);
	(void)state;
	stats_text(&t, &c, &m, 3 * second / 2);
	assert_false(t.full);
	has(room, "# TYPE tcpflow_frames counter\n# UNIT tcpflow_frames frames\n"
	          "# HELP tcpflow_frames frames read from all sources\ntcpflow_frames_total 3\n");
	has(room, "\ntcpflow_seen_bytes_total 18446744073709551615\n");
	has(room, "\ntcpflow_not_tcp_frames_total 1\n");
	has(room, "\ntcpflow_frame_bytes_total 0\n");
	has(room, "\ntcpflow_open_flows 7\n");
	has(room, "\ntcpflow_memory_bytes 5\n");
	has(room, "\ntcpflow_memory_limit_bytes 6\n");
	has(room, "\ntcpflow_latest_segment_timestamp_seconds 1500.000000001\n");
	has(room, "\ntcpflow_uptime_seconds 1.500000000\n");
	has(room, "\ntcpflow_build_info{version=\"" TF_VERSION "\"} 1\n");
	assert_string_equal(room + t.n - 6, "# EOF\n");
	m.latest_ns = 0; /* nothing was seen: there is no such time */
	t = text_in(room, sizeof room);
	stats_text(&t, &c, &m, 0);
	assert_null(strstr(room, "latest_segment"));
}

static const struct tf_counters none;
static const struct tf_moment nothing;

static void refused(void **state)
{
	static const char *const paths[] = {"", "in/", ".", "..", "in/.", "nodir/file"};
	struct stats s;
	(void)state;
	(void)folder_make();
	assert_int_equal(mkdir("in", 0700), 0);
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		assert_false(stats_open(&s, paths[i], strlen(paths[i]), 10, 0, &err));
		assert_int_equal(s.folder, -1);
		stats_close(&s);
	}
	folder_remove();
}

static ino_t inode_of(const char *path)
{
	struct stat st;
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	return st.st_ino;
}

/* Readers see the one before or the new one; a link that somebody has planted is not followed. */
static void replaced(void **state)
{
	struct stats s;
	(void)state;
	(void)folder_make();
	assert_int_equal(mkdir("in", 0700), 0);
	assert_int_equal(symlink("../elsewhere", "in/file.new"), 0);
	assert_int_equal(symlink("../elsewhere", "in/file"), 0);
	assert_true(stats_open(&s, "in/file,7", 7, 7, second, &err));
	assert_true(stats_due(&s, second));
	assert_true(stats_write(&s, &none, &nothing, second, &err));
	assert_false(stats_due(&s, 8 * second - 1));
	assert_true(stats_due(&s, 8 * second));
	ino_t first = inode_of("in/file");
	int held = open("in/file", O_RDONLY);
	assert_true(stats_write(&s, &none, &nothing, 8 * second, &err));
	assert_true(inode_of("in/file") != first);
	assert_int_equal(access("elsewhere", F_OK), -1);
	assert_int_equal(access("in/file.new", F_OK), -1);
	(void)close(held);
	stats_close(&s);
	folder_remove();
}

/* A folder has its name: told, nothing is left behind, and later it may go well. */
static void failed(void **state)
{
	struct stats s;
	(void)state;
	(void)folder_make();
	assert_int_equal(mkdir("file", 0700), 0);
	assert_true(stats_open(&s, "file", 4, 10, 0, &err));
	assert_false(stats_write(&s, &none, &nothing, 0, &err));
	assert_int_equal(err.status, TF_OUTPUT);
	assert_non_null(strstr(err.text, "cannot write file: "));
	assert_int_equal(access("file.new", F_OK), -1);
	assert_int_equal(rmdir("file"), 0);
	assert_true(stats_write(&s, &none, &nothing, 0, &err));
	(void)inode_of("file");
	stats_close(&s);
	folder_remove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(parsed),   cmocka_unit_test(text),   cmocka_unit_test(refused),
	        cmocka_unit_test(replaced), cmocka_unit_test(failed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
