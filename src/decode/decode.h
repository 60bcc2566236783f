/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a frame to the TCP segment in it, or the reason why there is none.
 */
#ifndef DECODE_DECODE_H
#define DECODE_DECODE_H

#include "model/fate.h"
#include "model/packet.h"

/*
 * Decodes one frame -> FATE_tcp_segments with *pkt filled in (all but number and
 * hash, which dispatch sets), else the frame's fate; *pkt is then undefined.
 * pkt->payload borrows from frame->bytes. Reads nothing outside
 * frame->bytes[0, frame->captured).
 */
enum fate decode_frame(const struct tf_frame *frame, struct tf_packet *pkt);

/* -> the name of a link type for people ("Ethernet"), NULL when not decoded. */
const char *decode_link_name(uint32_t link_type);

#endif
