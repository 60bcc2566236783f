/* SPDX-License-Identifier: BSD-3-Clause */
/* The recorder with little of everything, and when the world fails it; and any order of
   events in hardly any memory. */
#include "recording.h"

#include "sink/store.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/uio.h>

static struct recording r;

/* -- little of everything --------------------------------------------------------------- */

/* Fourteen files with room for so many descriptors and chunks. */
static void scarce(void **state)
{
	(void)state;
	static const struct {
		unsigned descriptors;
		size_t chunks, large;
	} rows[] = {{1, 64, 0}, {1, 1, 0}, {1, 2, 1},   {2, 3, 0},   {3, 40, 3},
	            {3, 40, 0}, {2, 1, 2}, {100, 1, 0}, {100, 0, 0}, {100, 0, 1}};
	enum { TALKS = 7, SIZE = 20000, PART = 700 };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		r.large = rows[i].large;
		start(&r, rows[i].descriptors, rows[i].chunks);
		int before = open_descriptors();
		for (size_t at = 0; at < SIZE; at += PART)
			for (unsigned k = 0; k < 2 * TALKS; k++) {
				size_t n = SIZE - at < PART ? SIZE - at : PART;
				data_at(&r, k / 2, k % 2, (int64_t)at, pattern + at, n);
				assert_true(open_descriptors() <=
				            before + (int)rows[i].descriptors);
			}
		assert_true(finish(&r));
		for (unsigned k = 0; k < 2 * TALKS; k++)
			holds_pattern(path_of(&r, k / 2, k % 2, 0), SIZE);
		assert_int_equal(counted(&r).files, 2 * TALKS);
		assert_int_equal(open_descriptors(), before);
		clean_up(&r);
	}
}

/* The system gives fewer descriptors than were promised: others are given up. */
static void fewer_than_promised(void **state)
{
	(void)state;
	start(&r, 1000, 64);
	struct rlimit was, limit;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	for (unsigned k = 0; k < FLOWS; k++) {
		data_at(&r, k, 0, 0, "a", 1);
		reclaim(&r);
		if (k == 4) { /* no more than are open now */
			int fd = dup(0);
			limit = (struct rlimit){.rlim_cur = (rlim_t)fd, .rlim_max = was.rlim_max};
			(void)close(fd);
			assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
		}
	}
	bool ok = !r.failed;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_true(ok);
	done(&r);
}

/* -- files that nothing is written to ------------------------------------------------------ */

enum { IDLE = 12, SHUT = 1024 }; /* as in store.c */

static void ticks(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		assert_true(r.sink.flush(r.self, &r.err));
}

/* A file that gets nothing is closed with the IDLE-th flush since its last write, one that is
   written to is not. When it is heard again, it goes on. */
static void idle_ones_are_closed(void **state)
{
	(void)state;
	start(&r, 100, 64);
	int before = open_descriptors();
	for (unsigned k = 0; k < 4; k++)
		data_at(&r, k, 0, 0, "once", 4);
	ticks(2); /* the second one writes them */
	assert_int_equal(open_descriptors(), before + 4);
	ticks(IDLE - 2);
	data_at(&r, 0, 0, 4, " more", 5);
	reclaim(&r);
	assert_int_equal(open_descriptors(), before + 4);
	ticks(1);
	assert_int_equal(open_descriptors(), before + 1);
	ticks(IDLE);
	assert_int_equal(open_descriptors(), before);
	file_is(path0(&r), "once more");
	assert_int_equal(system("test -z \"$(find in -type f -newermt 2002-01-01)\""), 0);
	data_at(&r, 0, 0, 9, " and again", 10);
	data_at(&r, 1, 0, 6, "twice", 5);
	ticks(2);
	assert_int_equal(open_descriptors(), before + 2);
	ticks(100);
	assert_int_equal(open_descriptors(), before);
	char got[20];
	assert_int_equal(recall(&r, 5, got, 4), 4); /* reading is use, too */
	assert_memory_equal(got, "more", 4);
	ticks(IDLE - 1);
	assert_int_equal(open_descriptors(), before + 1);
	ticks(1);
	assert_int_equal(open_descriptors(), before);
	assert_true(finish(&r));
	file_is(path0(&r), "once more and again");
	assert_int_equal(read_file(path_of(&r, 1, 0, 0), got, sizeof got), 11);
	assert_memory_equal(got, "once\0\0twice", 11);
	file_is(path_of(&r, 2, 0, 0), "once");
	assert_int_equal(counted(&r).files, 4);
	assert_int_equal(open_descriptors(), before);
	clean_up(&r);
}

