/* SPDX-License-Identifier: BSD-3-Clause */
/* The recorder where gaps are skipped or marked: what stands in the files, what is read back and
   rewritten, and the accounts. */
#include "recording.h"

#include <signal.h>
#include <sys/resource.h>

static struct recording r;

static const struct files_setup skipping = {.gaps = TF_GAPS_SKIP}, marking = {.gaps = TF_GAPS_MARK};

static void begin(const struct files_setup *how)
{
	start_named(&r, how, NULL, 4, 64);
	assert_int_equal(r.sink.order, TF_STREAM);
}

/* What a sink that wants order hears of a gap. */
static void passed(int64_t start, int64_t end)
{
	struct talk *t = &r.talk[0];
	struct tf_event ev = {.kind = TF_GAP,
	                      .flow = &t->flow,
	                      .offset = start,
	                      .length = end - start,
	                      .slot = &t->slot[0]};
	tell(&r, &ev);
}

static void replace(int64_t offset, const char *text)
{
	static const struct tf_conflict k = {.rewrites = true};
	struct talk *t = &r.talk[0];
	struct tf_event ev = {.kind = TF_CONFLICT,
	                      .flow = &t->flow,
	                      .offset = offset,
	                      .length = (int64_t)strlen(text),
	                      .data = {(const uint8_t *)text, strlen(text)},
	                      .conflict = &k,
	                      .slot = &t->slot[0]};
	tell(&r, &ev);
}

static void ends_as(const char *text, size_t lines, size_t marks)
{
	end_flow(&r, 0);
	file_is(path0(&r), text);
	const struct tf_account *a = &r.talk[0].account[0];
	assert_int_equal(a->written, (int64_t)(strlen(text) - marks));
	assert_int_equal(a->late, 0);
	assert_int_equal(r.talk[0].record[0].size, (int64_t)strlen(text));
	assert_int_equal(lines, counted(&r).writes);
	done(&r);
}

static void skipped(void **state)
{
	(void)state;
	begin(&skipping);
	say(&r, 0, "hello");
	passed(5, 1000);
	say(&r, 1000, " world");
	passed(1006, 5000000000);
	passed(5000000000, 5000000001); /* of another cause */
	say(&r, 5000000001, "!");
	ends_as("hello world!", 1, 0); /* one run, however many gaps */
}

#define MARK_10 "\n[tcpflow: 10 bytes missing]\n"
#define MARK_1  "\n[tcpflow: 1 byte missing]\n"

static void marked(void **state)
{
	(void)state;
	begin(&marking);
	say(&r, 0, "hello");
	passed(5, 15);
	say(&r, 15, "world");
	passed(20, 21);
	say(&r, 21, "!");
	ends_as("hello" MARK_10 "world" MARK_1 "!", 3, strlen(MARK_10 MARK_1));
}

/* Before the first byte; and of two causes, which are one gap. A gap with nothing behind it is
   no part of the file. */
static void at_the_edges(void **state)
{
	(void)state;
	begin(&marking);
	passed(0, 4);
	passed(4, 10);
	say(&r, 10, "hello");
	passed(15, 20);
	ends_as(MARK_10 "hello", 2, strlen(MARK_10));
	begin(&skipping);
	passed(0, 10);
	say(&r, 10, "hello");
	passed(15, 20);
	ends_as("hello", 1, 0);
	begin(&marking);
	passed(0, 10);
	end_flow(&r, 0);
	assert_int_equal(names_in("in"), 0);
	assert_null(r.talk[0].record[0].name);
	done(&r);
}

/* The first byte may lie before offset 0, when only a FIN has told where that is. */
static void below_zero(void **state)
{
	(void)state;
	begin(&marking);
	say(&r, -15, "hello");
	passed(-10, 0);
	say(&r, 0, "world");
	ends_as("hello" MARK_10 "world", 2, strlen(MARK_10));
}

/* What is told as late is not told here: it is not written. */
static void late(void **state)
{
	(void)state;
	static const struct files_setup *const how[] = {&skipping, &marking};
	for (int i = 0; i < 2; i++) {
		begin(how[i]);
		say(&r, 0, "hello");
		passed(5, 15);
		say(&r, 15, "world");
		r.talk[0].account[0].written += 10; /* the gap was filled, for others */
		r.talk[1].account[0].written += 3;  /* and here nothing else came */
		end_flow(&r, 0);
		end_flow(&r, 1);
		assert_int_equal(r.talk[0].account[0].written, 10);
		assert_int_equal(r.talk[0].account[0].late, 10);
		assert_int_equal(r.talk[1].account[0].written, 0);
		assert_int_equal(r.talk[1].account[0].late, 3);
		assert_int_equal(names_in("in"), 1);
		done(&r);
	}
}

/* With few chunks and large pieces, in pieces of many sizes, with descriptors that are given up:
   the same file. */
