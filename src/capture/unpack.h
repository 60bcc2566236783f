/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Unpacks what gzip, zstd, xz, lz4 or bzip2 have packed, as a stream: an origin
 * over an origin.
 */
#ifndef CAPTURE_UNPACK_H
#define CAPTURE_UNPACK_H

#include "capture/origin.h"

/* How many of a file's first bytes are enough to tell. */
enum { UNPACK_LOOK = 6 };

/* -> the name of what packed a file that starts so, or NULL: it is not packed. */
const char *unpack_packer(struct tf_span first);

/* source_kind() of what packers make: -> false: there are not so many. */
struct source_kind;
bool unpack_kind(size_t index, struct source_kind *to);

/*
 * Takes over *from, of which `first` (copied) was read already, and puts the origin
 * of the unpacked bytes in its place -> false, with *from as it was, when there is
 * no memory. A failing read's words are in origin.why. watch: asked for each piece
 * of the input.
 */
bool unpack_origin(struct origin *from, struct tf_span first, struct watch watch);

#endif
