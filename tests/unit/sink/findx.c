/* SPDX-License-Identifier: BSD-3-Clause */
/* The index beside each file: its lines, their order, and what is left when the world fails. */
#include "recording.h"

#include "prop/random.h"
#include "sink/findx.h"

#include <signal.h>
#include <sys/resource.h>

static struct recording r;
static const struct files_setup indexed = {.index = true};

static uint64_t packets; /* so far */

/* A piece of flow k's packet number `packets`. */
static void piece(unsigned k, int64_t offset, size_t n, int64_t ts_ns)
{
	struct talk *t = &r.talk[k];
	struct tf_event ev = {.kind = TF_DATA,
	                      .flow = &t->flow,
	                      .offset = offset,
	                      .length = (int64_t)n,
	                      .data = {pattern, n},
	                      .ts_ns = ts_ns,
	                      .frame = packets,
	                      .slot = &t->slot[0]};
	t->account[0].written += (int64_t)n;
	tell(&r, &ev);
}

static void packet(int64_t offset, size_t n, int64_t ts_ns)
{
	packets++;
	piece(0, offset, n, ts_ns);
}

static const char *index_of(unsigned k)
{
	static char path[NAME_ROOM + 20];
	(void)snprintf(path, sizeof path, "%s.findx", path_of(&r, k, 0, 0));
	return path;
}

static const int64_t second = 1000000000;

/* As tcpflow 1.6.1 writes them; but nanoseconds are cut off, not times before 1970. */
static void lines(void **state)
{
	(void)state;
	start_as(&r, &indexed, 10, 64);
	packet(0, 1309, 1223315694 * second + 694099999);
	packet(1309, 1396, 1223315694 * second + 695990000);
	packet(2705, 22, 1223315695 * second);
	packet(10000, 1, -second / 2);
	end_flow(&r, 0);
	file_is(index_of(0), "0|1223315694.694099|1309\n1309|1223315694.695990|1396\n"
	                     "2705|1223315695.000000|22\n10000|-1.500000|1\n");
	assert_int_equal(names_in("in"), 2);
	assert_int_equal(counted(&r).files, 1);
	assert_int_equal(counted(&r).writes, 3); /* the bytes are two runs */
	struct stat st;
	assert_int_equal(stat(index_of(0), &st), 0);
	assert_int_equal(st.st_mtim.tv_sec, r.talk[0].flow.began_ns[0] / second);
	done(&r);
}

/* One packet's bytes that come in pieces are one run, when they go on. */
static void pieces(void **state)
{
	(void)state;
	start_as(&r, &indexed, 10, 64);
	packet(0, 10, second);
	piece(0, 10, 10, second);
	packet(20, 10, second); /* at the same time, but another packet */
	piece(0, 40, 10, second);
	end_flow(&r, 0);
	file_is(index_of(0), "0|1.000000|20\n20|1.000000|10\n40|1.000000|10\n");
	done(&r);
}

static void nothing(void **state)
{
	(void)state;
	start_as(&r, &indexed, 10, 64);
	hole(&r, -10, 10);
	end_flow(&r, 0);
	assert_int_equal(names_in("in"), 0);
	done(&r);
}

/* Late lines, and bytes before the first one; written out in between or not. */
static void mended(void **state)
{
	(void)state;
	for (int written = 0; written < 16; written++) {
		start_as(&r, &indexed, 1 + (unsigned)written % 2, 64);
		packet(0, 3, second);
		if (written & 1)
			reclaim(&r);
		packet(7, 2, 2 * second);
		if (written & 2)
			reclaim(&r);
		packet(3, 4, 3 * second);
		if (written & 4)
			reclaim(&r);
		packet(-12, 10, 4 * second);
		if (written & 8)
			reclaim(&r);
		end_flow(&r, 0);
		file_is(index_of(0),
		        "0|4.000000|10\n12|1.000000|3\n15|3.000000|4\n19|2.000000|2\n");
		done(&r);
	}
}