/* However many are idle, a flush closes so many at most, the oldest first. */
static void some_in_a_flush(void **state)
{
	(void)state;
	enum { MANY = SHUT + 100 };
	static struct tf_flow flow[MANY];
	static struct stored stored[MANY];
	struct rlimit was, limit;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	if (was.rlim_max < MANY + 100)
		skip();
	limit = (struct rlimit){.rlim_cur = MANY + 100, .rlim_max = was.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	start(&r, 1, 64);
	struct arena arena;
	struct store s;
	assert_true(arena_init(&arena, store_memory() + 4096, &r.err));
	assert_true(store_init(&s, &arena, &r.dir, MANY, 7));
	for (unsigned i = 0; i < MANY; i++) {
		flow_init(&flow[i], i);
		struct named who = name_subject(&r.names, &flow[i], 0);
		stored_init(&stored[i], &who);
		assert_true(store_ready(&s, &stored[i]));
	}
	for (unsigned i = 1; i < IDLE; i++)
		store_tick(&s);
	assert_int_equal(s.open_count, MANY);
	store_tick(&s);
	assert_int_equal(s.open_count, MANY - SHUT);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(stored[i].fd < 0, i < SHUT);
	store_tick(&s);
	assert_int_equal(s.open_count, 0);
	arena_free(&arena);
	done(&r);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
}

/* -- failures ------------------------------------------------------------------------------ */

static struct rlimit size_was;

static void limit_size(rlim_t bytes)
{
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &size_was), 0);
	struct rlimit limit = {.rlim_cur = bytes, .rlim_max = size_was.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void unlimit_size(void)
{
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &size_was), 0);
}

static void full(void **state)
{
	(void)state;
	start(&r, 10, 64);
	limit_size(100000);
	for (size_t at = 0; at < 150000; at += 1000)
		data_at(&r, 0, 0, (int64_t)at, pattern + at, 1000);
	data_at(&r, 1, 0, 0, "small", 5);
	assert_true(r.failed);
	assert_int_equal(r.err.status, TF_OUTPUT);
	assert_non_null(strstr(r.err.text, "cannot write"));
	assert_non_null(strstr(r.err.text, "File too large"));
	assert_non_null(strstr(r.err.text, path0(&r) + 3));
	struct tf_error first = r.err;
	uint8_t got[10];
	assert_int_equal(recall(&r, 0, got, 10), 0); /* what is there is not known */
	assert_false(finish(&r));
	unlimit_size();
	assert_string_equal(r.err.text, first.text); /* told once */
	const struct tf_account *a = r.talk[0].account;
	assert_int_equal(a->written + a->write_failed, 150000);
	static uint8_t have[sizeof pattern];
	size_t size = read_file(path0(&r), have, sizeof have);
	assert_memory_equal(have, pattern, size); /* what is there is right */
	assert_int_equal(a->written, size);       /* what a write took before it failed counts */
	file_is(path_of(&r, 1, 0, 0), "small");   /* others go on */
	assert_int_equal(r.talk[1].account[0].written, 5);
	clean_up(&r);
}

/* Earlier bytes that cannot be kept, or cannot be put in front, count as lost. */
static void head_fails(void **state)
{
	(void)state;
	static const rlim_t limits[] = {4, 8, 11};
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		start(&r, 10, 64);
		say(&r, 0, "abcdefgh");
		reclaim(&r);
		say(&r, -4, "WXYZ");
		reclaim(&r);
		limit_size(limits[i]);
		end_flow(&r, 0);
		unlimit_size();
		const struct tf_account *a = r.talk[0].account;
		assert_true(r.failed);
		assert_int_equal(a->written, 8);
		assert_int_equal(a->write_failed, 4);
		file_is(path0(&r), "abcdefgh");
		assert_non_null(strstr(r.err.text, path0(&r) + 3));
		assert_null(strstr(r.err.text, ".head"));
		assert_false(finish(&r));
		clean_up(&r);
	}
}

