/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes frames to a pcapng file, with comments if there are any (why they are there). Link
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

/* The same with a descriptor of an empty file, which it closes; path is for messages. */
struct aside *aside_take(int fd, const char *path, struct tf_error *err);

/* Once *stopped, whoever reads a pipe that is full has 2 seconds; before that, all the time. */
void aside_heed(struct aside *a, const _Atomic bool *stopped);

/* Frames whose source is `source` come from an interface of that name; before the first of them.
   At most ASIDE_NAMES. */
enum { ASIDE_NAMES = 16 };
void aside_name(struct aside *a, uint32_t source, uint32_t link_type, uint32_t snaplen,
                const char *name);

/* So many packets that came to it till then were dropped. */
void aside_drops(struct aside *a, uint32_t source, int64_t ts_ns, uint64_t interface,
                 uint64_t kernel);

/* Adds a frame, comment may be NULL; what pcapng cannot hold is changed least: times before 1970
   become 1970.
   -> false, from the first failure on: aside_close() says which. */
bool aside_write(struct aside *a, const struct tf_frame *frame, const char *comment);

/* -> false with *err (TF_OUTPUT) when not all could be written. a may be NULL. */
bool aside_close(struct aside *a, struct tf_error *err);

#endif