/* Bytes before the first one alone: all lines stay where they are, and say something else. */
static void shifted(void **state)
{
	(void)state;
	start_as(&r, &indexed, 10, 64);
	packet(0, 3, second);
	packet(3, 3, 2 * second);
	reclaim(&r);
	hole(&r, -1000000, 0);
	end_flow(&r, 0);
	file_is(index_of(0), "1000000|1.000000|3\n1000003|2.000000|3\n");
	done(&r);
}

static void descriptors(void **state)
{
	(void)state;
	for (unsigned most = 1; most < 5; most++) {
		start_as(&r, &indexed, most, 3);
		int before = open_descriptors();
		for (int i = 0; i < 300; i++)
			for (unsigned k = 0; k < 5; k++) {
				packets++;
				piece(k, (i ^ 1) * 100, 100, i * second);
				assert_true(open_descriptors() <= before + (int)most);
			}
		assert_true(finish(&r));
		assert_int_equal(open_descriptors(), before);
		static char got[10000], want[10000];
		size_t n = 0;
		for (int i = 0; i < 300; i++)
			n += (size_t)snprintf(want + n, sizeof want - n, "%d|%d.000000|100\n",
			                      i * 100, i ^ 1);
		for (unsigned k = 0; k < 5; k++) {
			assert_int_equal(read_file(index_of(k), got, sizeof got), n);
			assert_memory_equal(got, want, n);
		}
		clean_up(&r);
	}
}

/* What has the name already stays as it is. */
static void taken(void **state)
{
	(void)state;
	start_as(&r, &indexed, 10, 64);
	write_file("outside", "precious");
	assert_int_equal(symlink("../outside", index_of(0)), 0);
	packet(0, 3, second);
	end_flow(&r, 0);
	file_is("outside", "precious");
	char path[300];
	(void)snprintf(path, sizeof path, "%sc1", index_of(0));
	file_is(path, "0|1.000000|3\n");
	done(&r);
}

/* The stream's file has a number: so has its index. */
static void numbered(void **state)
{
	(void)state;
	start_as(&r, &indexed, 10, 64);
	write_file(path0(&r), "old");
	packet(0, 3, second);
	end_flow(&r, 0);
	char path[NAME_ROOM + 20];
	(void)snprintf(path, sizeof path, "%s.findx", path_of(&r, 0, 0, 1));
	file_is(path, "0|1.000000|3\n");
	done(&r);
}

