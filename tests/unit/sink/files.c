/* SPDX-License-Identifier: BSD-3-Clause */
/* The recorder: what is gathered, written, put in front and read back, and under which
   names and times. */
#include "recording.h"

#include "base/system.h"

static struct recording r;

/* -- gathering ---------------------------------------------------------------------- */

static void small(void **state)
{
	(void)state;
	start(&r, 10, 64);
	say(&r, 0, "hello ");
	say(&r, 6, "world");
	data_at(&r, 0, 1, 0, "answer", 6);
	assert_int_equal(names_in("in"), 0); /* nothing before it must be */
	end_flow(&r, 0);
	assert_int_equal(counted(&r).writes, 2);
	assert_int_equal(counted(&r).files, 2);
	file_is(path_of(&r, 0, 0, 0), "hello world");
	file_is(path_of(&r, 0, 1, 0), "answer");
	assert_int_equal(names_in("in"), 2);
	done(&r);
}

static void nothing(void **state)
{
	(void)state;
	start(&r, 10, 64);
	hole(&r, 0, 10);
	end_flow(&r, 0);
	assert_int_equal(names_in("in"), 0);
	done(&r);
}

/* -b 0: the files are there, with their names and times, and empty. */
static void beyond_the_limit(void **state)
{
	(void)state;
	start(&r, 10, 64);
	r.talk[0].account[0].beyond_limit = 5;
	end_flow(&r, 0);
	assert_int_equal(names_in("in"), 1);
	file_is(path_of(&r, 0, 0, 0), "");
	assert_int_equal(counted(&r).files, 1);
	done(&r);
}

/* In pieces of many sizes, the bytes are the same; writes are large. */
static void pieces(void **state)
{
	(void)state;
	static const size_t sizes[] = {1, 100, 1460, 2007, 2008, 2009, 5000, 16383, 16384, 70000};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		start(&r, 10, 64);
		size_t total = sizes[i] == 1 ? 20000 : sizeof pattern;
		for (size_t at = 0; at < total; at += sizes[i]) {
			size_t n = total - at < sizes[i] ? total - at : sizes[i];
			data_at(&r, 0, 0, (int64_t)at, pattern + at, n);
		}
		end_flow(&r, 0);
		holds_pattern(path0(&r), total);
		if (sizes[i] < 16384)
			assert_true(counted(&r).writes <= total / 48000 + 1);
		else
			assert_int_equal(counted(&r).writes, (total + sizes[i] - 1) / sizes[i]);
		done(&r);
	}
}

/* With large chunks, writes are whole pages, and 64 KiB; as long as there are enough of them. */
static void whole_pages(void **state)
{
	(void)state;
	static const size_t sizes[] = {1, 512, 1448, 2000, 9000};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		r.large = 1;
		start(&r, 10, 64);
		for (size_t at = 0; at < sizeof pattern; at += sizes[i]) {
			size_t n = sizeof pattern - at < sizes[i] ? sizeof pattern - at : sizes[i];
			data_at(&r, 0, 0, (int64_t)at, pattern + at, n);
			data_at(&r, 1, 0, (int64_t)at, pattern + at, n);
			assert_true(r.chunks.large.used <= 1);
		}
		assert_int_equal(r.chunks.large.used, 1);
		end_flow(&r, 0);
		assert_int_equal(counted(&r).writes, 4 + 3);
		end_flow(&r, 1);
		holds_pattern(path_of(&r, 0, 0, 0), sizeof pattern);
		holds_pattern(path_of(&r, 1, 0, 0), sizeof pattern);
		done(&r);
	}
}

/* Where many files are written at a time, each waits for less. */
static void many(void **state)
{
	(void)state;
	enum { PART = 1024, SIZE = 64 * 1024 };
	r.large = 2 * FLOWS;
	start(&r, 2 * FLOWS, 64);
	for (size_t at = 0; at < SIZE; at += PART)
		for (unsigned k = 0; k < 2 * FLOWS; k++)
			data_at(&r, k / 2, k % 2, (int64_t)at, pattern + at, PART);
	for (unsigned k = 0; k < FLOWS; k++)
		end_flow(&r, k);
	for (unsigned k = 0; k < 2 * FLOWS; k++)
		holds_pattern(path_of(&r, k / 2, k % 2, 0), SIZE);
	assert_int_equal(counted(&r).writes, 2 * FLOWS * 4);
	done(&r);
}

