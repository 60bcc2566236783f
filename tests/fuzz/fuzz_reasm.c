/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The input is a stream of operations on one direction, 4 bytes each: kind, offset (2
 * bytes), length. They are done by the reassembler, in so little memory that it runs
 * out, and by a naive map of bytes (naive.h); after each the two are compared.
 */
#include "naive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct naive *m = naive_new();
	m->half.policy = n > 0 ? (data[0] >> 1) % (TF_OVERLAP_WINDOWS + 1) : 0;
	if (n > 0 && data[0] & 1)
		naive_syn(m);
	for (size_t i = 1; i + 4 <= n && i < 4 * 400; i += 4) {
		int64_t off = (data[i + 1] << 8 | data[i + 2]) % NAIVE_LENGTH;
		size_t length = data[i + 3] % 64;
		switch (data[i] % 8) {
		case 0:
		case 1:
		case 2:
			naive_data(m, off, length, 'a', 0, false);
			break;
		case 3:
			naive_data(m, off, length, 'A', 0, false);
			break;
		case 4:
			naive_data(m, off, length, 'a', 1 + length % 9, false);
			break;
		case 5:
			naive_data(m, off, length, 'a', 0, true);
			break;
		default:
			naive_ack(m, off + (data[i] & 1 ? 1 : 0));
			break;
		}
	}
	naive_end(m);
	return 0;
}
