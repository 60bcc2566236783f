/* SPDX-License-Identifier: BSD-3-Clause */
/* tf_engine_report(): where it writes; that all sinks name a connection alike, and that packets do
   not wait for its end. */
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

static int64_t quick_clock(void *arg)
{
	int64_t *now_ns = arg;
	return *now_ns += 1000000000;
}

/* So that a run that is killed leaves them. */
static void packets_are_written_in_time(void **state)
{
	(void)state;
	enum { MANY = 1024 };
	int64_t now_ns = 0;
	struct stat st;
	folder_make();
	struct pcapfile *f = pcapfile_new("capture", PCAPFILE_CLASSIC, BUILD_LINK_TYPE);
	for (int i = 0; i < 4 * MANY; i++) { /* the clock is not asked for each */
		struct tf_frame frame =
		        i >= 4 ? frame_of(1, 0, SYN, 1, 0, "")
		               : frame_of(0, conversation[i].dir, conversation[i].flags,
		                          conversation[i].seq, conversation[i].ack,
		                          conversation[i].text);
		pcapfile_write(f, &frame);
	}
	assert_true(pcapfile_close(f));
	struct tf_config c = config_of(1, 16 * MIB);
	c.clock = quick_clock;
	c.clock_arg = &now_ns;
	struct tf_engine *e = engine_of(&c);
	const struct tf_packets packets = {.folder = "p", .files_max = 8, .names = "%n.%d"};
	assert_true(tf_engine_record_packets(e, &packets, &err));
	assert_true(tf_engine_read(e, "capture", &err));
	assert_int_equal(stat("p/0.client.pcap", &st), 0);
	assert_true(st.st_size > 100);
	assert_true(tf_engine_finish(e, &err));
	tf_engine_free(e);
	folder_remove();
}

/* -> the text of a file, to be freed */
static char *text_of(const char *path)
{
	struct stat st;
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	char *text = calloc(1, (size_t)st.st_size + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, (size_t)st.st_size, f), st.st_size);
	(void)fclose(f);
	return text;
}

static void accounts_leave_out_what_is_0(void **state)
{
	(void)state;
	unsigned accounts = 0;
	folder_make();
	assert_true(report_to("r.xml"));
	char *text = text_of("r.xml");
	for (const char *at = text; (at = strstr(at, "<tf:account")) != NULL; accounts++) {
		static const char begin[] = "<tf:account seen='";
		assert_memory_equal(at, begin, sizeof begin - 1);
		const char *end = strstr(at, "/>"), *span = strstr(at, " span='");
		const char *written = strstr(at, " written='");
		assert_true(span != NULL && span < end && written != NULL && written < end);
		assert_true(strchr(strchr(written, '\'') + 1, '\'') + 1 == end);
		at = end;
	}
	assert_int_equal(accounts, 2);
	free(text);
	folder_remove();
}

/* Rows, however many workers there are; and lines, which have all terms. */
static void rows_are_alike(void **state)
{
	(void)state;
	char *xml[2], *lines[2];
	folder_make();
	for (unsigned i = 0; i < 2; i++) {
		struct tf_config c = config_of(i > 0 ? 4 : 1, 32 * MIB);
		struct tf_engine *e = engine_of(&c);
		const struct tf_recording files = {.folder = "f", .files_max = 8};
		const struct tf_reporting how = {.jsonl = true};
		drive_now = INT64_C(1700000000000000000);
		assert_true(tf_engine_record(e, &files, &err));
		assert_true(tf_engine_report(e, &how, &err));
		assert_true(converse(e, &err, 20));
		assert_true(tf_engine_finish(e, &err));
		tf_engine_free(e);
		xml[i] = text_of("f/report.xml");
		lines[i] = text_of("f/flows.jsonl");
		char *end = strstr(xml[i], "  </configuration>\n  <summary");
		assert_non_null(end);
		*end = '\0';
		assert_int_equal(system("rm -r f"), 0);
	}
	assert_non_null(strstr(xml[0], "<filename>f/"));
	assert_non_null(strstr(lines[0], "\"duplicate\":0"));
	assert_string_equal(xml[0], xml[1]);
	assert_string_equal(lines[0], lines[1]);
	for (unsigned i = 0; i < 2; i++) {
		free(xml[i]);
		free(lines[i]);
	}
	folder_remove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_link_stays),
	        cmocka_unit_test(somebody_elses_file_is_kept),
	        cmocka_unit_test(a_device_has_its_own_name),
	        cmocka_unit_test(names_agree),
	        cmocka_unit_test(packets_are_written_in_time),
	        cmocka_unit_test(accounts_leave_out_what_is_0),
	        cmocka_unit_test(rows_are_alike),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