/* A file whose first bytes were written from a large chunk takes over no small ones behind them,
   but copies what they hold; and what waits can be read and replaced across both kinds. */
static void both_kinds(void **state)
{
	(void)state;
	enum { BEFORE = 5000, HELD = 700 };
	r.large = 1;
	start(&r, 10, 64);
	struct talk *t = &r.talk[0];
	for (size_t at = 0; at < BEFORE; at += 1000)
		data_at(&r, 0, 0, (int64_t)at, pattern + at, 1000);
	size_t small = r.chunks.slab.used;
	assert_int_equal(r.chunks.large.used, 1);
	struct chunk *c = chunk_take(&r.chunks), *loan = c;
	memcpy(c->data, pattern + BEFORE, HELD);
	c->to = HELD;
	struct tf_event ev = {.kind = TF_DATA,
	                      .flow = &t->flow,
	                      .offset = BEFORE,
	                      .length = HELD,
	                      .data = chunk_span(c),
	                      .slot = &t->slot[0],
	                      .loan = &loan};
	t->account[0].written += HELD;
	tell(&r, &ev);
	assert_ptr_equal(loan, c);
	chunk_give(&r.chunks, c);
	assert_int_equal(r.chunks.slab.used, small);
	static uint8_t got[BEFORE + HELD];
	assert_int_equal(recall(&r, 1, got, sizeof got), BEFORE + HELD - 1);
	assert_memory_equal(got, pattern + 1, BEFORE + HELD - 1);
	static const struct tf_conflict newest = {.rewrites = true};
	static uint8_t other[3000];
	struct tf_event late = {.kind = TF_CONFLICT,
	                        .flow = &t->flow,
	                        .offset = 1500,
	                        .length = sizeof other,
	                        .data = {other, sizeof other},
	                        .slot = &t->slot[0],
	                        .conflict = &newest};
	tell(&r, &late);
	assert_int_equal(recall(&r, 0, got, sizeof got), BEFORE + HELD);
	assert_memory_equal(got, pattern, 1500);
	assert_memory_equal(got + 1500, other, sizeof other);
	assert_memory_equal(got + 4500, pattern + 4500, BEFORE + HELD - 4500);
	assert_int_equal(counted(&r).writes, 0);
	reclaim(&r);
	data_at(&r, 0, 0, BEFORE + HELD, "x", 1); /* it is one that says much, */
	assert_int_equal(r.chunks.large.used, 1);
	reclaim(&r);
	data_at(&r, 0, 0, BEFORE + HELD + 1, "y", 1); /* or was */
	assert_int_equal(r.chunks.large.used, 0);
	done(&r);
}

static void holes(void **state)
{
	(void)state;
	start(&r, 10, 64);
	say(&r, 3, "abc"); /* SYN was seen: 0 to 3 are missing */
	say(&r, 10, "xyz");
	say(&r, 6, "de");
	hole(&r, 0, 3);
	hole(&r, 8, 10);
	end_flow(&r, 0);
	char got[20];
	assert_int_equal(read_file(path0(&r), got, sizeof got), 13);
	assert_memory_equal(got, "\0\0\0abcde\0\0xyz", 13);
	done(&r);
}

/* Chunks come from the receive queue as they are. */
static void loans(void **state)
{
	(void)state;
	start(&r, 10, 64);
	struct talk *t = &r.talk[0];
	say(&r, 0, "0123");
	struct chunk *c = chunk_take(&r.chunks), *loan = c;
	memcpy(c->data, "..456789", 8);
	c->from = 2;
	c->to = 8;
	struct tf_event ev = {.kind = TF_DATA,
	                      .flow = &t->flow,
	                      .offset = 4,
	                      .length = 6,
	                      .data = chunk_span(c),
	                      .slot = &t->slot[0],
	                      .loan = &loan};
	t->account[0].written += 6;
	tell(&r, &ev);
	assert_null(loan); /* taken over */
	assert_int_equal(r.chunks.slab.used, 2);
	say(&r, 10, "abcdef"); /* into the room behind it */
	assert_int_equal(r.chunks.slab.used, 2);
	char got[20];
	assert_int_equal(recall(&r, 3, got, 20), 13);
	assert_memory_equal(got, "3456789abcdef", 13);
	end_flow(&r, 0);
	file_is(path0(&r), "0123456789abcdef");
	done(&r);
}

