/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every capture of a folder cut at every length: the frames that are left are a prefix
 * of all frames, and each length gives as many as the one before it, or one more. At
 * some lengths the whole engine is run as well.
 */
#include "base/error.h"
#include "capture/feed.h"
#include "capture/source.h"
#include "decode/decode.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 4, BLOCK = 1 << 20, MOST = 1 << 20, STRIDE = 499 };

static struct block blocks[BLOCKS];

static struct block *take(void *arg)
{
	(void)arg;
	for (int i = 0; i < BLOCKS; i++) {
		if (blocks[i].users == 0) {
			blocks[i].users = 1;
			return &blocks[i];
		}
	}
	return NULL;
}

static void give(void *arg, struct block *b)
{
	(void)arg;
	b->users--;
}

/* -> frames in the first n bytes */
static uint64_t frames_in(const uint8_t *file, size_t n)
{
	static const struct block_store store = {.take = take, .give = give};
	struct tf_error err;
	struct tf_frame frame;
	struct tf_packet pkt;
	uint64_t frames = 0;
	struct tf_config cfg = {.decap = TF_DECAP_ALL};
	struct decode decoder;
	decode_init(&decoder, &cfg);
	struct origin from = origin_memory((struct tf_span){file, n});
	struct source *s = source_open_origin(&from, "cut", 0, &store, &err);
	if (s == NULL)
		return 0;
	while (source_next(s, &frame, &err) == SOURCE_FRAME) {
		MUST(frame.number == ++frames);
		MUST(frame.position + frame.captured <= n);
		(void)decode_frame(&decoder, &frame, &pkt);
		while (decode_has_more(&decoder))
			(void)decode_more(&decoder, &frame, &pkt);
	}
	source_close(s);
	return frames;
}

static void *open_sink(void *arg, unsigned worker, unsigned workers, struct tf_error *err)
{
	(void)worker;
	(void)workers;
	(void)err;
	return arg;
}

static bool event(void *self, const struct tf_event *ev, struct tf_error *err)
{
	(void)self;
	(void)ev;
	(void)err;
	return true;
}

/* Runs the engine on the first n bytes, which stand in a file of their own. */
static void run_engine(const uint8_t *file, size_t n, uint64_t frames)
{
	char path[] = "/tmp/cut-XXXXXX";
	int nothing = 0, fd = mkstemp(path);
	FILE *to = fd < 0 ? NULL : fdopen(fd, "wb");
	MUST(to != NULL && fwrite(file, 1, n, to) == n && fclose(to) == 0);
	struct tf_sink sink = {.name = "none", .arg = &nothing, .open = open_sink, .event = event};
	struct tf_config config;
	struct tf_counters c;
	struct tf_error err;
	tf_config_init(&config);
	config.memory = (size_t)8 << 20;
	struct tf_engine *e = tf_engine_new(&config, &err);
	MUST(e != NULL && tf_engine_attach(e, &sink, &err));
	(void)tf_engine_read(e, path, &err);
	MUST(tf_engine_finish(e, &err)); /* which checks that all bytes are accounted for */
	tf_engine_counters(e, &c);
	MUST(c.frames == frames);
	tf_engine_free(e);
	(void)remove(path);
}

static void cut_everywhere(const char *path)
{
	static uint8_t file[MOST];
	FILE *from = fopen(path, "rb");
	MUST(from != NULL);
	size_t size = fread(file, 1, sizeof file, from);
	(void)fclose(from);
	uint64_t before = 0;
	/* Lengths within payload are alike: every length near the start, then a stride that
	   meets every residue, so that all files take about as long. */
	size_t step = size > 20000 ? 7 : 1;
	for (size_t n = 0; n <= size; n += n < 4000 ? 1 : step) {
		uint64_t frames = frames_in(file, n);
		MUST(frames >= before && frames - before <= 1);
		before = frames;
		if (n % STRIDE == 0)
			run_engine(file, n, frames);
	}
	MUST(frames_in(file, size) >= before && size > 0);
	printf("ok %s: %zu lengths\n", path, size);
}

int main(int argc, char **argv)
{
	DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
	int files = 0;
	MUST(folder != NULL);
	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = (struct block){.bytes = malloc(BLOCK), .size = BLOCK};
	for (const struct dirent *d; (d = readdir(folder)) != NULL;) {
		char path[4096];
		if (strstr(d->d_name, ".pcap") == NULL)
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", argv[1], d->d_name);
		cut_everywhere(path);
		files++;
	}
	(void)closedir(folder);
	for (int i = 0; i < BLOCKS; i++)
		free(blocks[i].bytes);
	printf("%d passed, 0 failed\n", files);
	return files == 0;
}
