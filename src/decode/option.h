/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The options of a TCP header. They are read where they are wanted, behind dispatch: the
 * reader, of which there is one, does no more work, and a packet stays small.
 */
#ifndef DECODE_OPTION_H
#define DECODE_OPTION_H

#include <tcpflow/tcpflow.h>

/* Those that a receiver's decisions depend on. */
struct tcp_options {
	uint32_t stamp; /* TSval (when has_stamp) */
	uint8_t scale;  /* of windows, at most 14 (when has_scale) */
	bool has_stamp; /* timestamps, RFC 7323, 3.2 */
	bool has_scale; /* window scale, RFC 7323, 2.2 */
	bool is_signed; /* MD5 (RFC 2385) */
};

/* Reads what stands between the fixed header and the payload. As in Linux, all that follows
   a length that cannot be is left out. */
struct tcp_options tcp_options_read(struct tf_span bytes);

#endif
