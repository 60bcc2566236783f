/* SPDX-License-Identifier: BSD-3-Clause */
/* Two bytes choose link type and wire length, the rest is a frame. What a fragment carries
   is taken for a whole datagram. The short way must come to what the layers come to. */
#include "../unit/decode/same.h"
#include "base/error.h"
#include "decode/option.h"
#include "flow/checksum.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The same with a right checksum, which is not found by trying; behind no tag, one or two. */
static void mended(const struct tf_frame *f, const struct tf_config *cfg)
{
	static uint8_t bytes[1 << 20];
	struct tf_frame copy = *f;
	copy.bytes = bytes;
	for (size_t ip = 14; ip <= 22; ip += 4) {
		struct decode d, other;
		enum fate fate;
		decode_init(&d, cfg);
		decode_init(&other, cfg);
		memcpy(bytes, f->bytes, f->captured);
		mend_header(bytes, f->captured, ip);
		MUST(ways_differ(&d, &other, &copy, &fate) == NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint32_t links[] = {1, 101, 0, 12, 14, 108, 113, 228, 229, 276, 147};
	if (n < 2 || n > 1 << 20)
		return 0;
	struct tf_frame f = {.bytes = data + 2, .captured = (uint32_t)n - 2};
	f.link_type = links[data[0] % (sizeof links / sizeof *links)];
	f.length = data[1] == 0xff ? UINT32_MAX : f.captured + data[1] * 8U;
	struct tf_config cfg = {.decap = TF_DECAP_ALL, .esp_null = data[0] & 0x80};
	struct decode d, other;
	decode_init(&d, &cfg);
	decode_init(&other, &cfg);
	struct tf_packet pkt;
	enum fate fate;
	MUST(ways_differ(&d, &other, &f, &fate) == NULL);
	mended(&f, &cfg);
	decode_init(&d, &cfg);
	MUST(decode_frame(&d, &f, &pkt) == fate);
	const uint8_t *base = f.bytes;
	uint64_t position = 0;
	for (int i = 0; fate == FATE_fragments; i++) {
		struct tf_datagram whole = {d.fragment.payload, d.fragment.protocol, 1};
		MUST(i < 100 && d.fragment.offset % 8 == 0);
		base = whole.payload.p;
		position = TF_PUT_TOGETHER;
		fate = decode_datagram(&d, &f, &whole, &pkt);
	}
	MUST(fate < FATES);
	if (fate != FATE_tcp_segments)
		return 0;
	MUST(pkt.payload.p == base + (pkt.position - position));
	MUST(pkt.payload.p >= f.bytes && pkt.payload.n <= f.captured);
	MUST((size_t)(pkt.payload.p - f.bytes) <= f.captured - pkt.payload.n);
	MUST(pkt.payload.n + pkt.cut <= 1U << 30);
	MUST(pkt.header == 0 || (pkt.header >= 20 && pkt.header <= 60));
	MUST(pkt.header <= pkt.payload.p - base);
	size_t options = pkt.header > 20 ? pkt.header - 20U : 0;
	MUST(tcp_options_read((struct tf_span){pkt.payload.p - options, options}).scale <= 14);
	enum checksum first = checksum_of(&pkt, false), later = checksum_of(&pkt, true);
	MUST(first == later || (first == CHECKSUM_GOOD && later == CHECKSUM_OFFLOADED));
	MUST((first == CHECKSUM_UNKNOWN) == (pkt.header == 0 || pkt.cut > 0 || pkt.astray));
	return 0;
}