/* While its connection dozes, a file is some bytes, and closed; what comes then goes on as if
   nothing had been. */
static void dozes(void **state)
{
	(void)state;
	for (int ends = 0; ends < 2; ends++) {
		uint8_t kept[500];
		static struct tf_flow elsewhere;
		start(&r, 4, 16);
		struct talk *t = &r.talk[0];
		say(&r, 5, "behind");
		say(&r, 0, "first");
		data_at(&r, 0, 1, 0, pattern, 70000);
		assert_int_equal(r.sink.doze(r.self, &t->flow, t->slot, kept, 10), SIZE_MAX);
		assert_int_equal(recall(&r, 3, kept, 4), 4);
		size_t n = r.sink.doze(r.self, &t->flow, t->slot, kept, sizeof kept);
		assert_in_range(n, 2, 60);
		assert_int_equal(r.chunks.slab.used, 0);
		file_is(path0(&r), "firstbehind");
		elsewhere = t->flow;
		elsewhere.originator = 1;
		memset(&t->flow, 0xff, sizeof t->flow);
		t->flow = elsewhere;
		r.sink.wake(r.self, &t->flow, t->slot, kept, n);
		if (ends == 0) {
			say(&r, 11, "!");
			data_at(&r, 0, 1, 70000, pattern + 70000, 100);
		}
		end_flow(&r, 0);
		file_is(path0(&r), ends == 0 ? "firstbehind!" : "firstbehind");
		holds_pattern(path_of(&r, 0, 1, 0), ends == 0 ? 70100 : 70000);
		assert_int_equal(counted(&r).files, 2);
		done(&r);
	}
}

/* A connection that was given up goes on in the same file, and its digest is that of all. */
static void goes_on(void **state)
{
	(void)state;
	static const struct files_setup how = {.digests = 1U << DIGEST_MD5};
	static const uint8_t md5[16] = {0x5e, 0xb6, 0x3b, 0xbb, 0xe0, 0x1e, 0xee, 0xd0,
	                                0x93, 0xcb, 0x22, 0xbb, 0x8f, 0x5a, 0xcd, 0xc3};
	uint8_t bytes[200];
	start_as(&r, &how, 4, 16);
	struct talk *t = &r.talk[0];
	struct tf_keep keep = {.to = bytes, .room = sizeof bytes};
	say(&r, 0, "hello");
	struct tf_event end = {.kind = TF_END,
	                       .dir = TF_BOTH,
	                       .flow = &t->flow,
	                       .end = TF_END_EVICTED,
	                       .account = t->account,
	                       .record = t->record,
	                       .slot = t->slot,
	                       .keep = &keep};
	tell(&r, &end);
	assert_in_range(keep.n, 2, 40);
	file_is(path0(&r), "hello");
	r.sink.wake(r.self, &t->flow, t->slot, bytes, keep.n);
	t->flow.resumed = true;
	struct tf_event begin = {
	        .kind = TF_BEGIN, .dir = TF_BOTH, .flow = &t->flow, .slot = t->slot};
	tell(&r, &begin);
	t->account[0] = (struct tf_account){0};
	say(&r, 5, " world");
	end_flow(&r, 0);
	file_is(path0(&r), "hello world");
	assert_int_equal(t->record[0].size, 11);
	assert_true(t->record[0].has_md5);
	assert_memory_equal(t->record[0].md5, md5, sizeof md5);
	assert_int_equal(t->account[0].written, 6);
	assert_int_equal(counted(&r).files, 1);
	done(&r);
}