/* The file is there, its index cannot be written: the run fails, and says so once. */
static void full(void **state)
{
	(void)state;
	struct rlimit was, limit;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	limit = (struct rlimit){.rlim_cur = 1000, .rlim_max = was.rlim_max};
	start_as(&r, &indexed, 10, 64);
	for (int i = 0; i < 100; i++) /* 100 bytes, and many lines for them */
		packet(i, 1, i * second);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	end_flow(&r, 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_true(r.failed);
	assert_int_equal(r.err.status, TF_OUTPUT);
	assert_non_null(strstr(r.err.text, ".findx"));
	assert_int_equal(r.talk[0].account[0].write_failed, 0);
	assert_int_equal(r.talk[0].record[0].size, 100);
	assert_false(finish(&r));
	clean_up(&r);
}

/* -- sorting --------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const struct findx_run *x = a, *y = b;
	return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Writes runs as lines -> bytes */
static int64_t write_lines(int fd, const struct findx_run *run, size_t n)
{
	char line[FINDX_LINE];
	int64_t at = 0;
	for (size_t i = 0; i < n; i++) {
		size_t size = findx_line(&run[i], line);
		assert_int_equal(pwrite(fd, line, size, at), size);
		at += (int64_t)size;
	}
	return at;
}

enum { MOST = 20000 };

static void sort_some(struct random *dice, size_t n)
{
	static struct findx_run run[MOST];
	static char got[MOST * FINDX_LINE], want[MOST * FINDX_LINE];
	static uint64_t work[FINDX_ROOM / 8];
	for (size_t i = 0; i < n; i++)
		run[i] = (struct findx_run){.offset = (int64_t)i * 7 - (int64_t)n,
		                            .sec = (int64_t)random_below(dice, 2000000000),
		                            .usec = (uint32_t)random_below(dice, 1000000),
		                            .length = 1 + (uint32_t)random_below(dice, 5)};
	size_t disorder = random_chance(dice, 30) ? 1 : 1 + (size_t)random_below(dice, n);
	for (size_t i = 0; i < n; i++) {
		size_t other = i + (size_t)random_below(dice, disorder);
		if (other < n) {
			struct findx_run was = run[i];
			run[i] = run[other];
			run[other] = was;
		}
	}
	int64_t shift = random_chance(dice, 50) ? (int64_t)n : 123456789012;
	int fd = open("x", O_CREAT | O_TRUNC | O_RDWR, 0666);
	assert_true(fd >= 0);
	int64_t size = write_lines(fd, run, n);
	assert_true(findx_sort(fd, &size, shift, work));
	ssize_t have = pread(fd, got, sizeof got, 0);
	assert_int_equal(have, size);
	qsort(run, n, sizeof *run, compare);
	for (size_t i = 0; i < n; i++)
		run[i].offset += shift;
	assert_int_equal(write_lines(fd, run, n), size);
	assert_int_equal(pread(fd, want, sizeof want, 0), size);
	assert_memory_equal(got, want, (size_t)size);
	assert_int_equal(close(fd), 0);
}

static void sorting(void **state)
{
	(void)state;
	(void)folder_make();
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct random dice = {seed};
		sort_some(&dice, 1 + (size_t)random_below(&dice, seed % 3 ? 100 : MOST));
	}
	static const size_t edges[] = {1, 2, 2047, 2048, 2049, 4096, 4097, 8192, 8193, MOST};
	for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
		struct random dice = {i};
		sort_some(&dice, edges[i]);
	}
	folder_remove();
}

/* Somebody has written something else into the file. */
static void not_ours(void **state)
{
	(void)state;
	static const char *const texts[] = {
	        "x",       "1|2.3|",          "\n",
	        "1|2|3\n", "1|2.000000|3\nx", "11111111111111111111|1.000000|1\n"};
	static uint64_t work[FINDX_ROOM / 8];
	(void)folder_make();
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		write_file("x", texts[i]);
		int fd = open("x", O_RDWR);
		int64_t size = (int64_t)strlen(texts[i]);
		assert_false(findx_sort(fd, &size, 0, work));
		assert_int_equal(close(fd), 0);
		file_is("x", texts[i]);
	}
	write_file("x", "1|2.000000|3\n"); /* shorter than it was */
	int fd = open("x", O_RDWR);
	int64_t size = 14;
	assert_false(findx_sort(fd, &size, 0, work));
	assert_int_equal(close(fd), 0);
	folder_remove();
}

/* Both files are moved away while they are closed. The new index tells of what came since then, in
   order, and has no hole. */
static void taken_away(void **state)
{
	(void)state;
	start_as(&r, &indexed, 1, 64);
	packet(0, 10, second);
	packet(10, 10, second);
	packet(20, 10, second); /* its line is not put yet */
	reclaim(&r);
	piece(1, 0, 1, second);
	reclaim(&r);
	assert_int_equal(system("mkdir away && mv in/*.01000-* away"), 0);
	packet(100, 10, second);
	packet(50, 10, second);
	end_flow(&r, 0);
	assert_true(!r.failed);
	file_is(index_of(0), "20|1.000000|10\n50|1.000000|10\n100|1.000000|10\n");
	done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(lines),    cmocka_unit_test(pieces),
	        cmocka_unit_test(nothing),  cmocka_unit_test(mended),
	        cmocka_unit_test(shifted),  cmocka_unit_test(descriptors),
	        cmocka_unit_test(taken),    cmocka_unit_test(numbered),
	        cmocka_unit_test(full),     cmocka_unit_test(sorting),
	        cmocka_unit_test(not_ours), cmocka_unit_test(taken_away),
	};
	return cmocka_run_group_tests(tests, fill_pattern, NULL);
}
