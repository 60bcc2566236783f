/* SPDX-License-Identifier: BSD-3-Clause */
/* Two bytes choose link type and wire length, the rest is a frame. */
#include "base/error.h"
#include "decode/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint32_t links[] = {1, 101, 0, 12, 14, 108, 113, 228, 229, 276, 147};
	if (n < 2 || n > 1 << 20)
		return 0;
	struct tf_frame f = {.bytes = data + 2, .captured = (uint32_t)n - 2};
	f.link_type = links[data[0] % (sizeof links / sizeof *links)];
	f.length = data[1] == 0xff ? UINT32_MAX : f.captured + data[1] * 8U;
	struct tf_packet pkt;
	enum fate fate = decode_frame(&f, &pkt);
	MUST(fate < FATES);
	if (fate != FATE_tcp_segments)
		return 0;
	MUST(pkt.position <= f.captured && pkt.payload.p == f.bytes + pkt.position);
	MUST(pkt.payload.n <= f.captured - pkt.position);
	MUST(pkt.payload.n + pkt.cut <= 1U << 30);
	return 0;
}