/* A chunk that does not follow on what is pending begins a run of its own. */
/* END tells what became of the stream. */
static void records(void **state)
{
	(void)state;
	start(&r, 4, 16);
	say(&r, 0, "hello");
	hole(&r, 5, 10);
	say(&r, 10, "world");
	end_flow(&r, 0);
	assert_string_equal(r.talk[0].record[0].name, path0(&r) + 3);
	assert_int_equal(r.talk[0].record[0].size, 15);
	assert_null(r.talk[0].record[1].name);
	done(&r);
}

/* A connection that wakes up lies where another one was, and has its own name. */
static void own_record(void **state)
{
	(void)state;
	uint8_t kept[2][200];
	size_t n[2];
	start(&r, 4, 16);
	for (unsigned k = 0; k < 2; k++) {
		data_at(&r, k, 0, 0, "hello", 5);
		struct talk *t = &r.talk[k];
		n[k] = r.sink.doze(r.self, &t->flow, t->slot, kept[k], sizeof kept[k]);
		assert_in_range(n[k], 1, sizeof kept[k]);
	}
	for (unsigned k = 0; k < 2; k++) {
		struct talk *t = &r.talk[k];
		r.sink.wake(r.self, &t->flow, t->slot, kept[k], n[k]);
		end_flow(&r, k);
		assert_string_equal(t->record[0].name, path_of(&r, k, 0, 0) + 3);
	}
	done(&r);
}

static void loan_elsewhere(void **state)
{
	(void)state;
	start(&r, 10, 64);
	struct talk *t = &r.talk[0];
	say(&r, 0, "0123");
	struct chunk *c = chunk_take(&r.chunks), *loan = c;
	memcpy(c->data, "89", 2);
	c->to = 2;
	struct tf_event ev = {.kind = TF_DATA,
	                      .flow = &t->flow,
	                      .offset = 8,
	                      .length = 2,
	                      .data = chunk_span(c),
	                      .slot = &t->slot[0],
	                      .loan = &loan};
	t->account[0].written += 2;
	tell(&r, &ev);
	assert_null(loan);
	say(&r, 4, "4567");
	end_flow(&r, 0);
	file_is(path0(&r), "0123456789");
	done(&r);
}

/* -- before the origin ------------------------------------------------------------------ */

/* Nothing is made yet: the origin moves, and bytes are put in front of those pending. */
static void earlier_pending(void **state)
{
	(void)state;
	start(&r, 10, 64);
	say(&r, 0, "efg");
	say(&r, -2, "cd");
	say(&r, -4, "ab");
	char got[10];
	assert_int_equal(recall(&r, -4, got, 10), 7);
	assert_memory_equal(got, "abcdefg", 7);
	end_flow(&r, 0);
	assert_int_equal(counted(&r).writes, 1);
	file_is(path0(&r), "abcdefg");
	done(&r);
}

static void earlier_not_touching(void **state)
{
	(void)state;
	start(&r, 10, 64);
	say(&r, 0, "efg");
	say(&r, -5, "a");
	say(&r, -2, "cd");
	hole(&r, -4, -2);
	end_flow(&r, 0);
	char got[20];
	assert_int_equal(read_file(path0(&r), got, sizeof got), 8);
	assert_memory_equal(got, "a\0\0cdefg", 8);
	done(&r);
}

/* The file is there: what comes before its first byte waits in NAME.head. */
static void earlier_written(void **state)
{
	(void)state;
	start(&r, 10, 64);
	say(&r, 0, "ijkl");
	reclaim(&r);
	file_is(path0(&r), "ijkl");
	say(&r, -4, "efgh");
	reclaim(&r);
	assert_int_equal(names_in("in"), 2);
	say(&r, 4, "mn");
	say(&r, -8, "abcd");
	char got[20];
	memset(got, '-', sizeof got);
	assert_int_equal(recall(&r, -6, got, 2), 2); /* pending */
	assert_memory_equal(got, "cd--", 4);
	assert_int_equal(recall(&r, -4, got, 4), 4); /* NAME.head */
	assert_memory_equal(got, "efgh-", 5);
	assert_int_equal(recall(&r, 0, got, 6), 6); /* the file */
	assert_memory_equal(got, "ijklmn-", 7);
	end_flow(&r, 0);
	file_is(path0(&r), "abcdefghijklmn");
	assert_int_equal(names_in("in"), 1);
	done(&r);
}

