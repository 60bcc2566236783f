/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files carry LINKTYPE_ numbers (tcpdump.org/linktypes.html), libpcap wants and gives the
 * DLT_ numbers of this system. From 104 on they are the same but for PFSYNC; below
 * that a few differ (libpcap's pcap/dlt.h).
 */
#ifndef CAPTURE_DLT_H
#define CAPTURE_DLT_H

#include <stdint.h>

int dlt_of(uint32_t link_type);
uint32_t link_type_of(int dlt);

#endif
