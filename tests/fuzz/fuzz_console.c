/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Payload of strangers is printed, to what is said to be a terminal. The first byte chooses the
 * form, the next one whether it is a transcript; then come pieces: direction and length, and
 * so many bytes. Nothing may come out that a terminal obeys, whatever they are.
 */
#include "base/error.h"
#include "base/text.h"
#include "sink/console.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static uint8_t got[4 << 20];

/* JSON may have any character that can be seen, all else ASCII. */
static void look(const uint8_t *p, size_t n, bool json)
{
	for (size_t i = 0, length; i < n; i += length) {
		uint32_t rune = 0;
		length = text_rune(p + i, n - i, &rune);
		MUST(length == 1 || (length > 1 && json));
		MUST(rune == '\n' || !text_is_hidden(rune) ||
		     (rune == '\r' && i + 1 < n && p[i + 1] == '\n' && !json));
	}
}

static void print(struct tf_sink *sink, void *self, const uint8_t *data, size_t n)
{
	struct tf_flow flow = {.number = 1};
	uintptr_t slot[2] = {0, 0};
	int64_t offset[2] = {0, 0};
	while (n > 2) {
		size_t length = (size_t)(data[1] < n - 2 ? data[1] : n - 2);
		unsigned dir = data[0] & 1;
		struct tf_event ev = {.kind = length > 0 ? TF_DATA : TF_GAP,
		                      .dir = (uint8_t)dir,
		                      .flow = &flow,
		                      .offset = offset[dir],
		                      .length = length > 0 ? (int64_t)length : 1,
		                      .data = {data + 2, length},
		                      .slot = &slot[dir]};
		MUST(sink->event(self, &ev, NULL));
		offset[dir] += ev.length;
		data += 2 + length;
		n -= 2 + length;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct tf_error err;
	struct arena arena;
	if (n < 2 || n > 64 * 1024)
		return 0;
	struct sink_share share = {.arena = &arena};
	struct name_form names;
	MUST(name_form_init(&names, NULL, &err));
	struct console_setup setup = {.how = {.fd = memfd_create("out", 0),
	                                      .form = (enum tf_form)(data[0] % 5),
	                                      .joined = (data[0] & 0x80) != 0,
	                                      .sessions = (data[1] & 1) != 0},
	                              .names = &names,
	                              .terminal = true,
	                              .flow_bytes = INT64_MAX,
	                              .share = &share};
	MUST(arena_init(&arena, console_memory_fixed(&setup), &err));
	struct tf_sink sink = console_sink(&setup);
	void *self = sink.open(sink.arg, 0, 1, &err);
	MUST(self != NULL);
	print(&sink, self, data + 2, n - 2);
	MUST(sink.close(self, &err));
	ssize_t have = pread(setup.how.fd, got, sizeof got, 0);
	look(got, (size_t)have, setup.how.form >= TF_FORM_JSON);
	(void)close(setup.how.fd);
	arena_free(&arena);
	return 0;
}
