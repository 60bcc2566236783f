/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any bytes as a capture, recorded by the whole engine in little memory with few descriptors:
 * streams with digests and indexes, and their packets. The digests are those of the files.
 */
#include "base/error.h"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char box[] = "outputs-XXXXXX"; /* below the working folder */

static void *open_judge(void *arg, unsigned worker, unsigned workers, struct tf_error *err)
{
	(void)worker;
	(void)workers;
	(void)err;
	return arg;
}

static void judge_one(const struct tf_record *r)
{
	static uint8_t bytes[1 << 16];
	uint8_t md5[16];
	ssize_t n;
	MUST(r->has_md5 && r->has_sha256);
	int fd = open(r->name, O_RDONLY);
	struct stat st;
	MUST(fd >= 0 && fstat(fd, &st) == 0 && st.st_size == r->size);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	MUST(EVP_DigestInit_ex2(c, EVP_md5(), NULL) == 1);
	while ((n = read(fd, bytes, sizeof bytes)) > 0)
		MUST(EVP_DigestUpdate(c, bytes, (size_t)n) == 1);
	MUST(n == 0 && EVP_DigestFinal_ex(c, md5, NULL) == 1);
	MUST(memcmp(md5, r->md5, sizeof md5) == 0);
	EVP_MD_CTX_free(c);
	(void)close(fd);
}

static bool judge(void *self, const struct tf_event *ev, struct tf_error *err)
{
	(void)self;
	(void)err;
	for (int k = 0; k < (ev->dir == TF_BOTH ? 2 : 1); k++)
		if (ev->record[k].name != NULL)
			judge_one(&ev->record[k]);
	return true;
}

static void empty(void)
{
	DIR *d = opendir(".");
	const struct dirent *e;
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			MUST(unlink(e->d_name) == 0);
	(void)closedir(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (box[strlen(box) - 1] == 'X')
		MUST(mkdtemp(box) != NULL && chdir(box) == 0);
	unsigned how = n > 0 ? data[n - 1] : 0;
	FILE *f = fopen("capture", "w");
	MUST(f != NULL && fwrite(data, 1, n, f) == n && fclose(f) == 0);
	struct tf_error err = {0};
	struct tf_config config;
	tf_config_init(&config);
	config.memory = 16 << 20;
	config.overlap = how & 8 ? TF_OVERLAP_LAST : TF_OVERLAP_LINUX;
	struct tf_engine *e = tf_engine_new(&config, &err);
	const struct tf_recording streams = {
	        .folder = ".", .files_max = 1, .md5 = true, .sha256 = true, .index = true};
	const struct tf_packets packets = {.folder = ".",
	                                   .files_max = 1,
	                                   .format = how & 1 ? TF_PACKETS_PCAPNG : TF_PACKETS_PCAP,
	                                   .both = (how & 2) != 0};
	const struct tf_sink judges = {.name = "judge",
	                               .kinds = 1U << TF_END,
	                               .arg = box,
	                               .open = open_judge,
	                               .event = judge};
	MUST(tf_engine_record(e, &streams, &err) && tf_engine_record_packets(e, &packets, &err) &&
	     tf_engine_attach(e, &judges, &err));
	(void)tf_engine_read(e, "capture", &err);
	MUST(tf_engine_finish(e, &err));
	tf_engine_free(e);
	empty();
	return 0;
}