/* So many writes succeed from now on; < 0: all do. */
static int writes_left = -1;

/* These two stand before the C library's. */
ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	if (writes_left == 0) {
		errno = EIO;
		return -1;
	}
	writes_left -= writes_left > 0;
	return lseek(fd, at, SEEK_SET) < 0 ? -1 : write(fd, p, n);
}

ssize_t pwritev(int fd, const struct iovec *iov, int count, off_t at)
{
	ssize_t done = 0;
	for (int i = 0; i < count; i++) {
		ssize_t n = pwrite(fd, iov[i].iov_base, iov[i].iov_len, at + done);
		if (n < 0)
			return done > 0 ? done : -1;
		done += n;
		if ((size_t)n < iov[i].iov_len)
			break;
	}
	return done;
}

/* The disk fails while the file's bytes are moved up, for the first bytes to be put in front:
   then none of them is where it should be. When only the first bytes cannot be put there, the
   others are. */
static void moving_fails(void **state)
{
	(void)state;
	enum { SIZE = 200000, MOVES = (SIZE + 65535) / 65536 };
	for (int writes = 0; writes <= MOVES; writes++) {
		start(&r, 10, 64);
		data_at(&r, 0, 0, 0, pattern, SIZE);
		reclaim(&r);
		say(&r, -4, "WXYZ");
		reclaim(&r);
		writes_left = writes;
		end_flow(&r, 0);
		writes_left = -1;
		const struct tf_account *a = r.talk[0].account;
		assert_true(r.failed);
		assert_int_equal(a->written, writes < MOVES ? 0 : SIZE);
		assert_int_equal(a->write_failed, writes < MOVES ? SIZE + 4 : 4);
		assert_false(finish(&r));
		clean_up(&r);
	}
}

/* A file that failed before its end stays in two pieces: what is in the other one is not
   where it should be. */
static void failure_before_head(void **state)
{
	(void)state;
	start(&r, 10, 64);
	say(&r, 0, "abcd");
	reclaim(&r);
	say(&r, -2, "XY");
	reclaim(&r);
	limit_size(4);
	say(&r, 4, "efg");
	end_flow(&r, 0);
	unlimit_size();
	assert_true(r.failed);
	file_is(path0(&r), "abcd");
	assert_int_equal(r.talk[0].account[0].written, 4);
	assert_int_equal(r.talk[0].account[0].write_failed, 5);
	assert_false(finish(&r));
	clean_up(&r);
}

static void head_is_taken(void **state)
{
	(void)state;
	start(&r, 10, 64);
	char head[300];
	(void)snprintf(head, sizeof head, "%s.head", path0(&r));
	write_file("outside", "precious");
	assert_int_equal(symlink("../outside", head), 0);
	say(&r, 0, "abcd");
	reclaim(&r);
	say(&r, -2, "xy");
	end_flow(&r, 0);
	file_is("outside", "precious");
	assert_int_equal(r.talk[0].account[0].write_failed, 2);
	file_is(path0(&r), "abcd");
	assert_false(finish(&r));
	clean_up(&r);
}

/* Talk 0 has said "mine", and its file was closed, since there is only one descriptor. */
static const char *closed_file(void)
{
	static char path[300];
	start(&r, 1, 64);
	write_file("outside", "precious");
	say(&r, 0, "mine");
	reclaim(&r);
	data_at(&r, 1, 0, 0, "x", 1);
	reclaim(&r);
	(void)snprintf(path, sizeof path, "%s", path0(&r));
	return path;
}

/* Where what was said before would stand there is a hole. */
static void has_only_more(const char *path)
{
	static const char bytes[] = "\0\0\0\0more";
	char got[100];
	assert_int_equal(read_file(path, got, sizeof got), sizeof bytes - 1);
	assert_memory_equal(got, bytes, sizeof bytes - 1);
}

