/* SPDX-License-Identifier: BSD-3-Clause */
/* The first byte says where the sum begins among the others; it is held against one that is
   made word by word. */
#include "base/error.h"
#include "base/sum.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n == 0 || n <= data[0])
		return 0;
	const uint8_t *p = data + data[0];
	size_t left = n - data[0];
	uint64_t s = 0;
	for (size_t i = 0; i < left; i++) {
		const uint8_t pair[2] = {i % 2 == 0 ? p[i] : 0, i % 2 == 0 ? 0 : p[i]};
		s += sum_field(pair);
	}
	MUST(sum_is_ones(s) == (s > 0 && s % UINT16_MAX == 0));
	MUST(sum_bytes(p, left) == sum_fold(s));
	MUST(sum_fold(sum_words_plain(p, left)) == sum_fold(s));
	return 0;
}
