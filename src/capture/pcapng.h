/* SPDX-License-Identifier: BSD-3-Clause */
/* pcapng (draft-ietf-opsawg-pcapng), whole. */
#ifndef CAPTURE_PCAPNG_H
#define CAPTURE_PCAPNG_H

#include "capture/reading.h"

extern const struct format pcapng_format;

#endif
