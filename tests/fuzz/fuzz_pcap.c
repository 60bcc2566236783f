/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a capture file: the pieces they come in change nothing, nor how many frames are
   asked for at a time. */
#include "../unit/capture/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct store store;
	if (store.size == 0)
		store_init(&store, 512 * 1024, STORE_BLOCKS);

	struct pieces p = {.left = {data, n}, .most = 1 + n % 61};
	struct origin whole = origin_memory(p.left), pieces = pieces_origin(&p);
	struct reading_result a = read_by(1, &whole, &store, NULL, NULL);
	struct reading_result b = read_all(&pieces, &store, NULL, NULL);
	MUST(a.opened == b.opened && a.end == b.end && a.frames == b.frames && a.hash == b.hash);
	MUST(a.end == SOURCE_END || a.err.text[0] != '\0');
	MUST(strcmp(a.err.text, b.err.text) == 0);
	return 0;
}
