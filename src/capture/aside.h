/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes frames to a pcapng file, each with a comment that says why it is there. Link
 * types may be mixed: each has an interface of its own.
 */
#ifndef CAPTURE_ASIDE_H
#define CAPTURE_ASIDE_H

#include <tcpflow/tcpflow.h>

struct aside;

/*
 * Makes the file, or empties it; "-" is standard output. What could lead elsewhere is
 * refused: a symbolic link, a file with several names. -> NULL with *err (TF_OUTPUT).
 */
struct aside *aside_open(const char *path, struct tf_error *err);

/* Adds a frame; what pcapng cannot hold is changed least: times before 1970 become 1970.
   -> false, from the first failure on: aside_close() says which. */
bool aside_write(struct aside *a, const struct tf_frame *frame, const char *comment);

/* -> false with *err (TF_OUTPUT) when not all could be written. a may be NULL. */
bool aside_close(struct aside *a, struct tf_error *err);

#endif
