/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records a capture by the library's public face alone:
 *
 *	record FOLDER CAPTURE [WORD]...
 *
 *	streams     one file for each direction
 *	md5 sha256  with digests
 *	index       with an index
 *	packets     a capture file for each direction
 *	pcapng      in that format
 *	both        directions in one
 *	jN fN mN    workers, descriptors, MiB of memory
 *
 * Tells of each stream's file "NAME SIZE MD5 SHA256" (a digest that there is not: -), then
 * of each counter that is not 0 "NAME VALUE".
 */
#include <tcpflow/tcpflow.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct words {
	bool streams, packets;
	struct tf_config config;
	struct tf_recording recording;
	struct tf_packets how;
};

static void *open_teller(void *arg, unsigned worker, unsigned workers, struct tf_error *err)
{
	(void)worker;
	(void)workers;
	(void)err;
	return arg;
}

static const char *digest(bool has, const uint8_t *p, size_t n, char *to)
{
	if (!has)
		return "-";
	tf_hex_text(p, n, to);
	return to;
}

static bool tell(void *self, const struct tf_event *ev, struct tf_error *err)
{
	char line[600], md5[33], sha256[65];
	(void)err;
	for (int k = 0; k < (ev->dir == TF_BOTH ? 2 : 1); k++) {
		const struct tf_record *r = &ev->record[k];
		if (r->name == NULL)
			continue;
		int n = snprintf(line, sizeof line, "%s %" PRId64 " %s %s\n", r->name, r->size,
		                 digest(r->has_md5, r->md5, 16, md5),
		                 digest(r->has_sha256, r->sha256, 32, sha256));
		(void)fwrite(line, 1, (size_t)n, self); /* one call: workers tell too */
	}
	return true;
}

static void read_word(struct words *w, const char *word)
{
	static const char *const known[] = {"streams", "md5",    "sha256", "index",
	                                    "packets", "pcapng", "both"};
	bool *const set[] = {&w->streams,         &w->recording.md5, &w->recording.sha256,
	                     &w->recording.index, &w->packets,       NULL,
	                     &w->how.both};
	unsigned n = (unsigned)strtoul(word + 1, NULL, 10);
	if (word[0] == 'j' && n > 0)
		w->config.workers = n;
	else if (word[0] == 'f' && n > 0)
		w->recording.files_max = w->how.files_max = n;
	else if (word[0] == 'm' && n > 0)
		w->config.memory = (size_t)n << 20;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strcmp(word, known[i]) != 0)
			continue;
		if (set[i] != NULL)
			*set[i] = true;
		else
			w->how.format = TF_PACKETS_PCAPNG;
	}
}

static bool run(struct tf_engine *e, const struct words *w, const char *capture,
                struct tf_error *err)
{
	const struct tf_sink teller = {
	        .name = "teller",
	        .kinds = 1U << TF_END,
	        .arg = stdout,
	        .open = open_teller,
	        .event = tell,
	};
	if ((w->streams && !tf_engine_record(e, &w->recording, err)) ||
	    (w->packets && !tf_engine_record_packets(e, &w->how, err)) ||
	    !tf_engine_attach(e, &teller, err))
		return false;
	bool read = tf_engine_read(e, capture, err);
	return tf_engine_finish(e, read ? err : NULL) && read;
}

int main(int argc, char **argv)
{
	struct tf_error err = {0};
	struct words w = {.recording = {.files_max = 100}, .how = {.files_max = 100}};
	if (argc < 3)
		return 1;
	tf_config_init(&w.config);
	w.recording.folder = w.how.folder = argv[1];
	for (int i = 3; i < argc; i++)
		read_word(&w, argv[i]);
	struct tf_engine *e = tf_engine_new(&w.config, &err);
	bool ok = e != NULL && run(e, &w, argv[2], &err);
	size_t count;
	const struct tf_counter_row *row = tf_counter_rows(&count);
	struct tf_counters c = {0};
	if (e != NULL)
		tf_engine_counters(e, &c);
	for (size_t i = 0; i < count; i++) {
		uint64_t n = *(const uint64_t *)(const void *)((const char *)&c + row[i].offset);
		if (n > 0)
			(void)printf("%s %" PRIu64 "\n", row[i].name, n);
	}
	if (!ok)
		(void)fprintf(stderr, "%s\n", err.text);
	tf_engine_free(e);
	return ok ? 0 : (int)err.status;
}