static void ends_well(void)
{
	end_flow(&r, 0);
	assert_int_equal(r.talk[0].account[0].write_failed, 0);
	assert_int_equal(r.talk[0].account[0].written, 8);
	assert_true(finish(&r));
	assert_int_equal(counted(&r).files_remade, 1);
	assert_int_equal(counted(&r).files, 3);
	file_is(path_of(&r, 1, 0, 0), "x");
}

static void says_more(void)
{
	say(&r, 4, "more");
	reclaim(&r);
	ends_well();
}

/* The file is moved away while it is closed. */
static void taken_away(void **state)
{
	(void)state;
	const char *path = closed_file();
	assert_int_equal(rename(path, "away"), 0);
	char got[4];
	assert_int_equal(recall(&r, 0, got, sizeof got),
	                 0); /* what stands there now was never said */
	says_more();
	file_is("away", "mine");
	has_only_more(path);
	clean_up(&r);
}

/* It stays where it is, but nobody may write to it any more. */
static void given_away(void **state)
{
	(void)state;
	enum { NOBODY = 65534 };
	const char *path = closed_file();
	const bool root = geteuid() == 0; /* who may write to any file */
	assert_int_equal(chmod(path, 0444), 0);
	assert_int_equal(chmod("in", 0777), 0);
	assert_true(!root || seteuid(NOBODY) == 0);
	say(&r, 4, "more");
	reclaim(&r);
	assert_true(!root || seteuid(0) == 0);
	ends_well();
	file_is(path, "mine");
	has_only_more(path_of(&r, 0, 0, 1));
	clean_up(&r);
}

/* All files are moved away that there are, NAME.head among them; then first bytes come again, and
   in the end they, and the hole behind them, are put in front. Or none come again. */
static void head_is_taken_away(void **state)
{
	(void)state;
	static const char more[] = "WX\0\0\0\0\0\0more", no_more[] = "\0\0\0\0\0\0more";
	for (int again = 0; again < 2; again++) {
		start(&r, 1, 64);
		say(&r, 0, "mine");
		reclaim(&r);
		say(&r, -2, "xy");
		reclaim(&r);
		data_at(&r, 1, 0, 0, "x", 1);
		reclaim(&r);
		assert_int_equal(system("mkdir away && mv in/*.01000-* away"), 0);
		say(&r, 4, "more");
		reclaim(&r);
		if (again)
			say(&r, -4, "WX");
		end_flow(&r, 0);
		assert_int_equal(r.talk[0].account[0].write_failed, 2);
		assert_true(finish(&r));
		char got[100];
		const char *expected = again ? more : no_more;
		size_t n = again ? sizeof more - 1 : sizeof no_more - 1;
		assert_int_equal(read_file(path0(&r), got, sizeof got), n);
		assert_memory_equal(got, expected, n);
		assert_int_equal(system("test -z \"$(find in -name '*.head')\""), 0);
		clean_up(&r);
	}
}

/* The same, and something else stands in its place. */
static void replaced(void **state)
{
	(void)state;
	const char *path = closed_file();
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("../outside", path), 0);
	says_more();
	file_is("outside", "precious");
	has_only_more(path_of(&r, 0, 0, 1));
	clean_up(&r);
}

static void cannot_make(void **state)
{
	(void)state;
	start(&r, 10, 64);
	assert_int_equal(rmdir("in"), 0);
	say(&r, 0, "lost");
	assert_false(finish(&r));
	assert_non_null(strstr(r.err.text, "cannot make"));
	assert_int_equal(r.talk[0].account[0].write_failed, 4);
	assert_int_equal(r.talk[0].account[0].written, 0);
	clean_up(&r);
}

/* -- at random ------------------------------------------------------------------------------- */

static unsigned dice;

static int roll(int sides)
{
	dice = dice * 1103515245 + 12345;
	return (int)((dice >> 8) % (unsigned)sides);
}

enum { CELLS = 40 };

/* A stream in cells, told in any order, some of them never. */
struct stream {
	int64_t at[CELLS + 1];
	bool told[CELLS];
};

static int64_t low_of(const struct stream *s)
{
	return s->at[0] < 0 ? s->at[0] : 0;
}

