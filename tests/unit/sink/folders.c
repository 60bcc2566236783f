/* SPDX-License-Identifier: BSD-3-Clause */
/* Names by templates: folders are made beneath the output folder, and what was planted there
   leads nowhere else. */
#include "recording.h"

static struct recording r;

static const struct files_setup plain;

static void makes_folders(void **state)
{
	(void)state;
	start_named(&r, &plain, "%A/%B/%a-%b", 1, 64);
	say(&r, 0, "hello");
	data_at(&r, 0, 1, 0, "answer", 6);
	data_at(&r, 1, 0, 0, "again", 5);
	end_flow(&r, 0);
	assert_string_equal(r.talk[0].record[0].name,
	                    "010.000.000.001/010.000.000.002/01000-00080");
	assert_string_equal(r.talk[0].record[1].name,
	                    "010.000.000.002/010.000.000.001/00080-01000");
	end_flow(&r, 1);
	file_is("in/010.000.000.001/010.000.000.002/01000-00080", "hello");
	file_is("in/010.000.000.002/010.000.000.001/00080-01000", "answer");
	file_is("in/010.000.000.001/010.000.000.002/01001-00080", "again");
	assert_int_equal(names_in("in"), 2);
	struct stat st;
	mode_t mask = umask(0);
	(void)umask(mask);
	assert_int_equal(stat("in/010.000.000.001", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0777 & ~mask);
	done(&r);
}

/* Its NAME.head, and what is opened again, lie in the same folder. */
static void comes_back(void **state)
{
	(void)state;
	start_named(&r, &plain, "x/%d/%a", 1, 64);
	say(&r, 0, "efgh");
	reclaim(&r);
	data_at(&r, 1, 0, 0, "other", 5); /* takes the descriptor */
	reclaim(&r);
	say(&r, -4, "abcd");
	reclaim(&r);
	r.talk[0].flow.originator = 1; /* learnt too late for the name */
	say(&r, 4, "ij");
	end_flow(&r, 0);
	file_is("in/x/client/01000", "abcdefghij");
	assert_int_equal(names_in("in/x"), 1);
	done(&r);
}

/* Numbers go by first bytes, whatever is written first, and count what is there already. */
static void one_name(void **state)
{
	(void)state;
	for (int early = 0; early < 2; early++) {
		start_named(&r, &plain, "x/all", 4, 64);
		assert_int_equal(mkdir("in/x", 0777), 0);
		write_file("in/x/allc1", "old");
		for (unsigned i = 0; i < 4; i++) {
			data_at(&r, i, 0, 0, &"0123"[i], 1);
			if (early)
				reclaim(&r);
		}
		for (unsigned i = 4; i > 0; i--)
			end_flow(&r, i - 1);
		file_is("in/x/all", "0");
		file_is("in/x/allc1", "old");
		file_is("in/x/allc2", "1");
		file_is("in/x/allc3", "2");
		file_is("in/x/allc4", "3");
		done(&r);
	}
}

/* Something that is no folder stands where one is to be: nothing is written, there or behind it;
   one sentence says so, and the bytes count as not stored. */
static void obstacles(void **state)
{
	(void)state;
	for (int kind = 0; kind < 6; kind++) {
		start_named(&r, &plain, "a/%A/x%c", 4, 64);
		write_file("outside", "precious");
		assert_int_equal(mkdir("elsewhere", 0777), 0);
		assert_int_equal(mkdir("in/a", 0777), 0);
		static const char at[] = "in/a/010.000.000.001";
		assert_int_equal(kind == 0   ? symlink("../../elsewhere", at)
		                 : kind == 1 ? symlink("../../nowhere", at)
		                 : kind == 2 ? symlink("/", at)
		                 : kind == 3 ? link("outside", at)
		                 : kind == 4 ? mkfifo(at, 0666)
		                             : 0,
		                 0);
		if (kind == 5)
			write_file(at, "plain");
		say(&r, 0, "hello");
		assert_true(r.failed); /* the name is shared: made at once */
		assert_int_equal(r.err.status, TF_OUTPUT);
		assert_non_null(strstr(r.err.text, "cannot make a/010.000.000.001/x in in: "));
		end_flow(&r, 0);
		assert_int_equal(r.talk[0].account[0].written, 0);
		assert_int_equal(r.talk[0].account[0].write_failed, 5);
		assert_null(r.talk[0].record[0].name);
		file_is("outside", "precious");
		assert_int_equal(names_in("elsewhere"), 0);
		assert_false(exists("nowhere"));
		assert_int_equal(counted(&r).files, 0);
		assert_false(finish(&r));
		clean_up(&r);
	}
}

/* Where the file is to be, whatever is there is passed over. */
static void taken(void **state)
{
	(void)state;
	start_named(&r, &plain, "a/x", 4, 64);
	assert_int_equal(mkdir("in/a", 0777), 0);
	assert_int_equal(mkdir("elsewhere", 0777), 0);
	write_file("outside", "precious");
	assert_int_equal(symlink("../../outside", "in/a/x"), 0);
	assert_int_equal(link("outside", "in/a/xc1"), 0);
	assert_int_equal(mkfifo("in/a/xc2", 0666), 0);
	assert_int_equal(symlink("../../elsewhere", "in/a/xc3"), 0);
	assert_int_equal(mkdir("in/a/xc4", 0777), 0);
	say(&r, 0, "hello");
	end_flow(&r, 0);
	file_is("in/a/xc5", "hello");
	file_is("outside", "precious");
	assert_int_equal(names_in("elsewhere"), 0);
	assert_int_equal(names_in("in/a/xc4"), 0);
	done(&r);
}

/* The folder is exchanged for a link while the file in it is not open. */
static void exchanged(void **state)
{
	(void)state;
	start_named(&r, &plain, "%d/%A.%a-%B.%b%V%v", 1, 64);
	assert_int_equal(mkdir("elsewhere", 0777), 0);
	say(&r, 0, "hello");
	reclaim(&r);
	data_at(&r, 0, 1, 0, "x", 1); /* takes the descriptor */
	reclaim(&r);
	assert_int_equal(rename("in/client", "away"), 0);
	assert_int_equal(symlink("../away", "in/client"), 0);
	say(&r, 5, "world");
	end_flow(&r, 0);
	assert_int_equal(r.err.status, TF_OUTPUT);
	assert_int_equal(r.talk[0].account[0].written, 5);
	assert_int_equal(r.talk[0].account[0].write_failed, 5);
	file_is("away/010.000.000.001.01000-010.000.000.002.00080", "hello");
	assert_false(finish(&r));
	clean_up(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(makes_folders), cmocka_unit_test(comes_back),
	        cmocka_unit_test(one_name),      cmocka_unit_test(obstacles),
	        cmocka_unit_test(taken),         cmocka_unit_test(exchanged),
	};
	return cmocka_run_group_tests(tests, fill_pattern, NULL);
}
