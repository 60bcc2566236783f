/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a pcapng file: small blocks, and many frames at a time, give the same
   frames, up to the first record that is too large for them. */
#include "../unit/capture/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void note(void *arg, const struct tf_frame *f)
{
	uint64_t *hashes = arg;
	if (f->number < 1000)
		hashes[f->number] = frame_hash(f, hashes[f->number - 1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct store large, small;
	if (large.size == 0) {
		store_init(&large, 512 * 1024, STORE_BLOCKS);
		store_init(&small, 512, STORE_BLOCKS);
	}
	uint64_t x[1000] = {0}, y[1000] = {0};
	struct origin from = origin_memory((struct tf_span){data, n});
	struct reading_result a = read_by(1, &from, &large, note, x);
	struct reading_result b = read_all(&from, &small, note, y);
	MUST(b.frames == a.frames ? b.hash == a.hash : b.frames < a.frames);
	MUST(b.end == SOURCE_DAMAGED ||
	     (a.end == b.end && a.frames == b.frames && a.notes.comments == b.notes.comments));
	for (size_t i = 0; i < 1000 && i <= b.frames; i++)
		MUST(x[i] == y[i]);
	return 0;
}
