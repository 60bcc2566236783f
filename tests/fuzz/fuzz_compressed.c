/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a packed capture: whole or in pieces, it is read to its end both times
   or neither, with the same frames. (Of damaged data the libraries give more or less,
   depending on the pieces.) */
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
	MUST(a.end == b.end);
	MUST(a.end == SOURCE_DAMAGED || (a.frames == b.frames && a.hash == b.hash));
	MUST(a.end == SOURCE_END || (a.err.text[0] != '\0' && b.err.text[0] != '\0'));
	return 0;
}
