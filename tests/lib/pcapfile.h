/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes capture files for tests: classic pcap and a small pcapng, both with
   nanoseconds, in the byte order of the machine. */
#ifndef LIB_PCAPFILE_H
#define LIB_PCAPFILE_H

#include <tcpflow/tcpflow.h>

enum pcapfile_format { PCAPFILE_CLASSIC, PCAPFILE_NG };

/* Bytes in front of the captured bytes of the first frame, and of each further
   one: what makes tf_frame.position of frames that were pushed equal to that of
   the same frames read from a classic file. */
#define PCAPFILE_HEAD   24
#define PCAPFILE_RECORD 16

struct pcapfile;

/* -> NULL with errno when the file cannot be made. */
struct pcapfile *pcapfile_new(const char *path, enum pcapfile_format format, uint32_t link_type);
void pcapfile_write(struct pcapfile *f, const struct tf_frame *frame);

/* Closes the file -> false when something could not be written. */
bool pcapfile_close(struct pcapfile *f);

#endif
