/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A recorder with all reports, for tests: reporter [-j N] [-X PATH] [-l 0|1] [-m MIB] FOLDER
 * CAPTURE... reporter --recover FOLDER mends one instead.
 */
#include <tcpflow/tcpflow.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct tf_error err;

static int fail(void)
{
	(void)fprintf(stderr, "reporter: %s\n", err.text);
	return err.status == TF_OK ? 1 : (int)err.status;
}

static int64_t now(void *arg)
{
	struct timespec t;
	(void)arg;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void usage(void *arg, struct tf_usage *to)
{
	(void)arg;
	*to = (struct tf_usage){.user_ns = 1500000, .clock_ns = 2000000000};
}

static int recover(const char *folder)
{
	unsigned mended;
	if (!tf_report_recover(folder, &mended, &err))
		return fail();
	(void)printf("%u mended\n", mended);
	return 0;
}

static bool jsonl = true;

static struct tf_engine *start(unsigned jobs, size_t memory, const char *path, const char *folder)
{
	static const char *const privilege[] = {"may read its input", "a \"quoted\" <one>"};
	struct tf_config c;
	tf_config_init(&c);
	c.workers = jobs;
	c.memory = memory;
	c.clock = now;
	c.hash_seed = (uint64_t)getpid();
	const struct tf_recording record = {.folder = folder, .files_max = 64, .md5 = true};
	const struct tf_reporting report = {.path = path,
	                                    .jsonl = jsonl,
	                                    .facts = {.command_line = "reporter -j \"x\" & <y>",
	                                              .compiler = "cc",
	                                              .os_sysname = "Test\x1b",
	                                              .username = "nobody\xff",
	                                              .start_ns = 1700000000000000000,
	                                              .privilege = privilege,
	                                              .privilege_count = 2},
	                                    .usage = usage};
	struct tf_engine *e = tf_engine_new(&c, &err);
	if (e != NULL && tf_engine_record(e, &record, &err) && tf_engine_report(e, &report, &err))
		return e;
	tf_engine_free(e);
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned jobs = 1;
	size_t memory = (size_t)64 << 20;
	const char *path = NULL;
	int i = 1, code = 0;
	if (argc == 3 && strcmp(argv[1], "--recover") == 0)
		return recover(argv[2]);
	for (; i + 2 < argc && argv[i][0] == '-'; i += 2) {
		if (argv[i][1] == 'j')
			jobs = (unsigned)atoi(argv[i + 1]);
		else if (argv[i][1] == 'l')
			jsonl = argv[i + 1][0] == '1';
		else if (argv[i][1] == 'm')
			memory = (size_t)atoi(argv[i + 1]) << 20;
		else
			path = argv[i + 1];
	}
	if (i + 2 > argc)
		return 1;
	struct tf_engine *e = start(jobs, memory, path, argv[i]);
	if (e == NULL)
		return fail();
	for (i++; i < argc; i++)
		if (!tf_engine_read(e, argv[i], &err))
			code = fail();
	if (!tf_engine_finish(e, &err))
		code = fail();
	tf_engine_free(e);
	return code;
}
