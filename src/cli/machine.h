/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the world's facts enter: what this machine lets this process use. */
#ifndef CLI_MACHINE_H
#define CLI_MACHINE_H

#include <tcpflow/tcpflow.h>

enum { MACHINE_CORES_MAX = 256, MACHINE_FILES_MAX = 65536 };

/* Nanoseconds of a clock that nobody sets. */
int64_t machine_now_ns(void);

/* Cores that the process may use, from 1 to MACHINE_CORES_MAX. */
unsigned machine_cores(void);

/* A number that nobody outside can guess -> false with *err when the system
   has none. */
bool machine_seed(uint64_t *seed, struct tf_error *err);

/* Raises the limit of open descriptors as far as it goes -> the limit. */
uint64_t machine_raise_descriptors(void);

/* How many of limit descriptors stream files may use: all but 32, which the
   program keeps for itself; of small limits it keeps half, but not less than 8. */
uint64_t machine_files(uint64_t limit);

/* Opens /dev/null where a standard stream is closed: else the next file opened
   would take its place, and messages would go into it. -> 1 << each that was closed */
unsigned machine_fill_standard_streams(void);

#endif
