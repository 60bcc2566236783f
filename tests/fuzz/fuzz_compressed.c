/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a packed capture: the pieces they come in change nothing, nor does
   a failure take back what came before it. */
#include "../unit/capture/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct store store;
	if (store.size == 0)
		store_init(&store, 512 * 1024, STORE_BLOCKS);

	struct pieces p = {.left = {data, n}, .most = 1 + n % 61};
	struct origin whole = origin_memory(p.left), pieces = pieces_origin(&p);
	struct reading_result a = read_all(&whole, &store, NULL, NULL);
	struct reading_result b = read_all(&pieces, &store, NULL, NULL);
	MUST(a.opened == b.opened && a.end == b.end && a.frames == b.frames && a.hash == b.hash);
	MUST(a.end == SOURCE_END || a.err.text[0] != '\0');
	return 0;
}
