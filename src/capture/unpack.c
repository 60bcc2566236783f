/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation
 *
 * What it does. A packed file is a row of members, each a whole of its own (gzip
 * calls them so; frames, streams elsewhere), with zeros between them perhaps:
 *
 *	member | member | 0 0 0 0 | member
 *
 * Each member is told by its own first bytes: a row of `packers`. The row's three
 * functions drive the library that knows the format.
 *
 *	in   0           at           end          room
 *	     | used      | not used   | never read |
 *
 * Invariants
 *	I1  at <= end <= room
 *	I2  packer is not NULL exactly while its library holds a state
 *	I3  every byte that a library gave is handed out before the failure after it
 *	    is told; a failure is told again when asked again
 *
 * Bounds. Nothing is kept but the library's state and INPUT bytes, however long the
 * unpacked stream is: gzip 48 KiB, bzip2 4 MiB, lz4 8 MiB, and for zstd and xz what
 * the packer chose as window, at most MEMORY_MOST (zstd -19: 8 MiB, xz -9: 65 MiB).
 * What asks for more is refused. Each read gives at most what was asked for.
 *
 * Choices not taken. libarchive, which does all of these: it gives nothing of the
 * last 64 KiB or more before a cut, and does not check gzip's sums (ADR 9).
 */
#include "capture/unpack.h"

#include "capture/source.h"

#include "base/error.h"

#include <bzlib.h>
#include <errno.h>
#include <lz4frame.h>
#include <lzma.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum {
	INPUT = 64 * 1024,
	WINDOW_LOG = 27, /* 128 MiB, zstd's own default */
	MEMORY_MOST = 1 << WINDOW_LOG,
};

enum step { STEP_ON, STEP_OVER, STEP_BAD };

struct unpack {
	struct origin from;
	struct watch watch;
	const struct packer *packer; /* of the member being read; NULL: between two */
	union {
		z_stream gz;
		lzma_stream xz;
		bz_stream bz;
		ZSTD_DCtx *zst;
		LZ4F_dctx *lz4;
	} lib;
	size_t hint; /* bytes that zstd or lz4 wants next; see slice() */
	uint8_t *in;
	size_t at, end, room;
	bool ended;    /* `from` has no more */
	bool failed;   /* why says it */
	uint64_t read; /* from `from` */
	uint64_t members;
	char why[160];
};

