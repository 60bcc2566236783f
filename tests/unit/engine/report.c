/* SPDX-License-Identifier: BSD-3-Clause */
/* tf_engine_report(): where it writes; and that all sinks name a connection alike. */
#include "drive.h"

#include <fcntl.h>

static struct tf_error err;

static struct tf_engine *engine(uint16_t seed)
{
	struct tf_config c = config_of(1, 16 * MIB);
	c.community_seed = seed;
	return engine_of(&c);
}

/* -> whether it was made and finished */
static bool report_to(const char *path)
{
	struct tf_engine *e = engine(0);
	const struct tf_reporting how = {.path = path};
	drive_now = INT64_C(1700000000000000000);
	bool ok = tf_engine_report(e, &how, &err) && converse(e, &err, 1) &&
	          tf_engine_finish(e, &err);
	tf_engine_free(e);
	return ok;
}

/* It is neither renamed nor replaced: what lies behind it is written, unless that has bytes. */
static void a_link_stays(void **state)
{
	(void)state;
	struct stat st;
	folder_make();
	assert_int_equal(close(open("target", O_CREAT | O_WRONLY, 0666)), 0);
	assert_int_equal(symlink("target", "link"), 0);
	assert_true(report_to("link"));
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(lstat("target", &st), 0);
	assert_true(st.st_size > 1000);
	assert_false(report_to("link"));
	assert_int_equal(err.status, TF_USAGE);
	assert_int_equal(names_in("."), 2);
	folder_remove();
}

static void somebody_elses_file_is_kept(void **state)
{
	(void)state;
	static const char svg[] = "<?xml version='1.0'?>\n<svg>";
	folder_make();
	FILE *f = fopen("picture.svg", "w");
	assert_non_null(f);
	assert_true(fputs(svg, f) >= 0 && fclose(f) == 0);
	assert_true(report_to("picture.svg"));
	file_is("picture.1.svg", svg);
	folder_remove();
}

static void a_device_has_its_own_name(void **state)
{
	(void)state;
	if (access("/dev/full", W_OK) != 0)
		skip();
	assert_false(report_to("/dev/full"));
	assert_string_equal(err.text, "cannot write /dev/full: No space left on device");
}

/* Streams, their packets and their transcript, by Community ID. */
static void names_agree(void **state)
{
	(void)state;
	folder_make();
	struct tf_engine *e = engine(7);
	const struct tf_recording files = {.folder = "f", .files_max = 8, .names = "%I.%d"};
	const struct tf_packets packets = {.folder = "p", .files_max = 8, .names = "%I.%d"};
	const struct tf_printing print = {.sessions = true, .folder = "s", .names = "%I.%d"};
	assert_true(tf_engine_record(e, &files, &err));
	assert_true(tf_engine_record_packets(e, &packets, &err));
	assert_true(tf_engine_print(e, &print, &err));
	drive_now = INT64_C(1700000000000000000);
	assert_true(converse(e, &err, 3));
	assert_true(tf_engine_finish(e, &err));
	tf_engine_free(e);
	assert_int_equal(system("for n in f/*.client; do n=${n#f/}; "
	                        "[ -e p/$n.pcap ] && [ -e s/$n.session ] || exit 1; done"),
	                 0);
	folder_remove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_link_stays),
	        cmocka_unit_test(somebody_elses_file_is_kept),
	        cmocka_unit_test(a_device_has_its_own_name),
	        cmocka_unit_test(names_agree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