/* A run that grows up to the origin ends there. */
static void up_to_the_origin(void **state)
{
	(void)state;
	start(&r, 10, 64);
	say(&r, 0, "efgh");
	reclaim(&r);
	say(&r, -2, "cd");
	say(&r, 4, "ij"); /* flushes "cd" */
	say(&r, -4, "ab");
	say(&r, 6, "kl");
	end_flow(&r, 0);
	file_is(path0(&r), "abcdefghijkl");
	done(&r);

	start(&r, 10, 64);
	say(&r, 4, "efgh"); /* origin 0 */
	reclaim(&r);
	say(&r, 0, "abcd"); /* pending from the origin on */
	say(&r, -3, "xyz"); /* must not be put in front of it */
	say(&r, -5, "vw");  /* pending, up to the head's */
	end_flow(&r, 0);
	file_is(path0(&r), "vwxyzabcdefgh");
	done(&r);
}

/* Only a hole lies before the first byte of a file that was made. */
static void hole_in_front(void **state)
{
	(void)state;
	start(&r, 10, 64);
	data_at(&r, 0, 0, 0, pattern, sizeof pattern);
	reclaim(&r);
	hole(&r, -10, 0);
	end_flow(&r, 0);
	static uint8_t got[sizeof pattern + 10];
	assert_int_equal(read_file(path0(&r), got, sizeof got), sizeof pattern + 10);
	assert_memory_equal(got, "\0\0\0\0\0\0\0\0\0\0", 10);
	assert_memory_equal(got + 10, pattern, sizeof pattern);
	assert_int_equal(names_in("in"), 1);
	done(&r);
}

static void long_head(void **state)
{
	(void)state;
	start(&r, 10, 64);
	size_t half = sizeof pattern / 2;
	data_at(&r, 0, 0, 0, pattern + half, half);
	for (size_t at = half; at > 0; at -= 1024) {
		data_at(&r, 0, 0, (int64_t)(at - 1024) - (int64_t)half, pattern + at - 1024, 1024);
		if (at % 4096 == 0)
			reclaim(&r);
	}
	end_flow(&r, 0);
	holds_pattern(path0(&r), sizeof pattern);
	done(&r);
}

/* Holes are still holes when the bytes behind them have moved up: packets that skip
   16 MiB each must not fill the disk. */
static void stays_sparse(void **state)
{
	(void)state;
	enum { STEPS = 40, STEP = 16 << 20 };
	start(&r, 10, 64);
	for (int i = 0; i < STEPS; i++)
		say(&r, (int64_t)i * STEP, "here");
	reclaim(&r);
	for (int i = 1; i < 4; i++)
		say(&r, -(int64_t)i * STEP - 3, "head");
	end_flow(&r, 0);
	struct stat st;
	assert_int_equal(stat(path0(&r), &st), 0);
	assert_int_equal(st.st_size, (int64_t)(STEPS + 2) * STEP + 3 + 4);
	/* Without a way to punch holes, the space that was taken for the head stays. */
	assert_true(st.st_blocks * 512 < (SYSTEM_LINUX ? 2 : 5) * STEP);
	int fd = open(path0(&r), O_RDONLY);
	char got[6];
	for (int i = 0; i < STEPS; i++) {
		assert_int_equal(pread(fd, got, 6, (int64_t)(i + 3) * STEP + 3 - 1),
		                 i + 1 < STEPS ? 6 : 5);
		assert_memory_equal(got, "\0here", 5);
	}
	assert_int_equal(pread(fd, got, 4, 0), 4);
	assert_memory_equal(got, "head", 4);
	(void)close(fd);
	done(&r);
}

/* -- reading back ----------------------------------------------------------------------- */