/* Notes why it failed. */
static enum step bad(struct unpack *u, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

static enum step bad(struct unpack *u, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	(void)vsnprintf(u->why, sizeof u->why, format, ap);
	va_end(ap);
	u->failed = true;
	return STEP_BAD;
}

static enum step damaged(struct unpack *u, const char *packer, const char *how)
{
	return bad(u, "its %s data are damaged (%s)", packer, how != NULL ? how : "no reason told");
}

/* -- the libraries ----------------------------------------------------------- */

/* For each: begin() -> false: no memory. step() goes on from in[at] to the room of
 *n bytes at `to`, and sets *n to how many came. */

static bool begin_gzip(struct unpack *u)
{
	u->lib.gz = (z_stream){0};
	return inflateInit2(&u->lib.gz, 16 + MAX_WBITS) == Z_OK;
}

static enum step step_gzip(struct unpack *u, uint8_t *to, size_t *n)
{
	z_stream *z = &u->lib.gz;
	z->next_in = u->in + u->at;
	z->avail_in = (uInt)(u->end - u->at);
	z->next_out = to;
	z->avail_out = (uInt)*n;
	int r = inflate(z, Z_NO_FLUSH);
	u->at = u->end - z->avail_in;
	*n -= z->avail_out;
	if (r == Z_STREAM_END)
		return STEP_OVER;
	return r == Z_OK || r == Z_BUF_ERROR ? STEP_ON : damaged(u, "gzip", z->msg);
}

static void end_gzip(struct unpack *u)
{
	(void)inflateEnd(&u->lib.gz);
}

static bool begin_xz(struct unpack *u)
{
	u->lib.xz = (lzma_stream)LZMA_STREAM_INIT;
	return lzma_stream_decoder(&u->lib.xz, MEMORY_MOST, 0) == LZMA_OK;
}

static enum step step_xz(struct unpack *u, uint8_t *to, size_t *n)
{
	lzma_stream *z = &u->lib.xz;
	z->next_in = u->in + u->at;
	z->avail_in = u->end - u->at;
	z->next_out = to;
	z->avail_out = *n;
	lzma_ret r = lzma_code(z, LZMA_RUN);
	u->at = u->end - z->avail_in;
	*n -= z->avail_out;
	if (r == LZMA_STREAM_END)
		return STEP_OVER;
	if (r == LZMA_OK || r == LZMA_BUF_ERROR)
		return STEP_ON;
	if (r == LZMA_MEMLIMIT_ERROR)
		return bad(u, "its xz data take %zu MiB of memory to unpack, more than %d",
		           (size_t)(lzma_memusage(z) >> 20), MEMORY_MOST >> 20);
	return damaged(u, "xz", r == LZMA_MEM_ERROR ? "no memory" : "its sums are wrong");
}

static void end_xz(struct unpack *u)
{
	lzma_end(&u->lib.xz);
}

static bool begin_bzip2(struct unpack *u)
{
	u->lib.bz = (bz_stream){0};
	return BZ2_bzDecompressInit(&u->lib.bz, 0, 0) == BZ_OK;
}

static enum step step_bzip2(struct unpack *u, uint8_t *to, size_t *n)
{
	bz_stream *z = &u->lib.bz;
	z->next_in = (char *)(u->in + u->at);
	z->avail_in = (unsigned)(u->end - u->at);
	z->next_out = (char *)to;
	z->avail_out = (unsigned)*n;
	int r = BZ2_bzDecompress(z);
	u->at = u->end - z->avail_in;
	*n -= z->avail_out;
	if (r == BZ_STREAM_END)
		return STEP_OVER;
	return r == BZ_OK ? STEP_ON
	                  : damaged(u, "bzip2",
	                            r == BZ_MEM_ERROR ? "no memory" : "its sums are wrong");
}

static void end_bzip2(struct unpack *u)
{
	(void)BZ2_bzDecompressEnd(&u->lib.bz);
}

/*
 * zstd and lz4 do not tell how many bytes they gave in a call that fails. So a call
 * gets no more input than its format's next piece: what the piece before gave was
 * given by a call that did not fail (I3).
 */
static size_t slice(const struct unpack *u, size_t want)
{
	size_t there = u->end - u->at;
	return want > 0 && want < there ? want : there;
}

static bool begin_zstd(struct unpack *u)
{
	u->hint = 5; /* the least frame header */
	u->lib.zst = ZSTD_createDCtx();
	return u->lib.zst != NULL &&
	       !ZSTD_isError(ZSTD_DCtx_setParameter(u->lib.zst, ZSTD_d_windowLogMax, WINDOW_LOG));
}

static enum step step_zstd(struct unpack *u, uint8_t *to, size_t *n)
{
	ZSTD_inBuffer in = {u->in, u->at + slice(u, u->hint), u->at};
	ZSTD_outBuffer out = {.size = *n};
	out.dst = to;
	size_t r = ZSTD_decompressStream(u->lib.zst, &out, &in);
	u->at = in.pos;
	*n = out.pos;
	if (ZSTD_isError(r))
		return damaged(u, "zstd", ZSTD_getErrorName(r));
	u->hint = r;
	return r == 0 ? STEP_OVER : STEP_ON;
}

static void end_zstd(struct unpack *u)
{
	(void)ZSTD_freeDCtx(u->lib.zst);
}

enum { LZ4_BLOCK_HEADER = 4 };

static bool begin_lz4(struct unpack *u)
{
	u->hint = 7; /* the least frame header */
	return !LZ4F_isError(LZ4F_createDecompressionContext(&u->lib.lz4, LZ4F_VERSION));
}

static enum step step_lz4(struct unpack *u, uint8_t *to, size_t *n)
{
	/* Its hint takes the next block's header in. */
	size_t piece = u->hint > LZ4_BLOCK_HEADER ? u->hint - LZ4_BLOCK_HEADER : u->hint;
	size_t in = slice(u, piece);
	size_t r = LZ4F_decompress(u->lib.lz4, to, n, u->in + u->at, &in, NULL);
	if (LZ4F_isError(r)) {
		*n = 0; /* after an error the library promises nothing of it */
		return damaged(u, "lz4", LZ4F_getErrorName(r));
	}
	u->at += in;
	u->hint = r;
	return r == 0 ? STEP_OVER : STEP_ON;
}

static void end_lz4(struct unpack *u)
{
	(void)LZ4F_freeDecompressionContext(u->lib.lz4);
}

static const char zstd_format[] = "RFC 8878", xz_format[] = "xz file format 1.2",
                  bzip2_format[] = "sourceware.org/bzip2", lz4_format[] = "lz4 frame format 1.6";

static const struct packer {
	const char *name, *source;
	uint8_t magic[UNPACK_LOOK];
	uint8_t n;
	uint8_t any; /* bits of the first byte that do not count */
	bool (*begin)(struct unpack *u);
	enum step (*step)(struct unpack *u, uint8_t *to, size_t *n);
	void (*end)(struct unpack *u);
} packers[] = {
        {"gzip", "RFC 1952", {0x1f, 0x8b}, 2, 0, begin_gzip, step_gzip, end_gzip},
        {"zstd", zstd_format, {0x28, 0xb5, 0x2f, 0xfd}, 4, 0, begin_zstd, step_zstd, end_zstd},
        {"xz", xz_format, {0xfd, '7', 'z', 'X', 'Z', 0}, 6, 0, begin_xz, step_xz, end_xz},
        {"bzip2", bzip2_format, {'B', 'Z', 'h'}, 3, 0, begin_bzip2, step_bzip2, end_bzip2},
        {"lz4", lz4_format, {0x04, 0x22, 0x4d, 0x18}, 4, 0, begin_lz4, step_lz4, end_lz4},
        /* Skippable frames, which lz4 has too; zstd's library skips them. */
        {"zstd", zstd_format, {0x50, 0x2a, 0x4d, 0x18}, 4, 0xf, begin_zstd, step_zstd, end_zstd},
};

static const struct packer *find_packer(struct tf_span first)
{
	for (size_t i = 0; i < sizeof packers / sizeof packers[0]; i++) {
		const struct packer *p = &packers[i];
		if (first.n >= p->n && (first.p[0] & ~p->any) == p->magic[0] &&
		    memcmp(first.p + 1, p->magic + 1, p->n - 1U) == 0)
			return p;
	}
	return NULL;
}

const char *unpack_packer(struct tf_span first)
{
	const struct packer *p = find_packer(first);
	return p != NULL ? p->name : NULL;
}

bool unpack_kind(size_t index, struct source_kind *to)
{
	if (index >= sizeof packers / sizeof packers[0])
		return false;
	const struct packer *p = &packers[index];
	*to = (struct source_kind){.name = p->name, .source = p->source, .n = p->n, .packed = true};
	memcpy(to->start, p->magic, p->n);
	return true;
}

/* -- members -------------------------------------------------------------------- */

/* Reads more input behind what is not used yet -> false: errno says why. */
static bool fill(struct unpack *u)
{
	if (u->ended)
		return true;
	if (watch_over(&u->watch)) {
		errno = EINTR;
		return false;
	}
	memmove(u->in, u->in + u->at, u->end - u->at);
	u->end -= u->at;
	u->at = 0;
	ssize_t got = u->from.kind->read(&u->from, u->in + u->end, u->room - u->end);
	if (got < 0)
		return false;
	u->ended = got == 0;
	u->end += (size_t)got;
	u->read += (size_t)got;
	return true;
}

/* Goes to the next member's first byte -> false: errno. Zeros between two members
   are what some tools fill up with. */
static bool look_for_member(struct unpack *u)
{
	for (;;) {
		while (u->members > 0 && u->at < u->end && u->in[u->at] == 0)
			u->at++;
		if (u->end - u->at >= UNPACK_LOOK || u->ended)
			return true;
		if (!fill(u))
			return false;
	}
}

static enum step begin_member(struct unpack *u)
{
	const struct packer *p = find_packer((struct tf_span){u->in + u->at, u->end - u->at});
	if (p == NULL)
		return bad(u, "what follows its packed data is not packed");
	memset(&u->lib, 0, sizeof u->lib);
	u->packer = p;
	if (!p->begin(u))
		return bad(u, "no memory to unpack its %s data", p->name);
	u->members++;
	return STEP_ON;
}

static void end_member(struct unpack *u)
{
	if (u->packer != NULL)
		u->packer->end(u);
	u->packer = NULL;
}

/* One step within a member -> bytes that came. */
static size_t advance(struct unpack *u, void *to, size_t n)
{
	size_t before = u->at;
	const struct packer *p = u->packer;
	enum step step = p->step(u, to, &n);
	MUST(u->at <= u->end);
	if (step != STEP_ON)
		end_member(u);
	else if (n == 0 && u->at == before && u->at < u->end)
		(void)damaged(u, p->name, "they lead nowhere");
	else if (n == 0 && u->at == u->end && u->ended)
		(void)bad(u, "its %s data are cut off", p->name);
	return n;
}

/* -- the origin ------------------------------------------------------------------- */

/* What the origin below has said is passed on. */
static ssize_t fail_below(struct origin *o)
{
	const struct unpack *u = o->state;
	o->why = u->from.why;
	return -1;
}

static ssize_t read_unpacked(struct origin *o, void *to, size_t n)
{
	struct unpack *u = o->state;
	size_t got = 0;
	while (got == 0 && !u->failed) {
		if (u->packer == NULL) {
			if (!look_for_member(u))
				return fail_below(o);
			if (u->at == u->end)
				return 0;
			(void)begin_member(u);
			continue;
		}
		if (u->at == u->end && !fill(u))
			return fail_below(o);
		got = advance(u, to, n);
		o->taken = u->read - (u->end - u->at);
	}
	if (got > 0)
		return (ssize_t)got;
	o->why = u->why;
	errno = EIO;
	return -1;
}

static void close_unpacked(struct origin *o)
{
	struct unpack *u = o->state;
	end_member(u);
	origin_close(&u->from);
	free(u->in);
	free(u);
}

static const struct origin_kind unpacked_kind = {"unpacked", read_unpacked, close_unpacked};

bool unpack_origin(struct origin *from, struct tf_span first, struct watch watch)
{
	size_t room = first.n > INPUT ? first.n : INPUT;
	struct unpack *u = calloc(1, sizeof *u);
	uint8_t *in = malloc(room);
	if (u == NULL || in == NULL) {
		free(u);
		free(in);
		return false;
	}
	*u = (struct unpack){.from = *from,
	                     .watch = watch,
	                     .in = in,
	                     .room = room,
	                     .end = first.n,
	                     .read = first.n};
	if (first.n > 0)
		memcpy(in, first.p, first.n);
	*from = (struct origin){.kind = &unpacked_kind, .fd = -1, .state = u};
	return true;
}
