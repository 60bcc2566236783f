/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests of capture/unpack.c: packs bytes in each of the five ways. */
#ifndef TESTS_CAPTURE_PACKED_H
#define TESTS_CAPTURE_PACKED_H

#include "bytes.h"

#include <bzlib.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

static inline size_t pack_gzip(struct tf_span from, uint8_t *to, size_t room)
{
	z_stream z = {0};
	MUST(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	z.next_in = (Bytef *)(uintptr_t)from.p;
	z.avail_in = (uInt)from.n;
	z.next_out = to;
	z.avail_out = (uInt)room;
	MUST(deflate(&z, Z_FINISH) == Z_STREAM_END);
	MUST(deflateEnd(&z) == Z_OK);
	return room - z.avail_out;
}

static inline size_t pack_zstd(struct tf_span from, uint8_t *to, size_t room)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	MUST(c != NULL);
	MUST(!ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1)));
	size_t n = ZSTD_compress2(c, to, room, from.p, from.n);
	MUST(!ZSTD_isError(n));
	(void)ZSTD_freeCCtx(c);
	return n;
}

static inline size_t pack_xz(struct tf_span from, uint8_t *to, size_t room)
{
	size_t n = 0;
	MUST(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, from.p, from.n, to, &n, room) ==
	     LZMA_OK);
	return n;
}

static inline size_t pack_bzip2(struct tf_span from, uint8_t *to, size_t room)
{
	unsigned n = (unsigned)room;
	MUST(BZ2_bzBuffToBuffCompress((char *)to, &n, (char *)(uintptr_t)from.p, (unsigned)from.n,
	                              1, 0, 0) == BZ_OK);
	return n;
}

static inline size_t pack_lz4(struct tf_span from, uint8_t *to, size_t room)
{
	LZ4F_preferences_t p = {.frameInfo = {.contentChecksumFlag = LZ4F_contentChecksumEnabled}};
	size_t n = LZ4F_compressFrame(to, room, from.p, from.n, &p);
	MUST(!LZ4F_isError(n));
	return n;
}

static const struct pack {
	const char *name;
	size_t (*pack)(struct tf_span from, uint8_t *to, size_t room);
} packs[] = {
        {"gzip", pack_gzip},   {"zstd", pack_zstd}, {"xz", pack_xz},
        {"bzip2", pack_bzip2}, {"lz4", pack_lz4},
};

enum { PACKS = sizeof packs / sizeof packs[0] };

/* Adds what was packed as one more member. */
static inline void put_packed(struct bytes *b, const struct pack *how, struct tf_span from)
{
	size_t room = from.n * 2 + 4096;
	uint8_t *to = malloc(room);
	MUST(to != NULL);
	put(b, to, how->pack(from, to, room));
	free(to);
}

#endif
