/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Classic pcap (draft-ietf-opsawg-pcap): times in microseconds or nanoseconds,
 * and the "modified" kind with longer record headers; either byte order.
 */
#ifndef CAPTURE_PCAP_H
#define CAPTURE_PCAP_H

#include "capture/reading.h"

extern const struct format pcap_format;

#endif