static void recalls(void **state)
{
	(void)state;
	start(&r, 10, 64);
	char got[100];
	assert_int_equal(recall(&r, 0, got, 10), 0); /* no file at all */
	say(&r, 0, "abcdef");
	assert_int_equal(recall(&r, 0, got, 100), 6);
	assert_memory_equal(got, "abcdef", 6);
	assert_int_equal(recall(&r, 4, got, 1), 1);
	assert_int_equal(got[0], 'e');
	assert_int_equal(recall(&r, 6, got, 1), 0);
	reclaim(&r);
	say(&r, 6, "ghi");
	say(&r, 9, "jkl");
	size_t n = recall(&r, 2, got, 100); /* from the file, up to what is pending */
	assert_int_equal(n, 4);
	assert_memory_equal(got, "cdef", 4);
	assert_int_equal(recall(&r, 7, got, 100), 5);
	assert_memory_equal(got, "hijkl", 5);
	assert_int_equal(recall(&r, 12, got, 100), 0);
	end_flow(&r, 0);
	assert_int_equal(recall(&r, 0, got, 100), 0);
	done(&r);
}

/* Over the seams of long runs. */
static void recalls_far(void **state)
{
	(void)state;
	start(&r, 10, 64);
	static uint8_t got[sizeof pattern];
	for (size_t at = 0; at < 100000; at += 1000)
		data_at(&r, 0, 0, (int64_t)at, pattern + at, 1000);
	for (size_t from = 0; from < 100000; from += 1777) {
		size_t done_n = 0, n;
		size_t want = 100000 - from < 9000 ? 100000 - from : 9000;
		while (done_n < want &&
		       (n = recall(&r, (int64_t)(from + done_n), got, want - done_n)) > 0) {
			assert_memory_equal(got, pattern + from + done_n, n);
			done_n += n;
		}
		assert_int_equal(done_n, want);
	}
	done(&r);
}

/* -- names -------------------------------------------------------------------------------- */

/* Taken names are passed over, whatever has them. */
static void numbers(void **state)
{
	(void)state;
	start(&r, 10, 64);
	write_file("outside", "precious");
	write_file(path_of(&r, 0, 0, 0), "old");
	assert_int_equal(symlink("../outside", path_of(&r, 0, 0, 1)), 0);
	assert_int_equal(mkfifo(path_of(&r, 0, 0, 2), 0666), 0);
	assert_int_equal(link("outside", path_of(&r, 0, 0, 3)), 0);
	assert_int_equal(symlink("../nowhere", path_of(&r, 0, 0, 4)), 0);
	assert_int_equal(mkdir(path_of(&r, 0, 0, 5), 0777), 0);
	for (unsigned i = 0; i < 4; i++) { /* one after the other, the same ends */
		r.talk[i].flow.end[0].port = r.talk[0].flow.end[0].port;
		data_at(&r, i, 0, 0, &"0123"[i], 1);
		end_flow(&r, i);
	}
	file_is(path_of(&r, 0, 0, 0), "old");
	file_is(path_of(&r, 0, 0, 6), "0");
	file_is(path_of(&r, 0, 0, 7), "1");
	file_is(path_of(&r, 0, 0, 9), "3");
	file_is("outside", "precious");
	assert_false(exists("nowhere"));
	done(&r);
}

/* Thousands of names that were taken before, and nobody remembers: they are not tried one by
   one, so one that is free among them is not found. */
static void many_taken(void **state)
{
	(void)state;
	enum { TAKEN = 3000, FREE = 1500 };
	start(&r, 10, 64);
	for (uint32_t i = 0; i <= TAKEN; i++)
		if (i != FREE)
			write_file(path_of(&r, 0, 0, i), "");
	for (unsigned i = 0; i < 2; i++) {
		r.talk[i].flow.end[0].port = r.talk[0].flow.end[0].port;
		data_at(&r, i, 0, 0, &"01"[i], 1);
		end_flow(&r, i);
	}
	file_is(path_of(&r, 0, 0, TAKEN + 1), "0");
	file_is(path_of(&r, 0, 0, TAKEN + 2), "1");
	assert_false(exists(path_of(&r, 0, 0, FREE)));
	done(&r);
}