static void check_recall(const struct stream *s, int k)
{
	static uint8_t got[4096];
	size_t n = (size_t)(s->at[k + 1] - s->at[k]), done_n = 0, part;
	while (done_n < n && done_n < sizeof got &&
	       (part = recall(&r, s->at[k] + (int64_t)done_n, got,
	                      n - done_n < sizeof got ? n - done_n : sizeof got)) > 0) {
		assert_memory_equal(got, pattern + (s->at[k] - s->at[0]) + done_n, part);
		done_n += part;
	}
	assert_true(done_n == n || done_n >= sizeof got);
}

static void check_file(const struct stream *s, int last)
{
	static uint8_t got[sizeof pattern];
	int64_t low = low_of(s);
	assert_int_equal(read_file(path0(&r), got, sizeof got), s->at[last + 1] - low);
	for (int64_t i = low; i < s->at[0]; i++)
		assert_int_equal(got[i - low], 0);
	for (int k = 0; k <= last; k++)
		for (int64_t i = s->at[k]; i < s->at[k + 1]; i++)
			assert_int_equal(got[i - low], s->told[k] ? pattern[i - s->at[0]] : 0);
}

static void one_random(void)
{
	struct stream s = {0};
	int order[CELLS], last = -1;
	s.at[0] = roll(3) == 0 ? roll(3000) : -roll(40000);
	for (int k = 0; k < CELLS; k++) {
		s.at[k + 1] = s.at[k] + 1 + (roll(12) == 0 ? roll(20000) : roll(1500));
		if (s.at[k] < 0 && s.at[k + 1] > 0)
			s.at[k + 1] = 0; /* nothing that is told crosses the origin */
		order[k] = k;
	}
	int disorder = roll(CELLS);
	for (int k = 0; k < CELLS; k++) {
		int other = k + roll(disorder + 1);
		if (other < CELLS) {
			int t = order[k];
			order[k] = order[other];
			order[other] = t;
		}
	}
	for (int k = 0; k < CELLS; k++) {
		int c = order[k];
		if (roll(8) == 0)
			continue;
		s.told[c] = true;
		last = c > last ? c : last;
		data_at(&r, 0, 0, s.at[c], pattern + (s.at[c] - s.at[0]),
		        (size_t)(s.at[c + 1] - s.at[c]));
		data_at(&r, 1, 0, k, "x", 1); /* another file wants its turn */
		check_recall(&s, c);
		if (roll(10) == 0)
			reclaim(&r);
		int known = order[roll(k + 1)];
		if (s.told[known])
			check_recall(&s, known);
	}
	for (int k = 0; k < last; k++)
		if (!s.told[k])
			hole(&r, s.at[k], s.at[k + 1]);
	assert_true(finish(&r));
	if (last >= 0)
		check_file(&s, last);
	assert_int_equal(names_in("in"), 1 + (last >= 0));
}

static void random_orders(void **state)
{
	(void)state;
	static const size_t chunks[] = {64, 4, 1, 0, 20};
	for (unsigned round = 0; round < 300; round++) {
		dice = round * 7919 + 1;
		r.large = round % 7 % 3;
		start(&r, 1 + round % 3, chunks[round % 5]);
		one_random();
		clean_up(&r);
	}
}

static void too_little_memory(void **state)
{
	(void)state;
	start(&r, 10, 4);
	struct tf_error err = {0};
	assert_null(r.sink.open(r.sink.arg, 0, 1, &err));
	assert_int_equal(err.status, TF_USAGE);
	assert_non_null(strstr(err.text, "--memory"));
	done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(scarce),
	        cmocka_unit_test(fewer_than_promised),
	        cmocka_unit_test(idle_ones_are_closed),
	        cmocka_unit_test(some_in_a_flush),
	        cmocka_unit_test(full),
	        cmocka_unit_test(head_fails),
	        cmocka_unit_test(moving_fails),
	        cmocka_unit_test(failure_before_head),
	        cmocka_unit_test(head_is_taken),
	        cmocka_unit_test(taken_away),
	        cmocka_unit_test(given_away),
	        cmocka_unit_test(head_is_taken_away),
	        cmocka_unit_test(replaced),
	        cmocka_unit_test(cannot_make),
	        cmocka_unit_test(random_orders),
	        cmocka_unit_test(too_little_memory),
	};
	return cmocka_run_group_tests(tests, fill_pattern, NULL);
}