static void long_streams(void **state)
{
	(void)state;
	static const size_t sizes[] = {700, 2000, 5000, 16384, 30000};
	enum { TOTAL = 200000, GAP = 123 };
	for (size_t i = 0; i < 5; i++)
		for (size_t chunks = 0; chunks < 70; chunks += 23) {
			start_named(&r, &skipping, NULL, 1, chunks);
			int64_t off = 0;
			for (size_t at = 0; at < TOTAL; at += sizes[i], off += GAP) {
				size_t n = TOTAL - at < sizes[i] ? TOTAL - at : sizes[i];
				data_at(&r, 0, 0, off, pattern + at, n);
				off += (int64_t)n;
				passed(off, off + GAP);
				data_at(&r, 1, 0, (int64_t)at, pattern + at, n);
			}
			end_flow(&r, 0);
			end_flow(&r, 1);
			holds_pattern(path0(&r), TOTAL);
			holds_pattern(path_of(&r, 1, 0, 0), TOTAL);
			done(&r);
		}
}

/* From the latest gap on; what lies before it cannot be told. */
static void recalls(void **state)
{
	(void)state;
	static const struct files_setup *const how[] = {&skipping, &marking};
	for (int written = 0; written < 2; written++)
		for (int i = 0; i < 2; i++) {
			char got[100];
			begin(how[i]);
			say(&r, 0, "hello");
			assert_int_equal(recall(&r, 1, got, 100), 4);
			passed(5, 15);
			assert_int_equal(recall(&r, 1, got, 100), 4); /* nothing follows yet */
			assert_int_equal(recall(&r, 5, got, 100), 0);
			say(&r, 15, "world");
			if (written)
				reclaim(&r);
			assert_int_equal(recall(&r, 1, got, 4), 0);
			assert_int_equal(recall(&r, 4, got, 20), 0);
			assert_int_equal(recall(&r, 5, got, 10), 0);
			assert_int_equal(recall(&r, 14, got, 10), 0);
			assert_int_equal(recall(&r, 15, got, 100), 5);
			assert_memory_equal(got, "world", 5);
			assert_int_equal(recall(&r, 18, got, 1), 1);
			assert_int_equal(got[0], 'l');
			assert_int_equal(recall(&r, 20, got, 1), 0);
			done(&r);
		}
}

/* Nothing before the latest gap, nor beyond what was told, is touched. */
static void rewrites(void **state)
{
	(void)state;
	for (int written = 0; written < 2; written++) {
		begin(&marking);
		say(&r, 0, "hello");
		replace(1, "u");
		passed(5, 15);
		replace(4, "A234567890");
		say(&r, 15, "world");
		if (written)
			reclaim(&r);
		replace(0, "xxxx");
		replace(12, "abcW");
		replace(19, "Ddddd");
		replace(20, "e");
		replace(0, "123456789012345W");
		ends_as("hullA" MARK_10 "WorlD", written ? 5 : 2, strlen(MARK_10));
	}
}

/* The mark is no loss; the bytes before and behind it are. */
static void full_disk(void **state)
{
	(void)state;
	for (rlim_t room = 0; room < 5 + strlen(MARK_10) + 5; room++) {
		begin(&marking);
		struct rlimit was, limit;
		assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
		limit = (struct rlimit){.rlim_cur = room, .rlim_max = was.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		say(&r, 0, "hello");
		passed(5, 15);
		say(&r, 15, "world");
		end_flow(&r, 0);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
		const struct tf_account *a = &r.talk[0].account[0];
		int64_t behind = (int64_t)room - 5 - (int64_t)strlen(MARK_10);
		int64_t kept = room < 5 ? (int64_t)room : behind < 0 ? 5 : 5 + behind;
		assert_int_equal(a->written, kept);
		assert_int_equal(a->write_failed, 10 - kept);
		assert_int_equal(a->late, 0);
		assert_false(finish(&r));
		clean_up(&r);
	}
}

static void shared_name(void **state)
{
	(void)state;
	start_named(&r, &marking, "all", 4, 64);
	passed(0, 10);
	say(&r, 10, "first");
	data_at(&r, 1, 0, 0, "second", 6);
	passed(15, 16);
	say(&r, 16, ".");
	end_flow(&r, 1);
	end_flow(&r, 0);
	file_is("in/all", MARK_10 "first" MARK_1 ".");
	file_is("in/allc1", "second");
	done(&r);
}

static int prepare(void **state)
{
	(void)signal(SIGXFSZ, SIG_IGN);
	return fill_pattern(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(skipped),      cmocka_unit_test(marked),
	        cmocka_unit_test(at_the_edges), cmocka_unit_test(below_zero),
	        cmocka_unit_test(late),         cmocka_unit_test(long_streams),
	        cmocka_unit_test(recalls),      cmocka_unit_test(rewrites),
	        cmocka_unit_test(full_disk),    cmocka_unit_test(shared_name),
	};
	return cmocka_run_group_tests(tests, prepare, NULL);
}