/* Whatever is the last number that is taken, the next one is used. */
static void next_number(void **state)
{
	(void)state;
	for (uint32_t taken = 0; taken < 40; taken++) {
		start(&r, 10, 64);
		for (uint32_t i = 0; i <= taken; i++)
			write_file(path_of(&r, 0, 0, i), "");
		say(&r, 0, "new");
		end_flow(&r, 0);
		file_is(path_of(&r, 0, 0, taken + 1), "new");
		done(&r);
	}
}

/* Flows that are told apart by an inner VLAN id only share a name; numbers go by the
   first byte, whatever is written first. */
static void shared_names(void **state)
{
	(void)state;
	for (int early = 0; early < 2; early++)
		for (unsigned inner = 0; inner < 2; inner++) {
			start(&r, 10, 64);
			for (unsigned i = 0; i < 2; i++) {
				r.talk[i].flow.end[0].port = r.talk[0].flow.end[0].port;
				r.talk[i].flow.vlan[0] = 7;
				r.talk[i].flow.vlan[1] = i == inner ? 9 : 0;
			}
			say(&r, 0, "first");
			if (early)
				reclaim(&r);
			data_at(&r, 1, 0, 0, "second", 6);
			end_flow(&r, 1);
			end_flow(&r, 0);
			file_is(path_of(&r, 0, 0, 0), "first");
			file_is(path_of(&r, 0, 0, 1), "second");
			done(&r);
		}
}

/* The same flows' files are made at once; their first byte may stand before offset 0. */
static void shared_name_before_zero(void **state)
{
	(void)state;
	start(&r, 10, 64);
	r.talk[0].flow.vlan[0] = 7;
	r.talk[0].flow.vlan[1] = 9;
	say(&r, -6, "abcd");
	say(&r, -2, "efgh");
	say(&r, 2, "ij");
	end_flow(&r, 0);
	file_is(path0(&r), "abcdefghij");
	done(&r);
}

static void times(void **state)
{
	(void)state;
	static const int64_t when[] = {INT64_C(1297021813123456789), 0, -1, -1500000000, 999999999};
	start(&r, 1, 64);
	for (size_t i = 0; i < sizeof when / sizeof *when; i++) {
		r.talk[i].flow.began_ns[0] = when[i];
		data_at(&r, (unsigned)i, 0, 0, "a", 1);
		reclaim(&r);
		data_at(&r, (unsigned)i, 0, 1, "b", 1);
		end_flow(&r, (unsigned)i);
		struct stat st;
		assert_int_equal(stat(path_of(&r, (unsigned)i, 0, 0), &st), 0);
		assert_int_equal((int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
		                 when[i]);
		assert_int_equal(st.st_atim.tv_sec, st.st_mtim.tv_sec);
	}
	done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(small),
	        cmocka_unit_test(nothing),
	        cmocka_unit_test(beyond_the_limit),
	        cmocka_unit_test(pieces),
	        cmocka_unit_test(whole_pages),
	        cmocka_unit_test(many),
	        cmocka_unit_test(both_kinds),
	        cmocka_unit_test(holes),
	        cmocka_unit_test(loans),
	        cmocka_unit_test(dozes),
	        cmocka_unit_test(goes_on),
	        cmocka_unit_test(loan_elsewhere),
	        cmocka_unit_test(records),
	        cmocka_unit_test(own_record),
	        cmocka_unit_test(earlier_pending),
	        cmocka_unit_test(earlier_not_touching),
	        cmocka_unit_test(earlier_written),
	        cmocka_unit_test(up_to_the_origin),
	        cmocka_unit_test(hole_in_front),
	        cmocka_unit_test(long_head),
	        cmocka_unit_test(stays_sparse),
	        cmocka_unit_test(recalls),
	        cmocka_unit_test(recalls_far),
	        cmocka_unit_test(numbers),
	        cmocka_unit_test(many_taken),
	        cmocka_unit_test(next_number),
	        cmocka_unit_test(shared_names),
	        cmocka_unit_test(shared_name_before_zero),
	        cmocka_unit_test(times),
	};
	return cmocka_run_group_tests(tests, fill_pattern, NULL);
}
